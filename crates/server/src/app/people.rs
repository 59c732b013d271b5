//! Who somebody is and what they may: people with their roles, read anew at every request, so that
//! what was ended a moment ago gives nothing any more, on whichever node.

use ledger::command::{AdmitPerson, Asked, Command, EditPerson, KnowPerson, Own, check_email};
use ledger::house::{ClaimKind, HOUSE};
use ledger::person::{
    ApiToken, ApiTokenKind, Credentials, DateForm, Grant, Person, PersonState, Preferences, Theme,
};
use ledger::refusal::Refusal;
use ledger::role::{Action, Actor, Member, Permit};
use sha2::{Digest as _, Sha256};
use store::listing::{Cursor, Rows};
use store::people::Rights;
use store::{Reading, Sight, Stored as _};
use wire::id::{PersonId, RequestId};
use wire::time::Timestamp;

use super::accounts::page;
use super::{App, Ask, Error};

/// What a person asks for themself: no role is needed for it.
#[derive(Clone, Debug)]
pub struct OwnAsk {
    /// Who, and under which id it may be asked again.
    pub own: Own,
    /// SHA-256 of what the request says.
    pub digest: [u8; 32],
}

impl OwnAsk {
    /// A request of a person for themself, of these bytes.
    pub fn new(member: &Member, request: RequestId, address: &str, content: &[u8]) -> Self {
        let own = Own {
            person: member.person(),
            actor: member.email().to_owned(),
            request,
            address: address.to_owned(),
        };
        Self { own, digest: Sha256::digest(content).into() }
    }
}

/// Somebody by an e-mail address.
pub(super) enum Acquaintance {
    /// They are known.
    Known(Person),
    /// They are not, and would be known so.
    New(Person),
}

/// The actor that a person with their rights is, if they can sign in.
pub(super) fn actor(rights: Rights, now: Timestamp) -> Option<Member> {
    let Rights { person, grants } = rights;
    (person.state == PersonState::Active).then(|| Member::new(person.id, person.email, grants, now))
}

impl App {
    /// Who may do what a person may, as things stand now; `None` if they cannot sign in.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn member(&self, id: PersonId) -> Result<Option<Member>, Error> {
        let rights = self.book.read(Sight::House, move |reading| reading.rights_of(id)).await?;
        Ok(rights.and_then(|rights| actor(rights, self.world.now())))
    }

    /// Makes a person known by their e-mail address, or finds who is known by it.
    ///
    /// # Errors
    /// `value.invalid`, faults of the store.
    pub(super) async fn know(&self, email: &str, name: &str) -> Result<Person, Error> {
        self.know_as(email, name, None).await
    }

    async fn know_as(
        &self,
        email: &str,
        name: &str,
        asked: Option<Asked>,
    ) -> Result<Person, Error> {
        match self.find_or_draft(email, name).await? {
            Acquaintance::Known(person) => Ok(person),
            Acquaintance::New(person) => {
                let id = person.id;
                self.write(Command::KnowPerson(Box::new(KnowPerson { person, asked }))).await?;
                let known = self.find_person(id).await?;
                Ok(known.ok_or(Refusal::NotFound { what: "person" })?)
            }
        }
    }

    /// Who is known by an e-mail address, or who would be. The address is theirs from then on.
    ///
    /// # Errors
    /// `value.invalid`, faults of the store.
    pub(super) async fn find_or_draft(
        &self,
        email: &str,
        name: &str,
    ) -> Result<Acquaintance, Error> {
        let email = email.trim();
        check_email(email)?;
        let folded = email.to_lowercase();
        if let Some(known) = self.find_by_email(&folded).await? {
            return Ok(Acquaintance::Known(known));
        }
        let id = PersonId::derive(&[b"email", folded.as_bytes()]);
        self.claim(ClaimKind::Email, folded, HOUSE, *id.as_bytes()).await?;
        Ok(Acquaintance::New(Person {
            id,
            email: email.to_owned(),
            name: name.trim().to_owned(),
            state: PersonState::Invited,
            preferences: Preferences::default(),
            credentials: Credentials::default(),
            created_at: self.world.now(),
        }))
    }

    /// Makes a person known by their e-mail address, without any role, or finds who is. For an
    /// operator.
    ///
    /// # Errors
    /// `permit.denied`, `value.invalid`, faults of the store.
    pub async fn make_known(
        &self,
        permit: &Permit,
        email: &str,
        name: &str,
    ) -> Result<Person, Error> {
        permit.allows(Action::Read, HOUSE)?;
        let asked = Asked { permit: permit.clone(), request: self.fresh_request() };
        self.know_as(email, name, Some(asked)).await
    }

    pub(super) async fn find_by_email(&self, email: &str) -> Result<Option<Person>, Error> {
        let email = email.trim().to_lowercase();
        Ok(self.book.read(Sight::House, move |reading| reading.person_by_email(&email)).await?)
    }

    pub(super) async fn find_person(&self, id: PersonId) -> Result<Option<Person>, Error> {
        Ok(self.book.read(Sight::House, move |reading| reading.person(id)).await?)
    }

    /// A person as they see themself.
    ///
    /// # Errors
    /// `not_found`, faults of the store.
    pub async fn profile(&self, member: &Member) -> Result<Person, Error> {
        let found = self.find_person(member.person()).await?;
        Ok(found.ok_or(Refusal::NotFound { what: "person" })?)
    }

    /// Preferences from their words.
    ///
    /// # Errors
    /// `value.invalid`.
    pub fn preferences(&self, zone: &str, theme: &str, dates: &str) -> Result<Preferences, Error> {
        let wrong = |field, words: &str| {
            let why = format!("must be one of {words}");
            Refusal::Invalid { field, why }
        };
        let theme =
            Theme::from_word(theme).ok_or_else(|| wrong("theme", "system, light and dark"))?;
        let dates = DateForm::from_word(dates)
            .ok_or_else(|| wrong("dates", "day_first, month_first and iso"))?;
        Ok(Preferences { zone: zone.to_owned(), theme, dates })
    }

    /// Changes what a person says of themself.
    ///
    /// # Errors
    /// `value.invalid`, faults of the store.
    pub async fn edit_profile(
        &self,
        ask: OwnAsk,
        name: String,
        preferences: Preferences,
    ) -> Result<(), Error> {
        let typed = preferences.zone.trim();
        let known = jiff::tz::TimeZone::get(typed).ok();
        // However it was typed, it is kept as it is written.
        let zone = known.as_ref().and_then(|zone| zone.iana_name()).unwrap_or_default().to_owned();
        if zone.is_empty() && !typed.is_empty() {
            let why = "must be a time zone such as Europe/Berlin, or empty for UTC".to_owned();
            return Err(Refusal::Invalid { field: "zone", why }.into());
        }
        let preferences = Preferences { zone, ..preferences };
        let name = name.trim().to_owned();
        let command = EditPerson { own: ask.own, name, preferences };
        self.own_ask(ask.digest, Command::EditPerson(Box::new(command))).await
    }

    /// A page of all people by e-mail address. For an operator.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn list_people(
        &self,
        permit: &Permit,
        begins: &str,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Rows<Person>, Error> {
        permit.allows(Action::ReadPeople, HOUSE)?;
        let after = after.and_then(|cursor| {
            let id = cursor.key.into_iter().next()?;
            Some((String::load(cursor.sorted?)?, PersonId::load(id)?))
        });
        let (email, id) = after.unwrap_or((String::new(), PersonId::from_bytes([0; 16])));
        let (begins, most) = (begins.trim().to_lowercase(), limit.saturating_add(1));
        let read = move |reading: &mut Reading<'_>| reading.people(&begins, (&email, id), most);
        let rows = self.book.read(Sight::House, read).await?;
        Ok(page(rows, limit, |last| Cursor {
            sorted: Some(last.email.to_lowercase().store()),
            key: vec![last.id.store()],
        }))
    }

    /// A person with all their roles. For an operator.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn person(
        &self,
        permit: &Permit,
        id: PersonId,
    ) -> Result<(Person, Vec<Grant>), Error> {
        permit.allows(Action::ReadPeople, HOUSE)?;
        let rights = self.book.read(Sight::House, move |reading| reading.rights_of(id)).await?;
        let rights = rights.ok_or(Refusal::NotFound { what: "person" })?;
        Ok((rights.person, rights.grants))
    }

    /// Keeps a person out, or lets them in again. For an operator.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn admit_person(
        &self,
        ask: &Ask,
        person: PersonId,
        state: PersonState,
    ) -> Result<(), Error> {
        let command = AdmitPerson { asked: ask.asked(), person, state };
        self.ask(ask, Command::AdmitPerson(command)).await
    }

    /// Writes what a person asks for themself; repeated, it has no second effect.
    pub(super) async fn own_ask(&self, digest: [u8; 32], command: Command) -> Result<(), Error> {
        let order = store::Order { command, now: self.world.now(), digest: Some(digest) };
        self.book.write(order).await?;
        Ok(())
    }

    /// Who asks, if the token that they showed is a person's or a client's and works.
    pub(super) async fn token_actor(&self, text: &str) -> Result<Option<Actor>, Error> {
        let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let now = self.world.now();
        let read = move |reading: &mut Reading<'_>| {
            // A client's secret is not shown but where it is exchanged.
            let shown = |one: &ApiToken| one.works(now) && one.kind != ApiTokenKind::ClientSecret;
            let Some(token) = reading.api_token(hash)?.filter(shown) else {
                return Ok(None);
            };
            // An access token ends with the last secret that it could have been made from.
            let parents = reading.secrets_of(token.id, 100)?;
            if !parents.iter().any(|parent| parent.works(now)) {
                return Ok(None);
            }
            let rights = reading.rights_of(token.person)?;
            Ok(rights.map(|rights| (token, rights, parents)))
        };
        let found = self.book.read(Sight::House, read).await?;
        let Some((token, rights, parents)) = found else { return Ok(None) };
        Ok(super::api_tokens::token_member(token, rights, &parents, now)
            .map(|member| Actor::Person(Box::new(member))))
    }
}
