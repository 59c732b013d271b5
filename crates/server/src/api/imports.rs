//! Files that a person carried: trust requests of our own agent, and usage of any device.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::file::AckFile;
use wire::id::{AccountId, InstanceId, VirtualAccountId};
use wire::key::KeyId;
use wire::limits::{FILE_BYTES, TRUST_FILE_BYTES};

use super::asking::{Allowed, PathOf, QueryOf};
use super::body::within;
use super::schema;
use crate::app::App;
use crate::app::import_trust::TrustOutcome;
use crate::app::import_usage::{Destination, ImportOutcome, ReportOutcome};
use crate::problem::Problem;

/// Where the reports go.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Target {
    /// Where instances go that are new.
    #[param(value_type = schema::VirtualAccountId)]
    virtual_account: VirtualAccountId,
}

/// What became of a usage file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Imported {
    /// How many reports are new in the book.
    recorded: usize,
    /// How many were in the book already.
    already: usize,
    /// How many could not be opened, and so are not in the book.
    refused: usize,
    /// Per report, in the file's order.
    reports: Vec<ImportedReport>,
    /// The file to carry back to the device; null unless the reports are sealed.
    ack_file: Option<String>,
}

/// What became of one report of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportedReport {
    /// The device, as `show license udi` prints it.
    udi: String,
    /// The license.
    tag: String,
    /// The report's own number.
    report_id: u64,
    /// How many measurements it holds.
    measurements: usize,
    /// Whether a bound key vouches for it.
    verified: bool,
    /// What became of it.
    outcome: Outcome,
    /// The code of its refusal; null if it was not refused.
    code: Option<String>,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// It is new in the book.
    Recorded,
    /// It was in the book already.
    Already,
    /// It could not be opened.
    Refused,
}

impl From<ReportOutcome> for ImportedReport {
    fn from(report: ReportOutcome) -> Self {
        let outcome = match report.refused {
            Some(_) => Outcome::Refused,
            None if report.already => Outcome::Already,
            None => Outcome::Recorded,
        };
        Self {
            udi: report.udi,
            tag: report.tag,
            report_id: report.report_id,
            measurements: report.measurements,
            verified: report.verified,
            outcome,
            code: report.refused.map(str::to_owned),
        }
    }
}

impl From<ImportOutcome> for Imported {
    fn from(imported: ImportOutcome) -> Self {
        let reports: Vec<ImportedReport> =
            imported.reports.into_iter().map(ImportedReport::from).collect();
        let count = |outcome| reports.iter().filter(|report| report.outcome == outcome).count();
        Self {
            recorded: count(Outcome::Recorded),
            already: count(Outcome::Already),
            refused: count(Outcome::Refused),
            ack_file: imported.ack.map(|file| file.to_xml()),
            reports,
        }
    }
}

/// Takes in a usage file, whole or not at all.
///
/// The answer names every report; with `Accept: application/xml` it is the file to carry back to
/// the device, or 204 if there is none because the reports are not sealed. A file may be sent
/// again: what is in the book already changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/usage-files",
    tag = "imports",
    params(Target),
    request_body(content = String, content_type = "application/xml", description = "A usage file as the device saved it, up to 50 MiB."),
    responses(
        (status = 200, content((Imported = "application/json"), (String = "application/xml"))),
        (status = 204, description = "It is taken in, and there is no file to carry back."),
    )
)]
pub(super) async fn import_usage(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf(account): PathOf<AccountId>,
    QueryOf(Target { virtual_account }): QueryOf<Target>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let file = within(body, FILE_BYTES, "size.file").await?;
    let to = Destination { account, virtual_account };
    let imported = app.import_usage(&permit, to, &file).await?;
    Ok(match (asks_for_xml(&headers), &imported.ack) {
        (true, Some(file)) => xml(file),
        (true, None) => StatusCode::NO_CONTENT.into_response(),
        (false, _) => Json(Imported::from(imported)).into_response(),
    })
}

/// What became of a trust request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Trusted {
    /// The device, as `show license udi` prints it.
    udi: String,
    /// What the device is here.
    #[schema(value_type = schema::InstanceId)]
    instance: InstanceId,
    /// Its key, which is bound to it.
    #[schema(value_type = schema::KeyId)]
    key: KeyId,
    /// Where the ID token places it.
    #[schema(value_type = schema::VirtualAccountId)]
    virtual_account: VirtualAccountId,
    /// The name of that virtual account.
    virtual_account_name: String,
    /// The file to carry back to the device.
    ack_file: String,
}

impl From<TrustOutcome> for Trusted {
    fn from(TrustOutcome { code, answer }: TrustOutcome) -> Self {
        Self {
            udi: code.udi.to_string(),
            instance: code.instance,
            key: code.key,
            virtual_account: code.virtual_account,
            virtual_account_name: code.virtual_account_name,
            ack_file: answer.to_xml(),
        }
    }
}

/// Takes in a trust request that a device saved, and binds the device by the ID token in it.
///
/// With `Accept: application/xml` the answer is the file to carry back to the device. A file may be
/// sent again: it uses the ID token once.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/trust-requests",
    tag = "imports",
    request_body(content = String, content_type = "application/xml", description = "A trust request file as the device saved it."),
    responses((status = 200, content((Trusted = "application/json"), (String = "application/xml"))))
)]
pub(super) async fn import_trust(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf(account): PathOf<AccountId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let file = within(body, TRUST_FILE_BYTES, "size.trust").await?;
    let trusted = app.import_trust(&permit, account, &file).await?;
    Ok(match asks_for_xml(&headers) {
        true => xml(&trusted.answer),
        false => Json(Trusted::from(trusted)).into_response(),
    })
}

fn xml(file: &AckFile) -> Response {
    ([(header::CONTENT_TYPE, "application/xml")], file.to_xml()).into_response()
}

/// Whether the first kind of answer that a client names is XML.
fn asks_for_xml(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let first = accept.and_then(|value| value.split([',', ';']).next()).map(str::trim);
    matches!(first, Some("application/xml" | "text/xml"))
}
