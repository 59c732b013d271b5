//! Product instances about to be moved: pasted, and looked at.

use super::{frame, guard, link, text};
use crate::portal::pages::form::{FieldKind, Form, FormField, Weight};
use crate::portal::pages::relocation::{Preview, Relocation, ShiftRow, Turn, UnclearRow};

fn form(submit: &str, fields: Vec<FormField>) -> Form {
    let path = text("/accounts/acct_01KAQ3/instances/move");
    Form::button(guard("MOVE"), path, "instances", submit).weighing(Weight::Main).with(fields)
}

pub(super) fn paste() -> Relocation {
    let lines = FormField::line("lines", "Product instances", "One a line.").kind(FieldKind::Lines);
    Relocation {
        frame: frame(),
        title: text("Move product instances"),
        text: "They go to another virtual account.",
        preview: None,
        form: Some(form("Look at them", vec![lines])),
        back: text("/accounts/acct_01KAQ3/instances"),
    }
}

pub(super) fn preview() -> Relocation {
    let row = |place: &str, (before, after), (balance_before, balance), turn| ShiftRow {
        license: link("Network Advantage <C9300>", "pool_01J"),
        virtual_account: text(place),
        before,
        after,
        balance_before,
        balance,
        turn,
    };
    let shifts = vec![
        row("Harbour", (41, 34), (-3, 4), Turn::Settles),
        row("Fleet", (12, 19), (2, -5), Turn::Opens),
        row("Yard", (2, 4), (20, 18), Turn::None),
    ];
    let unclear = vec![
        UnclearRow { number: 3, text: text("HFR<9>"), why: text("is not known here") },
        UnclearRow { number: 12, text: text("bridge-7"), why: text("means several: a; b") },
    ];
    let summary = text("7 product instances would move, 1 product instance there already");
    let hidden = vec![FormField::hidden("lines", "pi_1\npi_2"), FormField::hidden("sure", "yes")];
    Relocation {
        preview: Some(Preview { summary, unclear, shifts }),
        form: Some(form("Move 7 product instances", hidden)),
        ..paste()
    }
}
