//! What a device hears: acknowledgements, trust codes, bundles, policies, and refusals.
//!
//! Nothing is taken on faith: the ID token names the realm, the realm proves the root, the root
//! proves the bundle, and the bundle's keys prove all else.

use serde::Deserialize;
use wire::file::AckFile;
use wire::key::{Realm, VerifyingKey};
use wire::limits::REPORTS_PER_PUSH;
use wire::message::{Ack, Policy, TrustBundle, TrustCode};
use wire::seal::{Countersigned, Sealed};
use wire::time::Timestamp;
use wire::token::IdToken;

use super::push::{Asked, BundleNeed, Reply};
use super::record::{Acknowledged, Closed, Record, Road};
use super::{Clock, Device, Trouble};

/// What was found in a file that was taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Whether trust was installed.
    pub trusted: bool,
    /// Whether a bundle was installed.
    pub bundle: bool,
    /// Whether a policy was installed.
    pub policy: bool,
    /// How many reports were acknowledged, when there was an acknowledgement.
    pub acknowledged: Option<usize>,
    /// How many reports were refused.
    pub refused: usize,
}

/// A problem as the manager tells it (RFC 9457).
#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    code: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    title: String,
}

impl Device {
    /// Takes in the answer to what [`Device::tick`] gave.
    pub fn receive(&mut self, reply: Reply, now: Clock) {
        let at = self.read(now);
        let Some(asked) = self.asked.take() else { return };
        let heard = match reply.status {
            200..=299 => self.hear_answer(&asked, &reply.body, at),
            status => {
                let trouble = trouble_of(status, &reply.body);
                if status == 503 || status == 429 {
                    return self.pause(trouble, reply.retry_after, at);
                }
                self.hear_refusal(asked, trouble, at)
            }
        };
        match heard {
            Ok(()) => {}
            Err(trouble) => self.pause(trouble, None, at),
        }
    }

    /// Takes in the manager's answer that came by hand: to a saved trust request, or to saved usage.
    ///
    /// # Errors
    /// When the file is not one, or something in it does not prove itself; what was proved before
    /// that stays.
    pub fn import(&mut self, file: &[u8], now: Clock) -> Result<Heard, Trouble> {
        let at = self.read(now);
        let heard = self.hear(file, Road::File, at)?;
        if heard == Heard::default() {
            return Err(Trouble::new(
                "import.empty",
                "the file holds no acknowledgement, policy, trust code or bundle: choose the file that the manager returned",
            ));
        }
        Ok(heard)
    }

    fn hear_answer(&mut self, asked: &Asked, body: &[u8], at: Timestamp) -> Result<(), Trouble> {
        let heard = match self.hear(body, Road::Network, at) {
            Err(trouble) if trouble.code == UNKNOWN_KEY => {
                // Sent again once the newer bundle is here; the manager answers alike. If the bundle
                // was just fetched, there is a pause before both are tried again.
                let fresh = matches!(self.bundle, BundleNeed::Fresh(_));
                self.bundle = BundleNeed::Wanted;
                return if fresh { Err(trouble) } else { Ok(()) };
            }
            heard => heard?,
        };
        match asked {
            // A file may have brought the answer meanwhile: then nothing is missing.
            Asked::Trust if !heard.trusted && self.state.asking.is_some() => {
                Err(Trouble::new("trust.missing", "the answer holds no trust code: try again"))
            }
            Asked::Bundle => {
                self.bundle = BundleNeed::Fresh(at);
                Ok(())
            }
            Asked::Usage(places) if places.iter().all(|place| self.is_sendable(*place)) => {
                Err(Trouble::new(
                    "ack.missing",
                    "the answer names none of the reports that were sent: they are sent again",
                ))
            }
            Asked::Trust | Asked::Usage(_) => {
                self.batch = (self.batch * 2).clamp(1, REPORTS_PER_PUSH);
                self.release();
                self.trouble = None;
                Ok(())
            }
        }
    }

    fn is_sendable(&self, place: (u64, u64)) -> bool {
        self.state.waiting.get(&place).is_some_and(|report| report.refused.is_none())
    }

    /// What a refusal means. `Err` is tried again after a pause.
    fn hear_refusal(
        &mut self,
        asked: Asked,
        trouble: Trouble,
        at: Timestamp,
    ) -> Result<(), Trouble> {
        match asked {
            Asked::Trust if self.ends_asking(&trouble.code) => {
                self.note(Record::NotTrusted);
                self.trouble = Some((at, trouble));
                Ok(())
            }
            Asked::Bundle => {
                self.bundle = BundleNeed::Fresh(at);
                Err(trouble)
            }
            Asked::Usage(places) => self.hear_push_refused(&places, trouble, at),
            Asked::Trust => Err(trouble),
        }
    }

    /// Whether a refused trust request is given up: what a person has to mend is not asked again,
    /// and reports of a device that is trusted already wait for no answer that cannot come.
    fn ends_asking(&self, code: &str) -> bool {
        let refused = ["trust.", "token.", "account.", "value.", "terms.", "seal."];
        let for_good = refused.iter().any(|kind| code.starts_with(kind)) || code == "exists";
        for_good || (self.is_trusted() && code == "request.clock")
    }

    /// A push was refused as a whole. Where a single report may be the reason, the reports go one by
    /// one, and the one that is refused alone is kept and shown; the others are not held up by it.
    fn hear_push_refused(
        &mut self,
        places: &[(u64, u64)],
        trouble: Trouble,
        at: Timestamp,
    ) -> Result<(), Trouble> {
        let single = blames_one_report(&trouble.code);
        let keyless = matches!(trouble.code.as_str(), "trust.revoked" | "report.unknown_key");
        match places {
            _ if keyless && self.are_of_a_former_key(places) => {
                // Nothing that this device does brings that key back: the newer reports go on.
                for &(epoch, number) in places {
                    self.note(Record::Refused { epoch, number, code: trouble.code.clone() });
                }
                self.trouble = Some((at, trouble));
                Ok(())
            }
            _ if trouble.code == "trust.revoked" => {
                // Only a person can change this: tried again at the next interval or at `sync`.
                self.pushing = false;
                self.trouble = Some((at, trouble));
                Ok(())
            }
            &[(epoch, number)] if single => {
                self.note(Record::Refused { epoch, number, code: trouble.code.clone() });
                self.trouble = Some((at, trouble));
                Ok(())
            }
            _ if single => {
                self.batch = if trouble.code == "size.push" { places.len() / 2 } else { 1 };
                self.trouble = Some((at, trouble));
                Ok(())
            }
            _ => Err(trouble),
        }
    }

    /// Whether reports were sealed with a key that the device has no more.
    fn are_of_a_former_key(&self, places: &[(u64, u64)]) -> bool {
        let own = self.key.id();
        places
            .iter()
            .all(|place| self.state.waiting.get(place).is_some_and(|report| report.key != own))
    }

    fn hear(&mut self, body: &[u8], road: Road, at: Timestamp) -> Result<Heard, Trouble> {
        let file = AckFile::parse(body).map_err(|error| Trouble::of(error.code, &error))?;
        let mut heard = Heard::default();
        match (file.trust, file.bundle) {
            (Some(trust), Some(bundle)) if self.state.asking.is_some() => {
                self.hear_trust(&trust, &bundle, at)?;
                heard.trusted = true;
                heard.bundle = true;
            }
            (_, Some(bundle)) => heard.bundle = self.hear_bundle(&bundle, at)?,
            (_, None) => {}
        }
        if let Some(ack) = file.ack {
            self.hear_ack(&ack, road, at, &mut heard)?;
        }
        if let Some(policy) = file.policy {
            self.hear_policy(&policy, at)?;
            heard.policy = true;
        }
        Ok(heard)
    }

    fn hear_trust(
        &mut self,
        trust: &Sealed<TrustCode>,
        bundle: &Countersigned<TrustBundle>,
        at: Timestamp,
    ) -> Result<(), Trouble> {
        let Some(asking) = self.state.asking.clone() else { return Ok(()) };
        let token: IdToken =
            asking.token.parse().map_err(|error| Trouble::of("token.malformed", &error))?;
        let bundle = open_bundle(bundle, token.realm)?;
        self.check_version(&bundle, token.realm)?;
        let key = find(&bundle, trust.peek_key())?;
        let bytes = trust.as_bytes().to_vec();
        let opened = trust.open(&key).map_err(unproved)?;
        opened.check(*opened.instance.as_bytes(), at).map_err(unproved)?;
        let code = opened.into_inner();
        let ours = code.nonce == asking.nonce
            && code.key == self.key.id()
            && code.udi.identity() == self.profile.udi.identity();
        if !ours {
            return Err(Trouble::new(
                "trust.mismatch",
                "the trust code is for another device or request: choose the answer to this device's newest request, or ask for trust again",
            ));
        }
        let issued_at = code.issued_at;
        self.note(Record::Bundle { bundle });
        self.note(Record::Trusted { code, bytes, realm: token.realm, at });
        self.signed_time(issued_at);
        self.bundle = BundleNeed::None;
        // What was measured before is reported now.
        self.next_push = Some(at);
        Ok(())
    }

    /// Installs a bundle of our realm unless it is the one we have. Returns whether it was proved.
    fn hear_bundle(
        &mut self,
        bundle: &Countersigned<TrustBundle>,
        _at: Timestamp,
    ) -> Result<bool, Trouble> {
        let Some(realm) = self.state.trust.as_ref().map(|trust| trust.realm) else {
            return Err(Trouble::new(
                "trust.none",
                "this device does not trust a manager yet: use `trust idtoken` first",
            ));
        };
        let bundle = open_bundle(bundle, realm)?;
        self.check_version(&bundle, realm)?;
        if self.state.bundle.as_ref() != Some(&bundle) {
            self.note(Record::Bundle { bundle });
        }
        Ok(true)
    }

    /// A bundle of the same realm must not be older than ours.
    fn check_version(&self, bundle: &TrustBundle, realm: Realm) -> Result<(), Trouble> {
        let ours = self.state.trust.as_ref().is_some_and(|trust| trust.realm == realm);
        match &self.state.bundle {
            Some(known) if ours && bundle.version < known.version => Err(Trouble::new(
                "bundle.old",
                format!(
                    "the trust bundle is version {}, version {} is known: use the newer one",
                    bundle.version, known.version
                ),
            )),
            _ => Ok(()),
        }
    }

    fn hear_ack(
        &mut self,
        ack: &Sealed<Ack>,
        road: Road,
        at: Timestamp,
        heard: &mut Heard,
    ) -> Result<(), Trouble> {
        let (instance, bundle) = self.bond()?;
        let key = find(bundle, ack.peek_key())?;
        let opened = ack.open(&key).map_err(unproved)?;
        opened.check(instance, at).map_err(unproved)?;
        let ack = opened.into_inner();
        if *ack.instance.as_bytes() != instance {
            return Err(Trouble::new(
                "ack.instance",
                "the acknowledgement is for another product instance: choose this one's file",
            ));
        }
        let (reports, refused) = (self.recorded_by(&ack), self.refused_by(&ack));
        heard.acknowledged = Some(reports.len());
        heard.refused = refused.len();
        heard.policy = true;
        let issued_at = ack.issued_at;
        let ack = Acknowledged {
            instance: ack.instance,
            account_name: ack.account_name,
            virtual_account_name: ack.virtual_account_name,
            reports,
            refused,
            highest_epoch: ack.highest_epoch,
            policy: ack.policy,
            standings: ack.standings,
            issued_at,
            at,
            road,
        };
        self.note(Record::Acknowledged { ack });
        self.signed_time(issued_at);
        self.bundle = BundleNeed::None;
        Ok(())
    }

    /// The waiting reports that an acknowledgement says are recorded, by key, place and hash.
    fn recorded_by(&self, ack: &Ack) -> Vec<(u64, u64)> {
        let ours = ack.reports.iter().filter(|one| {
            let kept = self.find_waiting(one.epoch, one.number, &one.hash);
            kept.is_some_and(|report| report.key == one.key)
        });
        ours.map(|one| (one.epoch, one.number)).collect()
    }

    /// The waiting reports that it refuses, with the codes.
    fn refused_by(&self, ack: &Ack) -> Vec<(u64, u64, String)> {
        let ours = ack
            .refused
            .iter()
            .filter(|one| self.find_waiting(one.epoch, one.number, &one.hash).is_some());
        ours.map(|one| (one.epoch, one.number, one.code.clone())).collect()
    }

    fn find_waiting(&self, epoch: u64, number: u64, hash: &[u8; 32]) -> Option<&Closed> {
        self.state.waiting.get(&(epoch, number)).filter(|report| report.hash == *hash)
    }

    fn hear_policy(&mut self, policy: &Sealed<Policy>, at: Timestamp) -> Result<(), Trouble> {
        let (instance, bundle) = self.bond()?;
        let key = find(bundle, policy.peek_key())?;
        let opened = policy.open(&key).map_err(unproved)?;
        if opened.claims().audience.is_some() {
            opened.check(instance, at).map_err(unproved)?;
        }
        self.note(Record::PolicyInstalled { policy: opened.into_inner(), at });
        Ok(())
    }

    /// Our name to the manager, and the keys that speak for it.
    fn bond(&self) -> Result<([u8; 16], &TrustBundle), Trouble> {
        match (&self.state.trust, &self.state.bundle) {
            (Some(trust), Some(bundle)) => Ok((*trust.instance().as_bytes(), bundle)),
            _ => Err(Trouble::new(
                "trust.none",
                "this device does not trust a manager yet: use `trust idtoken` first",
            )),
        }
    }

    /// A signed time is a floor: it cannot be earlier than that.
    fn signed_time(&mut self, signed: Timestamp) {
        if let Some(step) = self.time.raise(signed) {
            self.note_step(step, self.time.at());
        }
    }
}

/// The code of a message whose key is not in the bundle.
const UNKNOWN_KEY: &str = "message.key";

fn find(bundle: &TrustBundle, key: wire::key::KeyId) -> Result<VerifyingKey, Trouble> {
    bundle.find(key).ok_or_else(|| {
        Trouble::new(UNKNOWN_KEY, format!("{key} is not in the trust bundle (version {}): report with `sync` to fetch a newer one", bundle.version))
    })
}

fn open_bundle(bundle: &Countersigned<TrustBundle>, realm: Realm) -> Result<TrustBundle, Trouble> {
    bundle.open_in(realm).map(wire::seal::Opened::into_inner).map_err(|error| match error {
        wire::seal::OpenError::Realm => Trouble::new(
            "trust.realm",
            "the answer is of another installation than the ID token: choose this device's answer, or ask for trust with a token of that installation",
        ),
        error => unproved(error),
    })
}

fn unproved(error: wire::seal::OpenError) -> Trouble {
    Trouble::of(error.code(), &error)
}

fn trouble_of(status: u16, body: &[u8]) -> Trouble {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) if !problem.code.is_empty() => {
            let detail = if problem.detail.is_empty() { problem.title } else { problem.detail };
            Trouble::new(shorten(problem.code), shorten(detail))
        }
        _ => Trouble::new(
            format!("http.{status}"),
            format!("the manager answered with status {status}: check the address of the server"),
        ),
    }
}

/// Text of others, bounded and on one line.
fn shorten(text: String) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(wire::limits::TEXT_CHARS * 2).collect()
}

/// Whether a push may have been refused because of one of its reports: whatever is said of a
/// report, its seal, a count or a size, except that nobody knows the key.
fn blames_one_report(code: &str) -> bool {
    let kinds = ["report.", "seal.", "count.", "size."];
    code != "report.unknown_key" && kinds.iter().any(|kind| code.starts_with(kind))
}
