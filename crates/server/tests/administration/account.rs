//! What an account's administrator does: people, properties, virtual accounts, API clients.

use axum::http::StatusCode;
use ledger::role::Role;
use server::app::api_tokens::Shown;
use wire::time::Span;

use crate::home::both;
use crate::office::{Office, between, forms, make_place};

const ADMINISTRATOR: &str = "Smart Account Administrator";

async fn end_path(office: &Office, cookie: &str, email: &str) -> String {
    let page = office.get(&office.path(&format!("people?begins={email}")), cookie).await.ok();
    let row = between(&page, "<tr id=\"grant_", "</tr>");
    between(&row, "button-danger\" href=\"", "\"")
}

both! {
    async fn a_role_is_granted_an_invitation_sent_again_and_the_role_ended(office) {
        let ann = office.person("ann@halden.example", Role::Administrator).await;
        let people = office.path("people");
        let new = [
            ("email", "Bo@halden.example"), ("name", "Bo <b>"), ("role", "Virtual Account User"),
            ("virtual_account", &office.branch.to_string()), ("ends_on", "2026-12-31"),
        ];
        office.fill(&people, &people, &ann, &new).await.done();
        let page = office.get(&people, &ann).await.ok();
        let row = between(&page, "<b class=\"cut\">Bo@halden.example", "</tr>");
        for said in ["Bo &#60;b&#62;", "Virtual Account User", "Branch", "Invited", "2027-01-01"] {
            assert!(row.contains(said), "{said}: {row}");
        }
        let again = between(&row, "action=\"", "\"");
        office.fill(&people, &again, &ann, &[]).await.done();
        office.accept("Bo@halden.example").await;
        let page = office.get(&people, &ann).await.ok();
        assert!(!page.contains(&again), "who has accepted is not invited again");
        let end = end_path(&office, &ann, "bo@").await;
        let question = office.get(&end, &ann).await.ok();
        assert!(question.contains("End the role Virtual Account User?"), "{question}");
        assert!(question.contains("Bo@halden.example"), "{question}");
        assert_eq!(office.fill(&end, &end, &ann, &[]).await.done(), people);
        assert!(!office.get(&people, &ann).await.ok().contains("Bo@halden.example"));
        assert_eq!(office.get(&end, &ann).await.status, StatusCode::NOT_FOUND);
    }

    async fn a_refused_grant_says_why_beside_the_field_and_keeps_what_was_typed(office) {
        let ann = office.person("ann@halden.example", Role::Administrator).await;
        let people = office.path("people");
        let branch = office.branch.to_string();
        for (email, role, place, ends, says) in [
            ("nobody", "Smart Account User", "", "", "must be an e-mail address such as"),
            ("b@x.example", "Virtual Account User", "", "", "must be chosen for this role"),
            ("b@x.example", "Smart Account User", &*branch, "", "must be the whole account"),
            ("b@x.example", "operator", "", "", "(permit.denied)"),
            ("b@x.example", "Smart Account User", "", "2020-01-01", "must be in the future"),
            ("b@x.example", "Smart Account User", "", "soon", "must be a day"),
            ("ann@halden.example", ADMINISTRATOR, "", "", "(exists)"),
        ] {
            let new = [("email", email), ("name", "Kept"), ("role", role), ("virtual_account", place), ("ends_on", ends)];
            let answer = office.fill(&people, &people, &ann, &new).await;
            assert!(answer.status.is_client_error(), "{says}: {}", answer.status);
            assert!(answer.body.contains(says), "{says}: {}", answer.body);
            if says != "(permit.denied)" {
                assert!(answer.body.contains("value=\"Kept\""), "{says}: {}", answer.body);
            }
        }
        let list = office.get(&people, &ann).await.ok();
        assert!(!list.contains("b@x.example"));
    }

    async fn the_last_administrator_stays_and_is_told_so_beside_the_act(office) {
        let ann = office.person("ann@halden.example", Role::Administrator).await;
        let end = end_path(&office, &ann, "ann@").await;
        let answer = office.fill(&end, &end, &ann, &[]).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert!(answer.body.contains("(role.last_administrator)"), "{}", answer.body);
        assert!(answer.body.contains("<h1>End the role"), "the question stays");
        office.person("bo@halden.example", Role::Administrator).await;
        office.fill(&end, &end, &ann, &[]).await.done();
        assert_eq!(office.get(&office.path("people"), &ann).await.status, StatusCode::NOT_FOUND);
    }

    async fn a_request_for_access_is_granted_or_declined_once(office) {
        let ann = office.person("ann@halden.example", Role::Administrator).await;
        office.person("cy@brevik.example", Role::VirtualViewer).await;
        let token = office.enter("cy@brevik.example").await.replace("scrip_session=", "");
        let signed_in = office.app.signed_in(&token).await.expect("read").expect("in");
        for message in ["I take over <i>", "and once more"] {
            let member = signed_in.member().expect("a person");
            let own = server::app::people::OwnAsk::new(member, office.app.fresh_request(), "", message.as_bytes());
            let wanted = server::app::grants::WantedAccess {
                domain: "halden.example".to_owned(), role: Role::User, message: message.to_owned(),
            };
            office.app.ask_access(own, member, wanted).await.expect("asked");
            office.wait(Span::from_minutes(1));
        }
        let people = office.path("people");
        let page = office.get(&people, &ann).await.ok();
        assert!(page.contains("I take over &#60;i&#62;"), "{page}");
        let decide: Vec<_> = forms(&page).into_iter().filter(|form| form.action.ends_with("/decide")).collect();
        let (grant, decline) = (&decide[0], decide.last().expect("forms"));
        assert!(grant.hidden.contains("decision=granted") && decline.hidden.contains("decision=declined"));
        assert_eq!(office.post(&grant.action, &ann, &grant.hidden).await.done(), people);
        let page = office.get(&people, &ann).await.ok();
        assert!(page.contains(">Smart Account User</td>"), "{page}");
        let late = office.post(&decide[1].action, &ann, &decide[1].hidden).await;
        assert_eq!(late.status, StatusCode::CONFLICT);
        assert!(late.body.contains("(conflict.changed)"), "{}", late.body);
        if decide.len() > 2 {
            office.post(&decline.action, &ann, &decline.hidden).await.done();
        }
        assert!(!office.get(&people, &ann).await.ok().contains("They ask for access"));
    }

    async fn two_who_change_properties_do_not_overwrite_each_other(office) {
        let ann = office.person("ann@halden.example", Role::Administrator).await;
        let bo = office.person("bo@halden.example", Role::Administrator).await;
        let path = office.path("properties");
        let seen = office.get(&path, &bo).await.ok();
        office.fill(&path, &path, &ann, &[("name", "Halden Fast"), ("country", "no")]).await.done();
        let mine = [("name", "Halden Slow"), ("country", "SE")];
        let late = office.fill_shown(&seen, &path, &bo, &mine).await;
        assert_eq!(late.status, StatusCode::CONFLICT);
        assert!(late.body.contains("(conflict.changed)") && late.body.contains("This is there now"), "{}", late.body);
        assert!(late.body.contains("<bdi>Halden Fast</bdi>") && late.body.contains("value=\"Halden Slow\""), "{}", late.body);
        assert!(office.get(&path, &ann).await.ok().contains("<bdi>Halden Fast</bdi>"));
        office.fill_shown(&late.body, &path, &bo, &mine).await.done();
        let page = office.get(&path, &ann).await.ok();
        assert!(page.contains("<bdi>Halden Slow</bdi>") && page.contains("<bdi>SE</bdi>"), "{page}");
        let wrong = office.fill(&path, &path, &ann, &[("name", ""), ("country", "SE")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("Name must not be empty"), "{}", wrong.body);
        let viewer = office.person("vi@halden.example", Role::Viewer).await;
        let page = office.get(&path, &viewer).await.ok();
        assert!(forms(&page).iter().all(|form| form.action == "/sign-out"), "{page}");
    }

    async fn a_virtual_account_is_made_changed_archived_and_taken_back(office) {
        let ann = office.person("ann@halden.example", Role::Administrator).await;
        let all = office.path("virtual-accounts");
        let new = [("name", "Quays"), ("description", "One to four"), ("tags", "zone: north\r\n dept : quays ")];
        let place = office.fill(&all, &all, &ann, &new).await.done();
        let page = office.get(&place, &ann).await.ok();
        assert!(page.contains("dept: quays") && page.contains("zone: north"), "{page}");
        let taken = office.fill(&all, &all, &ann, &[("name", "quays"), ("tags", "no colon")]).await;
        assert!(taken.body.contains("must be one a line, as group: value"), "{}", taken.body);
        let taken = office.fill(&all, &all, &ann, &[("name", "quays")]).await;
        assert_eq!(taken.status, StatusCode::CONFLICT);
        let late = office.get(&place, &ann).await.ok();
        office.fill(&place, &place, &ann, &[("name", "Quays 1-4"), ("description", "x"), ("tags", "")]).await.done();
        let answer = office.fill_shown(&late, &place, &ann, &[("name", "Mine"), ("description", ""), ("tags", "")]).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert!(answer.body.contains("<bdi>Quays 1-4</bdi>") && answer.body.contains("value=\"Mine\""), "{}", answer.body);

        let archive = format!("{place}/archive");
        assert_eq!(office.fill(&archive, &archive, &ann, &[]).await.done(), place);
        let list = office.get(&all, &ann).await.ok();
        let fold = list.split_once("Archived (1)").expect("a fold").1;
        assert!(fold.contains("Quays 1-4"), "{list}");
        assert!(!office.get(&office.path("tokens"), &ann).await.ok().contains("Quays 1-4"));
        office.fill(&place, &format!("{place}/restore"), &ann, &[]).await.done();
        assert!(!office.get(&all, &ann).await.ok().contains("Archived (1)"));

        let log = between(&office.get(&place, &ann).await.ok(), "<dt>Events</dt><dd><a href=\"", "\"");
        let log = office.get(&log, &ann).await.ok();
        assert!(log.contains("<b>virtual_account.changed</b>") && !log.contains("<b>role.granted</b>"), "{log}");
        let nonsense = office.get(&office.path("events?virtual_account=nonsense"), &ann).await.ok();
        assert!(nonsense.contains("Nothing in the log is like that"), "no event of another place");
    }

    async fn what_still_holds_something_is_not_archived_and_says_what(office) {
        let ann = office.person("ann@halden.example", Role::Administrator).await;
        let tokens = office.path("tokens");
        let branch = office.branch.to_string();
        let new = [("description", "Kept"), ("virtual_account", &*branch), ("expires_after_days", "30"), ("max_uses", "")];
        office.fill(&tokens, &tokens, &ann, &new).await.ok();
        let archive = office.path(&format!("virtual-accounts/{branch}/archive"));
        let answer = office.fill(&archive, &archive, &ann, &[]).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        assert!(answer.body.contains("this virtual account still holds"), "{}", answer.body);
        assert!(answer.body.contains("(virtual_account.in_use)"), "{}", answer.body);
        assert!(answer.body.contains("It holds 1 ID token."), "{}", answer.body);

        let wrong = office.fill(&archive, &archive, &ann, &[("move_to", "Nowhere")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.body);
        assert!(wrong.body.contains("must be the name of a virtual account: none begins so"), "{}", wrong.body);
        let quays = make_place(&office.app, office.account, "Quays").await;
        let to = office.fill(&archive, &archive, &ann, &[("move_to", "quays")]).await.done();
        assert!(office.get(&to, &ann).await.ok().contains("Take it back into use"), "it is archived");
        let kept = office.get(&office.path(&format!("tokens?virtual_account={quays}")), &ann).await.ok();
        assert!(kept.contains("Kept"), "{kept}");
    }

    async fn long_lists_go_on_and_are_searched(office) {
        let ann = office.person("ann@halden.example", Role::Administrator).await;
        for number in 0..60 {
            make_place(&office.app, office.account, &format!("Ward {number:02}")).await;
        }
        let all = office.path("virtual-accounts");
        let first = office.get(&all, &ann).await.ok();
        let next = between(&first, "<p class=\"list-foot\"><a href=\"", "\"").replace("&#38;", "&");
        let second = office.get(&next, &ann).await.ok();
        let count = |page: &str| page.matches("<tr id=\"va_").count();
        assert_eq!((count(&first), count(&second)), (50, 12));
        let found = office.get(&format!("{all}?begins=ward%2007"), &ann).await.ok();
        assert_eq!(count(&found), 1);
        assert_eq!(office.get(&format!("{all}?cursor=nonsense"), &ann).await.status, StatusCode::BAD_REQUEST);
    }

    async fn a_clients_secret_is_shown_once_and_revoked(office) {
        let ann = office.person("ann@halden.example", Role::Administrator).await;
        let path = office.path("api-clients");
        let none = office.fill(&path, &path, &ann, &[("name", "Nightly"), ("expires_after_days", "9")]).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(none.body.contains("Scope must have a tick"), "{}", none.body);
        let new = [("name", "Nightly"), ("scope", "read"), ("scope", "licenses"), ("expires_after_days", "400")];
        let long = office.fill(&path, &path, &ann, &new).await;
        assert!(long.body.contains("must be 1 to 366") && long.body.contains("value=\"licenses\" checked"), "{}", long.body);
        let new = [("name", "Nightly"), ("scope", "read"), ("scope", "licenses"), ("expires_after_days", "9")];
        let made = office.fill(&path, &path, &ann, &new).await.ok();
        let secret = between(&made, "id=\"client-secret\">", "<");
        let client = between(&made, "id=\"client-id\">", "<");
        assert!(secret.starts_with("scrip_secret_") && made.contains("client_credentials"), "{made}");
        let exchanged = office.app.exchange_token(&Shown::Client { id: &client, secret: &secret }, None, "").await.expect("it works");
        assert_eq!(exchanged.bounds.words(), "read licenses");
        let list = office.get(&path, &ann).await.ok();
        assert!(!list.contains(&secret) && list.contains("Scope: read licenses"), "{list}");
        office.wait(Span::from_hours(1));
        let more = format!("{path}/{client}/secrets");
        let second = office.fill(&path, &more, &ann, &[("expires_after_days", "9")]).await.ok();
        let second = between(&second, "id=\"client-secret\">", "<");
        let list = office.get(&path, &ann).await.ok();
        assert_eq!(list.matches("</svg>Works").count(), 2, "{list}");
        let one = between(&list, "<td class=\"num\"><a class=\"button button-small button-danger\" href=\"", "\"");
        let revoke = format!("{path}/{client}/revoke");
        office.fill(&one, &revoke, &ann, &[]).await.done();
        let old = office.app.exchange_token(&Shown::Client { id: &client, secret: &secret }, None, "").await.is_ok();
        let new = office.app.exchange_token(&Shown::Client { id: &client, secret: &second }, None, "").await.is_ok();
        assert_eq!((old, new), (true, false), "the newest stands first");
        office.fill(&revoke, &revoke, &ann, &[]).await.done();
        let list = office.get(&path, &ann).await.ok();
        assert!(!list.contains("</svg>Works"), "{list}");
        assert!(office.app.exchange_token(&Shown::Client { id: &client, secret: &secret }, None, "").await.is_err());
    }

    async fn a_form_that_is_not_of_the_session_changes_nothing(office) {
        let operator = office.operator().await;
        let all = [
            "people", "properties", "virtual-accounts", "api-clients", "properties/terms",
            "properties/upgrade", "see-as-customer", "see-as-customer/end",
        ];
        let mut paths: Vec<String> = all.iter().map(|one| office.path(one)).collect();
        paths.push(office.path(&format!("virtual-accounts/{}", office.branch)));
        paths.push(office.path(&format!("virtual-accounts/{}/archive", office.branch)));
        paths.push(office.path(&format!("virtual-accounts/{}/restore", office.branch)));
        paths.push(office.path("people/grant_00000000000000000000000000/end"));
        paths.push(office.path("people/grant_00000000000000000000000000/invite"));
        paths.push(office.path("api-clients/apit_00000000000000000000000000/revoke"));
        paths.extend(["/accounts/new", "/grants", "/terms"].map(str::to_owned));
        let before = office.get(&office.path("events"), &operator).await.ok();
        for path in paths {
            for word in ["", "csrf=made-up&request_id=req_00000000000000000000000001&"] {
                let body = format!("{word}name=Forged&email=x@x.example&role=operator&domain=x.example&revision=0&title=T&text=T&publish=1&scope=read&expires_after_days=1");
                let answer = office.post(&path, &operator, &body).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}: {}", answer.body);
                assert!(answer.body.contains("form.stale"), "{path}: {}", answer.body);
            }
        }
        let rows = |page: &str| page.matches("<tr id=\"ev_").count();
        let after = office.get(&office.path("events"), &operator).await.ok();
        assert_eq!(rows(&before), rows(&after));
        let body = office.get("/accounts", &operator).await.ok();
        assert!(!body.contains("Forged"), "{body}");
    }
}
