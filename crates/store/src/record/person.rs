//! People, their roles, sessions, links and tokens.

use ledger::house::Session;
use ledger::person::{AccessRequest, ApiToken, Grant, Letter, Link, Person, Terms};

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
        let token_hash = f.take()?;
        let person = f.take()?;
        let factors = f.take()?;
        let csrf = f.take()?;
        let began_at = f.take()?;
        let ends_at = f.take()?;
        let ended_at = f.take()?;
        let proven_at = f.take()?;
        let seen_at = f.take()?;
        let address = f.take()?;
        let browser = f.take()?;
        Ok(Self {
            token_hash,
            person,
            factors,
            csrf,
            began_at,
            ends_at,
            ended_at,
            proven_at,
            seen_at,
            address,
            browser,
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
            self.zone,
            pack(&self.credentials),
            self.created_at
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
        Ok(Self {
            id,
            email,
            name,
            state,
            zone,
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
        let hash = f.take()?;
        let purpose = f.take()?;
        let person = f.take()?;
        let account = f.take()?;
        let credentials_version = f.take()?;
        let made_at = f.take()?;
        let expires_at = f.take()?;
        let used_at = f.take()?;
        Ok(Self {
            hash,
            purpose,
            person,
            account,
            credentials_version,
            made_at,
            expires_at,
            used_at,
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
        let account = f.take()?;
        let id = f.take()?;
        let person = f.take()?;
        let email = f.take()?;
        let role = f.take()?;
        let virtual_account = f.take()?;
        let message = f.take()?;
        let state = f.take()?;
        let asked_at = f.take()?;
        let decided_at = f.take()?;
        let decided_by = f.take()?;
        Ok(Self {
            account,
            id,
            person,
            email,
            role,
            virtual_account,
            message,
            state,
            asked_at,
            decided_at,
            decided_by,
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
        let hash = f.take()?;
        let id = f.take()?;
        let kind = f.take()?;
        let person = f.take()?;
        let account = f.take()?;
        let name = f.take()?;
        let bounds = f.take()?;
        let made_at = f.take()?;
        let expires_at = f.take()?;
        let revoked_at = f.take()?;
        Ok(Self { hash, id, kind, person, account, name, bounds, made_at, expires_at, revoked_at })
    }
}

impl Record for Terms {
    const TABLE: &'static Table = &schema::TERMS;

    fn values(&self) -> Vec<Value> {
        row![self.version, self.title, self.text, self.published_at]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let version = f.take()?;
        let title = f.take()?;
        let text = f.take()?;
        let published_at = f.take()?;
        Ok(Self { version, title, text, published_at })
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
