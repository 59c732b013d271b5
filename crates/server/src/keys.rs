//! The installation's keys: the root that founds the realm, this node's own, the trust bundle.
//!
//! The root signs only trust bundles and is meant to be taken offline: the server starts
//! without it and only cannot make a new bundle then.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use wire::key::{Realm, SigningKey};
use wire::message::{BundleKey, BundleKeyState, TrustBundle};
use wire::seal::{Claims, Countersigned};
use wire::time::{Span, Timestamp};

use crate::world::World;

/// How long a trust bundle is fresh. An older one warns and never stops anything.
const BUNDLE_LIFE: Span = Span::from_days(10 * 365);
/// Bytes of a nonce of ChaCha20-Poly1305.
const NONCE_BYTES: usize = 12;

/// Why keys could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// A file could not be read or written.
    #[error("{path}: {error} (keys.file)")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A file does not hold a key.
    #[error(
        "{path} does not hold a key of 64 hexadecimal digits: restore it from your copy (keys.damaged)"
    )]
    Damaged {
        /// The file.
        path: String,
    },
    /// This node has no key of its own that the bundle lists.
    #[error(
        "this node's key {key} is not in the trust bundle, and keys cannot be added to it yet: copy `keys/online.key` and `keys/house.key` of the node that founded the installation into this data folder (keys.unlisted)"
    )]
    Unlisted {
        /// The key's id.
        key: String,
    },
}

impl KeyFault {
    /// The stable public code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "keys.file",
            Self::Damaged { .. } => "keys.damaged",
            Self::Unlisted { .. } => "keys.unlisted",
        }
    }
}

/// A node's keys in memory.
pub struct NodeKeys {
    /// The key that signs acknowledgements, trust codes and policies.
    pub online: SigningKey,
    /// The realm that the root key founds.
    pub realm: Realm,
    /// The newest trust bundle, as it is handed out.
    pub bundle: Countersigned<TrustBundle>,
    /// Its version.
    pub bundle_version: u64,
    house: LessSafeKey,
}

impl std::fmt::Debug for NodeKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeKeys")
            .field("online", &self.online.id())
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

/// The files in which keys lie: one folder, readable by its owner alone.
#[derive(Clone, Debug)]
pub struct KeyFolder {
    folder: PathBuf,
}

impl KeyFolder {
    /// The key folder inside a data folder, made if need be.
    ///
    /// # Errors
    /// `keys.file` if it cannot be made.
    pub fn open(data: &Path) -> Result<Self, KeyFault> {
        let folder = data.join("keys");
        fs::create_dir_all(&folder).map_err(|error| file_fault(&folder, error))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let owner_only = fs::Permissions::from_mode(0o700);
            fs::set_permissions(&folder, owner_only).map_err(|error| file_fault(&folder, error))?;
        }
        Ok(Self { folder })
    }

    /// The key in a file, or `None` if there is no such file.
    ///
    /// # Errors
    /// `keys.file`, `keys.damaged`.
    pub fn read(&self, name: &str) -> Result<Option<[u8; 32]>, KeyFault> {
        let path = self.folder.join(name);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(file_fault(&path, error)),
        };
        let seed = from_hex(text.trim())
            .ok_or_else(|| KeyFault::Damaged { path: path.display().to_string() })?;
        Ok(Some(seed))
    }

    /// The key in a file, made from the world's randomness if there is none.
    ///
    /// # Errors
    /// `keys.file`, `keys.damaged`.
    pub fn read_or_make(&self, name: &str, world: &World) -> Result<[u8; 32], KeyFault> {
        if let Some(seed) = self.read(name)? {
            return Ok(seed);
        }
        let seed: [u8; 32] = world.random();
        self.write(name, &seed)?;
        Ok(seed)
    }

    /// Copies all keys into another key folder.
    ///
    /// # Errors
    /// `keys.file`, `keys.damaged`; a key that is there already is not overwritten.
    pub fn copy_to(&self, other: &Self) -> Result<(), KeyFault> {
        for name in [ROOT, ONLINE, HOUSE] {
            if let Some(seed) = self.read(name)? {
                other.write(name, &seed)?;
            }
        }
        Ok(())
    }

    /// Writes a key whole or not at all: a cut leaves no file that holds half of one. The folder
    /// is this process's own, so nobody else makes the same file meanwhile.
    fn write(&self, name: &str, seed: &[u8; 32]) -> Result<(), KeyFault> {
        let (path, draft) = (self.folder.join(name), self.folder.join(format!("{name}.draft")));
        let fault = |error| file_fault(&path, error);
        if path.exists() {
            return Err(fault(std::io::ErrorKind::AlreadyExists.into()));
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(&draft).map_err(fault)?;
        file.write_all(to_hex(seed).as_bytes()).map_err(fault)?;
        file.sync_all().map_err(fault)?;
        fs::rename(&draft, &path).map_err(fault)?;
        fs::File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(fault)
    }
}

/// The name of the file of the root key.
pub const ROOT: &str = "root.key";
/// The name of the file of this node's key.
pub const ONLINE: &str = "online.key";
/// The name of the file of the key that seals what the database keeps secret.
pub const HOUSE: &str = "house.key";

impl NodeKeys {
    /// A node's keys with the bundle that lists them.
    ///
    /// # Errors
    /// `keys.damaged` if the bundle is not of this realm, `keys.unlisted` if it does not list the node.
    pub fn new(
        online: SigningKey,
        house: [u8; 32],
        realm: Realm,
        bundle: Countersigned<TrustBundle>,
    ) -> Result<Self, KeyFault> {
        let damaged = || KeyFault::Damaged { path: "the trust bundle".to_owned() };
        let opened = bundle.open_in(realm).map_err(|_| damaged())?;
        if opened.find(online.id()).is_none() {
            return Err(KeyFault::Unlisted { key: online.id().to_string() });
        }
        let bundle_version = opened.version;
        let house =
            LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &house).map_err(|_| damaged())?);
        Ok(Self { online, realm, bundle, bundle_version, house })
    }

    /// Seals what the database keeps and only servers of this house may read.
    pub fn hide(&self, text: &str, world: &World) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = world.random();
        let mut bytes = text.as_bytes().to_vec();
        self.house
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes)
            .expect("a text is never too long to be sealed");
        [nonce.as_slice(), &bytes].concat()
    }

    /// Opens what [`hide`](Self::hide) sealed; `None` if it was damaged or sealed elsewhere.
    pub fn reveal(&self, hidden: &[u8]) -> Option<String> {
        let (nonce, sealed) = hidden.split_at_checked(NONCE_BYTES)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = sealed.to_vec();
        let text = self.house.open_in_place(nonce, Aad::empty(), &mut bytes).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }
}

/// A bundle that lists these node keys, signed by the root.
pub fn make_bundle(
    root: &SigningKey,
    version: u64,
    keys: Vec<BundleKey>,
    now: Timestamp,
) -> Countersigned<TrustBundle> {
    let bundle = TrustBundle {
        version,
        root: root.verifying().to_bytes(),
        keys,
        expires_at: now.plus(BUNDLE_LIFE),
    };
    let claims = Claims { audience: None, issued_at: now, expires_at: None };
    Countersigned::sign(&bundle, claims, &[root])
}

/// The entry of a node's key in a bundle.
pub fn bundle_key(online: &SigningKey, node: &str, now: Timestamp) -> BundleKey {
    BundleKey {
        key: online.verifying().to_bytes(),
        node: node.to_owned(),
        state: BundleKeyState::Active,
        since: now,
    }
}

fn file_fault(path: &Path, error: std::io::Error) -> KeyFault {
    KeyFault::File { path: path.display().to_string(), error }
}

/// Bytes as lower-case hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (n, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * n..2 * n + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_cut_short_while_it_was_written_is_made_anew_and_a_whole_one_stays() {
        let world = crate::world::Script::new(1, Timestamp::from_seconds(0)).world();
        let folder = std::env::temp_dir().join(format!("scrip-keys-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let keys = KeyFolder::open(&folder).expect("a folder");
        fs::write(keys.folder.join("root.key.draft"), "00ff").expect("half a key");
        let made = keys.read_or_make(ROOT, &world).expect("made");
        assert_eq!(keys.read(ROOT).expect("read"), Some(made));
        assert!(!keys.folder.join("root.key.draft").exists(), "no second copy of a key is left");
        assert!(keys.write(ROOT, &[1; 32]).is_err(), "a key is not overwritten");
        assert_eq!(keys.read_or_make(ROOT, &world).expect("read"), made);
        fs::remove_dir_all(&folder).expect("removed");
    }
}
