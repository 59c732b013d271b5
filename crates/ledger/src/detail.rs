//! The particulars of an event: what is said of the thing, of its change, and of people.

use std::fmt::Write as _;

use wire::id::VirtualAccountId;

/// The particulars of an event: a JSON object whose members are texts, or, where something
/// changed, objects of two texts: `{"name":{"before":"Lab","after":"Campus"}}`.
///
/// What tells of a person stands apart, so that it can be erased later.
#[derive(Clone, Debug, Default)]
pub struct Detail {
    open: Vec<(&'static str, Said)>,
    personal: Vec<(&'static str, Said)>,
    place: Option<VirtualAccountId>,
}

/// What a member says.
#[derive(Clone, Debug)]
enum Said {
    Is(String),
    Changed { before: String, after: String },
}

impl Detail {
    /// With how something is.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.open.push((name, Said::Is(value.to_string())));
        self
    }

    /// With how something was and is; nothing if it is as before.
    #[must_use]
    pub fn changed(
        mut self,
        name: &'static str,
        before: impl ToString,
        after: impl ToString,
    ) -> Self {
        self.open.extend(change(name, before.to_string(), after.to_string()));
        self
    }

    /// With something that tells of a person: a name, a mail address.
    #[must_use]
    pub fn personal(mut self, name: &'static str, value: impl ToString) -> Self {
        self.personal.push((name, Said::Is(value.to_string())));
        self
    }

    /// With how something was and is that tells of a person; nothing if it is as before.
    #[must_use]
    pub fn personal_changed(
        mut self,
        name: &'static str,
        before: impl ToString,
        after: impl ToString,
    ) -> Self {
        self.personal.extend(change(name, before.to_string(), after.to_string()));
        self
    }

    /// Of something in a virtual account: who reads its events reads this one.
    #[must_use]
    pub fn within(mut self, place: VirtualAccountId) -> Self {
        self.place = Some(place);
        self
    }

    /// The virtual account that it is of, if it is of one.
    pub fn place(&self) -> Option<VirtualAccountId> {
        self.place
    }

    /// What tells of no person, as a compact JSON object.
    pub fn json(&self) -> String {
        object(&self.open)
    }

    /// What tells of a person, as a compact JSON object; empty if there is nothing.
    pub fn private_json(&self) -> String {
        if self.personal.is_empty() { String::new() } else { object(&self.personal) }
    }
}

fn change(name: &'static str, before: String, after: String) -> Option<(&'static str, Said)> {
    (before != after).then_some((name, Said::Changed { before, after }))
}

fn object(members: &[(&'static str, Said)]) -> String {
    let member = |(name, said): &(&'static str, Said)| match said {
        Said::Is(value) => format!("\"{name}\":\"{}\"", escape(value)),
        Said::Changed { before, after } => format!(
            "\"{name}\":{{\"before\":\"{}\",\"after\":\"{}\"}}",
            escape(before),
            escape(after)
        ),
    };
    let members: Vec<String> = members.iter().map(member).collect();
    format!("{{{}}}", members.join(","))
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_says_before_and_after_and_what_is_the_same_says_nothing() {
        let detail = Detail::default()
            .with("tag", "a\"b\\c\n")
            .changed("name", "Lab", "Campus")
            .changed("description", "same", "same");
        let said = r#"{"tag":"a\"b\\c\u000a","name":{"before":"Lab","after":"Campus"}}"#;
        assert_eq!(detail.json(), said);
        assert_eq!(detail.private_json(), "");
    }

    #[test]
    fn what_tells_of_a_person_stands_apart() {
        let detail = Detail::default()
            .with("role", "user")
            .personal("mail", "ann@a.example")
            .personal_changed("name", "Ann", "Anne");
        assert_eq!(detail.json(), r#"{"role":"user"}"#);
        let said = r#"{"mail":"ann@a.example","name":{"before":"Ann","after":"Anne"}}"#;
        assert_eq!(detail.private_json(), said);
    }
}
