//! What the APIs are asked: every route that reads, from their table; every filter, from their
//! description. A filter for which no value is known here fails the bench, so none is forgotten.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use ledger::role::Action;
use serde_json::{Value, json};
use server::api::{Need, Stated, description, stated};

use super::ask::{Asker, Door, Question};
use super::company::Company;
use super::crowd;
use super::moment;

/// How many long pages are turned at most to come deep into a list.
const PAGES: u32 = 12;
/// Where the documented profile begins.
const PROFILE: &str = "/services/";

/// Values of a filter, each with what figures call it.
pub(super) type Samples = Vec<(&'static str, String)>;

/// Text for an address.
pub(super) fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// Fills the variable parts of a path.
pub(super) fn filled(path: &str, company: &Company) -> anyhow::Result<String> {
    let (mut out, mut rest) = (String::new(), path);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').context("a brace")?;
        out.push_str(before);
        out.push_str(&escaped(&part(path, name, company)?));
        rest = after;
    }
    Ok(out + rest)
}

fn part(path: &str, name: &str, company: &Company) -> anyhow::Result<String> {
    let (place, place_name) = &company.places[0];
    Ok(match name {
        "account" => company.account.id.to_string(),
        "domain" => company.account.domain.clone(),
        "customer" => "customer".to_owned(),
        // The profile names virtual accounts by their names.
        "virtual_account" if path.starts_with(PROFILE) => place_name.clone(),
        "virtual_account" => place.clone(),
        "pool" => company.pool.clone(),
        "instance" => company.instance.clone(),
        "token" => company.token.clone(),
        "grant" if path.contains("{account}") => company.grant.clone(),
        "grant" => company.house_grant.clone(),
        "person" => company.person.clone(),
        "api_client" => company.client.clone(),
        other => bail!("{path}: the bench knows no {other}: name one in `part` (bench.part)"),
    })
}

/// Values for a filter, the commonest first: what most rows meet, and what few do.
pub(super) fn samples(path: &str, filter: &str, company: &Company) -> anyhow::Result<Samples> {
    let of = |name, value: &str| (name, value.to_owned());
    let (first, last) = (&company.places[0], &company.places[company.places.len() / 2]);
    let day = |at: &str| at.split('T').next().unwrap_or_default().to_owned();
    let (early, late) = (moment(company.quarter), moment(company.half));
    let portal = !path.starts_with("/api/") && !path.starts_with(PROFILE);
    let time = |at: String| if portal { day(&at) } else { at };
    Ok(match filter {
        "limit" => vec![of("500 rows", "500")],
        "since" => vec![("since half way", time(late))],
        "until" => vec![("until a quarter", time(early))],
        "action" => {
            vec![of("common action", "entitlement.granted"), of("rare action", "account.created")]
        }
        "subject" => {
            vec![of("common subject", &first.0), ("rare subject", company.account.id.to_string())]
        }
        "actor" => vec![
            ("everybody", "person".to_owned()),
            ("common actor", crowd::address(0)),
            ("rare actor", company.rare_actor.clone()),
            of("nobody", "nobody at all"),
        ],
        "virtual_account" => {
            vec![of("common virtual account", &first.0), of("usual virtual account", &last.0)]
        }
        "name" if path.ends_with("/virtual-accounts") => {
            vec![of("common name", "site"), of("rare name", &last.1)]
        }
        "begins" if path.ends_with("/virtual-accounts") => {
            vec![of("common name", "site"), of("rare name", &last.1)]
        }
        "name" if path.ends_with("/instances") => {
            vec![of("common name", "edge-"), of("rare name", "edge-MANY0000003")]
        }
        "email" | "begins" => {
            vec![of("common address", "person"), ("rare address", crowd::address(8))]
        }
        "q" => searched(path),
        "column" if path.ends_with("/instances") => vec![of("a column", "software")],
        "column" => vec![of("a column", "kind")],
        "state" => vec![of("settled", "settled"), of("open", "open")],
        "pool" => vec![of("pool", &company.pool)],
        "tag" => vec![of("license", &company.tag)],
        "short" => vec![of("short", "true")],
        "from" => vec![of("from the first", "0"), ("from half way", company.middle.to_string())],
        "at" | "known_at" => vec![("half way", late)],
        "format" => vec![of("CSV", "csv"), of("JSON lines", "jsonl")],
        other => bail!(
            "{path}: the bench knows no value for {other}: name some in `samples` (bench.filter)"
        ),
    })
}

/// What is looked for, as a part of a name.
fn searched(path: &str) -> Samples {
    let (common, rare) = match path.rsplit('/').next() {
        Some("instances") => ("edge-", "edge-MANY0000003"),
        Some("licenses") => ("network", "nothing at all"),
        _ => ("site", "edge-MANY0000003"),
    };
    let words =
        [("common name", common), ("rare name", rare), ("order", "order 7"), ("nothing", "zzz")];
    words.into_iter().map(|(name, word)| (name, word.to_owned())).collect()
}

/// The filters of a route in its description.
fn filters(described: &Value, path: &str) -> Vec<String> {
    let all = described["paths"][path]["get"]["parameters"].as_array();
    let query = all.into_iter().flatten().filter(|one| one["in"] == json!("query"));
    query.filter_map(|one| one["name"].as_str().map(str::to_owned)).collect()
}

/// Everything that the APIs are asked as somebody.
pub(super) async fn of_apis(asker: &mut Asker, company: &Company) -> anyhow::Result<Vec<Question>> {
    let described = serde_json::to_value(description())?;
    let mut all = Vec::new();
    for Stated { method, path, need } in stated() {
        let reads = matches!(need, Need::Right(Action::Read, _));
        match (method, path.starts_with(PROFILE)) {
            ("GET", false) => {
                let filters = filters(&described, &path);
                all.extend(of_route(asker, company, &path, &filters).await?);
            }
            ("GET", true) => all.extend(of_profile(company, &path)?),
            ("POST", true) if reads => all.extend(posted(company, &path)?),
            _ => {}
        }
    }
    Ok(all)
}

fn with_query(path: &str, query: &[(&str, &str)]) -> String {
    let pairs = query.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
    let query = pairs.collect::<Vec<_>>().join("&");
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The first page, each value of each filter, each two of different filters; and, where the list
/// goes on, the same from deep within.
async fn of_route(
    asker: &mut Asker,
    company: &Company,
    route: &str,
    filters: &[String],
) -> anyhow::Result<Vec<Question>> {
    let path = filled(route, company)?;
    let ask = |variant: &str, query: &[(&str, &str)]| {
        Question::get(&format!("GET {route}"), variant, with_query(&path, query), Door::Token)
    };
    if route.ends_with("/proof") {
        let middle = company.middle.to_string();
        let consistency = [("from", middle.as_str())];
        return Ok(vec![ask("consistency", &consistency), ask("inclusion", &[("place", &middle)])]);
    }
    let mut known = BTreeMap::new();
    for filter in filters.iter().filter(|filter| *filter != "cursor") {
        known.insert(filter.as_str(), samples(route, filter, company)?);
    }
    if route.ends_with("/entries") {
        let from = known.get("from").into_iter().flatten();
        return Ok(from.map(|(name, value)| ask(name, &[("from", value)])).collect());
    }
    let deep = if filters.iter().any(|filter| filter == "cursor") {
        deep(asker, route, &path, known.contains_key("until").then_some(company)).await?
    } else {
        None
    };
    let mut all = vec![ask("first page", &[])];
    let singles: Vec<(&str, &str, &str)> = known
        .iter()
        .flat_map(|(filter, some)| {
            some.iter().map(|(name, value)| (*filter, *name, value.as_str()))
        })
        .collect();
    for (n, (filter, name, value)) in singles.iter().enumerate() {
        all.push(ask(name, &[(filter, value)]));
        for (other, second, another) in &singles[n + 1..] {
            if other != filter && *filter != "limit" && *other != "limit" {
                all.push(ask(&format!("{name}, {second}"), &[(filter, value), (other, another)]));
            }
        }
        if let Some(cursor) = &deep {
            all.push(ask(&format!("{name}, deep"), &[(filter, value), ("cursor", cursor)]));
        }
    }
    all.extend(deep.iter().map(|cursor| ask("deep page", &[("cursor", cursor)])));
    Ok(all)
}

/// A cursor deep in a list: half way down a log, else as far as some long pages lead.
async fn deep(
    asker: &mut Asker,
    route: &str,
    path: &str,
    log: Option<&Company>,
) -> anyhow::Result<Option<String>> {
    let mut found = None;
    for _ in 0..PAGES {
        let until = log.map(|company| moment(company.half));
        let mut query = vec![("limit", if log.is_some() { "1" } else { "500" })];
        query.extend(until.as_deref().map(|until| ("until", until)));
        query.extend(found.as_deref().map(|cursor| ("cursor", cursor)));
        let asked = Question::get(route, "on the way", with_query(path, &query), Door::Token);
        let answer = asker.ask(&asked).await?;
        if answer.status != 200 {
            return Ok(None);
        }
        let page: Value = serde_json::from_slice(&answer.body)?;
        match page["next_cursor"].as_str() {
            Some(next) => found = Some(next.to_owned()),
            None => break,
        }
        if log.is_some() {
            break;
        }
    }
    Ok(found)
}

/// The documented profile: its windows, all at once, and what its searches take.
fn of_profile(company: &Company, route: &str) -> anyhow::Result<Vec<Question>> {
    let path = filled(route, company)?;
    let ask = |variant: &str, query: &[(&str, &str)]| {
        Question::get(&format!("GET {route}"), variant, with_query(&path, query), Door::Token)
    };
    Ok(vec![
        ask("first page", &[]),
        ask("deep page", &[("limit", "50"), ("offset", "1000")]),
        ask("all", &[("limit", "-1")]),
        ask("by name", &[("name", "large")]),
        ask("by domain", &[("domain", &company.account.domain)]),
    ])
}

/// What clients of the profile post for a list.
fn posted(company: &Company, route: &str) -> anyhow::Result<Vec<Question>> {
    let path = filled(route, company)?;
    let ask = |variant: &str, body: Value| Question {
        body: Some(body.to_string()),
        ..Question::get(&format!("POST {route}"), variant, path.clone(), Door::Token)
    };
    let name = &company.places[0].1;
    Ok(vec![
        ask("first page", json!({})),
        ask("deep page", json!({"limit": 50, "offset": 1_000})),
        ask("one virtual account", json!({"virtualAccounts": [name]})),
        ask("all", json!({"limit": -1})),
    ])
}
