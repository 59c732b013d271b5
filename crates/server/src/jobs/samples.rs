//! Sample news, for the tests of those who tell it.

use ledger::alarm::{AlarmKind, Severity};
use ledger::country::{CountryOfUse, KnownBy};
use ledger::instance::Instance;
use ledger::license::{Concern, Enforcement, Kind, License};
use ledger::posting::News;
use wire::id::{AccountId, AlarmId, InstanceId, LicenseId, MessageId, VirtualAccountId};
use wire::seal::Position;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;
use wire::udi::Udi;

use crate::app::alarms::Elsewhere;
use crate::app::news::{Channel, Happening, NamedNews, Queued};

const TAG: &str = "regid.2026-01.com.example.NETWORK_ADVANTAGE,1.0_5b4c0f4e";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

fn license() -> License {
    let tag = EntitlementTag::new(TAG).expect("a tag");
    License {
        id: LicenseId::from_bytes([1; 16]),
        tag,
        name: "Network Advantage".to_owned(),
        description: String::new(),
        enforcement: Enforcement::NotEnforced,
        kind: Kind::Perpetual,
        concern: Concern::Counted,
        changed_at: Timestamp::MIN,
    }
}

/// A shortage of three.
pub(super) fn short() -> NamedNews {
    let news = News {
        account: AccountId::from_bytes([2; 16]),
        id: MessageId::from_bytes([3; 16]),
        happening: Happening::Opened,
        alarm: AlarmId::from_bytes([4; 16]),
        virtual_account: VirtualAccountId::from_bytes([5; 16]),
        about: TAG.to_owned(),
        needed: 13,
        missing: 3,
        since: at("2026-03-01T08:30:00Z"),
        at: at("2026-03-01T08:31:02.003Z"),
    };
    NamedNews {
        queued: Queued {
            due_at: news.at,
            news,
            channel: Channel::Mail,
            attempts: 1,
            done_at: None,
            last_error: String::new(),
        },
        account: "Northwind".to_owned(),
        virtual_account: "Campus".to_owned(),
        license: Some(license()),
        kind: AlarmKind::InsufficientLicenses,
        severity: Severity::Major,
        elsewhere: None,
        link: "https://licenses.example.org/accounts/acct_1/alarms#alarm_4".to_owned(),
    }
}

/// Its end.
pub(super) fn settled() -> NamedNews {
    let mut news = short();
    news.queued.news.happening = Happening::Settled;
    news.queued.news.needed = 9;
    news.queued.news.missing = 0;
    news.queued.news.since = at("2026-03-01T09:00:00Z");
    news
}

/// Two devices with one identity.
pub(super) fn cloned() -> NamedNews {
    let mut news = short();
    news.kind = AlarmKind::ClonedInstance;
    news.license = None;
    news.queued.news.about = "P:C9300,S:FCW1".to_owned();
    news.queued.news.needed = 2;
    news.queued.news.missing = 1;
    news
}

/// A device that is used in another country than that of purchase.
pub(super) fn elsewhere() -> NamedNews {
    let mut news = cloned();
    news.kind = AlarmKind::UsedElsewhere;
    news.severity = Severity::Minor;
    news.queued.news.needed = 1;
    let (account, place) = (news.queued.news.account, news.queued.news.virtual_account);
    let udi = Udi::pid_serial("C9300", "FCW1");
    let mut instance = Instance::unheard(
        account,
        InstanceId::from_bytes([6; 16]),
        udi,
        place,
        at("2026-03-01T08:00:00Z"),
    );
    instance.country_of_use = Some(CountryOfUse {
        country: "FR".parse().expect("a country"),
        known_by: KnownBy::Device,
        since: news.queued.news.since,
        told_at: Position { epoch: 1, number: 1 },
        elsewhere_since: Some(news.queued.news.since),
    });
    news.elsewhere = Some(Elsewhere { instance, country_of_purchase: "DE".to_owned() });
    news
}
