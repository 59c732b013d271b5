//! Takes in a push of usage reports and returns its acknowledgement.
//!
//! A report may come twice, late, or by several roads; the book is the same.

use std::net::IpAddr;

use ledger::command::{Answer, Command, PoolStanding, Push, Pushed};
use ledger::instance::Proof;
use ledger::refusal::Refusal;
use ledger::report::{Heard, Route};
use ledger::usage::Reception;
use store::{Known, evidence};
use wire::country::Country;
use wire::file::{AckFile, Room, UsageFile};
use wire::key::{KeyId, VerifyingKey};
use wire::message::{Ack, AckedReport, Availability, AvailabilityState, RefusedReport};
use wire::seal::{Carried, Claims, Sealed, SealedReport};
use wire::time::Timestamp;

use super::{App, Error};

/// A push whose reports were opened, and those that could not be.
struct Opened {
    key: KeyId,
    known: Known,
    heard: Vec<Heard>,
    refused: Vec<RefusedReport>,
    /// Per report of the push, in its order, why it could not be opened, if it could not.
    faults: Vec<Option<&'static str>>,
}

/// How sealed reports came.
#[derive(Clone, Copy, Debug)]
pub struct Road {
    /// Whether the device sent them.
    pub route: Route,
    /// The country of the network that it sent them from, if that is known.
    pub network: Option<Country>,
}

/// What became of a push.
pub struct Submitted {
    /// The answer for the device.
    pub ack: AckFile,
    /// Per report of the push, in its order, whether it is new, or the code of its refusal.
    pub fates: Vec<Result<Reception, &'static str>>,
}

impl App {
    /// Takes in the body of a push, sent from a network address if that is known.
    ///
    /// # Errors
    /// Bad forms and seals, `report.unknown_key`, `trust.revoked`, `push.mixed`, faults of the store.
    /// A report that cannot be opened is named in the acknowledgement if others of the push can.
    pub async fn submit_push(
        &self,
        body: &[u8],
        address: Option<IpAddr>,
    ) -> Result<AckFile, Error> {
        let file = UsageFile::parse(body, Room::Push)?;
        let networks = self.networks.as_ref();
        let network = networks.and_then(|networks| networks.country_of(address?));
        Ok(self.submit_reports(file.reports, Road { route: Route::Direct, network }).await?.ack)
    }

    /// Takes in sealed reports of one product instance, by whichever road.
    ///
    /// # Errors
    /// As [`submit_push`](Self::submit_push).
    pub async fn submit_reports(
        &self,
        reports: Vec<Carried>,
        road: Road,
    ) -> Result<Submitted, Error> {
        let opened = self.open_push(reports, road.network).await?;
        let pushed = self.record_push(&opened, road.route).await?;
        let ack = self.acknowledge(&opened, &pushed, self.world.now());
        let mut receptions = pushed.receptions.into_iter();
        let fates = opened.faults.iter().map(|fault| match fault {
            Some(code) => Err(*code),
            None => Ok(receptions.next().unwrap_or(Reception::Recorded)),
        });
        let fates: Vec<_> = fates.collect();
        fates.iter().for_each(count);
        Ok(Submitted { ack, fates })
    }

    /// Does all of a push but the writing: what the server costs without its book.
    ///
    /// # Errors
    /// As [`submit_push`](Self::submit_push).
    pub async fn verify_and_sign(&self, body: &[u8], like: &Pushed) -> Result<AckFile, Error> {
        let file = UsageFile::parse(body, Room::Push)?;
        let opened = self.open_push(file.reports, None).await?;
        Ok(self.acknowledge(&opened, like, self.world.now()))
    }

    /// Takes in the body of a push and returns what [`verify_and_sign`](Self::verify_and_sign)
    /// needs to answer others like it.
    ///
    /// # Errors
    /// As [`submit_push`](Self::submit_push).
    pub async fn push_to_answer_like(&self, body: &[u8]) -> Result<Pushed, Error> {
        let file = UsageFile::parse(body, Room::Push)?;
        let opened = self.open_push(file.reports, None).await?;
        self.record_push(&opened, Route::Direct).await
    }

    async fn open_push(
        &self,
        reports: Vec<Carried>,
        network: Option<Country>,
    ) -> Result<Opened, Error> {
        let mut sealed = Vec::with_capacity(reports.len());
        for report in reports {
            match report {
                Carried::Sealed(report) => sealed.push(report),
                Carried::Foreign(_) => {
                    let text = "this report is not sealed: import its file in the portal or with `scrip import usage`";
                    return Err(Error::bad("report.unsealed", text));
                }
            }
        }
        let Some(first) = sealed.first() else {
            return Err(Error::bad("push.empty", "the push holds no report: send at least one"));
        };
        let key = first.peek()?.key;
        let (verifying, known) = self.known_key(key).await?;
        let mut opened = Opened {
            key,
            known,
            heard: Vec::with_capacity(sealed.len()),
            refused: Vec::new(),
            faults: Vec::with_capacity(sealed.len()),
        };
        let mut first_fault = None;
        for report in &sealed {
            match self.open_report(report, key, &verifying) {
                Ok(heard) => {
                    opened.heard.push(Heard { network, ..heard });
                    opened.faults.push(None);
                }
                Err(error) => {
                    opened.refused.push(refused(report, error.code())?);
                    opened.faults.push(Some(error.code()));
                    first_fault.get_or_insert(error);
                }
            }
        }
        // Who proves nothing is told nothing of the instance: an acknowledgement names its account.
        match first_fault {
            Some(error) if opened.heard.is_empty() => Err(error),
            _ => Ok(opened),
        }
    }

    fn open_report(
        &self,
        report: &SealedReport,
        key: KeyId,
        verifying: &VerifyingKey,
    ) -> Result<Heard, Error> {
        if report.peek()?.key != key {
            let text = "a push holds reports of one product instance: send the others in a push of their own";
            return Err(Error::bad("push.mixed", text));
        }
        let opened = report.open(verifying, self.keys.realm)?;
        let (header, hash) = (opened.header(), opened.hash());
        Ok(Heard {
            key,
            position: header.position,
            hash,
            previous: header.previous,
            proof: Proof::Verified,
            report: opened.into_inner(),
            network: None,
            evidence: evidence::pack(report.to_json().as_bytes()),
        })
    }

    async fn record_push(&self, opened: &Opened, route: Route) -> Result<Pushed, Error> {
        let push = Push {
            account: opened.known.key.account,
            key: opened.key,
            hint: (opened.known.key.instance, opened.known.virtual_account),
            route,
            reports: opened.heard.clone(),
        };
        match self.write(Command::Push(push)).await {
            Ok(Answer::Pushed(pushed)) => {
                if pushed.virtual_account.id != opened.known.virtual_account {
                    self.forget_key(opened.key);
                }
                Ok(pushed)
            }
            Ok(_) => Err(Refusal::UnknownKey.into()),
            Err(error) => {
                self.forget_key(opened.key);
                Err(error)
            }
        }
    }

    /// Signed only here, when what it says is durable.
    fn acknowledge(&self, opened: &Opened, pushed: &Pushed, now: Timestamp) -> AckFile {
        let reports = opened.heard.iter().map(|heard| AckedReport {
            key: heard.key,
            epoch: heard.position.epoch,
            number: heard.position.number,
            hash: heard.hash,
        });
        let ack = Ack {
            instance: pushed.instance,
            account_name: pushed.account.name.clone(),
            virtual_account_name: pushed.virtual_account.name.clone(),
            reports: reports.collect(),
            refused: opened.refused.clone(),
            highest_epoch: pushed.highest_epoch,
            policy: pushed.account.policy.clone(),
            standings: pushed.standings.iter().map(availability).collect(),
            issued_at: now,
            bundle_version: self.keys.bundle_version,
        };
        let claims = Claims {
            audience: Some(*pushed.instance.as_bytes()),
            issued_at: now,
            expires_at: None,
        };
        AckFile { ack: Some(Sealed::seal(&ack, claims, &self.keys.online)), ..AckFile::default() }
    }
}

/// Counts what became of a report, for the figures.
pub(super) fn count(fate: &Result<Reception, &'static str>) {
    let outcome = match fate {
        Ok(Reception::Recorded) => "recorded",
        Ok(Reception::Already) => "repeated",
        Err(_) => "refused",
    };
    metrics::counter!("scrip_reports_total", "outcome" => outcome).increment(1);
}

fn refused(report: &SealedReport, code: &str) -> Result<RefusedReport, Error> {
    let position = report.peek()?.position;
    Ok(RefusedReport {
        epoch: position.epoch,
        number: position.number,
        hash: report.hash(),
        code: code.to_owned(),
    })
}

fn availability(pool: &PoolStanding) -> Availability {
    let state = match (&pool.name, pool.standing.shortage()) {
        (None, _) => AvailabilityState::Unknown,
        (Some(_), 0) => AvailabilityState::Sufficient,
        (Some(_), _) => AvailabilityState::Short,
    };
    Availability { tag: pool.tag.clone(), state, available: Some(pool.standing.balance()) }
}
