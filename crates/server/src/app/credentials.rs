//! What people sign in with: chosen, changed, given up. Each change is mailed to its owner.

use ledger::command::{ChangeCredential, Command, CredentialChange, Own, Proof, Spent};
use ledger::house::{Factors, HOUSE, Session};
use ledger::person::{LinkPurpose, Person, PersonState, Strength, Totp};
use ledger::refusal::Refusal;
use sha2::{Digest as _, Sha256};
use store::{Reading, Sight};
use wire::id::{PersonId, RequestId};

use super::letters::RESET_HOLDS;
use super::people::OwnAsk;
use super::sessions::NewSession;
use super::sign_in::Caller;
use super::{App, Error};
use crate::proof::Secret;
use crate::proof::passkey::{Owner, Question};
use crate::proof::password::{self, Least, Weak};
use crate::proof::recovery;
use crate::proof::totp::{self, TotpSecret};

/// What authenticator apps show beside the e-mail address.
const ISSUER: &str = "Scrip";
/// How many sessions a list shows.
const SESSIONS: u32 = 100;

/// A new second factor by an authenticator app, before it is confirmed.
#[derive(Clone, Debug)]
pub struct NewTotp {
    /// What the page keeps until it is confirmed, sealed.
    pub state: String,
    /// The secret, to be typed where no camera is.
    pub text: Secret,
    /// The picture for the camera: an SVG element.
    pub picture: Option<String>,
}

impl App {
    /// Confirms that a password may be a person's, and says how much it proves.
    fn judge(&self, person: &Person, password: &Secret) -> Result<Strength, Error> {
        let about = [person.email.as_str(), person.name.as_str(), "scrip"];
        let check = |least| password::check(password.expose(), least, &about);
        match check(Least::Alone) {
            Err(Weak::Short { .. }) if person.credentials.has_second_factor() => {
                check(Least::WithSecondFactor)?;
                Ok(Strength::BesideSecondFactor)
            }
            judged => Ok(judged.map(|()| Strength::Alone)?),
        }
    }

    pub(super) async fn change(
        &self,
        ask: OwnAsk,
        person: &Person,
        proof: Proof,
        change: CredentialChange,
        tells: &str,
    ) -> Result<(), Error> {
        let command = ChangeCredential {
            own: ask.own,
            proof,
            version: person.credentials.version,
            change,
            letter: Some(self.credential_letter(person, tells)),
        };
        self.own_ask(ask.digest, Command::ChangeCredential(Box::new(command))).await
    }

    /// After a change that ended all sessions: the one in which it was made goes on as a new one.
    pub(super) async fn go_on(
        &self,
        person: PersonId,
        factors: Factors,
        from: &Caller,
    ) -> Result<NewSession, Error> {
        let person = self.active_person(person).await?;
        self.begin(&person, factors, Spent::Nothing, None, from).await
    }

    /// Changes the password of who knows the old one. Every other session ends.
    ///
    /// # Errors
    /// `sign_in.failed` for a wrong old one, `password.…`, `auth.step_up`, faults of the store.
    pub async fn change_password(
        &self,
        ask: OwnAsk,
        session: &Session,
        old: Secret,
        new: Secret,
        from: &Caller,
    ) -> Result<NewSession, Error> {
        let person = self.active_person(ask.own.person).await?;
        let by_person = format!("person {}", person.email.to_lowercase());
        self.wait_after_wrong(&by_person)?;
        if let Some(phc) = person.credentials.password.clone()
            && !self.hashing.verify(old, Some(phc)).await?
        {
            self.attempts.note_wrong(&by_person, self.world.now());
            return Err(Error::bad("sign_in.failed", "the present password is wrong: try again"));
        }
        let strength = self.judge(&person, &new)?;
        let hash = self.hashing.hash(new, self.world.random()).await?;
        let (proof, change) =
            (Proof::Session(session.token_hash), CredentialChange::SetPassword(hash, strength));
        self.change(ask, &person, proof, change, "Your password was changed").await?;
        self.go_on(person.id, session.factors, from).await
    }

    /// A secret for an authenticator app, to be confirmed by a code of it.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn begin_totp(&self, person: &Person) -> Result<NewTotp, Error> {
        let secret = TotpSecret::new(&self.world);
        let text = secret.text();
        let address = secret.address(ISSUER, &person.email);
        let kept = format!("{} {}", person.id, text.expose());
        let state = crate::keys::to_hex(&self.keys.hide(&kept, &self.world));
        Ok(NewTotp { state, text, picture: totp::picture(&address) })
    }

    /// The same secret again, for who mistyped its code.
    ///
    /// # Errors
    /// `passkey.state` if nothing was begun.
    pub fn resume_totp(&self, person: &Person, state: &str) -> Result<NewTotp, Error> {
        let kept = self.look_at_state(state)?;
        let secret = begun_totp(person, &kept).ok_or_else(wrong_code)?;
        let address = secret.address(ISSUER, &person.email);
        let text = secret.text();
        Ok(NewTotp { state: state.to_owned(), text, picture: totp::picture(&address) })
    }

    /// Takes an authenticator app as second factor once it shows the right code. The recovery
    /// codes that come back are shown once. A session that a password alone began has shown two
    /// factors with it, and goes on as a new one.
    ///
    /// # Errors
    /// `sign_in.failed` for a wrong code, `auth.step_up`, `conflict.changed`, faults of the store.
    pub async fn confirm_totp(
        &self,
        ask: OwnAsk,
        session: &Session,
        state: &str,
        code: &str,
        from: &Caller,
    ) -> Result<(Vec<Secret>, NewSession), Error> {
        let person = self.active_person(ask.own.person).await?;
        let secret = begun_totp(&person, &self.look_at_state(state)?).ok_or_else(wrong_code)?;
        let last_step = totp::verify(&secret, code, self.world.now(), 0).ok_or_else(wrong_code)?;
        // A wrong code may be mended; a right one is taken once.
        self.open_state(state)?;
        let sealed = self.keys.hide(secret.text().expose(), &self.world);
        let codes = recovery::new_codes(&self.world);
        let change = CredentialChange::SetTotp(Totp { sealed, last_step }, codes.hashes.clone());
        let tells = "An authenticator app was set as second factor";
        self.change(ask, &person, Proof::Session(session.token_hash), change, tells).await?;
        self.confirm_fresh(person.id, &codes.hashes).await?;
        Ok((codes.texts, self.raise(person.id, session, from).await?))
    }

    /// After a second factor was set in a session: it takes part in it.
    async fn raise(
        &self,
        person: PersonId,
        session: &Session,
        from: &Caller,
    ) -> Result<NewSession, Error> {
        let factors = match session.factors {
            Factors::Password => Factors::Two,
            others => others,
        };
        let person = self.active_person(person).await?;
        self.begin(&person, factors, Spent::Nothing, Some(session.token_hash), from).await
    }

    /// Confirms that these recovery codes are in force: of a form sent twice the second ones are not.
    async fn confirm_fresh(&self, person: PersonId, hashes: &[u8]) -> Result<(), Error> {
        let person = self.active_person(person).await?;
        if person.credentials.recovery == hashes {
            return Ok(());
        }
        let text =
            "this form was sent twice and its recovery codes were shown already: make new ones";
        Err(Error::bad("form.repeated", text))
    }

    /// Gives up the authenticator app. Every other session ends.
    ///
    /// # Errors
    /// `auth.step_up`, `value.invalid` if the password alone would be too short, faults of the store.
    pub async fn remove_totp(
        &self,
        ask: OwnAsk,
        session: &Session,
        from: &Caller,
    ) -> Result<NewSession, Error> {
        let person = self.active_person(ask.own.person).await?;
        let change = CredentialChange::RemoveTotp;
        let tells = "The authenticator app is no second factor any more";
        self.change(ask, &person, Proof::Session(session.token_hash), change, tells).await?;
        self.go_on(person.id, session.factors, from).await
    }

    /// New recovery codes in place of the old ones, shown once.
    ///
    /// # Errors
    /// `auth.step_up`, `conflict.changed`, faults of the store.
    pub async fn renew_recovery(
        &self,
        ask: OwnAsk,
        session: [u8; 32],
    ) -> Result<Vec<Secret>, Error> {
        let person = self.active_person(ask.own.person).await?;
        let codes = recovery::new_codes(&self.world);
        let change = CredentialChange::SetRecovery(codes.hashes.clone());
        let tells = "New recovery codes were made";
        self.change(ask, &person, Proof::Session(session), change, tells).await?;
        self.confirm_fresh(person.id, &codes.hashes).await?;
        Ok(codes.texts)
    }

    /// The question by which a browser makes a passkey.
    ///
    /// # Errors
    /// `passkey.…`, faults of the store.
    pub async fn begin_new_passkey(&self, person: &Person) -> Result<Question, Error> {
        let owner = Owner { person: person.id, email: &person.email, name: &person.name };
        let known = &person.credentials.passkeys;
        let question = self.site()?.begin_registration(owner, known, &self.world)?;
        Ok(self.kept(question))
    }

    /// Takes a new passkey: state, answer and name. A session that a password alone began has
    /// shown two factors with it, and goes on as a new one.
    ///
    /// # Errors
    /// `passkey.…`, `auth.step_up`, `conflict.changed`, `value.invalid`, faults of the store.
    pub async fn add_passkey(
        &self,
        ask: OwnAsk,
        session: &Session,
        made: (&str, &str, &str),
        from: &Caller,
    ) -> Result<NewSession, Error> {
        let person = self.active_person(ask.own.person).await?;
        self.take_passkey(ask, &person, Proof::Session(session.token_hash), made).await?;
        self.raise(person.id, session, from).await
    }

    async fn take_passkey(
        &self,
        ask: OwnAsk,
        person: &Person,
        proof: Proof,
        (state, answer, name): (&str, &str, &str),
    ) -> Result<(), Error> {
        let state = self.open_state(state)?;
        let known = &person.credentials.passkeys;
        let now = self.world.now();
        let made = self.site()?.finish_registration(&state, answer, known, name.trim(), now)?;
        let tells = "A passkey was added";
        self.change(ask, person, proof, CredentialChange::AddPasskey(made), tells).await
    }

    /// Gives up a passkey. Every other session ends.
    ///
    /// # Errors
    /// `auth.step_up`, `not_found`, `value.invalid` for the last thing to sign in by, faults of the store.
    pub async fn remove_passkey(
        &self,
        ask: OwnAsk,
        session: &Session,
        id: Vec<u8>,
        from: &Caller,
    ) -> Result<NewSession, Error> {
        let person = self.active_person(ask.own.person).await?;
        let change = CredentialChange::RemovePasskey(id);
        let proof = Proof::Session(session.token_hash);
        self.change(ask, &person, proof, change, "A passkey was removed").await?;
        self.go_on(person.id, session.factors, from).await
    }

    /// The sessions of a person, the newest first.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn sessions_of(&self, person: &Person) -> Result<Vec<Session>, Error> {
        let (id, now) = (person.id, self.world.now());
        let read = move |reading: &mut Reading<'_>| reading.sessions_of(id, now, SESSIONS);
        let mut found = self.book.read(Sight::House, read).await?;
        found.retain(|session| session.signs_in(person, now));
        Ok(found)
    }

    /// Ends every session of a person but a new one in place of the asking one.
    ///
    /// # Errors
    /// `auth.step_up`, faults of the store.
    pub async fn end_other_sessions(
        &self,
        ask: OwnAsk,
        session: &Session,
        from: &Caller,
    ) -> Result<NewSession, Error> {
        let person = self.active_person(ask.own.person).await?;
        let proof = Proof::Session(session.token_hash);
        let tells = "You were signed out everywhere else";
        self.change(ask, &person, proof, CredentialChange::EndSessions, tells).await?;
        self.go_on(person.id, session.factors, from).await
    }

    /// Mails a link to a new password to who signs in by an e-mail address. The answer, and its
    /// time, are the same for one that nobody has: the work is done after it.
    ///
    /// # Errors
    /// `auth.too_often`.
    pub fn forgot_password(&self, email: &str, from: &Caller) -> Result<(), Error> {
        let folded = email.trim().to_lowercase();
        let (by_address, by_person) =
            (format!("reset {}", from.address), format!("reset {folded}"));
        self.wait_after_wrong(&by_address)?;
        self.attempts.note_wrong(&by_address, self.world.now());
        // The same person is not mailed again and again; that nothing is mailed is not told.
        if self.wait_after_wrong(&by_person).is_err() {
            return Ok(());
        }
        self.attempts.note_wrong(&by_person, self.world.now());
        let app = self.clone();
        tokio::spawn(async move {
            if let Err(error) = app.mail_reset(&folded).await {
                tracing::warn!(%error, "a link to a new password was not queued");
            }
        });
        Ok(())
    }

    async fn mail_reset(&self, email: &str) -> Result<(), Error> {
        let Some(person) = self.find_by_email(email).await? else { return Ok(()) };
        let (purpose, what) = match person.state {
            PersonState::Blocked => return Ok(()),
            PersonState::Invited => (LinkPurpose::Invitation, "Choose how you sign in"),
            PersonState::Active => (LinkPurpose::PasswordReset, "Choose a new password"),
        };
        let fresh = self.fresh_link(purpose, &person, HOUSE, RESET_HOLDS);
        let text = format!(
            "{what} within an hour. The link works once:\n{}\n\n\
             Your second factor stays as it is. If you did not ask for this, do nothing.\n",
            fresh.url
        );
        let letter = self.letter(HOUSE, &person.email, what, &text);
        self.send_link(fresh.link, letter).await
    }

    /// A one-time link of a person for the host's command line to print, where no mail is sent.
    ///
    /// # Errors
    /// `not_found`, `person.blocked`, faults of the store.
    pub async fn link_for(&self, email: &str) -> Result<String, Error> {
        let person = self.find_by_email(email).await?;
        let person = person.ok_or(Refusal::NotFound { what: "person" })?;
        let purpose = match person.state {
            PersonState::Invited => LinkPurpose::Invitation,
            PersonState::Active => LinkPurpose::PasswordReset,
            PersonState::Blocked => {
                let text =
                    "this person is blocked, and no link would let them in: admit them first";
                return Err(Error::bad("person.blocked", text));
            }
        };
        let fresh = self.fresh_link(purpose, &person, HOUSE, RESET_HOLDS);
        let letter = self.letter(
            HOUSE,
            &person.email,
            "A link to choose how you sign in was made on the host",
            "Whoever runs this server made a link by which you choose how you sign in.\n",
        );
        self.send_link(fresh.link, letter).await?;
        Ok(fresh.url)
    }

    /// Takes away a person's second factors, on the host's command line: for who lost them.
    ///
    /// # Errors
    /// `not_found`, faults of the store.
    pub async fn strip_second_factors(&self, email: &str) -> Result<(), Error> {
        let person = self.find_by_email(email).await?;
        let person = person.ok_or(Refusal::NotFound { what: "person" })?;
        let own = Own {
            person: person.id,
            actor: "host command line".to_owned(),
            request: self.fresh_request(),
            address: String::new(),
        };
        let ask = OwnAsk { own, digest: [0; 32] };
        let change = CredentialChange::RemoveSecondFactors;
        let tells = "Your second factors were taken away on the server's host";
        self.change(ask, &person, Proof::Host, change, tells).await
    }

    /// Whose link it is, by its word. Only looking uses nothing up.
    ///
    /// # Errors
    /// `link.dead`, faults of the store.
    pub async fn link_owner(&self, word: &str, purpose: LinkPurpose) -> Result<Person, Error> {
        let link = self.live_link(word, purpose).await?;
        let person = self.find_person(link.person).await?;
        let fits = |one: &Person| {
            one.state != PersonState::Blocked && one.credentials.version == link.credentials_version
        };
        Ok(person.filter(fits).ok_or(Refusal::LinkDead)?)
    }

    fn link_ask(&self, person: &Person, request: RequestId, word: &str, address: &str) -> OwnAsk {
        let own = Own {
            person: person.id,
            actor: person.email.clone(),
            request,
            address: address.to_owned(),
        };
        OwnAsk { own, digest: Sha256::digest(word.as_bytes()).into() }
    }

    /// Chooses a password by a one-time link, which is used up by it. A second factor stays.
    ///
    /// # Errors
    /// `link.dead`, `password.…`, `sign_in.busy`, faults of the store.
    pub async fn set_password_by_link(
        &self,
        word: &str,
        purpose: LinkPurpose,
        new: Secret,
        request: RequestId,
        address: &str,
    ) -> Result<(), Error> {
        let person = self.link_owner(word, purpose).await?;
        let strength = self.judge(&person, &new)?;
        let hash = self.hashing.hash(new, self.world.random()).await?;
        let ask = self.link_ask(&person, request, word, address);
        let proof = Proof::Link(Sha256::digest(word.as_bytes()).into());
        let change = CredentialChange::SetPassword(hash, strength);
        self.change(ask, &person, proof, change, "Your password was set by a link").await
    }

    /// Takes the first passkey of who was invited, by the link of the invitation.
    ///
    /// # Errors
    /// `link.dead`, `passkey.…`, faults of the store.
    pub async fn set_passkey_by_link(
        &self,
        word: &str,
        made: (&str, &str, &str),
        request: RequestId,
        address: &str,
    ) -> Result<(), Error> {
        let person = self.link_owner(word, LinkPurpose::Invitation).await?;
        let ask = self.link_ask(&person, request, word, address);
        let proof = Proof::Link(Sha256::digest(word.as_bytes()).into());
        self.take_passkey(ask, &person, proof, made).await
    }
}

fn wrong_code() -> Error {
    let text = "this is not the code that the app shows now: check the clock of the phone, and type \
                the next one";
    Error::bad("sign_in.failed", text)
}

/// The secret that was begun for a person, of what was kept of it.
fn begun_totp(person: &Person, kept: &str) -> Option<TotpSecret> {
    let (whose, text) = kept.split_once(' ')?;
    if whose == person.id.to_string() { TotpSecret::from_text(text) } else { None }
}
