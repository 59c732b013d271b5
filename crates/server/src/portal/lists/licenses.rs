//! The list of licenses: each pool, with what is purchased, in use and left.

use askama::Template as _;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use ledger::license::{Concern, Enforcement, Kind};
use ledger::role::Permit;
use wire::id::{AccountId, VirtualAccountId};
use wire::time::{Span, Timestamp};

use super::{
    Asked, Cell, CellOf, ColumnPlan, Direction, Empty, FacetPlan, ListQuestion, Listable, Made,
    OptionPlan, Parts, Plan, Row, Shown, Sights, answered, export, opener, page,
};
use crate::app::inventory::PoolView;
use crate::app::lists::{Counting, Listing, PoolColumn, Stored as _, Test, Tests, Value};
use crate::app::paging::List as Paged;
use crate::app::{App, Error};
use crate::portal::answer::Unshown;
use crate::portal::door::Guest;
use crate::portal::facts::{in_use, license_name, pool_alert};
use crate::portal::pages::frame::Frame;
use crate::portal::pages::parts::PoolAlert;
use crate::portal::pages::paths;
use crate::portal::things::{opened_pool, pool_words};

/// How far ahead a change of term is told.
const AHEAD: Span = Span::from_days(90);

type Columns = &'static [ColumnPlan<PoolColumn, PoolView>];

const COLUMNS: Columns = &[
    ColumnPlan {
        key: "license",
        label: "License",
        class: "",
        sort: Some((PoolColumn::Name, Direction::Up)),
        shown: Shown::Usually,
        cell: CellOf::Row(|view, sights| Cell::Link {
            href: sights.frame.pool_path(&view.pool.id.to_string()),
            label: license_name(view.license.as_ref(), &view.pool.tag),
            aside: String::new(),
            below: view.pool.tag.as_str().to_owned(),
        }),
    },
    ColumnPlan {
        key: "virtual_account",
        label: "Virtual account",
        class: "col-1",
        sort: None,
        shown: Shown::Usually,
        cell: CellOf::Row(|view, _| Cell::Text(place_name(view))),
    },
    number("purchased", "Purchased", "num col-1", PoolColumn::InForce, Shown::Usually, |view| {
        view.standing.purchased
    }),
    number("future", "Future", "num col-2", PoolColumn::Future, Shown::Usually, |view| {
        view.standing.future
    }),
    number("expired", "Expired", "num col-2", PoolColumn::Expired, Shown::Chosen, |view| {
        view.standing.expired
    }),
    ColumnPlan {
        key: "in_use",
        label: "In use",
        class: "num col-1",
        sort: Some((PoolColumn::InUse, Direction::Down)),
        shown: Shown::Usually,
        cell: CellOf::Row(|view, _| {
            let used = in_use(view);
            Cell::Number { units: used.total, parts: used.parts() }
        }),
    },
    number("reserved", "Reserved", "num col-2", PoolColumn::Reserved, Shown::Usually, |view| {
        view.standing.reserved
    }),
    ColumnPlan {
        key: "balance",
        label: "Balance",
        class: "num",
        sort: Some((PoolColumn::Balance, Direction::Up)),
        shown: Shown::Usually,
        cell: CellOf::Row(|view, _| Cell::Balance(view.standing.balance())),
    },
    ColumnPlan {
        key: "alarm",
        label: "Alarm",
        class: "col-1",
        sort: None,
        shown: Shown::Usually,
        cell: CellOf::Row(|view, _| match pool_alert(&view.standing, view.license.as_ref()) {
            PoolAlert::Quiet => Cell::Nothing("none"),
            alert => Cell::State { tone: alert.tone(), icon: alert.icon(), word: alert.word() },
        }),
    },
    ColumnPlan {
        key: "tag",
        label: "Entitlement tag",
        class: "col-2",
        sort: Some((PoolColumn::Tag, Direction::Up)),
        shown: Shown::Chosen,
        cell: CellOf::Row(|view, _| Cell::Code(view.pool.tag.as_str().to_owned())),
    },
    ColumnPlan {
        key: "kind",
        label: "Kind",
        class: "col-2",
        sort: Some((PoolColumn::Kind, Direction::Up)),
        shown: Shown::Chosen,
        cell: CellOf::Row(|view, _| known(view, |license| license.kind.word())),
    },
    ColumnPlan {
        key: "enforcement",
        label: "Enforcement",
        class: "col-2",
        sort: Some((PoolColumn::Enforcement, Direction::Up)),
        shown: Shown::Chosen,
        cell: CellOf::Row(|view, _| known(view, |license| license.enforcement.word())),
    },
    ColumnPlan {
        key: "next_change",
        label: "Next change of term",
        class: "num col-2",
        sort: Some((PoolColumn::NextBoundary, Direction::Up)),
        shown: Shown::Chosen,
        cell: CellOf::Row(|view, sights| match view.pool.next_boundary {
            Timestamp::MAX => Cell::Nothing("none"),
            at => Cell::Day(crate::portal::facts::moment(at, sights.now)),
        }),
    },
];

static LICENSES: Plan<PoolColumn, PoolView> = Plan {
    path: paths::LICENSES,
    export: paths::LICENSES_EXPORT,
    list: Paged::Pools,
    title: "Licenses",
    here: "licenses",
    search: "Search these licenses",
    file: "licenses",
    columns: COLUMNS,
    sort: "balance",
    place: PoolColumn::VirtualAccount,
    foot: "Purchased is what is in force now. Different licenses are never added up.",
};

/// A column of units.
const fn number(
    key: &'static str,
    label: &'static str,
    class: &'static str,
    column: PoolColumn,
    shown: Shown,
    units: fn(&PoolView) -> i64,
) -> ColumnPlan<PoolColumn, PoolView> {
    let sort = Some((column, Direction::Down));
    ColumnPlan { key, label, class, sort, shown, cell: CellOf::Units(units) }
}

fn known(view: &PoolView, word: fn(&ledger::license::License) -> &'static str) -> Cell {
    match &view.license {
        Some(license) => Cell::Text(word(license).replace('_', " ")),
        None => Cell::Nothing("not in the catalogue"),
    }
}

fn place_name(view: &PoolView) -> String {
    view.virtual_account.as_ref().map_or_else(String::new, |place| place.name.clone())
}

fn facets(now: Timestamp) -> Vec<FacetPlan<PoolColumn>> {
    use PoolColumn as C;
    let below = |column, value: i64| (column, Test::Below(value.store()));
    let option = |word, label, tests| OptionPlan { word, label, tests };
    let concern = |concern: Concern| (C::Concern, Test::Is(concern.store()));
    let kind = |kind: Kind| vec![(C::Kind, Test::Is(kind.store()))];
    let enforcement = |one: Enforcement| vec![(C::Enforcement, Test::Is(one.store()))];
    let until = now.plus(AHEAD).store();
    vec![
        FacetPlan {
            key: "alarm",
            title: "Balance",
            options: vec![
                option("short", "Short", vec![below(C::Balance, 0), concern(Concern::Counted)]),
                option(
                    "over",
                    "Over, for information",
                    vec![below(C::Balance, 0), concern(Concern::InformationOnly)],
                ),
                option("even", "None left", vec![(C::Balance, Test::Is(0_i64.store()))]),
                option("left", "Some left", vec![(C::Balance, Test::AtLeast(1_i64.store()))]),
            ],
        },
        FacetPlan {
            key: "term",
            title: "Terms",
            options: vec![option(
                "soon",
                "Begin or end within 90 days",
                vec![(C::NextBoundary, Test::Below(until))],
            )],
        },
        FacetPlan {
            key: "kind",
            title: "Kind",
            options: vec![
                option("subscription", "Subscription", kind(Kind::Subscription)),
                option("perpetual", "Perpetual", kind(Kind::Perpetual)),
                option("unknown", "Not in the catalogue", vec![(C::Kind, Test::Is(Value::Null))]),
            ],
        },
        FacetPlan {
            key: "enforcement",
            title: "Enforcement",
            options: vec![
                option("not_enforced", "Not enforced", enforcement(Enforcement::NotEnforced)),
                option("enforced", "Enforced", enforcement(Enforcement::Enforced)),
                option(
                    "export_controlled",
                    "Export-controlled",
                    enforcement(Enforcement::ExportControlled),
                ),
            ],
        },
    ]
}

/// Pools, as the list of licenses shows them.
struct Licenses;

impl Listable for Licenses {
    type Column = PoolColumn;
    type View = PoolView;

    fn plan() -> &'static Plan<PoolColumn, PoolView> {
        &LICENSES
    }

    fn facets(now: Timestamp) -> Vec<FacetPlan<PoolColumn>> {
        facets(now)
    }

    fn search(text: &str) -> Vec<Tests<PoolColumn>> {
        vec![
            vec![(PoolColumn::Name, Test::Contains(text.to_lowercase()))],
            vec![(PoolColumn::Tag, Test::Contains(text.to_owned()))],
        ]
    }

    async fn read(
        app: &App,
        reads: &Permit,
        account: AccountId,
        question: ListQuestion<PoolColumn>,
        counting: Counting,
        limit: u32,
    ) -> Result<Listing<PoolView>, Error> {
        app.list_pools(reads, account, question, counting, limit).await
    }
}

/// The licenses of an account, or of one of its virtual accounts.
pub(in crate::portal) async fn licenses(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let asked = Asked::<Licenses>::read(&app, &guest, &account, pairs)?;
    let listing = asked.listing(&app).await?;
    let Asked { account, reads, wish, .. } = asked;
    let now = app.world.now();
    let open = wish.address.value("open").unwrap_or_default();
    let opened = match listing.rows.rows.iter().find(|view| view.pool.id.to_string() == open) {
        Some(view) => Some(opened_pool(&app, &reads, account, view.pool.id).await?.render()?),
        None => None,
    };
    let make = |frame: &Frame| {
        let sights = Sights { frame, now };
        let row = |view: &PoolView| {
            let id = view.pool.id.to_string();
            let (head, cells) = wish.cells(view, &sights);
            let name = license_name(view.license.as_ref(), &view.pool.tag);
            Row {
                opener: Some(opener(&wish.address, &id, &name)),
                opened: opened.clone().filter(|_| id == open),
                facts: pool_words(view),
                head,
                cells,
                id,
            }
        };
        let caption = format!("Licenses of {}", frame.scope());
        Made { rows: listing.rows.rows.iter().map(row).collect(), caption }
    };
    let empty = Empty {
        icon: "license",
        title: "No licenses yet",
        text: "They come with a grant, or with the first report of a device that uses one."
            .to_owned(),
    };
    let (acts, chips) = (Vec::new(), Vec::new());
    let parts = Parts { app: &app, guest: &guest, account, acts, bulk: None, empty, chips };
    answered(&page(&wish, parts, &listing, make).await?, &headers)
}

/// The same licenses as a file.
pub(in crate::portal) async fn export_licenses(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Unshown> {
    export::file(&app, &guest, Asked::<Licenses>::read(&app, &guest, &account, pairs)?).await
}

/// What the overview tells of the pools: those with the lowest balance, and how many there are.
pub(in crate::portal) async fn lowest(
    app: &App,
    reads: &Permit,
    account: AccountId,
    place: Option<VirtualAccountId>,
    most: u32,
) -> Result<(Vec<PoolView>, i64), Unshown> {
    let place = place.map(|place| (PoolColumn::VirtualAccount, Test::Is(place.store())));
    let mut question = ListQuestion::sorted(PoolColumn::Balance, Direction::Up);
    question.tests.extend(place);
    let found = app.list_pools(reads, account, question, Counting::Facets, most).await?;
    Ok((found.rows.rows, found.total))
}
