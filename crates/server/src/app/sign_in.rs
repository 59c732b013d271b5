//! Signing in as a person: by password with a second factor, by a passkey alone, by an identity
//! provider's word; and showing a factor again before a dangerous act.
//!
//! Neither an answer nor its time tells whether an e-mail address is known.

use ledger::command::{BeginSession, Command, ProveSession, Shown, Spent};
use ledger::house::{Factors, Session};
use ledger::person::{Person, PersonState};
use ledger::refusal::Refusal;
use sha2::{Digest as _, Sha256};
use store::Sight;
use wire::time::Span;

use super::sessions::{NewSession, SESSION};
use super::{App, Error};
use crate::keys::to_hex;
use crate::proof::passkey::{self, Question, Site, Wanted};
use crate::proof::password::Busy;
use crate::proof::totp::{self, TotpSecret};
use crate::proof::{Secret, recovery};

/// How much of what a browser calls itself is kept.
const BROWSER_CHARS: usize = 120;

/// Where somebody signs in from.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The network address.
    pub address: String,
    /// What the browser calls itself.
    pub browser: String,
}

/// What came of showing a password.
#[derive(Clone)]
pub enum Entered {
    /// They are signed in.
    In(NewSession),
    /// They owe a second factor: this session is for showing it, and for nothing else.
    Owes(NewSession),
}

/// What can be shown as a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Whether there is an authenticator app.
    pub code: bool,
    /// Whether there is a passkey.
    pub passkey: bool,
    /// Whether recovery codes are left.
    pub recovery: bool,
}

/// A factor that is shown.
#[derive(Clone, Debug)]
pub enum Factor {
    /// The password. Only who has no second factor proves anything by it alone.
    Password(Secret),
    /// A code of an authenticator app, or one of the recovery codes.
    Code(Secret),
    /// A passkey's answer to a question that was asked.
    Passkey {
        /// What was kept when it was asked.
        state: String,
        /// The browser's answer, as JSON.
        answer: String,
    },
}

impl From<Busy> for Error {
    fn from(busy: Busy) -> Self {
        let text = busy.to_string();
        Self::bad("sign_in.busy", text.strip_suffix(" (sign_in.busy)").unwrap_or(&text))
    }
}

fn failed() -> Error {
    let text = "the e-mail address, the password or the code is wrong: try again, or choose a new password";
    Error::bad("sign_in.failed", text)
}

impl App {
    /// The site that passkeys are for.
    pub(super) fn site(&self) -> Result<Site, Error> {
        Ok(Site::of(&self.settings.public_url)?)
    }

    /// Signs in by an e-mail address and a password; a second factor may still be owed.
    ///
    /// # Errors
    /// `sign_in.failed`, `auth.too_often`, `sign_in.busy`, faults of the store.
    pub async fn sign_in_by_password(
        &self,
        email: &str,
        password: Secret,
        from: &Caller,
    ) -> Result<Entered, Error> {
        let folded = email.trim().to_lowercase();
        let by_person = format!("person {folded}");
        self.wait_after_wrong(&from.address)?;
        self.wait_after_wrong(&by_person)?;
        let person = self.find_by_email(&folded).await?;
        let person = person.filter(|person| person.state == PersonState::Active);
        let phc = person.as_ref().and_then(|person| person.credentials.password.clone());
        // Who is not known, or has no password, costs as much as who is.
        let right = self.hashing.verify(password, phc).await?;
        let Some(person) = person.filter(|_| right) else {
            self.note_wrong(&[&from.address, &by_person]);
            return Err(failed());
        };
        let begun = self.begin(&person, Factors::Password, Spent::Nothing, None, from).await?;
        let owes = !Factors::Password.suffice(&person.credentials);
        Ok(if owes { Entered::Owes(begun) } else { Entered::In(begun) })
    }

    fn note_wrong(&self, whence: &[&str]) {
        let now = self.world.now();
        for one in whence {
            self.attempts.note_wrong(one, now);
        }
    }

    /// Begins a session of a person.
    pub(super) async fn begin(
        &self,
        person: &Person,
        factors: Factors,
        spent: Spent,
        replaces: Option<[u8; 32]>,
        from: &Caller,
    ) -> Result<NewSession, Error> {
        let token = to_hex(&self.world.random::<32>());
        let now = self.world.now();
        let owes = !factors.suffice(&person.credentials);
        let lasts = if owes { Session::OWING } else { SESSION };
        let session = Session {
            token_hash: Sha256::digest(token.as_bytes()).into(),
            person: Some(person.id),
            factors,
            csrf: to_hex(&self.world.random::<16>()),
            began_at: now,
            ends_at: now.plus(lasts),
            ended_at: None,
            proven_at: now,
            seen_at: now,
            address: from.address.clone(),
            browser: plain(&from.browser),
        };
        let csrf = session.csrf.clone();
        let shown = Some(Shown { version: person.credentials.version, spent });
        let command = BeginSession { session, shown, replaces };
        self.write(Command::BeginSession(Box::new(command))).await?;
        Ok(NewSession { token, csrf, lasts })
    }

    /// Whose session owes a second factor, by its token.
    async fn owing(&self, token: &str) -> Result<(Person, [u8; 32]), Error> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let now = self.world.now();
        let found = self.book.read(Sight::House, move |reading| reading.session(hash)).await?;
        let live = found.filter(|one| one.is_live(now) && one.factors == Factors::Password);
        let Some(id) = live.and_then(|session| session.person) else { return Err(lapsed()) };
        let person = self.find_person(id).await?;
        let person = person.filter(|one| one.state == PersonState::Active).ok_or_else(lapsed)?;
        Ok((person, hash))
    }

    /// What can be shown as the second factor that a session owes.
    ///
    /// # Errors
    /// `sign_in.lapsed`, faults of the store.
    pub async fn owed(&self, token: &str) -> Result<Owed, Error> {
        let (person, _) = self.owing(token).await?;
        Ok(owed(&person))
    }

    /// The question for a passkey as second factor.
    ///
    /// # Errors
    /// `sign_in.lapsed`, `passkey.…`, faults of the store.
    pub async fn ask_second_passkey(&self, token: &str) -> Result<Question, Error> {
        let (person, _) = self.owing(token).await?;
        let known = &person.credentials.passkeys;
        let asked = self.site()?.begin_sign_in(Wanted::SecondFactor, person.id, known, &self.world);
        Ok(self.kept(asked))
    }

    /// Shows the second factor that a session owes; a new session takes its place.
    ///
    /// # Errors
    /// `sign_in.failed`, `sign_in.lapsed`, `auth.too_often`, `passkey.…`, faults of the store.
    pub async fn sign_in_by_second_factor(
        &self,
        token: &str,
        factor: Factor,
        from: &Caller,
    ) -> Result<NewSession, Error> {
        let (person, pending) = self.owing(token).await?;
        if matches!(factor, Factor::Password(_)) {
            return Err(failed());
        }
        let spent = self.check_factor(&person, factor, from).await?;
        self.begin(&person, Factors::Two, spent, Some(pending), from).await
    }

    /// Checks a factor against a person's credentials; what is used up by it comes back.
    async fn check_factor(
        &self,
        person: &Person,
        factor: Factor,
        from: &Caller,
    ) -> Result<Spent, Error> {
        let by_person = format!("factor {}", person.id);
        self.wait_after_wrong(&from.address)?;
        self.wait_after_wrong(&by_person)?;
        let spent = match factor {
            Factor::Password(password) => {
                let phc = person.credentials.password.clone();
                self.hashing.verify(password, phc).await?.then_some(Spent::Nothing)
            }
            Factor::Code(code) => self.check_code(person, code.expose()),
            Factor::Passkey { state, answer } => {
                let state = self.open_state(&state)?;
                let known = &person.credentials.passkeys;
                let now = self.world.now();
                let proven = self.site()?.finish_sign_in(&state, &answer, person.id, known, now)?;
                Some(Spent::Passkey(proven.passkey))
            }
        };
        spent.ok_or_else(|| {
            self.note_wrong(&[&from.address, &by_person]);
            failed()
        })
    }

    fn check_code(&self, person: &Person, code: &str) -> Option<Spent> {
        let theirs = &person.credentials;
        if let Some(known) = &theirs.totp {
            let secret = self.keys.reveal(&known.sealed).and_then(|it| TotpSecret::from_text(&it));
            let step = totp::verify(&secret?, code, self.world.now(), known.last_step);
            if let Some(step) = step {
                return Some(Spent::TotpStep(step));
            }
        }
        let left = recovery::take(code, &theirs.recovery)?;
        let used = theirs.recovery.chunks(32).find(|one| !left.chunks(32).any(|it| it == *one))?;
        used.try_into().ok().map(Spent::Recovery)
    }

    /// The question for whatever passkey the browser has of us.
    ///
    /// # Errors
    /// `passkey.…` where the public address takes none.
    pub fn ask_passkey(&self) -> Result<Question, Error> {
        let asked = self.site()?.begin_sign_in_of_anybody(&self.world);
        Ok(self.kept(asked))
    }

    /// Signs in by a passkey alone.
    ///
    /// # Errors
    /// `sign_in.failed`, `auth.too_often`, `passkey.…`, faults of the store.
    pub async fn sign_in_by_passkey(
        &self,
        state: &str,
        answer: &str,
        from: &Caller,
    ) -> Result<NewSession, Error> {
        self.wait_after_wrong(&from.address)?;
        let claim = passkey::claim(answer)?;
        let state = self.open_state(state)?;
        let id = claim.person.ok_or_else(failed)?;
        let person = self.find_person(id).await?.filter(|one| one.state == PersonState::Active);
        // An id can be told from an e-mail address: whom nobody knows answers as one without passkeys.
        let known = person.as_ref().map_or(&[][..], |one| &one.credentials.passkeys);
        let now = self.world.now();
        let proven = self.site()?.finish_sign_in(&state, answer, id, known, now);
        let proven = proven.inspect_err(|_| self.note_wrong(&[&from.address]))?;
        let person = person.ok_or_else(failed)?;
        let spent = Spent::Passkey(proven.passkey);
        self.begin(&person, Factors::Passkey, spent, None, from).await
    }

    /// The question for a passkey, to prove a session again.
    ///
    /// # Errors
    /// `passkey.…`, faults of the store.
    pub async fn ask_passkey_again(&self, person: &Person) -> Result<Question, Error> {
        let known = &person.credentials.passkeys;
        let asked = self.site()?.begin_sign_in(Wanted::SecondFactor, person.id, known, &self.world);
        Ok(self.kept(asked))
    }

    /// Shows a factor again in a session, before dangerous acts. Who has a second factor shows
    /// that: whoever took over an open browser may know the password.
    ///
    /// # Errors
    /// `sign_in.failed`, `auth.too_often`, `passkey.…`, faults of the store.
    pub async fn prove_again(
        &self,
        person: &Person,
        session: [u8; 32],
        factor: Factor,
        from: &Caller,
    ) -> Result<(), Error> {
        let by_password = matches!(factor, Factor::Password(_));
        if by_password && person.credentials.has_second_factor() {
            return Err(failed());
        }
        let spent = self.check_factor(person, factor, from).await?;
        let shown = Shown { version: person.credentials.version, spent };
        let command = ProveSession { token_hash: session, person: person.id, shown };
        self.write(Command::ProveSession(Box::new(command))).await?;
        Ok(())
    }

    /// What a page keeps of a question until it is answered: sealed, and good for one answer.
    pub(super) fn kept(&self, mut question: Question) -> Question {
        question.state = to_hex(&self.keys.hide(&question.state, &self.world));
        question
    }

    /// What was kept of a question. A second answer to it is refused on this node.
    pub(super) fn open_state(&self, text: &str) -> Result<String, Error> {
        let state = self.look_at_state(text)?;
        if self.answered.note(Sha256::digest(text.as_bytes()).into(), self.world.now()) {
            Ok(state)
        } else {
            Err(stale())
        }
    }

    /// What was kept of a question, without taking it as answered.
    pub(super) fn look_at_state(&self, text: &str) -> Result<String, Error> {
        let sealed = from_hex(text).ok_or_else(stale)?;
        self.keys.reveal(&sealed).ok_or_else(stale)
    }
}

fn stale() -> Error {
    let text = "this question was answered already, or lay open too long: try again";
    Error::bad("passkey.state", text)
}

/// What can be shown beside a password.
pub fn owed(person: &Person) -> Owed {
    let theirs = &person.credentials;
    Owed {
        code: theirs.totp.is_some(),
        passkey: !theirs.passkeys.is_empty(),
        recovery: !theirs.recovery.is_empty(),
    }
}

fn lapsed() -> Error {
    Error::bad("sign_in.lapsed", "this sign-in took too long: begin again")
}

/// What a browser calls itself, as one short line.
fn plain(browser: &str) -> String {
    browser.chars().filter(|c| !c.is_control()).take(BROWSER_CHARS).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2).map(|at| text.get(at..at + 2));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

/// A person whose link or session asks for it may not be there any more.
impl App {
    pub(super) async fn active_person(&self, id: wire::id::PersonId) -> Result<Person, Error> {
        let found = self.find_person(id).await?;
        let active = found.filter(|one| one.state == PersonState::Active);
        Ok(active.ok_or(Refusal::NotFound { what: "person" })?)
    }
}

/// How long the answers to questions are remembered: longer than any question holds.
const REMEMBERED: Span = Span::from_minutes(15);
/// How many are remembered.
const MOST_REMEMBERED: usize = 50_000;

/// The questions that were answered of late, so that none is answered twice.
#[derive(Debug, Default)]
pub struct Answered {
    seen: std::sync::Mutex<std::collections::BTreeMap<[u8; 32], wire::time::Timestamp>>,
}

impl Answered {
    /// Notes one; false if it was noted before, or there is no room for more.
    fn note(&self, hash: [u8; 32], now: wire::time::Timestamp) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if seen.len() >= MOST_REMEMBERED {
            seen.retain(|_, at| now < at.plus(REMEMBERED));
        }
        seen.len() < MOST_REMEMBERED && seen.insert(hash, now).is_none()
    }
}
