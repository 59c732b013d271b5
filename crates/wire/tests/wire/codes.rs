//! Every error ends with its stable code, in lower case, without a full stop.

use wire::country::CountryError;
use wire::id::IdError;
use wire::key::KeyError;
use wire::quantity::CountError;
use wire::report::ReportError;
use wire::seal::{OpenError, SealError};
use wire::tag::TagError;
use wire::text::TextFault;
use wire::time::TimeError;
use wire::token::TokenError;
use wire::udi::UdiError;

#[test]
fn every_error_ends_with_its_code() {
    let field = "hostname";
    let fault = TextFault::Control;
    let pairs = [
        (
            IdError::Malformed { expected: "a pool id" }.code(),
            IdError::Malformed { expected: "a pool id" }.to_string(),
        ),
        (TimeError::Malformed.code(), TimeError::Malformed.to_string()),
        (TimeError::Range.code(), TimeError::Range.to_string()),
        (CountError(2_000_000_000).code(), CountError(2_000_000_000).to_string()),
        (CountryError.code(), CountryError.to_string()),
        (TagError::Length.code(), TagError::Length.to_string()),
        (TagError::Character.code(), TagError::Character.to_string()),
        (TokenError.code(), TokenError.to_string()),
        (KeyError.code(), KeyError.to_string()),
        (UdiError::NoIdentity.code(), UdiError::NoIdentity.to_string()),
        (UdiError::Malformed.code(), UdiError::Malformed.to_string()),
        (UdiError::Field { field, fault }.code(), UdiError::Field { field, fault }.to_string()),
        (SealError::Position.code(), SealError::Position.to_string()),
    ];
    for (code, text) in pairs {
        sound(code, &text);
    }
    for error in [
        ReportError::Size,
        ReportError::Form,
        ReportError::Json("x".into()),
        ReportError::Depth,
        ReportError::Missing { field },
        ReportError::Word { field },
        ReportError::Text { field, fault },
        ReportError::Number { field },
        ReportError::TooMany { what: "notes", limit: 16 },
        ReportError::Tag(TagError::Length),
    ] {
        sound(error.code(), &error.to_string());
        sound(SealError::from(error.clone()).code(), &error.to_string());
        sound(OpenError::from(error.clone()).code(), &error.to_string());
    }
    for error in [
        OpenError::Malformed { what: "the signature" },
        OpenError::Size { limit: 4096 },
        OpenError::Algorithm,
        OpenError::Type { expected: "scrip.ack.v1" },
        OpenError::Realm,
        OpenError::Key,
        OpenError::Signature,
        OpenError::MessageKey,
        OpenError::MessageSignature,
        OpenError::Audience,
        OpenError::Expired,
    ] {
        sound(error.code(), &error.to_string());
    }
}

fn sound(code: &str, text: &str) {
    assert!(text.ends_with(&format!(" ({code})")), "{text}");
    assert!(text.contains(": "), "{text} does not say what to do");
    assert!(!text.starts_with(char::is_uppercase), "{text}");
}
