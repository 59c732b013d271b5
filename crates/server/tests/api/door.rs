//! The portal's door and a person's own pages, by the real router: what a browser would send, and
//! what others would like to.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use ring::hmac;
use serde_json::json;
use tower::ServiceExt as _;
use wire::time::Span;

use crate::home::both;
use crate::office::Office;
use crate::people::PASSWORD;

const EMAIL: &str = "ines@halden.example";
const OWING: &str = "__Host-scrip-owing";
const SESSION: &str = "__Host-scrip";

/// A browser, as far as it takes one: it keeps cookies and the page shown last.
struct Browser {
    router: Router,
    cookies: BTreeMap<String, String>,
    shown: String,
}

/// What came back.
struct Shown {
    status: u16,
    to: String,
    body: String,
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
    rest.split_once(after).map_or(rest, |(inside, _)| inside)
}

fn escaped(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

impl Browser {
    fn new(office: &Office) -> Self {
        let router = server::portal::routes().with_state(office.app.clone());
        Self { router, cookies: BTreeMap::new(), shown: String::new() }
    }

    async fn ask(&mut self, request: axum::http::request::Builder, body: String) -> Shown {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request
            .header(header::COOKIE, cookies.join("; "))
            .header(header::USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.body(Body::from(body)).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let set = set.to_str().expect("text");
            assert!(
                set.contains("; HttpOnly; SameSite=Lax;") && set.ends_with("; Secure"),
                "{set}"
            );
            let (name, value) =
                set.split(';').next().and_then(|it| it.split_once('=')).expect("a cookie");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        let to =
            parts.headers.get(header::LOCATION).map(|to| to.to_str().expect("text").to_owned());
        let body = String::from_utf8_lossy(&body).into_owned();
        Shown { status: parts.status.as_u16(), to: to.unwrap_or_default(), body }
    }

    async fn get(&mut self, path: &str) -> Shown {
        let shown = self.ask(Request::get(path), String::new()).await;
        self.shown.clone_from(&shown.body);
        shown
    }

    /// Sends a form as it is.
    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        self.ask(Request::post(path), body).await
    }

    /// Sends a form with the hidden fields of the page shown last.
    async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let csrf = between(&self.shown, "name=\"csrf\" value=\"", "\"").to_owned();
        let request = between(&self.shown, "name=\"request_id\" value=\"", "\"").to_owned();
        let mut all = vec![("csrf", csrf.as_str()), ("request_id", request.as_str())];
        all.extend_from_slice(fields);
        self.post(path, &all).await
    }

    async fn sign_in(&mut self, password: &str) -> Shown {
        self.get("/sign-in?next=%2Fme").await;
        self.send("/sign-in", &[("email", EMAIL), ("password", password), ("next", "/me")]).await
    }

    /// Sets an authenticator app and gives back its secret.
    async fn set_app(&mut self, office: &Office) -> Vec<u8> {
        self.get("/me/authenticator").await;
        let text = between(&self.shown, "<pre id=\"secret\">", "<").replace(' ', "");
        let secret = from_base32(&text);
        let state = between(&self.shown, "name=\"state\" value=\"", "\"").to_owned();
        let wrong = self.send("/me/authenticator", &[("state", &state), ("code", "abcdef")]).await;
        assert_eq!(wrong.status, 401, "{}", wrong.body);
        assert!(
            wrong.body.replace(' ', "").contains(&text),
            "the same secret, to type its code again"
        );
        self.shown = wrong.body;
        let code = code(&secret, office);
        let set = self.send("/me/authenticator", &[("state", &state), ("code", &code)]).await;
        assert_eq!(set.status, 200, "{}", set.body);
        assert_eq!(between(&set.body, "<pre id=\"codes\">", "<").lines().count(), 10);
        secret
    }
}

fn from_base32(text: &str) -> Vec<u8> {
    let values = text.bytes().map(|sign| match sign {
        b'A'..=b'Z' => sign - b'A',
        _ => sign - b'2' + 26,
    });
    let mut bits = Vec::new();
    for value in values {
        bits.extend((0..5).rev().map(|at| (value >> at) & 1));
    }
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |whole, bit| (whole << 1) | bit)).collect()
}

/// The code that an app shows now, by RFC 6238.
fn code(secret: &[u8], office: &Office) -> String {
    let step = office.app.world.now().seconds().unsigned_abs() / 30;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let from = usize::from(tag.as_ref()[19] & 15);
    let cut = &tag.as_ref()[from..from + 4];
    let cut = u32::from_be_bytes(cut.try_into().expect("four bytes")) & 0x7FFF_FFFF;
    format!("{:06}", cut % 1_000_000)
}

/// A page without what is new each time it is shown.
fn settled(body: &str) -> String {
    let mut out = body.to_owned();
    for (before, after) in [
        ("name=\"request_id\" value=\"", "\""),
        ("data-options=\"", "\""),
        ("name=\"state\" value=\"", "\""),
    ] {
        let parts: Vec<&str> = out.split(before).collect();
        let kept = parts.iter().enumerate().map(|(at, part)| match at {
            0 => *part,
            _ => part.split_once(after).map_or("", |(_, rest)| rest),
        });
        out = kept.collect::<Vec<_>>().join(before);
    }
    out
}

/// Invites a person; the word of their link comes back.
async fn invited(office: &Office) -> String {
    let site = office.site("halden.example").await;
    let new = json!({"email": EMAIL, "role": "administrator"});
    office.post(&format!("{}/grants", site.path()), &new).await.created();
    office.link_to(EMAIL).await
}

/// A person with a password, signed in.
async fn signed_in(office: &Office) -> Browser {
    let word = invited(office).await;
    let mut browser = Browser::new(office);
    let path = format!("/invitation/{word}");
    browser.get(&path).await;
    let set = browser.send(&path, &[("password", PASSWORD), ("again", PASSWORD)]).await;
    assert_eq!((set.status, set.to.as_str()), (303, "/sign-in?note=password-set"), "{}", set.body);
    let entered = browser.sign_in(PASSWORD).await;
    assert_eq!((entered.status, entered.to.as_str()), (303, "/me"), "{}", entered.body);
    browser
}

both! {
    async fn looking_at_an_invitation_uses_nothing_up_and_a_used_one_is_dead(office) {
        let path = format!("/invitation/{}", invited(&office).await);
        let mut browser = Browser::new(&office);
        for _ in 0..3 {
            let shown = browser.get(&path).await;
            assert_eq!(shown.status, 200);
            assert!(shown.body.contains(EMAIL), "{}", shown.body);
        }
        let short = browser.send(&path, &[("password", "short"), ("again", "short")]).await;
        assert_eq!(short.status, 422);
        assert!(short.body.contains("(password.short)"), "{}", short.body);
        let unlike = browser.send(&path, &[("password", PASSWORD), ("again", "another")]).await;
        assert!(unlike.body.contains("(password.again)"), "{}", unlike.body);
        let form = [("password", PASSWORD), ("again", PASSWORD)];
        let forged = browser.post(&path, &[("csrf", "made up"), form[0], form[1]]).await;
        assert!(forged.body.contains("(form.stale)"), "{}", forged.body);
        assert_eq!(browser.send(&path, &form).await.status, 303);
        let replayed = browser.send(&path, &form).await;
        assert_eq!(replayed.status, 403);
        assert!(replayed.body.contains("This link does not work any more"), "{}", replayed.body);
        let dead = browser.get(&path).await;
        let never = browser.get("/invitation/0123").await;
        assert_eq!((dead.status, never.status), (403, 403));
        assert_eq!(dead.body, never.body, "whether there ever was one is not told");
        assert_eq!(browser.sign_in(PASSWORD).await.to, "/me");
    }

    async fn an_address_that_nobody_has_answers_as_one_that_somebody_has(office) {
        let mut browser = signed_in(&office).await;
        let mut answers = Vec::new();
        for email in [EMAIL, "ines@nobody.example"] {
            browser.cookies.clear();
            browser.get("/sign-in").await;
            let form = [("email", email), ("password", "wrong wrong wrong"), ("next", "/")];
            let answer = browser.send("/sign-in", &form).await;
            assert!(!browser.cookies.contains_key(SESSION));
            let csrf = between(&answer.body, "name=\"csrf\" value=\"", "\"").to_owned();
            answers.push((answer.status, settled(&answer.body).replace(&csrf, "").replace(email, "")));
            browser.get("/forgotten").await;
            let asked = browser.send("/forgotten", &[("email", email)]).await;
            assert_eq!((asked.status, asked.to.as_str()), (303, "/forgotten?note=link-sent"));
        }
        assert_eq!(answers[0].0, 401);
        assert!(answers[0].1.contains("(sign_in.failed)"));
        assert!(answers[0] == answers[1], "{}\n{}", answers[0].1, answers[1].1);
    }

    async fn too_many_wrong_passwords_are_not_looked_at(office) {
        let mut browser = signed_in(&office).await;
        browser.cookies.clear();
        for _ in 0..10 {
            assert_eq!(browser.sign_in("wrong wrong wrong").await.status, 401);
        }
        let right = browser.sign_in(PASSWORD).await;
        assert_eq!(right.status, 429);
        assert!(right.body.contains("(auth.too_often)"), "{}", right.body);
        office.wait(Span::from_minutes(1));
        assert_eq!(browser.sign_in(PASSWORD).await.to, "/me");
    }

    async fn a_form_of_another_session_or_of_none_changes_nothing(office) {
        let mut browser = signed_in(&office).await;
        let mut other = Browser::new(&office);
        assert_eq!(other.sign_in(PASSWORD).await.to, "/me");
        other.get("/me").await;
        let csrf = between(&other.shown, "name=\"csrf\" value=\"", "\"").to_owned();
        let request = between(&other.shown, "name=\"request_id\" value=\"", "\"").to_owned();
        for word in ["", "made up", csrf.as_str()] {
            for path in ["/me", "/me/password", "/me/authenticator/remove", "/me/end-other-sessions", "/me/tokens"] {
                let form = [("csrf", word), ("request_id", request.as_str()), ("name", "Forged")];
                let answer = browser.post(path, &form).await;
                assert_eq!(answer.status, 403, "{path}");
                assert!(answer.body.contains("form.stale"), "{path}: {}", answer.body);
            }
        }
        assert!(!browser.get("/me").await.body.contains("Forged"));
        let mut stranger = Browser::new(&office);
        assert_eq!(stranger.get("/me/tokens").await.to, "/sign-in?next=%2Fme%2Ftokens");
    }

    async fn who_owes_a_second_factor_sees_no_page_and_no_code_works_twice(office) {
        let mut browser = signed_in(&office).await;
        let before = browser.cookies[SESSION].clone();
        let secret = browser.set_app(&office).await;
        assert_ne!(browser.cookies[SESSION], before, "the session goes on under a new token");
        assert_eq!(browser.get("/me").await.status, 200);
        let mut other = Browser::new(&office);
        let owing = other.sign_in(PASSWORD).await;
        assert_eq!((owing.status, owing.to.as_str()), (303, "/second-factor?next=%2Fme"));
        assert!(!other.cookies.contains_key(SESSION));
        let pending = other.cookies[OWING].clone();
        other.cookies.insert(SESSION.to_owned(), pending.clone());
        assert_eq!(other.get("/me").await.to, "/sign-in?next=%2Fme", "it signs nobody in");
        other.cookies.remove(SESSION);
        // The code that confirmed the app was taken with it.
        other.get("/second-factor?next=%2Fme").await;
        let used = other.send("/second-factor", &[("code", &code(&secret, &office)), ("next", "/me")]).await;
        assert_eq!(used.status, 401, "{}", used.body);
        office.wait(Span::from_seconds(30));
        let code = code(&secret, &office);
        let right = other.send("/second-factor", &[("code", &code), ("next", "/me")]).await;
        assert_eq!((right.status, right.to.as_str()), (303, "/me"), "{}", right.body);
        assert_ne!(other.cookies[SESSION], pending, "the token is new after each step");
        assert!(!other.cookies.contains_key(OWING));
        let mut third = Browser::new(&office);
        third.sign_in(PASSWORD).await;
        third.get("/second-factor").await;
        let again = third.send("/second-factor", &[("code", &code), ("next", "/me")]).await;
        assert_eq!(again.status, 401, "a code is taken once");
    }

    async fn a_recovery_code_signs_in_once_and_new_ones_are_shown_once(office) {
        let mut browser = signed_in(&office).await;
        browser.set_app(&office).await;
        browser.get("/me/sign-in").await;
        let shown = browser.send("/me/recovery-codes", &[]).await;
        let codes: Vec<String> =
            between(&shown.body, "<pre id=\"codes\">", "<").lines().map(str::to_owned).collect();
        assert_eq!((shown.status, codes.len()), (200, 10));
        let twice = browser.send("/me/recovery-codes", &[]).await;
        assert!(twice.body.contains("(form.repeated)"), "{}", twice.body);
        for status in [303, 401] {
            let mut other = Browser::new(&office);
            other.sign_in(PASSWORD).await;
            other.get("/second-factor").await;
            let answer = other.send("/second-factor", &[("code", &codes[0]), ("next", "/me")]).await;
            assert_eq!(answer.status, status, "{}", answer.body);
        }
        assert!(browser.get("/me/sign-in").await.body.contains("9 recovery codes are left"));
    }

    async fn a_dangerous_act_asks_for_a_fresh_proof_and_goes_on_with_what_was_typed(office) {
        let mut browser = signed_in(&office).await;
        office.wait(Span::from_minutes(11));
        let page = browser.get("/me/sign-in").await.body;
        assert!(page.contains("Show it now") && !page.contains("name=\"old\""), "{page}");
        browser.get("/me/tokens").await;
        let form = [("name", "Night <job>"), ("expires_after_days", "30"), ("scope_licenses", "yes")];
        let asked = browser.send("/me/tokens", &form).await;
        assert_eq!(asked.status, 303);
        assert!(asked.to.starts_with("/me/prove?next=%2Fme%2Ftokens%3Fname"), "{}", asked.to);
        browser.get(&asked.to).await;
        let next = between(&browser.shown, "name=\"next\" value=\"", "\"").replace("&#38;", "&");
        let wrong = browser.send("/me/prove", &[("password", "wrong"), ("next", &next)]).await;
        assert_eq!(wrong.status, 401, "{}", wrong.body);
        let proven = browser.send("/me/prove", &[("password", PASSWORD), ("next", &next)]).await;
        assert_eq!((proven.status, proven.to.as_str()), (303, next.as_str()), "{}", proven.body);
        let page = browser.get(&next).await.body;
        assert!(page.contains("value=\"Night &#60;job&#62;\"") && page.contains("value=\"30\""), "{page}");
        assert!(page.contains("name=\"scope_licenses\" value=\"yes\" checked"), "{page}");
        let made = browser.send("/me/tokens", &form).await;
        assert_eq!(made.status, 200, "{}", made.body);
        let text = between(&made.body, "<pre id=\"token-text\">", "<").to_owned();
        assert_eq!(office.get_as(&text, "/api/v1/me").await.ok()["email"], EMAIL);
        let twice = browser.send("/me/tokens", &form).await;
        assert_eq!(twice.status, 409, "{}", twice.body);
        let list = browser.get("/me/tokens").await.body;
        assert_eq!(list.matches("<tr id=\"apit_").count(), 1, "{list}");
        assert!(!list.contains(&text), "it is shown once");
        let id = between(&list, "<tr id=\"", "\"").to_owned();
        let revoked = browser.send(&format!("/me/tokens/{id}/revoke"), &[]).await;
        assert_eq!(revoked.to, "/me/tokens?done=token-revoked");
        office.get_as(&text, "/api/v1/me").await.problem(401, "auth.wrong");
    }

    async fn sessions_are_listed_and_ended(office) {
        let mut browser = signed_in(&office).await;
        office.wait(Span::from_seconds(1));
        let mut other = Browser::new(&office);
        other.sign_in(PASSWORD).await;
        let page = browser.get("/me/sessions").await.body;
        assert_eq!(page.matches("Firefox on Linux</b>").count(), 2, "{page}");
        assert_eq!(page.matches("This one").count(), 1);
        let ends = between(&page, "action=\"/me/sessions/", "\"").to_owned();
        let ended = browser.send(&format!("/me/sessions/{ends}"), &[]).await;
        assert_eq!(ended.to, "/me/sessions?done=session-ended", "{}", ended.body);
        assert_eq!(other.get("/me").await.status, 303);
        other.sign_in(PASSWORD).await;
        office.wait(Span::from_seconds(1));
        browser.get("/me/sessions").await;
        let before = browser.cookies[SESSION].clone();
        let ended = browser.send("/me/end-other-sessions", &[]).await;
        assert_eq!(ended.to, "/me/sessions?done=others-ended", "{}", ended.body);
        assert_ne!(browser.cookies[SESSION], before);
        assert_eq!(browser.get("/me").await.status, 200);
        assert_eq!(other.get("/me").await.status, 303);
    }

    async fn a_new_password_needs_the_present_one_and_ends_other_sessions(office) {
        const NEW: &str = "amber lanterns hum at midnight";
        let mut browser = signed_in(&office).await;
        office.wait(Span::from_seconds(1));
        let mut other = Browser::new(&office);
        other.sign_in(PASSWORD).await;
        office.wait(Span::from_seconds(1));
        browser.get("/me/sign-in").await;
        let wrong = [("old", "wrong"), ("new", NEW), ("again", NEW)];
        let answer = browser.send("/me/password", &wrong).await;
        assert_eq!(answer.status, 401, "{}", answer.body);
        let right = [("old", PASSWORD), ("new", NEW), ("again", NEW)];
        let answer = browser.send("/me/password", &right).await;
        assert_eq!(answer.to, "/me/sign-in?done=password-changed", "{}", answer.body);
        assert_eq!(browser.get("/me").await.status, 200);
        assert_eq!(other.get("/me").await.status, 303);
        assert_eq!(other.sign_in(PASSWORD).await.status, 401);
        assert_eq!(other.sign_in(NEW).await.to, "/me");
        assert!(office.letter_to(EMAIL).await.contains("Your password was changed"));
    }

    async fn an_account_is_asked_for_and_approved_by_its_link(office) {
        let mut browser = signed_in(&office).await;
        assert!(office.letter_to(EMAIL).await.contains("Your password was set by a link"));
        browser.get("/me").await;
        let taken = [("account_name", "Halden"), ("account_domain", "halden.example")];
        let answer = browser.send("/me/accounts", &taken).await;
        assert_eq!(answer.status, 409, "{}", answer.body);
        assert!(answer.body.contains("ask its administrators for access"), "{}", answer.body);
        let wanted = [("account_name", "Brevik <Yard>"), ("account_domain", "brevik.example"), ("kind", "customer")];
        browser.get("/me").await;
        let answer = browser.send("/me/accounts", &wanted).await;
        assert_eq!(answer.to, "/me?done=account-asked", "{}", answer.body);
        let path = format!("/approval/{}", office.link_to(EMAIL).await);
        let mut approver = Browser::new(&office);
        for _ in 0..2 {
            let page = approver.get(&path).await;
            assert_eq!(page.status, 200);
            assert!(page.body.contains("Brevik &#60;Yard&#62;"), "{}", page.body);
        }
        let forged = approver.post(&path, &[("csrf", ""), ("decision", "accept"), ("version", "0")]).await;
        assert_eq!(forged.status, 422);
        let empty = approver.send(&path, &[("decision", "decline"), ("reason", "")]).await;
        assert_eq!(empty.status, 422, "{}", empty.body);
        let old = approver.send(&path, &[("decision", "accept"), ("version", "7")]).await;
        assert_eq!(old.status, 409, "{}", old.body);
        let accepted = approver.send(&path, &[("decision", "accept"), ("version", "0")]).await;
        assert_eq!(accepted.status, 200, "{}", accepted.body);
        assert!(accepted.body.contains("is in use"), "{}", accepted.body);
        assert_eq!(approver.get(&path).await.status, 403);
        let page = browser.get("/me").await.body;
        assert!(page.contains("Smart Account Administrator") && page.contains("Brevik &#60;Yard&#62;"), "{page}");
    }

    async fn access_to_an_account_that_is_not_there_answers_as_to_one_that_is(office) {
        let mut browser = signed_in(&office).await;
        office.site("brevik.example").await;
        for domain in ["brevik.example", "nowhere.example"] {
            browser.get("/me").await;
            let form = [("domain", domain), ("role", "Smart Account User"), ("message", "please")];
            let answer = browser.send("/me/access", &form).await;
            assert_eq!((answer.status, answer.to.as_str()), (303, "/me?done=access-asked"), "{}", answer.body);
        }
    }

    async fn the_set_up_secret_has_no_page_of_its_own(office) {
        let mut browser = Browser::new(&office);
        let page = browser.get("/sign-in").await.body;
        assert!(page.contains("name=\"secret\""), "nobody is an operator yet");
        let entered = browser.send("/sign-in", &[("secret", &office.secret), ("next", "/me")]).await;
        assert_eq!(entered.to, "/me", "{}", entered.body);
        let page = browser.get("/me").await;
        assert_eq!(page.status, 403);
        assert!(page.body.contains("sign_in.person"), "{}", page.body);
        assert_eq!(browser.get("/sign-in/nobody").await.status, StatusCode::NOT_FOUND.as_u16());
    }
}
