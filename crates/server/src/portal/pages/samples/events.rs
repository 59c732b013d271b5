//! The event log: some of everything, none.

use super::{at, frame, text};
use crate::portal::pages::events::{EventRow, Events, Filter, Particular};

pub(super) fn events() -> Events {
    let is = |name: &str, is: &str| Particular { name: text(name), before: None, is: text(is) };
    let changed = |name: &str, before: &str, is: &str| Particular {
        name: text(name),
        before: Some(text(before)),
        is: text(is),
    };
    let row = |n: u64, action: &str, particulars: Vec<Particular>| EventRow {
        event: format!("ev_01{n}"),
        at: at(60),
        actor: Some(text("operator (set-up secret)")),
        role: text("operator"),
        action: text(action),
        subject: text("va_01KAQ6"),
        particulars,
        address: text("192.0.2.1"),
        place: Some(n),
    };
    let erased = EventRow {
        actor: None,
        address: String::new(),
        place: None,
        ..row(3, "token.created", vec![is("description", "<script>alert(1)</script>")])
    };
    Events {
        frame: frame(),
        as_of: at(0),
        filter: Filter {
            actor: text("\"><b>"), error: text("“x” is no day"), ..Filter::default()
        },
        actions: vec![text("token.created"), text("virtual_account.renamed")],
        rows: vec![
            erased,
            row(2, "virtual_account.renamed", vec![changed("name", "Lab", "Campus")]),
            row(1, "virtual_account.created", Vec::new()),
        ],
        next: Some(text("AbC-_")),
    }
}

pub(super) fn events_none() -> Events {
    Events { rows: Vec::new(), next: None, filter: Filter::default(), ..events() }
}
