//! Passwords: whether one may be chosen, its hash, and whether it is the right one.
//!
//! A password is compared in Unicode's composed form (NFC), so that the same keys on another
//! system give the same password. Spaces count and are never trimmed.

mod strength;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::Semaphore;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use super::Secret;

pub use strength::{Least, Weak, check};

/// Bytes of a salt.
pub const SALT_BYTES: usize = 16;

/// What a hash costs: 19 MiB, two passes, one lane. OWASP's first recommendation for Argon2id;
/// dearer ones would slow an attacker as much as they slow a server with many sign-ins.
const COST: Params = match Params::new(19 * 1024, 2, 1, None) {
    Ok(params) => params,
    Err(_) => panic!("the cost is within Argon2's bounds"),
};

/// A hash of nobody's password, at [`COST`], so that an unknown address costs the time of a known one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$Fg/gATGV3gmuSCdzInqP7g$o1dTcsVOzp9OwR7loVOZLUoN7lCSxN6NMs3CV3VuOWk";

/// How many hashings may wait for each that runs: about two seconds of waiting.
const WAITING_EACH: usize = 64;

/// The hash of a password in the PHC text form, with a salt from the world's randomness.
pub fn hash(password: &str, salt: &[u8; SALT_BYTES]) -> String {
    let hash: PasswordHash = argon2()
        .hash_password_with_salt(normal(password).as_bytes(), salt)
        .expect("salt and password are within Argon2's bounds");
    hash.to_string()
}

/// Whether it is the password of a hash. Without a hash it is not, which takes as long to say.
pub fn verify(password: &str, phc: Option<&str>) -> bool {
    let known = phc.and_then(|phc| PasswordHash::new(phc).ok());
    let is_known = known.is_some();
    let against = known.or_else(|| PasswordHash::new(NOBODY).ok());
    let password = normal(password);
    // A text that is longer than any password costs no more than one.
    let password = &password.as_bytes()[..password.len().min(4 * strength::LONGEST + 1)];
    let is_right = against.is_some_and(|hash| argon2().verify_password(password, &hash).is_ok());
    is_right && is_known
}

/// Whether a hash was made at another cost than hashes are made at now.
pub fn needs_rehash(phc: &str) -> bool {
    let Ok(hash) = PasswordHash::new(phc) else { return true };
    let same_kind = hash.algorithm.as_str() == Algorithm::Argon2id.as_str()
        && hash.version == Some(Version::V0x13.into());
    let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    let same_cost = Params::try_from(&hash).is_ok_and(|params| cost(&params) == cost(&COST));
    !(same_kind && same_cost)
}

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, COST)
}

/// A text in its composed form.
fn normal(text: &str) -> Cow<'_, str> {
    if is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// Too many passwords are looked at already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many people sign in at this moment: try again in a few seconds (sign_in.busy)")]
pub struct Busy;

/// Hashes on threads of their own, a few at a time: a thousand sign-ins take a thousand turns,
/// not a thousand times 19 MiB. Clones share the turns.
#[derive(Clone, Debug)]
pub struct Hashing {
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    most_waiting: usize,
}

/// One who waits for a turn, counted while it lives.
struct Waiter(Arc<AtomicUsize>);

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Hashing {
    /// So many at once as the machine has cores.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::at_once(cores, cores * WAITING_EACH)
    }

    /// So many at once; so many may wait beside them.
    pub fn at_once(at_once: usize, most_waiting: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(at_once)),
            waiting: Arc::new(AtomicUsize::new(0)),
            most_waiting,
        }
    }

    /// [`hash`], when it is its turn.
    ///
    /// # Errors
    /// `sign_in.busy` if too many wait.
    pub async fn hash(&self, password: Secret, salt: [u8; SALT_BYTES]) -> Result<String, Busy> {
        self.run(move || hash(password.expose(), &salt)).await
    }

    /// [`verify`], when it is its turn.
    ///
    /// # Errors
    /// `sign_in.busy` if too many wait.
    pub async fn verify(&self, password: Secret, phc: Option<String>) -> Result<bool, Busy> {
        self.run(move || verify(password.expose(), phc.as_deref())).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let turns = Arc::clone(&self.turns);
        let turn = match Arc::clone(&turns).try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) => {
                let waiter = Waiter(Arc::clone(&self.waiting));
                let before = waiter.0.fetch_add(1, Ordering::SeqCst);
                if before >= self.most_waiting {
                    return Err(Busy);
                }
                turns.acquire_owned().await.map_err(|_| Busy)?
            }
        };
        // The turn goes along: who no longer waits for the answer does not free it early.
        let work = move || {
            let answer = work();
            drop(turn);
            answer
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Busy)
    }
}

impl Default for Hashing {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
