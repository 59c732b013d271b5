//! What forms send, and how a refusal comes back to the form that was refused.

use axum::Form as Body;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::Response;
use ledger::refusal::Refusal;
use ledger::role::Permit;

use super::answer::Unshown;
use super::door::{Guest, Hidden};
use super::pages::form::{Form, FormField};
use super::pages::frame::Guard;
use crate::app::{App, Ask, Error};
use crate::problem::Problem;

/// What a form sent, field by field.
pub(super) struct Typed {
    hidden: Hidden,
    fields: Vec<(String, String)>,
}

impl FromRequest<App> for Typed {
    type Rejection = Unshown;

    async fn from_request(request: Request, app: &App) -> Result<Self, Unshown> {
        let read = Body::<Vec<(String, String)>>::from_request(request, app).await;
        let Body(mut all) = read.map_err(|rejection| {
            let text = "this is not what a form sends: open the page again (form.invalid)";
            Unshown::Wrong(Problem::new(rejection.status(), "form.invalid", text))
        })?;
        let mut take = |name: &str| {
            let at = all.iter().position(|(own, _)| own == name);
            at.map(|at| all.remove(at).1).unwrap_or_default()
        };
        let hidden = Hidden { csrf: take("csrf"), request_id: take("request_id") };
        // Browsers end lines of text areas as in mail.
        let fields = all.into_iter().map(|(name, text)| (name, text.replace("\r\n", "\n")));
        Ok(Self { hidden, fields: fields.collect() })
    }
}

impl Typed {
    /// A field's text without spaces around it; empty if it was not sent.
    pub(super) fn text(&self, name: &str) -> String {
        self.raw(name).trim().to_owned()
    }

    fn raw(&self, name: &str) -> &str {
        self.fields.iter().find(|(own, _)| own == name).map_or("", |(_, text)| text)
    }

    /// All that was sent under a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The ticked boxes of a name, with a space between.
    pub(super) fn ticked(&self, name: &str) -> String {
        let ticked = self.fields.iter().filter(|(own, _)| own == name);
        ticked.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Confirms that the form is of this session, and makes a request of it.
    pub(super) fn ask(&self, guest: &Guest, permit: Permit) -> Result<Ask, Unshown> {
        let fields = self.fields.iter().map(|(name, text)| format!("{name}={text}"));
        guest.ask(permit, &self.hidden, &fields.collect::<Vec<_>>().join("\0"))
    }
}

/// A value that is out of its limits.
pub(super) fn wrong(field: &'static str, why: &str) -> Error {
    Refusal::Invalid { field, why: why.to_owned() }.into()
}

/// The form again, with what was typed and what is wrong; other errors are no matter of a form.
pub(super) fn refused(
    form: Form,
    guard: Guard,
    typed: &Typed,
    error: Error,
) -> Result<(Form, StatusCode), Unshown> {
    let Error::Refused(refusal) = &error else { return Err(error.into()) };
    let mut form = Form { guard, ..form };
    let keep = |field: FormField| {
        let value = match field.kind {
            super::pages::form::FieldKind::AnyOf(_) => typed.ticked(field.name),
            _ if field.is_hidden() => field.value,
            _ => typed.raw(field.name).to_owned(),
        };
        FormField { value, ..field }
    };
    form.fields = form.fields.into_iter().map(keep).collect();
    match refusal {
        Refusal::Invalid { field, why } => {
            let named = form.fields.iter_mut().find(|one| one.name == *field && !one.is_hidden());
            match named {
                Some(named) => named.error = Some(format!("{} {why}", named.label)),
                None => form.error = Some(refusal.to_string()),
            }
        }
        Refusal::Denied { .. } | Refusal::RequestReused | Refusal::NotFound { .. } => {
            return Err(error.into());
        }
        refusal => form.error = Some(refusal.to_string()),
    }
    Ok((form, Problem::of(&error).status_code()))
}

/// A page with another status than 200.
pub(super) fn with_status(mut response: Response, status: StatusCode) -> Response {
    *response.status_mut() = status;
    response
}
