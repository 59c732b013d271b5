//! A person's own pages.

use super::door::{passkey, provider};
use super::{DAY, MINUTE, at, guard, text, visitor};
use crate::portal::pages::Page;
use crate::portal::pages::own::{
    AccessForm, AccountForm, AppState, Around, Asks, Authenticator, Freshness, GoOn, Me, MySignIn,
    MyTokenRow, MyTokenState, MyTokens, PasskeyRow, Pick, Prove, ProviderRow, RecoveryCodes,
    RoleRow, Scope, SessionRow, Sessions,
};
use crate::portal::pages::sign_in::Takes;
use crate::portal::pages::tokens::Field;

pub(super) fn rendered() -> Vec<(&'static str, String)> {
    let whole = |page: &dyn Page| page.document().expect("a sample renders");
    vec![
        ("me", whole(&me(roles()))),
        ("me-no-roles", whole(&me(Vec::new()))),
        ("me-sign-in", whole(&sign_in(Freshness::Fresh))),
        ("me-sign-in-stale", whole(&sign_in(Freshness::Stale))),
        ("me-sign-in-bare", whole(&bare())),
        ("me-authenticator", whole(&authenticator())),
        ("me-recovery", whole(&recovery())),
        ("me-sessions", whole(&sessions())),
        ("me-tokens", whole(&tokens())),
        ("me-tokens-none", whole(&MyTokens { rows: Vec::new(), made: None, ..tokens() })),
        ("me-prove-password", whole(&prove(Asks::Password))),
        ("me-prove-code", whole(&prove(Asks::Code(Takes::Codes)))),
        ("me-prove-nothing", whole(&prove(Asks::Nothing))),
        ("me-go-on", whole(&go_on())),
    ]
}

fn around() -> Around {
    Around { visitor: visitor(), note: Some("The passkey is added."), error: None }
}

fn field(value: &str) -> Field {
    Field { value: text(value), error: None }
}

fn roles() -> Vec<RoleRow> {
    let house = RoleRow {
        place: text("This server"),
        path: None,
        role: "operator",
        part: None,
        ends: None,
    };
    let part = RoleRow {
        place: text("Brevik Yard <& Sons>"),
        path: Some(text("/accounts/acct_01KAQ4")),
        role: "Virtual Account User",
        part: Some(text("Fleet")),
        ends: Some(at(-30 * DAY)),
    };
    vec![house, part]
}

fn me(roles: Vec<RoleRow>) -> Me {
    Me {
        more_roles: 0,
        own: Around { error: Some(text("it is wrong")), ..around() },
        guards: [guard("ME1"), guard("ME2"), guard("ME3")],
        email: text("ines@halden.example"),
        name: field("Ines Okafor"),
        zone: Field { value: text("Nowhere"), error: Some(text("must be a time zone")) },
        zones: vec![text("Europe/Oslo")],
        themes: [
            Pick::of("system", "As my system has it", "dark"),
            Pick::of("light", "Light", "dark"),
            Pick::of("dark", "Dark", "dark"),
        ],
        dates: [
            Pick::of("day_first", "31 Dec 2027", "iso"),
            Pick::of("month_first", "Dec 31, 2027", "iso"),
            Pick::of("iso", "2027-12-31", "iso"),
        ],
        roles,
        access: AccessForm {
            domain: field("brevik.example"),
            roles: vec![("Smart Account User", true), ("Smart Account Viewer", false)],
            message: Field::default(),
        },
        account: AccountForm { limited: true, ..AccountForm::default() },
    }
}

fn sign_in(proof: Freshness) -> MySignIn {
    let fresh = proof == Freshness::Fresh;
    let app = AppState::Set { codes_left: 9, renew: guard("RENEW"), remove: guard("REMOVE") };
    MySignIn {
        own: around(),
        proof,
        password: fresh.then(|| guard("PASSWORD")),
        app,
        passkeys: vec![PasskeyRow {
            mark: text("a1b2"),
            name: text("Laptop <& Sons>"),
            added: at(DAY),
            remove: guard("PASSKEY"),
        }],
        new_passkey: fresh.then(|| (guard("NEWPASSKEY"), passkey())),
        providers: vec![ProviderRow {
            mark: 0,
            label: text("Halden"),
            issuer: text("https://login.halden.example"),
            added: at(DAY),
            remove: guard("PROVIDER"),
        }],
        more_providers: vec![(provider(), guard("MORE"))],
    }
}

fn bare() -> MySignIn {
    MySignIn {
        app: AppState::None,
        passkeys: Vec::new(),
        providers: Vec::new(),
        more_providers: Vec::new(),
        ..sign_in(Freshness::Fresh)
    }
}

fn authenticator() -> Authenticator {
    let picture = "<svg class=\"qr\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\" role=\"img\" aria-label=\"QR code\"><title>QR code</title><path class=\"qr-light\" fill=\"#fff\" d=\"M0 0h9v9H0z\"/><path class=\"qr-dark\" fill=\"#000\" d=\"M4 4h1v1h-1z\"/></svg>";
    Authenticator {
        own: Around { note: None, error: Some(text("the code is wrong")), ..around() },
        guard: guard("APP"),
        state: text("00"),
        text: text("JBSW Y3DP EHPK 3PXP"),
        picture: Some(text(picture)),
    }
}

fn recovery() -> RecoveryCodes {
    RecoveryCodes { own: around(), codes: vec![text("aaaa-bbbb"), text("cccc-dddd")] }
}

fn sessions() -> Sessions {
    let row = |mark: &str, end| SessionRow {
        mark: text(mark),
        browser: text("Firefox on Linux"),
        address: text("192.0.2.9"),
        by: "passkey",
        began: at(DAY),
        seen: at(MINUTE),
        end,
    };
    Sessions {
        own: around(),
        rows: vec![row("a1", None), row("b2", Some(guard("END")))],
        end_others: Some(guard("OTHERS")),
    }
}

fn tokens() -> MyTokens {
    let row = |id: &str, state| MyTokenRow {
        id: text(id),
        name: text("Inventory <& Sons>"),
        scope: text("read licenses"),
        made: at(DAY),
        ends: at(-DAY),
        state,
    };
    MyTokens {
        own: around(),
        guard: guard("TOKEN"),
        name: Field { value: String::new(), error: Some(text("must not be empty")) },
        days: field("90"),
        scopes: vec![Scope { word: "read", text: "See everything", ticked: true }],
        made: Some((text("Inventory"), text("scrip_pat_00"))),
        rows: vec![
            row("at_1", MyTokenState::Works(guard("REVOKE"))),
            row("at_2", MyTokenState::Ended),
            row("at_3", MyTokenState::Revoked),
        ],
    }
}

fn prove(asks: Asks) -> Prove {
    let nothing = asks == Asks::Nothing;
    Prove {
        own: Around { note: None, ..around() },
        guard: guard("PROVE"),
        next: text("/me/sign-in"),
        email: text("ines@halden.example"),
        asks,
        passkey: (!nothing).then(passkey),
        providers: if nothing { Vec::new() } else { vec![(provider(), guard("VOUCH"))] },
    }
}

fn go_on() -> GoOn {
    GoOn {
        own: Around { note: None, ..around() },
        label: text("Halden"),
        address: text("https://login.halden.example/auth?x=1"),
    }
}
