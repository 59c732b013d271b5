//! What only a command of the host may ask, by `admin.sock`: it could read the folder anyway.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use ledger::house::HOUSE;
use ledger::refusal::Refusal;
use ledger::role::{Action, Actor, Permit, Scope, permit};
use serde::{Deserialize, Serialize};
use wire::id::{AccountId, EventId, PersonId};
use wire::message::BundleKeyState;

use super::make_private;
use crate::app::erase::Marked;
use crate::app::{App, Ask, Error};
use crate::keys::{KeyFault, KeyFolder};
use crate::problem::Problem;

/// Where the keys are, for what copies them.
#[derive(Clone)]
struct DataFolder(PathBuf);

pub(super) fn routes(data: &Path) -> Router<App> {
    Router::new()
        .route("/host/v1/set-up-secret", post(set_up_secret))
        .route("/host/v1/check", post(check))
        .route("/host/v1/backup", post(backup))
        .route("/host/v1/keys", get(keys))
        .route("/host/v1/people", post(add_person))
        .route("/host/v1/people/link", post(make_link))
        .route("/host/v1/people/strip", post(strip_second_factors))
        .route("/host/v1/erase", post(erase))
        .layer(Extension(DataFolder(data.to_owned())))
}

/// The right of whom the door has vouched for; on any other door these routes are not mounted.
fn host_permit(actor: &Actor) -> Result<Permit, Problem> {
    Ok(permit(actor, Action::Read, Scope::House).map_err(Error::from)?)
}

#[derive(Serialize)]
struct SetUpSecret {
    set_up_secret: String,
}

async fn set_up_secret(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<(StatusCode, Json<SetUpSecret>), Problem> {
    host_permit(&actor)?;
    let set_up_secret = app.make_set_up_secret().await?;
    Ok((StatusCode::CREATED, Json(SetUpSecret { set_up_secret })))
}

#[derive(Serialize)]
struct Checked {
    pools: u64,
    entries: u64,
    events: u64,
    erased: u64,
    odd: Vec<String>,
    wrong: Vec<String>,
}

async fn check(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Json<Checked>, Problem> {
    let found = app.check(&host_permit(&actor)?).await?;
    Ok(Json(Checked {
        pools: found.pools,
        entries: found.entries,
        events: found.events,
        erased: found.erased,
        odd: found.odd,
        wrong: found.wrong,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Backup {
    folder: PathBuf,
}

#[derive(Serialize)]
struct BackedUp {
    folder: PathBuf,
}

/// The copy is a data folder of its own: the book and the keys.
async fn backup(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Extension(DataFolder(data)): Extension<DataFolder>,
    Json(Backup { folder }): Json<Backup>,
) -> Result<(StatusCode, Json<BackedUp>), Problem> {
    let permit = host_permit(&actor)?;
    let fault = |error| KeyFault::File { path: folder.display().to_string(), error };
    make_private(&folder).map_err(|error| unwritten(fault(error)))?;
    app.copy_book(&permit, &folder).await?;
    let into = KeyFolder::open(&folder).map_err(unwritten)?;
    KeyFolder::open(&data).and_then(|keys| keys.copy_to(&into)).map_err(unwritten)?;
    Ok((StatusCode::CREATED, Json(BackedUp { folder })))
}

fn unwritten(fault: KeyFault) -> Problem {
    let detail = fault.to_string();
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, fault.code(), detail)
}

#[derive(Serialize)]
struct Keys {
    realm: String,
    node_key: String,
    bundle_version: u64,
    bundle_expires_at: String,
    keys: Vec<ListedKey>,
}

#[derive(Serialize)]
struct ListedKey {
    key: String,
    node: String,
    state: &'static str,
    since: String,
}

async fn keys(State(app): State<App>) -> Result<Json<Keys>, Problem> {
    let own = &app.keys;
    let bundle = own.bundle.open_in(own.realm).map_err(Error::from)?;
    let listed = bundle.keys.iter().map(|listed| ListedKey {
        key: wire::key::KeyId::of(&listed.key).to_string(),
        node: listed.node.clone(),
        state: match listed.state {
            BundleKeyState::Active => "active",
            BundleKeyState::Retired => "retired",
        },
        since: listed.since.to_string(),
    });
    Ok(Json(Keys {
        realm: own.realm.to_string(),
        node_key: own.online.id().to_string(),
        bundle_version: own.bundle_version,
        bundle_expires_at: bundle.expires_at.to_string(),
        keys: listed.collect(),
    }))
}

/// Who is to be known.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPerson {
    email: String,
    #[serde(default)]
    name: String,
}

#[derive(Serialize)]
struct KnownPerson {
    id: PersonId,
    email: String,
}

async fn add_person(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(NewPerson { email, name }): Json<NewPerson>,
) -> Result<(StatusCode, Json<KnownPerson>), Problem> {
    let person = app.make_known(&host_permit(&actor)?, &email, &name).await?;
    Ok((StatusCode::CREATED, Json(KnownPerson { id: person.id, email: person.email })))
}

/// Whom it is about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    email: String,
}

#[derive(Serialize)]
struct MadeLink {
    email: String,
    /// The one-time link, which nobody sees but who asked.
    link: String,
}

async fn make_link(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(About { email }): Json<About>,
) -> Result<(StatusCode, Json<MadeLink>), Problem> {
    host_permit(&actor)?;
    let link = app.link_for(&email).await?;
    Ok((StatusCode::CREATED, Json(MadeLink { email, link })))
}

async fn strip_second_factors(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(About { email }): Json<About>,
) -> Result<StatusCode, Problem> {
    host_permit(&actor)?;
    app.strip_second_factors(&email).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is to be erased: events, or whatever tells of a person.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Erasure {
    /// The account; the house's own log, if left out.
    account: Option<AccountId>,
    #[serde(default)]
    events: BTreeSet<EventId>,
    person: Option<String>,
}

#[derive(Serialize)]
struct Erased {
    account: Option<AccountId>,
    erased: u32,
}

async fn erase(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(Erasure { account, events, person }): Json<Erasure>,
) -> Result<Json<Erased>, Problem> {
    let permit = host_permit(&actor)?;
    let marked = match person {
        Some(email) if events.is_empty() && !email.trim().is_empty() => {
            Marked::Person(email.trim().to_owned())
        }
        None if !events.is_empty() => Marked::Events(events),
        _ => {
            let why = "must be named, or a person, and not both".to_owned();
            let refusal = Refusal::Invalid { field: "events", why };
            return Err(Error::from(refusal).into());
        }
    };
    let ask = Ask::new(permit, app.fresh_request(), format!("{marked:?}").as_bytes());
    let erased = app.erase_personal(&ask, account.unwrap_or(HOUSE), marked).await?;
    Ok(Json(Erased { account, erased }))
}
