//! Lists, by one mechanism: an address says what is wanted, a plan says what can be, and page,
//! chips, facets and files follow from both.

mod address;
mod export;
mod instances;
mod licenses;

use axum::response::Response;
use ledger::role::Permit;
use wire::id::{AccountId, VirtualAccountId};
use wire::time::Timestamp;

use super::answer::Unshown;
use super::door::Guest;
use super::facts::{counted, frame, moment};
use super::overview::account_id;
use super::pages::frame::Frame;
use super::pages::list::{
    Bulk, Cell, Chip, Column, ColumnChoice, ColumnChoices, Empty, Facet, FacetOption, List, Row,
    Search, Way,
};
use super::pages::parts::Act;
use crate::app::lists::{
    self, Counting, Direction, ListColumn, ListQuestion, Listing, Stored as _, Test, Tests, Value,
};
use crate::app::{App, Error, paging};
use address::{Address, wrong};

pub(super) use instances::{export_instances, heard_last, instances};
pub(super) use licenses::{export_licenses, licenses, lowest};

/// How many rows a page shows.
const ROWS: u32 = 100;
/// After how many seconds a list is read again.
const REFRESH: u32 = 15;
/// The parameter of the virtual account that the whole page is narrowed to.
const PLACE: &str = "virtual_account";

/// What can be asked of a list, and how it is shown.
pub(super) struct Plan<C: 'static, V: 'static> {
    /// The pattern of its address.
    path: &'static str,
    /// The pattern of the address of its files.
    export: &'static str,
    /// For the texts of its cursors.
    list: paging::List,
    title: &'static str,
    here: &'static str,
    search: &'static str,
    file: &'static str,
    /// The first is the head of a row, and always shown.
    columns: &'static [ColumnPlan<C, V>],
    /// The column that it is sorted by unless another is asked for, as the address would say it.
    sort: &'static str,
    /// The column of the virtual account.
    place: C,
    foot: &'static str,
}

/// What a list is of: its plan, and how it is read.
trait Listable: 'static {
    type Column: ListColumn + Send + Sync + 'static;
    type View: Send + 'static;

    fn plan() -> &'static Plan<Self::Column, Self::View>;

    fn facets(now: Timestamp) -> Vec<FacetPlan<Self::Column>>;

    fn values() -> Vec<ValuesPlan<Self::Column>> {
        Vec::new()
    }

    /// What a text that is searched for must be found in.
    fn search(text: &str) -> Vec<Tests<Self::Column>>;

    /// What else an address asks for.
    fn narrowed(_address: &Address) -> Result<Tests<Self::Column>, Unshown> {
        Ok(Vec::new())
    }

    fn read(
        app: &App,
        reads: &Permit,
        account: AccountId,
        question: ListQuestion<Self::Column>,
        counting: Counting,
        limit: u32,
    ) -> impl Future<Output = Result<Listing<Self::View>, Error>> + Send;
}

/// A list that was asked for by who may read it.
struct Asked<K: Listable> {
    account: AccountId,
    reads: Permit,
    wish: Wish<K::Column, K::View>,
    question: ListQuestion<K::Column>,
}

impl<K: Listable> Asked<K> {
    fn read(
        app: &App,
        guest: &Guest,
        account: &str,
        pairs: Vec<(String, String)>,
    ) -> Result<Self, Unshown> {
        let account = account_id(account)?;
        let reads = guest.may(ledger::role::Action::Read, account)?;
        let path = super::pages::paths::fill(K::plan().path, &[&account.to_string()]);
        let address = Address::new(path, pairs)?;
        let tests = K::narrowed(&address)?;
        let choice = (K::facets(app.world.now()), K::values());
        let wish = Wish::read(K::plan(), address, choice)?;
        let question = ListQuestion { tests, ..wish.question(app, K::search)? };
        Ok(Self { account, reads, wish, question })
    }

    /// The page's rows with what stands beside them.
    async fn listing(&self, app: &App) -> Result<Listing<K::View>, Unshown> {
        let (question, counting) = (self.question.clone(), self.wish.counting());
        Ok(K::read(app, &self.reads, self.account, question, counting, ROWS).await?)
    }
}

/// A column.
pub(super) struct ColumnPlan<C, V> {
    key: &'static str,
    label: &'static str,
    class: &'static str,
    /// What it is sorted by, and which way first.
    sort: Option<(C, Direction)>,
    shown: Shown,
    cell: CellOf<V>,
}

/// How a cell is made.
enum CellOf<V> {
    /// From the row.
    Row(fn(&V, &Sights<'_>) -> Cell),
    /// From a quantity of it.
    Units(fn(&V) -> i64),
}

impl<V> CellOf<V> {
    fn of(&self, view: &V, sights: &Sights<'_>) -> Cell {
        match self {
            Self::Row(make) => make(view, sights),
            Self::Units(units) => Cell::Number { units: units(view), parts: Vec::new() },
        }
    }
}

/// Whether a column is shown where nobody chose.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Usually,
    Chosen,
}

/// What cells need beside their row.
struct Sights<'a> {
    frame: &'a Frame,
    now: Timestamp,
}

/// Something that one may choose from.
struct FacetPlan<C> {
    key: &'static str,
    title: &'static str,
    options: Vec<OptionPlan<C>>,
}

/// A choice.
struct OptionPlan<C> {
    word: &'static str,
    label: &'static str,
    tests: Tests<C>,
}

/// A column whose commonest values are a facet.
struct ValuesPlan<C> {
    key: &'static str,
    title: &'static str,
    column: C,
    label: fn(&str) -> String,
}

/// What an address means for a plan.
struct Wish<C: 'static, V: 'static> {
    plan: &'static Plan<C, V>,
    address: Address,
    facets: Vec<FacetPlan<C>>,
    values: Vec<ValuesPlan<C>>,
    /// Places in the plan's columns.
    columns: Vec<usize>,
    /// The place of the column that it is sorted by, and which way.
    sort: (usize, C, Direction),
    place: Option<VirtualAccountId>,
}

impl<C: ListColumn, V> Wish<C, V> {
    fn read(
        plan: &'static Plan<C, V>,
        address: Address,
        (facets, values): (Vec<FacetPlan<C>>, Vec<ValuesPlan<C>>),
    ) -> Result<Self, Unshown> {
        let place = address.value(PLACE).map(|text| {
            text.parse().map_err(|_| wrong(&format!("“{text}” is no id of a virtual account")))
        });
        let columns = columns(plan, &address)?;
        let sort = sort(plan, address.value("sort").unwrap_or(plan.sort))?;
        for facet in &facets {
            let known = |word: &str| facet.options.iter().any(|option| option.word == word);
            if let Some(word) = address.values(facet.key).find(|word| !known(word)) {
                return Err(wrong(&format!("“{word}” is nothing to choose of {}", facet.title)));
            }
        }
        Ok(Self { plan, facets, values, columns, sort, place: place.transpose()?, address })
    }

    /// How the address says the order.
    fn sort_word(&self) -> String {
        let (at, _, direction) = self.sort;
        word(self.plan.columns[at].key, direction)
    }

    /// What was typed to be searched for.
    fn searched(&self) -> Option<&str> {
        self.address.value("q").map(str::trim).filter(|text| !text.is_empty())
    }

    fn question(
        &self,
        app: &App,
        search: impl Fn(&str) -> Vec<Tests<C>>,
    ) -> Result<ListQuestion<C>, Unshown> {
        let sort = self.sort_word();
        let after = self.address.value("cursor");
        let after = after.map(|text| app.sorted_cursor(self.plan.list, &sort, text)).transpose()?;
        let facet = |plan: &FacetPlan<C>| lists::Facet {
            alternatives: plan.options.iter().map(|option| option.tests.clone()).collect(),
            chosen: self.chosen(plan),
        };
        let value = |plan: &ValuesPlan<C>| {
            let tests = self.address.values(plan.key);
            (plan.column, tests.map(|text| Test::Is(Value::Text(text.to_owned()))).collect())
        };
        let mut values: Vec<(C, Vec<Test>)> = self.values.iter().map(value).collect();
        let place = self.place.map(|place| Test::Is(place.store()));
        values.push((self.plan.place, place.into_iter().collect()));
        Ok(ListQuestion {
            tests: Vec::new(),
            search: self.searched().map(search).unwrap_or_default(),
            facets: self.facets.iter().map(facet).collect(),
            values,
            sort: (self.sort.1, self.sort.2),
            after,
        })
    }

    fn counting(&self) -> Counting {
        if self.address.value("count") == Some("all") {
            Counting::Everything
        } else {
            Counting::Facets
        }
    }

    /// The places of the chosen options of a facet.
    fn chosen(&self, plan: &FacetPlan<C>) -> Vec<usize> {
        let chosen = |word: &str| self.address.values(plan.key).any(|one| one == word);
        let options = plan.options.iter().enumerate();
        options.filter(|(_, option)| chosen(option.word)).map(|(n, _)| n).collect()
    }

    /// The names of the parameters that narrow the list.
    fn narrowing(&self) -> Vec<&'static str> {
        let facets = self.facets.iter().map(|facet| facet.key);
        let values = self.values.iter().map(|values| values.key);
        facets.chain(values).chain(["q", PLACE, "pool"]).collect()
    }
}

fn word(key: &str, direction: Direction) -> String {
    match direction {
        Direction::Up => key.to_owned(),
        Direction::Down => format!("-{key}"),
    }
}

/// The order that a word of an address means: a column's key, with a minus for the largest first.
fn sort<C: Copy, V>(plan: &Plan<C, V>, word: &str) -> Result<(usize, C, Direction), Unshown> {
    let (key, direction) = match word.strip_prefix('-') {
        Some(key) => (key, Direction::Down),
        None => (word, Direction::Up),
    };
    let mut columns = plan.columns.iter().enumerate();
    let found = columns.find_map(|(n, one)| Some((n, one.sort?.0)).filter(|_| one.key == key));
    let (at, column) = found.ok_or_else(|| wrong(&format!("“{key}” cannot be sorted by")))?;
    Ok((at, column, direction))
}

/// The columns that an address asks for; the first of the plan is always the first.
fn columns<C, V>(plan: &Plan<C, V>, address: &Address) -> Result<Vec<usize>, Unshown> {
    let mut shown = vec![0];
    let listed = address.value("columns").into_iter().flat_map(|text| text.split(','));
    for key in listed.chain(address.values("column")) {
        let found = plan.columns.iter().position(|column| column.key == key);
        let at = found.ok_or_else(|| wrong(&format!("“{key}” is no column of this list")))?;
        if !shown.contains(&at) {
            shown.push(at);
        }
    }
    if shown.len() == 1 {
        let usual = plan.columns.iter().enumerate().skip(1);
        shown.extend(usual.filter(|(_, one)| one.shown == Shown::Usually).map(|(n, _)| n));
    }
    Ok(shown)
}

/// What a page of a list needs beside its plan.
struct Parts<'a> {
    app: &'a App,
    guest: &'a Guest,
    account: AccountId,
    acts: Vec<Act>,
    bulk: Option<Bulk>,
    empty: Empty,
    /// What else the list is narrowed by.
    chips: Vec<Chip>,
}

/// The rows, shown.
struct Made {
    rows: Vec<Row>,
    caption: String,
}

async fn page<C: ListColumn, V>(
    wish: &Wish<C, V>,
    parts: Parts<'_>,
    listing: &Listing<V>,
    make: impl Fn(&Frame) -> Made,
) -> Result<List, Unshown> {
    let (app, account) = (parts.app, parts.account);
    let now = app.world.now();
    let frame = frame(app, parts.guest, account, wish.place.map(|place| place.to_string())).await?;
    let Made { rows, caption } = make(&frame);
    let plan = wish.plan;
    let next = listing.rows.next.as_ref();
    let next = next.map(|cursor| app.sorted_cursor_text(plan.list, &wish.sort_word(), cursor));
    let begin = wish.address.begun_anew();
    let narrowing = wish.narrowing();
    let narrowed = narrowing.iter().any(|name| wish.address.value(name).is_some());
    let mut chips = chips(wish, &frame);
    chips.extend(parts.chips);
    let exports = begin.at(&wish.plan_path(account, plan.export));
    let export = |label: &str, format: &str| Act {
        label: label.to_owned(),
        href: exports.with("format", format),
    };
    Ok(List {
        as_of: moment(now, now),
        refresh: (wish.counting() == Counting::Facets).then_some(REFRESH),
        title: plan.title,
        here: plan.here,
        caption,
        acts: parts.acts,
        exports: vec![export("CSV, for spreadsheets", "csv"), export("JSON lines", "jsonl")],
        search: Search {
            path: begin.path().to_owned(),
            label: plan.search,
            text: wish.searched().unwrap_or_default().to_owned(),
            kept: begin.without_all(&["q"]).pairs(),
        },
        facets: facets(wish, listing),
        chips,
        clear: narrowed.then(|| begin.without_all(&narrowing).text()),
        count_all: listing.counts.is_none().then(|| begin.with("count", "all")),
        columns: wish.columns.iter().map(|at| head(wish, *at)).collect(),
        choices: choices(wish),
        rows,
        total: counted(listing.total),
        next: next.map(|cursor| wish.address.with("cursor", &cursor)),
        first: wish.address.value("cursor").map(|_| begin.text()),
        bulk: parts.bulk,
        empty: parts.empty,
        foot: plan.foot,
        frame,
    })
}

impl<C: ListColumn, V> Wish<C, V> {
    fn plan_path(&self, account: AccountId, pattern: &str) -> String {
        super::pages::paths::fill(pattern, &[&account.to_string()])
    }

    /// The cells of a row: its head, and the others in their order.
    fn cells(&self, view: &V, sights: &Sights<'_>) -> (Cell, Vec<Cell>) {
        let cell = |at: &usize| self.plan.columns[*at].cell.of(view, sights);
        (cell(&0), self.columns.iter().skip(1).map(cell).collect())
    }
}

fn head<C: ListColumn, V>(wish: &Wish<C, V>, at: usize) -> Column {
    let plan = &wish.plan.columns[at];
    let sorted = Some(wish.sort.2).filter(|_| wish.sort.0 == at);
    let link = |(_, first): (C, Direction)| {
        // Asked again, it turns round.
        let next = match sorted {
            Some(Direction::Up) => Direction::Down,
            Some(Direction::Down) => Direction::Up,
            None => first,
        };
        wish.address.with("sort", &word(plan.key, next))
    };
    Column {
        label: plan.label,
        class: plan.class,
        sort: plan.sort.map(link),
        sorted: sorted.map(|direction| match direction {
            Direction::Up => Way::Up,
            Direction::Down => Way::Down,
        }),
    }
}

fn choices<C: ListColumn, V>(wish: &Wish<C, V>) -> ColumnChoices {
    const NAMES: [&str; 2] = ["columns", "column"];
    let rest = wish.address.without_all(&NAMES);
    let keys: Vec<&str> =
        wish.columns.iter().skip(1).map(|at| wish.plan.columns[*at].key).collect();
    let choice = |at: usize| {
        let plan = &wish.plan.columns[at];
        let place = keys.iter().position(|key| *key == plan.key);
        let left = place.filter(|place| *place > 0).map(|place| {
            let mut other = keys.clone();
            other.swap(place - 1, place);
            rest.with("columns", &other.join(","))
        });
        ColumnChoice { key: plan.key, label: plan.label, shown: place.is_some(), left }
    };
    let hidden = (1..wish.plan.columns.len()).filter(|at| !wish.columns.contains(at));
    ColumnChoices {
        path: rest.path().to_owned(),
        all: wish.columns.iter().skip(1).copied().chain(hidden).map(choice).collect(),
        reset: NAMES.iter().any(|name| wish.address.value(name).is_some()).then(|| rest.text()),
        kept: rest.pairs(),
    }
}

fn facets<C: ListColumn, V>(wish: &Wish<C, V>, listing: &Listing<V>) -> Vec<Facet> {
    let count = |n: usize, m: usize| {
        let count = listing.counts.as_ref()?.get(n)?.get(m)?;
        u64::try_from(*count).ok()
    };
    let fixed = wish.facets.iter().enumerate().map(|(n, plan)| {
        let chosen = wish.chosen(plan);
        let option = |(m, option): (usize, &OptionPlan<C>)| FacetOption {
            label: option.label.to_owned(),
            count: count(n, m),
            href: wish.address.toggled(plan.key, option.word),
            chosen: chosen.contains(&m),
        };
        Facet { title: plan.title, options: plan.options.iter().enumerate().map(option).collect() }
    });
    let mut all: Vec<Facet> = fixed.collect();
    for (plan, found) in wish.values.iter().zip(&listing.values) {
        let options = found.iter().filter_map(|(value, count)| {
            let text = String::load(value.clone())?;
            Some(FacetOption {
                label: (plan.label)(&text),
                count: u64::try_from(*count).ok(),
                href: wish.address.toggled(plan.key, &text),
                chosen: wish.address.values(plan.key).any(|one| one == text),
            })
        });
        all.push(Facet { title: plan.title, options: options.collect() });
    }
    if let Some(found) = listing.values.get(wish.values.len()) {
        let options = found.iter().filter_map(|(value, count)| {
            let id = VirtualAccountId::load(value.clone())?;
            let name = listing.places.get(&id)?.name.clone();
            let chosen = wish.place == Some(id);
            let href = match chosen {
                true => wish.address.without_all(&[PLACE]).text(),
                false => wish.address.with(PLACE, &id.to_string()),
            };
            Some(FacetOption { label: name, count: u64::try_from(*count).ok(), href, chosen })
        });
        all.push(Facet { title: "Virtual account", options: options.collect() });
    }
    all.retain(|facet| facet.options.len() > 1 || facet.options.iter().any(|one| one.chosen));
    all
}

fn chips<C: ListColumn, V>(wish: &Wish<C, V>, frame: &Frame) -> Vec<Chip> {
    let mut chips = Vec::new();
    let mut chip = |title: &str, value: String, remove: String| {
        chips.push(Chip { title: title.to_owned(), value, remove });
    };
    if let Some(text) = wish.searched() {
        chip("Search", format!("“{text}”"), wish.address.without_all(&["q"]).text());
    }
    if wish.place.is_some() {
        chip("Virtual account", frame.scope(), wish.address.without_all(&[PLACE]).text());
    }
    for plan in &wish.facets {
        for at in wish.chosen(plan) {
            let option = &plan.options[at];
            let remove = wish.address.toggled(plan.key, option.word);
            chip(plan.title, option.label.to_owned(), remove);
        }
    }
    for plan in &wish.values {
        for text in wish.address.values(plan.key) {
            chip(plan.title, (plan.label)(text), wish.address.toggled(plan.key, text));
        }
    }
    chips
}

/// The opener of a row: it opens in place, one at a time.
fn opener(address: &Address, id: &str, name: &str) -> super::pages::list::Opener {
    let open = address.value("open") == Some(id);
    let (label, value) =
        if open { (format!("Close {name}"), None) } else { (format!("Open {name}"), Some(id)) };
    let href = format!("{}#{id}", address.passing("open", value));
    super::pages::list::Opener { href, label }
}

/// The answer of a page of a list.
fn answered(list: &List, headers: &axum::http::HeaderMap) -> Result<Response, Unshown> {
    super::answer::shown(list, headers)
}
