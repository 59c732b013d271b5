//! Reading people: who somebody is, what they may, and what they have open.

use ledger::account::Account;
use ledger::house::{ClaimKind, HOUSE, Session};
use ledger::person::{ApiToken, Grant, Person, PersonState};
use ledger::role::Role;
use wire::id::{AccountId, ApiTokenId, PersonId};
use wire::time::Timestamp;

use crate::fault::Fault;
use crate::read::Reading;
use crate::record::Record;
use crate::value::{Value, row};

/// A person with the roles that were granted to them and not ended by hand.
#[derive(Clone, Debug)]
pub struct Rights {
    /// The person.
    pub person: Person,
    /// The roles; those past their end date are among them.
    pub grants: Vec<Grant>,
}

impl Reading<'_> {
    /// The person who signs in by an e-mail address.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn person_by_email(&mut self, email: &str) -> Result<Option<Person>, Fault> {
        let Some(claim) = self.claim(ClaimKind::Email, &email.to_lowercase())? else {
            return Ok(None);
        };
        self.person(PersonId::from_bytes(claim.owner))
    }

    /// The roles of a person that were not ended by hand, in every account.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn grants_of(&mut self, person: PersonId) -> Result<Vec<Grant>, Fault> {
        let sql = format!(
            "SELECT {} FROM role_grant WHERE person_id = $1 AND ended_at IS NULL \
             ORDER BY account_id, grant_id",
            Grant::TABLE.names("")
        );
        self.records(&sql, &row![person])
    }

    /// A person with their roles.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn rights_of(&mut self, id: PersonId) -> Result<Option<Rights>, Fault> {
        let Some(person) = self.person(id)? else { return Ok(None) };
        Ok(Some(Rights { person, grants: self.grants_of(id)? }))
    }

    /// A page of people by e-mail address that begins with a folded text, after a place.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn people(
        &mut self,
        begins: &str,
        after: (&str, PersonId),
        most: u32,
    ) -> Result<Vec<Person>, Fault> {
        let sql = format!(
            "SELECT {} FROM person WHERE email_folded >= $1 AND email_folded < $2 \
             AND (email_folded, person_id) > ($3, $4) ORDER BY email_folded, person_id LIMIT $5",
            Person::TABLE.names("")
        );
        // No address holds a NUL, and PostgreSQL takes none as a value.
        let begins = begins.replace('\0', "\u{10FFFF}");
        let end = format!("{begins}\u{10FFFF}");
        self.records(&sql, &row![begins, end, after.0.to_owned(), after.1, most])
    }

    /// Whether an operator has ever accepted: from then on the set-up secret is void, even if all
    /// of them are kept out or their roles have ended since. The host's command line lets in again.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn had_operator(&mut self) -> Result<bool, Fault> {
        let sql = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM role_grant g \
                   JOIN person p ON p.person_id = g.person_id \
                   WHERE g.account_id = $1 AND g.role = $2 AND p.state <> $3 LIMIT 1) AS found";
        let values = row![HOUSE, Role::Operator, PersonState::Invited];
        Ok(self.number(sql, &values)? > 0)
    }

    /// The accounts in which a person has a role in force, by name.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn accounts_of(
        &mut self,
        person: PersonId,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<Account>, Fault> {
        let sql = format!(
            "SELECT {} FROM account a WHERE a.account_id IN (\
               SELECT g.account_id FROM role_grant g WHERE g.person_id = $1 AND g.ended_at IS NULL \
               AND (g.ends_at IS NULL OR g.ends_at > $2)) \
             ORDER BY a.name_folded, a.account_id LIMIT $3",
            Account::TABLE.names("a.")
        );
        self.records(&sql, &row![person, now, most])
    }

    /// The sessions of a person that were not ended and are not over, the newest first.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn sessions_of(
        &mut self,
        person: PersonId,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<Session>, Fault> {
        let sql = format!(
            "SELECT {} FROM session WHERE person_id = $1 AND ended_at IS NULL AND ends_at > $2 \
             ORDER BY began_at DESC LIMIT $3",
            Session::TABLE.names("")
        );
        self.records(&sql, &row![person, now, most])
    }

    /// The personal tokens of a person that were not revoked, the newest first.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn personal_tokens(&mut self, person: PersonId, most: u32) -> Result<Vec<ApiToken>, Fault> {
        self.api_tokens("person_id = $1 AND kind = 0", &row![person, most])
    }

    /// The secrets of an account's API clients that were not revoked, the newest first.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn client_secrets(
        &mut self,
        account: AccountId,
        most: u32,
    ) -> Result<Vec<ApiToken>, Fault> {
        self.api_tokens("within_account_id = $1 AND kind = 1", &row![account, most])
    }

    /// The secrets of an API client or personal token that were not revoked.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn secrets_of(&mut self, id: ApiTokenId, most: u32) -> Result<Vec<ApiToken>, Fault> {
        self.api_tokens("api_token_id = $1 AND kind IN (0, 1)", &row![id, most])
    }

    fn api_tokens(&mut self, condition: &str, values: &[Value]) -> Result<Vec<ApiToken>, Fault> {
        let sql = format!(
            "SELECT {} FROM api_token WHERE {condition} AND revoked_at IS NULL \
             ORDER BY made_at DESC LIMIT $2",
            ApiToken::TABLE.names("")
        );
        self.records(&sql, values)
    }
}
