//! Making and revoking ID tokens.

use wire::id::{AccountId, TokenId};
use wire::time::{Span, Timestamp};

use super::{Asked, Detail, Stop, check_text, nothing_but};
use crate::page::Page;
use crate::posting::{Effect, Posting};
use crate::refusal::Refusal;
use crate::role::Action;
use crate::token::Token;

/// Makes an ID token.
#[derive(Clone, Debug)]
pub struct CreateToken {
    /// The right and the request's id.
    pub asked: Asked,
    /// The token as it is to be. Its id is claimed already.
    pub token: Token,
}

impl CreateToken {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let token = &self.token;
        self.asked.permit.allows(Action::ManageTokens, token.account)?;
        self.asked.permit.covers(token.virtual_account)?;
        check_text("description", &token.description, 0)?;
        if token.max_uses == Some(0) {
            return Err(Refusal::Invalid {
                field: "max_uses",
                why: "must be at least 1, or left out".to_owned(),
            }
            .into());
        }
        let longest = now.plus(Span::from_days(365)).plus(Span::from_minutes(1));
        if token.expires_at <= now || token.expires_at > longest {
            return Err(Refusal::Invalid {
                field: "expires_after_days",
                why: "must be 1 to 365".to_owned(),
            }
            .into());
        }
        page.virtual_account(token.account, token.virtual_account)?
            .filter(|place| place.archived_at.is_none())
            .ok_or(Refusal::NotFound { what: "virtual account" })?;
        if page.token(token.account, token.id)?.is_some() {
            return Err(Refusal::Taken { what: "this ID token's id".to_owned() }.into());
        }
        let row = Token { uses: 0, created_at: now, revoked_at: None, ..token.clone() };
        let detail = Detail::default()
            .with("description", &row.description)
            .with("virtual_account", row.virtual_account)
            .with("expires_at", row.expires_at)
            .within(row.virtual_account);
        let event =
            self.asked.event(row.account, "token.created", row.id.to_string(), &detail, now);
        Ok(nothing_but(vec![Effect::Token(row), event]))
    }
}

/// Revokes an ID token. Instances that it bound stay bound.
#[derive(Clone, Debug)]
pub struct RevokeToken {
    /// The right and the request's id.
    pub asked: Asked,
    /// The account.
    pub account: AccountId,
    /// The token.
    pub id: TokenId,
}

impl RevokeToken {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        self.asked.permit.allows(Action::ManageTokens, self.account)?;
        page.hold_account(self.account)?;
        let token =
            page.token(self.account, self.id)?.ok_or(Refusal::NotFound { what: "ID token" })?;
        let unseen = |_| Refusal::NotFound { what: "ID token" };
        self.asked.permit.covers(token.virtual_account).map_err(unseen)?;
        if token.revoked_at.is_some() {
            return Ok(Posting::nothing());
        }
        let row = Token { revoked_at: Some(now), ..token.clone() };
        let event = self.asked.event(
            self.account,
            "token.revoked",
            row.id.to_string(),
            &Detail::default().changed("state", "usable", "revoked").within(row.virtual_account),
            now,
        );
        Ok(nothing_but(vec![Effect::Token(row), event]))
    }
}
