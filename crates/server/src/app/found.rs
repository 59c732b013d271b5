//! Founds the installation at its first start, and opens it at every later one.

use ledger::command::{Command, KeepFact};
use ledger::house::HouseFact;
use sha2::{Digest, Sha256};
use store::{Book, Order, Sight};
use wire::key::{Realm, SigningKey};
use wire::message::TrustBundle;
use wire::seal::Countersigned;

use super::{App, Error, Settings};
use crate::keys::{self, KeyFault, KeyFolder, NodeKeys};
use crate::world::World;

/// The fact that holds the trust bundle.
const BUNDLE: &str = "trust_bundle";
/// The fact that holds the realm.
const REALM: &str = "realm";
/// The fact that holds the hash of the set-up secret.
pub(super) const SET_UP_SECRET: &str = "set_up_secret_hash";

/// Why the installation could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum FoundError {
    /// The keys.
    #[error("{0}")]
    Keys(#[from] KeyFault),
    /// The store.
    #[error("{0}")]
    Store(#[from] store::Fault),
    /// A command of the founding.
    #[error("{0}")]
    App(#[from] Error),
}

/// An opened installation, and the set-up secret if it was made just now: it is shown once.
pub struct Founded {
    /// The use cases.
    pub app: App,
    /// The set-up secret, at the first start only.
    pub set_up_secret: Option<String>,
}

/// What is known before the book is opened.
#[derive(Clone, Debug)]
pub struct Founding {
    /// The name of this node, for the trust bundle.
    pub node: String,
    /// How the server shows itself.
    pub settings: Settings,
}

struct Facts {
    realm: Option<Vec<u8>>,
    bundle: Option<Vec<u8>>,
}

/// Opens the installation whose book this is, founding it if nobody did.
///
/// # Errors
/// Faults of the keys or the store.
pub async fn found(
    book: Book,
    world: World,
    folder: &KeyFolder,
    founding: &Founding,
) -> Result<Founded, FoundError> {
    let app = found_silently(book, world, folder, founding).await?;
    let secret = app.book.read(Sight::House, |reading| reading.house_fact(SET_UP_SECRET)).await?;
    let set_up_secret = match secret {
        Some(_) => None,
        None => Some(app.make_set_up_secret().await?),
    };
    Ok(Founded { app, set_up_secret })
}

/// As [`found`], for commands of the host: the set-up secret is left to the first start of a
/// server, which shows it.
///
/// # Errors
/// As there.
pub async fn found_silently(
    book: Book,
    world: World,
    folder: &KeyFolder,
    founding: &Founding,
) -> Result<App, FoundError> {
    let facts = book.read(Sight::House, |reading| {
        let mut value = |name| Ok(reading.house_fact(name)?.map(|fact| fact.value));
        Ok(Facts { realm: value(REALM)?, bundle: value(BUNDLE)? })
    });
    let facts = facts.await?;
    let online = SigningKey::from_seed(folder.read_or_make(keys::ONLINE, &world)?);
    let house = folder.read_or_make(keys::HOUSE, &world)?;
    let (realm, bundle) = match (facts.realm, facts.bundle) {
        (Some(realm), Some(bundle)) => known(&realm, bundle)?,
        _ => make(&book, &world, folder, &online, &founding.node).await?,
    };
    let keys = NodeKeys::new(online, house, realm, bundle)?;
    Ok(App::new(book, world, keys, founding.settings.clone()))
}

fn known(realm: &[u8], bundle: Vec<u8>) -> Result<(Realm, Countersigned<TrustBundle>), FoundError> {
    let damaged = || KeyFault::Damaged { path: "the trust bundle in the database".to_owned() };
    let realm = <[u8; 16]>::try_from(realm).map_err(|_| damaged())?;
    Ok((Realm::from_bytes(realm), Countersigned::from_bytes(bundle).map_err(|_| damaged())?))
}

async fn make(
    book: &Book,
    world: &World,
    folder: &KeyFolder,
    online: &SigningKey,
    node: &str,
) -> Result<(Realm, Countersigned<TrustBundle>), FoundError> {
    let root = SigningKey::from_seed(folder.read_or_make(keys::ROOT, world)?);
    let realm = Realm::of(&root.verifying());
    let now = world.now();
    let bundle = keys::make_bundle(&root, 1, vec![keys::bundle_key(online, node, now)], now);
    keep(book, world, BUNDLE, bundle.as_bytes().to_vec()).await?;
    keep(book, world, REALM, realm.as_bytes().to_vec()).await?;
    Ok((realm, bundle))
}

async fn keep(book: &Book, world: &World, name: &str, value: Vec<u8>) -> Result<(), Error> {
    let now = world.now();
    let fact = HouseFact { name: name.to_owned(), value, changed_at: now };
    let order = Order { command: Command::KeepFact(KeepFact { fact }), now, digest: None };
    book.write(order).await?;
    Ok(())
}

impl App {
    /// Makes a new set-up secret; the one before is void.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn make_set_up_secret(&self) -> Result<String, Error> {
        let bytes: [u8; 20] = self.world.random();
        let secret = keys::to_hex(&bytes);
        let hash: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        keep(&self.book, &self.world, SET_UP_SECRET, hash.to_vec()).await?;
        Ok(secret)
    }

    /// Whether a text is the set-up secret. Compares in constant time.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn is_set_up_secret(&self, text: &str) -> Result<bool, Error> {
        use subtle::ConstantTimeEq as _;
        let hash: [u8; 32] = Sha256::digest(text.trim().as_bytes()).into();
        let read = move |reading: &mut store::Reading<'_>| {
            // Once an administrator of the house exists, the secret is void.
            let void = reading.had_operator()?;
            Ok(reading.house_fact(SET_UP_SECRET)?.filter(|_| !void))
        };
        let fact = self.book.read(Sight::House, read).await?;
        Ok(fact.is_some_and(|fact| bool::from(fact.value.as_slice().ct_eq(&hash))))
    }
}
