//! A device's folder: its lock, its key, its journal.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use wire::key::SigningKey;
use wire::time::Timestamp;

use super::frame::crc32;
use super::{Files, Folder, Found, Journal};
use crate::device::{Device, Profile, Seed};

/// The key's name in the folder: 64 hexadecimal digits and a checksum.
const KEY: &str = "device.key";

/// The lock's name in the folder.
const LOCK: &str = "agent.lock";

/// Why a folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process has it.
    #[error("the folder {} is in use by another process: speak to that one, or stop it", .0.display())]
    InUse(PathBuf),
    /// It cannot be made, read or written.
    #[error("{} cannot be used: {reason}: check that it exists and is yours", .path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
}

impl FolderError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            FolderError::InUse(_) => "folder.in_use",
            FolderError::Io { .. } => "folder.io",
        }
    }
}

/// A folder that is open: nobody else can open it until this is dropped.
pub struct Opened {
    /// The device, as it was kept or new.
    pub device: Device,
    /// Its journal.
    pub journal: Journal<Folder>,
    /// What a person should know about how it was found.
    pub notices: Vec<String>,
    _lock: File,
}

/// Opens a device's folder, makes it if need be, and restores the device.
///
/// `floor` is the highest of built time and wall clock; `noise` is fresh randomness, of which the
/// first half makes the key of a new device.
///
/// # Errors
/// When another process has it, or the disk fails. Corrupt files are no errors: they are set aside.
pub fn open_folder(
    path: &Path,
    profile: Profile,
    floor: Timestamp,
    noise: [[u8; 32]; 2],
) -> Result<Opened, FolderError> {
    let fault = |reason| FolderError::Io { path: path.to_owned(), reason };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(fault)?;
    let lock = lock(path)?;
    let mut notices = Vec::new();
    let mut files = Folder::new(path);
    let known = read_key(&mut files, &mut notices).map_err(fault)?;
    let is_new = known.is_none();
    let key = match known {
        Some(key) => key,
        None => make_key(&mut files, noise[0]).map_err(fault)?,
    };
    let (mut journal, state, found) = Journal::open(files, floor).map_err(fault)?;
    match found {
        Found::New | Found::Sound => {}
        Found::SetAside(name) => notices.push(format!(
            "the store was corrupt: it is kept as {name}, and what could be read of it goes on in a new epoch (store.reset)"
        )),
        Found::Lost => notices.push(
            "the store was gone: a new one begins; state what is in use, and ask for trust again (store.lost)".to_owned(),
        ),
    }
    let seed = Seed { key, floor, noise: noise[1] };
    let device = match state {
        Some(state) if is_new => {
            notices.push(
                "the device's key was lost: a new one was made; ask for trust again (store.key)"
                    .to_owned(),
            );
            journal.rewrite_next();
            Device::restore(profile, seed, state.rekeyed(floor))
        }
        Some(state) => Device::restore(profile, Seed { floor: state.floor, ..seed }, state),
        None => Device::new(profile, seed),
    };
    Ok(Opened { device, journal, notices, _lock: lock })
}

fn lock(path: &Path) -> Result<File, FolderError> {
    let fault = |reason| FolderError::Io { path: path.to_owned(), reason };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path.join(LOCK))
        .map_err(fault)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FolderError::InUse(path.to_owned())),
        Err(TryLockError::Error(reason)) => Err(fault(reason)),
    }
}

/// Keeps a new key before anything is signed with it.
fn make_key(files: &mut Folder, seed: [u8; 32]) -> io::Result<SigningKey> {
    let digits: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
    files.replace(KEY, format!("{digits} {:08x}\n", crc32(&seed)).as_bytes())?;
    Ok(SigningKey::from_seed(seed))
}

/// The key, or `None` when there is none that can be read; an unreadable one is set aside.
fn read_key(files: &mut Folder, notices: &mut Vec<String>) -> io::Result<Option<SigningKey>> {
    let Some(bytes) = files.read(KEY)? else { return Ok(None) };
    if let Some(seed) = parse_key(&bytes) {
        return Ok(Some(SigningKey::from_seed(seed)));
    }
    let name = format!("{KEY}.corrupt-1");
    files.replace(&name, &bytes)?;
    notices.push(format!("the device's key was not readable: it is kept as {name} (store.key)"));
    Ok(None)
}

/// Reads 64 digits and their checksum: a flipped bit must not pass for another key.
fn parse_key(bytes: &[u8]) -> Option<[u8; 32]> {
    let (digits, check) = std::str::from_utf8(bytes).ok()?.trim_end().split_once(' ')?;
    let mut seed = [0; 32];
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (place, byte) in seed.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    (u32::from_str_radix(check, 16).ok()? == crc32(&seed)).then_some(seed)
}
