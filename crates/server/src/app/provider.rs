//! Signing in by an identity provider's word, and adding or removing a provider of one's own.
//!
//! A person is known by (issuer, subject). An e-mail address that the provider has verified counts
//! once only: for who was invited by it and has nothing yet to sign in with.

use ledger::command::{Command, CredentialChange, Own, Proof, ProveSession, Shown, Spent};
use ledger::house::{ClaimKind, Factors, HOUSE, Session};
use ledger::person::{Person, PersonState, ProviderLink};
use sha2::{Digest as _, Sha256};
use store::Sight;
use wire::id::PersonId;

use super::people::OwnAsk;
use super::sessions::NewSession;
use super::sign_in::Caller;
use super::{App, Error};
use crate::keys::to_hex;
use crate::proof::oidc::{Answer, Pending, Prompt, Providers, Subject};

/// What stands before what is kept, so that nothing else that is sealed is taken for it.
const KEPT: &str = "provider ";

/// What somebody is sent to an identity provider for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// To sign in, and then to go on to this place.
    SignIn(String),
    /// To add the provider to what a person signs in with, in the session with this hash.
    Add([u8; 32]),
    /// To show again who has the session with this hash, and then to go on to this place.
    Prove([u8; 32], String),
}

/// Somebody on the way to a provider.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Where to.
    pub address: String,
    /// What their browser keeps until they are back, sealed.
    pub kept: String,
}

/// Somebody who came back.
#[derive(Clone, Debug)]
pub struct Returned {
    /// What they were sent for.
    pub errand: Errand,
    /// Who they are there.
    subject: Subject,
}

/// A provider as it is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// What it is called in addresses.
    pub name: String,
    /// What people read on its button.
    pub label: String,
    /// Its issuer.
    pub issuer: String,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Kept {
    pending: String,
    errand: Errand,
}

fn unknown() -> Error {
    let text = "nobody here is known by this identity provider: sign in another way, and add the provider on your own page";
    Error::bad("oidc.unknown", text)
}

fn no_errand() -> Error {
    crate::proof::oidc::OidcFault::State.into()
}

impl App {
    /// The same with these identity providers.
    #[must_use]
    pub fn with_providers(mut self, providers: Providers) -> Self {
        self.providers = providers;
        self
    }

    /// The identity providers, in the order in which they are shown.
    pub fn offered_providers(&self) -> Vec<Offered> {
        let offered = |one: &crate::proof::oidc::Provider| Offered {
            name: one.name().to_owned(),
            label: one.label().to_owned(),
            issuer: one.issuer().to_owned(),
        };
        self.providers.all().iter().map(offered).collect()
    }

    /// Sends somebody to a provider.
    ///
    /// # Errors
    /// `oidc.provider`, `oidc.unreachable`, `oidc.metadata`, `oidc.issuer`.
    pub async fn send_to_provider(&self, name: &str, errand: Errand) -> Result<Sent, Error> {
        let provider = self.providers.find(name)?;
        let back = format!("{}/sign-in/{name}/answer", self.settings.public_url);
        // Who only signs in may be known there; who adds or proves shows it anew.
        let prompt = match errand {
            Errand::SignIn(_) => Prompt::IfNeeded,
            Errand::Add(_) | Errand::Prove(..) => Prompt::Anew,
        };
        let (address, pending) = provider.begin(&back, prompt, &self.world).await?;
        let kept = Kept { pending: pending.text().expose().to_owned(), errand };
        let kept = serde_json::to_string(&kept).map_err(|_| no_errand())?;
        let kept = to_hex(&self.keys.hide(&format!("{KEPT}{kept}"), &self.world));
        Ok(Sent { address, kept })
    }

    /// Who came back from a provider, and what they were sent for.
    ///
    /// # Errors
    /// Every `oidc.…`.
    pub async fn return_from_provider(
        &self,
        name: &str,
        kept: &str,
        answer: &Answer,
    ) -> Result<Returned, Error> {
        let opened = self.open_state(kept).map_err(|_| no_errand())?;
        let kept = opened.strip_prefix(KEPT).ok_or_else(no_errand)?;
        let kept: Kept = serde_json::from_str(kept).map_err(|_| no_errand())?;
        let pending = Pending::from_text(&kept.pending)?;
        let provider = self.providers.find(name)?;
        let subject = provider.finish(&pending, answer, self.world.now()).await?;
        Ok(Returned { errand: kept.errand, subject })
    }

    /// Signs in whom a provider vouches for.
    ///
    /// # Errors
    /// `oidc.unknown` if nobody is known by it, faults of the store.
    pub async fn sign_in_by_provider(
        &self,
        returned: &Returned,
        from: &Caller,
    ) -> Result<NewSession, Error> {
        let link = self.link_of(&returned.subject);
        let person = match self.known_by(&link).await? {
            Some(person) => person,
            None => self.admit_invited(&returned.subject, link, from).await?,
        };
        if person.state != PersonState::Active {
            return Err(unknown());
        }
        self.begin(&person, Factors::Provider, Spent::Nothing, None, from).await
    }

    fn link_of(&self, subject: &Subject) -> ProviderLink {
        ProviderLink {
            issuer: subject.issuer.clone(),
            subject: subject.subject.clone(),
            added_at: self.world.now().millis(),
        }
    }

    /// Who has added this subject of a provider, and not removed it since.
    async fn known_by(&self, link: &ProviderLink) -> Result<Option<Person>, Error> {
        let claimed = link.claimed();
        let read = move |reading: &mut store::Reading<'_>| {
            let Some(claim) = reading.claim(ClaimKind::Subject, &claimed)? else { return Ok(None) };
            reading.person(PersonId::from_bytes(claim.owner))
        };
        let found = self.book.read(Sight::House, read).await?;
        Ok(found.filter(|person| has(person, link)))
    }

    /// Takes a provider's word for who was invited by an address and has nothing yet.
    async fn admit_invited(
        &self,
        subject: &Subject,
        link: ProviderLink,
        from: &Caller,
    ) -> Result<Person, Error> {
        let email = subject.email.as_deref().filter(|_| subject.email_verified);
        let person = self.find_by_email(email.ok_or_else(unknown)?).await?;
        let first = |one: &Person| one.state == PersonState::Invited && one.credentials.are_empty();
        let person = person.filter(first).ok_or_else(unknown)?;
        let own = Own {
            person: person.id,
            actor: person.email.clone(),
            request: self.fresh_request(),
            address: from.address.clone(),
        };
        let ask = OwnAsk { own, digest: Sha256::digest(link.claimed().as_bytes()).into() };
        self.take_provider(ask, &person, Proof::Provider, link).await?;
        self.active_person(person.id).await
    }

    /// Adds the provider from which somebody came back to what they sign in with.
    ///
    /// # Errors
    /// `oidc.state` if it was asked for in another session, `auth.step_up`, `exists` if the
    /// provider's word is another's already, faults of the store.
    pub async fn add_provider(
        &self,
        ask: OwnAsk,
        session: &Session,
        returned: &Returned,
    ) -> Result<(), Error> {
        if returned.errand != Errand::Add(session.token_hash) {
            return Err(no_errand());
        }
        let person = self.active_person(ask.own.person).await?;
        let link = self.link_of(&returned.subject);
        self.take_provider(ask, &person, Proof::Session(session.token_hash), link).await
    }

    async fn take_provider(
        &self,
        ask: OwnAsk,
        person: &Person,
        proof: Proof,
        link: ProviderLink,
    ) -> Result<(), Error> {
        self.claim(ClaimKind::Subject, link.claimed(), HOUSE, *person.id.as_bytes()).await?;
        let tells = "An identity provider was added";
        self.change(ask, person, proof, CredentialChange::AddProvider(link), tells).await
    }

    /// Gives up an identity provider. Every other session ends.
    ///
    /// # Errors
    /// `auth.step_up`, `not_found`, `value.invalid` for the last thing to sign in by, faults of the store.
    pub async fn remove_provider(
        &self,
        ask: OwnAsk,
        session: &Session,
        issuer: String,
        from: &Caller,
    ) -> Result<NewSession, Error> {
        let person = self.active_person(ask.own.person).await?;
        let change = CredentialChange::RemoveProvider(issuer);
        let tells = "An identity provider was removed";
        let proof = Proof::Session(session.token_hash);
        self.change(ask, &person, proof, change, tells).await?;
        self.go_on(person.id, session.factors, from).await
    }

    /// Notes that who has a session has shown again at a provider of theirs that it is they. For
    /// who has no second factor: that would be asked for instead.
    ///
    /// # Errors
    /// `oidc.state` if it was asked for in another session, `oidc.unknown`, faults of the store.
    pub async fn prove_by_provider(
        &self,
        person: &Person,
        session: &Session,
        returned: &Returned,
    ) -> Result<(), Error> {
        let asked =
            matches!(&returned.errand, Errand::Prove(hash, _) if *hash == session.token_hash);
        if !asked || person.credentials.has_second_factor() {
            return Err(no_errand());
        }
        let link = self.link_of(&returned.subject);
        if !has(person, &link) {
            return Err(unknown());
        }
        let shown = Shown { version: person.credentials.version, spent: Spent::Nothing };
        let command = ProveSession { token_hash: session.token_hash, person: person.id, shown };
        self.write(Command::ProveSession(Box::new(command))).await?;
        Ok(())
    }
}

fn has(person: &Person, link: &ProviderLink) -> bool {
    let same = |one: &ProviderLink| one.issuer == link.issuer && one.subject == link.subject;
    person.credentials.providers.iter().any(same)
}
