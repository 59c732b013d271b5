//! The event log: places, pages, and that whatever is done to it behind the book's back is named.

use std::collections::BTreeSet;

use ledger::command::{Command, Sequence};
use ledger::house::HOUSE;
use ledger::log::{Logged, Personal, Sphere};
use ledger::tree::{
    Head, Verdict, check_consistency, check_inclusion, consistency, inclusion, root,
};
use store::events::EventQuestion;
use store::fsck::Findings;
use store::{Chore, Swept};
use wire::id::AccountId;
use wire::time::{Span, Timestamp};

use crate::event_figures::ACTORS;
use crate::homes::{Home, both};
use crate::stage::Stage;

impl Stage {
    /// Gives all events their places, as the job does.
    pub(crate) fn sequence(&self) {
        loop {
            let unplaced = self.house(|reading| reading.unplaced(100));
            if unplaced.is_empty() {
                return;
            }
            for (account, (from, events)) in unplaced {
                self.must(Command::Sequence(Sequence { account, from, events }));
            }
        }
    }

    fn head(&self) -> Head {
        let tree = self.read(|reading| reading.event_tree(self.account)).expect("it has a tree");
        Head { size: tree.edge.size(), root: tree.edge.root() }
    }

    fn check_log(&self, heads: &[Head]) -> Findings {
        let mut findings = Findings::default();
        self.house(|reading| reading.check_log(self.account, heads, &mut findings));
        findings
    }

    fn page(&self, question: &EventQuestion) -> Vec<Logged> {
        self.read(|reading| reading.events(self.account, question, 1000)).rows
    }

    /// So many changes, an hour apart, each an event.
    fn change(&self, names: std::ops::Range<u32>) {
        for nth in names {
            self.wait(Span::from_hours(1));
            self.must(self.new_place(&format!("place-{nth}")));
        }
    }
}

both! {
    fn every_event_gets_the_next_place_once_and_each_account_has_its_own_tree(home: &Home) {
        let stage = Stage::new(home.open());
        stage.must(stage.definition("advantage"));
        stage.sequence();
        assert_eq!(stage.head().size, 2);
        stage.change(0..3);
        let stale = stage.house(|reading| reading.unplaced(100));
        stage.sequence();
        for (account, (from, events)) in stale {
            stage.must(Command::Sequence(Sequence { account, from, events }));
        }
        stage.sequence();
        let all = stage.read(|reading| reading.events_from(stage.account, 0, 100));
        let places: Vec<u64> = all.iter().map(|one| one.place.expect("a place").number).collect();
        assert_eq!(places, [0, 1, 2, 3, 4], "what another has done is not done again");
        let house = stage.house(|reading| reading.event_tree(HOUSE)).expect("it has a tree");
        assert_eq!(house.edge.size(), 1);
        assert_eq!(stage.check_log(&[stage.head()]).wrong, Vec::<String>::new());
        assert_eq!(stage.check_log(&[]).events, 5);
    }

    fn proofs_from_what_is_stored_hold(home: &Home) {
        let stage = Stage::new(home.open());
        let mut heads = Vec::new();
        let orders = (0..600).map(|nth| stage.order(stage.new_place(&format!("place-{nth}"))));
        stage.book.write_together(orders.collect()).into_iter().for_each(|one| drop(one.expect("written")));
        stage.sequence();
        let now = stage.head();
        assert_eq!(now.size, 602);
        for size in [0, 1, 2, 255, 256, 257, 511, 512, 600, 602] {
            heads.push(Head { size, root: stage.read(|r| root(&mut r.subtrees(stage.account), size)) });
        }
        for head in &heads {
            let path = stage.read(|r| consistency(&mut r.subtrees(stage.account), head.size, now.size));
            assert_eq!(check_consistency(head, &now, &path), Verdict::Proved, "{}", head.size);
        }
        for one in stage.read(|reading| reading.events_from(stage.account, 250, 20)) {
            let place = one.place.expect("a place");
            let path = stage.read(|r| inclusion(&mut r.subtrees(stage.account), place.number, now.size));
            let verdict = check_inclusion(&place.leaf, place.number, now.size, &path, &now.root);
            assert_eq!(verdict, Verdict::Proved);
        }
        assert_eq!(stage.check_log(&heads).wrong, Vec::<String>::new());
        // Rewritten with all that the database holds, it still is not what was signed.
        home.sql("UPDATE event SET leaf_hash = personal_hash WHERE place = 300");
        let wrong = stage.check_log(&heads).wrong;
        assert!(wrong[0].contains("at place 300 was altered"), "{wrong:?}");
        assert!(wrong.iter().any(|one| one.contains("places 256 to 511")), "{wrong:?}");
        assert!(wrong.iter().any(|one| one.contains("the first 511 events")), "{wrong:?}");
        assert!(!wrong.iter().any(|one| one.contains("the first 257 events")), "{wrong:?}");
    }

    fn whatever_one_row_is_changed_moved_or_removed_it_is_named(home: &Home) {
        let stage = Stage::new(home.open());
        stage.change(0..8);
        stage.sequence();
        let heads = [stage.head()];
        stage.change(8..12);
        stage.sequence();
        for table in ["event", "event_personal", "event_tree"] {
            home.sql(&format!("CREATE TABLE saved_{table} AS SELECT * FROM {table}"));
        }
        let altered = |column: &str| format!("UPDATE event SET {column} = 'x' WHERE place = 5");
        let swap = "UPDATE event SET place = 9 - place WHERE place IN (4, 5)";
        let swap_all = "UPDATE event SET place = 4, leaf_hash = (SELECT s.leaf_hash FROM saved_event s WHERE s.place = 4 AND s.account_id = event.account_id), \
                        personal_hash = (SELECT s.personal_hash FROM saved_event s WHERE s.place = 4 AND s.account_id = event.account_id) WHERE place = 5";
        let added = "INSERT INTO event SELECT account_id, at + 1, event_id, role, action, subject, detail, NULL, NULL, NULL, virtual_account_id, sphere FROM event WHERE place = 5";
        let added_place = "INSERT INTO event SELECT account_id, at + 1, event_id, role, action, subject, detail, place, personal_hash, leaf_hash, virtual_account_id, sphere FROM event WHERE place = 5";
        let later = "INSERT INTO event SELECT account_id, at + 1, event_id, role, action, subject, detail, 14, personal_hash, leaf_hash, virtual_account_id, sphere FROM event WHERE place = 5";
        let bytes = if home.takes_several_nodes() { "BYTEA" } else { "BLOB" };
        let tampered = [
            (altered("role"), "at place 5 was altered"),
            (altered("action"), "at place 5 was altered"),
            (altered("subject"), "at place 5 was altered"),
            (altered("detail"), "at place 5 was altered"),
            ("UPDATE event SET sphere = 1 - sphere WHERE place = 5".to_owned(), "at place 5: what it is about was altered"),
            ("UPDATE event SET virtual_account_id = event_id WHERE place = 5".to_owned(), "at place 5 was altered"),
            ("UPDATE event SET virtual_account_id = NULL WHERE place = 5".to_owned(), "at place 5 was altered"),
            ("UPDATE event SET at = at + 1 WHERE place = 5".to_owned(), "at place 5"),
            ("UPDATE event_personal SET actor = 'x' WHERE at = (SELECT at FROM event WHERE place = 5)".to_owned(), "at place 5: who did it was altered"),
            ("UPDATE event_personal SET address = 'x' WHERE at = (SELECT at FROM event WHERE place = 5)".to_owned(), "at place 5: who did it was altered"),
            ("DELETE FROM event_personal WHERE at = (SELECT at FROM event WHERE place = 5)".to_owned(), "at place 5: who did it is missing"),
            ("DELETE FROM event WHERE place = 5".to_owned(), "the event at place 5 is missing"),
            ("DELETE FROM event WHERE place = 13".to_owned(), "the event at place 13 is missing"),
            (swap.to_owned(), "at place 4 was altered, or moved there"),
            (swap_all.to_owned(), "at place 4"),
            ("UPDATE event SET leaf_hash = personal_hash WHERE place = 5".to_owned(), "at place 5 was altered"),
            ("UPDATE event SET place = NULL WHERE place = 5".to_owned(), "the event at place 5 is missing"),
            (added.to_owned(), "has no place in the tree"),
            (added_place.to_owned(), "was added at place 5, which is taken"),
            (later.to_owned(), "at place 14 was altered, or moved there"),
            ("INSERT INTO event_actor SELECT DISTINCT account_id, 'x' FROM event_actor".to_owned(), "1 in the list of names never acted, or were erased"),
            ("DELETE FROM event_actor".to_owned(), "1 who acted are missing from the list of names"),
            ("UPDATE event_tree SET size = 12".to_owned(), "damaged"),
            (format!("UPDATE event_tree SET edge = CAST(substr(edge, 1, 64) || (SELECT leaf_hash FROM event WHERE place = 5) AS {bytes})"), "has another root"),
            ("DELETE FROM event WHERE place >= 9; DELETE FROM event_tree".to_owned(), "a checkpoint was signed for 10 events, 9 are there"),
        ];
        for (tamper, words) in tampered {
            home.sql(&tamper);
            let wrong = stage.check_log(&heads).wrong;
            assert!(wrong.iter().any(|one| one.contains(words)), "{tamper}: {wrong:?}");
            let columns = "account_id, at, event_id, role, action, subject, detail, place, personal_hash, leaf_hash, virtual_account_id, sphere";
            home.sql(&format!(
                "DELETE FROM event; INSERT INTO event ({columns}) SELECT {columns} FROM saved_event; \
                 DELETE FROM event_personal; INSERT INTO event_personal SELECT * FROM saved_event_personal; \
                 DELETE FROM event_tree; INSERT INTO event_tree SELECT * FROM saved_event_tree; {ACTORS}"
            ));
            assert_eq!(stage.check_log(&heads).wrong, Vec::<String>::new(), "{tamper}");
        }
    }

    fn a_log_written_anew_with_all_its_hashes_breaks_the_checkpoint(home: &Home) {
        let stage = Stage::new(home.open());
        stage.change(0..8);
        stage.sequence();
        let taken = stage.head();
        stage.change(8..10);
        stage.sequence();
        home.sql("UPDATE event SET subject = 'va_other' WHERE place = 5");
        home.sql("UPDATE event SET place = NULL, leaf_hash = NULL; DELETE FROM event_tree");
        // The book as a whole is opened anew by the forger: no page remembers the tree.
        let forged = Stage::again(copy_of(stage, home), 9);
        forged.sequence();
        assert_eq!(forged.check_log(&[]).wrong, Vec::<String>::new(), "it fits in itself");
        let now = forged.head();
        let path = forged.read(|r| consistency(&mut r.subtrees(forged.account), taken.size, now.size));
        assert_eq!(check_consistency(&taken, &now, &path), Verdict::Unproved);
        let wrong = forged.check_log(&[taken]).wrong;
        assert!(wrong[0].contains("the checkpoint of the first 10 events does not fit"), "{wrong:?}");
    }

    fn what_tells_of_a_person_can_be_erased_and_the_tree_stands(home: &Home) {
        let stage = Stage::new(home.open());
        stage.change(0..3);
        stage.sequence();
        let head = stage.head();
        let one = &stage.page(&EventQuestion::default())[1];
        assert_eq!(one.event.actor, "operator (set-up secret)");
        let (event, now) = ((one.event.at, one.event.id), stage.now());
        let erase = Chore::ErasePersonal { account: stage.account, events: vec![event], now };
        stage.book.chore_waiting(erase).expect("it is erased");
        let erased = &stage.page(&EventQuestion::default())[1];
        assert_eq!((erased.event.actor.as_str(), erased.personal), ("", Personal::Erased(now)));
        let found = stage.check_log(&[head]);
        assert_eq!((found.wrong, found.erased), (Vec::new(), 1));
        let sql = "SELECT length(salt) FROM event_personal WHERE erased_at IS NOT NULL";
        assert_eq!(home.number(sql), 0, "the salt is gone too");
        let names = "SELECT COUNT(*) FROM event_actor WHERE actor = 'operator (set-up secret)'";
        assert_eq!(home.number(names), 1, "others are by the same");
        let events = stage.page(&EventQuestion::default());
        let events = events.iter().map(|one| (one.event.at, one.event.id)).collect();
        let erase = Chore::ErasePersonal { account: stage.account, events, now };
        stage.book.chore_waiting(erase).expect("it is erased");
        assert_eq!(home.number(&format!("{names} AND account_id = (SELECT account_id FROM event_tree)")), 0);
        assert_eq!(stage.check_log(&[head]).wrong, Vec::<String>::new());
        stage.change(3..4);
        assert_eq!(stage.page(&EventQuestion { actor: Some("set-up".to_owned()), ..EventQuestion::default() }).len(), 1, "whoever acts again is found again");
    }

    fn pages_that_erasing_frees_are_overwritten(home: &Home) {
        if home.takes_several_nodes() {
            return;
        }
        let stage = Stage::new(home.open());
        stage.change(0..40);
        // Behind so much else the name lies in a page of its own, which nothing but erasing frees.
        let wanda = "UPDATE event_personal SET actor = hex(zeroblob(4000)) || 'Wanda Vanished'";
        home.sql(&format!("PRAGMA secure_delete = ON; {wanda}; {ACTORS}"));
        let event = |one: &Logged| (one.event.at, one.event.id);
        let events: Vec<_> = stage.page(&EventQuestion::default()).iter().map(event).collect();
        let erase = Chore::ErasePersonal { account: stage.account, events, now: stage.now() };
        stage.book.chore_waiting(erase).expect("it is erased");
        // Nobody reads any more, so that the whole log goes into the file.
        drop(stage);
        let house = "UPDATE event_personal SET actor = '' WHERE actor LIKE '%Wanda%'";
        home.sql(&format!("PRAGMA secure_delete = ON; {house}; PRAGMA wal_checkpoint(TRUNCATE)"));
        let file = std::fs::read(home.folder().join("scrip.db")).expect("the file");
        let name = b"Wanda Vanished";
        assert!(!file.windows(name.len()).any(|part| part == name), "free pages hold it");
    }

    fn events_are_found_by_each_of_their_filters_page_by_page(home: &Home) {
        let stage = Stage::new(home.open());
        stage.change(0..5);
        stage.must(stage.grant("advantage", 3));
        home.sql("UPDATE event_personal SET actor = 'Ann ÄRMEL' WHERE at = (SELECT MAX(at) FROM event_personal)");
        home.sql(ACTORS);
        let all = stage.page(&EventQuestion::default());
        assert_eq!(all.len(), 8);
        assert!(all.is_sorted_by_key(|one| std::cmp::Reverse((one.event.at, one.event.id))));
        let action = Some("virtual_account.created".to_owned());
        let by_action = EventQuestion { action: action.clone(), ..EventQuestion::default() };
        assert_eq!(stage.page(&by_action).len(), 5);
        let subject = Some(stage.place("place-2").to_string());
        let by_subject = EventQuestion { subject, ..by_action.clone() };
        assert_eq!(stage.page(&by_subject).len(), 1);
        let by_actor = |text: &str| EventQuestion { actor: Some(text.to_owned()), ..EventQuestion::default() };
        assert_eq!(stage.page(&by_actor("ärm")).len(), 2);
        assert_eq!(stage.page(&by_actor("SET-UP")).len(), 6);
        assert_eq!(stage.page(&by_actor("nobody")).len(), 0);
        assert_eq!(stage.page(&EventQuestion { action, ..by_actor("e") }).len(), 5);
        let rare = Some("account.created".to_owned());
        let of_ann = EventQuestion { action: rare, ..by_actor("ärm") };
        assert_eq!(stage.page(&of_ann).len(), 0, "a rarer condition leads, and the actor still counts");
        let (since, until) = (Some(all[4].event.at), Some(all[2].event.at));
        let span = EventQuestion { since, until, ..EventQuestion::default() };
        assert_eq!(stage.page(&span), all[3..5]);
        for question in [EventQuestion::default(), by_action, by_actor("e"), span] {
            let whole = stage.page(&question);
            let mut walked = Vec::new();
            let mut question = question;
            loop {
                let page = stage.read(|r| r.events(stage.account, &question, 2));
                walked.extend(page.rows);
                question.after = page.next;
                if question.after.is_none() {
                    break;
                }
            }
            assert_eq!(walked, whole);
        }
        let actions = stage.read(|reading| reading.event_actions(stage.account));
        assert_eq!(actions, ["account.created", "entitlement.granted", "token.created", "virtual_account.created"]);
        let other = AccountId::from_bytes([9; 16]);
        assert!(stage.read(|r| r.events(other, &EventQuestion::default(), 9)).rows.is_empty());
    }

    fn who_reads_single_virtual_accounts_reads_those_of_the_whole_log(home: &Home) {
        let stage = Stage::new(home.open());
        stage.change(0..5);
        for nth in 0..20_u64 {
            stage.wait(Span::from_minutes(7));
            let place = stage.place(&format!("place-{}", nth % 5));
            stage.must(stage.grant_in(place, &format!("license-{}", nth % 3), nth + 1));
        }
        home.sql("UPDATE event_personal SET actor = 'Ann' WHERE at IN (SELECT at FROM event WHERE place IS NULL ORDER BY at LIMIT 12)");
        home.sql(ACTORS);
        let all = stage.page(&EventQuestion::default());
        let text = |text: &str| Some(text.to_owned());
        let none = EventQuestion::default;
        let span = (Some(all[20].event.at), Some(all[3].event.at));
        let reach = |numbers: &[u32]| -> BTreeSet<_> { numbers.iter().map(|nth| stage.place(&format!("place-{nth}"))).collect() };
        for places in [reach(&[]), reach(&[2]), reach(&[0, 3]), reach(&[0, 1, 2, 3, 4])] {
            for question in [
                none(),
                EventQuestion { action: text("virtual_account.created"), ..none() },
                EventQuestion { action: text("entitlement.granted"), actor: text("ANN"), ..none() },
                EventQuestion { sphere: Some(Sphere::Licenses), ..none() },
                EventQuestion { sphere: Some(Sphere::Administration), actor: text("op"), ..none() },
                EventQuestion { since: span.0, until: span.1, ..none() },
            ] {
                let naive: Vec<&Logged> = stage
                    .page(&question)
                    .iter()
                    .filter_map(|one| one.event.virtual_account.filter(|it| places.contains(it)).map(|_| one.event.id))
                    .map(|id| all.iter().find(|one| one.event.id == id).expect("it is in the log"))
                    .collect();
                let mut asked = EventQuestion { within: Some(places.clone()), ..question };
                let mut walked = Vec::new();
                loop {
                    let page = stage.read(|r| r.events(stage.account, &asked, 3));
                    walked.extend(page.rows);
                    asked.after = page.next;
                    if asked.after.is_none() {
                        break;
                    }
                }
                assert_eq!(walked.iter().collect::<Vec<_>>(), naive, "{asked:?}");
            }
        }
    }

    fn one_node_at_a_time_has_a_lease(home: &Home) {
        let book = home.open();
        let lease = |holder, now: i64| {
            let (now, until) = (Timestamp::from_seconds(now), Timestamp::from_seconds(now + 10));
            book.chore_waiting(Chore::Lease { name: "sequencer", holder: [holder; 16], now, until }).expect("it is asked")
        };
        assert_eq!(lease(1, 100), Swept::Leased);
        assert_eq!(lease(2, 105), Swept::Taken);
        assert_eq!(lease(1, 108), Swept::Leased);
        assert_eq!(lease(2, 112), Swept::Taken);
        assert_eq!(lease(2, 118), Swept::Leased);
        assert_eq!(lease(1, 119), Swept::Taken);
    }
}

/// The book opened anew.
fn copy_of(stage: Stage, home: &Home) -> store::Book {
    drop(stage);
    home.open()
}
