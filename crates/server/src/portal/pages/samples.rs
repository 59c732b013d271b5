//! Sample pages: each page in each of its states, for the tests that render them all.
//! The company, its devices and its numbers are made up.

mod administration;
mod alarms;
mod door;
mod events;
mod house;
mod instance;
mod lists;
mod overview;
mod own;
mod pool;
mod relocation;
mod tokens;

use super::Page;
use super::alarms::AlarmList;
use super::frame::{
    AccountChoice, Banner, Frame, Guard, HouseNav, Part, SignedInBy, VirtualAccountChoice, Visitor,
};
use super::gallery::Gallery;
use super::moment::Moment;
use super::overview::FirstSteps;
use super::parts::{Act, Counted, LicenseLink, Paste, Way};

const NOW: i64 = 1_795_509_612_000; // 24 Nov 2026, 08:40:12 UTC
const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

/// Every sample under its name, rendered whole.
pub(crate) fn rendered() -> Vec<(&'static str, String)> {
    let whole = |page: &dyn Page| page.document().expect("a sample renders");
    let house = [
        ("problem", whole(&house::problem())),
        ("accounts", whole(&house::accounts(house::account_rows()))),
        ("accounts-none", whole(&house::accounts(Vec::new()))),
        ("accounts-nobodys", whole(&house::accounts_nobodys())),
        ("gallery", whole(&Gallery { visitor: visitor(), now: at(0) })),
    ];
    let account = [
        ("overview", whole(&overview::overview())),
        ("overview-new", whole(&overview::overview_new(Counted::Exactly(0)))),
        ("overview-token-ready", whole(&overview::overview_new(Counted::Exactly(1)))),
        ("overview-calm", whole(&overview::overview_calm())),
        ("overview-many", whole(&overview::overview_many())),
        ("alarms", whole(&alarms::alarms(AlarmList::Open(alarms::open_alarms())))),
        ("alarms-none", whole(&alarms::alarms(AlarmList::Open(Vec::new())))),
        ("alarms-settled", whole(&alarms::alarms(AlarmList::Settled(alarms::settled_alarms())))),
        ("alarms-none-settled", whole(&alarms::alarms(AlarmList::Settled(Vec::new())))),
        ("events", whole(&events::events())),
        ("events-none", whole(&events::events_none())),
        ("list", whole(&lists::narrowed(lists::rows()))),
        ("list-none", whole(&lists::list(Vec::new()))),
        ("list-none-like-that", whole(&lists::narrowed(Vec::new()))),
        ("search", whole(&lists::found(2))),
        ("search-nothing", whole(&lists::found(0))),
        ("pool", whole(&pool::pool())),
        ("pool-unknown", whole(&pool::pool_unknown())),
        ("pool-unused", whole(&pool::pool_unused())),
        ("instance", whole(&instance::instance())),
        ("instance-never", whole(&instance::instance_never())),
        ("instance-unverified", whole(&instance::instance_unverified())),
        ("instance-removed", whole(&instance::instance_removed(None))),
        ("instance-again", whole(&instance::instance_removed(Some(at(MINUTE))))),
        ("relocation", whole(&relocation::preview())),
        ("relocation-paste", whole(&relocation::paste())),
        ("tokens", whole(&tokens::tokens(tokens::form(), None))),
        ("tokens-made", whole(&tokens::tokens(tokens::form(), Some(tokens::made())))),
        ("tokens-refused", whole(&tokens::tokens(tokens::form_refused(), None))),
        ("tokens-none", whole(&tokens::tokens_none())),
    ];
    let more = administration::rendered().into_iter().chain(door::rendered());
    house.into_iter().chain(account).chain(more).chain(own::rendered()).collect()
}

/// Every page that refreshes itself, as its fragment.
pub(crate) fn fragments() -> Vec<String> {
    let pages: [&dyn Page; 6] = [
        &lists::narrowed(lists::rows()),
        &overview::overview(),
        &alarms::alarms(AlarmList::Open(alarms::open_alarms())),
        &pool::pool(),
        &instance::instance(),
        &tokens::tokens(tokens::form(), None),
    ];
    pages.iter().map(|page| page.fragment().expect("a sample renders")).collect()
}

fn at(ago: i64) -> Moment {
    Moment::new(NOW - ago, NOW)
}

fn text(words: &str) -> String {
    words.to_owned()
}

fn guard(mark: &str) -> Guard {
    Guard { csrf: text("c5rf"), request_id: format!("req_{mark}") }
}

fn paste(label: &str, command: &str) -> Paste {
    Paste { label: text(label), command: text(command) }
}

fn way(lead: &str, rest: &str, act: Option<(&str, &str)>) -> Way {
    let act = act.map(|(label, href)| Act { label: text(label), href: text(href) });
    Way { lead: text(lead), rest: text(rest), act }
}

fn link(name: &str, pool: &str) -> LicenseLink {
    LicenseLink { name: text(name), pool: text(pool) }
}

fn visitor() -> Visitor {
    let by = SignedInBy::Themself;
    Visitor { name: text("Ines Okafor"), sign_out: guard("SIGNOUT"), by }
}

fn frame() -> Frame {
    let choice = |id: &str, name: &str, open| VirtualAccountChoice {
        virtual_account: text(id),
        name: text(name),
        open_alarms: Counted::Exactly(open),
    };
    Frame {
        account: text("acct_01KAQ3"),
        account_name: text("Halden Ferries"),
        other_accounts: vec![AccountChoice {
            account: text("acct_01KAQ4"),
            name: text("Brevik Yard <& Sons>"),
        }],
        virtual_accounts: vec![
            choice("va_01KAQ5", "Harbour", 2),
            choice("va_01KAQ6", "Fleet", 1),
            choice("va_01KAQ7", "Lab", 1),
        ],
        virtual_accounts_total: Counted::Exactly(3),
        chosen: None,
        open_alarms: Counted::Exactly(4),
        visitor: visitor(),
        parts: [Part::Licenses, Part::Events, Part::WholeLog, Part::People, Part::Clients].into(),
        banners: vec![Banner {
            tone: "warn",
            lead: text("Version 2 of the End User License Agreement is not accepted."),
            rest: text("New ID tokens are blocked until then."),
            act: Some(Act {
                label: text("Read and accept"),
                href: text("/accounts/acct_01KAQ3/properties"),
            }),
            form: None,
        }],
    }
}

fn nav() -> HouseNav {
    let tab = |label: &str, href: &str| Act { label: text(label), href: text(href) };
    HouseNav { tabs: vec![tab("Accounts", "/accounts"), tab("People", "/people")], here: "/people" }
}

fn trust_pastes(token: &str) -> Vec<Paste> {
    vec![
        paste("On a device, with the Scrip agent", &format!("scrip-agent trust idtoken {token}")),
        paste(
            "On a device with the Using Policy command line",
            &format!(
                "configure terminal\n license smart transport smart\n license smart url smart https://scrip.halden.example/smartlic\n end\nlicense smart trust idtoken {token} local"
            ),
        ),
    ]
}

fn first_steps(usable_tokens: Counted) -> FirstSteps {
    let call = "curl -X POST https://scrip.halden.example/api/v1/accounts/acct_01KAQ3/tokens \\\n  -H \"Authorization: Bearer $SCRIP_TOKEN\" \\\n  -d '{\"virtual_account\":\"va_01KAQ5\",\"description\":\"First device\",\"expires_after_days\":30}'";
    FirstSteps {
        usable_tokens,
        make_token: vec![
            paste(
                "On the server",
                "scrip token create --account \"Halden Ferries\" --virtual-account Harbour --days 30",
            ),
            paste("By the API", call),
        ],
        trust: trust_pastes("TOKEN"),
        grant: vec![paste(
            "On the server",
            "scrip grant --account \"Halden Ferries\" --virtual-account Harbour --tag network_advantage --quantity 10",
        )],
    }
}
