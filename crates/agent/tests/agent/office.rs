//! A manager as small as can be: it seals what a device must believe, and can be told to misbehave.

use crate::{ADVANTAGE, tag};
use std::collections::BTreeMap;

use agent::device::{Outgoing, Reply};
use agent::seat::{Carrier, CarryError};
use wire::file::{AckFile, Room, TrustFile, UsageFile};
use wire::id::{AccountId, InstanceId, TokenId, VirtualAccountId};
use wire::key::{Realm, SigningKey, VerifyingKey};
use wire::message::{
    Ack, AckedReport, Availability, AvailabilityState, BundleKey, BundleKeyState, Policy,
    RefusedReport, TrustBundle, TrustCode,
};
use wire::report::Report;
use wire::seal::{Carried, Claims, Countersigned, Sealed};
use wire::time::{Span, Timestamp};
use wire::token::IdToken;

/// What the manager does with the next messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Good,
    /// Takes reports in, but its answer is lost.
    LosesAnswers,
    /// Cannot be reached.
    Away,
    /// Busy for so many seconds.
    Busy(i64),
    /// Answers with a problem.
    Problem(u16, &'static str),
    /// Refuses reports of this license.
    Refuses(&'static str),
}

/// A report in the book.
pub(crate) struct Recorded {
    pub(crate) report: Report,
    pub(crate) hash: [u8; 32],
    pub(crate) previous: [u8; 32],
    /// How often it came.
    pub(crate) times: u32,
}

pub(crate) struct Office {
    pub(crate) root: SigningKey,
    pub(crate) online: SigningKey,
    pub(crate) retired: Vec<SigningKey>,
    pub(crate) version: u64,
    pub(crate) mood: Mood,
    pub(crate) now: Timestamp,
    pub(crate) policy: Policy,
    pub(crate) highest_epoch: u64,
    pub(crate) device: Option<VerifyingKey>,
    /// Every report taken in, by epoch and number.
    pub(crate) book: BTreeMap<(u64, u64), Recorded>,
    /// Every body that came, in order.
    pub(crate) bodies: Vec<(&'static str, Vec<u8>)>,
}

impl Office {
    pub(crate) fn new(now: Timestamp) -> Office {
        Office {
            root: SigningKey::from_seed([1; 32]),
            online: SigningKey::from_seed([2; 32]),
            retired: Vec::new(),
            version: 1,
            mood: Mood::Good,
            now,
            policy: Policy { name: "House Policy".to_owned(), ..Policy::default() },
            highest_epoch: 0,
            device: None,
            book: BTreeMap::new(),
            bodies: Vec::new(),
        }
    }

    pub(crate) fn realm(&self) -> Realm {
        Realm::of(&self.root.verifying())
    }

    pub(crate) fn token(&self) -> IdToken {
        IdToken { id: TokenId::from_bytes([7; 16]), secret: [8; 16], realm: self.realm() }
    }

    pub(crate) fn instance() -> InstanceId {
        InstanceId::from_bytes([9; 16])
    }

    /// Signs with a new key from now on; the old one is kept to verify.
    pub(crate) fn rotate(&mut self, seed: u8) {
        let old = std::mem::replace(&mut self.online, SigningKey::from_seed([seed; 32]));
        self.retired.push(old);
        self.version += 1;
    }

    fn claims(&self, audience: Option<[u8; 16]>) -> Claims {
        Claims { audience, issued_at: self.now, expires_at: None }
    }

    pub(crate) fn bundle(&self) -> Countersigned<TrustBundle> {
        let one = |key: &SigningKey, state| BundleKey {
            key: key.verifying().to_bytes(),
            node: "node-1".to_owned(),
            state,
            since: self.now,
        };
        let mut keys = vec![one(&self.online, BundleKeyState::Active)];
        keys.extend(self.retired.iter().map(|key| one(key, BundleKeyState::Retired)));
        let bundle = TrustBundle {
            version: self.version,
            root: self.root.verifying().to_bytes(),
            keys,
            expires_at: self.now.plus(Span::from_days(365)),
        };
        Countersigned::sign(&bundle, self.claims(None), &[&self.root])
    }

    fn trust(&mut self, body: &[u8]) -> AckFile {
        let file = TrustFile::parse(body).expect("a trust file");
        let request = file.request.open_self_signed().expect("a self-signed request");
        assert_eq!(request.token, self.token().to_string());
        let key = VerifyingKey::from_bytes(request.key).expect("a key");
        self.device = Some(key);
        let code = TrustCode {
            instance: Office::instance(),
            udi: request.udi.clone(),
            key: key.id(),
            account: AccountId::from_bytes([3; 16]),
            account_name: "Example Networks".to_owned(),
            virtual_account: VirtualAccountId::from_bytes([4; 16]),
            virtual_account_name: "Default".to_owned(),
            policy: self.policy.clone(),
            highest_epoch: self.highest_epoch,
            issued_at: self.now,
            nonce: request.nonce,
            bundle_version: self.version,
        };
        let audience = Some(*Office::instance().as_bytes());
        let trust = Sealed::seal(&code, self.claims(audience), &self.online);
        AckFile { trust: Some(trust), bundle: Some(self.bundle()), ..AckFile::default() }
    }

    pub(crate) fn usage(&mut self, body: &[u8], room: Room) -> AckFile {
        let file = UsageFile::parse(body, room).expect("a usage file");
        let key = self.device.expect("a device that was trusted");
        let (mut reports, mut refused) = (Vec::new(), Vec::new());
        for carried in file.reports {
            let Carried::Sealed(sealed) = carried else { panic!("a foreign report") };
            let opened = sealed.open(&key, self.realm()).expect("a report of ours");
            let (position, hash) = (opened.header().position, opened.hash());
            let place = (position.epoch, position.number);
            if matches!(self.mood, Mood::Refuses(tag) if opened.entitlement.as_str() == tag) {
                refused.push(RefusedReport {
                    epoch: place.0,
                    number: place.1,
                    hash,
                    code: "report.test".to_owned(),
                });
                continue;
            }
            let previous = opened.header().previous;
            let known = self.book.entry(place).or_insert_with(|| Recorded {
                report: opened.into_inner(),
                hash,
                previous,
                times: 0,
            });
            assert_eq!(known.hash, hash, "a fork at {place:?}");
            known.times += 1;
            self.highest_epoch = self.highest_epoch.max(place.0);
            reports.push(AckedReport { key: key.id(), epoch: place.0, number: place.1, hash });
        }
        AckFile { ack: Some(self.ack(reports, refused)), ..AckFile::default() }
    }

    pub(crate) fn ack(
        &self,
        reports: Vec<AckedReport>,
        refused: Vec<RefusedReport>,
    ) -> Sealed<Ack> {
        let ack = Ack {
            instance: Office::instance(),
            account_name: "Example Networks".to_owned(),
            virtual_account_name: "Default".to_owned(),
            reports,
            refused,
            highest_epoch: self.highest_epoch,
            policy: self.policy.clone(),
            standings: vec![Availability {
                tag: tag(ADVANTAGE),
                state: AvailabilityState::Sufficient,
                available: Some(3),
            }],
            issued_at: self.now,
            bundle_version: self.version,
        };
        Sealed::seal(&ack, self.claims(Some(*Office::instance().as_bytes())), &self.online)
    }

    /// The reports in the book of one license, oldest first.
    pub(crate) fn reports_of(&self, tag: &str) -> Vec<&Report> {
        self.book
            .values()
            .map(|one| &one.report)
            .filter(|report| report.entitlement.as_str() == tag)
            .collect()
    }

    /// Σ level × seconds of one license.
    pub(crate) fn weighted(&self, tag: &str) -> u64 {
        let measurements = self.reports_of(tag).into_iter().flat_map(|report| &report.measurements);
        measurements.map(|one| u64::from(one.value.get()) * one.sample_interval).sum()
    }
}

impl Carrier for Office {
    fn carry(&mut self, outgoing: Outgoing) -> Result<Reply, CarryError> {
        let away =
            || CarryError { code: "client.unreachable", detail: "no answer: wait".to_owned() };
        let reply = |status, body, retry_after| Ok(Reply { status, body, retry_after });
        match self.mood {
            Mood::Away => return Err(away()),
            Mood::Busy(seconds) => {
                return reply(503, Vec::new(), Some(Span::from_seconds(seconds)));
            }
            Mood::Problem(status, code) => {
                return reply(
                    status,
                    format!(r#"{{"code":"{code}","detail":"no"}}"#).into_bytes(),
                    None,
                );
            }
            Mood::Good | Mood::LosesAnswers | Mood::Refuses(_) => {}
        }
        let file = match outgoing {
            Outgoing::Trust { body } => {
                self.bodies.push(("trust", body.clone()));
                self.trust(&body)
            }
            Outgoing::Usage { body } => {
                self.bodies.push(("usage", body.clone()));
                self.usage(&body, Room::Push)
            }
            Outgoing::Bundle => {
                self.bodies.push(("bundle", Vec::new()));
                AckFile { bundle: Some(self.bundle()), ..AckFile::default() }
            }
        };
        if self.mood == Mood::LosesAnswers {
            return Err(away());
        }
        reply(200, file.to_xml().into_bytes(), None)
    }
}
