//! Which passwords are taken, and what hashing costs and allows.

use super::strength::{Least, Weak, check};
use super::*;

const SALT: [u8; SALT_BYTES] = *b"sixteen bytes of";

fn alone(password: &str) -> Result<(), Weak> {
    check(password, Least::Alone, &["anna.meier@example.org", "Anna Meier"])
}

#[test]
fn fifteen_characters_are_needed_alone_and_eight_beside_a_second_factor() {
    assert_eq!(alone("winter kites to"), Ok(()));
    assert_eq!(alone("winter kites t"), Err(Weak::Short { least: 15, has: 14 }));
    assert_eq!(check("kites to", Least::WithSecondFactor, &[]), Ok(()));
    assert_eq!(
        check("kites t", Least::WithSecondFactor, &[]),
        Err(Weak::Short { least: 8, has: 7 })
    );
    assert_eq!(
        Weak::Short { least: 15, has: 14 }.to_string(),
        "the password needs 15 characters or more and has 14: take several words (password.short)"
    );
}

#[test]
fn characters_are_counted_not_bytes_and_spaces_count() {
    assert_eq!(alone("żółw gęś jaźń ź"), Ok(()));
    assert_eq!(alone("żółw gęś jaźń"), Err(Weak::Short { least: 15, has: 13 }));
    assert_eq!(check(" kites t", Least::WithSecondFactor, &[]), Ok(()));
    // Seven letters, each with a combining accent: seven characters in the composed form.
    let composed = "e\u{301}a\u{301}o\u{301}i\u{301}u\u{301}e\u{301}a\u{301}";
    assert_eq!(
        check(composed, Least::WithSecondFactor, &[]),
        Err(Weak::Short { least: 8, has: 7 })
    );
    let long: String = "winter kites to ".chars().cycle().take(257).collect();
    assert_eq!(alone(&long), Err(Weak::Long { has: 257 }));
}

#[test]
fn passwords_that_are_guessed_first_are_refused() {
    let second = |password| check(password, Least::WithSecondFactor, &[]);
    for common in ["password", "Password1!", "p@ssw0rd", "iloveyou2", "footBALL", "$unsh1ne"] {
        assert_eq!(second(common), Err(Weak::Common), "{common}");
    }
    assert_eq!(alone("!Princess2026!!"), Err(Weak::Common));
    assert_eq!(second("password tram kettle"), Ok(()));
}

#[test]
fn patterns_are_refused_whatever_their_length() {
    let patterns = [
        "aaaaaaaaaaaaaaaaaaaa",
        "123456789012345",
        "abcdefghijklmnopq",
        "qwertyuiopasdfghjkl",
        "9876543210987654321",
        "kites kites kites kites",
        "tram-7tram-7tram-7",
    ];
    for pattern in patterns {
        assert_eq!(alone(pattern), Err(Weak::Pattern), "{pattern}");
    }
    // What is repeated is long enough by itself.
    assert_eq!(alone("winter kites towinter kites to"), Ok(()));
}

#[test]
fn words_about_the_person_and_the_product_do_not_carry_a_password() {
    for password in ["anna.meier-2026", "AnnaMeierScrip1", "meier meier 42 a", "scripscripscri7!"] {
        assert!(matches!(alone(password), Err(Weak::Personal { .. })), "{password}");
    }
    assert_eq!(alone("meier 12 kettles"), Ok(()));
    let word = "anna.meier".to_owned();
    assert_eq!(alone("anna.meier-2026"), Err(Weak::Personal { word }));
}

#[test]
fn the_list_is_in_order_in_small_letters_and_long_enough_to_matter() {
    let lines: Vec<&str> = include_str!("common.txt").lines().collect();
    assert!(lines.is_sorted());
    assert!(lines.iter().all(|line| line.chars().count() >= 8 && *line == line.to_lowercase()));
    assert_eq!(lines.len(), 11_611);
}

#[test]
fn a_hash_is_argon2id_at_the_cost_that_owasp_names() {
    let phc = hash("winter kites to", &SALT);
    assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyBvZg$"), "{phc}");
    assert!(verify("winter kites to", Some(&phc)));
    assert!(!verify("winter kites tO", Some(&phc)));
    assert!(!verify("winter kites to ", Some(&phc)));
    assert!(!needs_rehash(&phc));
}

#[test]
fn the_same_keys_on_another_system_give_the_same_password() {
    let phc = hash("caf\u{e9} kettle tram", &SALT);
    assert!(verify("cafe\u{301} kettle tram", Some(&phc)));
    assert_eq!(phc, hash("cafe\u{301} kettle tram", &SALT));
}

#[test]
fn without_a_hash_or_with_a_broken_one_the_same_work_says_no() {
    assert!(!needs_rehash(NOBODY), "nobody's hash costs what a hash costs");
    assert!(!verify("nobody", None));
    assert!(!verify("", None));
    assert!(!verify("winter kites to", Some("$argon2id$broken")));
    assert!(!verify("winter kites to", Some("")));
}

#[test]
fn a_hash_of_another_cost_is_verified_and_wants_to_be_made_anew() {
    let cheap =
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
    let phc: PasswordHash = cheap.hash_password_with_salt(b"winter kites to", &SALT).unwrap();
    let phc = phc.to_string();
    assert!(verify("winter kites to", Some(&phc)));
    assert!(needs_rehash(&phc));
    assert!(needs_rehash("nothing"));
}

#[tokio::test]
async fn who_comes_when_too_many_wait_is_told_so_and_turns_come_free_again() {
    let hashing = Hashing::at_once(1, 2);
    let phc = hash("winter kites to", &SALT);
    let ask = || hashing.verify(Secret::new("winter kites to"), Some(phc.clone()));
    let all = tokio::join!(ask(), ask(), ask(), ask());
    assert_eq!(all, (Ok(true), Ok(true), Ok(true), Err(Busy)));
    assert_eq!(ask().await, Ok(true));
    assert_eq!(hashing.hash(Secret::new("winter kites to"), SALT).await, Ok(phc));
    assert_eq!(hashing.waiting.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn who_goes_away_while_waiting_is_not_counted_any_more() {
    let hashing = Hashing::at_once(0, 1);
    let ask = || hashing.verify(Secret::new("a"), None);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(10), ask()).await.is_err());
    assert_eq!(hashing.waiting.load(Ordering::SeqCst), 0);
}
