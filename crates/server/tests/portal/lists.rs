//! Lists: what they show, narrowed, sorted, in columns of one's choice, and as files.

use axum::http::StatusCode;

use crate::house::{Between as _, House};

/// The names in the heads of the rows, in order.
fn heads(page: &str) -> Vec<String> {
    let rows = page.split("<tr id=\"").skip(1);
    rows.map(|row| row.between("<th scope=\"row\"", "</th>"))
        .map(|head| {
            head.rsplit_once("/pools/")
                .or(head.rsplit_once("/instances/"))
                .unwrap()
                .1
                .between(">", "<")
        })
        .collect()
}

fn labels(page: &str) -> Vec<String> {
    let head = page.between("<thead>", "</thead>");
    let cells = head.split("<th scope=\"col\"").skip(1);
    let text = |cell: &str| {
        let cell = ["<svg", "</a>", "</th>"]
            .iter()
            .fold(cell, |cell, end| cell.split(end).next().unwrap_or(cell));
        cell.rsplit_once('>').map_or(cell, |(_, text)| text).trim().to_owned()
    };
    cells.map(text).filter(|text| !text.is_empty()).collect()
}

/// What a facet's choice says that it would show.
fn count(page: &str, label: &str) -> String {
    let choice = page.between(&format!("<bdi>{label}</bdi>"), "</a>");
    choice.between("<span class=\"num\">", "<")
}

#[tokio::test]
async fn licenses_are_listed_lowest_balance_first_and_both_ways() {
    let house = House::new("list_licenses").await;
    let cookie = house.signed_in().await;
    let page = house.page("licenses", &cookie).await;
    let names = heads(&page);
    assert_eq!(names.len(), 2, "{page}");
    assert!(page.contains("Network &#38; Advantage") && page.contains("aria-sort=\"ascending\""));
    let turned = house.page("licenses?sort=-balance", &cookie).await;
    assert_eq!(heads(&turned), names.iter().rev().cloned().collect::<Vec<_>>());
    assert!(turned.contains("aria-sort=\"descending\""));
    assert!(page.contains("<td class=\"num\"><span class=\"bad\">\u{2212}3</span></td>"), "{page}");
}

#[tokio::test]
async fn facets_count_and_chips_take_away_what_narrows() {
    let house = House::new("list_facets").await;
    let cookie = house.signed_in().await;
    let page = house.page("licenses", &cookie).await;
    assert_eq!((count(&page, "Short").as_str(), count(&page, "Some left").as_str()), ("2", "0"));
    assert_eq!(count(&page, "Not in the catalogue"), "1");
    let narrowed = house.page("licenses?kind=unknown", &cookie).await;
    assert_eq!(heads(&narrowed).len(), 1);
    assert!(narrowed.contains("Remove the filter Kind: Not in the catalogue"));
    assert_eq!(count(&narrowed, "Short"), "1", "facets narrow each other");
    assert_eq!(count(&narrowed, "Not in the catalogue"), "1", "but not themselves");
    let none = house.page("licenses?kind=unknown&alarm=left", &cookie).await;
    assert!(none.contains("Nothing is like that") && none.contains("Show all"), "{none}");
    let both = house.page("licenses?kind=unknown&kind=subscription&kind=perpetual", &cookie).await;
    assert_eq!(heads(&both).len(), 2, "of one facet any may hold");
}

#[tokio::test]
async fn a_search_looks_into_names_and_tags_whatever_the_case() {
    let house = House::new("list_search").await;
    let cookie = house.signed_in().await;
    let found = house.page("licenses?q=NETWORK%20%26", &cookie).await;
    assert_eq!(heads(&found), ["Network &#38; Advantage"]);
    assert!(found.contains("value=\"NETWORK &#38;\""), "what was typed stays: {found}");
    assert!(house.page("licenses?q=%25", &cookie).await.contains("Nothing is like that"));
    let by_tag = house.page("licenses?q=network_adv", &cookie).await;
    assert_eq!(heads(&by_tag).len(), 1);
}

#[tokio::test]
async fn columns_are_chosen_and_ordered_by_the_address() {
    let house = House::new("list_columns").await;
    let cookie = house.signed_in().await;
    let usual = labels(&house.page("licenses", &cookie).await);
    assert_eq!(usual[..3], ["License", "Virtual account", "Purchased"]);
    assert!(!usual.contains(&"Kind".to_owned()));
    let chosen = house.page("licenses?columns=kind,balance", &cookie).await;
    assert_eq!(labels(&chosen), ["License", "Kind", "Balance"]);
    assert!(chosen.contains("columns=balance%2Ckind"), "balance can go to the left: {chosen}");
    let form = house.page("licenses?column=alarm&column=tag", &cookie).await;
    assert_eq!(labels(&form), ["License", "Alarm", "Entitlement tag"]);
}

#[tokio::test]
async fn a_row_opens_in_place_to_what_explains_it() {
    let house = House::new("list_open").await;
    let cookie = house.signed_in().await;
    let closed = house.page("licenses", &cookie).await;
    assert!(!closed.contains("class=\"opened\"") && closed.contains("aria-label=\"Open Network"));
    let path = format!("licenses?open={}", house.short_pool);
    let open = house.page(&path, &cookie).await;
    for part in ["class=\"opened\"", "Entitlements", "Who uses it", "<b>Short by 3 ", "in force"] {
        assert!(open.contains(part), "{part} in {open}");
    }
    assert!(
        open.contains(&format!("<a href=\"/accounts/{}/instances/pi_", house.account)),
        "its user: {open}"
    );
    let page =
        format!("<a href=\"/accounts/{}/pools/{}\">The page", house.account, house.short_pool);
    assert!(open.contains(&page), "{open}");
    assert!(open.contains("aria-label=\"Close Network"));
}

#[tokio::test]
async fn product_instances_are_narrowed_by_state_and_by_what_they_use() {
    let house = House::new("list_instances").await;
    let cookie = house.signed_in().await;
    let page = house.page("instances", &cookie).await;
    let all = heads(&page).len();
    assert!(all > 0);
    assert_eq!(count(&page, "Unverified"), all.to_string(), "{page}");
    assert_eq!(heads(&house.page("instances?state=unverified", &cookie).await).len(), all);
    assert!(heads(&house.page("instances?state=stale", &cookie).await).is_empty());
    let users = house.page(&format!("instances?pool={}", house.short_pool), &cookie).await;
    assert!(!heads(&users).is_empty() && users.contains("Remove the filter Uses: Network"));
    let nobody = format!("instances?pool={}", wire::id::PoolId::from_bytes([9; 16]));
    assert!(house.page(&nobody, &cookie).await.contains("no such pool"));
}

#[tokio::test]
async fn a_file_holds_the_rows_and_columns_that_are_shown() {
    let house = House::new("list_export").await;
    let cookie = house.signed_in().await;
    let path = house.path("licenses/export?columns=balance,tag&sort=-balance&format=csv");
    let file = house.ask("GET", &path, &cookie, "").await;
    assert_eq!(file.status, StatusCode::OK);
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"licenses.csv\"");
    let lines: Vec<&str> = file.body.lines().collect();
    assert_eq!(lines[0], "license,balance,tag");
    assert_eq!(lines.len(), 3);
    assert!(lines[2].starts_with("Network & Advantage,-3,"), "{lines:?}");
    let path = house.path("licenses/export?kind=unknown&columns=balance&format=jsonl");
    let file = house.ask("GET", &path, &cookie, "").await;
    let line: serde_json::Value = serde_json::from_str(file.body.trim()).expect("one line");
    assert_eq!(line["balance"], -2);
    let path = house.path("instances/export?format=xlsx");
    assert_eq!(house.ask("GET", &path, &cookie, "").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_address_that_asks_for_what_there_is_not_is_told_so() {
    let house = House::new("list_wrong").await;
    let cookie = house.signed_in().await;
    for query in [
        "sort=colour",
        "sort=-virtual_account",
        "columns=license,colour",
        "kind=odd",
        "cursor=odd",
        "virtual_account=odd",
        "kind=unknown&q=%00",
    ] {
        let path = house.path(&format!("licenses?{query}"));
        let answer = house.ask("GET", &path, &cookie, "").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.body.contains("query.value") || answer.body.contains("cursor.invalid"));
    }
    let many = format!("licenses?{}", "kind=unknown&".repeat(70));
    let answer = house.ask("GET", &house.path(&many), &cookie, "").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn anything_is_found_by_a_part_of_its_name() {
    let house = House::new("search").await;
    let cookie = house.signed_in().await;
    let found = house.page("search?q=network", &cookie).await;
    assert!(found.contains("Network &#38; Advantage"), "{found}");
    assert!(found.contains(&format!("/pools/{}", house.short_pool)));
    for nothing in ["search", "search?q=n", "search?q=%00x", "search?q=zzzz"] {
        let page = house.page(nothing, &cookie).await;
        assert!(page.contains("Nothing found"), "{nothing}");
    }
}
