//! In which country instances are used, as the book keeps it.

use ledger::alarm::{Alarm, AlarmState};
use ledger::command::{Command, EditAccount};
use ledger::country::{KnownBy, elsewhere_alarm_id};
use ledger::instance::Instance;
use ledger::posting::Event;
use ledger::role::Action;
use wire::id::InstanceId;
use wire::time::Span;

use crate::homes::both;
use crate::stage::{Device, Stage};

impl Stage {
    fn bought_in(&self, country: &str) {
        let account = self.read(|reading| reading.account(self.account)).expect("it is there");
        self.must(Command::EditAccount(Box::new(EditAccount {
            asked: self.asked(Action::EditAccount),
            account: account.id,
            revision: account.revision,
            name: account.name,
            country: country.to_owned(),
            upgrade: None,
        })));
    }

    /// A push of one report that names the device's country and that of its network.
    fn push_from(&self, device: &Device, number: u64, told: [&str; 2]) {
        let mut heard = self.heard(device, number, "advantage", 3);
        let [country, network] = told.map(|text| text.parse().ok());
        (heard.report.country, heard.network) = (country, network);
        self.must(self.push_all(device, vec![heard]));
        self.wait(Span::from_hours(1));
    }

    fn instance(&self, id: InstanceId) -> Instance {
        self.read(|reading| reading.instance(self.account, id)).expect("it is there")
    }

    fn elsewhere(&self, id: InstanceId) -> Option<Alarm> {
        self.read(|reading| reading.alarm(self.account, elsewhere_alarm_id(id)))
    }
}

both! {
    fn a_country_of_use_comes_back_with_its_alarm_and_its_events(home: &Home) {
        let stage = Stage::new(home.open());
        stage.bought_in("DE");
        let device = stage.bind("edge-1");
        stage.push_from(&device, 1, ["", ""]);
        assert_eq!(stage.instance(device.instance).country_of_use, None);
        assert_eq!(home.number("SELECT COUNT(country_of_use) + COUNT(country_told) FROM instance"), 0);
        stage.push_from(&device, 2, ["", "DE"]);
        let at_home = stage.instance(device.instance).country_of_use.expect("it is known");
        assert_eq!((at_home.country.as_str(), at_home.known_by), ("DE", KnownBy::Network));
        assert_eq!((at_home.elsewhere_since, stage.elsewhere(device.instance)), (None, None));
        stage.push_from(&device, 3, ["FR", "DE"]);
        stage.push_from(&device, 4, ["FR", ""]);
        let abroad = stage.instance(device.instance).country_of_use.expect("it is known");
        assert_eq!((abroad.country.as_str(), abroad.known_by), ("FR", KnownBy::Device));
        assert_eq!((abroad.told_at.epoch, abroad.told_at.number), (1, 4));
        assert_eq!(abroad.elsewhere_since, Some(abroad.since));
        let alarm = stage.elsewhere(device.instance).expect("it is there");
        assert_eq!((alarm.state, alarm.opened_at), (AlarmState::Open, abroad.since));
        assert_eq!(stage.check(), Vec::<String>::new());
        home.sql("UPDATE alarm SET state = 1 - state WHERE kind = 2");
        assert!(stage.check().iter().any(|one| one.contains("use elsewhere is not open")));
        home.sql("UPDATE alarm SET state = 1 - state WHERE kind = 2");
        stage.bought_in("FR");
        stage.push_from(&device, 5, ["", ""]);
        let settled = stage.elsewhere(device.instance).expect("it is there");
        assert_eq!((settled.state, settled.seq), (AlarmState::Settled, 2));
        assert_eq!(stage.check(), Vec::<String>::new());
        let told = |event: &Event| event.subject == device.instance.to_string() && event.action != "instance.bound";
        let events: Vec<Event> = stage.events().into_iter().filter(told).collect();
        let said: Vec<(&str, &str)> =
            events.iter().map(|event| (event.action.as_str(), event.detail.as_str())).collect();
        let udi = stage.instance(device.instance).udi;
        assert_eq!(said, [
            ("instance.used_elsewhere", format!(r#"{{"udi":"{udi}","known_by":"device","country_of_use":{{"before":"DE","after":"FR"}},"country_of_purchase":"DE"}}"#).as_str()),
            ("instance.elsewhere_settled", format!(r#"{{"udi":"{udi}","known_by":"device","country_of_use":"FR","country_of_purchase":"FR"}}"#).as_str()),
        ]);
        assert!(events.iter().all(|event| event.virtual_account == Some(stage.main)));
    }
}
