//! What events tell of people is erased on the host, on both engines, and the log stays provable.

use std::collections::BTreeSet;

use ledger::house::HOUSE;
use ledger::log::Personal;
use ledger::role::{Action, Actor, Scope, permit};
use serde_json::json;
use server::app::erase::Marked;
use server::app::events::EventQuestion;
use server::app::{Ask, Error};
use wire::id::{AccountId, EventId};

use crate::home::both;
use crate::office::{Office, text};

const CHO: &str = "cho@a.example";

impl Office {
    async fn erase(&self, who: &Actor, log: AccountId, marked: Marked) -> Result<u32, Error> {
        let right = permit(who, Action::Read, Scope::House).expect("they may read");
        let ask = Ask::new(right, self.app.fresh_request(), b"erase");
        self.app.erase_personal(&ask, log, marked).await
    }

    async fn is_whole(&self, erased: u64) {
        let may = permit(&Actor::Host, Action::ReadEvents, Scope::House).expect("the host may");
        let found = self.app.check(&may).await.expect("it is checked");
        assert_eq!((found.wrong, found.erased), (Vec::<String>::new(), erased));
    }
}

both! {
    async fn what_events_tell_of_a_person_is_erased_in_every_log(office) {
        let site = office.site("a.example").await;
        let grants = format!("{}/grants", site.path());
        let log = format!("{}/events", site.path());
        let account: AccountId = site.account.parse().expect("an id");
        office.person(&grants, "zoe@a.example", &json!({"role": "administrator"})).await;
        let cho = office.person(&grants, CHO, &json!({"role": "administrator"})).await;
        let place = json!({"name": "Cho's"});
        office.post_as(&cho.token, &format!("{}/virtual-accounts", site.path()), &place).await.created();
        let all = Marked::Person(CHO.to_uppercase());
        // Their grant, and what they did by a token.
        assert_eq!(office.erase(&Actor::Host, account, all.clone()).await.expect("erased"), 2);
        assert!(!office.get(&log).await.text().contains(CHO), "{}", office.get(&log).await.text());
        assert!(office.get(&log).await.text().contains("zoe@a.example"), "of others it still tells");
        let note = &office.rows(&format!("{log}?action=event.erased")).await[0];
        assert_eq!((&note["detail"]["events"], &note["actor"]), (&json!("2"), &json!("host command line")));
        office.is_whole(2).await;
        let in_house = office.erase(&Actor::Host, HOUSE, all.clone()).await.expect("erased");
        assert!(in_house >= 3, "password, session and token: {in_house}");
        assert!(!office.get("/api/v1/events").await.text().contains(CHO));
        office.is_whole(2 + u64::from(in_house)).await;
        assert_eq!(office.erase(&Actor::Host, HOUSE, all).await.expect("none is left"), 0);
    }

    async fn single_events_are_erased_on_the_host_alone(office) {
        let site = office.site("a.example").await;
        let log = format!("{}/events", site.path());
        let account: AccountId = site.account.parse().expect("an id");
        let made = office.rows(&format!("{log}?action=account.created")).await;
        let id: EventId = text(&made[0]["id"]).parse().expect("an id");
        let one = Marked::Events(BTreeSet::from([id]));
        let refused = office.erase(&Actor::Operator, account, one.clone()).await.expect_err("not the host");
        assert_eq!(refused.code(), "permit.denied");
        assert!(office.get(&log).await.text().contains("operator (set-up secret)"));
        let elsewhere = office.erase(&Actor::Host, HOUSE, one.clone()).await.expect_err("not in this log");
        assert_eq!(elsewhere.code(), "not_found");
        let nowhere = AccountId::from_bytes([9; 16]);
        let absent = office.erase(&Actor::Host, nowhere, one.clone()).await.expect_err("no account");
        assert_eq!(absent.code(), "not_found");
        assert_eq!(office.erase(&Actor::Host, account, one).await.expect("erased"), 1);
        let question = EventQuestion { action: Some("account.created".to_owned()), ..EventQuestion::default() };
        let may = permit(&Actor::Host, Action::ReadEvents, Scope::House).expect("the host may");
        let found = office.app.events(&may, account, question, 1).await.expect("events").rows;
        assert!(matches!(found[0].personal, Personal::Erased(_)));
        assert_eq!((found[0].event.actor.as_str(), found[0].event.address.as_str()), ("", ""));
        office.is_whole(1).await;
    }
}
