//! Lists, their counts and files, the search and the preview of moves, from the wrong side: who
//! reaches one virtual account learns nothing of its sibling.

use ledger::entitlement::Term;
use ledger::license::Kind;
use ledger::pool::Pool;
use ledger::role::{Action, Role};
use serde_json::json;
use server::app::catalogue::NewEntitlement;
use server::app::import_usage::Destination;
use server::app::inventory::InstanceQuestion;
use wire::id::{InstanceId, PoolId, VirtualAccountId};
use wire::quantity::Count;
use wire::tag::EntitlementTag;

use crate::foreign::report;
use crate::home::both;
use crate::office::{NOON, Office, between, right};

/// The pool and the product instance of a virtual account.
struct Held {
    pool: PoolId,
    instance: InstanceId,
}

async fn grant(office: &Office, place: VirtualAccountId, tag: &str, source: &str) {
    let new = NewEntitlement {
        virtual_account: place,
        tag: EntitlementTag::new(tag).expect("a tag"),
        quantity: Count::new(3).expect("a count"),
        term: Term { start: NOON, end: None },
        kind: Kind::Perpetual,
        source: source.to_owned(),
    };
    let ask = office.ask_for(Action::GrantEntitlement, office.account);
    office.app.grant(&ask, office.account, new).await.expect("granted");
}

/// A license, used by one device, in a virtual account.
async fn furnish(office: &Office, place: VirtualAccountId, word: &str) -> Held {
    let (tag, serial) = (format!("{word}_license"), word.to_uppercase());
    let imports = right(Action::ImportUsage, office.account);
    let to = Destination { account: office.account, virtual_account: place };
    let said = report(NOON, &serial, (1, &tag, 5), json!(null));
    let file = format!("<smartLicense>{said}</smartLicense>");
    office.app.import_usage(&imports, to, file.as_bytes()).await.expect("imported");
    let tag = EntitlementTag::new(&tag).expect("a tag");
    let reads = right(Action::Read, office.account);
    let within = InstanceQuestion { virtual_account: Some(place), ..InstanceQuestion::default() };
    let found = office.app.instances(&reads, office.account, within, 9).await.expect("instances");
    let instance = found.rows[0].instance.id;
    Held { pool: Pool::id_of(office.account, place, &tag), instance }
}

/// Two virtual accounts; more orders of the sibling than the search shows come before the branch's.
async fn furnished(office: &Office) -> (Held, Held) {
    let branch = furnish(office, office.branch, "branch").await;
    let sibling = furnish(office, office.sibling, "sibling").await;
    for n in 1..=9 {
        grant(office, office.sibling, "sibling_license", &format!("order {n}")).await;
    }
    grant(office, office.branch, "branch_license", "order z").await;
    (branch, sibling)
}

/// Those who reach the branch alone.
async fn narrow(office: &Office) -> Vec<(Role, String)> {
    let mut people = Vec::new();
    for role in [Role::VirtualAdministrator, Role::VirtualUser, Role::VirtualViewer] {
        let email = format!("{role:?}@halden.example").to_lowercase();
        people.push((role, office.person(&email, role).await));
    }
    people
}

fn says_nothing_of_the_sibling(page: &str, about: &str) {
    let said = page.to_lowercase().matches("sibling").count();
    assert_eq!(said, 0, "{about}: {page}");
    assert!(!page.contains("DEFAULT"), "{about}: the sibling's name: {page}");
}

both! {
    async fn lists_counts_and_files_end_at_the_reach(office) {
        let (branch, sibling) = furnished(&office).await;
        let all = office.person("all@halden.example", Role::Administrator).await;
        let whole = office.get(&office.path("licenses"), &all).await.ok();
        assert!(whole.contains("sibling_license") && whole.contains("branch_license"), "{whole}");
        for (role, cookie) in narrow(&office).await {
            for list in ["licenses", "instances"] {
                let page = office.get(&office.path(list), &cookie).await.ok();
                assert_eq!(between(&between(&page, "<h1>", "</h1>"), "<span class=\"count\">", "<"), "1", "{role:?} {list}: {page}");
                for counted in page.split("<span class=\"facet-name\">").skip(1) {
                    let count = between(counted, "<span class=\"num\">", "<");
                    assert!(count == "0" || count == "1", "{role:?} {list}: {counted}");
                }
                says_nothing_of_the_sibling(&page, list);
                let file = office.get(&office.path(&format!("{list}/export")), &cookie).await.ok();
                assert_eq!(file.lines().count(), 2, "{role:?} {list}: {file}");
                says_nothing_of_the_sibling(&file, list);
                let asked = format!("{list}?virtual_account={}", office.sibling);
                let page = office.get(&office.path(&asked), &cookie).await.ok();
                assert!(page.contains("Nothing is like that"), "{role:?} {asked}: {page}");
                assert!(!page.contains("DEFAULT"), "{role:?} {asked}: the sibling's name: {page}");
            }
            let open = office.path(&format!("licenses?open={}", sibling.pool));
            assert!(!office.get(&open, &cookie).await.ok().contains("class=\"opened\""), "{role:?}");
            let users = office.get(&office.path(&format!("instances?pool={}", sibling.pool)), &cookie).await.ok();
            assert!(users.contains("no such pool") && users.contains("Nothing is like that"), "{role:?}");
            let users = office.get(&office.path(&format!("instances?pool={}", branch.pool)), &cookie).await.ok();
            assert!(users.contains(&branch.instance.to_string()), "{role:?}: {users}");
        }
    }

    async fn the_search_ends_at_the_reach_and_is_not_crowded_out_from_beyond(office) {
        furnished(&office).await;
        for (role, cookie) in narrow(&office).await {
            for word in ["sibling", "SIBLING", "default", "order 3"] {
                let page = office.get(&office.path(&format!("search?q={}", word.replace(' ', "+"))), &cookie).await.ok();
                assert!(page.contains("Nothing found"), "{role:?} {word}: {page}");
            }
            let found = office.get(&office.path("search?q=order"), &cookie).await.ok();
            assert!(found.contains("order z") && !found.contains("order 1"), "{role:?}: {found}");
            let found = office.get(&office.path("search?q=branch"), &cookie).await.ok();
            assert!(found.contains("branch_license") || found.contains("SN:BRANCH"), "{role:?}: {found}");
        }
    }

    async fn a_preview_of_moves_knows_nothing_beyond_the_reach_and_who_removed_is_for_readers_of_the_log(office) {
        let (branch, sibling) = furnished(&office).await;
        let people = narrow(&office).await;
        let cookie = &people[0].1;
        for named in [sibling.instance.to_string(), "SIBLING".to_owned()] {
            let page = office.get(&office.path(&format!("instances/remove?instance={named}")), cookie).await.ok();
            assert!(page.contains("is not known here"), "{named}: {page}");
            assert!(!page.contains("sibling_license"), "{named}: {page}");
        }
        let page = office.path(&format!("instances/remove?instance={}", branch.instance));
        let action = office.path("instances/remove");
        office.fill(&page, &action, cookie, &[]).await.done();
        let page = office.path(&format!("instances/{}", branch.instance));
        for (role, cookie) in &people {
            let shown = office.get(&page, cookie).await.ok();
            let told = shown.contains("<b>Removed by virtualadministrator@halden.example on ");
            assert!(told || shown.contains("<b>Removed on "), "{role:?}: {shown}");
            assert_eq!(told, *role == Role::VirtualAdministrator, "{role:?}: {shown}");
            let heading = between(&shown, "<h1>", "</h1>");
            assert!(heading.contains("Removed") && !heading.contains("Unverified"), "{role:?}: {heading}");
        }
    }
}
