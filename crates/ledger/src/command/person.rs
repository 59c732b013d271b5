//! People: made known, changed, kept out; and the credentials by which they prove who they are.
//!
//! A credential changes only with its proof: a session of the person's own in which they showed
//! a factor lately, a one-time link that still holds, or the host's own command line.

use wire::id::{AccountId, EventId, PersonId, RequestId};
use wire::time::Timestamp;

use super::{Asked, Detail, Stop, check_text, nothing_but};
use crate::house::HOUSE;
use crate::page::Page;
use crate::person::{
    Credentials, Letter, Link, LinkPurpose, Passkey, Person, PersonState, Preferences,
    ProviderLink, Strength, Totp,
};
use crate::posting::{Effect, Event, Posting};
use crate::refusal::Refusal;
use crate::role::Action;

/// How many passkeys a person may have: one for each device of theirs, and some to spare.
const PASSKEYS: usize = 20;

/// What a person does about themself: no role is needed for it, only to be signed in.
#[derive(Clone, Debug)]
pub struct Own {
    /// Who.
    pub person: PersonId,
    /// In words, for the event log.
    pub actor: String,
    /// The id under which it may be asked again without a second effect.
    pub request: RequestId,
    /// From which network address, or empty.
    pub address: String,
}

impl Own {
    /// The event of what was done, in the log of an account or the house. Its id is derived, so
    /// that a repeat is the same event.
    pub(super) fn event(
        &self,
        account: AccountId,
        action: &str,
        subject: String,
        detail: &Detail,
        now: Timestamp,
    ) -> Effect {
        let (person, request) = (self.person.as_bytes(), self.request.as_bytes());
        Effect::Event(Event {
            account,
            virtual_account: detail.place(),
            id: EventId::derive(&[
                account.as_bytes(),
                person,
                request,
                action.as_bytes(),
                subject.as_bytes(),
            ]),
            at: now,
            actor: self.actor.clone(),
            role: "person".to_owned(),
            action: action.to_owned(),
            subject,
            detail: detail.json(),
            private: detail.private_json(),
            address: self.address.clone(),
        })
    }
}

/// Makes a person known, without any right or credential. Their e-mail address is claimed already.
#[derive(Clone, Debug)]
pub struct KnowPerson {
    /// The person.
    pub person: Person,
    /// Who makes them known, for the event log; `None` where the act that needs them has its own event.
    pub asked: Option<Asked>,
}

impl KnowPerson {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let mut effects: Vec<Effect> = introduce(page, &self.person, now)?.into_iter().collect();
        if let (Some(asked), [Effect::Person(person)]) = (&self.asked, effects.as_slice()) {
            let detail = Detail::default().personal("email", &person.email);
            let subject = person.id.to_string();
            effects.push(asked.event(HOUSE, "person.known", subject, &detail, now));
        }
        Ok(nothing_but(effects))
    }
}

/// A person who is new, as nobody knows them yet: invited, without a credential.
pub(super) fn introduce(page: &Page, new: &Person, now: Timestamp) -> Result<Option<Effect>, Stop> {
    check_email(&new.email)?;
    check_text("name", &new.name, 0)?;
    if page.person(new.id)?.is_some() {
        return Ok(None);
    }
    Ok(Some(Effect::Person(Box::new(Person {
        state: PersonState::Invited,
        credentials: Credentials::default(),
        created_at: now,
        ..new.clone()
    }))))
}

/// Checks the form of an e-mail address: what a mail server may take, and nothing that deceives.
///
/// # Errors
/// `value.invalid`.
pub fn check_email(email: &str) -> Result<(), Refusal> {
    let wrong = |why: &str| Err(Refusal::Invalid { field: "email", why: why.to_owned() });
    let Some((local, domain)) = email.rsplit_once('@') else {
        return wrong("must be an e-mail address such as ann@example.com");
    };
    // RFC 5321, 4.5.3.1: 64 octets before the sign, 254 in all.
    if local.is_empty() || local.len() > 64 || email.len() > 254 {
        return wrong("must have 1 to 64 characters before the @ and at most 254 in all");
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    let dotted = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    if !local.chars().all(plain) || dotted {
        return wrong("may hold letters, digits and .!#$%&'*+/=?^_`{|}~- before the @");
    }
    check_domain("email", domain)
}

/// Checks the form of a domain: letters, digits and hyphens, so that none looks like another.
///
/// # Errors
/// `value.invalid`.
pub fn check_domain(field: &'static str, domain: &str) -> Result<(), Refusal> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // RFC 1035, 2.3.4: labels of 63, names of 253 characters. Others are written as xn--….
    if domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label) {
        return Ok(());
    }
    let why = "must be a domain such as example.com, other scripts in their xn-- form".to_owned();
    Err(Refusal::Invalid { field, why })
}

/// Changes what a person says of themself.
#[derive(Clone, Debug)]
pub struct EditPerson {
    /// Who.
    pub own: Own,
    /// The shown name.
    pub name: String,
    /// How pages are shown.
    pub preferences: Preferences,
}

impl EditPerson {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        check_text("name", &self.name, 0)?;
        check_text("zone", &self.preferences.zone, 0)?;
        let person = page.person(self.own.person)?.ok_or(Refusal::NotFound { what: "person" })?;
        let (was, is) = (&person.preferences, &self.preferences);
        let detail = Detail::default()
            .personal_changed("name", &person.name, &self.name)
            .changed("zone", &was.zone, &is.zone)
            .changed("theme", was.theme.word(), is.theme.word())
            .changed("dates", was.dates.word(), is.dates.word());
        let (name, preferences) = (self.name.clone(), self.preferences.clone());
        let next = Person { name, preferences, ..person.clone() };
        let event = self.own.event(HOUSE, "person.changed", next.id.to_string(), &detail, now);
        Ok(nothing_but(vec![Effect::Person(Box::new(next)), event]))
    }
}

/// Keeps a person out, or lets them in again.
#[derive(Clone, Debug)]
pub struct AdmitPerson {
    /// The right and the request's id.
    pub asked: Asked,
    /// Who.
    pub person: PersonId,
    /// Whether they can sign in: blocked, or not.
    pub state: PersonState,
}

impl AdmitPerson {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        self.asked.permit.allows(Action::ManagePeople, HOUSE)?;
        let person = page.person(self.person)?.ok_or(Refusal::NotFound { what: "person" })?;
        let state = match self.state {
            PersonState::Blocked => PersonState::Blocked,
            _ if person.credentials.are_empty() => PersonState::Invited,
            _ => PersonState::Active,
        };
        let detail = Detail::default()
            .changed("state", person.state.word(), state.word())
            .personal("email", &person.email);
        let next = Person { state, ..person.clone() };
        let subject = next.id.to_string();
        let event = self.asked.event(HOUSE, "person.admitted", subject, &detail, now);
        Ok(nothing_but(vec![Effect::Person(Box::new(next)), event]))
    }
}

/// By what a change of a credential is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A session of the person's own, by SHA-256 of its token, in which a factor was shown lately.
    Session([u8; 32]),
    /// A one-time link, by SHA-256 of its word.
    Link([u8; 32]),
    /// An identity provider's word for the e-mail address of who was invited and has nothing yet.
    Provider,
    /// The host's own command line, whose user can read the folder anyway.
    Host,
}

/// What becomes of a person's credentials.
#[derive(Clone, Debug, PartialEq)]
pub enum CredentialChange {
    /// A new password, as its Argon2id hash in the PHC text form, and how much it proves.
    SetPassword(String, Strength),
    /// A second factor by time-based codes, with hashes of new recovery codes.
    SetTotp(Totp, Vec<u8>),
    /// No second factor by time-based codes any more; the recovery codes go with it.
    RemoveTotp,
    /// Hashes of new recovery codes in place of the old ones.
    SetRecovery(Vec<u8>),
    /// One more passkey.
    AddPasskey(Passkey),
    /// One passkey less, by its id.
    RemovePasskey(Vec<u8>),
    /// One more identity provider whose word is taken. It is claimed already.
    AddProvider(ProviderLink),
    /// One identity provider less, by its issuer.
    RemoveProvider(String),
    /// Nothing beside the password any more: for who lost their second factor, on the host only.
    RemoveSecondFactors,
    /// Every session ends.
    EndSessions,
}

impl CredentialChange {
    fn word(&self) -> &'static str {
        match self {
            Self::SetPassword(..) => "password set",
            Self::SetTotp(..) => "authenticator set",
            Self::RemoveTotp => "authenticator removed",
            Self::SetRecovery(_) => "recovery codes made",
            Self::AddPasskey(_) => "passkey added",
            Self::RemovePasskey(_) => "passkey removed",
            Self::AddProvider(_) => "identity provider added",
            Self::RemoveProvider(_) => "identity provider removed",
            Self::RemoveSecondFactors => "second factors removed",
            Self::EndSessions => "sessions ended",
        }
    }

    /// Whether whoever was signed in before has to sign in again.
    fn ends_sessions(&self) -> bool {
        !matches!(
            self,
            Self::SetTotp(..) | Self::SetRecovery(_) | Self::AddPasskey(_) | Self::AddProvider(_)
        )
    }

    /// Whether a one-time link of this purpose is proof enough for it. A reset of the password
    /// never touches the second factor.
    fn is_open_to(&self, purpose: LinkPurpose) -> bool {
        match purpose {
            LinkPurpose::Invitation => matches!(self, Self::SetPassword(..) | Self::AddPasskey(_)),
            LinkPurpose::PasswordReset => matches!(self, Self::SetPassword(..)),
            LinkPurpose::Approval => false,
        }
    }
}

/// Changes a credential of a person.
#[derive(Clone, Debug)]
pub struct ChangeCredential {
    /// Whose, and who asks.
    pub own: Own,
    /// By what it is allowed.
    pub proof: Proof,
    /// The version of the credentials that the asker saw, or proved the old password against.
    pub version: u64,
    /// What becomes of them.
    pub change: CredentialChange,
    /// The mail that tells the person.
    pub letter: Option<Letter>,
}

impl ChangeCredential {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let person = page.person(self.own.person)?.ok_or(Refusal::NotFound { what: "person" })?;
        let mut effects = self.confirm(page, person, now)?;
        if person.credentials.version != self.version {
            return Err(Refusal::Changed { what: "what you sign in with" }.into());
        }
        let mut next = person.clone();
        self.apply(&mut next.credentials)?;
        let theirs = &mut next.credentials;
        let host_strips = matches!(self.change, CredentialChange::RemoveSecondFactors);
        if theirs.are_empty() && person.state != PersonState::Invited && !host_strips {
            let why = "is the last thing by which you can sign in: add another first".to_owned();
            return Err(Refusal::Invalid { field: "credential", why }.into());
        }
        if theirs.password.is_some()
            && theirs.strength == Strength::BesideSecondFactor
            && !theirs.has_second_factor()
        {
            let why = "is too short to stand alone: choose one of 15 characters or more first";
            return Err(Refusal::Invalid { field: "password", why: why.to_owned() }.into());
        }
        theirs.version += 1;
        if self.change.ends_sessions() {
            theirs.void_before = Some(now.millis());
        }
        if next.state == PersonState::Invited && !next.credentials.are_empty() {
            next.state = PersonState::Active;
        }
        let detail = Detail::default().with("what", self.change.word());
        let subject = next.id.to_string();
        effects.push(Effect::Person(Box::new(next)));
        effects.push(self.own.event(HOUSE, "credential.changed", subject, &detail, now));
        effects.extend(self.letter.clone().map(Effect::Letter));
        Ok(nothing_but(effects))
    }

    /// Confirms the proof; what is used up by it comes back.
    fn confirm(&self, page: &Page, person: &Person, now: Timestamp) -> Result<Vec<Effect>, Stop> {
        match self.proof {
            Proof::Host => Ok(Vec::new()),
            Proof::Provider => {
                let first = person.state == PersonState::Invited && person.credentials.are_empty();
                let adds = matches!(self.change, CredentialChange::AddProvider(_));
                if first && adds { Ok(Vec::new()) } else { Err(Refusal::StepUp.into()) }
            }
            Proof::Session(hash) => {
                let session = page.session(hash)?.filter(|one| one.signs_in(person, now));
                let fresh = session.is_some_and(|session| session.is_fresh(now));
                if fresh { Ok(Vec::new()) } else { Err(Refusal::StepUp.into()) }
            }
            Proof::Link(hash) => {
                let link = live_link(page, hash, now)?;
                let theirs = link.person == person.id
                    && link.credentials_version == person.credentials.version
                    && person.state != PersonState::Blocked
                    && self.change.is_open_to(link.purpose);
                if !theirs {
                    return Err(Refusal::LinkDead.into());
                }
                Ok(vec![Effect::Link(Link { used_at: Some(now), ..link })])
            }
        }
    }

    fn apply(&self, theirs: &mut Credentials) -> Result<(), Refusal> {
        match &self.change {
            CredentialChange::SetPassword(hash, strength) => {
                theirs.password = Some(hash.clone());
                theirs.strength = *strength;
            }
            CredentialChange::SetTotp(totp, recovery) => {
                theirs.totp = Some(totp.clone());
                theirs.recovery.clone_from(recovery);
            }
            CredentialChange::RemoveTotp => {
                theirs.totp = None;
                theirs.recovery.clear();
            }
            CredentialChange::SetRecovery(recovery) => theirs.recovery.clone_from(recovery),
            CredentialChange::AddPasskey(passkey) => add_passkey(theirs, passkey)?,
            CredentialChange::RemovePasskey(id) => {
                let before = theirs.passkeys.len();
                theirs.passkeys.retain(|one| one.id != *id);
                if theirs.passkeys.len() == before {
                    return Err(Refusal::NotFound { what: "passkey" });
                }
            }
            CredentialChange::AddProvider(link) => {
                theirs.providers.retain(|one| one.issuer != link.issuer);
                theirs.providers.push(link.clone());
            }
            CredentialChange::RemoveProvider(issuer) => {
                let before = theirs.providers.len();
                theirs.providers.retain(|one| one.issuer != *issuer);
                if theirs.providers.len() == before {
                    return Err(Refusal::NotFound { what: "identity provider" });
                }
            }
            CredentialChange::RemoveSecondFactors if self.proof == Proof::Host => {
                theirs.totp = None;
                theirs.recovery.clear();
                theirs.passkeys.clear();
                if theirs.strength == Strength::BesideSecondFactor {
                    theirs.password = None;
                }
            }
            CredentialChange::RemoveSecondFactors => return Err(Refusal::StepUp),
            CredentialChange::EndSessions => {}
        }
        Ok(())
    }
}

fn add_passkey(theirs: &mut Credentials, passkey: &Passkey) -> Result<(), Refusal> {
    check_text("name", &passkey.name, 1)?;
    if theirs.passkeys.iter().any(|one| one.id == passkey.id) {
        return Err(Refusal::Taken { what: "this passkey".to_owned() });
    }
    if theirs.passkeys.len() >= PASSKEYS {
        let why = format!("may be there at most {PASSKEYS} times: remove one first");
        return Err(Refusal::Invalid { field: "passkey", why });
    }
    theirs.passkeys.push(passkey.clone());
    Ok(())
}

/// A one-time link that still works.
///
/// # Errors
/// `link.dead`.
pub(super) fn live_link(page: &Page, hash: [u8; 32], now: Timestamp) -> Result<Link, Stop> {
    let link = page.link(hash)?.filter(|link| link.used_at.is_none() && now < link.expires_at);
    Ok(link.cloned().ok_or(Refusal::LinkDead)?)
}

/// Sends a person a one-time link by mail.
#[derive(Clone, Debug)]
pub struct SendLink {
    /// The link.
    pub link: Link,
    /// The mail that holds its word.
    pub letter: Letter,
}

impl SendLink {
    pub(super) fn decide(&self) -> Posting {
        nothing_but(vec![Effect::Link(self.link.clone()), Effect::Letter(self.letter.clone())])
    }
}
