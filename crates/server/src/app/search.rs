//! Finding anything of an account by a part of what it is called.

use ledger::account::VirtualAccount;
use ledger::entitlement::Entitlement;
use ledger::instance::Instance;
use ledger::person::Grant;
use ledger::pool::Pool;
use ledger::role::{Action, Permit};
use ledger::token::Token;
use store::listing::{
    Direction, EntitlementColumn, GrantColumn, InstanceColumn, Listed, PoolColumn, Query, Test,
    TokenColumn, VirtualAccountColumn,
};
use store::{Reading, Sight, Stored as _, Value};
use wire::id::AccountId;

use super::inventory::{PoolView, in_reach, pool_views};
use super::{App, Error};

/// How many of each kind are found.
const EACH: u32 = 8;
/// Among how many lots of an order those that a right reaches are looked for.
const ORDERS: u32 = 500;
/// How few letters are too few to look for.
const FEWEST: usize = 2;

/// What was found, the first few of each kind.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Product instances, by name or identity.
    pub instances: Vec<Instance>,
    /// Pools, by the name or tag of their license.
    pub pools: Vec<PoolView>,
    /// Virtual accounts, by name.
    pub places: Vec<VirtualAccount>,
    /// ID tokens, by description or id.
    pub tokens: Vec<Token>,
    /// Entitlements, by the beginning of their order, each with its pool.
    pub orders: Vec<(Entitlement, PoolView)>,
    /// Roles of people, by the beginning of their address; only for who may see people.
    pub people: Vec<Grant>,
}

impl App {
    /// What of an account is called so; nothing for less than two letters. People are found where
    /// a right to see them is given.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn find(
        &self,
        permit: &Permit,
        people: Option<&Permit>,
        account: AccountId,
        text: &str,
    ) -> Result<Found, Error> {
        permit.allows(Action::Read, account)?;
        let text = text.trim().to_owned();
        if text.chars().count() < FEWEST {
            return Ok(Found::default());
        }
        let now = self.world.now();
        let (permit, people) = (permit.clone(), people.cloned());
        let read = move |reading: &mut Reading<'_>| {
            let orders = orders(reading, account, &permit, &text)?;
            let lots = pool_views(
                reading,
                account,
                orders.iter().map(|(_, pool)| pool.clone()).collect(),
                now,
            )?;
            let pools = reading.list(account, &pools(&permit, &text))?.rows;
            Ok(Found {
                instances: reading.list(account, &instances(&permit, &text))?.rows,
                pools: pool_views(reading, account, pools, now)?,
                places: reading.list(account, &places(&permit, &text))?.rows,
                tokens: reading.list(account, &tokens(&permit, &text))?.rows,
                orders: orders.into_iter().map(|(lot, _)| lot).zip(lots).collect(),
                people: match people {
                    Some(people) => reading.list(account, &grants(&people, &text))?.rows,
                    None => Vec::new(),
                },
            })
        };
        Ok(self.book.read(Sight::Account(account), read).await?)
    }
}

fn contains<C>(column: C, text: &str) -> Vec<(C, Test)> {
    vec![(column, Test::Contains(text.to_owned()))]
}

fn instances(permit: &Permit, text: &str) -> Query<InstanceColumn> {
    use InstanceColumn as C;
    let query = Query::all(EACH).one_of(vec![
        contains(C::Name, &text.to_lowercase()),
        contains(C::Identity, text),
        contains(C::Identity, &text.to_uppercase()),
    ]);
    let query = query.with(C::RemovedAt, Test::Is(Value::Null));
    in_reach(query, C::VirtualAccount, permit).sorted(C::Name, Direction::Up)
}

fn pools(permit: &Permit, text: &str) -> Query<PoolColumn> {
    use PoolColumn as C;
    let named = vec![contains(C::Name, &text.to_lowercase()), contains(C::Tag, text)];
    let query = Query::all(EACH).one_of(named).sorted(C::Balance, Direction::Up);
    in_reach(query, C::VirtualAccount, permit)
}

fn places(permit: &Permit, text: &str) -> Query<VirtualAccountColumn> {
    use VirtualAccountColumn as C;
    let named = Test::Contains(text.to_lowercase());
    let query = Query::all(EACH).with(C::Name, named).with(C::ArchivedAt, Test::Is(Value::Null));
    in_reach(query, C::Id, permit).sorted(C::Name, Direction::Up)
}

fn tokens(permit: &Permit, text: &str) -> Query<TokenColumn> {
    use TokenColumn as C;
    let mut any = vec![contains(C::Description, &text.to_lowercase())];
    if let Ok(id) = text.parse::<wire::id::TokenId>() {
        any.push(vec![(C::Id, Test::Is(id.store()))]);
    }
    let query = Query::all(EACH).one_of(any).sorted(C::CreatedAt, Direction::Down);
    in_reach(query, C::VirtualAccount, permit)
}

fn grants(permit: &Permit, text: &str) -> Query<GrantColumn> {
    use GrantColumn as C;
    let query = Query::all(EACH).with(C::Email, Test::Begins(text.to_lowercase()));
    let query = query.with(C::EndedAt, Test::Is(Value::Null)).sorted(C::Email, Direction::Up);
    in_reach(query, C::VirtualAccount, permit)
}

/// Lots of an order, with the pools in which they are: those that the right reaches.
fn orders(
    reading: &mut Reading<'_>,
    account: AccountId,
    permit: &Permit,
    text: &str,
) -> Result<Vec<(Entitlement, Pool)>, store::Fault> {
    let begins = Test::Begins(text.to_owned());
    // Lots do not name their virtual account: of more than are shown those in reach are kept.
    let query = Query::all(ORDERS).with(EntitlementColumn::Source, begins);
    let query: Query<<Entitlement as Listed>::Column> =
        query.sorted(EntitlementColumn::Source, Direction::Up);
    let lots = reading.list::<Entitlement>(account, &query)?.rows;
    let ids = lots.iter().map(|lot| lot.pool).collect();
    let pools = reading.pools_among(account, &ids)?;
    let pair = |lot: Entitlement| {
        let pool = pools.get(&lot.pool)?.clone();
        permit.reach().covers(pool.virtual_account).then_some((lot, pool))
    };
    Ok(lots.into_iter().filter_map(pair).take(EACH as usize).collect())
}
