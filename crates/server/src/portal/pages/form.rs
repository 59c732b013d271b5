//! Forms as data: one template shows them all, with what was typed and what is wrong beside it.

use super::frame::Guard;

/// A form.
#[derive(Clone, Debug)]
pub struct Form {
    /// For the form.
    pub guard: Guard,
    /// Where it is sent.
    pub action: String,
    /// The beginning of its fields' ids, so that several forms fit on a page.
    pub mark: String,
    /// Its fields, in order.
    pub fields: Vec<FormField>,
    /// What is wrong with the whole, a sentence.
    pub error: Option<String>,
    /// What its button says.
    pub submit: String,
    /// How its button looks.
    pub weight: Weight,
}

/// How much a form's button matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The page's main act.
    Main,
    /// One act of several.
    Plain,
    /// It takes something away.
    Danger,
}

/// A field of a form.
#[derive(Clone, Debug)]
pub struct FormField {
    /// The name under which it is sent.
    pub name: &'static str,
    /// What stands above it.
    pub label: &'static str,
    /// What to write there; may be empty.
    pub help: String,
    /// What stands in it; for boxes to tick, the ticked values with a space between.
    pub value: String,
    /// What is wrong with it and what to do.
    pub error: Option<String>,
    /// What it looks like.
    pub kind: FieldKind,
}

/// What a field looks like.
#[derive(Clone, Debug)]
pub enum FieldKind {
    /// A line of text.
    Line,
    /// An e-mail address.
    Email,
    /// A whole number.
    Number,
    /// A day.
    Day,
    /// Several lines.
    Lines,
    /// Nothing is seen of it.
    Hidden,
    /// One of several.
    OneOf(Vec<Choice>),
    /// Any of several.
    AnyOf(Vec<Choice>),
}

/// A choice in a field.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub label: String,
}

impl Choice {
    /// A choice.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

impl FormField {
    /// An empty line.
    pub fn line(name: &'static str, label: &'static str, help: &str) -> Self {
        let (value, error, kind) = (String::new(), None, FieldKind::Line);
        Self { name, label, help: help.to_owned(), value, error, kind }
    }

    /// A value that is sent along unseen.
    pub fn hidden(name: &'static str, value: impl Into<String>) -> Self {
        Self { kind: FieldKind::Hidden, ..Self::line(name, "", "") }.holding(value)
    }

    /// The same field, of another kind.
    #[must_use]
    pub fn kind(self, kind: FieldKind) -> Self {
        Self { kind, ..self }
    }

    /// The same field with something in it.
    #[must_use]
    pub fn holding(self, value: impl Into<String>) -> Self {
        Self { value: value.into(), ..self }
    }

    pub(crate) fn is_hidden(&self) -> bool {
        matches!(self.kind, FieldKind::Hidden)
    }

    pub(crate) fn lines(&self) -> bool {
        matches!(self.kind, FieldKind::Lines)
    }

    pub(crate) fn one_of(&self) -> Option<&[Choice]> {
        match &self.kind {
            FieldKind::OneOf(choices) => Some(choices),
            _ => None,
        }
    }

    pub(crate) fn any_of(&self) -> Option<&[Choice]> {
        match &self.kind {
            FieldKind::AnyOf(choices) => Some(choices),
            _ => None,
        }
    }

    pub(crate) fn input_type(&self) -> &'static str {
        match self.kind {
            FieldKind::Day => "date",
            FieldKind::Email => "email",
            _ => "text",
        }
    }

    pub(crate) fn mode(&self) -> &'static str {
        match self.kind {
            FieldKind::Number => "numeric",
            FieldKind::Email => "email",
            _ => "text",
        }
    }

    pub(crate) fn width(&self) -> &'static str {
        match self.kind {
            FieldKind::Number | FieldKind::Day => "field-short",
            FieldKind::Lines => "field-wide",
            _ => "",
        }
    }

    pub(crate) fn chosen(&self, choice: &Choice) -> bool {
        match self.kind {
            FieldKind::AnyOf(_) => self.value.split(' ').any(|one| one == choice.value),
            _ => self.value == choice.value,
        }
    }
}

impl Form {
    /// A form without fields: a button.
    pub fn button(guard: Guard, action: String, mark: &str, submit: &str) -> Self {
        Self {
            guard,
            action,
            mark: mark.to_owned(),
            fields: Vec::new(),
            error: None,
            submit: submit.to_owned(),
            weight: Weight::Plain,
        }
    }

    /// The same form with fields.
    #[must_use]
    pub fn with(self, fields: Vec<FormField>) -> Self {
        Self { fields, ..self }
    }

    /// The same form with a button of another weight.
    #[must_use]
    pub fn weighing(self, weight: Weight) -> Self {
        Self { weight, ..self }
    }

    pub(crate) fn is_wrong(&self) -> bool {
        self.error.is_some() || self.fields.iter().any(|field| field.error.is_some())
    }

    pub(crate) fn trouble(&self) -> &str {
        self.error.as_deref().unwrap_or(
            "Nothing was done: see the marked fields below. Nothing that you typed is lost.",
        )
    }

    pub(crate) fn classes(&self) -> &'static str {
        match self.weight {
            Weight::Main => "button button-main",
            Weight::Plain => "button",
            Weight::Danger => "button button-main button-danger",
        }
    }

    pub(crate) fn id(&self, field: &FormField) -> String {
        format!("{}-{}", self.mark, field.name)
    }
}
