//! Opening a book: once at a time, never one that is newer, from several nodes at once.

use store::Fault;

use crate::homes::{Home, both};
use crate::stage::Stage;

#[test]
fn a_folder_that_another_book_has_is_locked_until_that_is_dropped() {
    let home = Home::sqlite();
    for _ in 0..20 {
        let stage = Stage::beside(home.open(), "customer");
        let locked = home.try_open().err().expect("it is locked");
        assert_eq!(locked.code(), "store.locked");
        assert!(locked.to_string().contains(&home.folder().display().to_string()));
        drop(stage);
    }
}

#[test]
fn what_is_queued_is_written_before_the_folder_is_free() {
    let home = Home::sqlite();
    let stage = Stage::new(home.open());
    let order = stage.order(stage.grant("advantage", 5));
    let Stage { book, .. } = stage;
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        // Handed in, and nobody waits for the answer.
        let mut writing = Box::pin(book.write(order));
        assert!(futures_util::future::poll_immediate(writing.as_mut()).await.is_none());
    });
    drop(book);
    let stage = Stage::again(home.open(), 1);
    assert_eq!(stage.pool("advantage").expect("it is there").buckets.available, 5);
}

both! {
    fn a_newer_database_is_refused_and_left_as_it_is(home: &Home) {
        drop(Stage::new(home.open()));
        home.sql("INSERT INTO migration (number, name, applied_at) VALUES (999, 'later', 0)");
        let file = || if home.takes_several_nodes() { Vec::new() } else {
            std::fs::read(home.folder().join("scrip.db")).expect("it is read")
        };
        let (before, rows) = (file(), home.number("SELECT COUNT(*) FROM migration"));
        let newer = home.try_open().err().expect("it is newer");
        assert!(matches!(newer, Fault::Newer { found: 999, .. }), "{newer}");
        assert_eq!(newer.code(), "store.newer");
        assert_eq!(home.number("SELECT COUNT(*) FROM migration"), rows);
        assert!(before == file(), "the file is another one");
    }

    fn a_book_that_is_opened_again_holds_what_was_written(home: &Home) {
        let stage = Stage::new(home.open());
        stage.must(stage.grant("advantage", 5));
        let pool = stage.pool("advantage");
        drop(stage);
        let stage = Stage::again(home.open(), 1);
        assert_eq!(stage.pool("advantage"), pool);
        stage.must(stage.grant("advantage", 5));
        assert_eq!(stage.pool("advantage").expect("it is there").buckets.available, 10);
    }
}

#[test]
fn several_nodes_may_open_a_fresh_database_at_once() {
    for _ in 0..5 {
        let Some(home) = Home::postgres() else { return };
        std::thread::scope(|scope| {
            let nodes: Vec<_> = (0..4).map(|_| scope.spawn(|| home.try_open().err())).collect();
            for node in nodes {
                assert_eq!(node.join().expect("it ends"), None);
            }
        });
        assert_eq!(home.number("SELECT 1 + COUNT(*) - MAX(number) FROM migration"), 1);
    }
}

#[test]
fn a_server_that_is_not_there_is_told_to_be_down() {
    let place = store::Place::Postgres("postgres://nobody@127.0.0.1:1/nothing".to_owned());
    let home = Home::sqlite();
    let options = store::Options { place, ..home.options(store::Runner::Threads) };
    let down = store::Book::open(&options).err().expect("it is down");
    assert_eq!(down.code(), "store.down");
}
