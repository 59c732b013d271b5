//! Licenses with where they stand, and product instances.

use axum::Json;
use axum::extract::State;
use ledger::entitlement::Entitlement;
use ledger::license::Kind;
use ledger::role::Permit;
use serde::Deserialize;
use serde_json::{Value, json};
use wire::id::{AccountId, VirtualAccountId};
use wire::time::Timestamp;

use super::{Window, account_of};
use crate::api::asking::Asking;
use crate::api::json::Moment;
use crate::app::App;
use crate::app::inventory::{InstanceView, PoolView};
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
) -> Result<Json<Value>, Problem> {
    let (permit, account) = (&ask.permit, account_of(&ask.permit)?);
    let places = body.places(&app, permit, account).await?;
    let window = body.window;
    let part = move |pools| window.of(pools);
    let (total, views) = app.pools_by_name(permit, account, places, part).await?;
    let now = app.world.now();
    let mut licenses = Vec::new();
    for view in views {
        let lots = app.lots_of(permit, account, view.pool.id).await?;
        licenses.push(license(&view, &lots, now));
    }
    Ok(Json(json!({
        "status": "SUCCESS",
        "statusMessage": "Licenses retrieved",
        "totalRecords": total,
        "licenses": licenses,
    })))
}

fn license(view: &PoolView, lots: &[Entitlement], now: Timestamp) -> Value {
    let standing = &view.standing;
    let short = standing.shortage() > 0;
    json!({
        "license": license_name(view),
        "entitlementTag": view.pool.tag,
        "virtualAccount": place_name(view),
        "quantity": standing.purchased,
        "inUse": standing.in_use,
        // What is left to use, which is negative when more is in use than there is.
        "available": standing.balance(),
        "reserved": standing.reserved,
        "pendingQuantity": standing.future,
        "status": if short { "Out of Compliance" } else { "In Compliance" },
        "billingType": "PREPAID",
        "isPortable": false,
        "ahaApps": false,
        "licenseDetails": lots.iter().map(|lot| detail(lot, now)).collect::<Vec<_>>(),
        "licenseSubstitutions": [],
    })
}

fn detail(lot: &Entitlement, now: Timestamp) -> Value {
    let status = match lot.term.end {
        Some(end) if end <= now => "EXPIRED",
        _ if now < lot.term.start => "FUTURE",
        _ => "ACTIVE",
    };
    json!({
        "licenseType": match lot.kind {
            Kind::Perpetual => "PERPETUAL",
            Kind::Subscription => "TERM",
        },
        "quantity": lot.quantity.get(),
        "startDate": Moment::unless_never(lot.term.start).map(Moment::day),
        "endDate": lot.term.last_day().map(|day| Moment(day).day()),
        "subscriptionId": null,
        "status": status,
    })
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
    let (total, views) = app.instances_by_id(permit, account, places, part).await?;
    let devices: Vec<Value> = views.iter().map(device).collect();
    Ok(Json(json!({
        "status": "SUCCESS",
        "statusMessage": "Devices retrieved",
        "totalRecords": total,
        "devices": devices,
    })))
}

fn device(view: &InstanceView) -> Value {
    let one = &view.instance;
    let name = if one.name.is_empty() { one.udi.to_string() } else { one.name.clone() };
    json!({
        "instanceName": name,
        "productTagName": one.software,
        "virtualAccount": view.virtual_account.as_ref().map(|place| &place.name),
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
