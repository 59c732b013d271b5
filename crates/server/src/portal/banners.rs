//! What has to be said on each page of an account: that support looks, that it is not in use yet,
//! that newer terms wait.

use ledger::account::{Account, AccountState};
use ledger::role::{Action, Role};

use super::answer::Unshown;
use super::door::Guest;
use super::facts::{may, moment};
use super::pages::form::Form;
use super::pages::frame::Banner;
use super::pages::parts::Act;
use super::pages::paths::{self, fill};
use crate::app::App;

/// What is blocked while the terms are not accepted.
const BLOCKED: &str = "New ID tokens, trust and entitlements are blocked until then; reports, \
     acknowledgements, exports and revocation go on.";

/// The banners of an account.
pub(super) async fn of(
    app: &App,
    guest: &Guest,
    account: &Account,
) -> Result<Vec<Banner>, Unshown> {
    let mut banners: Vec<Banner> = looking(app, guest, account).into_iter().collect();
    let accept = may(guest, Action::AcceptTerms, account.id).map(|_| Act {
        label: "Read and accept".to_owned(),
        href: format!("{}#terms", fill(paths::PROPERTIES, &[&account.id.to_string()])),
    });
    let owed = app.terms_owed(account).await?;
    banners.extend(match (account.state, owed) {
        (AccountState::PendingApproval, _) => Some(Banner {
            tone: "warn",
            lead: "This account waits for its approver.".to_owned(),
            rest: format!("{} has to accept the terms first. {BLOCKED}", account.approver),
            act: accept,
            form: None,
        }),
        (AccountState::Declined, _) => Some(Banner {
            tone: "bad",
            lead: "This account was declined.".to_owned(),
            rest: format!(
                "The reason: {} New ID tokens, trust and entitlements stay blocked: ask for a new account.",
                account.reason
            ),
            act: None,
            form: None,
        }),
        (AccountState::Active, Some(terms)) => Some(Banner {
            tone: "warn",
            lead: format!(
                "Version {} of the End User License Agreement is not accepted.",
                terms.version
            ),
            rest: BLOCKED.to_owned(),
            act: accept,
            form: None,
        }),
        (AccountState::Active, None) => None,
    });
    Ok(banners)
}

/// That support looks at the account as its customer does, and how to stop.
fn looking(app: &App, guest: &Guest, account: &Account) -> Option<Banner> {
    let now = app.world.now();
    let looks = guest
        .signed_in
        .member()?
        .grants()
        .iter()
        .find(|grant| grant.account == account.id && grant.role == Role::Support)?;
    let until = looks.ends_at.map_or_else(String::new, |at| moment(at, now).exact());
    let path = fill(paths::STOP_SEEING, &[&account.id.to_string()]);
    Some(Banner {
        tone: "info",
        lead: format!("You see {} as its customer does, read-only, until {until}.", account.name),
        rest: "The customer sees this in their event log.".to_owned(),
        act: None,
        form: Some(Form::button(guest.guard(app), path, "stop-seeing", "Stop looking")),
    })
}
