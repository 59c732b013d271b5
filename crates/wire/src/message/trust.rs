//! First trust: the bundle of the server's keys, a device's request and the code
//! that answers it.

use core::fmt;

use minicbor::{Decode, Encode};

use super::{Policy, optional_text_in, text_in};
use crate::id::{AccountId, InstanceId, VirtualAccountId};
use crate::key::{KeyId, Realm, VerifyingKey};
use crate::limits;
use crate::report::Member;
use crate::seal::{Countersigned, Message, OpenError, Opened, Sealed};
use crate::tag::SoftwareTag;
use crate::time::Timestamp;
use crate::udi::Udi;

/// The keys of an installation, signed by its root.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TrustBundle {
    /// Counts up; N + 1 is signed by the roots of N and N + 1.
    #[n(0)]
    pub version: u64,
    /// The public root key; it signs bundles only.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub root: [u8; 32],
    /// The keys of the nodes, retired ones included.
    #[n(2)]
    pub keys: Vec<BundleKey>,
    /// When a newer one should be asked for; nothing stops then.
    #[n(3)]
    pub expires_at: Timestamp,
}

/// The key of one node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BundleKey {
    /// The public key.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub key: [u8; 32],
    /// The name of the node.
    #[n(1)]
    pub node: String,
    /// Whether it still signs.
    #[n(2)]
    pub state: BundleKeyState,
    /// Since when it has been in that state.
    #[n(3)]
    pub since: Timestamp,
}

/// Whether a node's key still signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum BundleKeyState {
    /// It signs and verifies.
    #[n(0)]
    Active,
    /// It verifies what it signed before.
    #[n(1)]
    Retired,
}

impl TrustBundle {
    /// The key of that name, active or retired.
    pub fn find(&self, id: KeyId) -> Option<VerifyingKey> {
        let found = self.keys.iter().find(|one| KeyId::of(&one.key) == id)?;
        VerifyingKey::from_bytes(found.key).ok()
    }

    /// The public root key.
    ///
    /// # Errors
    /// [`OpenError::Malformed`] when it is no key.
    pub fn root_key(&self) -> Result<VerifyingKey, OpenError> {
        VerifyingKey::from_bytes(self.root)
            .map_err(|_| OpenError::Malformed { what: "the root key" })
    }
}

impl Countersigned<TrustBundle> {
    /// Verifies the first bundle that a device is shown: its root must found
    /// `realm`, which the device knows from its ID token or from its maker.
    ///
    /// # Errors
    /// [`OpenError::Realm`] when the root founds another realm, others as of
    /// [`Countersigned::open`].
    pub fn open_in(&self, realm: Realm) -> Result<Opened<TrustBundle>, OpenError> {
        self.open_by(|bundle| {
            let root = bundle.root_key()?;
            if Realm::of(&root) == realm { Ok(root) } else { Err(OpenError::Realm) }
        })
    }
}

impl Message for TrustBundle {
    const TYP: &'static str = "scrip.trust-bundle.v1";
    const LIMIT: usize = limits::TRUST_BUNDLE_BYTES;

    fn check(&self) -> Result<(), &'static str> {
        if self.keys.len() > limits::KEYS_PER_BUNDLE {
            return Err("the list of keys");
        }
        self.keys.iter().try_for_each(|one| text_in("the name of a node", &one.node))
    }
}

/// A device asks for trust, with an ID token and its own new key.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TrustRequest {
    /// The ID token, as it was copied.
    #[n(0)]
    pub token: String,
    /// Which product instance it is.
    #[n(1)]
    pub udi: Udi,
    /// The set it belongs to; may be empty.
    #[n(2)]
    pub members: Vec<Member>,
    /// Its public key; the request is signed with it.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub key: [u8; 32],
    /// Its software.
    #[n(4)]
    pub software: SoftwareTag,
    /// The version of its software.
    #[n(5)]
    pub software_version: Option<String>,
    /// The name its operator gave it.
    #[n(6)]
    pub hostname: Option<String>,
    /// Comes back in the trust code.
    #[n(7)]
    #[cbor(with = "minicbor::bytes")]
    pub nonce: [u8; 16],
    /// When it asks, by its own clock.
    #[n(8)]
    pub requested_at: Timestamp,
}

/// Without the token, which is a secret.
impl fmt::Debug for TrustRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustRequest")
            .field("udi", &self.udi)
            .field("key", &KeyId::of(&self.key))
            .field("software", &self.software)
            .field("hostname", &self.hostname)
            .field("requested_at", &self.requested_at)
            .finish_non_exhaustive()
    }
}

impl Sealed<TrustRequest> {
    /// Verifies the request with the key inside it: it proves that the sender
    /// holds that key, no more. The ID token must vouch for the rest.
    ///
    /// # Errors
    /// [`OpenError`] when the key is none or did not sign the request.
    pub fn open_self_signed(&self) -> Result<Opened<TrustRequest>, OpenError> {
        self.open_by(|request| {
            VerifyingKey::from_bytes(request.key)
                .map_err(|_| OpenError::Malformed { what: "the key of the device" })
        })
    }
}

impl Message for TrustRequest {
    const TYP: &'static str = "scrip.trust-request.v1";
    const LIMIT: usize = limits::TRUST_REQUEST_BYTES;

    fn check(&self) -> Result<(), &'static str> {
        if self.token.len() > limits::TOKEN_CHARS {
            return Err("the ID token");
        }
        if self.members.len() > limits::MEMBERS {
            return Err("the list of members");
        }
        self.udi.validate().map_err(|_| "the device identifier")?;
        for member in &self.members {
            member.udi.validate().map_err(|_| "the device identifier of a member")?;
        }
        text_in("the ID token", &self.token)?;
        optional_text_in("the software version", self.software_version.as_deref())?;
        optional_text_in("the host name", self.hostname.as_deref())
    }
}

/// The server's answer: this device, with this key, belongs there. Its audience is the instance.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TrustCode {
    /// What the server calls it from now on.
    #[n(0)]
    pub instance: InstanceId,
    /// Which product instance it is.
    #[n(1)]
    pub udi: Udi,
    /// The key that is bound to it.
    #[n(2)]
    pub key: KeyId,
    /// Its account.
    #[n(3)]
    pub account: AccountId,
    /// The name of its account.
    #[n(4)]
    pub account_name: String,
    /// The virtual account where it is placed.
    #[n(5)]
    pub virtual_account: VirtualAccountId,
    /// The name of that virtual account.
    #[n(6)]
    pub virtual_account_name: String,
    /// The policy of this moment.
    #[n(7)]
    pub policy: Policy,
    /// The highest epoch that was ever recorded of this instance; 0 if none was.
    #[n(8)]
    pub highest_epoch: u64,
    /// When this was said, by the server's clock.
    #[n(9)]
    pub issued_at: Timestamp,
    /// The nonce of the request.
    #[n(10)]
    #[cbor(with = "minicbor::bytes")]
    pub nonce: [u8; 16],
    /// The newest trust bundle there is.
    #[n(11)]
    pub bundle_version: u64,
}

impl Message for TrustCode {
    const TYP: &'static str = "scrip.trust-code.v1";
    const LIMIT: usize = limits::TRUST_CODE_BYTES;

    fn check(&self) -> Result<(), &'static str> {
        self.udi.validate().map_err(|_| "the device identifier")?;
        text_in("the name of the account", &self.account_name)?;
        text_in("the name of the virtual account", &self.virtual_account_name)?;
        self.policy.check()
    }
}
