//! The made-up company: its virtual accounts, licenses and entitlements.

use anyhow::{Context as _, Result};
use ledger::entitlement::Term;
use ledger::license::{Concern, Enforcement, Kind, License};
use ledger::role::{Action, Actor, Permit, Scope, permit};
use ledger::token::ExportControlled;
use server::app::accounts::{NewAccount, NewVirtualAccount};
use server::app::catalogue::NewEntitlement;
use server::app::tokens::NewToken;
use server::app::{App, Ask};
use wire::id::{AccountId, LicenseId, RequestId, VirtualAccountId};
use wire::message::Policy;
use wire::quantity::Count;
use wire::tag::EntitlementTag;
use wire::time::{Span, Timestamp};
use wire::token::IdToken;

/// What the catalogue says of a license, and how the company bought it.
pub(super) struct Good {
    /// The name within the entitlement tag.
    code: &'static str,
    name: &'static str,
    kind: Kind,
    enforcement: Enforcement,
    concern: Concern,
    /// Of a hundred units that devices are planned to use, how many are owned.
    cover: u64,
}

const fn good(code: &'static str, name: &'static str, kind: Kind, cover: u64) -> Good {
    Good {
        code,
        name,
        kind,
        enforcement: Enforcement::NotEnforced,
        concern: Concern::Counted,
        cover,
    }
}

/// The licenses that the company knows, in the order in which [`super::fleet`] names them.
pub(super) const GOODS: [Good; 20] = [
    good("network_advantage_c9300_24", "Network Advantage C9300-24", Kind::Perpetual, 112),
    good("dna_advantage_c9300_24", "DNA Advantage C9300-24", Kind::Subscription, 104),
    good("network_advantage_c9300_48", "Network Advantage C9300-48", Kind::Perpetual, 125),
    good("dna_advantage_c9300_48", "DNA Advantage C9300-48", Kind::Subscription, 97),
    good("network_essentials_c9200", "Network Essentials C9200", Kind::Perpetual, 140),
    good("network_premier_c9500", "Network Premier C9500", Kind::Perpetual, 100),
    good("routing_advantage_c8300_t2", "Routing Advantage C8300 Tier 2", Kind::Subscription, 118),
    Good {
        enforcement: Enforcement::ExportControlled,
        ..good("hseck9_c8300", "High Security C8300", Kind::Perpetual, 150)
    },
    good("wireless_controller_c9800", "Wireless Controller C9800", Kind::Perpetual, 200),
    good("access_point_dna", "Access Point DNA", Kind::Subscription, 101),
    good("dc_advantage_n9300", "Data Centre Advantage N9300", Kind::Subscription, 96),
    good("dc_essentials_n9300", "Data Centre Essentials N9300", Kind::Perpetual, 130),
    good("fabric_interconnect_ports", "Fabric Interconnect Ports", Kind::Perpetual, 108),
    good("firewall_threat_t1150", "Firewall Threat T-1150", Kind::Subscription, 102),
    good("firewall_base_t1150", "Firewall Base T-1150", Kind::Perpetual, 115),
    good("voice_enhanced_plus", "Voice Enhanced Plus", Kind::Subscription, 103),
    good("voice_workspace", "Voice Workspace", Kind::Subscription, 120),
    Good {
        concern: Concern::InformationOnly,
        ..good("cube_trunk_vgw", "Trunk Sessions, for information", Kind::Perpetual, 0)
    },
    good("robot_motion_control", "Robot Motion Control", Kind::Perpetual, 107),
    good("line_controller_safety", "Line Controller Safety", Kind::Subscription, 110),
];

/// The virtual accounts besides `DEFAULT`.
pub(super) const PLACES: [(&str, &str); 4] = [
    ("Campus Rotterdam", "Offices and campus network"),
    ("Plant Lisbon", "Assembly lines 1 to 6"),
    ("Data Centre", "Both halls"),
    ("Lab", "Test benches; may run short now and then"),
];

/// The company as the fleet needs it.
pub(super) struct Company {
    pub(super) account: AccountId,
    /// The right to read it.
    pub(super) reads: Permit,
    pub(super) places: Vec<VirtualAccountId>,
    pub(super) licenses: Vec<EntitlementTag>,
    /// An ID token for each place.
    pub(super) tokens: Vec<IdToken>,
}

/// The entitlement tag of a license of the company.
pub(super) fn tag(good: &Good) -> EntitlementTag {
    let id = LicenseId::derive(&[good.code.as_bytes()]);
    let hex: String = id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let uuid = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
    EntitlementTag::new(&format!("regid.2024-03.com.example.{},1.0_{uuid}", good.code))
        .expect("the demo's tags are tags")
}

/// Requests whose ids are derived, so that a second start asks for the same things again.
struct Asker<'a> {
    app: &'a App,
}

impl Asker<'_> {
    fn ask(&self, action: Action, what: &str) -> Result<Ask> {
        let permit = permit(&Actor::Host, action, Scope::House)?;
        let request = RequestId::derive(&[b"scrip demo", what.as_bytes()]);
        Ok(Ask::new(permit, request, what.as_bytes()))
    }
}

/// Makes the company, or finds it as an earlier start left it.
pub(super) async fn open(app: &App) -> Result<Company> {
    let asker = Asker { app };
    let licenses = define_licenses(&asker).await?;
    let policy = Policy { name: "Northwind policy".to_owned(), ..Policy::default() };
    let new = NewAccount {
        name: "Northwind Robotics".to_owned(),
        domain: "northwind.example".to_owned(),
        policy,
    };
    let account = app.create_account(&asker.ask(Action::CreateAccount, "account")?, new).await?.id;
    let reads = permit(&Actor::Host, Action::Read, Scope::Account(account))?;
    for (name, description) in PLACES {
        let new = NewVirtualAccount {
            name: name.to_owned(),
            description: description.to_owned(),
            tags: Vec::new(),
        };
        app.create_virtual_account(&asker.ask(Action::CreateVirtualAccount, name)?, account, new)
            .await?;
    }
    let found = app.virtual_accounts(&reads, account, None, None, 100).await?.rows;
    let mut places = Vec::new();
    for name in PLACES.iter().map(|(name, _)| *name).chain(["DEFAULT"]) {
        places.push(
            found.iter().find(|one| one.name == name).context("a virtual account is missing")?.id,
        );
    }
    let mut tokens = Vec::new();
    for (n, place) in places.iter().enumerate() {
        tokens.push(make_token(&asker, account, *place, n).await?);
    }
    Ok(Company { account, reads, places, licenses, tokens })
}

async fn define_licenses(asker: &Asker<'_>) -> Result<Vec<EntitlementTag>> {
    let mut tags = Vec::new();
    for good in &GOODS {
        let license = License {
            id: LicenseId::derive(&[good.code.as_bytes()]),
            tag: tag(good),
            name: good.name.to_owned(),
            description: format!("{}, as sold by the demo's vendor", good.name),
            enforcement: good.enforcement,
            kind: good.kind,
            concern: good.concern,
            changed_at: asker.app.world.now(),
        };
        tags.push(license.tag.clone());
        asker.app.define_license(&asker.ask(Action::DefineLicense, good.code)?, license).await?;
    }
    Ok(tags)
}

async fn make_token(
    asker: &Asker<'_>,
    account: AccountId,
    place: VirtualAccountId,
    n: usize,
) -> Result<IdToken> {
    // A token expires, so every start makes its own.
    let ask =
        Ask { request: asker.app.fresh_request(), ..asker.ask(Action::ManageTokens, "token")? };
    let new = NewToken {
        virtual_account: place,
        description: format!("The demo's devices, group {}", n + 1),
        expires_after_days: 30,
        max_uses: None,
        export_controlled: ExportControlled::Allowed,
    };
    let made = asker.app.create_token(&ask, account, new).await?;
    Ok(made.text.context("a new token shows its text")?.parse()?)
}

/// Buys what covers the planned use of a license in a place, in lots of different terms.
pub(super) async fn buy(
    app: &App,
    company: &Company,
    place: usize,
    license: usize,
    planned: u64,
) -> Result<()> {
    let asker = Asker { app };
    let good = &GOODS[license];
    let owned = planned * good.cover / 100;
    let now = Timestamp::from_millis(app.world.now().millis() / 86_400_000 * 86_400_000);
    let since = |days: i64| now.minus(Span::from_days(days));
    let until = |days: i64| Some(now.plus(Span::from_days(days)));
    let lots: Vec<(u64, Term, &str)> = match good.kind {
        Kind::Perpetual => vec![(owned, Term { start: since(700), end: None }, "order NW-20318")],
        Kind::Subscription => vec![
            (owned - owned / 3, Term { start: since(300), end: until(430) }, "order NW-21877"),
            (owned / 3, Term { start: since(120), end: until(24) }, "order NW-22540"),
            (owned / 4, Term { start: since(500), end: Some(since(20)) }, "order NW-19002"),
            (
                owned / 5,
                Term { start: now.plus(Span::from_days(40)), end: until(405) },
                "order NW-23901",
            ),
        ],
    };
    for (nth, (quantity, term, source)) in
        lots.into_iter().enumerate().filter(|(_, (quantity, ..))| *quantity > 0)
    {
        let ask = asker.ask(Action::GrantEntitlement, &format!("lot {place} {license} {nth}"))?;
        let new = NewEntitlement {
            virtual_account: company.places[place],
            tag: company.licenses[license].clone(),
            quantity: Count::new(quantity)?,
            term,
            kind: good.kind,
            source: source.to_owned(),
        };
        app.grant(&ask, company.account, new).await?;
    }
    Ok(())
}
