//! The search of an account: anything by a part of what it is called.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use ledger::account::VirtualAccount;
use ledger::entitlement::Entitlement;
use ledger::instance::Instance;
use ledger::person::Grant;
use ledger::role::Action;
use ledger::token::Token;
use serde::Deserialize;

use super::answer::{Unshown, shown};
use super::door::Guest;
use super::facts::{frame, instance_name, license_name, may};
use super::overview::account_id;
use super::pages::frame::Frame;
use super::pages::search::{Hit, Kind, Search};
use crate::app::App;
use crate::app::inventory::PoolView;
use crate::app::search::Found;

/// How much is looked for at most, in letters.
const LONGEST: usize = 200;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
}

/// What was found.
pub(super) async fn find(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let reads = guest.may(Action::Read, account)?;
    let people = may(&guest, Action::ReadPeople, account);
    let text: String = asked.q.trim().chars().take(LONGEST).collect();
    let found = app.find(&reads, people.as_ref(), account, &text).await?;
    let frame = frame(&app, &guest, account, None).await?;
    let page = Search { kinds: kinds(&frame, &text, found), text, frame };
    shown(&page, &headers)
}

fn kinds(frame: &Frame, text: &str, found: Found) -> Vec<Kind> {
    let encoded = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
    let all = |path: String| Some(format!("{path}?q={encoded}"));
    let people = format!("{}?begins={encoded}", frame.people_path());
    let person = |one: &Grant| hit(people.clone(), &one.email, one.role.word().replace('_', " "));
    let kind = |title, icon, hits: Vec<Hit>, all| Kind { title, icon, hits, all };
    let instances = found.instances.iter().map(|one| instance(frame, one)).collect();
    let pools = found.pools.iter().map(|view| pool(frame, view)).collect();
    let orders = found.orders.iter().map(|(lot, view)| order(frame, lot, view)).collect();
    let places = found.places.iter().map(|one| place(frame, one)).collect();
    let tokens = found.tokens.iter().map(|one| token(frame, one)).collect();
    let kinds = [
        kind("Product instances", "device", instances, all(frame.instances_path())),
        kind("Licenses", "license", pools, all(frame.licenses_path())),
        kind("Orders", "order", orders, None),
        kind("Virtual accounts", "overview", places, None),
        kind("ID tokens", "key", tokens, None),
        kind("People", "people", found.people.iter().map(person).collect(), None),
    ];
    kinds.into_iter().filter(|kind| !kind.hits.is_empty()).collect()
}

fn hit(href: String, label: &str, about: String) -> Hit {
    Hit { href, label: label.to_owned(), about }
}

fn instance(frame: &Frame, one: &Instance) -> Hit {
    let href = frame.instance_path(&one.id.to_string());
    hit(href, &instance_name(one), one.udi.to_string())
}

fn pool(frame: &Frame, view: &PoolView) -> Hit {
    let name = license_name(view.license.as_ref(), &view.pool.tag);
    hit(frame.pool_path(&view.pool.id.to_string()), &name, place_name(view))
}

fn order(frame: &Frame, lot: &Entitlement, view: &PoolView) -> Hit {
    let name = license_name(view.license.as_ref(), &view.pool.tag);
    let about = format!("{} of {name} in {}", lot.quantity, place_name(view));
    let pool = frame.pool_path(&view.pool.id.to_string());
    hit(format!("{pool}#{}", lot.id), &lot.source, about)
}

fn place(frame: &Frame, one: &VirtualAccount) -> Hit {
    let href = format!("{}?virtual_account={}", frame.whole_path(), one.id);
    hit(href, &one.name, one.description.clone())
}

fn token(frame: &Frame, one: &Token) -> Hit {
    let href = format!("{}#{}", frame.tokens_path(), one.id);
    hit(href, &one.description, one.id.to_string())
}

fn place_name(view: &PoolView) -> String {
    view.virtual_account.as_ref().map_or_else(String::new, |place| place.name.clone())
}
