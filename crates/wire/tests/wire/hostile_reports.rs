//! Payloads that nobody honest writes.

use wire::report::Report;
use wire::seal::{Carried, SealedReport};

use crate::sample;

fn own() -> String {
    sample::report(1).to_payload().unwrap()
}

/// The code with which a payload of our own is refused after one change.
fn refusal(from: &str, to: &str) -> &'static str {
    let payload = own();
    assert!(payload.contains(from), "{from} is not in {payload}");
    let changed = payload.replacen(from, to, 1);
    Report::from_payload(&changed).map(|_| "taken").unwrap_or_else(|error| {
        assert!(error.to_string().contains(error.code()), "{error}");
        error.code()
    })
}

#[test]
fn an_own_payload_is_refused_for_any_other_spelling() {
    for (from, to, code) in [
        (",", ", ", "report.form"),
        ("C9300", "\\u00439300", "report.form"),
        ("C9300", "C9300\u{e9}", "report.form"),
        ("C9300", "C9300\0", "report.form"),
        ("C9300", "C9300'", "report.form"),
        ("store-reset", "store%2dreset", "report.form"),
        ("store-reset", "store%2Dreset", "report.form"),
        ("store-reset", "store%ff", "report.form"),
        ("store-reset", "store%zz", "report.form"),
        ("store-reset", "%00", "report.text"),
        ("store-reset", "%0A", "report.text"),
        ("store-reset", "", "report.text"),
        ("}]}", "}]}}", "report.malformed"),
        ("}]}", "}]", "report.malformed"),
        ("}]}", "}]}{}", "report.malformed"),
        ("\"version\":\"2.0\",", "\"version\":\"2.0\",\"version\":\"2.0\",", "report.malformed"),
        ("\"udi_pid\"", "\"udi_pid\":\"X\",\"udi_pid\"", "report.malformed"),
        ("\"notes\"", "\"more\":1,\"notes\"", "report.malformed"),
        ("\"utility_enabled\":false,", "", "report.malformed"),
        ("1767225600", "1767225600.0", "report.malformed"),
        ("1767225600", "1e9", "report.malformed"),
        ("1767225600", "-1", "report.malformed"),
        ("1767225600", "9007199254740992", "report.number"),
        ("\"start_time\":1767225600", "\"start_time\":253402300800", "report.number"),
        ("\"sample_interval\":900", "\"sample_interval\":9007199254740992", "report.number"),
        ("\"-3433\"", "\"-03433\"", "report.number"),
        ("\"-3433\"", "\"+3433\"", "report.number"),
        ("\"-3433\"", "\"-0\"", "report.number"),
        ("\"value\":\"1\"", "\"value\":\"01\"", "report.number"),
        ("\"value\":\"1\"", "\"value\":\"+1\"", "report.number"),
        ("\"value\":\"1\"", "\"value\":\"-1\"", "report.number"),
        ("\"value\":\"1\"", "\"value\":\"\"", "report.number"),
        ("\"value\":\"1\"", "\"value\":1", "report.malformed"),
        ("\"value\":\"1\"", "\"value\":\"1000000000\"", "taken"),
        ("\"value\":\"1\"", "\"value\":\"1000000001\"", "count.range"),
        ("\"value\":\"1\"", "\"value\":\"99999999999999999999\"", "report.number"),
        ("ENTITLEMENT", "TELEMETRY", "report.word"),
        ("COUNT", "BYTES", "report.word"),
        ("\"2.0\"", "\"3.0\"", "report.word"),
        ("\"value\":\"\"", "\"value\":\"x\"", "report.word"),
        ("Active", "active", "report.word"),
        ("\"udi_serial_number\":\"FCW2303D16Y\"", "\"udi_vid\":\"V02\"", "udi.identity"),
        ("regid.2017-05.org.example.advantage", "regid%20", "tag.character"),
    ] {
        assert_eq!(refusal(from, to), code, "{from} made {to}");
    }
}

#[test]
fn a_country_of_our_own_is_two_capital_letters_and_stands_alone() {
    let taken = ["DE", "ZZ"].map(|country| customer(&format!(r#"{{"country":"{country}"}}"#)));
    assert_eq!(taken, ["taken"; 2]);
    for wrong in ["de", "DEU", "D", "", "D%C3%84"] {
        let code = customer(&format!(r#"{{"country":"{wrong}"}}"#));
        assert_eq!(code, "report.word", "{wrong}");
    }
    for wrong in [r#"{"country":"DE","city":"Bonn"}"#, "{}", "\"DE\"", r#"{"country":49}"#] {
        assert_eq!(customer(wrong), "report.malformed", "{wrong}");
    }
}

/// The code with which a payload of our own is refused that says this of the customer.
fn customer(value: &str) -> &'static str {
    let notes = r#""notes":["store-reset"]"#;
    refusal(notes, &format!(r#"{notes},"customer_info":{value}"#))
}

#[test]
fn a_foreign_country_counts_where_it_is_one_and_never_refuses_the_report() {
    let read = |customer: &str| {
        let with = format!(r#"\"customer_info\":{customer},\"later\""#);
        let json = sample::FOREIGN.replacen(r#"\"later\""#, &with, 1);
        let Ok(Carried::Foreign(foreign)) = SealedReport::from_json(&json) else {
            panic!("not one of another maker: {json}")
        };
        foreign.read().unwrap().country.map(|country| country.to_string())
    };
    let of = |value: &str| read(&format!(r#"{{\"city\":\"Bonn\",\"country\":\"{value}\"}}"#));
    assert_eq!(["DE", "de", " De "].map(of), ["DE"; 3].map(|one| Some(one.to_owned())));
    assert_eq!(["Germany", "", "D1"].map(of), [None, None, None]);
    let odd = ["null", "7", r#"\"DE\""#, "{}", r#"{\"country\":49}"#, "[]"];
    assert_eq!(odd.map(read), [const { None }; 6]);
}

#[test]
fn texts_have_a_length_in_characters() {
    assert_eq!(refusal("store-reset", &"%C3%B6".repeat(255)), "taken");
    assert_eq!(refusal("store-reset", &"%C3%B6".repeat(256)), "report.text");
    assert_eq!(refusal("FCW2303D16Y", &"x".repeat(256)), "udi.field");
}

#[test]
fn lists_have_a_length() {
    let member = r#"{"role":"Member","sudi":{"uuid":"x"}},"#;
    assert_eq!(
        refusal(r#"{"role":"Active""#, &(member.repeat(62) + r#"{"role":"Active""#)),
        "taken"
    );
    assert_eq!(
        refusal(r#"{"role":"Active""#, &(member.repeat(63) + r#"{"role":"Active""#)),
        "report.too_many"
    );
    assert_eq!(refusal("\"store-reset\"", &("\"x\",".repeat(16) + "\"y\"")), "report.too_many");
}

#[test]
fn deep_nesting_neither_passes_nor_exhausts_the_stack() {
    for depth in [17, 100_000] {
        let deep = "[".repeat(depth);
        assert_eq!(refusal("\"store-reset\"", &deep), "report.malformed");
        assert_eq!(Report::from_foreign_payload(&deep).unwrap_err().code(), "report.depth");
        let carried = format!("{{\"x\":{deep}");
        assert!(SealedReport::from_json(&carried).is_err());
    }
    let nested = "{\"x\":".repeat(14) + "1" + &"}".repeat(14);
    assert!(
        SealedReport::from_json(&sample::FOREIGN.replacen('{', &format!("{{\"x\":{nested},"), 1))
            .is_ok()
    );
    let nested = "{\"x\":".repeat(17) + "1" + &"}".repeat(17);
    let error =
        SealedReport::from_json(&sample::FOREIGN.replacen('{', &format!("{{\"x\":{nested},"), 1));
    assert_eq!(error.unwrap_err().code(), "report.depth");
}

#[test]
fn what_is_too_large_is_not_looked_at() {
    let large = " ".repeat(wire::limits::REPORT_BYTES + 1);
    assert_eq!(Report::from_payload(&large).unwrap_err().code(), "report.size");
    assert_eq!(Report::from_foreign_payload(&large).unwrap_err().code(), "report.size");
    assert_eq!(SealedReport::from_json(&large).unwrap_err().code(), "report.size");
}

/// The code with which another maker's payload is refused after one change.
fn foreign_refusal(from: &str, to: &str) -> &'static str {
    assert!(sample::FOREIGN.contains(from), "{from}");
    let carried = SealedReport::from_json(&sample::FOREIGN.replacen(from, to, 1));
    let read = carried.and_then(|carried| match carried {
        wire::seal::Carried::Foreign(foreign) => foreign.read(),
        wire::seal::Carried::Sealed(_) => panic!("taken for one of ours"),
    });
    read.map(|_| "taken").unwrap_or_else(|error| error.code())
}

#[test]
fn a_foreign_payload_is_read_within_the_same_limits() {
    let value = r#"\"value\":\"3\""#;
    for (from, to, code) in [
        ("EX0001", "EX\\\\u00000001", "udi.field"),
        ("\"EX0001\"},\n", "\"EX\\u0000\"},\n", "udi.field"),
        ("17.9 ", "17.9 \\u0000", "report.text"),
        (value, r#"\"value\":3"#, "taken"),
        (value, r#"\"value\":\" 3 \""#, "taken"),
        (value, r#"\"value\":-3"#, "report.number"),
        (value, r#"\"value\":3.5"#, "report.malformed"),
        (value, r#"\"value\":1000000001"#, "count.range"),
        (value, r#"\"value\":99999999999999999999"#, "report.malformed"),
        (value, r#"\"value\":\"3\",\"value\":\"4\""#, "report.malformed"),
        ("1700000000", "9007199254740992", "report.number"),
        ("1700000060", "99999999999999", "report.number"),
        (r#"\"entitlement_tag\""#, r#"\"report_type\""#, "report.missing"),
        (r#"\"report_id\""#, r#"\"id\""#, "report.missing"),
        ("ENTITLEMENT", "TELEMETRY", "report.word"),
        ("COUNT", "BYTES", "report.word"),
    ] {
        assert_eq!(foreign_refusal(from, to), code, "{from} made {to}");
    }
}

#[test]
fn a_carried_report_must_have_its_parts_once() {
    for (from, to) in [
        ("\"signature\": {\n", "\"signed\": {\n"),
        ("  \"payload\"", "  \"payload\":\"\",\"payload\""),
        ("\"signing_type\": \"builtin\"", "\"signing_type\": 1"),
        ("\"signing_type\": \"builtin\"", "\"signing_type\": \"cose\""),
    ] {
        let json = sample::FOREIGN.replacen(from, to, 1);
        assert_ne!(json, sample::FOREIGN);
        let error = match SealedReport::from_json(&json) {
            Err(error) => error.code(),
            Ok(wire::seal::Carried::Sealed(report)) => report.peek().unwrap_err().code(),
            Ok(_) => "taken",
        };
        assert!(matches!(error, "report.malformed" | "seal.malformed"), "{from}: {error}");
    }
    let json = sample::sealed(1, [0; 32]).to_json().replace("\"value\":\"0o", "\"value\":\"0o=");
    assert_eq!(SealedReport::from_json(&json).unwrap_err().code(), "report.malformed");
}
