//! Pages outside any account.

use super::{at, nav, paste, text, visitor, way};
use crate::portal::pages::accounts::{AccountNumbers, AccountRow, Accounts};
use crate::portal::pages::parts::{Act, Counted};
use crate::portal::pages::problem::Problem;

pub(super) fn problem() -> Problem {
    Problem {
        status: 404,
        code: text("page.absent"),
        title: text("There is no such page"),
        detail: text("The address may be mistyped, or what it named is gone or not yours to see."),
        ways: vec![way(
            "Look at the overview",
            " of your account",
            Some(("Open it", "/accounts/acct_01KAQ3")),
        )],
        back: Act { label: text("Back to the accounts"), href: text("/accounts") },
    }
}

pub(super) fn accounts(rows: Vec<AccountRow>) -> Accounts {
    let make = vec![paste(
        "On the server",
        "scrip account create --name \"Halden Ferries\" --domain halden.example",
    )];
    Accounts {
        visitor: visitor(),
        nav: nav(),
        next: None,
        new: Some(text("/accounts/new")),
        as_of: at(0),
        total: Counted::Exactly(rows.len() as u64),
        rows,
        make,
    }
}

pub(super) fn accounts_nobodys() -> Accounts {
    Accounts { make: Vec::new(), new: None, ..accounts(Vec::new()) }
}

pub(super) fn account_rows() -> Vec<AccountRow> {
    let row = |account: &str, name: &str, open, last_report| AccountRow {
        account: text(account),
        name: text(name),
        domain: text("halden.example"),
        state: "",
        opens: true,
        numbers: Some(AccountNumbers {
            virtual_accounts: Counted::Exactly(3),
            instances: Counted::AtLeast(10_000),
            open_alarms: Counted::Exactly(open),
            last_report,
        }),
        see_as: None,
    };
    let foreign = AccountRow {
        state: "waits for its approver",
        opens: false,
        numbers: None,
        see_as: Some(text("/accounts/acct_01KAQ9/see-as-customer")),
        ..row("acct_01KAQ9", "Sandvika Rail", 0, None)
    };
    vec![
        foreign,
        row("acct_01KAQ4", "Brevik Yard <& Sons>", 0, None),
        row("acct_01KAQ3", "Halden Ferries", 4, Some(at(2_000))),
    ]
}
