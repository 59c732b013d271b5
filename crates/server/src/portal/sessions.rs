//! Where a person is signed in, and ending that.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use ledger::house::Session;
use ledger::refusal::Refusal;

use super::answer::{Unshown, shown};
use super::door::{Hidden, Own, with_session};
use super::facts::moment;
use super::own::{Done, OwnQuery, around, done, refused};
use super::pages::own::{SessionRow, Sessions};
use super::pages::paths;
use crate::app::App;
use crate::keys::to_hex;

/// Bytes of a session's hash that mark it on the page.
const MARK: usize = 8;

fn mark(session: &Session) -> String {
    to_hex(&session.token_hash[..MARK])
}

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    own: Own,
    Query(query): Query<OwnQuery>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let now = app.world.now();
    let found = app.sessions_of(&own.person).await?;
    let this = own.guest.signed_in.session.token_hash;
    let others = found.iter().any(|session| session.token_hash != this);
    let row = |session: &Session| SessionRow {
        mark: mark(session),
        browser: browser(&session.browser),
        address: session.address.clone(),
        by: session.factors.word(),
        began: moment(session.began_at, now),
        seen: moment(session.seen_at, now),
        end: (session.token_hash != this).then(|| own.guest.guard(&app)),
    };
    let page = Sessions {
        own: around(&own, &app, query.note()),
        rows: found.iter().map(row).collect(),
        end_others: others.then(|| own.guest.guard(&app)),
    };
    shown(&page, &headers)
}

/// A browser by its name and system, as far as it says; else by its own words.
fn browser(said: &str) -> String {
    let has = |word: &str| said.contains(word);
    // Each names its ancestors too, so the youngest come first.
    let names = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let name = names.iter().find(|(word, _)| has(word)).map(|(_, name)| *name);
    let system = systems.iter().find(|(word, _)| has(word)).map(|(_, name)| *name);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        _ if said.is_empty() => "A browser that does not say its name".to_owned(),
        _ => said.to_owned(),
    }
}

/// Ends another session.
pub(super) async fn end(
    State(app): State<App>,
    own: Own,
    Path(named): Path<String>,
    Form(hidden): Form<Hidden>,
) -> Result<Response, Unshown> {
    own.guest.confirm(&hidden)?;
    let found = app.sessions_of(&own.person).await?;
    let found = found.into_iter().find(|session| mark(session) == named);
    let found = found.ok_or(Refusal::NotFound { what: "session" })?;
    app.end_session(own.person.id, found.token_hash).await?;
    Ok(done(paths::MY_SESSIONS, Done::SessionEnded))
}

/// Ends all other sessions.
pub(super) async fn end_others(
    State(app): State<App>,
    own: Own,
    Form(hidden): Form<Hidden>,
) -> Result<Response, Unshown> {
    let ask = own.ask(&hidden, "end all other sessions")?;
    let session = &own.guest.signed_in.session;
    match app.end_other_sessions(ask, session, own.guest.caller()).await {
        Ok(new) => Ok(with_session(done(paths::MY_SESSIONS, Done::OthersEnded), &app, &new)),
        Err(error) => Err(refused(error, paths::MY_SESSIONS)),
    }
}

#[cfg(test)]
mod tests {
    use super::browser;

    #[test]
    fn a_browser_is_named_by_its_youngest_name_and_its_system() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome on Linux");
        let edge = format!("{chrome} Edg/140.0");
        assert_eq!(browser(&edge), "Edge on Linux");
        assert_eq!(browser("curl/8.5"), "curl/8.5");
        assert_eq!(browser(""), "A browser that does not say its name");
    }
}
