//! Letters: mails to one person, written with the change that causes them and sent by a job.
//!
//! A mail server that is down loses none: a letter waits, its text sealed, until it was sent.

use ledger::account::Account;
use ledger::house::HOUSE;
use ledger::person::{Letter, Link, LinkPurpose, Person};
use ledger::role::Role;
use sha2::{Digest as _, Sha256};
use store::Chore;
pub use store::Posted;
use wire::id::{AccountId, MessageId};
use wire::time::{Span, Timestamp};

use super::news::Outlook;
use super::{App, Error};
use crate::keys::to_hex;

/// How many letters one round takes in hand.
const ROUND: u32 = 50;
/// After so long another job may take what is in hand.
const IN_HAND: Span = Span::from_minutes(5);
/// After so many tries a letter is given up: about three days.
const TRIES: u32 = 80;

/// How long an invitation holds.
pub(super) const INVITATION_HOLDS: Span = Span::from_days(7);
/// How long a link to a new password holds.
pub(super) const RESET_HOLDS: Span = Span::from_hours(1);
/// How long a nominated approver may take.
pub(super) const APPROVAL_HOLDS: Span = Span::from_days(30);

/// A one-time link with its word.
pub(super) struct FreshLink {
    /// The link.
    pub(super) link: Link,
    /// The address that goes into the mail.
    pub(super) url: String,
}

/// A letter with its text in clear.
#[derive(Clone)]
pub struct OpenLetter {
    /// The letter.
    pub posted: Posted,
    /// Its text; `None` if it was made on a node with other keys.
    pub text: Option<String>,
}

impl App {
    /// A fresh one-time link to a person.
    pub(super) fn fresh_link(
        &self,
        purpose: LinkPurpose,
        person: &Person,
        account: AccountId,
        holds: Span,
    ) -> FreshLink {
        let word = to_hex(&self.world.random::<32>());
        let now = self.world.now();
        let link = Link {
            hash: Sha256::digest(word.as_bytes()).into(),
            purpose,
            person: person.id,
            account,
            credentials_version: person.credentials.version,
            made_at: now,
            expires_at: now.plus(holds),
            used_at: None,
        };
        let path = match purpose {
            LinkPurpose::Invitation => "invitation",
            LinkPurpose::PasswordReset => "new-password",
            LinkPurpose::Approval => "approval",
        };
        FreshLink { link, url: format!("{}/{path}/{word}", self.settings.public_url) }
    }

    /// A letter to an address.
    pub(super) fn letter(&self, account: AccountId, to: &str, subject: &str, text: &str) -> Letter {
        let now = self.world.now();
        Letter {
            account,
            id: MessageId::v7(now, self.world.random()),
            to: to.to_owned(),
            subject: one_line(subject),
            sealed_text: self.keys.hide(text, &self.world),
            queued_at: now,
        }
    }

    /// The letter that invites a person to a role.
    pub(super) fn invitation_letter(
        &self,
        to: &Person,
        role: Role,
        account: Option<&Account>,
        by: &str,
        url: Option<&str>,
    ) -> Letter {
        let place = account.map_or_else(|| "Scrip".to_owned(), |one| one_line(&one.name));
        let what = match url {
            Some(url) => format!(
                "Choose how you sign in here, within {} days. The link works once:\n{url}\n\n\
                 If you do not expect this, do nothing.\n",
                INVITATION_HOLDS.millis() / Span::from_days(1).millis()
            ),
            None => format!("Sign in here:\n{}/sign-in\n", self.settings.public_url),
        };
        let text = format!(
            "{} has given you the role {} in {place}.\n\n{what}",
            one_line(by),
            role.word()
        );
        let id = account.map_or(HOUSE, |one| one.id);
        self.letter(id, &to.email, &format!("Your role in {place}"), &text)
    }

    /// The letter that tells a person that what they sign in with was changed.
    pub(super) fn credential_letter(&self, to: &Person, what: &str) -> Letter {
        let at = moment(self.world.now());
        let text = format!(
            "{what}, at {at}.\n\nIf it was not you, choose a new password now and tell your operator:\n\
             {}/forgotten\n",
            self.settings.public_url
        );
        self.letter(HOUSE, &to.email, "What you sign in with was changed", &text)
    }

    /// Takes letters in hand that are due.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn claim_letters(&self) -> Result<Vec<OpenLetter>, Error> {
        let now = self.world.now();
        let chore = Chore::ClaimLetters { now, until: now.plus(IN_HAND), most: ROUND };
        let posted = self.book.chore(chore).await?.letters();
        let open = |posted: Posted| OpenLetter {
            text: self.keys.reveal(&posted.letter.sealed_text),
            posted,
        };
        Ok(posted.into_iter().map(open).collect())
    }

    /// Notes that a letter was sent.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn letter_sent(&self, posted: &Posted) -> Result<(), Error> {
        self.finish_letter(posted, String::new()).await
    }

    /// Notes that a try failed: it is tried again later, until it is given up. Says which.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn letter_failed(&self, posted: &Posted, error: String) -> Result<Outlook, Error> {
        if posted.attempts >= TRIES {
            self.finish_letter(posted, error).await?;
            return Ok(Outlook::GivenUp);
        }
        let letter = (posted.letter.account, posted.letter.id);
        let due_at = self.world.now().plus(self.backoff(posted.attempts));
        self.book.chore(Chore::RetryLetter { letter, due_at, error }).await?;
        Ok(Outlook::Again)
    }

    async fn finish_letter(&self, posted: &Posted, error: String) -> Result<(), Error> {
        let letter = (posted.letter.account, posted.letter.id);
        self.book.chore(Chore::FinishLetter { letter, now: self.world.now(), error }).await?;
        Ok(())
    }
}

/// A text as it may stand in one line of a mail: what people typed cannot begin another.
pub(super) fn one_line(text: &str) -> String {
    let plain = |c: char| if c.is_control() || is_bidi(c) { ' ' } else { c };
    text.chars().map(plain).take(200).collect()
}

/// Characters that change the direction of what follows.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {} UTC", time.get(..8).unwrap_or(time))
}
