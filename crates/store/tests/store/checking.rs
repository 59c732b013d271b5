//! Checking a book and copying it.

use ledger::command::{Command, EndUse, Import};
use ledger::entitlement::Term;
use ledger::role::Action;
use store::Place;
use wire::time::Span;

use crate::homes::{Home, both};
use crate::stage::Stage;

/// Some of everything that moves lines.
fn busy(stage: &Stage) {
    stage.must(stage.new_place("Lab"));
    stage.must(stage.new_token_for("window", stage.place("Lab")));
    let soon = Term {
        start: stage.now().plus(Span::from_days(1)),
        end: Some(stage.now().plus(Span::from_days(9))),
    };
    stage.must(stage.grant("advantage", 9));
    stage.must(stage.grant_for(stage.main, "advantage", 4, soon));
    for nth in 0..5_u64 {
        let device = stage.bind(&format!("edge-{nth}"));
        for number in [1, 3, 2, 4] {
            stage.wait(Span::from_hours(7));
            stage.must(stage.push(&device, number, "advantage", number + nth));
            stage.must(stage.push(&device, number, "advantage", number + nth));
        }
        if nth % 2 == 0 {
            stage.must(stage.binding(&format!("edge-{nth}"), "window"));
        }
    }
    let import = |reports| {
        Command::Import(Import {
            asked: stage.asked(Action::ImportUsage),
            account: stage.account,
            virtual_account: stage.main,
            reports,
            completeness: ledger::command::Completeness::Complete,
        })
    };
    let (old, instance) = stage.foreign("old-1", 1, "essentials", 3);
    stage.must(import(vec![(old, instance)]));
    stage.wait(Span::from_days(2));
    stage.must(import(vec![stage.foreign("old-1", 2, "advantage", 3)]));
    let (asked, account) = (stage.asked(Action::EndUse), stage.account);
    let tag = crate::stage::tag("essentials");
    stage.must(Command::EndUse(EndUse { asked, account, instance, tag }));
    stage.wait(Span::from_days(30));
    stage.must(stage.grant("advantage", 1));
}

both! {
    fn a_book_after_much_work_is_clean(home: &Home) {
        let stage = Stage::new(home.open());
        busy(&stage);
        assert_eq!(stage.check(), Vec::<String>::new());
        assert!(home.number("SELECT COUNT(*) FROM entry") > 30);
    }

    fn what_was_tampered_with_is_named(home: &Home) {
        let stage = Stage::new(home.open());
        busy(&stage);
        let pool = stage.pool("advantage").expect("it is there").id.to_string();
        let whole = "(SELECT MAX(seq) FROM entry e WHERE e.pool_id = entry.pool_id)";
        let tampered = [
            ("UPDATE pool SET available = available + 1", "sums of its entitlements", "UPDATE pool SET available = available - 1"),
            ("UPDATE pool SET used = used + 1", "in use is", "UPDATE pool SET used = used - 1"),
            ("UPDATE pool SET balance = balance + 1", "balance to sort by", "UPDATE pool SET balance = balance - 1"),
            ("UPDATE entitlement SET quantity = quantity + 1", "does not equal its lines", "UPDATE entitlement SET quantity = quantity - 1"),
            ("UPDATE entitlement SET available = available + 1, retired = retired - 1", "does not equal its lines", "UPDATE entitlement SET available = available - 1, retired = retired + 1"),
            ("UPDATE license_use SET level = level + 1", "its lines say", "UPDATE license_use SET level = level - 1"),
            ("UPDATE alarm SET state = 1 - state", "its alarm is", "UPDATE alarm SET state = 1 - state"),
            ("UPDATE entry SET quantity = quantity + 1 WHERE seq = 1", "does not equal its lines", "UPDATE entry SET quantity = quantity - 1 WHERE seq = 1"),
            ("UPDATE instance SET heard_hour = heard_hour + 1", "its heard_hour is not", "UPDATE instance SET heard_hour = heard_hour - 1"),
            ("UPDATE instance SET removed_at = 1", "its removed_at is not", "UPDATE instance SET removed_at = NULL"),
            ("UPDATE report SET number = number + 100", "reports were heard", "UPDATE report SET number = number - 100"),
        ];
        for (tamper, words, mend) in tampered {
            home.sql(tamper);
            let wrong = stage.check();
            assert!(wrong.iter().any(|one| one.contains(words)), "{tamper}: {wrong:?}");
            home.sql(mend);
            assert_eq!(stage.check(), Vec::<String>::new(), "{mend}");
        }
        let told = |wrong: Vec<String>, words: &str| {
            assert!(wrong.iter().any(|one| one.contains(words) && one.contains(&pool)), "{words}: {wrong:?}");
        };
        home.sql(&format!("DELETE FROM entry WHERE seq = {whole}"));
        told(stage.check(), "lines are missing");
        home.sql("DELETE FROM entitlement");
        told(stage.check(), "is missing, its lines are there");
        home.sql("DELETE FROM pool");
        told(stage.check(), "the pool is missing");
    }
}

#[test]
fn a_copy_made_while_the_book_is_written_is_a_whole_book() {
    let (home, copy) = (Home::sqlite(), Home::sqlite());
    let stage = Stage::new(home.open());
    busy(&stage);
    std::fs::create_dir_all(copy.folder()).expect("a folder");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for _ in 0..200 {
                stage.must(stage.grant("advantage", 1));
            }
        });
        runtime.block_on(stage.book.copy_into(&copy.folder())).expect("it is copied");
        writing.join().expect("it ends");
    });
    let there = runtime.block_on(stage.book.copy_into(&copy.folder())).expect_err("it is there");
    assert_eq!(there.code(), "store.refused");
    let restored = Stage::again(copy.open(), 1);
    assert_eq!(restored.check(), Vec::<String>::new());
    let (ours, theirs) = (stage.pool("advantage"), restored.pool("advantage"));
    assert!(
        ours.expect("it is there").buckets.available
            >= theirs.expect("it is there").buckets.available
    );
    restored.must(restored.grant("advantage", 1));
    let reports =
        restored.read(|r| r.reports_of(restored.account, restored.bind("edge-1").instance));
    assert!(restored.read(|r| r.evidence(&reports[0])).is_some());
}

#[test]
fn a_book_on_postgres_is_copied_by_its_own_tools() {
    let Some(home) = Home::postgres() else { return };
    let book = home.open();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let refused = runtime.block_on(book.copy_into(&std::env::temp_dir())).expect_err("it is not");
    assert!(refused.to_string().contains("pg_dump"), "{refused}");
    assert!(matches!(home.options(store::Runner::Inline).place, Place::Postgres(_)));
}
