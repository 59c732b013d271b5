//! Reading what a browser and an authenticator answer. Any bytes give an answer or a fault.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::Decoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use wire::id::PersonId;

use super::{ANSWER_BYTES, PasskeyFault, Verification};

/// Bytes of the longest id of a credential (WebAuthn, 4).
const ID_BYTES: usize = 1023;
/// Somebody was there.
const PRESENT: u8 = 1;
/// The authenticator checked who.
const VERIFIED: u8 = 1 << 2;
/// It may be copied to other devices.
const MAY_BE_SYNCED: u8 = 1 << 3;
/// It was.
const IS_SYNCED: u8 = 1 << 4;
/// A new credential follows.
const HAS_CREDENTIAL: u8 = 1 << 6;
/// Extensions follow.
const HAS_EXTENSIONS: u8 = 1 << 7;

pub(super) fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// What the browser says that it was asked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Said {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) challenge: String,
    pub(super) origin: String,
    #[serde(default)]
    pub(super) cross_origin: bool,
}

/// What the authenticator says.
pub(super) struct Authenticator {
    /// The hash of the site's id.
    pub(super) place: [u8; 32],
    pub(super) counter: u32,
    flags: u8,
}

/// A passkey that was made.
pub(super) struct Registered {
    pub(super) said: Said,
    pub(super) authenticator: Authenticator,
    pub(super) id: Vec<u8>,
    /// Its public key, as COSE has it.
    pub(super) key: Vec<u8>,
}

/// A passkey that was shown.
pub(super) struct Authenticated {
    pub(super) said: Said,
    pub(super) authenticator: Authenticator,
    pub(super) id: Vec<u8>,
    /// Whose it is, as the authenticator keeps it.
    pub(super) person: Option<PersonId>,
    /// What is signed.
    pub(super) signed: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential<R> {
    raw_id: String,
    #[serde(rename = "type")]
    kind: String,
    response: R,
}

#[derive(Deserialize)]
struct Made {
    #[serde(rename = "clientDataJSON")]
    said: String,
    #[serde(rename = "attestationObject")]
    attestation: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    #[serde(rename = "clientDataJSON")]
    said: String,
    authenticator_data: String,
    signature: String,
    #[serde(default)]
    user_handle: Option<String>,
}

impl Registered {
    pub(super) fn read(answer: &str) -> Result<Self, PasskeyFault> {
        let credential: Credential<Made> = outer(answer)?;
        let attestation = bytes(&credential.response.attestation)?;
        let data = authenticator_data(&attestation)
            .map_err(|_| form("its attestation object is broken"))?;
        let (authenticator, made) = Authenticator::read(data)?;
        let (id, key) = made.ok_or(form("no credential was made"))?;
        if bytes(&credential.raw_id)? != id {
            return Err(form("it has two ids"));
        }
        let said = said(&bytes(&credential.response.said)?)?;
        Ok(Self { said, authenticator, id, key })
    }
}

impl Authenticated {
    pub(super) fn read(answer: &str) -> Result<Self, PasskeyFault> {
        let credential: Credential<Shown> = outer(answer)?;
        let Shown { said: text, authenticator_data, signature, user_handle } = credential.response;
        let (text, data) = (bytes(&text)?, bytes(&authenticator_data)?);
        let (authenticator, made) = Authenticator::read(&data)?;
        if made.is_some() {
            return Err(form("it makes a credential"));
        }
        let person = user_handle.filter(|handle| !handle.is_empty());
        let person = person.map(|handle| bytes(&handle)).transpose()?;
        let person = person.map(|bytes| bytes.try_into().map(PersonId::from_bytes));
        Ok(Self {
            said: said(&text)?,
            authenticator,
            id: bytes(&credential.raw_id)?,
            person: person.transpose().map_err(|_| form("its user is none of ours"))?,
            signed: [data.as_slice(), &hash(&text)].concat(),
            signature: bytes(&signature)?,
        })
    }
}

/// The id and the key of a credential that was made.
type NewCredential = (Vec<u8>, Vec<u8>);

impl Authenticator {
    /// Reads authenticator data (WebAuthn, 6.1), to its last byte.
    fn read(data: &[u8]) -> Result<(Self, Option<NewCredential>), PasskeyFault> {
        let cut = || form("its authenticator data is cut short");
        let (place, rest) = data.split_first_chunk::<32>().ok_or_else(cut)?;
        let ([flags], rest) = rest.split_first_chunk::<1>().ok_or_else(cut)?;
        let (counter, mut rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let mut made = None;
        if flags & HAS_CREDENTIAL != 0 {
            let (id, after) = credential_id(rest).ok_or_else(cut)?;
            let (key, after) = item(after).ok_or_else(cut)?;
            made = Some((id.to_vec(), key.to_vec()));
            rest = after;
        }
        if flags & HAS_EXTENSIONS != 0 {
            (_, rest) = item(rest).ok_or_else(cut)?;
        }
        if !rest.is_empty() {
            return Err(form("its authenticator data is too long"));
        }
        if flags & IS_SYNCED != 0 && flags & MAY_BE_SYNCED == 0 {
            return Err(form("its flags contradict each other"));
        }
        let counter = u32::from_be_bytes(*counter);
        Ok((Self { place: *place, counter, flags: *flags }, made))
    }

    /// Whether somebody was there.
    pub(super) fn present(&self) -> Result<(), PasskeyFault> {
        if self.flags & PRESENT == 0 { Err(form("nobody was there")) } else { Ok(()) }
    }

    pub(super) fn verification(&self) -> Verification {
        if self.flags & VERIFIED == 0 { Verification::None } else { Verification::Done }
    }

    pub(super) fn is_synced(&self) -> bool {
        self.flags & IS_SYNCED != 0
    }
}

/// The id of a credential behind the make of its authenticator, and the rest.
fn credential_id(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_make, rest) = bytes.split_at_checked(16)?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (id, rest) = rest.split_at_checked(length)?;
    (1..=ID_BYTES).contains(&length).then_some((id, rest))
}

/// The first item of CBOR, and the rest.
fn item(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut decoder = Decoder::new(bytes);
    decoder.skip().ok()?;
    bytes.split_at_checked(decoder.position())
}

/// The authenticator data in an attestation object; the statement beside it is not looked at.
fn authenticator_data(attestation: &[u8]) -> Result<&[u8], minicbor::decode::Error> {
    let mut decoder = Decoder::new(attestation);
    let fields = decoder.map()?.ok_or(minicbor::decode::Error::message("of no stated length"))?;
    let mut data = None;
    for _ in 0..fields {
        match decoder.str()? {
            "authData" => data = Some(decoder.bytes()?),
            _ => decoder.skip()?,
        }
    }
    data.ok_or(minicbor::decode::Error::message("without authenticator data"))
}

fn outer<R: DeserializeOwned>(answer: &str) -> Result<Credential<R>, PasskeyFault> {
    if answer.len() > ANSWER_BYTES {
        return Err(form("it is too long"));
    }
    let credential: Credential<R> =
        serde_json::from_str(answer).map_err(|_| form("it is no credential in JSON"))?;
    if credential.kind != "public-key" {
        return Err(form("it is of another type"));
    }
    Ok(credential)
}

fn said(bytes: &[u8]) -> Result<Said, PasskeyFault> {
    serde_json::from_slice(bytes).map_err(|_| form("its client data is no JSON"))
}

fn bytes(text: &str) -> Result<Vec<u8>, PasskeyFault> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| form("it has a part that is not base64url"))
}

fn form(why: &'static str) -> PasskeyFault {
    PasskeyFault::Form { why }
}
