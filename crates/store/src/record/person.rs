//! People, their roles, sessions, links and tokens.

use ledger::house::Session;
use ledger::person::{AccessRequest, ApiToken, Grant, Letter, Link, Person, Preferences, Terms};

use super::{Record, pack, unpack};
use crate::fault::Fault;
use crate::outbox::Posted;
use crate::schema;
use crate::table::Table;
use crate::value::{Fields, Value, row};

impl Record for Session {
    const TABLE: &'static Table = &schema::SESSION;

    fn values(&self) -> Vec<Value> {
        row![
            self.token_hash,
            self.person,
            self.factors,
            self.csrf,
            self.began_at,
            self.ends_at,
            self.ended_at,
            self.proven_at,
            self.seen_at,
            self.address,
            self.browser
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self {
            token_hash: f.take()?,
            person: f.take()?,
            factors: f.take()?,
            csrf: f.take()?,
            began_at: f.take()?,
            ends_at: f.take()?,
            ended_at: f.take()?,
            proven_at: f.take()?,
            seen_at: f.take()?,
            address: f.take()?,
            browser: f.take()?,
        })
    }
}

impl Record for Person {
    const TABLE: &'static Table = &schema::PERSON;

    fn values(&self) -> Vec<Value> {
        row![
            self.id,
            self.email,
            self.email.to_lowercase(),
            self.name,
            self.state,
            self.preferences.zone,
            pack(&self.credentials),
            self.created_at,
            self.preferences.theme,
            self.preferences.dates
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let id = f.take()?;
        let email = f.take()?;
        f.skip();
        let name = f.take()?;
        let state = f.take()?;
        let zone = f.take()?;
        let credentials: Vec<u8> = f.take()?;
        let created_at = f.take()?;
        let preferences = Preferences { zone, theme: f.take()?, dates: f.take()? };
        Ok(Self {
            id,
            email,
            name,
            state,
            preferences,
            credentials: unpack(Self::TABLE, "credentials", &credentials)?,
            created_at,
        })
    }
}

impl Record for Grant {
    const TABLE: &'static Table = &schema::ROLE_GRANT;

    fn values(&self) -> Vec<Value> {
        row![
            self.account,
            self.id,
            self.person,
            self.email,
            self.email.to_lowercase(),
            self.role,
            self.virtual_account,
            self.granted_by,
            self.granted_at,
            self.ends_at,
            self.ended_at
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let account = f.take()?;
        let id = f.take()?;
        let person = f.take()?;
        let email = f.take()?;
        f.skip();
        let role = f.take()?;
        let virtual_account = f.take()?;
        let granted_by = f.take()?;
        let granted_at = f.take()?;
        let ends_at = f.take()?;
        let ended_at = f.take()?;
        Ok(Self {
            account,
            id,
            person,
            email,
            role,
            virtual_account,
            granted_by,
            granted_at,
            ends_at,
            ended_at,
        })
    }
}

impl Record for Link {
    const TABLE: &'static Table = &schema::LINK;

    fn values(&self) -> Vec<Value> {
        row![
            self.hash,
            self.purpose,
            self.person,
            self.account,
            self.credentials_version,
            self.made_at,
            self.expires_at,
            self.used_at
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self {
            hash: f.take()?,
            purpose: f.take()?,
            person: f.take()?,
            account: f.take()?,
            credentials_version: f.take()?,
            made_at: f.take()?,
            expires_at: f.take()?,
            used_at: f.take()?,
        })
    }
}

impl Record for AccessRequest {
    const TABLE: &'static Table = &schema::ACCESS_REQUEST;

    fn values(&self) -> Vec<Value> {
        row![
            self.account,
            self.id,
            self.person,
            self.email,
            self.role,
            self.virtual_account,
            self.message,
            self.state,
            self.asked_at,
            self.decided_at,
            self.decided_by
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self {
            account: f.take()?,
            id: f.take()?,
            person: f.take()?,
            email: f.take()?,
            role: f.take()?,
            virtual_account: f.take()?,
            message: f.take()?,
            state: f.take()?,
            asked_at: f.take()?,
            decided_at: f.take()?,
            decided_by: f.take()?,
        })
    }
}

impl Record for ApiToken {
    const TABLE: &'static Table = &schema::API_TOKEN;

    fn values(&self) -> Vec<Value> {
        row![
            self.hash,
            self.id,
            self.kind,
            self.person,
            self.account,
            self.name,
            self.bounds,
            self.made_at,
            self.expires_at,
            self.revoked_at
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self {
            hash: f.take()?,
            id: f.take()?,
            kind: f.take()?,
            person: f.take()?,
            account: f.take()?,
            name: f.take()?,
            bounds: f.take()?,
            made_at: f.take()?,
            expires_at: f.take()?,
            revoked_at: f.take()?,
        })
    }
}

impl Record for Terms {
    const TABLE: &'static Table = &schema::TERMS;

    fn values(&self) -> Vec<Value> {
        row![self.version, self.title, self.text, self.published_at]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self { version: f.take()?, title: f.take()?, text: f.take()?, published_at: f.take()? })
    }
}

impl Record for Posted {
    const TABLE: &'static Table = &schema::LETTER;

    fn values(&self) -> Vec<Value> {
        let letter = &self.letter;
        row![
            letter.account,
            letter.id,
            letter.to,
            letter.subject,
            letter.sealed_text,
            letter.queued_at,
            self.attempts,
            self.due_at,
            self.done_at,
            self.last_error
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let letter = Letter {
            account: f.take()?,
            id: f.take()?,
            to: f.take()?,
            subject: f.take()?,
            sealed_text: f.take()?,
            queued_at: f.take()?,
        };
        Ok(Self {
            letter,
            attempts: f.take()?,
            due_at: f.take()?,
            done_at: f.take()?,
            last_error: f.take()?,
        })
    }
}
