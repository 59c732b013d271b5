//! The event log: its pages and files, signed checkpoints, and what proves it.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::house::HOUSE;
use ledger::log::{Logged, leaf_bytes};
use ledger::role::Permit;
use ledger::tree::Head as TreeHead;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::id::{AccountId, EventId, VirtualAccountId};

use super::asking::{Allowed, PathOf, QueryOf};
use super::json::{Moment, some_text};
use super::paging::{Limit, Page, answer, place};
use super::schema;
use crate::app::events::{Consistency, EventQuestion, Inclusion};
use crate::app::export::{Format, erased_at, particulars};
use crate::app::paging::List;
use crate::app::{App, Error};
use crate::attachment::attachment;
use crate::keys::to_hex;
use crate::problem::Problem;

/// What is said of one particular of an event.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Particular {
    /// How it is.
    Is(String),
    /// How it was and is.
    Changed {
        /// How it was.
        before: String,
        /// How it is.
        after: String,
    },
}

/// Who did what by which right.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Event {
    /// Its id.
    #[schema(value_type = schema::EventId)]
    id: EventId,
    /// When.
    at: Moment,
    /// Who, in words; null if that was erased.
    actor: Option<String>,
    /// By which role.
    role: String,
    /// What was done: a stable code such as `entitlement.granted`.
    action: String,
    /// To what: the id of the thing.
    subject: String,
    /// The virtual account that it is of; null if it is of none.
    #[schema(value_type = Option<schema::VirtualAccountId>)]
    virtual_account: Option<VirtualAccountId>,
    /// The particulars: each a text or, where something changed, what it was before and is after.
    detail: BTreeMap<String, Particular>,
    /// From which network address, if it is known.
    address: Option<String>,
    /// Its place in the log's tree, from 0; null for the second until it has one.
    place: Option<u64>,
    /// When that which tells of people was erased from it.
    erased_at: Option<Moment>,
}

impl From<Logged> for Event {
    fn from(logged: Logged) -> Self {
        let detail = particulars(&logged).into_iter();
        let detail = detail
            .filter_map(|(name, value)| Some((name, serde_json::from_value(value).ok()?)))
            .collect();
        let erased_at = erased_at(&logged).map(Moment);
        let event = logged.event;
        Self {
            id: event.id,
            at: Moment(event.at),
            actor: some_text(&event.actor),
            role: event.role,
            action: event.action,
            subject: event.subject,
            virtual_account: event.virtual_account,
            detail,
            address: some_text(&event.address),
            place: logged.place.map(|place| place.number),
            erased_at,
        }
    }
}

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EventFilter {
    /// From then on.
    since: Option<Moment>,
    /// Before then.
    until: Option<Moment>,
    /// Of one action only, such as `token.created`.
    action: Option<String>,
    /// To one subject only: its id.
    subject: Option<String>,
    /// By those whose name holds this text.
    actor: Option<String>,
    /// Of one virtual account only: its id.
    #[param(value_type = Option<schema::VirtualAccountId>)]
    virtual_account: Option<VirtualAccountId>,
    /// How many rows at most.
    #[serde(default)]
    #[param(value_type = Option<schema::Limit>)]
    limit: Limit,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which events go into a file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportFilter {
    /// From then on.
    since: Option<Moment>,
    /// Before then.
    until: Option<Moment>,
    /// Of one action only, such as `token.created`.
    action: Option<String>,
    /// To one subject only: its id.
    subject: Option<String>,
    /// By those whose name holds this text.
    actor: Option<String>,
    /// Of one virtual account only: its id.
    #[param(value_type = Option<schema::VirtualAccountId>)]
    virtual_account: Option<VirtualAccountId>,
    /// The form of the file.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// The question that a filter asks. A query's fields cannot be flattened out of another struct
/// where unknown ones are refused, so two filters have the same fields.
macro_rules! question {
    ($filter:ident, $after:expr) => {
        EventQuestion {
            since: $filter.since.map(|at| at.0),
            until: $filter.until.map(|at| at.0),
            action: $filter.action,
            subject: $filter.subject,
            actor: $filter.actor,
            within: $filter.virtual_account.map(|place| [place].into()),
            sphere: None,
            after: $after,
        }
    };
}

async fn list(
    app: &App,
    permit: &Permit,
    account: AccountId,
    filter: EventFilter,
) -> Result<Json<Page<Event>>, Problem> {
    let after = place(app, List::Events, filter.cursor.as_deref())?;
    let question = question!(filter, after);
    let found = app.events(permit, account, question, filter.limit.get()).await?;
    Ok(answer(app, List::Events, found, Event::from))
}

async fn export(
    app: App,
    permit: Permit,
    account: AccountId,
    filter: ExportFilter,
) -> Result<Response, Problem> {
    let question = question!(filter, None);
    let format = filter.format;
    let pieces = app.export_events(permit, account, question, format).await?;
    Ok(attachment(Body::from_stream(pieces), format.media_type(), format.file_name()))
}

/// A tree: how many events it holds, and its root.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Head {
    /// How many events.
    size: u64,
    /// The root, in hexadecimal digits.
    root: String,
}

impl From<TreeHead> for Head {
    fn from(head: TreeHead) -> Self {
        Self { size: head.size, root: to_hex(&head.root) }
    }
}

/// A proof by the log's tree (RFC 6962).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Proof {
    /// The beginning that is proved; null in the proof of one event.
    from: Option<Head>,
    /// The tree in which it is proved.
    to: Head,
    /// The event's place; null in the proof of a beginning.
    place: Option<u64>,
    /// The hash of the event's leaf, in hexadecimal digits; null in the proof of a beginning.
    leaf: Option<String>,
    /// The hashes of the proof, in hexadecimal digits.
    path: Vec<String>,
}

impl From<Consistency> for Proof {
    fn from(proof: Consistency) -> Self {
        let path = proof.path.iter().map(|hash| to_hex(hash)).collect();
        let (from, to) = (Some(proof.from.into()), proof.to.into());
        Self { from, to, place: None, leaf: None, path }
    }
}

impl From<Inclusion> for Proof {
    fn from(proof: Inclusion) -> Self {
        let place = proof.event.place;
        Self {
            from: None,
            to: proof.head.into(),
            place: place.map(|place| place.number),
            leaf: place.map(|place| to_hex(&place.leaf)),
            path: proof.path.iter().map(|hash| to_hex(hash)).collect(),
        }
    }
}

/// What is to be proved: name either `from` or `place`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ProofQuery {
    /// The size of an earlier checkpoint: proves that the log still begins so.
    from: Option<u64>,
    /// The place of an event: proves that the log holds it there.
    place: Option<u64>,
    /// In the log of this size; as it is now if left out.
    size: Option<u64>,
}

async fn prove(
    app: &App,
    permit: &Permit,
    account: AccountId,
    query: ProofQuery,
) -> Result<Json<Proof>, Problem> {
    Ok(Json(match (query.from, query.place) {
        (Some(from), None) => {
            app.prove_consistency(permit, account, from, query.size).await?.into()
        }
        (None, Some(place)) => {
            app.prove_inclusion(permit, account, place, query.size).await?.into()
        }
        _ => {
            let text = "name either `from` or `place`: what is to be proved";
            return Err(Error::bad("proof.query", text).into());
        }
    }))
}

/// An event as the tree has it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventEntry {
    /// Its place, from 0.
    place: u64,
    /// Its id.
    #[schema(value_type = schema::EventId)]
    id: EventId,
    /// What its leaf must hold, made from the event as it is now: CBOR, in base64.
    leaf: String,
    /// The hash of its leaf as it was recorded, in hexadecimal digits.
    hash: String,
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EntryQuery {
    /// From this place on.
    #[serde(default)]
    from: u64,
    /// How many rows at most.
    #[serde(default)]
    #[param(value_type = Option<schema::Limit>)]
    limit: Limit,
}

async fn entries(
    app: &App,
    permit: &Permit,
    account: AccountId,
    query: EntryQuery,
) -> Result<Json<Vec<EventEntry>>, Problem> {
    let found = app.event_entries(permit, account, query.from, query.limit.get()).await?;
    let entry = |one: Logged| {
        let place = one.place?;
        let leaf = STANDARD.encode(leaf_bytes(&one.event, place.number, &place.personal));
        let hash = to_hex(&place.leaf);
        Some(EventEntry { place: place.number, id: one.event.id, leaf, hash })
    };
    Ok(Json(found.into_iter().filter_map(entry).collect()))
}

/// Makes the routes of an account's log, and the same ones of the house's.
macro_rules! routes {
    ($($(#[$doc:meta])* $own:ident, $house:ident: $tail:literal ($query:ty) -> $answer:ty, $response:tt, |$app:ident, $permit:ident, $account:ident, $asked:ident| $does:expr;)+) => { $(
        $(#[$doc])*
        #[utoipa::path(
            get,
            path = concat!("/api/v1/accounts/{account}/events", $tail),
            tag = "events",
            params($query),
            responses($response)
        )]
        pub(super) async fn $own(
            State($app): State<App>,
            Allowed($permit): Allowed,
            PathOf($account): PathOf<AccountId>,
            QueryOf($asked): QueryOf<$query>,
        ) -> Result<$answer, Problem> {
            $does
        }

        $(#[$doc])*
        ///
        /// The log is the house's own: what belongs to no account, such as definitions of licenses.
        #[utoipa::path(
            get,
            path = concat!("/api/v1/events", $tail),
            tag = "house",
            params($query),
            responses($response)
        )]
        pub(super) async fn $house(
            State($app): State<App>,
            Allowed($permit): Allowed,
            QueryOf($asked): QueryOf<$query>,
        ) -> Result<$answer, Problem> {
            let $account = HOUSE;
            $does
        }
    )+ };
}

/// Nothing more is asked.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Nothing {}

routes! {
    /// Lists the events of a log, the newest first.
    list_events, list_house_events: "" (EventFilter) -> Json<Page<Event>>,
        (status = 200, body = Page<Event>),
        |app, permit, account, asked| list(&app, &permit, account, asked).await;
    /// Writes the events of a log into a file, the newest first.
    export_events, export_house_events: "/export" (ExportFilter) -> Response,
        (status = 200, content((String = "text/csv"), (String = "application/jsonl")), description = "The file."),
        |app, permit, account, asked| export(app, permit, account, asked).await;
    /// Shows the events of a log as its tree has them, in order of their places.
    list_event_entries, list_house_event_entries: "/entries" (EntryQuery) -> Json<Vec<EventEntry>>,
        (status = 200, body = Vec<EventEntry>),
        |app, permit, account, asked| entries(&app, &permit, account, asked).await;
    /// Signs how a log stands now: a checkpoint, to be kept and held against the log later.
    show_checkpoint, show_house_checkpoint: "/checkpoint" (Nothing) -> Response,
        (status = 200, body = String, content_type = "application/cose", description = "The checkpoint, a COSE_Sign1."),
        |app, permit, account, asked| {
            let Nothing {} = asked;
            let sealed = app.checkpoint(&permit, account).await?.into_bytes();
            Ok(attachment(sealed.into(), "application/cose", "event-log.checkpoint"))
        };
    /// Proves that a log still begins as it was, or that it holds an event.
    show_proof, show_house_proof: "/proof" (ProofQuery) -> Json<Proof>,
        (status = 200, body = Proof),
        |app, permit, account, asked| prove(&app, &permit, account, asked).await;
}
