//! News on its way: claimed, told, tried again, at least once.

use store::{Channel, Chore, Queued, Swept};
use wire::time::{Span, Timestamp};

use crate::homes::both;
use crate::stage::Stage;

impl Stage {
    /// Opens as many alarms, each of which is news on two channels.
    fn alarms(&self, count: u64) {
        let device = self.bind("edge-1");
        for number in 1..=count {
            self.wait(Span::from_minutes(1));
            self.must(self.push(&device, number, &format!("license-{number}"), 1));
        }
    }

    fn claim(&self, channel: Channel, until: Timestamp, most: u32) -> Vec<Queued> {
        let chore = Chore::ClaimNews { channel, now: self.now(), until, most };
        self.book.chore_waiting(chore).expect("it is done").news()
    }
}

both! {
    fn news_is_claimed_oldest_first_and_only_once_until_the_claim_expires(home: &Home) {
        let stage = Stage::new(home.open());
        stage.alarms(5);
        let until = stage.now().plus(Span::from_minutes(5));
        let first = stage.claim(Channel::Mail, until, 3);
        let abouts: Vec<&str> = first.iter().map(|one| one.news.about.as_str()).collect();
        assert_eq!(abouts, ["license-1", "license-2", "license-3"]);
        assert!(first.iter().all(|one| one.attempts == 1 && one.due_at == until));
        let second = stage.claim(Channel::Mail, until, 3);
        assert_eq!(second.len(), 2);
        assert_eq!(stage.claim(Channel::Mail, until, 3), []);
        assert_eq!(stage.claim(Channel::Syslog, until, 9).len(), 5, "the other channel is apart");
        stage.wait(Span::from_minutes(6));
        let again = stage.claim(Channel::Mail, stage.now().plus(Span::from_minutes(5)), 9);
        assert_eq!(again.len(), 5, "what nobody finished is told again");
        assert!(again.iter().all(|one| one.attempts == 2));
        assert_eq!(again[0].news, first[0].news);
    }

    fn news_that_was_told_is_done_and_news_that_failed_comes_again(home: &Home) {
        let stage = Stage::new(home.open());
        stage.alarms(2);
        let until = stage.now().plus(Span::from_minutes(5));
        let claimed = stage.claim(Channel::Mail, until, 9);
        let key = |one: &Queued| (one.news.account, one.news.id, one.channel);
        let now = stage.now();
        let finish = Chore::FinishNews { news: key(&claimed[0]), now, error: String::new() };
        assert_eq!(stage.book.chore_waiting(finish), Ok(Swept::Done));
        let due_at = now.plus(Span::from_minutes(1));
        let retry = Chore::RetryNews { news: key(&claimed[1]), due_at, error: "no route".to_owned() };
        assert_eq!(stage.book.chore_waiting(retry), Ok(Swept::Done));
        assert_eq!(stage.claim(Channel::Mail, until, 9), []);
        stage.wait(Span::from_minutes(2));
        let again = stage.claim(Channel::Mail, until, 9);
        assert_eq!((again.len(), again[0].last_error.as_str(), again[0].attempts), (1, "no route", 2));
        stage.wait(Span::from_days(40));
        let forget = Chore::Forget { before: stage.now() };
        stage.book.chore_waiting(forget).expect("it is done");
        assert_eq!(home.number("SELECT COUNT(*) FROM outbox WHERE channel = 0"), 1, "what is not told stays");
        assert_eq!(stage.house(|r| r.waiting()).news, 3);
    }

    fn two_claimers_never_have_the_same_news_in_hand(home: &Home) {
        let stage = Stage::new(home.open());
        stage.alarms(120);
        let nodes = if home.takes_several_nodes() { vec![home.open(), home.open()] } else { vec![stage.book.clone(); 2] };
        let until = stage.now().plus(Span::from_minutes(5));
        let taken: Vec<Vec<_>> = std::thread::scope(|scope| {
            let claimers: Vec<_> = nodes.into_iter().flat_map(|node| vec![node; 2]).collect();
            let threads: Vec<_> = claimers.into_iter().map(|book| {
                let mine = Stage::again(book, 1);
                let now = stage.now();
                scope.spawn(move || {
                    let mut taken = Vec::new();
                    loop {
                        let chore = Chore::ClaimNews { channel: Channel::Mail, now, until, most: 7 };
                        let claimed = mine.book.chore_waiting(chore).expect("no deadlock is seen").news();
                        if claimed.is_empty() {
                            return taken;
                        }
                        taken.extend(claimed.iter().map(|one| one.news.id));
                    }
                })
            }).collect();
            threads.into_iter().map(|thread| thread.join().expect("it ends")).collect()
        });
        let mut all: Vec<_> = taken.into_iter().flatten().collect();
        all.sort();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count, "some were claimed twice");
        // A claimer that met another's claims may have gone home early; nothing is lost.
        let rest = stage.claim(Channel::Mail, until, 999).len();
        assert_eq!(count + rest, 120);
    }
}
