//! What a scene asks the book: the left side of its lines, where it changes nothing.

use std::collections::BTreeSet;

use ledger::alarm::{AlarmKind, Happening};
use ledger::instance::{Instance, Proof, Use};
use ledger::pool::{Pool, Standing};
use ledger::report::{Counting, Recorded};
use ledger::standing::{short_since, standing};
use wire::id::PoolId;
use wire::time::Timestamp;

use crate::acts::after;
use crate::audit::{entries_of, terms_of};
use crate::scene::{MAIN, Scene, place};
use crate::words;

impl Scene {
    /// What the book answers to a question.
    pub(crate) fn asks(&mut self, line: &[&str]) -> String {
        match line {
            ["show", license, rest @ ..] => self.show(license, rest),
            ["alarms"] => self.alarms(),
            ["history", license] => self.history(license),
            ["news"] => self.news(),
            ["events"] => self.events(),
            ["uses", device] => self.uses(device),
            ["name", device] => self.of(device, |_, one| one.name.clone()),
            ["version", device] => self.of(device, |_, one| one.software_version.clone()),
            ["names", device] => self.of(device, Self::names),
            ["where", device] => {
                self.of(device, |scene, one| scene.place_name(one.virtual_account()))
            }
            ["active", device] => self.of(device, |_, one| one.active.clone()),
            ["same", device, other] => {
                let same = self.instance_of(device) == self.instance_of(other);
                if same { "one instance" } else { "two instances" }.to_owned()
            }
            ["gaps", device] => self.of(device, |_, one| {
                one.progress.iter().map(|one| one.gaps()).sum::<u64>().to_string()
            }),
            ["removed", device] => self.of(device, Self::removal),
            ["country", device] => self.of(device, Self::country),
            ["stale", device] => self.of(device, |scene, one| {
                one.stale_at.map_or("never".to_owned(), |at| scene.shown(at))
            }),
            ["reports", device] => self.of(device, Self::reports),
            ["flags", device, position] => self.flags(device, position),
            ["uses", "of", "token", name] => self.uses_of_token(name),
            ["last", "days", license] => self.last_days(license),
            other => panic!("nobody here understands {other:?}"),
        }
    }

    /// A moment, without its day if that is the clock's.
    pub(crate) fn shown(&self, at: Timestamp) -> String {
        let (text, now) = (at.to_string(), self.clock.to_string());
        if text[..10] == now[..10] {
            text[11..16].to_owned()
        } else {
            format!("{} {}", &text[..10], &text[11..16])
        }
    }

    fn of(&self, device: &str, say: impl Fn(&Self, &Instance) -> String) -> String {
        let known = self.instance_of(device).and_then(|id| {
            self.book.page.instance(self.account, id).expect("the book is read").cloned()
        });
        match known.map(|instance| say(self, &instance)) {
            None => "unknown".to_owned(),
            Some(said) if said.is_empty() => "none".to_owned(),
            Some(said) => said,
        }
    }

    fn show(&self, license: &str, rest: &[&str]) -> String {
        let in_place = place(after(rest, "in").unwrap_or(MAIN));
        let tag = words::tag(license);
        let pool = self.book.page.pool(self.account, in_place, &tag).expect("the book is read");
        let moment = |word| after(rest, word).map(|text| words::moment(text, self.clock));
        let (at, known_at) = (moment("at"), moment("known"));
        if at.or(known_at).is_none() {
            return figures(&pool.standing());
        }
        let (at, known_at) = (at.unwrap_or(self.clock), known_at.unwrap_or(self.clock));
        let (entries, terms) = (entries_of(&self.book, pool.id), terms_of(&self.book, pool.id));
        figures(&standing(&entries, &terms, pool.concern, at, known_at))
    }

    fn alarms(&self) -> String {
        let open = self.open_alarms();
        let mut all: Vec<String> = Vec::new();
        for alarm in open.values() {
            let about = match alarm.kind {
                AlarmKind::InsufficientLicenses => alarm.about.clone(),
                AlarmKind::ClonedInstance => format!("clone of {}", alarm.about),
                AlarmKind::UsedElsewhere => format!("{} elsewhere", alarm.about),
                AlarmKind::ReportsAgain => format!("{} again", alarm.about),
            };
            let severity = alarm.severity.word();
            let known = self.shown(alarm.opened_at);
            let mut said = format!("{about}: {severity}, known since {known}");
            if alarm.kind != AlarmKind::InsufficientLicenses {
                said += &format!(", seen since {}", self.shown(alarm.short_since));
            } else {
                let since = self.measured_since(PoolId::from_bytes(alarm.subject));
                let (needed, missing) = (alarm.needed, alarm.missing);
                said += &format!(", {needed} needed, {missing} missing, short since {since}");
            }
            all.push(said);
        }
        all.sort();
        if all.is_empty() { "none".to_owned() } else { all.join("; ") }
    }

    fn measured_since(&self, id: PoolId) -> String {
        let pool = self.book.page.pools.changed().find(|pool| pool.id == id);
        let concern = pool.expect("it is in the book").concern;
        let (entries, terms) = (entries_of(&self.book, id), terms_of(&self.book, id));
        let since = short_since(&entries, &terms, concern, self.clock);
        since.map_or("never".to_owned(), |since| self.shown(since))
    }

    fn history(&self, license: &str) -> String {
        let alarms = self.book.page.alarms.changed();
        let ids: Vec<_> =
            alarms.filter(|alarm| alarm.about == license).map(|alarm| alarm.id).collect();
        let changes = self.book.alarm_changes.iter().filter(|one| ids.contains(&one.alarm));
        let said: Vec<String> = changes
            .map(|one| {
                let (since, written) = (self.shown(one.effective_at), self.shown(one.recorded_at));
                format!("{} as of {since} at {written}", one.happening.word())
            })
            .collect();
        if said.is_empty() { "none".to_owned() } else { said.join(", ") }
    }

    fn news(&mut self) -> String {
        let new = &self.book.news[self.news_read..];
        let said: Vec<String> = new
            .iter()
            .map(|one| match one.happening {
                Happening::Opened => format!("{} opened, {} missing", one.about, one.missing),
                Happening::Settled => format!("{} settled", one.about),
            })
            .collect();
        self.news_read = self.book.news.len();
        if said.is_empty() { "none".to_owned() } else { said.join("; ") }
    }

    fn events(&mut self) -> String {
        let new = &self.book.events[self.events_read..];
        let said: Vec<String> = new.iter().map(|one| one.action.clone()).collect();
        self.events_read = self.book.events.len();
        if said.is_empty() { "none".to_owned() } else { said.join(", ") }
    }

    fn removal(&self, instance: &Instance) -> String {
        let Some(last) = instance.removal() else { return "never".to_owned() };
        // Who it was stands in the event alone.
        let removed = |one: &&ledger::posting::Event| {
            one.action == "instance.removed" && one.subject == instance.id.to_string()
        };
        let by =
            self.book.events.iter().rev().find(removed).expect("an event says who").actor.clone();
        let said = format!("at {} by {by}", self.shown(last.at));
        match (instance.removed(), instance.reports_again()) {
            (Some(_), _) => said,
            (None, Some(_)) => {
                let again = last.measured_again.expect("it reports again");
                format!("{said}, measured again until {}", self.shown(again))
            }
            (None, None) => format!("{said}, taken back"),
        }
    }

    fn uses(&self, device: &str) -> String {
        self.of(device, |scene, instance| {
            let uses = scene.book.page.uses_of(scene.account, instance.id);
            let uses = uses.expect("the book is read");
            let said: Vec<String> = uses.iter().map(|one| scene.use_words(one)).collect();
            said.join("; ")
        })
    }

    fn use_words(&self, one: &Use) -> String {
        let mut said = format!("{} {} since {}", one.tag, one.level, self.shown(one.since));
        if one.proof == Proof::Unverified {
            said += ", unverified";
        }
        if let Some(since) = one.unconfirmed_since {
            said += &format!(", unconfirmed since {}", self.shown(since));
        }
        said
    }

    fn names(&self, instance: &Instance) -> String {
        let names = self.book.page.names.changed().filter(|one| one.instance == instance.id);
        let names: Vec<&str> = names.map(|one| one.name.as_str()).collect();
        names.join(", ")
    }

    fn country(&self, instance: &Instance) -> String {
        let Some(known) = instance.country_of_use else { return String::new() };
        let (country, by, since) = (known.country, known.known_by, self.shown(known.since));
        let said = format!("{country} by {} since {since}", by.word());
        match known.elsewhere_since {
            Some(since) => format!("{said}, elsewhere since {}", self.shown(since)),
            None => said,
        }
    }

    fn kept(&self, instance: &Instance) -> Vec<Recorded> {
        self.book.page.reports_of(self.account, instance.id).expect("the book is read")
    }

    fn reports(&self, instance: &Instance) -> String {
        let all = self.kept(instance);
        let shown = all.iter().filter(|one| one.counting == Counting::Shown).count();
        match shown {
            0 => format!("{} kept", all.len()),
            shown => format!("{} kept, {shown} of them only shown", all.len()),
        }
    }

    fn flags(&self, device: &str, position: &str) -> String {
        self.of(device, |scene, instance| {
            let kept = scene.kept(instance);
            let there =
                kept.iter().filter(|one| words::position(position, one.proof) == one.position);
            let flags = there.flat_map(|one| {
                let flags = one.flags.iter();
                flags.map(|flag| flag.word().replace('_', " "))
            });
            flags.collect::<Vec<_>>().join(", ")
        })
    }

    fn uses_of_token(&self, name: &str) -> String {
        let id = wire::id::TokenId::derive(&[name.as_bytes()]);
        let token = self.book.page.token(self.account, id).expect("the book is read");
        token.map_or("unknown".to_owned(), |token| token.uses.to_string())
    }

    fn last_days(&self, license: &str) -> String {
        let id = Pool::id_of(self.account, place(MAIN), &words::tag(license));
        let days: BTreeSet<String> = terms_of(&self.book, id)
            .values()
            .map(|term| {
                term.last_day().map_or("no end".to_owned(), |day| day.to_string()[..10].to_owned())
            })
            .collect();
        days.into_iter().collect::<Vec<_>>().join(", ")
    }
}

/// A standing in words; what is zero and beside the point is left out.
fn figures(standing: &Standing) -> String {
    let mut said = format!("purchased {}, in use {}", standing.purchased, standing.in_use);
    if standing.unverified > 0 {
        said += &format!(" ({} unverified)", standing.unverified);
    }
    said += &format!(", balance {}", standing.balance());
    for (figure, word) in [(standing.future, "future"), (standing.expired, "expired")] {
        if figure > 0 {
            said += &format!(", {figure} {word}");
        }
    }
    said
}
