//! Finding product instances by what people call them: names, serial numbers, UDIs.

use std::collections::{BTreeMap, BTreeSet};

use wire::id::{AccountId, InstanceId};

use crate::fault::Fault;
use crate::read::Reading;
use crate::value::{Stored as _, Value, row};

/// How many identities are looked at in one round.
const ROUND: u32 = 10_000;

impl Reading<'_> {
    /// The product instances that some words mean, each word in lower case: a name of now, a whole
    /// identity such as `p:c9300-24ux,s:fcw1`, or its serial number, UUID or SUVI alone; of a stack
    /// any member's. A word that means none is left out.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn instances_called(
        &mut self,
        account: AccountId,
        words: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, BTreeSet<InstanceId>>, Fault> {
        let mut found = BTreeMap::new();
        if !self.sees(&account.store()) || words.is_empty() {
            return Ok(found);
        }
        self.by_names(account, words, &mut found)?;
        self.by_identities(account, words, &mut found)?;
        Ok(found)
    }

    fn by_names(
        &mut self,
        account: AccountId,
        words: &BTreeSet<String>,
        found: &mut BTreeMap<String, BTreeSet<InstanceId>>,
    ) -> Result<(), Fault> {
        let select = "SELECT name_folded, instance_id FROM instance WHERE account_id = $1 \
                      AND {among}";
        // PostgreSQL takes no NUL as a value, and no name holds one.
        let named = words.iter().filter(|word| !word.contains('\0'));
        let words: Vec<Value> = named.map(|word| word.clone().store()).collect();
        let rows = self.among(select, &[account.store()], "name_folded", &words)?;
        for (name, instance) in rows.into_iter().filter_map(pair) {
            found.entry(name).or_default().insert(instance);
        }
        Ok(())
    }

    /// No index holds serial numbers alone: the account's identities are walked through once,
    /// however many words there are.
    fn by_identities(
        &mut self,
        account: AccountId,
        words: &BTreeSet<String>,
        found: &mut BTreeMap<String, BTreeSet<InstanceId>>,
    ) -> Result<(), Fault> {
        let sql = "SELECT identity, instance_id FROM identity WHERE account_id = $1 \
                   AND identity > $2 ORDER BY identity LIMIT $3";
        let mut after = String::new();
        loop {
            let rows = self.query(sql, &row![account, after.clone(), ROUND])?;
            let whole = rows.len();
            for (identity, instance) in rows.into_iter().filter_map(pair) {
                let folded = identity.to_lowercase();
                for word in [folded.as_str(), alone(&folded)] {
                    if words.contains(word) {
                        found.entry(word.to_owned()).or_default().insert(instance);
                    }
                }
                after = identity;
            }
            if whole < ROUND as usize {
                return Ok(());
            }
        }
    }
}

/// What of an identity is written on a device: its serial number, UUID or SUVI. A comma in a
/// product id is escaped, so the first is the one before the serial number.
fn alone(folded: &str) -> &str {
    let serial = folded.split_once(",s:").or_else(|| folded.split_once(':'));
    serial.map_or(folded, |(_, serial)| serial)
}

fn pair(row: Vec<Value>) -> Option<(String, InstanceId)> {
    let mut row = row.into_iter();
    Some((String::load(row.next()?)?, InstanceId::load(row.next()?)?))
}
