//! The page of the event log, and its files.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ledger::log::Logged;
use ledger::refusal::Refusal;
use ledger::role::Action;
use serde::Deserialize;
use serde_json::Value;
use wire::id::AccountId;
use wire::time::{Span, Timestamp};

use super::answer::{Unshown, shown};
use super::door::Guest;
use super::facts::{frame, moment};
use super::overview::account_id;
use super::pages::events::{EventRow, Events, Filter, Particular};
use super::places;
use crate::app::events::EventQuestion;
use crate::app::export::{Format, particulars};
use crate::app::paging::List;
use crate::app::{App, Error};
use crate::attachment::attachment;
use crate::problem::Problem;

/// How many events a page shows.
const EVENTS: u32 = 100;

/// What the form asks for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    since: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    actor: String,
    #[serde(default)]
    virtual_account: String,
    #[serde(default)]
    cursor: String,
    #[serde(default)]
    format: Format,
}

impl Asked {
    /// The question, and what was typed with what is wrong with it.
    async fn question(
        &self,
        app: &App,
        guest: &Guest,
        account: AccountId,
    ) -> Result<(EventQuestion, Filter), Unshown> {
        let mut filter = Filter {
            since: self.since.clone(),
            until: self.until.clone(),
            action: self.action.clone(),
            subject: self.subject.clone(),
            actor: self.actor.clone(),
            virtual_account: self.virtual_account.clone(),
            error: String::new(),
        };
        let mut day = |text: &str| {
            let read = (!text.is_empty()).then(|| text.parse::<Timestamp>()).transpose();
            read.unwrap_or_else(|error| {
                filter.error = format!("“{text}” is no day: {error}");
                None
            })
        };
        let (since, until) = (day(&self.since), day(&self.until));
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let reads = guest.may(Action::ReadAccount, account)?;
        let within = match places::named(app, &reads, account, &self.virtual_account).await {
            Ok(place) => place.map(|id| BTreeSet::from([id])),
            Err(Error::Refused(Refusal::Invalid { why, .. })) => {
                filter.error = format!("“{}”: {why}", self.virtual_account.trim());
                // No event is of a virtual account that is not there.
                Some(BTreeSet::new())
            }
            Err(error) => return Err(error.into()),
        };
        let question = EventQuestion {
            since,
            // The last day counts to its end.
            until: until.map(|day| day.plus(Span::from_days(1))),
            action: some(&self.action),
            subject: some(&self.subject),
            actor: some(&self.actor),
            within,
            sphere: None,
            after: None,
        };
        Ok((question, filter))
    }
}

/// The log.
pub(super) async fn log(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let reads = guest.may(Action::ReadEvents, account)?;
    let now = app.world.now();
    let (mut question, filter) = asked.question(&app, &guest, account).await?;
    if !asked.cursor.is_empty() {
        question.after = Some(app.cursor(List::Events, &asked.cursor)?);
    }
    let found = app.events(&reads, account, question, EVENTS).await?;
    let page = Events {
        frame: frame(&app, &guest, account, None).await?,
        as_of: moment(now, now),
        filter,
        actions: app.event_actions(&reads, account).await?,
        rows: found.rows.into_iter().map(|one| row(one, now)).collect(),
        next: found.next.map(|cursor| app.cursor_text(List::Events, &cursor)),
    };
    shown(&page, &headers)
}

fn row(logged: Logged, now: Timestamp) -> EventRow {
    let said = particulars(&logged).into_iter().map(|(name, value)| particular(name, &value));
    let particulars = said.collect();
    let event = logged.event;
    EventRow {
        event: event.id.to_string(),
        at: moment(event.at, now),
        actor: Some(event.actor).filter(|actor| !actor.is_empty()),
        role: event.role,
        action: event.action,
        subject: event.subject,
        particulars,
        address: event.address,
        place: logged.place.map(|place| place.number),
    }
}

fn particular(name: String, value: &Value) -> Particular {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match value {
        Value::Object(change) => {
            let member = |name| change.get(name).map(text);
            let is = member("after").unwrap_or_default();
            Particular { name, before: member("before"), is }
        }
        value => Particular { name, before: None, is: text(value) },
    }
}

/// The same events as a file.
pub(super) async fn export(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let reads = guest.may(Action::ReadEvents, account)?;
    let (question, filter) = asked.question(&app, &guest, account).await?;
    if !filter.error.is_empty() {
        // A file of other events than were asked for would pass for the right one.
        let text = format!("{} (query.value)", filter.error);
        return Err(Unshown::Wrong(Problem::new(StatusCode::BAD_REQUEST, "query.value", text)));
    }
    let format = asked.format;
    let pieces = app.export_events(reads, account, question, format).await?;
    Ok(attachment(Body::from_stream(pieces), format.media_type(), format.file_name()))
}

/// A signed checkpoint of the log as it stands.
pub(super) async fn checkpoint(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let reads = guest.may(Action::ReadEvents, account)?;
    let sealed = app.checkpoint(&reads, account).await?.into_bytes();
    Ok(attachment(sealed.into(), "application/cose", "event-log.checkpoint"))
}
