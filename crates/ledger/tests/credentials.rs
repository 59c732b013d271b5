//! What people sign in with changes only with its proof. A naive model, which shares no rule with
//! the book, says after each request of a random sequence whether it may have changed anything.

#[path = "stage/book.rs"]
mod book;

use std::collections::BTreeMap;

use book::{Book, Reading};
use ledger::command::{
    BeginSession, ChangeCredential, Command, CredentialChange, EndSession, KnowPerson, Own, Proof,
    ProveSession, SendLink, Shown, Spent, TouchSession,
};
use ledger::house::{Factors, HOUSE, Session};
use ledger::person::{
    Credentials, Letter, Link, LinkPurpose, Passkey, Person, PersonState, Preferences,
    ProviderLink, Strength, Totp,
};
use proptest::prelude::*;
use wire::id::{MessageId, PersonId, RequestId};
use wire::time::{Span, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(1_741_000_000_000);
const PEOPLE: u8 = 2;

fn person(n: u8) -> PersonId {
    PersonId::from_bytes([n + 1; 16])
}

/// One request of the sequence. Small numbers, so that they often meet.
#[derive(Clone, Debug)]
enum Step {
    Wait(i64),
    Link { word: u8, who: u8, purpose: LinkPurpose, version: u64 },
    Begin { token: u8, who: u8, factors: Factors, version: u64, spent: Spent },
    Prove { token: u8, who: u8, version: u64, spent: Spent },
    Touch { token: u8 },
    End { token: u8 },
    Change { who: u8, proof: Proof, version: u64, change: CredentialChange },
}

fn passkey(n: u8) -> Passkey {
    Passkey { id: vec![n], name: format!("key {n}"), data: "{}".to_owned(), added_at: 0 }
}

fn spent() -> impl Strategy<Value = Spent> {
    prop_oneof![
        3 => Just(Spent::Nothing),
        1 => (0..4_u64).prop_map(Spent::TotpStep),
        1 => (0..3_u8).prop_map(|n| Spent::Recovery([n; 32])),
        1 => (0..2_u8).prop_map(|n| Spent::Passkey(passkey(n))),
    ]
}

fn change() -> impl Strategy<Value = CredentialChange> {
    prop_oneof![
        4 => (0..9_u8).prop_map(|n| {
            let strength = [Strength::Alone, Strength::BesideSecondFactor][usize::from(n % 2)];
            CredentialChange::SetPassword(format!("phc {n}"), strength)
        }),
        2 => (0..3_u64).prop_map(|last_step| {
            CredentialChange::SetTotp(Totp { sealed: vec![1], last_step }, vec![1; 32])
        }),
        1 => Just(CredentialChange::RemoveTotp),
        1 => (0..3_u8).prop_map(|n| CredentialChange::SetRecovery(vec![n; 32])),
        2 => (0..2_u8).prop_map(|n| CredentialChange::AddPasskey(passkey(n))),
        1 => (0..2_u8).prop_map(|n| CredentialChange::RemovePasskey(vec![n])),
        1 => Just(CredentialChange::AddProvider(ProviderLink {
            issuer: "https://id.example".to_owned(), subject: "x".to_owned(), added_at: 0,
        })),
        1 => Just(CredentialChange::RemoveProvider("https://id.example".to_owned())),
        1 => Just(CredentialChange::RemoveSecondFactors),
        1 => Just(CredentialChange::EndSessions),
    ]
}

fn proof() -> impl Strategy<Value = Proof> {
    prop_oneof![
        4 => (0..4_u8).prop_map(|n| Proof::Session([n; 32])),
        3 => (0..4_u8).prop_map(|n| Proof::Link([n; 32])),
        1 => Just(Proof::Provider),
        1 => Just(Proof::Host),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let factors = prop_oneof![Just(Factors::Password), Just(Factors::Two), Just(Factors::Passkey)];
    let purpose = prop_oneof![
        Just(LinkPurpose::Invitation),
        Just(LinkPurpose::PasswordReset),
        Just(LinkPurpose::Approval),
    ];
    prop_oneof![
        1 => prop_oneof![Just(1), Just(11), Just(60), Just(130), Just(800)].prop_map(Step::Wait),
        3 => (0..4_u8, 0..PEOPLE, purpose, 0..4_u64)
            .prop_map(|(word, who, purpose, version)| Step::Link { word, who, purpose, version }),
        3 => (0..4_u8, 0..PEOPLE, factors, 0..4_u64, spent()).prop_map(
            |(token, who, factors, version, spent)| Step::Begin { token, who, factors, version, spent }
        ),
        1 => (0..4_u8, 0..PEOPLE, 0..4_u64, spent())
            .prop_map(|(token, who, version, spent)| Step::Prove { token, who, version, spent }),
        1 => (0..4_u8).prop_map(|token| Step::Touch { token }),
        1 => (0..4_u8).prop_map(|token| Step::End { token }),
        8 => (0..PEOPLE, proof(), 0..4_u64, change())
            .prop_map(|(who, proof, version, change)| Step::Change { who, proof, version, change }),
    ]
}

/// What the model knows: who may sign in where, and which links are good.
#[derive(Default)]
struct Model {
    sessions: BTreeMap<u8, Seat>,
    links: BTreeMap<u8, (u8, LinkPurpose, u64, Timestamp)>,
}

/// A session as the model has it.
#[derive(Clone, Copy)]
struct Seat {
    who: u8,
    one_factor: Weight,
    began: Timestamp,
    seen: Timestamp,
    proven: Timestamp,
}

/// Whether a session rests on a password alone.
#[derive(Clone, Copy, PartialEq)]
enum Weight {
    PasswordAlone,
    Enough,
}

impl Model {
    /// Whether a seat lets its person in: within 12 hours, used within two, not begun before the
    /// moment that voids sessions, and heavy enough.
    fn sits(&self, token: u8, who: u8, person: &Person, now: Timestamp) -> Option<Seat> {
        let seat = self.sessions.get(&token).copied().filter(|seat| seat.who == who)?;
        let young = now < seat.began.plus(Span::from_hours(12));
        let used = now < seat.seen.plus(Span::from_minutes(120));
        let theirs = &person.credentials;
        let valid = theirs.void_before.is_none_or(|at| seat.began.millis() >= at);
        let second = theirs.totp.is_some() || !theirs.passkeys.is_empty();
        let heavy = seat.one_factor == Weight::Enough || !second;
        (young && used && valid && heavy && person.state == PersonState::Active).then_some(seat)
    }

    /// Whether a proof is good for a change, as the issue says: the person's own fresh session, a
    /// live link of the right kind, the host, or a provider's word for who has nothing yet.
    fn proves(
        &self,
        proof: Proof,
        who: u8,
        person: &Person,
        change: &CredentialChange,
        now: Timestamp,
    ) -> bool {
        match proof {
            Proof::Host => true,
            Proof::Provider => {
                let theirs = &person.credentials;
                let nothing = theirs.password.is_none()
                    && theirs.passkeys.is_empty()
                    && theirs.providers.is_empty();
                nothing
                    && person.state == PersonState::Invited
                    && matches!(change, CredentialChange::AddProvider(_))
            }
            Proof::Session(hash) => self
                .sits(hash[0], who, person, now)
                .is_some_and(|seat| now < seat.proven.plus(Span::from_minutes(10))),
            Proof::Link(hash) => self.links.get(&hash[0]).is_some_and(|link| {
                let (whose, purpose, version, expires) = *link;
                let fits = match purpose {
                    LinkPurpose::Invitation => matches!(
                        change,
                        CredentialChange::SetPassword(..) | CredentialChange::AddPasskey(_)
                    ),
                    LinkPurpose::PasswordReset => {
                        matches!(change, CredentialChange::SetPassword(..))
                    }
                    LinkPurpose::Approval => false,
                };
                whose == who && fits && now < expires && version == person.credentials.version
            }),
        }
    }
}

struct World {
    book: Book,
    model: Model,
    now: Timestamp,
    nth: u8,
}

impl World {
    fn new(reading: Reading) -> Self {
        let mut world =
            Self { book: Book::new(reading), model: Model::default(), now: NOW, nth: 0 };
        for who in 0..PEOPLE {
            let person = Person {
                id: person(who),
                email: format!("p{who}@a.example"),
                name: String::new(),
                state: PersonState::Active,
                preferences: Preferences::default(),
                credentials: Credentials::default(),
                created_at: NOW,
            };
            let know = Command::KnowPerson(Box::new(KnowPerson { person, asked: None }));
            world.book.run(&know, NOW).expect("known");
        }
        world
    }

    fn person(&self, who: u8) -> Person {
        self.book.page.person(person(who)).expect("read").expect("known").clone()
    }

    fn people(&self) -> Vec<Person> {
        (0..PEOPLE).map(|who| self.person(who)).collect()
    }

    fn own(&mut self, who: u8) -> Own {
        self.nth = self.nth.wrapping_add(1);
        Own {
            person: person(who),
            actor: format!("p{who}@a.example"),
            request: RequestId::from_bytes([self.nth; 16]),
            address: String::new(),
        }
    }

    fn letter(&self) -> Letter {
        Letter {
            account: HOUSE,
            id: MessageId::from_bytes([self.nth; 16]),
            to: "p@a.example".to_owned(),
            subject: "x".to_owned(),
            sealed_text: vec![1],
            queued_at: self.now,
        }
    }

    fn take(&mut self, step: &Step) {
        let before = self.people();
        match step.clone() {
            Step::Wait(minutes) => self.now = self.now.plus(Span::from_minutes(minutes)),
            Step::Link { word, who, purpose, version } => {
                let expires_at = self.now.plus(Span::from_hours(1));
                let link = Link {
                    hash: [word; 32],
                    purpose,
                    person: person(who),
                    account: HOUSE,
                    credentials_version: version,
                    made_at: self.now,
                    expires_at,
                    used_at: None,
                };
                let command = SendLink { link, letter: self.letter() };
                self.book.run(&Command::SendLink(Box::new(command)), self.now).expect("sent");
                self.model.links.insert(word, (who, purpose, version, expires_at));
            }
            Step::Begin { token, who, factors, version, spent } => {
                self.begin(token, who, factors, Shown { version, spent }, &before);
            }
            Step::Prove { token, who, version, spent } => {
                self.prove(token, who, Shown { version, spent }, &before);
            }
            Step::Touch { token } => {
                let touch = Command::TouchSession(TouchSession { token_hash: [token; 32] });
                self.book.run(&touch, self.now).expect("touched");
                if let Some(seat) = self.model.sessions.get_mut(&token) {
                    let live = self.now < seat.seen.plus(Span::from_minutes(120))
                        && self.now < seat.began.plus(Span::from_hours(12));
                    seat.seen = if live { self.now } else { seat.seen };
                }
            }
            Step::End { token } => {
                let end = EndSession { token_hash: [token; 32], owner: None };
                self.book.run(&Command::EndSession(end), self.now).expect("ended");
                self.model.sessions.remove(&token);
            }
            Step::Change { who, proof, version, change } => {
                self.change(who, proof, version, change, &before);
            }
        }
    }

    /// A sign-in may use up what was shown, and never changes what is signed in with.
    fn begin(&mut self, token: u8, who: u8, factors: Factors, shown: Shown, before: &[Person]) {
        let session = Session {
            token_hash: [token; 32],
            person: Some(person(who)),
            factors,
            csrf: "word".to_owned(),
            began_at: self.now,
            ends_at: self.now.plus(Span::from_hours(12)),
            ended_at: None,
            proven_at: self.now,
            seen_at: self.now,
            address: String::new(),
            browser: String::new(),
        };
        let begin = BeginSession { session, shown: Some(shown.clone()), replaces: None };
        let done = self.book.run(&Command::BeginSession(Box::new(begin)), self.now).is_ok();
        let person = &before[usize::from(who)];
        let fits = shown.version == person.credentials.version
            && person.state == PersonState::Active
            && holds(&shown.spent, &person.credentials);
        assert_eq!(done, fits, "a session begins with what fits, and with nothing else");
        if done {
            let one_factor =
                if factors == Factors::Password { Weight::PasswordAlone } else { Weight::Enough };
            let (began, seen, proven) = (self.now, self.now, self.now);
            self.model.sessions.insert(token, Seat { who, one_factor, began, seen, proven });
        }
        self.only_spent(before, who, &shown.spent);
    }

    fn prove(&mut self, token: u8, who: u8, shown: Shown, before: &[Person]) {
        let prove = ProveSession { token_hash: [token; 32], person: person(who), shown };
        let spent = prove.shown.spent.clone();
        let version = prove.shown.version;
        let done = self.book.run(&Command::ProveSession(Box::new(prove)), self.now).is_ok();
        let person = &before[usize::from(who)];
        let sits = self.model.sits(token, who, person, self.now).is_some();
        let fits = version == person.credentials.version && holds(&spent, &person.credentials);
        assert_eq!(done, sits && fits);
        if let Some(seat) = self.model.sessions.get_mut(&token).filter(|_| done) {
            (seat.proven, seat.seen) = (self.now, self.now);
        }
        self.only_spent(before, who, &spent);
    }

    /// Nothing but what was used up differs, and of nobody else anything.
    fn only_spent(&self, before: &[Person], who: u8, spent: &Spent) {
        for (nth, (was, is)) in before.iter().zip(self.people()).enumerate() {
            let mut expected = was.clone();
            let theirs = &mut expected.credentials;
            if nth == usize::from(who) && is != *was {
                match spent {
                    Spent::Nothing => panic!("nothing was shown that is used up"),
                    Spent::TotpStep(step) => {
                        theirs.totp.as_mut().expect("there is one").last_step = *step;
                    }
                    Spent::Recovery(code) => {
                        let at = theirs.recovery.chunks(32).position(|one| one == code);
                        let at = at.expect("it was there") * 32;
                        theirs.recovery.drain(at..at + 32);
                    }
                    Spent::Passkey(_) => theirs.passkeys.clone_from(&is.credentials.passkeys),
                }
            }
            assert_eq!(is, expected);
        }
    }

    /// Whether a change happened is what the model says of its proof.
    fn change(
        &mut self,
        who: u8,
        proof: Proof,
        version: u64,
        change: CredentialChange,
        before: &[Person],
    ) {
        let person = &before[usize::from(who)];
        let proven = self.model.proves(proof, who, person, &change, self.now)
            && version == person.credentials.version;
        let own = self.own(who);
        let letter = Some(self.letter());
        let command = ChangeCredential { own, proof, version, change: change.clone(), letter };
        let (letters, rows) = (self.book.letters.len(), self.book.rows());
        let done = self.book.run(&Command::ChangeCredential(Box::new(command)), self.now).is_ok();
        let after = self.people();
        if !proven {
            assert!(!done, "{change:?} by {proof:?}");
        }
        if !done {
            assert_eq!(rows, self.book.rows(), "what is refused changes nothing");
            assert_eq!(self.book.letters.len(), letters);
            return;
        }
        assert_eq!(self.book.letters.len(), letters + 1, "whoever owns it is told");
        for (nth, (was, is)) in before.iter().zip(&after).enumerate() {
            if nth == usize::from(who) {
                assert_eq!(is.credentials.version, was.credentials.version + 1);
            } else {
                assert_eq!(was, is, "nobody else's");
            }
        }
        let theirs = &after[usize::from(who)].credentials;
        let second = theirs.totp.is_some() || !theirs.passkeys.is_empty();
        let short = theirs.password.is_some() && theirs.strength == Strength::BesideSecondFactor;
        assert!(second || !short, "a short password never stands alone");
        if let Proof::Link(hash) = proof {
            self.model.links.remove(&hash[0]);
            let theirs = (&person.credentials, &after[usize::from(who)].credentials);
            assert_eq!(theirs.0.totp, theirs.1.totp, "no link touches the second factor");
            assert_eq!(theirs.0.recovery, theirs.1.recovery);
        }
    }
}

/// Whether what was shown is there to be used up.
fn holds(spent: &Spent, theirs: &Credentials) -> bool {
    match spent {
        Spent::Nothing => true,
        Spent::TotpStep(step) => theirs.totp.as_ref().is_some_and(|totp| totp.last_step < *step),
        Spent::Recovery(code) => theirs.recovery.chunks(32).any(|one| one == code),
        Spent::Passkey(shown) => theirs.passkeys.iter().any(|one| one.id == shown.id),
    }
}

fn cases() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(400), failure_persistence: None, ..Default::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_credential_changes_only_with_its_proof(steps in prop::collection::vec(step(), 1..60), reading in 0..3_u8) {
        let reading = [Reading::Whole, Reading::AsAsked, Reading::Kept][usize::from(reading)];
        let mut world = World::new(reading);
        // Somebody has to have something to begin with.
        for who in 0..PEOPLE {
            world.take(&Step::Link { word: who, who, purpose: LinkPurpose::Invitation, version: 0 });
            world.take(&Step::Change {
                who,
                proof: Proof::Link([who; 32]),
                version: 0,
                change: CredentialChange::SetPassword("first".to_owned(), Strength::Alone),
            });
        }
        for step in &steps {
            world.take(step);
        }
    }
}

#[test]
fn the_model_is_met_by_changes_of_every_kind() {
    // Without this the property could hold because nothing ever happens.
    let mut world = World::new(Reading::Kept);
    let link = |word, purpose, version| Step::Link { word, who: 0, purpose, version };
    let set = |proof, version| Step::Change {
        who: 0,
        proof,
        version,
        change: CredentialChange::SetPassword("new".to_owned(), Strength::Alone),
    };
    let begin = |token, version, spent| Step::Begin {
        token,
        who: 0,
        factors: Factors::Two,
        version,
        spent,
    };
    let version = |world: &World| world.person(0).credentials.version;
    world.take(&link(0, LinkPurpose::Invitation, 0));
    world.take(&set(Proof::Link([0; 32]), 0));
    assert_eq!((version(&world), world.person(0).state), (1, PersonState::Active));
    world.take(&set(Proof::Link([0; 32]), 1));
    assert_eq!(version(&world), 1, "a link works once");
    world.take(&begin(1, 1, Spent::Nothing));
    let totp = Totp { sealed: vec![1], last_step: 1 };
    let change = CredentialChange::SetTotp(totp, vec![1; 32]);
    world.take(&Step::Change { who: 0, proof: Proof::Session([1; 32]), version: 1, change });
    assert_eq!(version(&world), 2);
    world.take(&begin(2, 2, Spent::TotpStep(1)));
    assert!(!world.model.sessions.contains_key(&2), "a code is not taken twice");
    world.take(&begin(2, 2, Spent::TotpStep(2)));
    assert!(world.model.sessions.contains_key(&2));
    world.take(&Step::Wait(11));
    world.take(&set(Proof::Session([2; 32]), 2));
    assert_eq!(version(&world), 2, "the proof is not fresh any more");
    let spent = Spent::Recovery([1; 32]);
    world.take(&Step::Prove { token: 2, who: 0, version: 2, spent });
    world.take(&set(Proof::Session([2; 32]), 2));
    assert_eq!(version(&world), 3);
    world.take(&Step::Wait(1));
    world.take(&set(Proof::Session([2; 32]), 3));
    assert_eq!(version(&world), 3, "a new password ended the session");
    world.take(&link(3, LinkPurpose::PasswordReset, 3));
    let change = CredentialChange::RemoveTotp;
    world.take(&Step::Change { who: 0, proof: Proof::Link([3; 32]), version: 3, change });
    assert!(world.person(0).credentials.totp.is_some(), "a reset never takes the second factor");
    world.take(&set(Proof::Link([3; 32]), 3));
    assert_eq!(version(&world), 4);
}

#[test]
fn who_has_a_short_password_keeps_a_second_factor() {
    let mut world = World::new(Reading::Kept);
    let change = |version, change| Step::Change { who: 0, proof: Proof::Host, version, change };
    let short = || CredentialChange::SetPassword("phc".to_owned(), Strength::BesideSecondFactor);
    let theirs = |world: &World| world.person(0).credentials;
    world.take(&change(0, short()));
    assert_eq!(theirs(&world).version, 0, "it is not taken alone");
    let totp = Totp { sealed: vec![1], last_step: 1 };
    world.take(&change(0, CredentialChange::SetPassword("phc".to_owned(), Strength::Alone)));
    world.take(&change(1, CredentialChange::SetTotp(totp, vec![1; 32])));
    world.take(&change(2, short()));
    assert_eq!(theirs(&world).version, 3);
    world.take(&change(3, CredentialChange::RemoveTotp));
    assert!(theirs(&world).totp.is_some(), "the second factor stays while the password is short");
    world.take(&change(3, CredentialChange::AddPasskey(passkey(0))));
    world.take(&change(4, CredentialChange::RemoveTotp));
    world.take(&change(5, CredentialChange::RemovePasskey(vec![0])));
    assert_eq!((theirs(&world).version, theirs(&world).passkeys.len()), (5, 1));
    world.take(&change(5, CredentialChange::RemoveSecondFactors));
    assert_eq!(theirs(&world).password, None, "whoever lost them chooses a new one by a link");
}
