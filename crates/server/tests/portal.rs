//! The portal by its real router, over a real book in a folder of its own, in a scripted world.

#[path = "portal/foreign.rs"]
mod foreign;
#[path = "portal/lists.rs"]
mod lists;

#[path = "portal/house.rs"]
mod house;

use axum::http::StatusCode;
use house::{Between as _, House, NOW};
use wire::time::Span;

#[tokio::test]
async fn no_page_is_shown_before_signing_in() {
    let house = House::new("no_page").await;
    let pool = format!("{}/pools/{}", house.overview(), house.short_pool);
    for path in ["/", "/accounts", &house.overview(), &pool, &house.path("alarms")] {
        let answer = house.ask("GET", path, "", "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert!(answer.header("location").starts_with("/sign-in?next="), "{path}");
    }
}

#[tokio::test]
async fn the_right_secret_signs_in_and_a_wrong_one_says_so() {
    let house = House::new("secret").await;
    let wrong = house.sign_in_with("wrong", "/accounts").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.body.contains("this is not the set-up secret"), "{}", wrong.body);
    let right = house.sign_in_with(&house.secret, "/accounts").await;
    assert_eq!(
        (right.status, right.header("location").as_str()),
        (StatusCode::SEE_OTHER, "/accounts")
    );
    let cookie = right.cookie("scrip_session");
    assert_eq!(house.ask("GET", "/accounts", &cookie, "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_session_cookie_is_kept_from_scripts_and_from_other_sites() {
    let house = House::new("cookie").await;
    let answer = house.sign_in_with(&house.secret, "/").await;
    let cookie = answer.header_list("set-cookie").join("\n");
    for part in ["scrip_session=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let secure = House::at("secure_cookie", "https://licenses.halden.example").await;
    let answer = secure.sign_in_with(&secure.secret, "/").await;
    let cookie = answer.header_list("set-cookie").join("\n");
    assert!(cookie.contains("__Host-scrip=") && cookie.contains("; Secure"), "{cookie}");
}

#[tokio::test]
async fn guessing_is_slowed_down_and_a_minute_later_one_may_try_again() {
    let house = House::new("guess").await;
    for _ in 0..10 {
        house.sign_in_with("guess", "/").await;
    }
    let right = house.sign_in_with(&house.secret, "/").await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS);
    house.script.set(NOW.plus(Span::from_minutes(2)));
    assert_eq!(house.sign_in_with(&house.secret, "/").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_in_leads_to_no_other_server() {
    let house = House::new("redirect").await;
    for next in ["//evil.example", "https://evil.example", "/\\evil.example", "/%09/evil.example"] {
        let answer = house.sign_in_with(&house.secret, next).await;
        assert_eq!(answer.header("location"), "/", "{next}");
    }
}

#[tokio::test]
async fn a_sign_in_form_from_elsewhere_is_refused() {
    let house = House::new("login_csrf").await;
    let body = format!("secret={}&csrf=made-up&request_id=x&next=/", house.secret);
    for cookie in ["", "scrip_form=", "scrip_form=another"] {
        let answer = house.ask("POST", "/sign-in", cookie, &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{cookie}");
        assert!(
            answer.header_list("set-cookie").iter().all(|one| !one.starts_with("scrip_session"))
        );
    }
}

#[tokio::test]
async fn a_form_without_the_sessions_word_changes_nothing() {
    let house = House::new("csrf").await;
    let cookie = house.signed_in().await;
    let (_, request) = house.guard(&cookie).await;
    for csrf in ["", "wrong"] {
        let body = house.token_form(csrf, &request, "Forged");
        let answer = house.ask("POST", &house.path("tokens"), &cookie, &body).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    assert!(!house.page("tokens", &cookie).await.contains("Forged"));
}

#[tokio::test]
async fn a_form_sent_twice_makes_one_token_and_shows_the_same_text() {
    let house = House::new("twice").await;
    let cookie = house.signed_in().await;
    let (csrf, request) = house.guard(&cookie).await;
    let body = house.token_form(&csrf, &request, "Harbour <autumn>");
    let first = house.ask("POST", &house.path("tokens"), &cookie, &body).await;
    let second = house.ask("POST", &house.path("tokens"), &cookie, &body).await;
    assert_eq!((first.status, second.status), (StatusCode::OK, StatusCode::OK), "{}", second.body);
    assert_eq!(first.between("id=\"token-text\">", "<"), second.between("id=\"token-text\">", "<"));
    assert!(first.body.contains("scrip-agent trust idtoken "));
    assert!(!first.body.contains("<autumn>"), "names are escaped");
    let list = house.page("tokens", &cookie).await;
    assert_eq!(list.matches("<tr id=\"tok_").count(), 1);
    assert!(!list.contains(&first.between("id=\"token-text\">", "<")), "the text is shown once");
}

#[tokio::test]
async fn a_wrong_field_is_named_and_what_was_typed_stays() {
    let house = House::new("fields").await;
    let cookie = house.signed_in().await;
    let (csrf, request) = house.guard(&cookie).await;
    let body = house.token_form(&csrf, &request, "Kept").replace("days=30", "days=400");
    let answer = house.ask("POST", &house.path("tokens"), &cookie, &body).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.body.contains("value=\"Kept\"") && answer.body.contains("expires_after_days-error")
    );
}

#[tokio::test]
async fn a_revoked_token_says_so() {
    let house = House::new("revoke").await;
    let cookie = house.signed_in().await;
    let (csrf, request) = house.guard(&cookie).await;
    let body = house.token_form(&csrf, &request, "Short lived");
    let made = house.ask("POST", &house.path("tokens"), &cookie, &body).await;
    let token = made.between("<tr id=\"", "\"");
    let (csrf, request) = house.guard(&cookie).await;
    let path = house.path(&format!("tokens/{token}/revoke"));
    let body = format!("csrf={csrf}&request_id={request}");
    assert_eq!(house.ask("POST", &path, &cookie, &body).await.status, StatusCode::SEE_OTHER);
    assert!(house.page("tokens", &cookie).await.contains("Revoked"));
}

#[tokio::test]
async fn the_overview_shows_a_shortage_negative_unverified_and_unknown() {
    let house = House::new("overview").await;
    let cookie = house.signed_in().await;
    let page = house.ask("GET", &house.overview(), &cookie, "").await.body;
    assert!(page.contains("<td class=\"num bad\">\u{2212}3</td>"), "{page}");
    assert!(page.contains("Short by 3") && page.contains("8 unverified"));
    assert!(page.contains("Unknown, short by 2") && page.contains("Network &#38; Advantage"));
    assert!(page.contains("Halden &#60;Ferries&#62;") && !page.contains("Halden <Ferries>"));
}

#[tokio::test]
async fn a_pool_and_an_instance_say_where_their_numbers_come_from() {
    let house = House::new("pool").await;
    let cookie = house.signed_in().await;
    let pool = house.page(&format!("pools/{}", house.short_pool), &cookie).await;
    assert!(pool.contains("<b>5</b> in force") && pool.contains("<b>8</b> in use, 8 unverified"));
    assert!(pool.contains("<b>\u{2212}3</b> balance") && pool.contains("Order 4711"));
    let instance = pool.between("/instances/", "\"");
    let page = house.page(&format!("instances/{instance}"), &cookie).await;
    assert!(page.contains("Unverified") && page.contains("PID:C9300,SN:HFA1"));
    assert!(page.contains("Short by 3"), "its pool is short");
}

#[tokio::test]
async fn an_alarm_says_what_resolves_it() {
    let house = House::new("alarms").await;
    let cookie = house.signed_in().await;
    let page = house.page("alarms", &cookie).await;
    assert!(page.contains("Grant 3 more") && page.contains("Use 3 less"), "{page}");
    assert!(house.page("alarms/settled", &cookie).await.contains("Nothing has settled yet"));
}

#[tokio::test]
async fn use_elsewhere_is_on_the_page_of_its_device_and_among_the_alarms() {
    let house = House::new("elsewhere").await;
    let cookie = house.signed_in().await;
    let pool = house.page(&format!("pools/{}", house.short_pool), &cookie).await;
    let instance = format!("instances/{}", pool.between("/instances/", "\""));
    assert!(!house.page(&instance, &cookie).await.contains("Country of use"));
    house.bought_and_used("NO", "fr", 3).await;
    let page = house.page(&instance, &cookie).await;
    assert!(page.contains("<dt>Country of use</dt><dd>FR<span class=\"sub\">as the device says"));
    assert!(page.contains("<b>Used in FR, bought for NO, since "), "{page}");
    assert!(page.contains("may have tax consequences"), "{page}");
    let open = house.page("alarms", &cookie).await;
    assert!(open.contains("is used in FR, bought for NO") && open.contains("Minor"), "{open}");
    house.bought_and_used("NO", "NO", 4).await;
    let page = house.page(&instance, &cookie).await;
    assert!(page.contains("<dd>NO<span") && !page.contains("tax consequences"), "{page}");
    assert!(!house.page("alarms", &cookie).await.contains("bought for"));
    let settled = house.page("alarms/settled", &cookie).await;
    assert!(settled.contains("was used outside the country of purchase"), "{settled}");
}

#[tokio::test]
async fn what_is_foreign_and_what_never_was_answer_alike() {
    let house = House::new("alike").await;
    let cookie = house.signed_in().await;
    let other = house.other_account;
    let absent = "pool_00000000000000000000000000";
    let paths = [
        format!("/accounts/{other}/pools/{}", house.short_pool),
        format!("/accounts/{other}/pools/{absent}"),
        format!("/accounts/{other}/pools/nonsense"),
        format!("/accounts/{other}/instances/pi_00000000000000000000000000"),
        "/accounts/acct_00000000000000000000000000".to_owned(),
        "/nowhere".to_owned(),
    ];
    let mut bodies = Vec::new();
    for path in &paths {
        let answer = house.ask("GET", path, &cookie, "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        bodies.push(answer.body);
    }
    assert!(bodies.windows(2).all(|two| two[0] == two[1]));
}

#[tokio::test]
async fn a_fragment_is_the_main_part_alone() {
    let house = House::new("fragment").await;
    let cookie = house.signed_in().await;
    let answer = house.fragment(&house.overview(), &cookie).await;
    assert!(
        answer.body.trim_start().starts_with("<main")
            && answer.body.trim_end().ends_with("</main>")
    );
}

#[tokio::test]
async fn a_session_ends_by_signing_out_and_by_time() {
    let house = House::new("session").await;
    let cookie = house.signed_in().await;
    let (csrf, _) = house.guard(&cookie).await;
    let forged = house.ask("POST", "/sign-out", &cookie, "csrf=x").await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    house.ask("POST", "/sign-out", &cookie, &format!("csrf={csrf}")).await;
    assert_eq!(house.ask("GET", "/accounts", &cookie, "").await.status, StatusCode::SEE_OTHER);
    let cookie = house.signed_in().await;
    house.script.set(NOW.plus(Span::from_hours(12)));
    assert_eq!(house.ask("GET", "/accounts", &cookie, "").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_session_in_use_goes_on_and_an_idle_one_ends() {
    let house = House::new("idle").await;
    let cookie = house.signed_in().await;
    let after = |minutes| NOW.plus(Span::from_minutes(minutes));
    for minutes in [110, 220, 339] {
        house.script.set(after(minutes));
        let answer = house.ask("GET", "/accounts", &cookie, "").await;
        assert_eq!(answer.status, StatusCode::OK, "{minutes}");
    }
    house.script.set(after(339 + 120));
    assert_eq!(house.ask("GET", "/accounts", &cookie, "").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn every_page_carries_the_headers_that_keep_it_safe() {
    let house = House::new("headers").await;
    let cookie = house.signed_in().await;
    for path in ["/sign-in", "/accounts", "/nowhere", &house.overview(), &house.path("tokens")] {
        let answer = house.ask("GET", path, &cookie, "").await;
        let policy = server::portal::pages::CONTENT_SECURITY_POLICY;
        assert_eq!(answer.header("content-security-policy"), policy, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_known_again() {
    let house = House::new("assets").await;
    let url = server::portal::pages::assets::asset_url("portal.css");
    let answer = house.ask("GET", &url, "", "").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header("cache-control").contains("immutable"));
    let tag = answer.header("etag");
    let again = house.with_header("GET", &url, ("if-none-match", &tag)).await;
    assert_eq!((again.status, again.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(house.ask("GET", "/assets/portal.css", "", "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_event_log_is_filtered_and_goes_on_and_is_kept_as_a_file() {
    let house = House::new("event_log").await;
    let cookie = house.signed_in().await;
    let page = house.page("events", &cookie).await;
    assert!(page.contains("entitlement.granted") && page.contains("account.created"), "{page}");
    let narrowed = house.page("events?action=account.created&since=&until=", &cookie).await;
    assert!(narrowed.contains("<b>account.created</b>"), "{narrowed}");
    assert!(!narrowed.contains("<b>entitlement.granted</b>"), "{narrowed}");
    let wrong = house.page("events?since=%3Cb%3E", &cookie).await;
    assert!(wrong.contains("is no day") && !wrong.contains("<b>”"), "{wrong}");
    let none = house.ask("GET", &house.path("events/export?since=soon"), &cookie, "").await;
    assert_eq!(none.status, StatusCode::BAD_REQUEST, "no file of other events than were meant");
    let file = house.ask("GET", &house.path("events/export?format=csv"), &cookie, "").await;
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"event-log.csv\"");
    assert!(file.body.starts_with("place,at,actor,"), "{}", file.body);
    let file = house.ask("GET", &house.path("events/checkpoint"), &cookie, "").await;
    assert_eq!(file.header("content-type"), "application/cose");
}

/// What stands in a hidden field of the form that goes on, as a browser sends it.
fn hidden(page: &str, name: &str) -> String {
    let form = page.between("<section class=\"panel panel-body\" aria-label=\"Go on\">", "</form>");
    form.between(&format!("name=\"{name}\" value=\""), "\"").replace('\n', "%0A")
}

/// The next step of moving or removing, with what its form carries and what one adds.
async fn go_on(
    house: &House,
    cookie: &str,
    (deed, page): (&str, &str),
    more: &str,
) -> house::Answer {
    let (csrf, request) = (hidden(page, "csrf"), hidden(page, "request_id"));
    let path = house.path(&format!("instances/{deed}"));
    let body = format!("csrf={csrf}&request_id={request}&{more}");
    house.ask("POST", &path, cookie, &body).await
}

#[tokio::test]
async fn product_instances_are_pasted_looked_at_and_moved() {
    let house = House::new("move").await;
    let cookie = house.signed_in().await;
    let (csrf, request) = house.guard(&cookie).await;
    let made = format!("csrf={csrf}&request_id={request}&name=Yard");
    let made = house.ask("POST", &house.path("virtual-accounts"), &cookie, &made).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let paste = house.page("instances/move", &cookie).await;
    assert!(paste.contains("<textarea") && paste.contains("Look at them"), "{paste}");
    let lines = "lines=hfa1%0D%0AHFA9";
    let which = go_on(&house, &cookie, ("move", &paste), lines).await;
    assert_eq!(which.status, StatusCode::OK, "{}", which.body);
    assert!(which.body.contains("1 product instance found"), "{}", which.body);
    assert!(which.body.contains("HFA9") && which.body.contains("is not known here"));
    let lines = format!("lines={}", hidden(&which.body, "lines"));
    let nowhere = go_on(&house, &cookie, ("move", &which.body), &format!("{lines}&to=Attic")).await;
    assert_eq!(nowhere.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nowhere.body.contains("must be the name of a virtual account"), "{}", nowhere.body);
    let seen = go_on(&house, &cookie, ("move", &which.body), &format!("{lines}&to=yard")).await;
    assert!(seen.body.contains("1 product instance would move"), "{}", seen.body);
    assert!(seen.body.contains("turns short") && seen.body.contains("settles"), "{}", seen.body);
    let to = hidden(&seen.body, "to");
    let sure = format!("{lines}&to={to}&sure=yes");
    let done = go_on(&house, &cookie, ("move", &seen.body), &sure).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let again = go_on(&house, &cookie, ("move", &seen.body), &sure).await;
    assert_eq!(again.header("location"), done.header("location"), "a double click is one move");
    let page = house.ask("GET", &done.header("location"), &cookie, "").await.body;
    assert!(
        page.contains("In Yard since") && page.contains("instances/remove?instance=pi_"),
        "{page}"
    );
    let forged = format!("csrf=x&request_id=y&{sure}");
    let forged = house.ask("POST", &house.path("instances/move"), &cookie, &forged).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_product_instance_is_removed_from_its_page_and_leaves_the_lists() {
    let house = House::new("remove").await;
    let cookie = house.signed_in().await;
    let pool = house.page(&format!("pools/{}", house.short_pool), &cookie).await;
    let id = pool.between("/instances/", "\"");
    assert!(house.page("instances", &cookie).await.contains(&id));
    let seen = house.page(&format!("instances/remove?instance={id}"), &cookie).await;
    assert!(
        seen.contains("1 product instance would be removed") && seen.contains("settles"),
        "{seen}"
    );
    let sure = format!("instance={id}&sure=yes");
    let done = go_on(&house, &cookie, ("remove", &seen), &sure).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = house.page(&format!("instances/{id}"), &cookie).await;
    assert!(page.contains("<b>Removed by operator (set-up secret) on "), "{page}");
    assert!(!page.contains("instances/move?"), "what is removed is not moved");
    assert!(!house.page("instances", &cookie).await.contains(&id), "lists leave it out");
    // It measures on: what it uses counts, and its page offers to keep it.
    house.script.set(NOW.plus(Span::from_minutes(90)));
    house.reports_again(9).await;
    let page = house.page(&format!("instances/{id}"), &cookie).await;
    assert!(
        page.contains("reports again.</b>") && page.contains("instances/keep?instance="),
        "{page}"
    );
    let open = house.page("alarms", &cookie).await;
    assert!(open.contains("reports again after its removal"), "{open}");
    let keep = house.page(&format!("instances/keep?instance={id}"), &cookie).await;
    let kept = go_on(&house, &cookie, ("keep", &keep), &sure).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.body);
    assert!(!house.page("alarms", &cookie).await.contains("reports again after"));
}
