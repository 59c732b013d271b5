//! Takes in a saved usage file that a person carried: of our own agent, or of a foreign device.

use ledger::command::{Answer, Asked, Command, Completeness, Import, Imported};
use ledger::instance::Proof;
use ledger::refusal::Refusal;
use ledger::report::{Heard, Route, foreign_key};
use ledger::role::{Action, Permit};
use ledger::usage::Reception;
use store::evidence;
use wire::file::{AckFile, Room, UsageFile};
use wire::id::{AccountId, InstanceId, RequestId, VirtualAccountId};
use wire::report::ReportError;
use wire::seal::{Carried, ForeignReport, Position};

use super::submit_report::{Road, count};
use super::trust::fresh_instance;
use super::{App, Error};

/// How many sealed reports of a file one acknowledgement can name.
const SEALED_REPORTS: usize = 2_000;

/// What became of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportOutcome {
    /// Per report, in the file's order.
    pub reports: Vec<ReportOutcome>,
    /// The answer to carry back to the device; only for sealed reports.
    pub ack: Option<AckFile>,
}

/// What became of one report of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportOutcome {
    /// The device, as its UDI reads.
    pub udi: String,
    /// The license.
    pub tag: String,
    /// The report's own number.
    pub report_id: u64,
    /// How many measurements it holds.
    pub measurements: usize,
    /// Whether it was in the book already.
    pub already: bool,
    /// Whether a bound key vouches for it.
    pub verified: bool,
    /// The code of its refusal, if it could not be opened and so is not in the book.
    pub refused: Option<&'static str>,
}

/// Where the reports of a file go.
#[derive(Clone, Copy, Debug)]
pub struct Destination {
    /// The account.
    pub account: AccountId,
    /// The virtual account, for instances that are new.
    pub virtual_account: VirtualAccountId,
}

impl App {
    /// Takes in a usage file, whole or not at all.
    ///
    /// # Errors
    /// Bad forms with the line, `import.mixed`, refusals, faults of the store.
    pub async fn import_usage(
        &self,
        permit: &Permit,
        to: Destination,
        file: &[u8],
    ) -> Result<ImportOutcome, Error> {
        permit.allows(Action::ImportUsage, to.account)?;
        permit.covers(to.virtual_account)?;
        let file = UsageFile::parse(file, Room::File)?;
        let sealed =
            file.reports.iter().filter(|report| matches!(report, Carried::Sealed(_))).count();
        if sealed == 0 {
            return self.import_foreign(permit, to, file).await;
        }
        if sealed < file.reports.len() {
            let text =
                "the file holds sealed and unsealed reports: import them from files of their own";
            return Err(Error::bad("import.mixed", text));
        }
        self.import_sealed(to.account, file).await
    }

    async fn import_sealed(
        &self,
        account: AccountId,
        file: UsageFile,
    ) -> Result<ImportOutcome, Error> {
        let count = file.reports.len();
        if count > SEALED_REPORTS {
            let text = format!(
                "the file holds {count} reports, {SEALED_REPORTS} fit one acknowledgement: save fewer days"
            );
            return Err(Error::bad("import.too_many", text));
        }
        if let Some(Carried::Sealed(first)) = file.reports.first() {
            let (_, known) = self.known_key(first.peek()?.key).await?;
            if known.key.account != account {
                return Err(Refusal::UnknownKey.into());
            }
        }
        let mut reports: Vec<ReportOutcome> = file.reports.iter().map(describe).collect();
        // Where the person sits who carries the file says nothing of the device.
        let road = Road { route: Route::File, network: None };
        let submitted = self.submit_reports(file.reports, road).await?;
        for (outcome, fate) in reports.iter_mut().zip(submitted.fates) {
            outcome.already = fate == Ok(Reception::Already);
            outcome.verified = fate.is_ok();
            outcome.refused = fate.err();
        }
        // A device that gets its answers by hand cannot fetch the keys that prove them.
        let ack = AckFile { bundle: Some(self.keys.bundle.clone()), ..submitted.ack };
        Ok(ImportOutcome { reports, ack: Some(ack) })
    }

    async fn import_foreign(
        &self,
        permit: &Permit,
        to: Destination,
        file: UsageFile,
    ) -> Result<ImportOutcome, Error> {
        let whole = file.system.is_some();
        let mut reports = Vec::with_capacity(file.reports.len());
        let mut outcomes = Vec::with_capacity(file.reports.len());
        for (nth, carried) in file.reports.into_iter().enumerate() {
            let sent = carried.to_json().into_owned();
            let Carried::Foreign(foreign) = carried else { continue };
            let number = nth + 1;
            let (heard, fresh) = hear(to.account, &foreign, &sent)
                .map_err(|error| Error::NthReport { number, error })?;
            outcomes.push(outcome(&heard));
            reports.push((heard, fresh));
        }
        let asked = Asked { permit: permit.clone(), request: self.request_of(&reports) };
        let completeness = if whole { Completeness::Complete } else { Completeness::Partial };
        let import = Import {
            asked,
            account: to.account,
            virtual_account: to.virtual_account,
            reports,
            completeness,
        };
        if let Answer::Imported(Imported { receptions, .. }) =
            self.write(Command::Import(import)).await?
        {
            for (outcome, reception) in outcomes.iter_mut().zip(receptions) {
                outcome.already = reception == Reception::Already;
                count(&Ok(reception));
            }
        }
        Ok(ImportOutcome { reports: outcomes, ack: None })
    }

    /// The event of an import is named after what it brings and when, so each new import has its own.
    fn request_of(&self, reports: &[(Heard, InstanceId)]) -> RequestId {
        let now = self.world.now().millis().to_be_bytes();
        let mut parts: Vec<&[u8]> = vec![&now];
        parts.extend(reports.iter().map(|(heard, _)| heard.hash.as_slice()));
        RequestId::derive(&parts)
    }
}

fn hear(
    account: AccountId,
    foreign: &ForeignReport,
    sent: &str,
) -> Result<(Heard, InstanceId), ReportError> {
    let report = foreign.read()?;
    let identity = report.udi.identity()?;
    let heard = Heard {
        key: foreign_key(&identity),
        position: Position { epoch: 0, number: report.report_id },
        hash: foreign.hash(),
        previous: [0; 32],
        proof: Proof::Unverified,
        report,
        network: None,
        evidence: evidence::pack(sent.as_bytes()),
    };
    Ok((heard, fresh_instance(account, &identity)))
}

fn outcome(heard: &Heard) -> ReportOutcome {
    ReportOutcome {
        udi: heard.report.udi.to_string(),
        tag: heard.report.entitlement.as_str().to_owned(),
        report_id: heard.report.report_id,
        measurements: heard.report.measurements.len(),
        already: false,
        verified: false,
        refused: None,
    }
}

/// What a sealed report says of itself; whether it is true is found when it is opened.
fn describe(carried: &Carried) -> ReportOutcome {
    let payload = match carried {
        Carried::Sealed(report) => wire::report::Report::from_payload(report.payload()).ok(),
        Carried::Foreign(report) => report.read().ok(),
    };
    let report = payload.as_ref();
    ReportOutcome {
        udi: report.map(|report| report.udi.to_string()).unwrap_or_default(),
        tag: report.map(|report| report.entitlement.as_str().to_owned()).unwrap_or_default(),
        report_id: report.map_or(0, |report| report.report_id),
        measurements: report.map_or(0, |report| report.measurements.len()),
        already: false,
        verified: true,
        refused: None,
    }
}
