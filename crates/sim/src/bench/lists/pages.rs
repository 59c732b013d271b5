//! What the portal is asked: every page of its table of routes; every filter, from the forms of
//! the pages themselves; every facet and order and the next pages, from their links.

use std::collections::BTreeSet;

use anyhow::Context as _;
use server::portal::patterns;

use super::ask::{Asker, Door, Question};
use super::company::Company;
use super::questions::{escaped, filled, samples};

/// Parts of addresses that no page of a book has: one-time links, identity providers, assets, and
/// what is only posted to.
const OUTSIDE: [&str; 6] =
    ["{word}", "{provider}", "{passkey}", "{session}", "{name}", "{request}"];
/// How many pages are turned to come deep into a list.
const TURNS: u32 = 8;

/// Everything that the portal is asked as somebody.
pub(super) async fn questions(
    asker: &mut Asker,
    company: &Company,
) -> anyhow::Result<Vec<Question>> {
    let mut all = Vec::new();
    for pattern in patterns() {
        if OUTSIDE.iter().any(|part| pattern.contains(part)) {
            continue;
        }
        let path = filled(pattern, company)?;
        let ask = |variant: &str, path: String| {
            Question::get(&format!("page {pattern}"), variant, path, Door::Session)
        };
        let first = ask("first page", path.clone());
        let answer = asker.ask(&first).await?;
        if answer.status == 405 {
            continue;
        }
        all.push(first);
        if answer.status != 200 {
            continue;
        }
        let page = String::from_utf8_lossy(&answer.body).into_owned();
        // The search of the whole account stands on every page, and is asked where it leads.
        let search = pattern.ends_with("/search").then(|| "q".to_owned());
        for filter in filters(&page).into_iter().chain(search) {
            for (name, value) in samples(pattern, &filter, company)? {
                all.push(ask(name, format!("{path}?{filter}={}", escaped(&value))));
            }
        }
        for link in links(&page, &path) {
            let query = link.split_once('?').map_or("", |(_, query)| query).to_owned();
            all.push(ask(&format!("link {query}"), link));
        }
        if page.contains("?virtual_account=va_") {
            let place = &company.places[0].0;
            all.push(ask("narrowed", format!("{path}?virtual_account={place}")));
        }
        all.extend(
            deep(asker, page, &first_of(pattern, &path)).await?.map(|it| ask("deep page", it)),
        );
    }
    Ok(all)
}

fn first_of(pattern: &str, path: &str) -> Question {
    Question::get(pattern, "on the way", path.to_owned(), Door::Session)
}

/// The fields of the forms that only ask.
fn filters(page: &str) -> BTreeSet<String> {
    let forms = page.split("<form").skip(1).filter_map(|rest| rest.split("</form>").next());
    let asking =
        forms.filter(|form| form.contains("method=\"get\"") && !form.contains("data-find"));
    let names = asking.flat_map(|form| form.split(" name=\"").skip(1));
    names.filter_map(|rest| rest.split('"').next().map(str::to_owned)).collect()
}

/// The links of a list to itself: each facet, each order, each choice of columns. A link of a
/// virtual account is like that of any other.
fn links(page: &str, path: &str) -> BTreeSet<String> {
    let begin = format!("{path}?");
    let all = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let own = all.map(|link| link.replace("&amp;", "&").replace("&#38;", "&"));
    let own = own.filter(|link| link.starts_with(&begin) && !link.contains("cursor="));
    own.filter(|link| !link.contains("virtual_account=") && !link.contains('#')).collect()
}

/// The address of a page some turns on, if there is one.
async fn deep(
    asker: &mut Asker,
    mut page: String,
    first: &Question,
) -> anyhow::Result<Option<String>> {
    let mut found = None;
    for _ in 0..TURNS {
        let Some((before, _)) = page.split_once("\" rel=\"next\"") else { break };
        let link = before.rsplit("href=\"").next().context("a link")?.replace("&amp;", "&");
        let link = link.replace("&#38;", "&");
        let turned = Question { path: link.clone(), ..first.clone() };
        page = String::from_utf8_lossy(&asker.ask(&turned).await?.body).into_owned();
        found = Some(link);
    }
    Ok(found)
}
