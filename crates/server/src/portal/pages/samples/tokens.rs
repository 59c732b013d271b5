//! ID tokens: the list, one just made, a form refused, none.

use super::{DAY, at, first_steps, frame, guard, text, trust_pastes};
use crate::portal::pages::parts::Counted;
use crate::portal::pages::tokens::{
    ExportControlled, Field, MadeToken, TokenForm, TokenRow, TokenState, Tokens,
};

pub(super) fn tokens(form: TokenForm, made: Option<MadeToken>) -> Tokens {
    let rows = vec![
        token_row("01A", "Harbour autumn", TokenState::Usable, 7 * DAY, (38, Some(50))),
        token_row("01B", "Access points 2027", TokenState::Usable, 364 * DAY, (1, None)),
        token_row("01C", "Core refresh", TokenState::UsedUp, 90 * DAY, (4, Some(4))),
        token_row("01D", "Trade fair", TokenState::Ended, -600 * DAY, (0, Some(2))),
        token_row("01E", "Sent to the wrong list", TokenState::Revoked, 20 * DAY, (0, None)),
    ];
    Tokens {
        frame: frame(),
        as_of: at(0),
        rows,
        total: Counted::Exactly(5),
        form: Some(form),
        made,
        make: first_steps(Counted::Exactly(1)).make_token,
    }
}

pub(super) fn tokens_none() -> Tokens {
    Tokens { rows: Vec::new(), total: Counted::Exactly(0), form: None, ..tokens(form(), None) }
}

pub(super) fn form() -> TokenForm {
    TokenForm::fresh(guard("NEW"), text("va_01KAQ6"))
}

pub(super) fn form_refused() -> TokenForm {
    let refused = |value: &str, error: &str| Field { value: text(value), error: Some(text(error)) };
    TokenForm {
        description: refused("", "Say what the token is for: 1 to 255 characters."),
        expires_after_days: refused("400", "400 days is too long: 1 to 365."),
        max_uses: refused(
            "many",
            "“many” is no number: write one, or leave it empty for no limit.",
        ),
        virtual_account: refused("va_01KAQ6", "That virtual account is gone: choose another."),
        export: ExportControlled::Allowed,
        ..form()
    }
}

pub(super) fn made() -> MadeToken {
    let token = "KQ7MWXWCBYB6WK952SWA0432CF1XMWCEJZ05XHT5GMEJ146S6JR410DD3YRST4CHN5KN0T78F2X4D";
    MadeToken {
        text: text(token),
        description: text("Harbour autumn"),
        virtual_account: text("Harbour"),
        ends: at(-30 * DAY),
        max_uses: Some(50),
        trust: trust_pastes(token),
    }
}

fn token_row(
    mark: &str,
    description: &str,
    state: TokenState,
    ends: i64,
    uses: (u64, Option<u64>),
) -> TokenRow {
    TokenRow {
        token: format!("tok_{mark}"),
        description: text(description),
        virtual_account: text("Harbour"),
        state,
        ends: at(-ends),
        used: uses.0,
        max_uses: uses.1,
        export: if mark == "01A" {
            ExportControlled::Allowed
        } else {
            ExportControlled::NotAllowed
        },
        made_by: text("Ines Okafor"),
        made: at(23 * DAY),
        revoke: (state == TokenState::Usable).then(|| guard(mark)),
    }
}
