//! Pages from before somebody is signed in.

use super::{guard, text, way};
use crate::app::Mailing;
use crate::portal::pages::Page;
use crate::portal::pages::links::{Approval, Choose, Forgotten, LinkEnd, Occasion, Terms};
use crate::portal::pages::sign_in::{
    Note, PasskeyForm, ProviderButton, SecondFactor, SetUp, SignIn, Takes,
};
use crate::portal::pages::tokens::Field;

pub(super) fn rendered() -> Vec<(&'static str, String)> {
    let whole = |page: &dyn Page| page.document().expect("a sample renders");
    vec![
        ("sign-in", whole(&sign_in(SetUp::Over, Mailing::Sent, None))),
        ("sign-in-first", whole(&sign_in(SetUp::Open, Mailing::None, None))),
        ("sign-in-refused", whole(&sign_in(SetUp::Over, Mailing::Sent, Some("it is wrong")))),
        ("second-factor", whole(&second_factor(Takes::Codes))),
        ("second-factor-recovery", whole(&second_factor(Takes::RecoveryCodes))),
        ("second-factor-passkey", whole(&second_factor(Takes::Nothing))),
        ("forgotten", whole(&forgotten(None))),
        ("forgotten-sent", whole(&forgotten(Some(Note::LinkSent)))),
        ("invitation", whole(&choose(Occasion::Invitation))),
        ("new-password", whole(&choose(Occasion::NewPassword))),
        ("approval", whole(&approval(Some(terms())))),
        ("approval-no-terms", whole(&approval(None))),
        ("link-end", whole(&link_end())),
    ]
}

pub(super) fn passkey() -> PasskeyForm {
    PasskeyForm { options: text("{\"challenge\":\"AA\"}"), state: text("00") }
}

pub(super) fn provider() -> ProviderButton {
    ProviderButton { label: text("Halden <& Sons>"), path: text("/sign-in/halden?next=%2F") }
}

fn sign_in(set_up: SetUp, mail: Mailing, error: Option<&str>) -> SignIn {
    SignIn {
        guard: guard("SIGNIN"),
        next: text("/accounts/acct_01KAQ3?virtual_account=va_01KAQ6"),
        email: text("ines@halden.example"),
        passkey: Some(passkey()),
        providers: vec![provider()],
        set_up,
        mail,
        note: error.is_none().then_some(Note::PasswordSet),
        error: error.map(text),
    }
}

fn second_factor(takes: Takes) -> SecondFactor {
    SecondFactor {
        guard: guard("SECOND"),
        next: text("/"),
        takes,
        passkey: Some(passkey()),
        error: Some(text("the code is wrong")),
    }
}

fn forgotten(note: Option<Note>) -> Forgotten {
    Forgotten { guard: guard("FORGOTTEN"), note, mail: Mailing::None, error: None }
}

fn choose(occasion: Occasion) -> Choose {
    Choose {
        guard: guard("CHOOSE"),
        occasion,
        email: text("ines@halden.example"),
        path: text("/invitation/abc"),
        passkey: (occasion == Occasion::Invitation).then(passkey),
        error: None,
    }
}

fn terms() -> Terms {
    Terms { version: 2, title: text("End User License Agreement"), text: text("1. <& Sons>") }
}

fn approval(terms: Option<Terms>) -> Approval {
    Approval {
        accept: guard("ACCEPT"),
        decline: guard("DECLINE"),
        path: text("/approval/abc"),
        name: text("Brevik Yard <& Sons>"),
        domain: text("brevik.example"),
        kind: "for a company with a domain of its own",
        country: text("NO"),
        approver: text("ines@halden.example"),
        terms,
        reason: Field { value: String::new(), error: Some(text("must not be empty")) },
        error: None,
    }
}

fn link_end() -> LinkEnd {
    LinkEnd {
        title: text("This link does not work any more"),
        detail: text("It was used already."),
        ways: vec![way("Sign in", ", if you have just used it", Some(("Sign in", "/sign-in")))],
    }
}
