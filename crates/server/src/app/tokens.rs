//! Makes, shows and revokes ID tokens, and revokes device keys.

use ledger::command::{Command, CreateToken, RevokeKey, RevokeToken};
use ledger::house::ClaimKind;
use ledger::refusal::Refusal;
use ledger::role::{Action, Permit};
use ledger::token::{ExportControlled, Token};
use store::Sight;
use store::listing::{Cursor, Direction, Query, Rows, TokenColumn};
use wire::id::{AccountId, TokenId, VirtualAccountId};
use wire::key::KeyId;
use wire::time::Span;
use wire::token::IdToken;

use super::inventory::in_reach;
use super::{App, Ask, Error};

/// What a new ID token is to be.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Where it places instances.
    pub virtual_account: VirtualAccountId,
    /// What it is for.
    pub description: String,
    /// After how many days it stops binding: 1 to 365.
    pub expires_after_days: u32,
    /// How many instances it may bind; `None` for any number.
    pub max_uses: Option<u32>,
    /// Whether its instances may hold export-controlled licenses.
    pub export_controlled: ExportControlled,
}

/// An ID token with its text.
#[derive(Clone, Debug)]
pub struct ShownToken {
    /// The token.
    pub token: Token,
    /// Its text, for those who may make tokens; `None` if it cannot be opened on this node.
    pub text: Option<String>,
}

impl App {
    /// Makes an ID token and shows its text.
    ///
    /// # Errors
    /// `permit.denied`, `value.invalid`, `not_found`, faults of the store.
    pub async fn create_token(
        &self,
        ask: &Ask,
        account: AccountId,
        new: NewToken,
    ) -> Result<ShownToken, Error> {
        ask.permit.allows(Action::ManageTokens, account)?;
        let id = TokenId::derive(&[account.as_bytes(), ask.request.as_bytes()]);
        let text = IdToken { id, secret: self.world.random(), realm: self.keys.realm };
        let now = self.world.now();
        let token = Token {
            account,
            id,
            virtual_account: new.virtual_account,
            description: new.description,
            secret_hash: text.secret_hash(),
            sealed_text: self.keys.hide(&text.to_string(), &self.world),
            expires_at: now.plus(Span::from_days(i64::from(new.expires_after_days))),
            max_uses: new.max_uses,
            uses: 0,
            export_controlled: new.export_controlled,
            created_by: ask.permit.actor().words().to_owned(),
            created_at: now,
            revoked_at: None,
        };
        self.claim(ClaimKind::Token, id.to_string(), account, *id.as_bytes()).await?;
        let command = Command::CreateToken(CreateToken { asked: ask.asked(), token });
        let asked = self.ask(ask, command).await;
        self.or_release(asked, &[*id.as_bytes()]).await?;
        self.show(account, id).await
    }

    async fn show(&self, account: AccountId, id: TokenId) -> Result<ShownToken, Error> {
        let found = self
            .book
            .read(Sight::Account(account), move |reading| reading.token(account, id))
            .await?;
        let token = found.ok_or(Refusal::NotFound { what: "ID token" })?;
        Ok(ShownToken { text: self.keys.reveal(&token.sealed_text), token })
    }

    /// An ID token with its text.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn token(
        &self,
        permit: &Permit,
        account: AccountId,
        id: TokenId,
    ) -> Result<ShownToken, Error> {
        permit.allows(Action::ManageTokens, account)?;
        let shown = self.show(account, id).await?;
        let unseen = |_| Refusal::NotFound { what: "ID token" };
        permit.covers(shown.token.virtual_account).map_err(unseen)?;
        Ok(shown)
    }

    /// A page of an account's ID tokens, newest first, without their texts.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn tokens(
        &self,
        permit: &Permit,
        account: AccountId,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Rows<Token>, Error> {
        permit.allows(Action::Read, account)?;
        let query = Query::all(limit).sorted(TokenColumn::CreatedAt, Direction::Down).after(after);
        let query = in_reach(query, TokenColumn::VirtualAccount, permit);
        let read = move |reading: &mut store::Reading<'_>| reading.list::<Token>(account, &query);
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// Revokes an ID token; instances that it bound stay bound.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn revoke_token(
        &self,
        ask: &Ask,
        account: AccountId,
        id: TokenId,
    ) -> Result<(), Error> {
        self.ask(ask, Command::RevokeToken(RevokeToken { asked: ask.asked(), account, id })).await
    }

    /// Revokes a device's key: it speaks for nobody any more.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, `value.invalid`, faults of the store.
    pub async fn revoke_key(
        &self,
        ask: &Ask,
        account: AccountId,
        key: KeyId,
        reason: String,
    ) -> Result<(), Error> {
        let command = RevokeKey { asked: ask.asked(), account, key, reason };
        self.ask(ask, Command::RevokeKey(command)).await?;
        self.forget_key(key);
        Ok(())
    }
}
