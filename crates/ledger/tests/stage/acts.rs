//! What happens in a scene: the left side of its lines, where it changes something.

use ledger::command::{
    Answer, ArchiveVirtualAccount, Bind, Command, Completeness, CreateToken, DecideInstances,
    Decided, DefineLicense, EditAccount, EndUse, Fate, GrantEntitlement, Import, Lapse,
    MoveHoldings, Push, RevokeKey, RevokeToken, Shelf, Tell,
};
use ledger::entitlement::Term;
use ledger::license::{Concern, Enforcement, Kind, License};
use ledger::report::{Heard, Route};
use ledger::role::Action;
use ledger::token::{ExportControlled, Token};
use wire::id::{AlarmId, EntitlementId, InstanceId, LicenseId, TokenId};
use wire::key::KeyId;
use wire::quantity::Count;
use wire::tag::SoftwareTag;
use wire::time::{Span, Timestamp};

use crate::scene::{MAIN, Scene, place};
use crate::words::{self, Reporter};

/// The words after one of these belong to it.
pub(crate) fn after<'a>(words: &[&'a str], word: &str) -> Option<&'a str> {
    let at = words.iter().position(|one| *one == word)?;
    words.get(at + 1).copied()
}

impl Scene {
    /// Does what a line says, or `None` if it asks for something.
    pub(crate) fn happens(&mut self, line: &[&str]) -> Option<String> {
        Some(match line {
            ["clock", at] => self.set_clock(words::moment(at, self.clock)),
            ["wait", count, unit] => self.wait(count, unit),
            ["virtual", "account", name] => self.virtual_account(name),
            ["define", license, rest @ ..] => self.define(license, rest),
            ["grant", license, count, rest @ ..] => self.grant(license, count, rest),
            ["token", name, rest @ ..] => self.token(name, rest),
            ["bind", device, token, rest @ ..] => self.bind(device, token, rest),
            ["revoke", "token", name] => self.revoke_token(name),
            ["revoke", "key", device, reason] => self.revoke_key(words::key(device, "key"), reason),
            ["revoke", "key", device, "by", key, reason] => {
                self.revoke_key(words::key(device, key), reason)
            }
            ["report" | "push", device, said @ ..] => self.push(device, said),
            ["import", "complete", said @ ..] => self.import(said, Completeness::Complete),
            ["import", said @ ..] => self.import(said, Completeness::Partial),
            ["end", "use", device, license] => self.end_use(device, license),
            ["bought", "in", country] => self.bought_in(country),
            ["bought", "nowhere"] => self.bought_in(""),
            ["lapse", license] => self.lapse(license, MAIN),
            ["lapse", license, "in", place] => self.lapse(license, place),
            ["tell", license] => self.tell(license),
            ["move", "everything", "from", from, "to", to] => self.move_everything(from, to),
            ["move", devices, "to", to] => self.decide(devices, Fate::Move(place(to))),
            ["remove", devices] => self.decide(devices, Fate::Remove),
            ["keep", devices] => self.decide(devices, Fate::Keep),
            ["archive", name] => self.archive(name),
            _ => return None,
        })
    }

    /// Changes the account's country of purchase.
    fn bought_in(&mut self, country: &str) -> String {
        let asked = self.asked(Action::EditAccount);
        let account = self.book.page.account(self.account).expect("the book is read");
        let account = account.expect("it was made").clone();
        let edit = EditAccount {
            asked,
            account: account.id,
            revision: account.revision,
            name: account.name,
            country: country.to_owned(),
            upgrade: None,
        };
        self.act(Command::EditAccount(Box::new(edit)), "changed")
    }

    fn set_clock(&mut self, at: Timestamp) -> String {
        self.clock = at;
        self.shown(at)
    }

    fn wait(&mut self, count: &str, unit: &str) -> String {
        let count: i64 = count.parse().expect("a number");
        let span = match unit {
            "days" | "day" => Span::from_days(count),
            "hours" | "hour" => Span::from_hours(count),
            "minutes" | "minute" => Span::from_minutes(count),
            other => panic!("{other:?} is no unit of time"),
        };
        self.set_clock(self.clock.plus(span))
    }

    fn define(&mut self, license: &str, rest: &[&str]) -> String {
        let has = |word: &str| rest.contains(&word);
        let asked = self.asked(Action::DefineLicense);
        let license = License {
            id: LicenseId::derive(&[license.as_bytes()]),
            tag: words::tag(license),
            name: license.to_owned(),
            description: String::new(),
            enforcement: if has("enforced") {
                Enforcement::Enforced
            } else {
                Enforcement::NotEnforced
            },
            kind: if has("subscription") { Kind::Subscription } else { Kind::Perpetual },
            concern: if has("information-only") {
                Concern::InformationOnly
            } else {
                Concern::Counted
            },
            changed_at: self.clock,
        };
        self.act(Command::DefineLicense(DefineLicense { asked, license }), "defined")
    }

    fn grant(&mut self, license: &str, count: &str, rest: &[&str]) -> String {
        let moment = |word| after(rest, word).map(|text| words::moment(text, self.clock));
        let start = moment("from").unwrap_or(self.clock);
        let term = match (moment("through"), moment("until")) {
            (Some(last_day), _) => Term::through(start, last_day),
            (None, end) => Term { start, end },
        };
        let asked = self.asked(Action::GrantEntitlement);
        let id = EntitlementId::derive(&[asked.request.as_bytes()]);
        let command = GrantEntitlement {
            asked,
            account: self.account,
            virtual_account: place(after(rest, "in").unwrap_or(MAIN)),
            tag: words::tag(license),
            id,
            quantity: Count::new(count.parse().expect("a number")).expect("a count"),
            term,
            kind: if term.end.is_some() { Kind::Subscription } else { Kind::Perpetual },
            source: "order".to_owned(),
        };
        self.act(Command::GrantEntitlement(command), "granted")
    }

    /// Makes an ID token: `in VIRTUAL-ACCOUNT`, `for 3` instances, `days 30`.
    pub(crate) fn token(&mut self, name: &str, rest: &[&str]) -> String {
        let asked = self.asked(Action::ManageTokens);
        let days = after(rest, "days").map_or(365, |days| days.parse().expect("days"));
        let token = Token {
            account: self.account,
            id: TokenId::derive(&[name.as_bytes()]),
            virtual_account: place(after(rest, "in").unwrap_or(MAIN)),
            description: name.to_owned(),
            secret_hash: words::hash_of(&[name]),
            sealed_text: Vec::new(),
            expires_at: self.clock.plus(Span::from_days(days)),
            max_uses: after(rest, "for").map(|count| count.parse().expect("a number")),
            uses: 0,
            export_controlled: ExportControlled::NotAllowed,
            created_by: "operator".to_owned(),
            created_at: self.clock,
            revoked_at: None,
        };
        self.act(Command::CreateToken(CreateToken { asked, token }), "made")
    }

    fn bind(&mut self, device: &str, token: &str, rest: &[&str]) -> String {
        let (token, secret) = token.split_once('!').map_or((token, token), |(id, bad)| (id, bad));
        let key = words::key(device, after(rest, "by").unwrap_or("key"));
        let command = Bind {
            account: self.account,
            token: TokenId::derive(&[token.as_bytes()]),
            secret_hash: words::hash_of(&[secret]),
            udi: words::udi(device),
            members: after(rest, "with").map(words::members).unwrap_or_default(),
            key,
            public: [7; 32],
            software: SoftwareTag::new("switch-software").expect("a tag"),
            software_version: String::new(),
            name: after(rest, "named").unwrap_or_default().to_owned(),
            fresh_id: InstanceId::derive(&[device.as_bytes()]),
            carried: None,
        };
        self.act(Command::Bind(Box::new(command)), "bound")
    }

    fn revoke_token(&mut self, name: &str) -> String {
        let asked = self.asked(Action::ManageTokens);
        let id = TokenId::derive(&[name.as_bytes()]);
        self.act(Command::RevokeToken(RevokeToken { asked, account: self.account, id }), "revoked")
    }

    fn revoke_key(&mut self, key: KeyId, reason: &str) -> String {
        let asked = self.asked(Action::RevokeKey);
        let (account, reason) = (self.account, reason.to_owned());
        self.act(Command::RevokeKey(RevokeKey { asked, account, key, reason }), "revoked")
    }

    /// A device reports. One that was never bound is bound by the token `door` first.
    fn push(&mut self, device: &str, said: &[&str]) -> String {
        let handle = device.split('/').next().unwrap_or(device);
        let known = self.book.page.device_key(self.account, words::key(handle, "key"));
        if known.expect("the book is read").is_none() && after(said, "by").is_none() {
            assert!(self.bind(handle, "door", &[]).starts_with("bound"));
        }
        let command = self.push_of(device, said);
        self.post(command)
    }

    /// What a device pushes; `stack/sw2` is member `sw2` under the key of `stack`, `by KEY` another key.
    pub(crate) fn push_of(&mut self, device: &str, said: &[&str]) -> Command {
        let (handle, member) = device.split_once('/').unwrap_or((device, device));
        let key = words::key(handle, after(said, "by").unwrap_or("key"));
        let mut reports = Vec::new();
        for words in said.split(|word| *word == ";") {
            let by = words.iter().position(|word| *word == "by").unwrap_or(words.len());
            let reporter = Reporter { device: member, key: Some(key) };
            reports.push(self.hear(&reporter, &words[..by]));
        }
        let hint = (InstanceId::derive(&[handle.as_bytes()]), place(MAIN));
        Command::Push(Push { account: self.account, key, hint, route: Route::Direct, reports })
    }

    /// The report that the words mean; the same words are the same report as before.
    fn hear(&mut self, reporter: &Reporter<'_>, said: &[&str]) -> Heard {
        let whole = format!("{} {:?} {}", reporter.device, reporter.key, said.join(" "));
        if let Some(known) = self.said.get(&whole) {
            return known.clone();
        }
        let (said, broken) = match said {
            [rest @ .., "unchained"] => (rest, true),
            all => (all, false),
        };
        let mut heard = words::heard(reporter, said, self.clock);
        let before = self.said.values().find(|one| {
            one.key == heard.key
                && one.position.epoch == heard.position.epoch
                && one.position.number + 1 == heard.position.number
        });
        heard.previous = before.filter(|_| !broken).map_or([0; 32], |one| one.hash);
        self.said.insert(whole, heard.clone());
        heard
    }

    fn import(&mut self, said: &[&str], completeness: Completeness) -> String {
        let command = self.import_of(said, completeness);
        self.post(command)
    }

    /// A file that a person brings: `DEVICE POSITION LICENSE LEVEL…`, several between semicolons.
    pub(crate) fn import_of(&mut self, said: &[&str], completeness: Completeness) -> Command {
        let asked = self.asked(Action::ImportUsage);
        let mut reports = Vec::new();
        for one in said.split(|word| *word == ";") {
            let [device, words @ ..] = one else { panic!("a report names its device") };
            let heard = self.hear(&Reporter { device, key: None }, words);
            // A set has the same id whichever of its members is heard first.
            let first = after(words, "with").and_then(|set| set.split('+').min());
            reports.push((heard, InstanceId::derive(&[first.unwrap_or(device).as_bytes()])));
        }
        let (account, virtual_account) = (self.account, place(MAIN));
        Command::Import(Import { asked, account, virtual_account, reports, completeness })
    }

    fn end_use(&mut self, device: &str, license: &str) -> String {
        let asked = self.asked(Action::EndUse);
        let Some(instance) = self.instance_of(device) else { return "no such device".to_owned() };
        let (account, tag) = (self.account, words::tag(license));
        self.act(Command::EndUse(EndUse { asked, account, instance, tag }), "ended")
    }

    fn move_everything(&mut self, from: &str, to: &str) -> String {
        let asked = self.asked(Action::CreateVirtualAccount);
        let (account, from, to) = (self.account, place(from), place(to));
        let page = &self.book.page;
        let instances = page.instances.changed().filter(|one| one.virtual_account() == from);
        let instances = instances.map(|one| one.id).collect();
        let lots = page.entitlements.changed();
        let in_pool = |id| page.pools.changed().find(|pool| pool.id == id);
        let lots = lots.filter_map(|lot| {
            in_pool(lot.pool).filter(|pool| pool.virtual_account == from).map(|pool| (pool, lot))
        });
        let entitlements = lots.map(|(pool, lot)| (pool.tag.clone(), lot.id)).collect();
        let tokens = page.tokens.changed().filter(|one| one.virtual_account == from);
        let tokens = tokens.map(|one| one.id).collect();
        let command = MoveHoldings { asked, account, from, to, instances, entitlements, tokens };
        self.act(Command::MoveHoldings(Box::new(command)), "moved")
    }

    /// Moves, removes or keeps devices: `sw1+sw2`.
    fn decide(&mut self, devices: &str, fate: Fate) -> String {
        let asked = self.asked(Action::ManageInstances);
        let unknown = |device: &str| InstanceId::derive(&[b"unknown", device.as_bytes()]);
        let one = |device: &str| self.instance_of(device).unwrap_or_else(|| unknown(device));
        let instances = devices.split('+').map(one).collect();
        let command = DecideInstances { asked, account: self.account, instances, fate };
        let before = self.open_alarms();
        match self.run(Command::DecideInstances(Box::new(command))) {
            Ok(Answer::Decided(decided)) => {
                let Decided { changed, unchanged, pools } = decided;
                let mut said = format!("{changed} done");
                if unchanged > 0 {
                    said += &format!(", {unchanged} so already");
                }
                for pool in pools {
                    let place = self.place_name(pool.virtual_account);
                    let change = pool.after.in_use - pool.before.in_use;
                    said += &format!(", {} {change:+} in {place}", pool.tag);
                }
                self.say(said, &before)
            }
            Ok(other) => panic!("{other:?} is no answer to that"),
            Err(refusal) => format!("refused: {}", refusal.code()),
        }
    }

    fn archive(&mut self, name: &str) -> String {
        let asked = self.asked(Action::CreateVirtualAccount);
        let (account, id, shelf) = (self.account, place(name), Shelf::Archive);
        let command = ArchiveVirtualAccount { asked, account, id, revision: 0, shelf };
        self.act(Command::ArchiveVirtualAccount(command), "archived")
    }

    fn lapse(&mut self, license: &str, in_place: &str) -> String {
        let (account, tag) = (self.account, words::tag(license));
        self.post(Command::Lapse(Lapse { account, virtual_account: place(in_place), tag }))
    }

    fn tell(&mut self, about: &str) -> String {
        let alarms = self.book.page.alarms.changed();
        let owed: Vec<AlarmId> =
            alarms.filter(|alarm| alarm.about == about).map(|alarm| alarm.id).collect();
        let before = self.book.news.len();
        for alarm in owed {
            self.must(Command::Tell(Tell { account: self.account, alarm }));
        }
        format!("{} told", self.book.news.len() - before)
    }
}
