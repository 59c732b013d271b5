//! The people of the company: those who ask in the bench have accepted by their links and sign in
//! as anybody; the many others have roles of all kinds.

use anyhow::{Context as _, bail};
use ledger::account::Account;
use ledger::person::{Bounds, LinkPurpose};
use ledger::role::{Action, Actor, Member, Role, Scope, permit};
use serde_json::{Value, json};
use server::app::api_tokens::NewApiToken;
use server::app::grants::WantedAccess;
use server::app::people::OwnAsk;
use server::app::sign_in::{Caller, Entered};
use server::app::{App, Ask};
use server::proof::Secret;
use wire::id::PersonId;
use wire::time::{Span, Timestamp};

use super::company::{Company, DOMAIN, Desk, text};
use super::{Scale, moment, small};

/// Where everybody asks from.
const FROM: &str = "127.0.0.1";
/// Their browser.
const BROWSER: &str = "bench";
/// How many API clients the account has, and personal tokens each of the staff.
const PROGRAMS: usize = 100;
const PERSONAL: usize = 20;
/// How many ask for access at most.
const ASKING: u32 = 400;
/// Passwords of people who live as long as the bench does.
const PASSWORD: &str = "seven lists in a hundred milliseconds";

/// Somebody who signs in and asks.
#[derive(Clone)]
pub(super) struct Staff {
    /// What figures call them.
    pub(super) role: &'static str,
    pub(super) email: String,
}

/// Everybody who asks, signed in.
pub(super) struct People {
    pub(super) all: Vec<SignedIn>,
}

/// Somebody with a session and a personal token.
pub(super) struct SignedIn {
    pub(super) role: &'static str,
    pub(super) session: String,
    pub(super) token: String,
}

/// The address of one of the many.
pub(super) fn address(n: u32) -> String {
    format!("person{n:04}@{DOMAIN}")
}

/// Whether one of the many has not accepted yet.
pub(super) fn is_invited(n: u32) -> bool {
    n % 10 == 9
}

/// Those who ask, while few letters wait: each accepts by the link in theirs.
pub(super) async fn hire(
    desk: &Desk,
    path: &str,
    places: &[(String, String)],
    scale: Scale,
) -> anyhow::Result<Vec<Staff>> {
    let first = &places[0].0;
    let house = "/api/v1/grants".to_owned();
    let grants = format!("{path}/grants");
    let whole = |role: &str| json!({ "role": role });
    let part = json!({"role": "virtual_administrator", "virtual_account": first});
    let posts = [
        ("operator", "op", &house, whole("operator")),
        ("administrator", "ann", &grants, whole("administrator")),
        ("approver", "ada", &grants, whole("approver")),
        ("one virtual account", "one", &grants, part.clone()),
        ("many virtual accounts", "many", &grants, part),
    ];
    let mut staff = Vec::new();
    for (role, name, grants, mut body) in posts {
        let email = format!("{name}@{DOMAIN}");
        body["email"] = json!(email);
        desk.post(grants, &body).await?;
        accept(&desk.app, &email).await?;
        staff.push(Staff { role, email });
    }
    let many = json!(format!("many@{DOMAIN}"));
    let more = places[1..].iter().take(small(scale.reach)? - 1).map(|(place, _)| {
        let body =
            json!({"email": many, "role": "virtual_administrator", "virtual_account": place});
        (grants.clone(), body)
    });
    desk.post_all(more.collect()).await?;
    Ok(staff)
}

async fn accept(app: &App, email: &str) -> anyhow::Result<()> {
    for letter in app.claim_letters().await? {
        if letter.posted.letter.to != email {
            continue;
        }
        let text = letter.text.context("a letter without a text")?;
        let link = text.lines().find(|line| line.starts_with("http")).context("no link")?;
        let word = link.rsplit('/').next().unwrap_or_default();
        let (secret, request) = (Secret::new(PASSWORD), app.fresh_request());
        let purpose = LinkPurpose::Invitation;
        app.set_password_by_link(word, purpose, secret, request, FROM).await?;
        return Ok(());
    }
    bail!("no letter to {email}")
}

/// The many: roles in the account for some, in up to three virtual accounts for most; every
/// seventh has an end, every twentieth was ended, every tenth is still invited.
pub(super) async fn make(
    desk: &Desk,
    path: &str,
    places: &[(String, String)],
    scale: Scale,
    now: Timestamp,
) -> anyhow::Result<()> {
    let grants = format!("{path}/grants");
    let ends_at = moment(now.plus(Span::from_days(30)));
    let mut firsts = Vec::new();
    let mut others = Vec::new();
    for n in 0..scale.people {
        let mut body = json!({"email": address(n), "name": format!("Person {n} of many")});
        if n % 7 == 0 {
            body["ends_at"] = json!(ends_at);
        }
        let roles = roles(n, places);
        for (nth, role) in roles.into_iter().enumerate() {
            let mut one = body.clone();
            one.as_object_mut().context("an object")?.extend(role);
            let all = if nth == 0 { &mut firsts } else { &mut others };
            all.push((grants.clone(), one));
        }
    }
    let made = desk.post_all(firsts).await?;
    desk.post_all(others).await?;
    let ended = made.iter().skip(3).step_by(20);
    let ends = ended.map(|one| Ok((format!("{grants}/{}/end", text(one, "id")?), json!({}))));
    desk.post_all(ends.collect::<anyhow::Result<_>>()?).await?;
    let house = (0..12).map(|n| {
        let role = if n % 3 == 0 { "operator" } else { "support" };
        (
            "/api/v1/grants".to_owned(),
            json!({"email": format!("vendor{n}@scrip.example"), "role": role}),
        )
    });
    desk.post_all(house.collect()).await?;
    let other = (0..30).map(|n| {
        let body =
            json!({"name": format!("Another Company {n}"), "domain": format!("other{n}.example")});
        ("/api/v1/accounts".to_owned(), body)
    });
    desk.post_all(other.collect()).await.map(drop)
}

fn roles(n: u32, places: &[(String, String)]) -> Vec<serde_json::Map<String, Value>> {
    let whole = match n % 40 {
        0 => Some("administrator"),
        1 => Some("approver"),
        2..6 => Some("user"),
        6 | 7 => Some("viewer"),
        _ => None,
    };
    let object = |value: Value| value.as_object().cloned().unwrap_or_default();
    if let Some(role) = whole {
        return vec![object(json!({ "role": role }))];
    }
    let role = ["virtual_administrator", "virtual_user", "virtual_viewer"][n as usize % 3];
    let place = |nth: usize| &places[(n as usize * 7 + nth * 13) % places.len()].0;
    (0..1 + n as usize % 3)
        .map(|nth| object(json!({"role": role, "virtual_account": place(nth)})))
        .collect()
}

async fn member(app: &App, email: &str) -> anyhow::Result<Member> {
    let id = PersonId::derive(&[b"email", email.as_bytes()]);
    app.member(id).await?.with_context(|| format!("{email} cannot sign in"))
}

/// The account's API clients, by its administrator; the id of one.
pub(super) async fn make_clients(
    desk: &Desk,
    account: &Account,
    staff: &[Staff],
) -> anyhow::Result<String> {
    let ann = staff.iter().find(|one| one.role == "administrator").context("an administrator")?;
    let actor = Actor::Person(Box::new(member(&desk.app, &ann.email).await?));
    let mut id = String::new();
    for n in 0..PROGRAMS {
        let permit = permit(&actor, Action::ManageClients, Scope::Account(account.id))?;
        let ask = Ask::new(permit, desk.app.fresh_request(), b"bench");
        let made = desk.app.make_client_secret(&ask, account.id, None, new_token(n)).await?;
        id = made.token.id.to_string();
    }
    Ok(id)
}

fn new_token(n: usize) -> NewApiToken {
    let name = format!("program {n}");
    NewApiToken { name, bounds: Bounds::Everything, expires_after_days: 366 }
}

/// Some of the many ask for access, each for themself.
pub(super) async fn ask_access(app: &App, domain: &str, scale: Scale) -> anyhow::Result<()> {
    let asking: Vec<u32> = (0..scale.people).filter(|n| !is_invited(*n)).collect();
    for some in asking[..asking.len().min(small(ASKING)?)].chunks(64) {
        let asked = some.iter().map(|n| {
            let (app, domain, email) = (app.clone(), domain.to_owned(), address(*n));
            tokio::spawn(async move {
                let member = member(&app, &email).await?;
                let ask = OwnAsk::new(&member, app.fresh_request(), FROM, b"bench");
                let message = "I look after the switches of three sites.".to_owned();
                let wanted = WantedAccess { domain, role: Role::User, message };
                app.ask_access(ask, &member, wanted).await?;
                anyhow::Ok(())
            })
        });
        for one in asked.collect::<Vec<_>>() {
            one.await??;
        }
    }
    Ok(())
}

impl People {
    /// Everybody who asks, with a session and a personal token that works now.
    pub(super) async fn sign_in(app: &App, company: &Company) -> anyhow::Result<Self> {
        let mut all = Vec::new();
        for one in &company.staff {
            let from = Caller { address: FROM.to_owned(), browser: BROWSER.to_owned() };
            let mut sessions = Vec::new();
            for _ in 0..3 {
                let password = Secret::new(PASSWORD);
                let Entered::In(new) = app.sign_in_by_password(&one.email, password, &from).await?
                else {
                    bail!("a second factor is asked for")
                };
                sessions.push(new.token);
            }
            let session = sessions.pop().context("a session")?;
            let signed_in = app.signed_in(&session).await?.context("nobody is signed in")?;
            let member = signed_in.member().context("nobody is signed in")?;
            let mut token = String::new();
            for n in 0..PERSONAL {
                let ask = OwnAsk::new(member, app.fresh_request(), FROM, b"bench");
                let hash = signed_in.session.token_hash;
                token = app.make_personal_token(ask, hash, new_token(n)).await?.text;
            }
            all.push(SignedIn { role: one.role, session, token });
        }
        Ok(Self { all })
    }
}
