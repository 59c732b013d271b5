//! Reading what a virtual account holds.

use wire::id::{AccountId, EntitlementId, InstanceId, TokenId, VirtualAccountId};
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use crate::fault::Fault;
use crate::read::Reading;
use crate::value::{Stored as _, Value, row};

/// What a virtual account holds that can go to another one, or some of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Holdings {
    /// Its product instances.
    pub instances: Vec<InstanceId>,
    /// Its entitlements of which something is free, now or in future, each with its license.
    pub entitlements: Vec<(EntitlementTag, EntitlementId)>,
    /// Its ID tokens that can still be used.
    pub tokens: Vec<TokenId>,
}

/// How much a virtual account holds that can go to another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HoldingCounts {
    /// Product instances.
    pub instances: u64,
    /// Entitlements of which something is free, now or in future.
    pub entitlements: u64,
    /// ID tokens that can still be used.
    pub tokens: u64,
}

/// How many uses a product instance has, more than nearly all have.
const USES: i64 = 4;
/// Counts are exact up to here.
const COUNTED: u32 = 10_000;

const INSTANCES: &str = "instance WHERE account_id = $1 AND virtual_account_id = $2";
const ENTITLEMENTS: &str = "pool p JOIN entitlement e ON e.account_id = p.account_id \
    AND e.pool_id = p.pool_id WHERE p.account_id = $1 AND p.virtual_account_id = $2 \
    AND e.future + e.available > 0";
const TOKENS: &str = "token WHERE account_id = $1 AND virtual_account_id = $2 \
    AND revoked_at IS NULL AND expires_at > $3";

impl Reading<'_> {
    /// The first things that a virtual account holds: tokens before all, so that nothing comes
    /// after, then entitlements, then product instances; `most` in all, and no more instances than
    /// have four uses for each of these.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn holdings(
        &mut self,
        account: AccountId,
        place: VirtualAccountId,
        now: Timestamp,
        most: u32,
    ) -> Result<Holdings, Fault> {
        let mut found = Holdings::default();
        if !self.sees(&account.store()) {
            return Ok(found);
        }
        let sql = format!("SELECT token_id FROM {TOKENS} ORDER BY token_id LIMIT $4");
        let rows = self.query(&sql, &row![account, place, now, most])?;
        found.tokens = rows.into_iter().filter_map(|row| TokenId::load(first(row)?)).collect();
        let room = left(most, found.tokens.len());
        let sql = format!(
            "SELECT p.tag, e.entitlement_id FROM {ENTITLEMENTS} \
             ORDER BY p.tag, e.entitlement_id LIMIT $3"
        );
        let rows = self.query(&sql, &row![account, place, room])?;
        let pair = |row: Vec<Value>| {
            let mut row = row.into_iter();
            Some((EntitlementTag::load(row.next()?)?, EntitlementId::load(row.next()?)?))
        };
        found.entitlements = rows.into_iter().filter_map(pair).collect();
        let room = left(room, found.entitlements.len());
        let sql = format!(
            "SELECT instance_id, (SELECT COUNT(*) FROM license_use u \
               WHERE u.account_id = instance.account_id AND u.instance_id = instance.instance_id) \
             FROM {INSTANCES} ORDER BY instance_id LIMIT $3"
        );
        let rows = self.query(&sql, &row![account, place, room])?;
        let pair = |row: Vec<Value>| {
            let mut row = row.into_iter();
            Some((InstanceId::load(row.next()?)?, i64::load(row.next()?)?))
        };
        let mut uses = 0;
        for (instance, count) in rows.into_iter().filter_map(pair) {
            uses += count;
            if uses > i64::from(most) * USES && !found.instances.is_empty() {
                break;
            }
            found.instances.push(instance);
        }
        Ok(found)
    }

    /// How much a virtual account holds that can go to another one: exact up to 10,000 of a kind,
    /// one more than that if there is more.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn holding_counts(
        &mut self,
        account: AccountId,
        place: VirtualAccountId,
        now: Timestamp,
    ) -> Result<HoldingCounts, Fault> {
        if !self.sees(&account.store()) {
            return Ok(HoldingCounts::default());
        }
        let mut count = |from: &str, values: &[Value]| {
            let sql = format!(
                "SELECT COUNT(*) FROM (SELECT 1 AS one FROM {from} LIMIT {}) AS found",
                COUNTED + 1
            );
            let counted = self.number(&sql, values)?;
            Ok::<_, Fault>(u64::try_from(counted).unwrap_or(0))
        };
        Ok(HoldingCounts {
            instances: count(INSTANCES, &row![account, place])?,
            entitlements: count(ENTITLEMENTS, &row![account, place])?,
            tokens: count(TOKENS, &row![account, place, now])?,
        })
    }

    /// What a virtual account still holds: nothing, if it may be archived.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn occupant(
        &mut self,
        account: AccountId,
        place: VirtualAccountId,
        now: Timestamp,
    ) -> Result<Option<&'static str>, Fault> {
        let questions = [
            ("product instances", "instance WHERE account_id = $1 AND virtual_account_id = $2", ""),
            (
                "licenses",
                "pool WHERE account_id = $1 AND virtual_account_id = $2",
                " AND (future + available + reserved + delegated + in_transfer <> 0 OR used <> 0 OR used_unverified <> 0)",
            ),
            (
                "ID tokens that can be used",
                "token WHERE account_id = $1 AND virtual_account_id = $2 AND revoked_at IS NULL AND expires_at > $3",
                "",
            ),
        ];
        for (what, from, more) in questions {
            let mut values = row![account, place];
            if from.contains("$3") {
                values.extend(row![now]);
            }
            let sql = format!(
                "SELECT COUNT(*) FROM (SELECT 1 AS one FROM {from}{more} LIMIT 1) AS found"
            );
            if self.number(&sql, &values)? > 0 {
                return Ok(Some(what));
            }
        }
        Ok(None)
    }
}

fn first(row: Vec<Value>) -> Option<Value> {
    row.into_iter().next()
}

fn left(most: u32, taken: usize) -> u32 {
    most.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX))
}
