//! Every page by every role: on what is theirs, a sibling's, a foreign account's and what is not
//! there; and every link and form that a page shows to a role works for it.

use std::collections::{BTreeSet, VecDeque};

use axum::http::StatusCode;
use ledger::role::{Action, Breadth, Role};

use crate::home::both;
use crate::office::{Office, forms};

/// The pages, and what each role gets: operator, support, approver, administrator, user, viewer,
/// virtual administrator, virtual user, virtual viewer. 303 leads to what the role may see.
const TABLE: [(&str, [u16; 9]); 22] = [
    ("", [200, 404, 303, 200, 200, 200, 200, 200, 200]),
    ("alarms", [200, 404, 404, 200, 200, 200, 200, 200, 200]),
    ("tokens", [200, 404, 404, 200, 200, 200, 200, 200, 200]),
    ("instances/move", [200, 403, 403, 200, 200, 403, 200, 200, 403]),
    ("instances/remove", [200, 403, 403, 200, 200, 403, 200, 200, 403]),
    ("events", [200, 403, 200, 200, 403, 403, 200, 403, 403]),
    ("people", [200, 403, 200, 200, 403, 403, 200, 403, 403]),
    ("people/{grant}/end", [200, 403, 403, 200, 403, 403, 200, 403, 403]),
    ("properties", [200, 404, 200, 200, 200, 200, 200, 200, 200]),
    ("virtual-accounts", [200, 404, 200, 200, 200, 200, 200, 200, 200]),
    ("virtual-accounts/{branch}", [200, 404, 200, 200, 200, 200, 200, 200, 200]),
    ("virtual-accounts/{sibling}", [200, 404, 200, 200, 200, 200, 404, 404, 404]),
    ("virtual-accounts/{branch}/archive", [200, 403, 403, 200, 403, 403, 403, 403, 403]),
    ("api-clients", [200, 403, 403, 200, 403, 403, 403, 403, 403]),
    ("see-as-customer", [200, 200, 403, 403, 403, 403, 403, 403, 403]),
    ("/gallery", [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("/accounts", [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("/accounts/new", [200, 403, 403, 403, 403, 403, 403, 403, 403]),
    ("/people", [200, 200, 403, 403, 403, 403, 403, 403, 403]),
    ("/people/{person}", [200, 200, 403, 403, 403, 403, 403, 403, 403]),
    ("/grants", [200, 200, 403, 403, 403, 403, 403, 403, 403]),
    ("/terms", [200, 200, 404, 404, 404, 404, 404, 404, 404]),
];

/// Somebody of each role, the operator first; the spare grant is of the branch.
async fn everybody(office: &Office) -> (Vec<(Role, String)>, String, String) {
    let mut people = Vec::new();
    for role in Role::ALL {
        let email = format!("{role:?}@halden.example").to_lowercase();
        people.push((role, office.person(&email, role).await));
    }
    office.invite("spare@halden.example", Role::VirtualViewer).await;
    let reads = crate::office::right(Action::ReadPeople, office.account);
    let begins = Some("spare@".to_owned());
    let found = office.app.grants(&reads, office.account, begins, None, 9).await.expect("grants");
    let spare = &found.rows[0];
    (people, spare.id.to_string(), spare.person.to_string())
}

fn absent(id: &str) -> String {
    let (kind, rest) = id.split_once('_').expect("an id");
    format!("{kind}_{}", "0".repeat(rest.len()))
}

/// All that is shown on the way over every link from a page, without what is another's to serve.
async fn walk(office: &Office, cookie: &str, from: &str) -> Vec<(String, String)> {
    let mut seen = BTreeSet::from([from.to_owned()]);
    let mut queue = VecDeque::from([from.to_owned()]);
    let mut shown = Vec::new();
    while let Some(path) = queue.pop_front() {
        let answer = office.get(&path, cookie).await;
        let links: Vec<String> = match answer.status {
            StatusCode::SEE_OTHER => vec![answer.location()],
            StatusCode::OK => {
                let links = answer.body.split("href=\"").skip(1);
                links.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
            }
            status => panic!("{path}: {status}: a link that does not work"),
        };
        for link in links {
            let link = link.split('#').next().unwrap_or_default().replace("&#38;", "&");
            let skip = link.is_empty() || link.starts_with("/assets/") || link.starts_with("/me");
            // A list narrowed twice is the same page as one narrowed once, in any order of columns.
            let list = ["/licenses?", "/instances?"].iter().any(|list| link.contains(list));
            let again = list && (path.contains('?') || link.contains("columns="));
            if !skip && !again && !link.contains("cursor=") && seen.insert(link.clone()) {
                queue.push_back(link);
            }
        }
        if answer.status == StatusCode::OK {
            shown.push((path, answer.body));
        }
    }
    shown
}

both! {
    async fn every_role_gets_the_pages_of_the_table_and_no_others(office) {
        let (people, grant, person) = everybody(&office).await;
        let put = |text: &str, account: String| {
            let text = text.replace("{grant}", &grant).replace("{person}", &person);
            let text = text.replace("{branch}", &office.branch.to_string());
            let text = text.replace("{sibling}", &office.sibling.to_string());
            if text.starts_with('/') { text } else { format!("/accounts/{account}/{text}").trim_end_matches('/').to_owned() }
        };
        for (page, expected) in TABLE {
            for ((role, cookie), expected) in people.iter().zip(expected) {
                let path = put(page, office.account.to_string());
                let answer = office.get(&path, cookie).await;
                assert_eq!(answer.status.as_u16(), expected, "{role:?} {page}: {}", answer.body);
                if page.starts_with('/') || role.breadth() == Breadth::House {
                    continue;
                }
                let foreign = office.get(&put(page, office.foreign.to_string()), cookie).await;
                let none = absent(&office.account.to_string());
                let nothing = office.get(&put(page, none), cookie).await;
                assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{role:?} {page}");
                assert_eq!((foreign.status, foreign.body), (nothing.status, nothing.body), "{role:?} {page}");
            }
        }
    }

    async fn every_link_and_form_that_a_role_is_shown_works_for_it(office) {
        let (people, ..) = everybody(&office).await;
        for (role, cookie) in people.iter().rev() {
            let shown = walk(&office, cookie, "/").await;
            assert!(shown.len() > 1, "{role:?}: {} pages", shown.len());
            for (path, body) in &shown {
                let told = body.contains("href=\"/people\"");
                assert!(!told || role.breadth() == Breadth::House, "{role:?} {path}");
                for form in forms(body) {
                    let drastic = ["/end", "/archive", "/revoke", "/sign-out"];
                    if drastic.iter().any(|end| form.action.ends_with(end)) || form.action.starts_with("/people/") {
                        continue;
                    }
                    let answer = office.post(&form.action, cookie, &form.hidden).await;
                    let refused = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
                    assert!(!refused.contains(&answer.status), "{role:?} {path} {}: {}", form.action, answer.body);
                }
            }
        }
    }

    async fn who_has_no_role_is_told_what_to_ask_for(office) {
        office.invite("ann@halden.example", Role::Viewer).await;
        let cookie = office.accept("ann@halden.example").await;
        let only = office.get("/", &cookie).await;
        assert_eq!(only.location(), format!("/accounts/{}", office.account));
        let operator = office.operator().await;
        let page = office.get(&office.path("people?begins=ann"), &operator).await.ok();
        let end = crate::office::between(&page, "href=\"/accounts/", "/end\"");
        let end = format!("/accounts/{}/end", end.rsplit("href=\"/accounts/").next().expect("a path"));
        office.fill(&end, &end, &operator, &[]).await.done();
        assert_eq!(office.get("/", &cookie).await.location(), "/accounts");
        let list = office.get("/accounts", &cookie).await.ok();
        assert!(list.contains("/me#ask-access") && list.contains("/me#ask-account"), "{list}");
        assert!(!list.contains("Halden") && !list.contains("curl"), "{list}");
    }
}
