//! Every command through the book, with what is in it afterwards.

use ledger::account::Default as IsDefault;
use ledger::alarm::{Alarm, AlarmState, Telling};
use ledger::command::{
    Answer, BeginSession, Command, Completeness, EndSession, EndUse, Import, KeepFact, Lapse,
    MakeClaim, RevokeKey, RevokeToken, Tell,
};
use ledger::entitlement::{Entitlement, Term};
use ledger::house::{Claim, ClaimKind, HouseFact, Session};
use ledger::instance::{KeyState, Name, Proof, Use};
use ledger::license::{Concern, Kind};
use ledger::pool::{Pool, alarm_id};
use ledger::posting::{Entry, Event};
use ledger::report::{Counting, Flag, Recorded};
use ledger::role::Action;
use ledger::usage::Reception;
use store::Chore;
use store::events::EventQuestion;
use store::listing::Query;
use wire::id::AccountId;
use wire::quantity::Count;
use wire::time::{Span, Timestamp};

use crate::homes::both;
use crate::stage::{Stage, hash_of, pushed, tag, udi};

impl Stage {
    /// The pool of a license in the main place.
    pub(crate) fn pool(&self, license: &str) -> Option<Pool> {
        let id = Pool::id_of(self.account, self.main, &tag(license));
        self.read(|reading| reading.pool(self.account, id))
    }

    pub(crate) fn alarm(&self, license: &str) -> Option<Alarm> {
        let id = alarm_id(Pool::id_of(self.account, self.main, &tag(license)));
        self.read(|reading| reading.alarm(self.account, id))
    }

    fn uses(&self) -> Vec<Use> {
        self.read(|reading| reading.list::<Use>(self.account, &Query::all(1000))).rows
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        let all = EventQuestion::default();
        let page = self.read(|reading| reading.events(self.account, &all, 1000));
        page.rows.into_iter().map(|one| one.event).rev().collect()
    }
}

both! {
    fn an_account_comes_back_with_its_default_place_policy_and_event(home: &Home) {
        let stage = Stage::new(home.open());
        let account = stage.read(|reading| reading.account(stage.account)).expect("it is there");
        assert_eq!((account.name.as_str(), account.number), ("Customer", 123_456_789));
        assert_eq!(account.policy, wire::message::Policy::default());
        let place = stage.read(|r| r.virtual_account(stage.account, stage.main)).expect("it is there");
        assert_eq!((place.name.as_str(), place.default), ("DEFAULT", IsDefault::Yes));
        assert_eq!(stage.house(|reading| reading.accounts(10)), [account]);
        stage.must(stage.new_place("Lab"));
        assert_eq!(stage.refused(stage.new_place("lab")), "exists");
        let actions: Vec<String> = stage.events().into_iter().map(|event| event.action).collect();
        assert_eq!(actions.len(), 3);
        assert!(actions.contains(&"virtual_account.created".to_owned()));
    }

    fn a_definition_comes_back_and_keeps_its_id_when_changed(home: &Home) {
        let stage = Stage::new(home.open());
        stage.must(stage.definition("advantage"));
        let first = stage.read(|reading| reading.license(&tag("advantage"))).expect("it is there");
        stage.wait(Span::from_days(1));
        stage.must(stage.definition("advantage"));
        let second = stage.read(|reading| reading.license(&tag("advantage"))).expect("it is there");
        assert_eq!(second.id, first.id);
        assert_eq!(second.changed_at, stage.now());
        assert_eq!(stage.house(|reading| reading.licenses(10)).len(), 1);
    }

    fn a_grant_fills_its_pool_and_leaves_two_lines(home: &Home) {
        let stage = Stage::new(home.open());
        stage.must(stage.grant("advantage", 1_000_000_000));
        stage.must(stage.grant("advantage", 1_000_000_000));
        stage.must(stage.grant("advantage", 1_000_000_000));
        let pool = stage.pool("advantage").expect("it is there");
        assert_eq!(pool.buckets.available, 3_000_000_000, "beyond 32 bits");
        let history = stage.read(|reading| reading.history(stage.account, pool.id));
        assert_eq!(history.entries.len(), 6);
        assert_eq!(history.terms.len(), 3);
        assert!(history.entries.iter().zip(1..).all(|(entry, seq)| entry.seq == seq));
        let lots = stage.read(|reading| reading.list::<Entitlement>(stage.account, &Query::all(9))).rows;
        assert_eq!(lots.len(), 3);
        assert!(lots.iter().all(|lot| lot.quantity == Count::MAX && lot.source == "order 4711"));
        assert_eq!(stage.refused(stage.grant("advantage", 0)), "value.invalid");
        assert_eq!(stage.refused(stage.grant_in(stage.place("nowhere"), "advantage", 1)), "not_found");
    }

    fn a_bound_device_comes_back_with_its_key_identity_and_name(home: &Home) {
        let stage = Stage::new(home.open());
        let device = stage.bind("edge-1");
        let instance = stage.read(|r| r.instance(stage.account, device.instance)).expect("it is there");
        assert_eq!((instance.name.as_str(), &instance.udi), ("edge-1", &udi("edge-1")));
        assert_eq!(instance.virtual_account(), stage.main);
        let key = stage.read(|r| r.device_key(stage.account, device.key)).expect("it is there");
        assert_eq!((key.state, key.public, key.instance), (KeyState::Bound, [7; 32], device.instance));
        let identity = udi("edge-1").identity().expect("an identity");
        let found = stage.read(|r| r.identity(stage.account, &identity)).expect("it is there");
        assert_eq!(found.instance, device.instance);
        let names = stage.read(|r| r.list::<Name>(stage.account, &Query::all(9))).rows;
        assert_eq!(names.len(), 1);
        let known = stage.house(|reading| reading.known_key(device.key)).expect("it is known");
        assert_eq!((known.key.account, known.virtual_account), (stage.account, stage.main));
        let token = stage.read(|r| r.token(stage.account, stage.token("door"))).expect("it is there");
        assert_eq!((token.uses, token.sealed_text), (1, vec![0, 1, 255]));
        stage.bind("edge-1");
        let token = stage.read(|r| r.token(stage.account, stage.token("door"))).expect("it is there");
        assert_eq!(token.uses, 1, "a device that is at home takes nothing from its token");
    }

    fn a_push_is_recorded_counted_answered_and_kept_as_evidence(home: &Home) {
        let stage = Stage::new(home.open());
        stage.must(stage.definition("advantage"));
        stage.must(stage.grant("advantage", 5));
        let device = stage.bind("edge-1");
        stage.wait(Span::from_minutes(1));
        let heard = stage.heard(&device, 1, "advantage", 7);
        let answer = pushed(stage.must(stage.push_all(&device, vec![heard.clone()])));
        assert_eq!(answer.receptions, [Reception::Recorded]);
        assert_eq!(answer.highest_epoch, 1);
        let standing = &answer.standings[0];
        assert_eq!((standing.standing.in_use, standing.standing.balance()), (7, -2));
        assert_eq!(standing.name.as_deref(), Some("ADVANTAGE"));
        let reports = stage.read(|r| r.reports_of(stage.account, device.instance));
        assert_eq!(reports.len(), 1);
        let report = &reports[0];
        assert_eq!((report.position, report.hash, &report.tag), (heard.position, heard.hash, &tag("advantage")));
        assert_eq!((report.proof, report.counting), (Proof::Verified, Counting::Counted));
        assert_eq!(report.levels[0].value, 7);
        let sealed = stage.read(|r| r.evidence(report)).expect("it is kept");
        assert_eq!(sealed, store::evidence::unpack(&heard.evidence).expect("it is packed"));
        let pool = stage.pool("advantage").expect("it is there");
        assert_eq!((pool.used, pool.used_unverified, pool.short_since), (7, 0, Some(stage.now())));
        let users = stage.read(|r| r.users_of(stage.account, pool.id, 9));
        assert_eq!((users.len(), users[0].level, users[0].instance), (1, 7, device.instance));
        let alarm = stage.alarm("advantage").expect("it is short");
        assert_eq!((alarm.state, alarm.missing, alarm.needed), (AlarmState::Open, 2, 7));
    }

    fn a_report_that_comes_again_changes_nothing(home: &Home) {
        let stage = Stage::new(home.open());
        let device = stage.bind("edge-1");
        stage.wait(Span::from_minutes(1));
        let heard = stage.heard(&device, 1, "advantage", 7);
        stage.must(stage.push_all(&device, vec![heard.clone()]));
        let before = stage.pool("advantage");
        stage.wait(Span::from_minutes(1));
        let answer = pushed(stage.must(stage.push_all(&device, vec![heard.clone(), heard])));
        assert_eq!(answer.receptions, [Reception::Already, Reception::Already]);
        assert_eq!(stage.pool("advantage"), before);
        assert_eq!(home.number("SELECT COUNT(*) FROM report"), 1);
        assert_eq!(home.number("SELECT COUNT(*) FROM evidence"), 1);
    }

    fn a_late_report_a_fork_and_a_gap_are_kept(home: &Home) {
        let stage = Stage::new(home.open());
        let device = stage.bind("edge-1");
        stage.wait(Span::from_minutes(1));
        let late = stage.heard(&device, 1, "advantage", 3);
        stage.wait(Span::from_minutes(1));
        stage.must(stage.push(&device, 2, "advantage", 5));
        stage.must(stage.push_all(&device, vec![late]));
        stage.wait(Span::from_minutes(1));
        stage.must(stage.push(&device, 4, "advantage", 6));
        let mut fork = stage.heard(&device, 4, "advantage", 8);
        fork.hash = hash_of("another");
        stage.must(stage.push_all(&device, vec![fork]));
        let pool = stage.pool("advantage").expect("it is there");
        assert_eq!(pool.used, 8, "of a fork the higher level counts");
        let reports = stage.read(|r| r.reports_of(stage.account, device.instance));
        assert_eq!(reports.len(), 4);
        assert!(reports.iter().any(|report| report.flags.contains(&Flag::Forked)));
        let instance = stage.read(|r| r.instance(stage.account, device.instance)).expect("it is there");
        assert_eq!(instance.progress[0].gaps(), 1);
        let alarms = stage.read(|r| r.list::<Alarm>(stage.account, &Query::all(9))).rows;
        assert_eq!(alarms.len(), 2, "short, and cloned");
    }

    fn a_device_that_moves_takes_its_use_along(home: &Home) {
        let stage = Stage::new(home.open());
        stage.must(stage.new_place("Lab"));
        stage.must(stage.new_token_for("window", stage.place("Lab")));
        let device = stage.bind("edge-1");
        stage.wait(Span::from_minutes(1));
        stage.must(stage.push(&device, 1, "advantage", 4));
        stage.wait(Span::from_minutes(1));
        stage.must(stage.binding("edge-1", "window"));
        assert_eq!(stage.pool("advantage").expect("it is there").used, 0);
        stage.wait(Span::from_minutes(1));
        let answer = pushed(stage.must(stage.push(&device, 2, "advantage", 5)));
        assert_eq!(answer.virtual_account.id, stage.place("Lab"), "the hint was old: the book knows better");
        assert_eq!(answer.standings[0].standing.in_use, 5);
        let uses = stage.uses();
        assert_eq!((uses.len(), uses[0].level), (1, 5));
    }

    fn a_revoked_key_and_an_unknown_key_are_refused_and_leave_nothing(home: &Home) {
        let stage = Stage::new(home.open());
        let device = stage.bind("edge-1");
        let stranger = crate::stage::Device { key: stage.key("stranger"), ..device.clone() };
        assert_eq!(stage.refused(stage.push(&stranger, 1, "advantage", 4)), "report.unknown_key");
        let asked = stage.asked(Action::RevokeKey);
        let revoke = RevokeKey { asked, account: stage.account, key: device.key, reason: "stolen".to_owned() };
        stage.must(Command::RevokeKey(revoke));
        let key = stage.read(|r| r.device_key(stage.account, device.key)).expect("it is there");
        assert_eq!((key.state, key.reason.as_str()), (KeyState::Revoked, "stolen"));
        assert_eq!(stage.refused(stage.push(&device, 1, "advantage", 4)), "trust.revoked");
        assert_eq!(stage.pool("advantage"), None, "what was refused opens no pool");
        assert_eq!(home.number("SELECT COUNT(*) FROM report"), 0);
    }

    fn a_file_of_several_devices_is_taken_in_and_its_uses_can_be_ended(home: &Home) {
        let stage = Stage::new(home.open());
        let import = |reports, completeness| Command::Import(Import {
            asked: stage.asked(Action::ImportUsage),
            account: stage.account,
            virtual_account: stage.main,
            reports,
            completeness,
        });
        let one = vec![stage.foreign("old-1", 1, "advantage", 4), stage.foreign("old-1", 2, "essentials", 1)];
        let Answer::Imported(first) = stage.must(import(one, Completeness::Complete)) else { panic!() };
        assert_eq!(first.receptions, [Reception::Recorded; 2]);
        assert_eq!(first.instances[0], first.instances[1]);
        stage.wait(Span::from_days(1));
        let next = vec![stage.foreign("old-1", 3, "advantage", 5)];
        stage.must(import(next, Completeness::Complete));
        let dropped = stage.uses().into_iter().find(|one| one.tag == tag("essentials")).expect("it is there");
        assert_eq!((dropped.level, dropped.unconfirmed_since), (1, Some(stage.now())));
        stage.wait(Span::from_days(1));
        let asked = stage.asked(Action::EndUse);
        let end = EndUse { asked, account: stage.account, instance: first.instances[0], tag: tag("essentials") };
        stage.must(Command::EndUse(end));
        assert_eq!(stage.pool("essentials").expect("it is there").used_unverified, 0);
        assert_eq!(stage.pool("advantage").expect("it is there").used_unverified, 5);
        let many: Vec<_> = (0..60).map(|n| stage.foreign(&format!("many-{n}"), 1, &format!("tag-{}", n % 7), 2)).collect();
        let Answer::Imported(many) = stage.must(import(many, Completeness::Partial)) else { panic!() };
        assert_eq!(many.receptions.len(), 60);
        assert_eq!(home.number("SELECT COUNT(*) FROM instance"), 61);
        let reports = stage.read(|r| r.list::<Recorded>(stage.account, &Query::all(1000))).rows;
        assert_eq!(reports.len(), 63);
        for report in &reports {
            assert!(stage.read(|r| r.evidence(report)).is_some());
        }
    }

    fn terms_pass_and_a_settled_alarm_is_told_once(home: &Home) {
        let stage = Stage::new(home.open());
        let device = stage.bind("edge-1");
        let term = Term { start: stage.now(), end: Some(stage.now().plus(Span::from_days(30))) };
        stage.must(stage.grant_for(stage.main, "advantage", 5, term));
        stage.wait(Span::from_minutes(1));
        stage.must(stage.push(&device, 1, "advantage", 5));
        assert_eq!(stage.alarm("advantage"), None);
        assert_eq!(stage.house(|r| r.pools_due(stage.now(), 9)), []);
        stage.wait(Span::from_days(31));
        let due = stage.house(|r| r.pools_due(stage.now(), 9));
        assert_eq!(due.len(), 1);
        let lapse = Lapse { account: stage.account, virtual_account: stage.main, tag: tag("advantage") };
        stage.must(Command::Lapse(lapse));
        let pool = stage.pool("advantage").expect("it is there");
        assert_eq!((pool.buckets.available, pool.buckets.retired), (0, 5));
        assert_eq!(pool.next_boundary, Timestamp::MAX);
        assert_eq!(stage.alarm("advantage").expect("short").state, AlarmState::Open);
        stage.must(stage.grant("advantage", 5));
        let settled = stage.alarm("advantage").expect("it stays");
        assert_eq!((settled.state, settled.telling), (AlarmState::Settled, Telling::OwesSettled));
        stage.wait(Span::from_minutes(61));
        let owed = stage.house(|r| r.alarms_to_tell(stage.now().minus(Span::from_minutes(60)), 9));
        assert_eq!(owed, [(stage.account, settled.id)]);
        for _ in 0..2 {
            stage.must(Command::Tell(Tell { account: stage.account, alarm: settled.id }));
        }
        assert_eq!(home.number("SELECT COUNT(*) FROM outbox WHERE channel = 0"), 2, "opened and settled");
        assert_eq!(home.number("SELECT COUNT(*) FROM alarm_change"), 2);
        assert_eq!(stage.house(|r| r.alarms_to_tell(stage.now(), 9)), []);
    }

    fn tokens_are_revoked_and_bind_no_more(home: &Home) {
        let stage = Stage::new(home.open());
        let asked = stage.asked(Action::ManageTokens);
        let revoke = RevokeToken { asked, account: stage.account, id: stage.token("door") };
        stage.must(Command::RevokeToken(revoke));
        let token = stage.read(|r| r.token(stage.account, stage.token("door"))).expect("it is there");
        assert_eq!(token.revoked_at, Some(stage.now()));
        assert_eq!(stage.refused(stage.binding("edge-1", "door")), "trust.token_revoked");
        assert_eq!(home.number("SELECT COUNT(*) FROM instance"), 0);
    }

    fn a_claim_for_what_never_came_to_be_is_given_back(home: &Home) {
        let stage = Stage::new(home.open());
        let claim = |kind, value: &str, account: AccountId, owner| {
            let value = value.to_owned();
            let claim = Claim { kind, value, account, owner, claimed_at: stage.now() };
            Command::MakeClaim(MakeClaim { claim })
        };
        let (own, nobody) = (stage.account, AccountId::from_bytes([9; 16]));
        let (mine, theirs) = (*own.as_bytes(), [9; 16]);
        for (kind, value) in
            [(ClaimKind::Domain, "a.example"), (ClaimKind::Number, "1"), (ClaimKind::Token, "t")]
        {
            stage.must(claim(kind, value, nobody, theirs));
        }
        stage.must(claim(ClaimKind::Domain, "b.example", own, mine));
        stage.must(claim(ClaimKind::Number, "2", own, *stage.main.as_bytes()));
        stage.must(claim(ClaimKind::DeviceKey, "k", nobody, theirs));
        let release = |before, owner| {
            stage.book.chore_waiting(Chore::ReleaseClaims { before, owner }).expect("it is done")
        };
        release(stage.now(), None);
        assert_eq!(stage.refused(claim(ClaimKind::Domain, "a.example", own, mine)), "exists");
        release(stage.now().plus(Span::from_hours(1)), Some([8; 16]));
        assert_eq!(home.number("SELECT COUNT(*) FROM claim WHERE owner = owner"), 6);
        release(stage.now().plus(Span::from_hours(1)), None);
        assert_eq!(home.number("SELECT COUNT(*) FROM claim"), 3);
        stage.must(claim(ClaimKind::Domain, "a.example", own, mine));
        assert_eq!(stage.refused(claim(ClaimKind::Domain, "b.example", nobody, theirs)), "exists");
    }

    fn claims_facts_and_sessions_come_back(home: &Home) {
        let stage = Stage::new(home.open());
        let claim = Claim {
            kind: ClaimKind::Domain,
            value: "customer.example".to_owned(),
            account: stage.account,
            owner: *stage.account.as_bytes(),
            claimed_at: stage.now(),
        };
        stage.must(Command::MakeClaim(MakeClaim { claim: claim.clone() }));
        stage.must(Command::MakeClaim(MakeClaim { claim: claim.clone() }));
        let other = Claim { owner: [9; 16], ..claim.clone() };
        assert_eq!(stage.refused(Command::MakeClaim(MakeClaim { claim: other })), "exists");
        assert_eq!(stage.house(|r| r.claim(ClaimKind::Domain, "customer.example")), Some(claim));
        for value in [vec![], vec![0, 255]] {
            let fact = HouseFact { name: "realm".to_owned(), value, changed_at: stage.now() };
            stage.must(Command::KeepFact(KeepFact { fact: fact.clone() }));
            assert_eq!(stage.house(|r| r.house_fact("realm")), Some(fact));
        }
        let session = Session {
            token_hash: [3; 32],
            person: None,
            factors: ledger::house::Factors::SetUpSecret,
            csrf: "word".to_owned(),
            began_at: stage.now(),
            ends_at: stage.now().plus(Span::from_hours(8)),
            ended_at: None,
            proven_at: stage.now(),
            seen_at: stage.now(),
            address: "192.0.2.7".to_owned(),
            browser: "Zoë's".to_owned(),
        };
        stage.must(Command::BeginSession(Box::new(BeginSession { session: session.clone(), shown: None, replaces: None })));
        assert_eq!(stage.house(|r| r.session([3; 32])), Some(session.clone()));
        stage.must(Command::EndSession(EndSession { token_hash: [3; 32], owner: None }));
        let ended = Session { ended_at: Some(stage.now()), ..session };
        assert_eq!(stage.house(|r| r.session([3; 32])), Some(ended));
    }

    fn information_only_pools_and_stale_levels_are_told_apart(home: &Home) {
        let stage = Stage::new(home.open());
        let Command::DefineLicense(mut definition) = stage.definition("noted") else { panic!() };
        definition.license.concern = Concern::InformationOnly;
        definition.license.kind = Kind::Subscription;
        stage.must(Command::DefineLicense(definition));
        let device = stage.bind("edge-1");
        stage.wait(Span::from_minutes(1));
        stage.must(stage.push(&device, 1, "noted", 4));
        stage.must(stage.push(&device, 2, "advantage", 6));
        assert_eq!(stage.alarm("noted"), None);
        let totals = stage.house(|r| r.totals());
        assert_eq!((totals.accounts, totals.product_instances, totals.reports), (1, 1, 2));
        assert_eq!((totals.pools_short, totals.alarms_open), (1, 1));
        let noted = stage.pool("noted").expect("it is there");
        assert_eq!(stage.house(|r| r.pools_of_tag(&tag("noted"), 9)), [noted.clone()]);
        let none = stage.read(|r| r.stale_shares(stage.account, stage.now()));
        assert!(none.is_empty());
        stage.wait(Span::from_days(400));
        let stale = stage.read(|r| r.stale_shares(stage.account, stage.now()));
        assert_eq!(stale.get(&noted.id), Some(&4));
        let entries = stage.read(|r| r.list::<Entry>(stage.account, &Query::all(99))).rows;
        assert_eq!(entries.iter().map(|entry| entry.quantity).sum::<i64>(), 10);
    }
}
