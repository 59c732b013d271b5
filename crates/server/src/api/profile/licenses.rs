//! Licenses with where they stand, and product instances.

use axum::Json;
use axum::extract::State;
use ledger::account::VirtualAccount;
use ledger::entitlement::Entitlement;
use ledger::instance::Instance;
use ledger::license::Kind;
use ledger::role::Permit;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::id::{AccountId, VirtualAccountId};
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use super::{Done, Window, account_of, done};
use crate::api::asking::Asking;
use crate::api::json::Moment;
use crate::app::App;
use crate::app::inventory::PoolView;
use crate::problem::Problem;

/// In which virtual accounts, and which part of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Question {
    #[serde(rename = "virtualAccounts")]
    places: Option<Vec<String>>,
    #[serde(flatten)]
    window: Window,
}

impl Question {
    /// The virtual accounts by name; none named are all.
    async fn places(
        &self,
        app: &App,
        permit: &Permit,
        account: AccountId,
    ) -> Result<Vec<Option<VirtualAccountId>>, Problem> {
        let mut ids = Vec::new();
        for name in self.places.iter().flatten() {
            let id = app.virtual_account_named(permit, account, name).await?.id;
            if !ids.contains(&Some(id)) {
                ids.push(Some(id));
            }
        }
        Ok(if ids.is_empty() { vec![None] } else { ids })
    }
}

fn license_name(view: &PoolView) -> String {
    let known = view.license.as_ref().map(|license| license.name.clone());
    known.unwrap_or_else(|| view.pool.tag.short_name().to_owned())
}

fn place_name(view: &PoolView) -> String {
    view.virtual_account.as_ref().map(|one| one.name.clone()).unwrap_or_default()
}

/// The licenses of an account with where they stand.
pub(super) async fn list_licenses(
    State(app): State<App>,
    Asking { ask, body }: Asking<Question>,
) -> Result<Json<Licenses>, Problem> {
    let (permit, account) = (&ask.permit, account_of(&ask.permit)?);
    let places = body.places(&app, permit, account).await?;
    let window = body.window;
    let part = move |pools| window.of(pools);
    let (total, views) = app.pools_by_name(permit, account, places, part).await?;
    let now = app.world.now();
    let licenses = views.iter().map(|(view, lots)| license(view, lots, now)).collect();
    Ok(Json(Licenses { done: done("Licenses retrieved"), total, licenses }))
}

/// There may be very many: these are told as they are, without a tree of values in between.
#[derive(Debug, Serialize)]
pub(super) struct Licenses {
    #[serde(flatten)]
    done: Done,
    #[serde(rename = "totalRecords")]
    total: usize,
    licenses: Vec<License>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct License {
    license: String,
    entitlement_tag: EntitlementTag,
    virtual_account: String,
    quantity: i64,
    in_use: i64,
    /// What is left to use, which is negative when more is in use than there is.
    available: i64,
    reserved: i64,
    pending_quantity: i64,
    status: &'static str,
    billing_type: &'static str,
    is_portable: bool,
    aha_apps: bool,
    license_details: Vec<Detail>,
    license_substitutions: [(); 0],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    license_type: &'static str,
    quantity: u32,
    start_date: Option<String>,
    end_date: Option<String>,
    subscription_id: Option<String>,
    status: &'static str,
}

fn license(view: &PoolView, lots: &[Entitlement], now: Timestamp) -> License {
    let standing = &view.standing;
    let short = standing.shortage() > 0;
    License {
        license: license_name(view),
        entitlement_tag: view.pool.tag.clone(),
        virtual_account: place_name(view),
        quantity: standing.purchased,
        in_use: standing.in_use,
        available: standing.balance(),
        reserved: standing.reserved,
        pending_quantity: standing.future,
        status: if short { "Out of Compliance" } else { "In Compliance" },
        billing_type: "PREPAID",
        is_portable: false,
        aha_apps: false,
        license_details: lots.iter().map(|lot| detail(lot, now)).collect(),
        license_substitutions: [],
    }
}

fn detail(lot: &Entitlement, now: Timestamp) -> Detail {
    Detail {
        license_type: match lot.kind {
            Kind::Perpetual => "PERPETUAL",
            Kind::Subscription => "TERM",
        },
        quantity: lot.quantity.get(),
        start_date: Moment::unless_never(lot.term.start).map(Moment::day),
        end_date: lot.term.last_day().map(|day| Moment(day).day()),
        subscription_id: None,
        status: match lot.term.end {
            Some(end) if end <= now => "EXPIRED",
            _ if now < lot.term.start => "FUTURE",
            _ => "ACTIVE",
        },
    }
}

/// The product instances of an account.
pub(super) async fn list_devices(
    State(app): State<App>,
    Asking { ask, body }: Asking<Question>,
) -> Result<Json<Value>, Problem> {
    let (permit, account) = (&ask.permit, account_of(&ask.permit)?);
    let places = body.places(&app, permit, account).await?;
    let window = body.window;
    let part = move |instances| window.of(instances);
    let (total, found) = app.instances_by_id(permit, account, places, part).await?;
    let devices: Vec<Value> =
        found.iter().map(|(one, place)| device(one, place.as_ref())).collect();
    Ok(Json(json!({
        "status": "SUCCESS",
        "statusMessage": "Devices retrieved",
        "totalRecords": total,
        "devices": devices,
    })))
}

fn device(one: &Instance, place: Option<&VirtualAccount>) -> Value {
    let name = if one.name.is_empty() { one.udi.to_string() } else { one.name.clone() };
    json!({
        "instanceName": name,
        "productTagName": one.software,
        "virtualAccount": place.map(|place| &place.name),
        "sudi": {
            "udiPid": one.udi.pid,
            "udiSerialNumber": one.udi.serial,
            "udiVid": one.udi.vid,
            "uuid": one.udi.uuid,
            "suvi": one.udi.suvi,
            "hostIdentifier": one.udi.host_identifier,
            "macAddress": one.udi.mac_address,
        },
    })
}
