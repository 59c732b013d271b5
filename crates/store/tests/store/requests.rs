//! Requests that come again, batches, and whose thread does the work.

use ledger::command::{Answer, Command, GrantEntitlement};
use store::{Book, Chore, NotWritten, Order, Runner, Sight};
use wire::quantity::Count;
use wire::time::Span;

use crate::homes::{Home, both};
use crate::stage::{Stage, code, hash_of, pushed};

/// How many rows there are, all tables together.
fn rows(home: &Home) -> i64 {
    let tables = [
        "account",
        "virtual_account",
        "license",
        "entitlement",
        "instance",
        "device_key",
        "identity",
        "instance_name",
        "license_use",
        "pool",
        "alarm",
        "token",
        "claim",
        "house_fact",
        "session",
        "report",
        "evidence",
        "entry",
        "alarm_change",
        "event",
        "outbox",
        "request",
    ];
    tables.iter().map(|table| home.number(&format!("SELECT COUNT(*) FROM {table}"))).sum()
}

fn with_quantity(order: &Order, quantity: u64) -> Order {
    let Command::GrantEntitlement(grant) = order.command.clone() else { panic!("a grant") };
    let quantity = Count::new(quantity).expect("a count");
    let command = Command::GrantEntitlement(GrantEntitlement { quantity, ..grant });
    Order { command, digest: Some(hash_of("another")), ..order.clone() }
}

both! {
    fn a_request_that_comes_again_is_done_once(home: &Home) {
        let stage = Stage::new(home.open());
        let order = stage.order(stage.grant("advantage", 5));
        assert_eq!(stage.book.write_waiting(order.clone()), Ok(Answer::Done));
        let before = rows(home);
        stage.wait(Span::from_days(1));
        let later = Order { now: stage.now(), ..order.clone() };
        assert_eq!(stage.book.write_waiting(later), Ok(Answer::Done));
        assert_eq!(rows(home), before);
        assert_eq!(stage.pool("advantage").expect("it is there").buckets.available, 5);
        let other = with_quantity(&order, 6);
        assert_eq!(code(stage.book.write_waiting(other)), "request.reused");
        assert_eq!(rows(home), before);
    }

    fn a_request_that_comes_twice_in_one_batch_is_done_once(home: &Home) {
        let stage = Stage::new(home.open());
        let order = stage.order(stage.grant("advantage", 5));
        let other = with_quantity(&order, 6);
        let written = stage.book.write_together(vec![order.clone(), order, other]);
        assert_eq!(written[..2], [Ok(Answer::Done), Ok(Answer::Done)]);
        assert_eq!(code(written[2].clone()), "request.reused");
        assert_eq!(stage.pool("advantage").expect("it is there").buckets.available, 5);
        assert_eq!(home.number("SELECT COUNT(*) FROM request"), 3);
    }

    fn a_refused_request_leaves_nothing_and_may_come_again(home: &Home) {
        let stage = Stage::new(home.open());
        let before = rows(home);
        let nowhere = stage.order(stage.grant_in(stage.place("Lab"), "advantage", 5));
        let together = vec![nowhere.clone(), stage.order(stage.binding("edge-1", "window"))];
        let written = stage.book.write_together(together);
        assert_eq!(code(written[0].clone()), "not_found");
        assert_eq!(code(written[1].clone()), "trust.token_unknown");
        assert_eq!(rows(home), before);
        // Refused again beside something that is done: what was opened for it is taken away.
        let other = stage.order(stage.new_place("Lab"));
        let written = stage.book.write_together(vec![nowhere.clone(), other]);
        assert_eq!(code(written[0].clone()), "not_found");
        assert_eq!(rows(home), before + 3, "a virtual account, its event and the request");
        assert_eq!(stage.book.write_waiting(nowhere), Ok(Answer::Done));
        assert_eq!(home.number("SELECT COUNT(*) FROM pool"), 1);
    }

    fn commands_of_a_batch_see_what_those_before_them_did(home: &Home) {
        let stage = Stage::beside(home.open(), "customer");
        let device = crate::stage::Device {
            name: "edge-1".to_owned(),
            key: stage.key("edge-1"),
            instance: wire::id::InstanceId::derive(&[stage.account.as_bytes(), b"edge-1"]),
            place: stage.main,
        };
        let mut commands = vec![
            stage.new_account("Customer"),
            stage.new_place("Lab"),
            stage.new_token("door"),
            stage.grant("advantage", 5),
            stage.grant_in(stage.place("Lab"), "advantage", 2),
            stage.binding("edge-1", "door"),
        ];
        stage.wait(Span::from_minutes(1));
        commands.push(stage.push(&device, 1, "advantage", 3));
        stage.wait(Span::from_minutes(1));
        commands.push(stage.push(&device, 2, "advantage", 9));
        commands.push(stage.push(&device, 2, "advantage", 9));
        let orders = commands.into_iter().map(|command| stage.order(command)).collect();
        let written: Vec<Answer> =
            stage.book.write_together(orders).into_iter().map(|one| one.expect("written")).collect();
        let last = pushed(written[8].clone());
        assert_eq!(last.receptions, [ledger::usage::Reception::Already]);
        assert_eq!(last.standings[0].standing.balance(), -4);
        assert_eq!(stage.pool("advantage").expect("it is there").seq, 2 + 2);
    }

    fn many_threads_at_once_lose_nothing(home: &Home) {
        let stage = Stage::new(home.open());
        std::thread::scope(|scope| {
            for thread in 0..8_u64 {
                let mine = Stage::again(stage.book.clone(), thread + 1);
                scope.spawn(move || {
                    let device = mine.bind(&format!("edge-{thread}"));
                    for number in 1..=25 {
                        mine.wait(Span::from_minutes(1));
                        mine.must(mine.grant("advantage", 2));
                        mine.must(mine.push(&device, number, "advantage", number));
                    }
                });
            }
        });
        let pool = stage.pool("advantage").expect("it is there");
        assert_eq!((pool.buckets.available, pool.used), (400, 200));
        assert_eq!(home.number("SELECT COUNT(*) FROM entry"), i64::try_from(pool.seq).unwrap());
    }

    fn an_inline_writer_may_be_used_inside_a_runtime(home: &Home) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let book = Book::open(&home.options(Runner::Inline)).expect("it opens");
            let stage = Stage::beside(book.clone(), "customer");
            let order = stage.order(stage.new_account("Customer"));
            assert_eq!(book.write(order).await, Ok(Answer::Done));
            let account = stage.account;
            let read = book.read(Sight::Account(account), move |r| r.account(account)).await;
            assert_eq!(read.expect("it is read").expect("it is there").name, "Customer");
            book.chore(Chore::Forget { before: stage.now() }).await.expect("it is done");
        });
    }

    fn a_queue_that_is_full_says_so(home: &Home) {
        let stage = Stage::new(home.open());
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let orders: Vec<Order> = (0..20_000).map(|_| stage.order(stage.grant("advantage", 1))).collect();
        let written = runtime.block_on(async {
            let writes = orders.into_iter().map(|order| stage.book.write(order));
            futures_util::future::join_all(writes).await
        });
        let done = written.iter().filter(|one| one.is_ok()).count();
        let busy = |one: &&store::Written| **one == Err(NotWritten::Fault(store::Fault::Busy));
        assert_eq!(written.iter().filter(busy).count(), 20_000 - done);
        let pool = stage.pool("advantage").expect("it is there");
        assert_eq!(usize::try_from(pool.buckets.available).unwrap(), done);
    }
}
