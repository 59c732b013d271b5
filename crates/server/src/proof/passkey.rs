//! Passkeys (WebAuthn level 3): what the browser is asked, and whether its answer is one.
//!
//! The half of a relying party that proves possession. No attestation is asked for, so none is
//! judged: which make of authenticator somebody uses is theirs. What is handed to the browser
//! and what it answers has the JSON form of `PublicKeyCredential.parse…FromJSON` and `toJSON`.

mod answer;
mod key;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::person::Passkey;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::id::PersonId;
use wire::time::{Span, Timestamp};

use crate::world::World;

use answer::{Authenticated, Registered, Said};
use key::{ALGORITHMS, PublicKey};

/// How long an answer of the browser is waited for.
const PATIENCE: Span = Span::from_minutes(5);
/// Bytes of a challenge.
const CHALLENGE_BYTES: usize = 32;
/// The longest answer that is read.
const ANSWER_BYTES: usize = 16 * 1024;
/// How many passkeys a person has at most: the browser is told of all.
pub const MOST: usize = 20;

/// Why a passkey is not made or taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyFault {
    /// The server's address has none to which passkeys could be bound.
    #[error(
        "passkeys need server.public_url to be https with a host name, or http://localhost: {address} is neither (passkey.address)"
    )]
    Address {
        /// The address.
        address: String,
    },
    /// What was kept between the two halves is not of this half.
    #[error("this answer belongs to no question of ours: begin again (passkey.state)")]
    State,
    /// The question is too old.
    #[error("this took longer than five minutes: begin again (passkey.late)")]
    Late,
    /// The answer is not in its form.
    #[error("the browser's answer cannot be read ({why}): begin again (passkey.form)")]
    Form {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The answer is to another question.
    #[error("the browser answered another question than ours: begin again (passkey.challenge)")]
    Challenge,
    /// The answer was made for another site.
    #[error(
        "the answer was made for {origin}, not for {expected}: open {expected} (passkey.origin)"
    )]
    Origin {
        /// For which.
        origin: String,
        /// Ours.
        expected: String,
    },
    /// Nobody confirmed it.
    #[error(
        "the authenticator did not check that it is you: use one with a PIN, fingerprint or face (passkey.unverified)"
    )]
    Unverified,
    /// The passkey is of a kind that we cannot check.
    #[error(
        "the passkey is of a kind that is not supported: use another authenticator (passkey.kind)"
    )]
    Kind,
    /// It is registered already.
    #[error("this passkey is registered already: sign in with it (passkey.known)")]
    Known,
    /// There are too many.
    #[error("there are {MOST} passkeys, which is the most: remove one first (passkey.many)")]
    Many,
    /// It is nobody's, or another's.
    #[error(
        "this passkey is not registered here, or was removed: use another proof (passkey.unknown)"
    )]
    Unknown,
    /// The signature is wrong.
    #[error("the passkey's signature is wrong: begin again (passkey.signature)")]
    Signature,
    /// Its counter went backwards.
    #[error(
        "the passkey's counter went backwards, as that of a copy does: use another proof, remove it and register it anew (passkey.copied)"
    )]
    Copied,
}

impl PasskeyFault {
    /// The stable public code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "passkey.address",
            Self::State => "passkey.state",
            Self::Late => "passkey.late",
            Self::Form { .. } => "passkey.form",
            Self::Challenge => "passkey.challenge",
            Self::Origin { .. } => "passkey.origin",
            Self::Unverified => "passkey.unverified",
            Self::Kind => "passkey.kind",
            Self::Known => "passkey.known",
            Self::Many => "passkey.many",
            Self::Unknown => "passkey.unknown",
            Self::Signature => "passkey.signature",
            Self::Copied => "passkey.copied",
        }
    }
}

/// What a passkey is to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// Everything: the authenticator must have checked who holds it.
    Alone,
    /// That it is there, beside a password.
    SecondFactor,
}

/// Whom a passkey is made for.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// Who.
    pub person: PersonId,
    /// The e-mail address.
    pub email: &'a str,
    /// The shown name.
    pub name: &'a str,
}

/// A question to the browser, and what is kept until it answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What the browser is asked, without the `publicKey` around it.
    pub options: Value,
    /// What the server keeps, and nobody else needs.
    pub state: String,
}

/// A passkey that proved something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The passkey with its counter brought up, to be kept in place of the one that was.
    pub passkey: Passkey,
    /// Whether the authenticator checked who holds it.
    pub verification: Verification,
}

/// Whether an authenticator checked who holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// By PIN, fingerprint or the like: two factors in one.
    Done,
    /// Not at all: somebody touched it.
    None,
}

/// Whose passkey an answer claims to be of, to look that person up. It is proven by nothing yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The passkey's id.
    pub passkey: Vec<u8>,
    /// The person, if the authenticator knows.
    pub person: Option<PersonId>,
}

/// The site that passkeys are bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    id: String,
    origin: String,
}

/// What is kept between question and answer.
#[derive(Serialize, Deserialize)]
struct State {
    half: Half,
    challenge: String,
    person: Option<PersonId>,
    asked_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Half {
    Register,
    SignIn(Wanted),
}

/// What is kept of a passkey beside its id.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// The public key, as COSE has it.
    key: String,
    counter: u32,
    /// Whether it may be copied to other devices by whoever keeps it.
    synced: bool,
}

impl Site {
    /// The site of a public address.
    ///
    /// # Errors
    /// `passkey.address` if browsers bind no passkeys to such an address.
    pub fn of(public_url: &str) -> Result<Self, PasskeyFault> {
        let bad = || PasskeyFault::Address { address: public_url.to_owned() };
        let (scheme, rest) = public_url.split_once("://").ok_or_else(bad)?;
        let authority = rest.split('/').next().unwrap_or_default().to_ascii_lowercase();
        let id = authority.split(':').next().unwrap_or_default().to_owned();
        let local = id == "localhost" || id.ends_with(".localhost");
        let is_name = id.ends_with(|c: char| c.is_ascii_alphabetic())
            && id.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
        let authority = match scheme {
            "https" => authority.strip_suffix(":443").unwrap_or(&authority),
            "http" if local => authority.strip_suffix(":80").unwrap_or(&authority),
            _ => return Err(bad()),
        };
        let origin = format!("{scheme}://{authority}");
        if is_name { Ok(Self { id, origin }) } else { Err(bad()) }
    }

    /// Asks for a new passkey.
    ///
    /// # Errors
    /// `passkey.many`.
    pub fn begin_registration(
        &self,
        owner: Owner<'_>,
        known: &[Passkey],
        world: &World,
    ) -> Result<Question, PasskeyFault> {
        if known.len() >= MOST {
            return Err(PasskeyFault::Many);
        }
        let (challenge, state) = begin(Half::Register, Some(owner.person), world);
        let algorithms: Vec<Value> =
            ALGORITHMS.iter().map(|alg| json!({ "type": "public-key", "alg": alg })).collect();
        let options = json!({
            "rp": { "id": self.id, "name": "Scrip" },
            "user": {
                "id": URL_SAFE_NO_PAD.encode(owner.person.as_bytes()),
                "name": owner.email,
                "displayName": owner.name,
            },
            "challenge": challenge,
            "pubKeyCredParams": algorithms,
            "timeout": PATIENCE.millis(),
            "excludeCredentials": described(known),
            "authenticatorSelection": {
                "residentKey": "preferred",
                "requireResidentKey": false,
                "userVerification": "required",
            },
            "attestation": "none",
        });
        Ok(Question { options, state })
    }

    /// The passkey that the browser made.
    ///
    /// # Errors
    /// Every `passkey.…` but `passkey.copied` and `passkey.signature`.
    pub fn finish_registration(
        &self,
        state: &str,
        answer: &str,
        known: &[Passkey],
        name: &str,
        now: Timestamp,
    ) -> Result<Passkey, PasskeyFault> {
        let state = resume(state, now)?;
        if state.half != Half::Register {
            return Err(PasskeyFault::State);
        }
        let made = Registered::read(answer)?;
        self.check_said(&made.said, "webauthn.create", &state)?;
        let authenticator = &made.authenticator;
        self.check_place(authenticator.place)?;
        authenticator.present()?;
        if authenticator.verification() == Verification::None {
            return Err(PasskeyFault::Unverified);
        }
        PublicKey::read(&made.key)?;
        if known.iter().any(|passkey| passkey.id == made.id) {
            return Err(PasskeyFault::Known);
        }
        let kept = Kept {
            key: URL_SAFE_NO_PAD.encode(&made.key),
            counter: authenticator.counter,
            synced: authenticator.is_synced(),
        };
        Ok(Passkey {
            id: made.id,
            name: name.to_owned(),
            data: text(&kept),
            added_at: now.millis(),
        })
    }

    /// Asks for a passkey of a person, one of those that are known.
    pub fn begin_sign_in(
        &self,
        wanted: Wanted,
        person: PersonId,
        known: &[Passkey],
        world: &World,
    ) -> Question {
        self.ask(wanted, Some(person), described(known), world)
    }

    /// Asks for whatever passkey the browser knows of us: it also says who signs in.
    pub fn begin_sign_in_of_anybody(&self, world: &World) -> Question {
        self.ask(Wanted::Alone, None, Value::Array(Vec::new()), world)
    }

    fn ask(
        &self,
        wanted: Wanted,
        person: Option<PersonId>,
        allowed: Value,
        world: &World,
    ) -> Question {
        let (challenge, state) = begin(Half::SignIn(wanted), person, world);
        let verification = match wanted {
            Wanted::Alone => "required",
            Wanted::SecondFactor => "discouraged",
        };
        let options = json!({
            "rpId": self.id,
            "challenge": challenge,
            "timeout": PATIENCE.millis(),
            "allowCredentials": allowed,
            "userVerification": verification,
        });
        Question { options, state }
    }

    /// What a passkey of a person proves; `known` are that person's passkeys.
    ///
    /// # Errors
    /// Every `passkey.…` but `passkey.kind`, `passkey.known` and `passkey.many`.
    pub fn finish_sign_in(
        &self,
        state: &str,
        answer: &str,
        person: PersonId,
        known: &[Passkey],
        now: Timestamp,
    ) -> Result<Proven, PasskeyFault> {
        let state = resume(state, now)?;
        if state.half == Half::Register || state.person.is_some_and(|asked| asked != person) {
            return Err(PasskeyFault::State);
        }
        let shown = Authenticated::read(answer)?;
        self.check_said(&shown.said, "webauthn.get", &state)?;
        let authenticator = &shown.authenticator;
        self.check_place(authenticator.place)?;
        let passkey = known.iter().find(|passkey| passkey.id == shown.id);
        let passkey = passkey.ok_or(PasskeyFault::Unknown)?;
        if shown.person.is_some_and(|claimed| claimed != person) {
            return Err(PasskeyFault::Unknown);
        }
        authenticator.present()?;
        let verification = authenticator.verification();
        if state.half == Half::SignIn(Wanted::Alone) && verification == Verification::None {
            return Err(PasskeyFault::Unverified);
        }
        let unreadable = PasskeyFault::Unknown;
        let kept: Kept = serde_json::from_str(&passkey.data).map_err(|_| unreadable.clone())?;
        let key = URL_SAFE_NO_PAD.decode(&kept.key).map_err(|_| unreadable)?;
        PublicKey::read(&key)?.verify(&shown.signed, &shown.signature)?;
        let counter = authenticator.counter;
        if (counter != 0 || kept.counter != 0) && counter <= kept.counter {
            return Err(PasskeyFault::Copied);
        }
        let kept = Kept { counter, synced: authenticator.is_synced(), ..kept };
        Ok(Proven { passkey: Passkey { data: text(&kept), ..passkey.clone() }, verification })
    }

    /// The browser says what it was asked, and by whom.
    fn check_said(&self, said: &Said, kind: &str, state: &State) -> Result<(), PasskeyFault> {
        if said.kind != kind {
            return Err(PasskeyFault::Form { why: "it is of another kind" });
        }
        if said.challenge != state.challenge {
            return Err(PasskeyFault::Challenge);
        }
        if said.origin != self.origin || said.cross_origin {
            let (origin, expected) = (said.origin.clone(), self.origin.clone());
            return Err(PasskeyFault::Origin { origin, expected });
        }
        Ok(())
    }

    /// The authenticator says for which site it answered.
    fn check_place(&self, place: [u8; 32]) -> Result<(), PasskeyFault> {
        if place == answer::hash(self.id.as_bytes()) {
            return Ok(());
        }
        let origin = "another site".to_owned();
        Err(PasskeyFault::Origin { origin, expected: self.origin.clone() })
    }
}

/// Whose passkey an answer claims to be of.
///
/// # Errors
/// `passkey.form`.
pub fn claim(answer: &str) -> Result<Claim, PasskeyFault> {
    let shown = Authenticated::read(answer)?;
    Ok(Claim { passkey: shown.id, person: shown.person })
}

/// Whether a passkey may be copied to other devices by whoever keeps it for its owner.
pub fn is_synced(passkey: &Passkey) -> bool {
    serde_json::from_str::<Kept>(&passkey.data).is_ok_and(|kept| kept.synced)
}

fn begin(half: Half, person: Option<PersonId>, world: &World) -> (String, String) {
    let challenge = URL_SAFE_NO_PAD.encode(world.random::<CHALLENGE_BYTES>());
    let state = State { half, challenge: challenge.clone(), person, asked_at: world.now() };
    (challenge, text(&state))
}

/// What was kept, if it is not too old.
fn resume(state: &str, now: Timestamp) -> Result<State, PasskeyFault> {
    let state: State = serde_json::from_str(state).map_err(|_| PasskeyFault::State)?;
    let is_late = now < state.asked_at || state.asked_at.plus(PATIENCE) < now;
    if is_late { Err(PasskeyFault::Late) } else { Ok(state) }
}

/// Passkeys, as the browser is told of them.
fn described(known: &[Passkey]) -> Value {
    let described = |passkey: &Passkey| json!({ "type": "public-key", "id": URL_SAFE_NO_PAD.encode(&passkey.id) });
    known.iter().map(described).collect()
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("such a value is always JSON")
}

#[cfg(test)]
pub(crate) mod software;
#[cfg(test)]
mod tests;
