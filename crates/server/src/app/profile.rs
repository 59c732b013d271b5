//! What the documented profile asks for in one go where our own lists have pages.
//!
//! Everything is computed over what the asker may see: the permits and their reach decide.

use std::collections::BTreeMap;

use ledger::account::{Account, AccountKind, VirtualAccount};
use ledger::entitlement::Entitlement;
use ledger::house::HOUSE;
use ledger::instance::Instance;
use ledger::refusal::Refusal;
use ledger::role::{Action, Actor, Member, Permit, Reach, Role, Scope, permit};
use ledger::token::Token;
use store::listing::{Direction, Query, Test, TokenColumn, VirtualAccountColumn};
use store::{Reading, Sight};
use wire::id::{AccountId, InstanceId, PoolId, VirtualAccountId};
use wire::token::IdToken;

use super::accounts::reads_account;
use super::inventory::{PoolView, in_reach, pool_views};
use super::tokens::ShownToken;
use super::{App, Ask, Error};

/// How many rows are read at once.
const PAGE: u32 = 500;
/// How many pages are read at most: what asks for everything gets at most 50,000 rows.
const PAGES: u32 = 100;

/// Which accounts are asked for; an empty text matches all.
#[derive(Clone, Debug, Default)]
pub struct AccountSearch {
    /// A part of the name.
    pub name: String,
    /// A part of the domain.
    pub domain: String,
    /// Of this kind only.
    pub kind: Option<AccountKind>,
}

impl AccountSearch {
    fn matches(&self, account: &Account) -> bool {
        let part =
            |whole: &str, part: &str| whole.to_lowercase().contains(&part.trim().to_lowercase());
        let kind = self.kind.is_none_or(|kind| match account.kind {
            AccountKind::Holding => kind == AccountKind::Holding,
            _ => kind != AccountKind::Holding,
        });
        kind && part(&account.name, &self.name) && part(&account.domain, &self.domain)
    }
}

impl App {
    /// The accounts that a person sees, each with the right to see it.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn accounts_seen(
        &self,
        member: &Member,
        search: &AccountSearch,
    ) -> Result<Vec<(Account, Permit)>, Error> {
        let of_the_house =
            |grant: &ledger::person::Grant| grant.account == HOUSE && grant.role == Role::Operator;
        let candidates = if member.grants().iter().any(of_the_house) {
            self.every_account().await?
        } else {
            self.accounts_of(member.person()).await?
        };
        let actor = Actor::Person(Box::new(member.clone()));
        let mut seen = Vec::new();
        for account in candidates.into_iter().filter(|one| search.matches(one)) {
            let may = permit(&actor, Action::ReadAccount, Scope::Account(account.id));
            if let Ok(permit) = may {
                seen.push((account, permit));
            }
        }
        Ok(seen)
    }

    async fn every_account(&self) -> Result<Vec<Account>, Error> {
        let mut all: Vec<Account> = Vec::new();
        for _ in 0..PAGES {
            let after = all.last().map(|last| (last.name.to_lowercase(), last.id));
            let (name, id) = after.unwrap_or((String::new(), AccountId::from_bytes([0; 16])));
            let read = move |r: &mut Reading<'_>| r.accounts_after((&name, id), PAGE);
            let page = self.book.read(Sight::House, read).await?;
            let last = page.len() < PAGE as usize;
            all.extend(page);
            if last {
                break;
            }
        }
        all.retain(|account| account.id != HOUSE);
        Ok(all)
    }

    /// The virtual accounts in use that a right reaches, by name.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn virtual_accounts_seen(
        &self,
        permit: &Permit,
        account: AccountId,
    ) -> Result<Vec<VirtualAccount>, Error> {
        reads_account(permit, account)?;
        let reach = permit.reach().clone();
        let read = move |reading: &mut Reading<'_>| {
            let mut all = match reach {
                Reach::Whole => reading.list(account, &Query::all(PAGE * PAGES))?.rows,
                Reach::Only(these) => {
                    reading.virtual_accounts_among(account, &these)?.into_values().collect()
                }
            };
            all.retain(|one: &VirtualAccount| one.archived_at.is_none());
            all.sort_by_cached_key(|one| (one.name.to_lowercase(), one.id));
            Ok(all)
        };
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// The virtual account of a name, regardless of case, if the right reaches it.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn virtual_account_named(
        &self,
        permit: &Permit,
        account: AccountId,
        name: &str,
    ) -> Result<VirtualAccount, Error> {
        permit.allows(permit.action(), account)?;
        let folded = name.trim().to_lowercase();
        // The whole name sorts before all that it begins.
        let query = Query::all(1)
            .sorted(VirtualAccountColumn::Name, Direction::Up)
            .with(VirtualAccountColumn::Name, Test::Begins(folded.clone()));
        let query = in_reach(query, VirtualAccountColumn::Id, permit);
        let read = move |reading: &mut Reading<'_>| reading.list::<VirtualAccount>(account, &query);
        let found = self.book.read(Sight::Account(account), read).await?.rows.into_iter().next();
        let found = found.filter(|one| one.name.to_lowercase() == folded);
        Ok(found.ok_or(Refusal::NotFound { what: "virtual account" })?)
    }

    /// A part of the pools that a right reaches, in some virtual accounts or in all, by the names of
    /// virtual account and license, each with its lots; and how many pools there are. Only the part
    /// is read whole.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn pools_by_name(
        &self,
        permit: &Permit,
        account: AccountId,
        places: Vec<Option<VirtualAccountId>>,
        part: impl FnOnce(Vec<PoolId>) -> Vec<PoolId> + Send + 'static,
    ) -> Result<(usize, Vec<(PoolView, Vec<Entitlement>)>), Error> {
        permit.allows(Action::Read, account)?;
        let (reach, now) = (permit.reach().clone(), self.world.now());
        let places = within_reach(places, &reach);
        let read = move |reading: &mut Reading<'_>| {
            let mut found = Vec::new();
            for place in places {
                found.extend(reading.pool_names(account, place, PAGE * PAGES)?);
            }
            found.retain(|one| reach.covers(one.virtual_account));
            let licenses = found.iter().map(|one| one.tag.clone()).collect();
            let licenses = reading.licenses_among(&licenses)?;
            let names = reading.virtual_accounts_among(
                account,
                &found.iter().map(|one| one.virtual_account).collect(),
            )?;
            let folded: BTreeMap<_, _> =
                names.iter().map(|(id, one)| (*id, one.name.to_lowercase())).collect();
            // An order that does not change while a client takes one part after the other.
            found.sort_by_cached_key(|one| {
                let license = licenses.get(&one.tag).map(|license| license.name.to_lowercase());
                let license = license.unwrap_or_else(|| one.tag.short_name().to_lowercase());
                (folded.get(&one.virtual_account), license, one.pool)
            });
            let total = found.len();
            let wanted = part(found.into_iter().map(|one| one.pool).collect());
            let ids = wanted.iter().copied().collect();
            let mut pools = reading.pools_among(account, &ids)?;
            let mut lots = reading.entitlements_among(account, &ids)?;
            let pools = wanted.iter().filter_map(|id| pools.remove(id)).collect();
            let views = pool_views(reading, account, pools, now)?.into_iter();
            let with_lots = |view: PoolView| {
                let lots = lots.remove(&view.pool.id).unwrap_or_default();
                (view, lots)
            };
            Ok((total, views.map(with_lots).collect()))
        };
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// A part of the product instances that a right reaches, in some virtual accounts or in all, in
    /// order of ids, each with its virtual account; and how many there are. Only the part is read
    /// whole.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn instances_by_id(
        &self,
        permit: &Permit,
        account: AccountId,
        places: Vec<Option<VirtualAccountId>>,
        part: impl FnOnce(Vec<InstanceId>) -> Vec<InstanceId> + Send + 'static,
    ) -> Result<(usize, Vec<(Instance, Option<VirtualAccount>)>), Error> {
        permit.allows(Action::Read, account)?;
        let reach = permit.reach().clone();
        let places = within_reach(places, &reach);
        let read = move |reading: &mut Reading<'_>| {
            let mut found = Vec::new();
            for place in places {
                found.extend(reading.instance_places(account, place, PAGE * PAGES)?);
            }
            found.retain(|(_, place)| reach.covers(*place));
            found.sort_unstable();
            let total = found.len();
            let wanted = part(found.into_iter().map(|(id, _)| id).collect());
            let instances = reading.instances_among(account, &wanted.into_iter().collect())?;
            let places = instances.values().map(Instance::virtual_account).collect();
            let places = reading.virtual_accounts_among(account, &places)?;
            let with_place = |one: Instance| {
                let place = places.get(&one.virtual_account()).cloned();
                (one, place)
            };
            Ok((total, instances.into_values().map(with_place).collect()))
        };
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// The ID tokens of a virtual account that still bind, the newest first, with their texts: for
    /// who may make them.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn tokens_with_texts(
        &self,
        permit: &Permit,
        account: AccountId,
        place: VirtualAccountId,
    ) -> Result<Vec<ShownToken>, Error> {
        permit.allows(Action::ManageTokens, account)?;
        permit.covers(place)?;
        let query = Query::all(PAGE)
            .sorted(TokenColumn::CreatedAt, Direction::Down)
            .is(TokenColumn::VirtualAccount, place);
        let read = move |reading: &mut Reading<'_>| reading.list::<Token>(account, &query);
        let found = self.book.read(Sight::Account(account), read).await?.rows;
        let now = self.world.now();
        let binding = found.into_iter().filter(|token| token.admits(now).is_ok());
        let shown =
            binding.map(|token| ShownToken { text: self.keys.reveal(&token.sealed_text), token });
        Ok(shown.collect())
    }

    /// Revokes the ID token of a text, if it is of this virtual account.
    ///
    /// # Errors
    /// `permit.denied`, `not_found` for any other text, faults of the store.
    pub async fn revoke_token_of(
        &self,
        ask: &Ask,
        account: AccountId,
        place: VirtualAccountId,
        text: &str,
    ) -> Result<(), Error> {
        let unknown = || Error::from(Refusal::NotFound { what: "ID token" });
        let named: IdToken = text.trim().parse().map_err(|_| unknown())?;
        let shown = self.token(&ask.permit, account, named.id).await?;
        if shown.token.virtual_account != place || shown.token.secret_hash != named.secret_hash() {
            return Err(unknown());
        }
        self.revoke_token(ask, account, named.id).await
    }
}

/// All virtual accounts are those within reach, so that no bound is used up by others.
fn within_reach(
    places: Vec<Option<VirtualAccountId>>,
    reach: &Reach,
) -> Vec<Option<VirtualAccountId>> {
    match reach {
        Reach::Only(these) if places.contains(&None) => these.iter().copied().map(Some).collect(),
        _ => places,
    }
}
