//! How a world begins: the server is founded, its operator makes accounts and tokens, devices are
//! switched on.

use agent::device::{Habits, Profile};
use ledger::license::{Concern, Enforcement, Kind, License};
use ledger::role::{Action, Actor, Scope, permit};
use server::app::accounts::{NewAccount, NewVirtualAccount};
use server::app::{App, Ask};
use wire::id::{LicenseId, RequestId};
use wire::message::Policy;
use wire::report::{Member, MemberRole};
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::{Span, Timestamp};
use wire::udi::Udi;

use super::audit::Auditor;
use super::climate::Climate;
use super::dice::Dice;
use super::figures::Figures;
use super::model::{Model, Set};
use super::scene::Scene;
use super::server::{Server, complete};
use super::unit::{Duty, Unit};
use super::{Event, Season, UNITS, World, Wrong};

/// When every world begins: 2027-01-15T08:00:00Z.
const BEGINNING: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// The licenses of this world. The catalogue knows the first ones; `telemetry` is only counted.
pub(super) const LICENSES: [&str; 6] =
    ["advantage", "premier", "dna", "telemetry", "mystery", "beta"];
/// How many of them the catalogue knows from the beginning.
const KNOWN: usize = 4;
/// The one whose shortage is nobody's business.
const INFORMATIONAL: &str = "telemetry";

/// The tag of a license by its short name.
pub(super) fn tag(name: &str) -> EntitlementTag {
    let text = format!("regid.2026-01.com.example.{name},1.0_sim");
    EntitlementTag::new(&text).expect("the tags of this world are well formed")
}

/// The right of the operator to do something.
pub(super) fn right(action: Action) -> Result<ledger::role::Permit, Wrong> {
    Ok(permit(&Actor::Operator, action, Scope::House)?)
}

impl World {
    pub(super) fn new(seed: u64) -> Result<World, Wrong> {
        let server = Server::new(seed, BEGINNING)?;
        let mut fate = Dice::new(seed, "fate");
        let app = server.app().ok_or_else(|| Wrong::new("the server does not start"))?;
        let mut model = found_account(app, &mut fate)?;
        define_licenses(app, &mut fate)?;
        model.informational.insert(tag(INFORMATIONAL));
        model.defined.extend(LICENSES[..KNOWN].iter().map(|name| tag(name)));
        let mut world = World {
            now: BEGINNING,
            season: Season::Rough,
            queue: std::collections::BTreeMap::new(),
            queued: 0,
            asks: 0,
            climate: Climate::of(seed),
            weather: Dice::new(seed, "weather"),
            fate,
            server,
            units: Vec::new(),
            dark: std::collections::BTreeMap::new(),
            model,
            auditor: Auditor::new(seed),
            scene: Scene::new(BEGINNING),
            figures: Figures::default(),
            open_alarms: std::collections::BTreeSet::new(),
            seen_forks: 0,
        };
        world.make_tokens()?;
        world.make_units();
        world.after(Span::from_minutes(5), Event::Tend);
        world.after(Span::from_minutes(1), Event::Fate);
        Ok(world)
    }

    /// For each place a token for any number of devices, and one for three.
    fn make_tokens(&mut self) -> Result<(), Wrong> {
        for place in 0..self.model.places.len() {
            self.make_token(place, None)?;
            self.make_token(place, Some(3))?;
        }
        Ok(())
    }

    fn make_units(&mut self) {
        let last = UNITS - 1;
        for nth in 0..UNITS {
            let of_pair = self.climate.has_pair && nth >= last - 1;
            let company = if of_pair { Company::Pair } else { Company::Alone };
            let profile = self.profile(nth, company);
            let is_standby = of_pair && nth == last;
            let set = if is_standby { nth - 1 } else { nth };
            let name = profile.hostname.clone().unwrap_or_default();
            let mut unit = Unit::new(name, set, profile, self.fate.bytes());
            if is_standby {
                unit.duty = Duty::Standby;
            } else {
                self.model.sets.push(Set::default());
            }
            self.units.push(unit);
            let on = self.fate.span(Span::from_seconds(1), Span::from_minutes(10));
            self.after(on, Event::Meet { unit: nth });
        }
    }

    fn profile(&mut self, nth: usize, company: Company) -> Profile {
        let of_pair = company == Company::Pair;
        let udi = |nth: usize| Udi::pid_serial("SIM-48", format!("SIM{nth:04}").as_str());
        let software = SoftwareTag::new("regid.2026-01.com.example.SIM-OS,1.0_sim")
            .expect("the tags of this world are well formed");
        let mut profile = Profile::new(udi(nth), software);
        profile.hostname =
            Some(if of_pair { format!("ha{nth:02}") } else { format!("sw{nth:02}") });
        if of_pair {
            let other = if nth + 1 == UNITS { nth - 1 } else { nth + 1 };
            profile.members = vec![
                Member { role: MemberRole::Active, udi: udi(nth) },
                Member { role: MemberRole::Standby, udi: udi(other) },
            ];
        }
        profile.habits = Habits {
            report_every: Some(self.fate.span(Span::from_minutes(8), Span::from_minutes(60))),
            retry_max: *self.fate.pick(&[Span::from_minutes(2), Span::from_hours(1)]),
            ..Habits::default()
        };
        profile
    }
}

/// A request of the operator, with an id from the dice.
pub(super) fn asking(action: Action, dice: &mut Dice) -> Result<Ask, Wrong> {
    let request = RequestId::from_bytes(dice.bytes());
    Ok(Ask::new(right(action)?, request, request.as_bytes()))
}

fn found_account(app: &App, dice: &mut Dice) -> Result<Model, Wrong> {
    let new = NewAccount {
        name: "Example Networks".to_owned(),
        domain: "example.com".to_owned(),
        policy: Policy::default(),
    };
    let account = complete(app.create_account(&asking(Action::CreateAccount, dice)?, new))?;
    let mut model = Model::new(account.id);
    for name in ["Berlin", "Lyon", "Osaka"] {
        let new = NewVirtualAccount {
            name: name.to_owned(),
            description: String::new(),
            tags: Vec::new(),
        };
        let ask = asking(Action::CreateVirtualAccount, dice)?;
        let made = complete(app.create_virtual_account(&ask, account.id, new))?;
        model.places.push((made.id, name.to_owned()));
    }
    Ok(model)
}

fn define_licenses(app: &App, dice: &mut Dice) -> Result<(), Wrong> {
    for name in &LICENSES[..KNOWN] {
        let concern =
            if *name == INFORMATIONAL { Concern::InformationOnly } else { Concern::Counted };
        let ask = asking(Action::DefineLicense, dice)?;
        complete(app.define_license(&ask, license(name, concern)))?;
    }
    Ok(())
}

/// A definition.
pub(super) fn license(name: &str, concern: Concern) -> License {
    License {
        id: LicenseId::from_bytes([0; 16]),
        tag: tag(name),
        name: name.to_owned(),
        description: String::new(),
        enforcement: Enforcement::NotEnforced,
        kind: Kind::Perpetual,
        concern,
        changed_at: Timestamp::MIN,
    }
}

/// Whether a device is one of a pair.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Company {
    /// It stands alone.
    Alone,
    /// It is one of two.
    Pair,
}
