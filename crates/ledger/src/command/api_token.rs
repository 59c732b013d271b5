//! API tokens and clients: made, exchanged, revoked. A token never gives more than its owner has.

use wire::id::{AccountId, ApiTokenId};
use wire::time::{Span, Timestamp};

use super::person::Own;
use super::{Asked, Detail, Stop, check_text, nothing_but};
use crate::account::AccountKind;
use crate::house::HOUSE;
use crate::page::Page;
use crate::person::{ApiToken, ApiTokenKind};
use crate::posting::{Effect, Posting};
use crate::refusal::Refusal;
use crate::role::{Action, Actor};

/// For how long a token may be made at most.
pub const LONGEST: Span = Span::from_days(366);

/// By which right a token is made or revoked.
#[derive(Clone, Debug)]
pub enum Maker {
    /// A person's own, in a fresh session of theirs, by SHA-256 of its token.
    Own(Own, [u8; 32]),
    /// An account's API client.
    Client(Asked),
}

impl Maker {
    /// The request by right of a role, if it is one.
    pub(super) fn asked(&self) -> Option<&Asked> {
        match self {
            Self::Own(..) => None,
            Self::Client(asked) => Some(asked),
        }
    }
}

/// Makes a personal token, or a secret of an API client.
#[derive(Clone, Debug)]
pub struct MakeApiToken {
    /// By which right.
    pub maker: Maker,
    /// The token as it is to be.
    pub token: ApiToken,
}

impl MakeApiToken {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let token = &self.token;
        check_text("name", &token.name, 1)?;
        if token.expires_at <= now || token.expires_at > now.plus(LONGEST) {
            let why = "must be 1 to 366".to_owned();
            return Err(Refusal::Invalid { field: "expires_after_days", why }.into());
        }
        let row = ApiToken { made_at: now, revoked_at: None, ..token.clone() };
        let detail = Detail::default()
            .with("name", &row.name)
            .with("bounds", row.bounds.words())
            .with("expires_at", row.expires_at);
        let subject = row.id.to_string();
        let event = match &self.maker {
            Maker::Own(own, session) => {
                confirm_own(page, own, *session, &row, now)?;
                own.event(HOUSE, "api_token.made", subject, &detail, now)
            }
            Maker::Client(asked) => {
                self.confirm_client(page, asked)?;
                asked.event(row.account, "api_client.made", subject, &detail, now)
            }
        };
        Ok(nothing_but(vec![Effect::ApiToken(row), event]))
    }

    fn confirm_client(&self, page: &Page, asked: &Asked) -> Result<(), Stop> {
        let token = &self.token;
        asked.permit.allows(Action::ManageClients, token.account)?;
        let Actor::Person(member) = asked.permit.actor() else {
            let why =
                "must be made by a person, whose rights it then has: sign in as one".to_owned();
            return Err(Refusal::Invalid { field: "client", why }.into());
        };
        if token.bounds.within(member.bounds()) != token.bounds {
            let why =
                format!("must be within what you ask with yourself: {}", member.bounds().words());
            return Err(Refusal::Invalid { field: "scope", why }.into());
        }
        let fits = token.kind == ApiTokenKind::ClientSecret && member.person() == token.person;
        let account = page.account(token.account)?.ok_or(Refusal::NotFound { what: "account" })?;
        if account.kind == AccountKind::LimitedUse {
            return Err(Refusal::AccountLimited { most: 0, what: "API clients" }.into());
        }
        if fits { Ok(()) } else { Err(Refusal::NotFound { what: "API client" }.into()) }
    }
}

/// A personal token is its maker's own, and made in a fresh session of theirs.
fn confirm_own(
    page: &Page,
    own: &Own,
    session: [u8; 32],
    token: &ApiToken,
    now: Timestamp,
) -> Result<(), Stop> {
    let person = page.person(own.person)?.ok_or(Refusal::NotFound { what: "person" })?;
    let session = page.session(session)?.filter(|one| one.signs_in(person, now));
    let theirs = token.kind == ApiTokenKind::Personal && token.person == own.person;
    if !theirs || !session.is_some_and(|session| session.is_fresh(now)) {
        return Err(Refusal::StepUp.into());
    }
    Ok(())
}

/// Makes a short-lived access token for who showed a personal token or a client's secret.
#[derive(Clone, Debug)]
pub struct ExchangeToken {
    /// SHA-256 of what was shown.
    pub shown: [u8; 32],
    /// The access token as it is to be; it ends no later than what was shown.
    pub access: ApiToken,
}

impl ExchangeToken {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let shown = page.api_token(self.shown)?.filter(|one| one.works(now));
        let shown = shown.ok_or(Refusal::NotShown)?;
        let access = ApiToken {
            id: shown.id,
            kind: ApiTokenKind::Access,
            person: shown.person,
            account: shown.account,
            name: shown.name.clone(),
            made_at: now,
            expires_at: self.access.expires_at.min(shown.expires_at),
            revoked_at: None,
            bounds: self.access.bounds.within(&shown.bounds),
            ..self.access.clone()
        };
        Ok(nothing_but(vec![Effect::ApiToken(access)]))
    }
}

/// Revokes a token: personal, a client's secret, or an access token.
#[derive(Clone, Debug)]
pub struct RevokeApiToken {
    /// By which right. A person needs no fresh proof to give up what is theirs.
    pub maker: Maker,
    /// SHA-256 of its text.
    pub hash: [u8; 32],
    /// Its id, or its client's.
    pub id: ApiTokenId,
    /// The account of a client; the house's id for a person's own.
    pub account: AccountId,
}

impl RevokeApiToken {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let not_found = || Refusal::NotFound { what: "API token" };
        let token = page.api_token(self.hash)?.filter(|one| one.id == self.id);
        let token = token.ok_or_else(not_found)?;
        let detail = Detail::default().with("name", &token.name);
        let subject = token.id.to_string();
        let event = match &self.maker {
            Maker::Own(own, _) => {
                if token.person != own.person {
                    return Err(not_found().into());
                }
                own.event(HOUSE, "api_token.revoked", subject, &detail, now)
            }
            Maker::Client(asked) => {
                asked.permit.allows(Action::ManageClients, self.account)?;
                if token.account != self.account || self.account == HOUSE {
                    return Err(not_found().into());
                }
                asked.event(self.account, "api_client.revoked", subject, &detail, now)
            }
        };
        if token.revoked_at.is_some() {
            return Ok(Posting::nothing());
        }
        let row = ApiToken { revoked_at: Some(now), ..token.clone() };
        Ok(nothing_but(vec![Effect::ApiToken(row), event]))
    }
}
