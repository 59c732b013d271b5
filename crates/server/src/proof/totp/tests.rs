//! The codes of RFC 6238, of oathtool, and which of them are taken.

use std::process::Command;

use super::*;
use crate::world::Script;

/// The secret of the vectors in RFC 6238: "12345678901234567890".
const VECTOR: TotpSecret = TotpSecret(*b"12345678901234567890");

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn code(secret: &TotpSecret, step: u64) -> String {
    String::from_utf8(secret.code(step).to_vec()).unwrap()
}

#[test]
fn the_codes_are_those_of_the_rfc() {
    // RFC 6238 gives eight digits; the last six are the same number cut shorter.
    let vectors = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];
    for (seconds, expected) in vectors {
        assert_eq!(code(&VECTOR, seconds / STEP), expected, "{seconds}");
        let now = at(i64::try_from(seconds).unwrap());
        assert_eq!(verify(&VECTOR, expected, now, 0), Some(seconds / STEP));
    }
}

#[test]
fn the_codes_are_those_of_oathtool() {
    let secret = TotpSecret::new(&Script::new(7, at(0)).world());
    for seconds in [59_u64, 1_750_000_000, 4_000_000_000] {
        let run = Command::new("oathtool")
            .args(["--totp=sha1", "--base32", "--now", &format!("@{seconds}")])
            .arg(secret.text().expose())
            .output();
        let Ok(run) = run else {
            println!("skipped: oathtool is not installed");
            return;
        };
        assert_eq!(String::from_utf8(run.stdout).unwrap().trim(), code(&secret, seconds / STEP));
    }
}

#[test]
fn the_steps_before_and_after_are_taken_and_no_others() {
    let now = at(1_750_000_000);
    let present = 1_750_000_000 / STEP;
    for step in [present - 1, present, present + 1] {
        assert_eq!(verify(&VECTOR, &code(&VECTOR, step), now, 0), Some(step));
    }
    for step in [present - 2, present + 2] {
        assert_eq!(verify(&VECTOR, &code(&VECTOR, step), now, 0), None);
    }
}

#[test]
fn no_code_is_taken_twice_nor_an_earlier_one_after_it() {
    let now = at(1_750_000_000);
    let present = 1_750_000_000 / STEP;
    let taken = verify(&VECTOR, &code(&VECTOR, present), now, 0).unwrap();
    assert_eq!(verify(&VECTOR, &code(&VECTOR, present), now, taken), None);
    assert_eq!(verify(&VECTOR, &code(&VECTOR, present - 1), now, taken), None);
    assert_eq!(verify(&VECTOR, &code(&VECTOR, present + 1), now, taken), Some(present + 1));
}

#[test]
fn spaces_do_not_matter_and_other_signs_do() {
    let now = at(59);
    assert_eq!(verify(&VECTOR, "287 082", now, 0), Some(1));
    assert_eq!(verify(&VECTOR, " 287082\n", now, 0), Some(1));
    for wrong in ["", "28708", "2870822", "28708a", "287083", "２８７０８２"] {
        assert_eq!(verify(&VECTOR, wrong, now, 0), None, "{wrong}");
    }
    assert_eq!(verify(&VECTOR, &code(&VECTOR, 1), at(0), 0), Some(1));
}

#[test]
fn a_secret_comes_back_from_its_text_and_is_not_printed() {
    assert_eq!(VECTOR.text().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let back = TotpSecret::from_text("gezdgnbvgy3tqojqgezdgnbvgy3tqojq").unwrap();
    assert_eq!(back.0, VECTOR.0);
    for wrong in ["", "GEZDGNBVGY3TQOJQ", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1"] {
        assert!(TotpSecret::from_text(wrong).is_none(), "{wrong}");
    }
    assert_eq!(format!("{VECTOR:?}"), "TotpSecret(…)");
    let world = Script::new(1, at(0)).world();
    assert_ne!(TotpSecret::new(&world).0, TotpSecret::new(&world).0);
}

#[test]
fn the_address_names_issuer_and_person() {
    let address = VECTOR.address("Scrip: Northwind", "anna+x@example.org");
    assert_eq!(
        address.expose(),
        "otpauth://totp/Scrip%20%20Northwind:anna%2Bx%40example.org\
         ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Scrip%20%20Northwind\
         &algorithm=SHA1&digits=6&period=30"
    );
    assert_eq!(format!("{address:?}"), "Secret(…)");
}

#[test]
fn the_picture_is_an_element_with_classes_and_without_styles() {
    let svg = picture(&VECTOR.address("Scrip", "anna@example.org")).unwrap();
    assert!(svg.starts_with("<svg class=\"qr\" xmlns="), "{svg}");
    assert!(svg.ends_with("z\"/></svg>"));
    assert!(svg.contains("class=\"qr-light\"") && svg.contains("class=\"qr-dark\""));
    assert!(!svg.contains("style"));
    // The corner that every QR code has: seven dark modules, four from the edges.
    assert!(svg.contains("d=\"M4 4h7v1h-7z"), "{svg}");
    assert_eq!(picture(&Secret::new("a".repeat(4000))), None);
}
