//! Takes in a trust request that a person carried, and returns the answer to carry back.
//!
//! The ID token in the request is what permits the binding, as when a device asks for itself; the
//! permit is that of whoever carries it. A file may have been under way for weeks, so its age is no
//! fault: what limits it is the token's term.

use ledger::command::Carried;
use ledger::refusal::Refusal;
use ledger::role::{Action, Permit};
use ledger::token::Token;
use store::Sight;
use wire::file::AckFile;
use wire::id::AccountId;
use wire::limits::TRUST_CLOCK_SKEW;
use wire::message::{TrustCode, TrustRequest};
use wire::time::Timestamp;
use wire::token::IdToken;

use super::trust::id_token;
use super::{App, Error};

/// What became of a trust request.
#[derive(Clone, Debug, PartialEq)]
pub struct TrustOutcome {
    /// What the device is told of itself.
    pub code: TrustCode,
    /// The file to carry back to the device.
    pub answer: AckFile,
}

impl App {
    /// Takes in a trust request file. The same file again has the same answer, as of now, and uses
    /// the ID token no second time.
    ///
    /// # Errors
    /// As of [`App::trust`]; `trust.realm` for a request that belongs to another installation,
    /// `trust.overtaken` for one that is older than where the device is now.
    pub async fn import_trust(
        &self,
        permit: &Permit,
        account: AccountId,
        file: &[u8],
    ) -> Result<TrustOutcome, Error> {
        permit.allows(Action::ImportUsage, account)?;
        let request = self.open_request(file)?;
        let token = self.carried_token(permit, account, &id_token(&request)?).await?;
        check_time(&request, &token, self.world.now())?;
        let carried = Carried { by: permit.actor().words(), saved_at: request.requested_at };
        let answered = self.answer_trust(&request, account, Some(carried)).await?;
        Ok(TrustOutcome { code: answered.code, answer: answered.file })
    }

    /// The ID token of a carried request, if whoever carries it may know of it.
    async fn carried_token(
        &self,
        permit: &Permit,
        account: AccountId,
        shown: &IdToken,
    ) -> Result<Token, Error> {
        if shown.realm != self.keys.realm {
            let text = format!(
                "the request is for installation {}, this is {}: carry it there, or ask the device for trust with an ID token of this one",
                shown.realm, self.keys.realm
            );
            return Err(Error::bad("trust.realm", text));
        }
        let elsewhere = || {
            let text = "the request shows an ID token that this account does not know: name the account that made it, or ask the device for trust with a new one";
            Error::bad("trust.token_unknown", text)
        };
        match self.account_of(shown).await {
            Ok(home) if home == account => {}
            Ok(_) | Err(Error::Refused(Refusal::TokenUnknown)) => return Err(elsewhere()),
            Err(error) => return Err(error),
        }
        let id = shown.id;
        let found = self.book.read(Sight::Account(account), move |r| r.token(account, id)).await?;
        let known = |token: &Token| {
            token.secret_hash == shown.secret_hash() && permit.reach().covers(token.virtual_account)
        };
        found.filter(known).ok_or_else(elsewhere)
    }
}

/// A request cannot be older than the ID token that it shows, nor come from the future: then the
/// device's clock is wrong, and it could neither judge expiries nor place usage in time.
fn check_time(request: &TrustRequest, token: &Token, now: Timestamp) -> Result<(), Error> {
    let said = request.requested_at;
    let (first, last) = (token.created_at.minus(TRUST_CLOCK_SKEW), now.plus(TRUST_CLOCK_SKEW));
    if (first..=last).contains(&said) {
        return Ok(());
    }
    let text = format!(
        "the device's clock said {said} when the request was saved, but its ID token was made at {} and it is {now} now: set the device's clock and save the request again",
        token.created_at
    );
    Err(Error::bad("request.clock", text))
}
