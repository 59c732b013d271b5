//! Hostile text in every field is shown harmlessly on every page, or refused in words.

use ledger::role::Role;

use crate::home::both;
use crate::office::{Office, forms};

const MARK: &str = "zq7";

/// Markup, other directions, length, control characters.
fn hostile() -> Vec<String> {
    vec![
        format!("{MARK}<script>alert(1)</script>\"'><img src=x onerror=y>"),
        format!("{MARK}</textarea></title><b onclick=z>&amp;<!--"),
        format!("{MARK}\u{202e}\u{2066}\u{200f}gnorw"),
        format!("{MARK}{}", "W".repeat(10_000)),
        format!("{MARK}{}", "ÿ".repeat(200)),
        format!("{MARK}\u{0}\u{7}\u{1b}[31m\u{7f}"),
        "{{ 7 * 7 }}${7*7}".to_owned(),
    ]
}

fn harmless(page: &str, path: &str) {
    for bad in ["<script>alert", "<img src=x", "<b onclick", "<!--", "\u{0}", "\u{1b}"] {
        assert!(!page.contains(bad), "{path} holds {bad:?}: {page}");
    }
    let scripts = page.matches("<script").count();
    assert_eq!(scripts, page.matches("<script src=\"/assets/").count(), "{path}");
    assert!(page.matches("</title>").count() == 1 || page.is_empty(), "{path}");
    assert_eq!(page.matches("<textarea").count(), page.matches("</textarea>").count(), "{path}");
}

async fn pages(office: &Office, cookie: &str) -> Vec<String> {
    let mut paths: Vec<String> =
        ["/accounts", "/people", "/grants", "/terms", "/accounts/new"].map(str::to_owned).into();
    paths.push(format!("/accounts/{}", office.account));
    let rest = [
        "alarms",
        "tokens",
        "events",
        "people",
        "properties",
        "virtual-accounts",
        "api-clients",
        "see-as-customer",
    ];
    paths.extend(rest.map(|rest| office.path(rest)));
    paths.push(office.path(&format!("virtual-accounts/{}", office.branch)));
    paths.push(office.path(&format!("virtual-accounts/{}/archive", office.branch)));
    let mut more = Vec::new();
    for path in &paths {
        let page = office.get(path, cookie).await.ok();
        let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let deeper = links.filter(|link| {
            ["/revoke", "/end", "/archive"].iter().any(|end| link.contains(end))
                || link.starts_with("/people/")
                || link.contains("/virtual-accounts/")
        });
        more.extend(deeper.map(|link| link.replace("&#38;", "&")));
    }
    paths.extend(more);
    paths
}

/// The names of the visible fields of a form.
fn fields(html: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for tag in html.split('<').filter(|tag| !tag.contains("type=\"hidden\"")) {
        let starts = ["input", "textarea", "select"].iter().any(|name| tag.starts_with(name));
        let name = tag.split_once(" name=\"").and_then(|(_, rest)| rest.split('"').next());
        if let (true, Some(name)) = (starts, name)
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }
    names
}

/// What a form takes in a field beside the one that is tried.
fn fitting(name: &str, office: &Office, nth: usize) -> String {
    match name {
        "email" => format!("n{nth}@x.example"),
        "domain" => format!("n{nth}.example"),
        "role" => "Smart Account Viewer".to_owned(),
        "name" | "title" | "description" | "reason" | "text" => format!("{MARK} {nth}"),
        "virtual_account" => office.branch.to_string(),
        "expires_after_days" | "minutes" => "9".to_owned(),
        "scope" => "read".to_owned(),
        _ => String::new(),
    }
}

both! {
    async fn hostile_text_in_every_field_is_shown_harmlessly(office) {
        let operator = office.operator().await;
        office.person("ann@halden.example", Role::Administrator).await;
        let mut nth = 0;
        let mut tried = 0;
        let all = pages(&office, &operator).await;
        for path in &all {
            let shown = office.get(path, &operator).await;
            if !shown.status.is_success() {
                continue;
            }
            for form in forms(&shown.body) {
                let names = fields(&form.html);
                if form.action == "/sign-out" || names.is_empty() {
                    continue;
                }
                for name in &names {
                    for text in hostile() {
                        nth += 1;
                        // Each try has a fresh page: its request id and its revision.
                        let page = office.get(path, &operator).await.body;
                        let typed: Vec<(String, String)> = names.iter().map(|other| {
                            let value = if other == name { text.clone() } else { fitting(other, &office, nth) };
                            (other.clone(), value)
                        }).collect();
                        let typed: Vec<(&str, &str)> = typed.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                        if !forms(&page).iter().any(|one| one.action == form.action) {
                            continue;
                        }
                        let answer = office.fill_shown(&page, &form.action, &operator, &typed).await;
                        assert!(!answer.status.is_server_error(), "{} {name}: {}", form.action, answer.body);
                        harmless(&answer.body, &form.action);
                        tried += 1;
                    }
                }
            }
        }
        assert!(tried > 150, "{tried}");
        let mut marked = 0;
        for path in pages(&office, &operator).await {
            let page = office.get(&path, &operator).await;
            harmless(&page.body, &path);
            marked += usize::from(page.body.contains(MARK));
        }
        assert!(marked > 8, "{marked}");
        for query in ["people?begins=", "virtual-accounts?begins=", "events?actor=", "events?virtual_account=", "events?since="] {
            for text in hostile() {
                let path = office.path(&format!("{query}{}", crate::office::encoded(&text)));
                let page = office.get(&path, &operator).await;
                assert!(!page.status.is_server_error(), "{path}: {}", page.body);
                harmless(&page.body, &path);
            }
        }
    }
}
