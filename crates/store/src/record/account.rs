//! Accounts, virtual accounts, licenses, ID tokens, and the house's rows.

use ledger::account::{Account, VirtualAccount};
use ledger::house::{Claim, HouseFact};
use ledger::license::License;
use ledger::token::Token;

use super::{Record, pack, unpack};
use crate::fault::Fault;
use crate::schema;
use crate::table::Table;
use crate::value::{Fields, Value, row};

impl Record for Account {
    const TABLE: &'static Table = &schema::ACCOUNT;

    fn values(&self) -> Vec<Value> {
        let folded = self.name.to_lowercase();
        row![
            self.id,
            self.number,
            self.name,
            folded,
            self.domain,
            pack(&self.policy),
            self.created_at,
            self.kind,
            self.state,
            self.country,
            self.approver,
            self.reason,
            self.terms_version,
            self.terms_accepted_at,
            self.revision
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let (id, number, name) = (f.take()?, f.take()?, f.take()?);
        f.skip();
        let (domain, policy): (_, Vec<u8>) = (f.take()?, f.take()?);
        let policy = unpack(Self::TABLE, "policy", &policy)?;
        Ok(Self {
            id,
            number,
            name,
            domain,
            policy,
            created_at: f.take()?,
            kind: f.take()?,
            state: f.take()?,
            country: f.take()?,
            approver: f.take()?,
            reason: f.take()?,
            terms_version: f.take()?,
            terms_accepted_at: f.take()?,
            revision: f.take()?,
        })
    }
}

impl Record for VirtualAccount {
    const TABLE: &'static Table = &schema::VIRTUAL_ACCOUNT;

    fn values(&self) -> Vec<Value> {
        let folded = self.name.to_lowercase();
        row![
            self.account,
            self.id,
            self.number,
            self.name,
            folded,
            self.description,
            self.default,
            self.created_at,
            pack(&self.tags),
            self.archived_at,
            self.revision
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let (account, id, number, name) = (f.take()?, f.take()?, f.take()?, f.take()?);
        f.skip();
        let (description, default, created_at) = (f.take()?, f.take()?, f.take()?);
        let tags: Vec<u8> = f.take()?;
        Ok(Self {
            account,
            id,
            number,
            name,
            description,
            default,
            created_at,
            tags: unpack(Self::TABLE, "tags", &tags)?,
            archived_at: f.take()?,
            revision: f.take()?,
        })
    }
}

impl Record for License {
    const TABLE: &'static Table = &schema::LICENSE;

    fn values(&self) -> Vec<Value> {
        let folded = self.name.to_lowercase();
        row![
            self.tag,
            self.id,
            self.name,
            folded,
            self.description,
            self.enforcement,
            self.kind,
            self.concern,
            self.changed_at
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let (tag, id, name) = (f.take()?, f.take()?, f.take()?);
        f.skip();
        Ok(Self {
            id,
            tag,
            name,
            description: f.take()?,
            enforcement: f.take()?,
            kind: f.take()?,
            concern: f.take()?,
            changed_at: f.take()?,
        })
    }
}

impl Record for Token {
    const TABLE: &'static Table = &schema::TOKEN;

    fn values(&self) -> Vec<Value> {
        row![
            self.account,
            self.id,
            self.virtual_account,
            self.description,
            self.secret_hash,
            self.sealed_text,
            self.expires_at,
            self.max_uses,
            self.uses,
            self.export_controlled,
            self.created_by,
            self.created_at,
            self.revoked_at,
            self.description.to_lowercase()
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self {
            account: f.take()?,
            id: f.take()?,
            virtual_account: f.take()?,
            description: f.take()?,
            secret_hash: f.take()?,
            sealed_text: f.take()?,
            expires_at: f.take()?,
            max_uses: f.take()?,
            uses: f.take()?,
            export_controlled: f.take()?,
            created_by: f.take()?,
            created_at: f.take()?,
            revoked_at: f.take()?,
        })
    }
}

impl Record for Claim {
    const TABLE: &'static Table = &schema::CLAIM;

    fn values(&self) -> Vec<Value> {
        row![self.kind, self.value, self.account, self.owner, self.claimed_at]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self {
            kind: f.take()?,
            value: f.take()?,
            account: f.take()?,
            owner: f.take()?,
            claimed_at: f.take()?,
        })
    }
}

impl Record for HouseFact {
    const TABLE: &'static Table = &schema::HOUSE_FACT;

    fn values(&self) -> Vec<Value> {
        row![self.name, self.value, self.changed_at]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self { name: f.take()?, value: f.take()?, changed_at: f.take()? })
    }
}
