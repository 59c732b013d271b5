//! What the book bears from a device that lies, and the house's own rows.

#[path = "stage/acts.rs"]
mod acts;
#[path = "stage/asks.rs"]
mod asks;
#[path = "stage/audit.rs"]
mod audit;
#[path = "stage/book.rs"]
mod book;
#[path = "stage/scene.rs"]
mod scene;
#[path = "stage/words.rs"]
mod words;

use book::{Book, Reading};
use ledger::Effect;
use ledger::command::{BeginSession, Command, EndSession, KeepFact, MakeClaim};
use ledger::house::{Claim, ClaimKind, HouseFact, Session};
use scene::Scene;
use wire::id::AccountId;
use wire::limits::TAGS_PER_INSTANCE;
use wire::time::{Span, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(1_741_000_000_000);

fn tell(scene: &mut Scene, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    scene.happens(&words).unwrap_or_else(|| scene.asks(&words))
}

#[test]
fn a_device_that_makes_up_licenses_does_not_fill_the_book() {
    let mut scene = Scene::new(Reading::AsAsked);
    for nth in 1..=TAGS_PER_INSTANCE {
        let said = tell(&mut scene, &format!("report sw1 {nth} license-{nth} 1"));
        assert_eq!(said, "1 posted, short 1");
    }
    let one_more = TAGS_PER_INSTANCE + 1;
    let line = format!("report sw1 {one_more} license-{one_more} 1");
    assert_eq!(tell(&mut scene, &line), "0 posted", "it is kept, not counted");
    assert_eq!(tell(&mut scene, &line), "0 posted");
    let flags = tell(&mut scene, &format!("flags sw1 {one_more}"));
    assert_eq!(flags, "too many licenses");
    assert_eq!(scene.book.page.pools.changed().count(), TAGS_PER_INSTANCE);
    let known = tell(&mut scene, &format!("report sw1 {} license-1 4", one_more + 1));
    assert_eq!(known, "1 posted, short 4", "what is known goes on");
}

fn claim(owner: u8, account: u8) -> Command {
    Command::MakeClaim(MakeClaim {
        claim: Claim {
            kind: ClaimKind::Domain,
            value: "customer.example".to_owned(),
            account: AccountId::from_bytes([account; 16]),
            owner: [owner; 16],
            claimed_at: NOW,
        },
    })
}

#[test]
fn a_claim_is_for_one_owner_who_may_make_it_again() {
    for reading in [Reading::Whole, Reading::AsAsked, Reading::Kept] {
        let mut book = Book::new(reading);
        book.run(&claim(1, 1), NOW).expect("nobody has it");
        book.run(&claim(1, 1), NOW).expect("the owner again");
        for (owner, account) in [(2, 1), (1, 2)] {
            let refusal = book.run(&claim(owner, account), NOW).expect_err("taken");
            let words = "the domain \"customer.example\" is taken already: choose another (exists)";
            assert_eq!(refusal.to_string(), words);
        }
        assert_eq!(book.rows().len(), 1);
    }
}

#[test]
fn a_session_begins_and_ends_and_a_fact_is_the_last_one_kept() {
    for reading in [Reading::Whole, Reading::AsAsked, Reading::Kept] {
        let mut book = Book::new(reading);
        let session = Session {
            token_hash: [1; 32],
            person: None,
            factors: ledger::house::Factors::SetUpSecret,
            csrf: "word".to_owned(),
            began_at: NOW,
            ends_at: NOW.plus(Span::from_hours(8)),
            ended_at: None,
            proven_at: NOW,
            seen_at: NOW,
            address: "192.0.2.7".to_owned(),
            browser: "Zoë's".to_owned(),
        };
        let end = Command::EndSession(EndSession { token_hash: [1; 32], owner: None });
        book.run(&end, NOW).expect("nothing to end");
        assert_eq!(book.rows(), []);
        let begin = BeginSession { session: session.clone(), shown: None, replaces: None };
        book.run(&Command::BeginSession(Box::new(begin)), NOW).expect("begun");
        book.run(&end, NOW.plus(Span::from_hours(1))).expect("ended");
        let touch = Command::TouchSession(ledger::command::TouchSession { token_hash: [1; 32] });
        book.run(&touch, NOW.plus(Span::from_hours(1))).expect("nothing to touch");
        let ended = Session { ended_at: Some(NOW.plus(Span::from_hours(1))), ..session };
        assert_eq!(book.rows(), [Effect::Session(ended)]);
        for value in [vec![1], vec![2]] {
            let fact = HouseFact { name: "realm".to_owned(), value, changed_at: NOW };
            book.run(&Command::KeepFact(KeepFact { fact }), NOW).expect("kept");
        }
        let kept = book.page.house_fact("realm").expect("the book is read").cloned();
        assert_eq!(kept.map(|fact| fact.value), Some(vec![2]));
    }
}
