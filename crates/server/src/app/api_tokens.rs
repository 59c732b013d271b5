//! API tokens and clients: made, shown once, exchanged for access tokens, revoked.

use std::collections::BTreeSet;

use ledger::command::{Command, ExchangeToken, LONGEST_TOKEN, MakeApiToken, Maker, RevokeApiToken};
use ledger::house::HOUSE;
use ledger::person::{ApiToken, ApiTokenKind, Bounds};
use ledger::refusal::Refusal;
use ledger::role::{Action, Actor, Member, Permit, Through};
use sha2::{Digest as _, Sha256};
use store::people::Rights;
use store::{Reading, Sight};
use wire::id::{AccountId, ApiTokenId};
use wire::time::{Span, Timestamp};

use super::people::{OwnAsk, actor};
use super::{App, Ask, Error};
use crate::keys::to_hex;

/// How long an access token lasts. The documented profile says `expires_in` 3599 seconds.
const ACCESS_LASTS: Span = Span::from_seconds(3_599);
/// How the text of a personal token begins.
const PERSONAL: &str = "scrip_pat_";
/// How many tokens a list shows.
const MOST: u32 = 500;

/// What a new token or client secret is to be.
#[derive(Clone, Debug)]
pub struct NewApiToken {
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub bounds: Bounds,
    /// After how many days it stops working: 1 to 366.
    pub expires_after_days: u32,
}

/// A token with its text, which is shown once.
#[derive(Clone)]
pub struct MadeApiToken {
    /// The token.
    pub token: ApiToken,
    /// Its text.
    pub text: String,
}

/// What is shown for an access token.
#[derive(Clone, Copy)]
pub enum Shown<'a> {
    /// An API client with one of its secrets.
    Client {
        /// Its id.
        id: &'a str,
        /// The secret.
        secret: &'a str,
    },
    /// A person with a personal token of theirs.
    Personal {
        /// The e-mail address by which they sign in.
        email: &'a str,
        /// The token.
        token: &'a str,
    },
}

impl Shown<'_> {
    fn secret(&self) -> &str {
        match self {
            Self::Client { secret, .. } => secret,
            Self::Personal { token, .. } => token,
        }
    }

    /// Why it gives nothing. What has not the form of a personal token is taken for a password,
    /// and whether it is one is not looked at.
    fn wrong(&self) -> Error {
        match self {
            Self::Client { .. } => Error::bad(
                "oauth.invalid_client",
                "this secret does not work, or is not this client's: copy both again, or make a new secret",
            ),
            Self::Personal { token, .. } if token.trim().starts_with(PERSONAL) => Error::bad(
                "oauth.invalid_grant",
                "this personal token does not work, or is not this person's: copy it again, or make a new one",
            ),
            Self::Personal { .. } => Error::bad(
                "token.password",
                "passwords are not taken here: make a personal token in the portal and send it in place of the password",
            ),
        }
    }
}

/// An access token as its asker gets it.
#[derive(Clone)]
pub struct AccessToken {
    /// Its text.
    pub text: String,
    /// How long it lasts.
    pub lasts: Span,
    /// What it may be used for.
    pub bounds: Bounds,
}

/// The person that a token stands for, with the rights that they have now, within its bounds.
pub(super) fn token_member(
    token: ApiToken,
    mut rights: Rights,
    parents: &[ApiToken],
    now: Timestamp,
) -> Option<Member> {
    if token.account != HOUSE {
        rights.grants.retain(|grant| grant.account == token.account);
    }
    let member = actor(rights, now)?;
    let client = parents.iter().any(|one| one.kind == ApiTokenKind::ClientSecret);
    let through =
        if client { Through::Client(token.name) } else { Through::PersonalToken(token.name) };
    Some(member.by(through, token.bounds))
}

impl App {
    /// The text of a new token: what it is can be read off it, the rest is random.
    fn token_text(&self, kind: &str) -> (String, [u8; 32]) {
        let text = format!("scrip_{kind}_{}", to_hex(&self.world.random::<32>()));
        let hash = Sha256::digest(text.as_bytes()).into();
        (text, hash)
    }

    fn new_token(&self, new: NewApiToken, kind: ApiTokenKind) -> Result<MadeApiToken, Error> {
        let days = i64::from(new.expires_after_days);
        if !(1..=LONGEST_TOKEN.millis() / Span::from_days(1).millis()).contains(&days) {
            let why = "must be 1 to 366".to_owned();
            return Err(Refusal::Invalid { field: "expires_after_days", why }.into());
        }
        let word = if kind == ApiTokenKind::Personal { "pat" } else { "secret" };
        let (text, hash) = self.token_text(word);
        let now = self.world.now();
        let token = ApiToken {
            hash,
            id: ApiTokenId::v7(now, self.world.random()),
            kind,
            person: wire::id::PersonId::from_bytes([0; 16]),
            account: HOUSE,
            name: new.name.trim().to_owned(),
            bounds: new.bounds,
            made_at: now,
            expires_at: now.plus(Span::from_days(days)),
            revoked_at: None,
        };
        Ok(MadeApiToken { token, text })
    }

    /// Makes a personal token in a fresh session of its owner's, and shows its text.
    ///
    /// # Errors
    /// `auth.step_up`, `value.invalid`, `form.repeated` if it was made and shown already, faults of
    /// the store.
    pub async fn make_personal_token(
        &self,
        ask: OwnAsk,
        session: [u8; 32],
        new: NewApiToken,
    ) -> Result<MadeApiToken, Error> {
        let mut made = self.new_token(new, ApiTokenKind::Personal)?;
        made.token.person = ask.own.person;
        let id = ApiTokenId::derive(&[ask.own.person.as_bytes(), ask.own.request.as_bytes()]);
        made.token.id = id;
        let read = move |reading: &mut Reading<'_>| reading.secrets_of(id, 1);
        if !self.book.read(Sight::House, read).await?.is_empty() {
            let text =
                "this form was sent twice and its token was shown already: it is in the list";
            return Err(Error::bad("form.repeated", text));
        }
        let maker = Maker::Own(ask.own, session);
        let command = MakeApiToken { maker, token: made.token.clone() };
        self.write(Command::MakeApiToken(Box::new(command))).await?;
        Ok(made)
    }

    /// A person's personal tokens, the newest first, without their texts.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn personal_tokens(&self, member: &Member) -> Result<Vec<ApiToken>, Error> {
        let person = member.person();
        let read = move |reading: &mut Reading<'_>| reading.personal_tokens(person, MOST);
        Ok(self.book.read(Sight::House, read).await?)
    }

    /// Revokes a personal token of the asker's.
    ///
    /// # Errors
    /// `not_found`, faults of the store.
    pub async fn revoke_personal_token(&self, ask: OwnAsk, id: ApiTokenId) -> Result<(), Error> {
        let read = move |reading: &mut Reading<'_>| reading.secrets_of(id, MOST);
        let found = self.book.read(Sight::House, read).await?;
        let token = found.into_iter().find(|one| one.person == ask.own.person);
        let token = token.ok_or(Refusal::NotFound { what: "API token" })?;
        let maker = Maker::Own(ask.own, [0; 32]);
        let command = RevokeApiToken { maker, hash: token.hash, id, account: HOUSE };
        self.write(Command::RevokeApiToken(Box::new(command))).await?;
        Ok(())
    }

    /// Makes an API client of an account, or one more secret of a client that is there, and shows
    /// the secret. The client may what its maker may in this account, within its bounds.
    ///
    /// # Errors
    /// `permit.denied`, `value.invalid`, `account.limited`, `not_found`, faults of the store.
    pub async fn make_client_secret(
        &self,
        ask: &Ask,
        account: AccountId,
        client: Option<ApiTokenId>,
        new: NewApiToken,
    ) -> Result<MadeApiToken, Error> {
        ask.permit.allows(Action::ManageClients, account)?;
        let mut made = self.new_token(new, ApiTokenKind::ClientSecret)?;
        if let Actor::Person(member) = ask.permit.actor() {
            made.token.person = member.person();
        }
        made.token.account = account;
        if let Some(id) = client {
            let there = self.client_secrets_of(account, id).await?;
            let first = there.first().ok_or(Refusal::NotFound { what: "API client" })?;
            made.token = ApiToken {
                id,
                person: first.person,
                name: first.name.clone(),
                bounds: first.bounds.clone(),
                ..made.token
            };
        }
        let maker = Maker::Client(ask.asked());
        let command = MakeApiToken { maker, token: made.token.clone() };
        self.write(Command::MakeApiToken(Box::new(command))).await?;
        Ok(made)
    }

    async fn client_secrets_of(
        &self,
        account: AccountId,
        id: ApiTokenId,
    ) -> Result<Vec<ApiToken>, Error> {
        let read = move |reading: &mut Reading<'_>| reading.secrets_of(id, MOST);
        let found = self.book.read(Sight::House, read).await?;
        Ok(found.into_iter().filter(|one| one.account == account).collect())
    }

    /// The secrets of an account's API clients, the newest first, without their texts.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn client_secrets(
        &self,
        permit: &Permit,
        account: AccountId,
    ) -> Result<Vec<ApiToken>, Error> {
        permit.allows(Action::ManageClients, account)?;
        let read = move |reading: &mut Reading<'_>| reading.client_secrets(account, MOST);
        Ok(self.book.read(Sight::House, read).await?)
    }

    /// Revokes an API client, with all its secrets, or the one that was made at a moment.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn revoke_client(
        &self,
        ask: &Ask,
        account: AccountId,
        id: ApiTokenId,
        made_at: Option<Timestamp>,
    ) -> Result<(), Error> {
        ask.permit.allows(Action::ManageClients, account)?;
        let mut secrets = self.client_secrets_of(account, id).await?;
        secrets.retain(|one| made_at.is_none_or(|at| one.made_at == at));
        if secrets.is_empty() {
            return Err(Refusal::NotFound { what: "API client" }.into());
        }
        for secret in secrets {
            let maker = Maker::Client(ask.asked());
            let command = RevokeApiToken { maker, hash: secret.hash, id, account };
            self.write(Command::RevokeApiToken(Box::new(command))).await?;
        }
        Ok(())
    }

    /// An access token for an API client's secret, or for a personal token of a person.
    ///
    /// # Errors
    /// `auth.too_often`; `oauth.invalid_client` for a secret that does not work or is not the
    /// client's; `oauth.invalid_grant` and `token.password` for what is no personal token of the
    /// person's; `oauth.invalid_scope` if nothing of what is asked for is within it; faults of the
    /// store. Each wrong one counts as a failed try.
    pub async fn exchange_token(
        &self,
        shown: &Shown<'_>,
        bounds: Option<Bounds>,
        address: &str,
    ) -> Result<AccessToken, Error> {
        self.wait_after_wrong(address)?;
        let now = self.world.now();
        let found = self.find_shown(shown, now).await?;
        let member = match &found {
            Some(token) => self.member(token.person).await?,
            None => None,
        };
        let theirs = |member: &Member| match shown {
            Shown::Client { .. } => true,
            Shown::Personal { email, .. } => member.email().to_lowercase() == fold(email),
        };
        let (Some(token), Some(_)) = (found, member.filter(theirs)) else {
            self.attempts.note_wrong(address, now);
            return Err(shown.wrong());
        };
        let bounds = bounds.unwrap_or(Bounds::Everything).within(&token.bounds);
        if bounds == Bounds::Only(BTreeSet::new()) {
            let text = format!(
                "nothing of this scope is within what was shown: ask for some of: {}",
                token.bounds.words()
            );
            return Err(Error::bad("oauth.invalid_scope", text));
        }
        self.make_access_token(token, bounds, now).await
    }

    /// The bounds of an API client that shows itself beside a person's own token.
    ///
    /// # Errors
    /// `auth.too_often`, `oauth.invalid_client`, faults of the store.
    pub async fn client_bounds(
        &self,
        id: &str,
        secret: &str,
        address: &str,
    ) -> Result<Bounds, Error> {
        self.wait_after_wrong(address)?;
        let now = self.world.now();
        let shown = Shown::Client { id, secret };
        let Some(token) = self.find_shown(&shown, now).await? else {
            self.attempts.note_wrong(address, now);
            return Err(shown.wrong());
        };
        Ok(token.bounds)
    }

    /// What was shown, if it works and is what it is shown as.
    async fn find_shown(
        &self,
        shown: &Shown<'_>,
        now: Timestamp,
    ) -> Result<Option<ApiToken>, Error> {
        let hash: [u8; 32] = Sha256::digest(shown.secret().trim().as_bytes()).into();
        let read = move |reading: &mut Reading<'_>| reading.api_token(hash);
        let found = self.book.read(Sight::House, read).await?;
        let fits = |one: &ApiToken| match shown {
            Shown::Client { id, .. } => {
                one.kind == ApiTokenKind::ClientSecret && id.trim().parse() == Ok(one.id)
            }
            Shown::Personal { .. } => one.kind == ApiTokenKind::Personal,
        };
        Ok(found.filter(|one| one.works(now) && fits(one)))
    }

    async fn make_access_token(
        &self,
        shown: ApiToken,
        bounds: Bounds,
        now: Timestamp,
    ) -> Result<AccessToken, Error> {
        let (text, hash) = self.token_text("access");
        let expires_at = now.plus(ACCESS_LASTS).min(shown.expires_at);
        let access = ApiToken {
            hash,
            kind: ApiTokenKind::Access,
            bounds: bounds.clone(),
            made_at: now,
            expires_at,
            ..shown
        };
        let command = ExchangeToken { shown: shown.hash, access };
        self.write(Command::ExchangeToken(Box::new(command))).await?;
        Ok(AccessToken { text, lasts: expires_at.since(now), bounds })
    }
}

fn fold(email: &str) -> String {
    email.trim().to_lowercase()
}
