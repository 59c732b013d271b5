//! The list of product instances: where each is, whether its reports come, what it uses.

use std::str::FromStr as _;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use ledger::instance::Use;
use ledger::license::License;
use ledger::role::{Action, Permit};
use wire::id::{AccountId, PoolId, VirtualAccountId};
use wire::time::Timestamp;

use super::{
    Address, Asked, Cell, CellOf, ColumnPlan, Direction, Empty, FacetPlan, ListQuestion, Listable,
    Made, OptionPlan, Parts, Plan, Row, Shown, Sights, ValuesPlan, Wish, answered, export, page,
    wrong,
};
use crate::app::inventory::InstanceView;
use crate::app::lists::{
    Counting, Facet, InstanceColumn, Listing, Stored as _, Test, Tests, Value,
};
use crate::app::paging::List as Paged;
use crate::app::{App, Error};
use crate::portal::answer::Unshown;
use crate::portal::door::Guest;
use crate::portal::facts::{counted, instance_name, instance_state, license_name, may, moment};
use crate::portal::pages::frame::Frame;
use crate::portal::pages::list::{Bulk, Chip};
use crate::portal::pages::overview::StateCounts;
use crate::portal::pages::parts::Act;
use crate::portal::pages::paths::{self, fill};

/// The parameter that narrows the list to those who use a pool.
const POOL: &str = "pool";

type Columns = &'static [ColumnPlan<InstanceColumn, InstanceView>];

const COLUMNS: Columns = &[
    ColumnPlan {
        key: "product_instance",
        label: "Product instance",
        class: "",
        sort: Some((InstanceColumn::Name, Direction::Up)),
        shown: Shown::Usually,
        cell: CellOf::Row(|view, sights| {
            let one = &view.instance;
            let members = one.members.len();
            Cell::Link {
                href: sights.frame.instance_path(&one.id.to_string()),
                label: instance_name(one),
                aside: if members > 1 { format!("{members} members") } else { String::new() },
                below: one.udi.to_string(),
            }
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
    ColumnPlan {
        key: "licenses",
        label: "Licenses in use",
        class: "col-2",
        sort: None,
        shown: Shown::Usually,
        cell: CellOf::Row(|view, sights| {
            let used: Vec<_> = view.uses.iter().filter(|(one, _)| one.level > 0).collect();
            let link = |(one, license): &&(Use, Option<License>)| {
                let href = sights.frame.pool_path(&one.pool.to_string());
                (href, license_name(license.as_ref(), &one.tag), i64::from(one.level))
            };
            Cell::Links { all: used.iter().map(link).collect() }
        }),
    },
    ColumnPlan {
        key: "last_report",
        label: "Last report",
        class: "num",
        sort: Some((InstanceColumn::HeardAt, Direction::Down)),
        shown: Shown::Usually,
        cell: CellOf::Row(|view, sights| at(view.instance.heard_at, sights, "none yet")),
    },
    ColumnPlan {
        key: "next_due",
        label: "Stale from",
        class: "num col-2",
        sort: Some((InstanceColumn::StaleAt, Direction::Up)),
        shown: Shown::Chosen,
        cell: CellOf::Row(|view, sights| at(view.instance.stale_at, sights, "never")),
    },
    ColumnPlan {
        key: "state",
        label: "State",
        class: "col-1",
        sort: None,
        shown: Shown::Usually,
        cell: CellOf::Row(|view, sights| {
            let state = instance_state(&view.instance, sights.now);
            Cell::State { tone: state.tone(), icon: state.icon(), word: state.word().to_owned() }
        }),
    },
    ColumnPlan {
        key: "software",
        label: "Software",
        class: "col-2",
        sort: Some((InstanceColumn::Software, Direction::Up)),
        shown: Shown::Chosen,
        cell: CellOf::Row(|view, _| match &view.instance.software {
            Some(tag) => {
                let text = format!("{} {}", tag.short_name(), view.instance.software_version);
                Cell::Text(text.trim().to_owned())
            }
            None => Cell::Nothing("not told"),
        }),
    },
    ColumnPlan {
        key: "country_of_use",
        label: "Country of use",
        class: "col-2",
        sort: Some((InstanceColumn::Country, Direction::Up)),
        shown: Shown::Chosen,
        cell: CellOf::Row(|view, _| match &view.instance.country_of_use {
            Some(known) => Cell::Text(known.country.to_string()),
            None => Cell::Nothing("not known"),
        }),
    },
    ColumnPlan {
        key: "bound",
        label: "Trusted since",
        class: "num col-2",
        sort: Some((InstanceColumn::BoundAt, Direction::Down)),
        shown: Shown::Chosen,
        cell: CellOf::Row(|view, sights| match view.instance.bound_at {
            Some(at) => Cell::Day(moment(at, sights.now)),
            None => Cell::Nothing("not trusted"),
        }),
    },
    ColumnPlan {
        key: "added",
        label: "Known since",
        class: "num col-2",
        sort: Some((InstanceColumn::CreatedAt, Direction::Down)),
        shown: Shown::Chosen,
        cell: CellOf::Row(|view, sights| Cell::Day(moment(view.instance.created_at, sights.now))),
    },
    ColumnPlan {
        key: "udi",
        label: "UDI",
        class: "col-2",
        sort: Some((InstanceColumn::Identity, Direction::Up)),
        shown: Shown::Chosen,
        cell: CellOf::Row(|view, _| Cell::Code(view.instance.udi.to_string())),
    },
    ColumnPlan {
        key: "id",
        label: "Id",
        class: "col-2",
        sort: None,
        shown: Shown::Chosen,
        cell: CellOf::Row(|view, _| Cell::Code(view.instance.id.to_string())),
    },
];

static INSTANCES: Plan<InstanceColumn, InstanceView> = Plan {
    path: paths::INSTANCES,
    export: paths::INSTANCES_EXPORT,
    list: Paged::Instances,
    title: "Product instances",
    here: "instances",
    search: "Search by name or serial",
    file: "product-instances",
    columns: COLUMNS,
    sort: "-last_report",
    place: InstanceColumn::VirtualAccount,
    foot: "",
};

fn at(moment_of: Option<Timestamp>, sights: &Sights<'_>, nothing: &'static str) -> Cell {
    match moment_of {
        Some(at) => Cell::Ago(moment(at, sights.now)),
        None => Cell::Nothing(nothing),
    }
}

fn place_name(view: &InstanceView) -> String {
    view.virtual_account.as_ref().map_or_else(String::new, |place| place.name.clone())
}

/// The states, as [`instance_state`] tells them of one.
fn facets(now: Timestamp) -> Vec<FacetPlan<InstanceColumn>> {
    use InstanceColumn as C;
    let none = |column| (column, Test::Is(Value::Null));
    let option = |word, label, tests| OptionPlan { word, label, tests };
    let (heard, bound) = ((C::HeardAt, Test::Some), (C::BoundAt, Test::Some));
    // What is stale at this moment was to be heard before the next.
    let stale = now.plus(wire::time::Span::from_millis(1)).store();
    let both = |last: (C, Test)| vec![heard.clone(), bound.clone(), last];
    vec![FacetPlan {
        key: "state",
        title: "State",
        options: vec![
            option("reporting", "Reporting", both((C::StaleAt, Test::NotBelow(stale.clone())))),
            option("stale", "Stale", both((C::StaleAt, Test::Below(stale)))),
            option("never", "Not yet reported", vec![none(C::HeardAt)]),
            option("unverified", "Unverified", vec![heard, none(C::BoundAt)]),
        ],
    }]
}

fn values() -> Vec<ValuesPlan<InstanceColumn>> {
    vec![ValuesPlan {
        key: "country",
        title: "Country of use",
        column: InstanceColumn::Country,
        label: str::to_owned,
    }]
}

/// Product instances.
struct Instances;

impl Listable for Instances {
    type Column = InstanceColumn;
    type View = InstanceView;

    fn plan() -> &'static Plan<InstanceColumn, InstanceView> {
        &INSTANCES
    }

    fn facets(now: Timestamp) -> Vec<FacetPlan<InstanceColumn>> {
        facets(now)
    }

    fn values() -> Vec<ValuesPlan<InstanceColumn>> {
        values()
    }

    fn search(text: &str) -> Vec<Tests<InstanceColumn>> {
        let contains = |column, text: String| vec![(column, Test::Contains(text))];
        let mut all = vec![
            contains(InstanceColumn::Name, text.to_lowercase()),
            contains(InstanceColumn::Identity, text.to_owned()),
        ];
        // Serials are written in capitals.
        let capitals = text.to_uppercase();
        if capitals != text {
            all.push(contains(InstanceColumn::Identity, capitals));
        }
        all
    }

    /// Those who use a pool.
    fn narrowed(address: &Address) -> Result<Tests<InstanceColumn>, Unshown> {
        let Some(text) = address.value(POOL) else { return Ok(Vec::new()) };
        let pool = PoolId::from_str(text).map_err(|_| wrong(&format!("“{text}” is no pool")))?;
        Ok(vec![(InstanceColumn::Id, Test::Uses(pool.store()))])
    }

    async fn read(
        app: &App,
        reads: &Permit,
        account: AccountId,
        question: ListQuestion<InstanceColumn>,
        counting: Counting,
        limit: u32,
    ) -> Result<Listing<InstanceView>, Error> {
        app.list_instances(reads, account, question, counting, limit).await
    }
}

/// Whose users the list is narrowed to.
async fn users_of(
    app: &App,
    reads: &Permit,
    account: AccountId,
    wish: &Wish<InstanceColumn, InstanceView>,
) -> Result<Vec<Chip>, Unshown> {
    let Some(Ok(pool)) = wish.address.value(POOL).map(PoolId::from_str) else {
        return Ok(Vec::new());
    };
    let value = match app.pool(reads, account, pool, 0).await {
        Ok(detail) => {
            let place = detail.view.virtual_account.map_or_else(String::new, |place| place.name);
            let pool = &detail.view.pool;
            format!("{} in {place}", license_name(detail.view.license.as_ref(), &pool.tag))
        }
        Err(Error::Refused(ledger::refusal::Refusal::NotFound { .. })) => "no such pool".to_owned(),
        Err(error) => return Err(error.into()),
    };
    let remove = wish.address.without_all(&[POOL]).text();
    Ok(vec![Chip { title: "Uses".to_owned(), value, remove }])
}

/// The product instances of an account, or of one of its virtual accounts.
pub(in crate::portal) async fn instances(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let asked = Asked::<Instances>::read(&app, &guest, &account, pairs)?;
    let listing = asked.listing(&app).await?;
    let Asked { account, reads, wish, .. } = asked;
    let now = app.world.now();
    let act = |label: &str, pattern: &str| Act {
        label: label.to_owned(),
        href: fill(pattern, &[&account.to_string()]),
    };
    let make = |frame: &Frame| {
        let sights = Sights { frame, now };
        let row = |view: &InstanceView| {
            let (head, cells) = wish.cells(view, &sights);
            let state = instance_state(&view.instance, now).word();
            Row {
                id: view.instance.id.to_string(),
                facts: format!("{}: {state}", place_name(view)),
                head,
                cells,
                opener: None,
                opened: None,
            }
        };
        let caption = format!("Product instances of {}", frame.scope());
        Made { rows: listing.rows.rows.iter().map(row).collect(), caption }
    };
    let parts = Parts {
        app: &app,
        guest: &guest,
        account,
        acts: vec![act("Connect a device", paths::TOKENS)],
        bulk: may(&guest, Action::ManageInstances, account).map(|_| Bulk {
            guard: guest.guard(&app),
            field: "instance",
            many: "product instances",
            acts: vec![
                act("Move\u{2026}", paths::MOVE_INSTANCES),
                act("Remove\u{2026}", paths::REMOVE_INSTANCES),
            ],
        }),
        empty: Empty {
            icon: "device",
            title: "No product instances yet",
            text: "One appears as soon as a device shows an ID token, or a usage report of it is taken in."
                .to_owned(),
        },
        chips: users_of(&app, &reads, account, &wish).await?,
    };
    answered(&page(&wish, parts, &listing, make).await?, &headers)
}

/// The same product instances as a file.
pub(in crate::portal) async fn export_instances(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Unshown> {
    export::file(&app, &guest, Asked::<Instances>::read(&app, &guest, &account, pairs)?).await
}

/// What the overview tells of the product instances: those heard last, how many there are, and
/// how many in which state, where that can be counted at once.
pub(in crate::portal) async fn heard_last(
    app: &App,
    reads: &Permit,
    account: AccountId,
    place: Option<VirtualAccountId>,
    most: u32,
) -> Result<(Vec<InstanceView>, i64, Option<StateCounts>), Unshown> {
    let facets = facets(app.world.now()).into_iter().map(|plan| Facet {
        alternatives: plan.options.into_iter().map(|option| option.tests).collect(),
        chosen: Vec::new(),
    });
    let place = place.map(|place| (InstanceColumn::VirtualAccount, Test::Is(place.store())));
    let mut question = ListQuestion::sorted(InstanceColumn::HeardAt, Direction::Down);
    question.tests.extend(place);
    question.facets.extend(facets);
    let found = app.list_instances(reads, account, question, Counting::Facets, most).await?;
    let states = found.counts.as_deref().and_then(|counts| match counts {
        [states] => match states.as_slice() {
            [reporting, stale, never, unverified] => Some(StateCounts {
                reporting: counted(*reporting),
                stale: counted(*stale),
                never: counted(*never),
                unverified: counted(*unverified),
            }),
            _ => None,
        },
        _ => None,
    });
    Ok((found.rows.rows, found.total, states))
}
