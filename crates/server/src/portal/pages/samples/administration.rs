//! The administration of an account and of the house.

use super::{DAY, at, frame, guard, nav, paste, text, visitor};
use crate::portal::pages::Page;
use crate::portal::pages::customer::{
    ApiClients, ClientRow, Confirm, FormPage, MadeClient, PlaceRow, Properties, SecretRow,
    TermsPage, TermsText, VirtualAccountPage, VirtualAccounts,
};
use crate::portal::pages::form::{Choice, FieldKind, Form, FormField, Weight};
use crate::portal::pages::people::{
    Cell, Everybody, GrantRow, HouseRoles, Known, Matrix, People, PersonPage, PersonRow, RoleRow,
    Waiting,
};

/// Every sample under its name.
pub(super) fn rendered() -> Vec<(&'static str, String)> {
    let whole = |page: &dyn Page| page.document().expect("a sample renders");
    vec![
        ("people", whole(&people())),
        ("people-none", whole(&People { rows: Vec::new(), begins: text("<& Sons>"), ..people() })),
        ("properties", whole(&properties())),
        ("virtual-accounts", whole(&virtual_accounts())),
        ("virtual-account", whole(&virtual_account())),
        ("api-clients", whole(&clients())),
        ("confirm", whole(&confirm())),
        ("everybody", whole(&everybody())),
        ("person", whole(&person())),
        ("house-roles", whole(&house_roles())),
        ("terms", whole(&terms())),
        ("form-page", whole(&form_page())),
    ]
}

fn button(mark: &str) -> Form {
    Form::button(guard(mark), text("/accounts/acct_01KAQ3/people"), mark, "Do it")
}

fn form(mark: &str) -> Form {
    let choices = vec![Choice::new("read", "Read"), Choice::new("people", "<& Sons>")];
    let mut fields = vec![
        FormField::hidden("revision", "7"),
        FormField::line("email", "E-mail address", "Whose.").kind(FieldKind::Email),
        FormField::line("name", "Name", "Theirs.").holding("Brevik <& Sons>"),
        FormField::line("role", "Role", "Which.").kind(FieldKind::OneOf(choices.clone())),
        FormField::line("scope", "Scope", "Which.").kind(FieldKind::AnyOf(choices)).holding("read"),
        FormField::line("text", "Text", "").kind(FieldKind::Lines).holding("</textarea><& Sons>"),
        FormField::line("days", "Days", "1 to 366").kind(FieldKind::Number),
        FormField::line("ends_on", "Last day", "").kind(FieldKind::Day),
    ];
    fields[2].error = Some(text("Name is taken already"));
    fields[4].error = Some(text("Scope must have a tick"));
    button(mark).with(fields).weighing(Weight::Main)
}

fn grant_row(mark: &str, state: Known) -> GrantRow {
    GrantRow {
        grant: format!("grant_{mark}"),
        email: text("ines@halden.example"),
        name: text("Ines <& Sons>"),
        state,
        role: "Smart Account Administrator",
        place: text("whole account"),
        granted_by: text("marek@halden.example"),
        granted: at(3 * DAY),
        ends: (state == Known::Blocked).then(|| at(-30 * DAY)),
        invite: (state == Known::Invited).then(|| button(&format!("invite-{mark}"))),
        end: Some(text("/accounts/acct_01KAQ3/people/grant_01A/end")),
    }
}

fn people() -> People {
    People {
        frame: frame(),
        begins: String::new(),
        waiting: vec![Waiting {
            request: text("areq_01A"),
            email: text("tomas@halden.example"),
            role: "Smart Account User",
            message: text("I take over <& Sons>"),
            asked: at(DAY),
            grant: Some(button("granted-01A")),
            decline: Some(button("declined-01A")),
        }],
        rows: vec![
            grant_row("01A", Known::Active),
            grant_row("01B", Known::Invited),
            grant_row("01C", Known::Blocked),
        ],
        next: Some(text("Q1")),
        trouble: Some(text("this is the last administrator here")),
        form: Some(form("grant")),
        matrix: Matrix {
            roles: vec!["Smart Account User", "Virtual Account User", "Viewer"],
            rows: vec![("See licenses", vec![Cell::Whole, Cell::InItsPlace, Cell::Nowhere])],
        },
    }
}

fn terms_text() -> TermsText {
    TermsText {
        version: 2,
        title: text("Terms of <& Sons>"),
        text: text("Be fair.\n\n<& Sons>"),
        published: at(DAY),
    }
}

fn properties() -> Properties {
    Properties {
        frame: frame(),
        facts: vec![("Name", text("Halden <& Sons>")), ("State", text("in use"))],
        edit: Some(form("edit")),
        meanwhile: vec![("Name", text("Halden Fast Ferries"))],
        upgrade: Some(form("upgrade")),
        terms: Some(terms_text()),
        accepted: Some((1, at(90 * DAY))),
        accept: Some(button("accept")),
    }
}

fn place(mark: &str, default: &'static str) -> PlaceRow {
    PlaceRow {
        virtual_account: format!("va_{mark}"),
        name: text("Harbour <& Sons>"),
        description: text("Quays one to four"),
        tags: vec![text("department: quays")],
        mark: default,
    }
}

fn virtual_accounts() -> VirtualAccounts {
    VirtualAccounts {
        frame: frame(),
        begins: String::new(),
        rows: vec![place("01KAQ5", "default"), place("01KAQ6", "")],
        archived: vec![place("01KAQ9", "")],
        next: Some(text("Q1")),
        form: Some(form("new")),
    }
}

fn virtual_account() -> VirtualAccountPage {
    VirtualAccountPage {
        frame: frame(),
        row: place("01KAQ5", "default"),
        number: 123_456_789,
        made: at(90 * DAY),
        archived: Some(at(DAY)),
        edit: Some(form("edit")),
        meanwhile: Vec::new(),
        archive: Some(text("/accounts/acct_01KAQ3/virtual-accounts/va_01KAQ5/archive")),
        restore: Some(button("restore")),
    }
}

fn clients() -> ApiClients {
    let secret = |state| SecretRow {
        made: at(DAY),
        ends: at(-30 * DAY),
        state,
        revoke: Some(text("/accounts/acct_01KAQ3/api-clients/apit_01A/revoke?made_at=1")),
    };
    ApiClients {
        frame: frame(),
        rows: vec![ClientRow {
            client: text("apit_01A"),
            name: text("Nightly <& Sons>"),
            scope: text("read licenses"),
            secrets: vec![secret("Works"), secret("Revoked")],
            more: Some(form("more")),
            revoke: Some(text("/accounts/acct_01KAQ3/api-clients/apit_01A/revoke")),
        }],
        form: form("client"),
        made: Some(MadeClient {
            name: text("Nightly <& Sons>"),
            client: text("apit_01A"),
            secret: text("scrip_secret_00"),
            ends: at(-90 * DAY),
            token: vec![paste("An access token, for an hour", "curl …")],
        }),
    }
}

fn confirm() -> Confirm {
    Confirm {
        visitor: visitor(),
        title: text("Archive “Harbour <& Sons>”?"),
        text: text("Nothing enters it any more."),
        form: Form {
            error: Some(text("this virtual account still holds an entitlement")),
            ..button("archive").weighing(Weight::Danger)
        },
        back: text("/accounts"),
        back_label: "Keep it",
    }
}

fn person_row() -> PersonRow {
    PersonRow {
        person: text("person_01A"),
        email: text("ines@halden.example"),
        name: text("Ines <& Sons>"),
        state: Known::Active,
        since: at(90 * DAY),
    }
}

fn everybody() -> Everybody {
    Everybody {
        visitor: visitor(),
        nav: nav(),
        begins: text("ines"),
        rows: vec![person_row()],
        next: Some(text("Q1")),
    }
}

fn person() -> PersonPage {
    PersonPage {
        visitor: visitor(),
        nav: nav(),
        row: person_row(),
        credentials: text("password"),
        zone: text("Europe/Oslo"),
        roles: vec![RoleRow {
            role: "Smart Account User",
            account: text("Halden <& Sons>"),
            path: Some(text("/accounts/acct_01KAQ3/people")),
            granted: at(DAY),
            ends: Some(at(-DAY)),
        }],
        admit: Some(button("admit")),
        admit_says: "Keeping them out ends their sessions.",
    }
}

fn house_roles() -> HouseRoles {
    HouseRoles {
        visitor: visitor(),
        nav: nav(),
        rows: vec![grant_row("01A", Known::Active)],
        next: Some(text("Q1")),
        trouble: Some(text("They have accepted already.")),
        form: Some(form("grant")),
    }
}

fn terms() -> TermsPage {
    TermsPage {
        visitor: visitor(),
        nav: nav(),
        newest: Some(terms_text()),
        preview: Some(terms_text()),
        form: Some(form("terms")),
    }
}

fn form_page() -> FormPage {
    FormPage {
        visitor: visitor(),
        nav: nav(),
        title: text("Make an account"),
        text: text("It is in use at once."),
        form: form("account"),
    }
}
