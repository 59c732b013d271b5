//! The company whose lists are asked for, made by the use cases of the server with the rights of
//! its host: many at a time, over some months by the clock of a script.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request};
use ledger::account::Account;
use ledger::license::{Concern, Enforcement, Kind, License};
use ledger::role::{Action, Actor, Scope, permit};
use serde_json::{Value, json};
use server::app::{App, Ask};
use server::serve::Opened;
use server::world::Script;
use wire::id::{AccountId, LicenseId};
use wire::time::{Span, Timestamp};
use wire::token::IdToken;

use super::crowd::{self, Staff};
use super::log::Pattern;
use super::{Scale, small};
use crate::bench::Route;
use crate::bench::fleet::{self, Fleet, LICENSES};
use crate::bench::house::bind_order;

/// How many requests are on the way at once: the writer takes them together.
const TOGETHER: usize = 256;
/// The largest answer.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// Every so many virtual accounts one is archived, one has too few licenses.
const EVERY: usize = 25;
/// What is bought of a license in a virtual account: enough, or too few.
const BOUGHT: [u32; 2] = [50, 1];
/// The domain of the company.
pub(super) const DOMAIN: &str = "large.example";

/// The company, as far as questions name its things.
#[derive(Clone)]
pub(super) struct Company {
    /// The account.
    pub(super) account: Account,
    /// The virtual accounts in use with their names: the first is in everybody's reach.
    pub(super) places: Vec<(String, String)>,
    /// A pool, a product instance and an ID token of the first virtual account.
    pub(super) pool: String,
    pub(super) tag: String,
    pub(super) instance: String,
    pub(super) token: String,
    /// A role in it.
    pub(super) grant: String,
    /// A role in the house.
    pub(super) house_grant: String,
    /// Somebody.
    pub(super) person: String,
    /// A virtual account's API client.
    pub(super) client: String,
    /// Somebody who did one thing only.
    pub(super) rare_actor: String,
    /// When a quarter, and a half, of the log had happened; how many events are in the half.
    pub(super) quarter: Timestamp,
    pub(super) half: Timestamp,
    pub(super) middle: u32,
    /// Who signs in and asks.
    pub(super) staff: Vec<Staff>,
}

/// The use cases, and the routes with the rights of the host.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) app: App,
    router: Router,
    pub(super) script: Script,
}

impl Desk {
    /// Posts and returns what was answered.
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = Request::builder().method(Method::POST).uri(path);
        self.send(request.body(Body::from(body.to_string()))?, path).await
    }

    /// Everything that a list holds, page by page.
    pub(super) async fn rows(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let (mut rows, mut cursor) = (Vec::new(), None);
        loop {
            let sign = if path.contains('?') { '&' } else { '?' };
            let after = cursor.map_or(String::new(), |text: String| format!("&cursor={text}"));
            let asked = format!("{path}{sign}limit=500{after}");
            let mut page =
                self.send(Request::builder().uri(&asked).body(Body::empty())?, path).await?;
            rows.append(page["items"].as_array_mut().context("a list")?);
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return Ok(rows);
            }
        }
    }

    async fn send(&self, request: Request<Body>, path: &str) -> anyhow::Result<Value> {
        let answer = tower::ServiceExt::oneshot(self.router.clone(), request).await?;
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), ANSWER_BYTES).await?;
        ensure!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&bytes));
        Ok(if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? })
    }

    /// Posts many, some hundred at a time; the answers are in the order of the requests.
    pub(super) async fn post_all(&self, all: Vec<(String, Value)>) -> anyhow::Result<Vec<Value>> {
        let mut answers = Vec::with_capacity(all.len());
        for some in all.chunks(TOGETHER) {
            self.wait(Span::from_minutes(10));
            let asked = some.iter().cloned().map(|(path, body)| {
                let desk = self.clone();
                tokio::spawn(async move { desk.post(&path, &body).await })
            });
            for one in asked.collect::<Vec<_>>() {
                answers.push(one.await??);
            }
        }
        Ok(answers)
    }

    /// Lets time pass.
    pub(super) fn wait(&self, span: Span) {
        self.script.set(self.app.world.now().plus(span));
    }

    pub(super) fn ask(&self, action: Action) -> anyhow::Result<Ask> {
        let permit = permit(&Actor::Host, action, Scope::House)?;
        Ok(Ask::new(permit, self.app.fresh_request(), b"bench"))
    }

    /// Gives every event its place, as the job does.
    async fn sequence(&self) -> anyhow::Result<()> {
        let mut turn = self.app.turn("sequencer");
        while self.app.sequence(&mut turn).await? > 0 {}
        Ok(())
    }
}

/// A member of an answer that is a text.
pub(super) fn text(value: &Value, name: &str) -> anyhow::Result<String> {
    let text = value[name].as_str().with_context(|| format!("{name} in {value}"))?;
    Ok(text.to_owned())
}

/// The company before its bulk of events: what was made by use cases.
pub(super) struct Begun {
    pub(super) account: Account,
    places: Vec<(String, String)>,
    tokens: Vec<IdToken>,
    staff: Vec<Staff>,
    /// What its log goes on from.
    pub(super) pattern: Pattern,
}

fn desk(opened: &Opened, script: &Script) -> Desk {
    Desk { app: opened.app.clone(), router: opened.router.clone(), script: script.clone() }
}

/// Makes the company, over the first months; `now` is the present.
pub(super) async fn begin(
    opened: &Opened,
    script: &Script,
    scale: Scale,
    now: Timestamp,
) -> anyhow::Result<Begun> {
    let desk = desk(opened, script);
    define_licenses(&desk).await?;
    let new = json!({"name": "A Large Company", "domain": DOMAIN});
    let id = text(&desk.post("/api/v1/accounts", &new).await?, "id")?;
    let path = format!("/api/v1/accounts/{id}");
    let places = make_places(&desk, &path, scale).await?;
    let staff = crowd::hire(&desk, &path, &places, scale).await?;
    buy(&desk, &path, &places, scale).await?;
    let tokens = make_tokens(&desk, &path, &places).await?;
    crowd::make(&desk, &path, &places, scale, now).await?;
    archive(&desk, &path, &places).await?;
    let permit = permit(&Actor::Host, Action::Read, Scope::House)?;
    let account = desk.app.account(&permit, id.parse::<AccountId>()?).await?;
    bind(&desk, &account, &tokens, scale).await?;
    desk.sequence().await?;
    let pattern = Pattern::read(&desk.app, &account, &places[0].0).await?;
    Ok(Begun { account, places, tokens, staff, pattern })
}

/// The last days: devices report, some alarms settle, people ask for access.
pub(super) async fn finish(
    opened: &Opened,
    script: &Script,
    scale: Scale,
    begun: Begun,
) -> anyhow::Result<Company> {
    let desk = desk(opened, script);
    let Begun { account, places, tokens, staff, pattern } = begun;
    let until = desk.app.world.now();
    let path = format!("/api/v1/accounts/{}", account.id);
    report(&desk, scale, places.len()).await?;
    settle(&desk, &path).await?;
    crowd::ask_access(&desk.app, &account.domain, scale).await?;
    let client = crowd::make_clients(&desk, &account, &staff).await?;
    desk.sequence().await?;
    let first = &places[0].0;
    let one = async |list: &str| -> anyhow::Result<Value> {
        let rows = desk.rows(&format!("{path}/{list}?virtual_account={first}")).await?;
        rows.into_iter().next().with_context(|| format!("{list} in the first virtual account"))
    };
    let (pool, instance) = (one("pools").await?, one("instances").await?);
    let grants = desk.rows(&format!("{path}/grants?email=many@")).await?;
    let house = desk.rows("/api/v1/grants").await?;
    let of_first = |one: &&Value| one["virtual_account"] == json!(first);
    let grant = grants.iter().find(of_first).context("an administrator of many")?;
    Ok(Company {
        pool: text(&pool, "id")?,
        tag: text(&pool, "tag")?,
        instance: text(&instance, "id")?,
        token: tokens[0].id.to_string(),
        grant: text(grant, "id")?,
        house_grant: text(house.first().context("a role in the house")?, "id")?,
        person: text(grant, "person")?,
        client,
        rare_actor: crowd::address(scale.people - 1),
        quarter: pattern.moment(until, 4),
        half: pattern.moment(until, 2),
        middle: scale.events / 2,
        places: places.into_iter().enumerate().filter(|(n, _)| !empty(*n)).map(|it| it.1).collect(),
        account,
        staff,
    })
}

async fn define_licenses(desk: &Desk) -> anyhow::Result<()> {
    for n in 0..LICENSES {
        let license = License {
            id: LicenseId::derive(&[b"bench"]),
            tag: fleet::license(n),
            name: format!("Network Advantage {n}"),
            description: String::new(),
            enforcement: Enforcement::NotEnforced,
            kind: Kind::Perpetual,
            concern: Concern::Counted,
            changed_at: desk.app.world.now(),
        };
        desk.app.define_license(&desk.ask(Action::DefineLicense)?, license).await?;
    }
    Ok(())
}

/// Virtual accounts with descriptions and tags, by their ids and names.
async fn make_places(
    desk: &Desk,
    path: &str,
    scale: Scale,
) -> anyhow::Result<Vec<(String, String)>> {
    const TOWNS: [&str; 7] = ["Berlin", "Lyon", "Oslo", "Porto", "Quito", "Riga", "Turin"];
    let path = format!("{path}/virtual-accounts");
    let new = (0..scale.places).map(|n| {
        let town = TOWNS[n as usize % TOWNS.len()];
        let body = json!({
            "name": format!("Site {n:05} {town}"),
            "description": format!("Switches and access points of the site {n} in {town}"),
            "tags": [
                {"group": "town", "value": town},
                {"group": "cost centre", "value": format!("cc-{}", 1_000 + n % 97)},
            ],
        });
        (path.clone(), body)
    });
    let made = desk.post_all(new.collect()).await?;
    made.iter().map(|one| Ok((text(one, "id")?, text(one, "name")?))).collect()
}

/// Whether a virtual account stays empty, and is archived.
fn empty(n: usize) -> bool {
    n % EVERY == EVERY - 1
}

/// Whether there are too few licenses in a virtual account.
fn short(n: usize) -> bool {
    n % EVERY == 1
}

/// Which license is the nth of a virtual account: that which its nth device reports.
fn license_of(place: usize, nth: u32, scale: Scale) -> u32 {
    (u32::try_from(place).unwrap_or(0) * scale.instances + nth) % LICENSES
}

async fn buy(
    desk: &Desk,
    path: &str,
    places: &[(String, String)],
    scale: Scale,
) -> anyhow::Result<()> {
    let path = format!("{path}/entitlements");
    let mut new = Vec::new();
    for (n, (place, _)) in places.iter().enumerate().filter(|(n, _)| !empty(*n)) {
        for nth in 0..scale.licenses {
            let tag = fleet::license(license_of(n, nth, scale));
            let quantity = BOUGHT[usize::from(short(n))];
            let source = format!("order {n}-{nth}");
            let body = json!({"virtual_account": place, "tag": tag.as_str(), "quantity": quantity, "source": source});
            new.push((path.clone(), body));
        }
    }
    desk.post_all(new).await.map(drop)
}

/// An ID token for each virtual account that is not empty.
async fn make_tokens(
    desk: &Desk,
    path: &str,
    places: &[(String, String)],
) -> anyhow::Result<Vec<IdToken>> {
    let path = format!("{path}/tokens");
    let new = |(place, name): &(String, String)| {
        let body = json!({"virtual_account": place, "description": format!("Devices of {name}"), "expires_after_days": 365});
        (path.clone(), body)
    };
    let full = places.iter().enumerate().filter(|(n, _)| !empty(*n));
    let made = desk.post_all(full.map(|(_, place)| new(place)).collect()).await?;
    made.iter().map(|one| Ok(text(one, "text")?.parse::<IdToken>()?)).collect()
}

async fn archive(desk: &Desk, path: &str, places: &[(String, String)]) -> anyhow::Result<()> {
    let empty = places.iter().enumerate().filter(|(n, _)| empty(*n));
    let new = empty.map(|(_, (place, _))| {
        (format!("{path}/virtual-accounts/{place}/archive"), json!({"revision": 0}))
    });
    desk.post_all(new.collect()).await.map(drop)
}

/// Binds the devices of each virtual account by its token, as trust requests would.
async fn bind(
    desk: &Desk,
    account: &Account,
    tokens: &[IdToken],
    scale: Scale,
) -> anyhow::Result<()> {
    let full = (0..small(scale.places)?).filter(|n| !empty(*n));
    let mut devices = Vec::new();
    for (place, token) in full.zip(tokens) {
        let first = u32::try_from(place)? * scale.instances;
        devices.extend((first..first + scale.instances).map(|n| (n, token)));
    }
    for some in devices.chunks(2 * TOGETHER) {
        desk.wait(Span::from_minutes(10));
        let bound = some.iter().map(|(n, token)| {
            let order = bind_order(&desk.app, account, token, "many", *n);
            let book = desk.app.book.clone();
            tokio::spawn(async move { book.write(order).await })
        });
        for one in bound.collect::<Vec<_>>() {
            one.await?.map_err(|error| anyhow::anyhow!("{error:?}"))?;
        }
    }
    Ok(())
}

/// Every device that is bound reports once.
async fn report(desk: &Desk, scale: Scale, places: usize) -> anyhow::Result<()> {
    let devices = u32::try_from(places)? * scale.instances;
    let mut fleet = Fleet::new(devices, desk.app.keys.realm);
    let requests = fleet.requests(Route::Many, small(devices)?, 1).remove(0);
    // The fleet begins with its second device and ends with its first.
    let bound = requests.into_iter().enumerate().filter(|(n, _)| {
        let device = (n + 1) % devices as usize;
        !empty(device / scale.instances as usize)
    });
    for some in bound.map(|(_, request)| request).collect::<Vec<_>>().chunks(TOGETHER) {
        let pushed = some.iter().map(|request| {
            let head = request.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap_or(0);
            let (app, body) = (desk.app.clone(), request[head + 4..].to_vec());
            tokio::spawn(async move { app.submit_push(&body, None).await })
        });
        for one in pushed.collect::<Vec<_>>() {
            one.await??;
        }
    }
    Ok(())
}

/// Some alarms settle, because more was bought.
async fn settle(desk: &Desk, path: &str) -> anyhow::Result<()> {
    let open = desk.rows(&format!("{path}/pools?short=true")).await?;
    let more = |pool: &Value| {
        let body = json!({"virtual_account": pool["virtual_account"], "tag": pool["tag"], "quantity": 50, "source": "a late order"});
        (format!("{path}/entitlements"), body)
    };
    let some: BTreeSet<usize> = (0..open.len()).step_by(4).collect();
    let settled = open.iter().enumerate().filter(|(n, _)| some.contains(n));
    desk.post_all(settled.map(|(_, pool)| more(pool)).collect()).await.map(drop)
}
