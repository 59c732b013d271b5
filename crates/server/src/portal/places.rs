//! The virtual account that a form names: chosen from a list where there are few, else typed by
//! its name, so that no page grows with the account.

use ledger::refusal::Refusal;
use ledger::role::Permit;
use wire::id::{AccountId, VirtualAccountId};

use super::forms::wrong;
use crate::app::{App, Error};

/// How many names are said to who typed only the beginning of one.
const SAID: u32 = 5;

/// The virtual account of what was chosen or typed: its id, or its whole name, whatever the case.
/// Nothing typed is none. The right is one to read the account.
pub(super) async fn named(
    app: &App,
    reads: &Permit,
    account: AccountId,
    typed: &str,
) -> Result<Option<VirtualAccountId>, Error> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    if let Ok(id) = typed.parse() {
        return Ok(Some(id));
    }
    match app.virtual_account_named(reads, account, typed).await {
        Ok(found) => Ok(Some(found.id)),
        Err(Error::Refused(Refusal::NotFound { .. })) => {
            Err(wrong("virtual_account", &hint(app, reads, account, typed).await?))
        }
        Err(error) => Err(error),
    }
}

/// What may have been meant.
async fn hint(app: &App, reads: &Permit, account: AccountId, typed: &str) -> Result<String, Error> {
    let begins = Some(typed.to_owned());
    let near = app.virtual_accounts(reads, account, begins, None, SAID).await?.rows;
    let names: Vec<String> = near.into_iter().map(|one| format!("“{}”", one.name)).collect();
    Ok(if names.is_empty() {
        "must be the name of a virtual account: none begins so".to_owned()
    } else {
        format!("must be the whole name of a virtual account, such as {}", names.join(", "))
    })
}
