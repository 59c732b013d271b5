//! Accounts that are asked for on one's own page: waiting, declined, in use, made a full account.

use axum::http::StatusCode;
use ledger::role::{Action, Role};

use crate::home::both;
use crate::office::{Office, right};

impl Office {
    /// Asks for an account on one's own page; the path of its properties.
    async fn ask_for_account(&self, who: &str, domain: &str, more: &[(&str, &str)]) -> String {
        let typed =
            [("account_name", "Skagen Boats"), ("account_domain", domain), ("country", "DK")];
        self.fill("/me", "/me/accounts", who, &[&typed[..], more].concat()).await.done();
        let operator = self.operator().await;
        let list = self.get("/accounts", &operator).await.ok();
        let before = list.split_once("Skagen Boats").expect("it is listed").0;
        let id = before.rsplit_once("/accounts/").expect("its path").1;
        let id = id.split('"').next().expect("an id");
        format!("/accounts/{id}/properties")
    }
}

both! {
    async fn an_account_that_waits_or_was_declined_says_so_on_each_of_its_pages(office) {
        let operator = office.operator().await;
        let ann = office.person("ann@halden.example", Role::Viewer).await;
        let customer = [("kind", "customer"), ("approver", "boss@skagen.example")];
        let properties = office.ask_for_account(&ann, "skagen.example", &customer).await;
        let page = office.get(&properties, &operator).await.ok();
        assert!(page.contains("This account waits for its approver."), "{page}");
        assert!(page.contains("boss@skagen.example has to accept the terms first."), "{page}");
        assert_eq!(office.get(&properties, &ann).await.status, StatusCode::NOT_FOUND);

        let link = office.link_to("boss@skagen.example", "/approval/").await;
        let shown = office.get(&link, "").await;
        let (door, shown) = (shown.cookie(), shown.ok());
        assert!(shown.contains("A Smart Account for Skagen Boats") && shown.contains("<dd>DK</dd>"), "{shown}");
        let decline = |reason| [("reason", reason)];
        let form = shown.split("<details").nth(1).expect("the form to decline");
        let again = office.fill_shown(form, &link, &door, &decline("")).await;
        assert_ne!(again.status, StatusCode::OK, "a reason is needed: {}", again.body);
        let done = office.fill_shown(form, &link, &door, &decline("We buy elsewhere.")).await.ok();
        assert!(done.contains("Skagen Boats"), "{done}");
        let page = office.get(&properties, &operator).await.ok();
        assert!(page.contains("This account was declined.") && page.contains("The reason: We buy elsewhere."), "{page}");
    }

    async fn an_account_of_limited_use_is_made_a_full_one_and_keeps_everything(office) {
        let operator = office.operator().await;
        let ola = office.person("ola@gmail.com", Role::Viewer).await;
        let properties = office.ask_for_account(&ola, "gmail.com", &[("kind", "limited_use")]).await;
        let link = office.link_to("ola@gmail.com", "/approval/").await;
        let page = office.get(&link, "").await;
        let (door, page) = (page.cookie(), page.ok());
        assert_eq!(office.fill_shown(&page, &link, "", &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY, "no cookie");
        office.fill_shown(&page, &link, &door, &[]).await.ok();
        let page = office.get(&properties, &ola).await.ok();
        assert!(!page.contains("waits for its approver") && !page.contains("Make it a full account"), "{page}");

        let upgrade = format!("{properties}/upgrade");
        let page = office.get(&properties, &operator).await.ok();
        assert!(page.contains("Make it a full account"), "{page}");
        let public = office.fill_shown(&page, &upgrade, &operator, &[("domain", "gmx.net")]).await;
        assert_eq!(public.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", public.body);
        let page = office.get(&properties, &operator).await.ok();
        office.fill_shown(&page, &upgrade, &operator, &[("domain", "ola-boats.example")]).await.done();
        let page = office.get(&properties, &ola).await.ok();
        assert!(page.contains("ola-boats.example") && !page.contains("Make it a full account"), "{page}");
        let id = properties.split('/').nth(2).expect("an id").parse().expect("an id");
        let own = office.app.account(&right(Action::ReadAccount, id), id).await.expect("the account");
        assert_eq!((own.kind.word(), own.country.as_str()), ("customer", "DK"));
    }
}
