//! What the vendor's people do: accounts, people, roles, terms, and looking as a customer does.

use axum::http::StatusCode;
use ledger::role::Role;
use wire::time::Span;

use crate::home::both;
use crate::office::between;

both! {
    async fn an_operator_makes_an_account_and_grants_its_first_role(office) {
        let operator = office.operator().await;
        let taken = [("name", "Again"), ("domain", "halden.example")];
        let answer = office.fill("/accounts/new", "/accounts/new", &operator, &taken).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert!(answer.body.contains("value=\"Again\"") && answer.body.contains("(exists)"), "{}", answer.body);
        let public = [("name", "Anybody"), ("domain", "gmail.com")];
        let answer = office.fill("/accounts/new", "/accounts/new", &operator, &public).await;
        assert!(answer.body.contains("is a public mail provider"), "{}", answer.body);
        let new = [("name", "Sandvika Rail"), ("domain", "sandvika.example")];
        let people = office.fill("/accounts/new", "/accounts/new", &operator, &new).await.done();
        let role = [("email", "ida@sandvika.example"), ("role", "Smart Account Administrator"), ("virtual_account", "")];
        office.fill(&people, &people, &operator, &role).await.done();
        let ida = office.accept("ida@sandvika.example").await;
        assert!(office.get(&people, &ida).await.ok().contains("Sandvika Rail"));
        assert!(office.get("/accounts", &operator).await.ok().contains("Sandvika Rail"));
    }

    async fn a_person_is_found_kept_out_and_let_in_again(office) {
        let operator = office.operator().await;
        let bo = office.person("bo@halden.example", Role::Viewer).await;
        let list = office.get("/people?begins=bo", &operator).await.ok();
        let person = between(&list, "href=\"/people/", "\"");
        assert_eq!(list.matches("<tr id=\"person_").count(), 1);
        let path = format!("/people/{person}");
        let page = office.get(&path, &operator).await.ok();
        assert!(page.contains("Smart Account Viewer") && page.contains("Halden Ferries"), "{page}");
        assert!(page.contains("<dd>password</dd>"), "{page}");
        office.fill(&path, &path, &operator, &[]).await.done();
        assert!(office.get(&path, &operator).await.ok().contains("Blocked"));
        assert_eq!(office.get("/accounts", &bo).await.status, StatusCode::SEE_OTHER, "signed out");
        office.fill(&path, &path, &operator, &[]).await.done();
        assert!(office.get(&path, &operator).await.ok().contains("Keep them out"));
        office.enter("bo@halden.example").await;
        for id in ["person_00000000000000000000000000", "nonsense"] {
            assert_eq!(office.get(&format!("/people/{id}"), &operator).await.status, StatusCode::NOT_FOUND);
        }
    }

    async fn the_vendors_roles_are_granted_and_ended(office) {
        let operator = office.person("op@vendor.example", Role::Operator).await;
        let new = [("email", "sue@vendor.example"), ("role", "support"), ("ends_on", "")];
        office.fill("/grants", "/grants", &operator, &new).await.done();
        let page = office.get("/grants", &operator).await.ok();
        let row = between(&page, "<b class=\"cut\">sue@vendor.example", "</tr>");
        assert!(row.contains("Invited") && row.contains("the house"), "{row}");
        let end = between(&row, "button-danger\" href=\"", "\"");
        office.fill(&end, &end, &operator, &[]).await.done();
        let page = office.get("/grants", &operator).await.ok();
        assert!(!page.contains("sue@vendor.example"));
        let own = between(&page, "button-danger\" href=\"", "\"");
        let answer = office.fill(&own, &own, &operator, &[]).await;
        assert!(answer.body.contains("(role.last_administrator)"), "{}", answer.body);
    }

    async fn terms_are_looked_at_published_and_accepted(office) {
        let operator = office.operator().await;
        let approver = office.person("app@halden.example", Role::Approver).await;
        let user = office.person("usr@halden.example", Role::User).await;
        let typed = [("title", "Terms <1>"), ("text", "Be fair.\r\nAlways.")];
        let preview = office.fill("/terms", "/terms", &operator, &typed).await.ok();
        assert!(preview.contains("Publishing blocks every account"), "{preview}");
        assert!(preview.contains("Terms &#60;1&#62;") && preview.contains("Be fair.\nAlways."), "{preview}");
        assert!(office.get("/terms", &operator).await.ok().contains("None was published yet"));
        office.fill_shown(&preview, "/terms", &operator, &typed).await.done();
        let properties = office.path("properties");
        let page = office.get(&properties, &user).await.ok();
        let banner = "Version 1 of the End User License Agreement is not accepted";
        assert!(page.contains(banner) && !page.contains("Read and accept"), "{page}");
        let page = office.get(&properties, &approver).await.ok();
        assert!(page.contains(banner) && page.contains("Read and accept"), "{page}");
        assert!(page.contains("Be fair."), "{page}");
        let accept = office.path("properties/terms");
        office.fill_shown(&page, &accept, &approver, &[]).await.done();
        let page = office.get(&properties, &approver).await.ok();
        assert!(page.contains("Version 1 was accepted on") && !page.contains(banner), "{page}");
        let second = [("title", "Terms 2"), ("text", "Be fairer.")];
        let stale = office.fill("/terms", "/terms", &operator, &second).await.ok();
        office.fill_shown(&stale, "/terms", &operator, &second).await.done();
        let again = office.fill_shown(&stale, "/terms", &operator, &[("title", "Other"), ("text", "x")]).await;
        assert!(again.status != StatusCode::SEE_OTHER, "what was not looked at is not published");
        let page = office.get(&properties, &approver).await.ok();
        assert!(page.contains("Version 2 of the End") && page.contains("Version 1 was accepted on"), "{page}");
    }

    async fn support_looks_as_the_customer_after_saying_why_and_stops(office) {
        let support = office.person("sue@vendor.example", Role::Support).await;
        let ann = office.person("ann@halden.example", Role::Administrator).await;
        let overview = format!("/accounts/{}", office.account);
        assert_eq!(office.get(&overview, &support).await.status, StatusCode::NOT_FOUND);
        let list = office.get("/accounts", &support).await.ok();
        assert!(list.contains("Halden Ferries") && !list.contains(&format!("href=\"{overview}\"")), "{list}");
        let see = office.path("see-as-customer");
        assert!(list.contains(&see), "{list}");
        let long = office.fill(&see, &see, &support, &[("reason", "Kept"), ("minutes", "481")]).await;
        assert_eq!(long.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(long.body.contains("must be 1 to 480") && long.body.contains("value=\"Kept\""), "{}", long.body);
        let mute = office.fill(&see, &see, &support, &[("reason", ""), ("minutes", "30")]).await;
        assert_eq!(mute.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", mute.body);
        let why = [("reason", "Ticket 12 <b>"), ("minutes", "30")];
        assert_eq!(office.fill(&see, &see, &support, &why).await.done(), overview);
        for page in ["", "/alarms", "/tokens", "/events", "/people", "/properties", "/virtual-accounts"] {
            let page = office.get(&format!("{overview}{page}"), &support).await.ok();
            assert!(page.contains("You see Halden Ferries as its customer does, read-only, until"), "{page}");
            assert!(page.contains("15 Jun 2025, 15:36:40 UTC"), "{page}");
            assert!(!page.contains("name=\"email\"") && !page.contains("button-danger"), "{page}");
        }
        let log = office.get(&office.path("events"), &ann).await.ok();
        assert!(log.contains("Ticket 12 &#60;b&#62;") && log.contains("sue@vendor.example"), "{log}");
        let stop = office.path("see-as-customer/end");
        office.fill(&overview, &stop, &support, &[]).await.done();
        assert_eq!(office.get(&overview, &support).await.status, StatusCode::NOT_FOUND);
        office.fill(&see, &see, &support, &why).await.done();
        office.wait(Span::from_minutes(30));
        assert_eq!(office.get(&overview, &support).await.status, StatusCode::NOT_FOUND, "it ends by itself");
        assert_eq!(office.get(&stop, &ann).await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
}
