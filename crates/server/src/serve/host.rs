//! What only a command of the host may ask, by `admin.sock`: it could read the folder anyway.

use std::path::{Path, PathBuf};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use ledger::role::{Action, Actor, Permit, Scope, permit};
use serde::{Deserialize, Serialize};
use wire::message::BundleKeyState;

use super::make_private;
use crate::app::{App, Error};
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
