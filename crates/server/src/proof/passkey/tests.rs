//! A passkey is made and shown; every lie about it is refused by its own code.

use super::software::{Key, PRESENT, Software, VERIFIED};
use super::*;
use crate::proof::testing;
use crate::world::Script;

const ANNA: PersonId = PersonId::from_bytes([1; 16]);
const BEN: PersonId = PersonId::from_bytes([2; 16]);
const NOON: Timestamp = Timestamp::from_seconds(1_750_000_000);
const ORIGIN: &str = "https://licenses.example.org";

struct Scene {
    script: Script,
    world: World,
    site: Site,
    software: Software,
}

fn scene() -> Scene {
    let script = Script::new(5, NOON);
    let world = script.world();
    let site = Site::of(ORIGIN).unwrap();
    Scene { script, world, site, software: Software::at(ORIGIN) }
}

fn anna() -> Owner<'static> {
    Owner { person: ANNA, email: "anna@example.org", name: "Anna Meier" }
}

impl Scene {
    fn register(&mut self) -> Result<Passkey, PasskeyFault> {
        let question = self.site.begin_registration(anna(), &[], &self.world)?;
        let answer = self.software.register(&question.options);
        self.site.finish_registration(&question.state, &answer, &[], "Laptop", NOON)
    }

    fn show(&mut self, wanted: Wanted, passkey: &Passkey) -> Result<Proven, PasskeyFault> {
        let known = std::slice::from_ref(passkey);
        let question = self.site.begin_sign_in(wanted, ANNA, known, &self.world);
        let answer = self.software.show(&question.options);
        self.site.finish_sign_in(&question.state, &answer, ANNA, known, NOON)
    }
}

fn code(fault: &PasskeyFault) -> String {
    let text = fault.to_string();
    text.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned()
}

#[test]
fn a_passkey_of_each_kind_is_made_and_signs_in() {
    let keys: [fn() -> Key; 3] = [
        || Key::Es256(testing::p256()),
        || Key::EdDsa(testing::ed25519()),
        || Key::Rs256(testing::rsa()),
    ];
    for key in keys {
        let mut scene = scene();
        scene.software.key = key();
        let made = scene.register().unwrap();
        assert_eq!((made.name.as_str(), made.added_at), ("Laptop", NOON.millis()));
        assert_eq!(made.id, b"the software's passkey");
        scene.software.counter = 7;
        let proven = scene.show(Wanted::Alone, &made).unwrap();
        assert_eq!(proven.verification, Verification::Done);
        assert_eq!(proven.passkey.id, made.id);
        assert!(proven.passkey.data.contains("\"counter\":7"), "{}", proven.passkey.data);
    }
}

#[test]
fn the_browser_is_asked_in_the_standard_form() {
    let mut scene = scene();
    let made = scene.register().unwrap();
    let known = [made];
    let question = scene.site.begin_registration(anna(), &known, &scene.world).unwrap();
    let id = URL_SAFE_NO_PAD.encode(b"the software's passkey");
    assert_eq!(question.options["rp"], json!({ "id": "licenses.example.org", "name": "Scrip" }));
    assert_eq!(question.options["user"]["id"], "AQEBAQEBAQEBAQEBAQEBAQ");
    assert_eq!(question.options["user"]["name"], "anna@example.org");
    assert_eq!(question.options["excludeCredentials"], json!([{ "type": "public-key", "id": id }]));
    let algorithms: Vec<i64> = question.options["pubKeyCredParams"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["alg"].as_i64().unwrap())
        .collect();
    assert_eq!(algorithms, [-7, -8, -257]);
    let alone = scene.site.begin_sign_in(Wanted::Alone, ANNA, &known, &scene.world);
    assert_eq!(alone.options["allowCredentials"], json!([{ "type": "public-key", "id": id }]));
    assert_eq!(alone.options["userVerification"], "required");
    assert_eq!(alone.options["challenge"].as_str().unwrap().len(), 43);
    let second = scene.site.begin_sign_in(Wanted::SecondFactor, ANNA, &known, &scene.world);
    assert_eq!(second.options["userVerification"], "discouraged");
    assert_ne!(second.options["challenge"], alone.options["challenge"]);
}

#[test]
fn a_passkey_alone_says_who_signs_in() {
    let mut scene = scene();
    let made = scene.register().unwrap();
    let question = scene.site.begin_sign_in_of_anybody(&scene.world);
    assert_eq!(question.options["allowCredentials"], json!([]));
    assert_eq!(question.options["userVerification"], "required");
    let answer = scene.software.show(&question.options);
    let claim = claim(&answer).unwrap();
    assert_eq!(claim, Claim { passkey: made.id.clone(), person: Some(ANNA) });
    let finish = |person| {
        scene.site.finish_sign_in(
            &question.state,
            &answer,
            person,
            std::slice::from_ref(&made),
            NOON,
        )
    };
    assert_eq!(finish(ANNA).unwrap().verification, Verification::Done);
    assert_eq!(finish(BEN), Err(PasskeyFault::Unknown));
}

#[test]
fn alone_it_must_be_verified_and_beside_a_password_it_need_not() {
    let mut scene = scene();
    let made = scene.register().unwrap();
    scene.software.flags = PRESENT;
    assert_eq!(scene.show(Wanted::Alone, &made), Err(PasskeyFault::Unverified));
    let proven = scene.show(Wanted::SecondFactor, &made).unwrap();
    assert_eq!(proven.verification, Verification::None);
    assert_eq!(scene.register(), Err(PasskeyFault::Unverified));
    scene.software.flags = 0b0100;
    assert_eq!(
        scene.show(Wanted::Alone, &made),
        Err(PasskeyFault::Form { why: "nobody was there" })
    );
}

#[test]
fn a_counter_that_goes_backwards_is_noticed() {
    let mut scene = scene();
    let made = scene.register().unwrap();
    scene.software.counter = 5;
    let proven = scene.show(Wanted::Alone, &made).unwrap();
    for counter in [5, 4, 0] {
        scene.software.counter = counter;
        assert_eq!(scene.show(Wanted::Alone, &proven.passkey), Err(PasskeyFault::Copied));
    }
    scene.software.counter = 6;
    assert!(scene.show(Wanted::Alone, &proven.passkey).is_ok());
    // Who counts nothing is no copy.
    scene.software.counter = 0;
    assert!(scene.show(Wanted::Alone, &made).is_ok());
    assert!(scene.show(Wanted::Alone, &made).is_ok());
}

#[test]
fn an_answer_for_another_site_is_refused() {
    let mut scene = scene();
    let made = scene.register().unwrap();
    for origin in [
        "https://licenses.example.com",
        "http://licenses.example.org",
        "https://licenses.example.org:444",
    ] {
        scene.software.origin = origin.to_owned();
        let expected = ORIGIN.to_owned();
        let fault = PasskeyFault::Origin { origin: origin.to_owned(), expected };
        assert_eq!(scene.show(Wanted::Alone, &made), Err(fault.clone()));
        assert_eq!(scene.register(), Err(fault));
    }
    scene.software.origin = ORIGIN.to_owned();
    scene.software.site = "example.org".to_owned();
    assert_eq!(code(&scene.show(Wanted::Alone, &made).unwrap_err()), "passkey.origin");
    assert_eq!(code(&scene.register().unwrap_err()), "passkey.origin");
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let mut scene = scene();
    let made = scene.register().unwrap();
    let known = [made];
    let ask = || scene.site.begin_sign_in(Wanted::Alone, ANNA, &known, &scene.world);
    let (first, second) = (ask(), ask());
    let answer = scene.software.show(&first.options);
    let finish = |state: &str, person, now| {
        scene.site.finish_sign_in(state, &answer, person, &known, now).map(|_| ())
    };
    assert_eq!(finish(&first.state, ANNA, NOON), Ok(()));
    assert_eq!(finish(&second.state, ANNA, NOON), Err(PasskeyFault::Challenge));
    assert_eq!(finish(&first.state, BEN, NOON), Err(PasskeyFault::State));
    assert_eq!(finish("{}", ANNA, NOON), Err(PasskeyFault::State));
    let registration = scene.site.begin_registration(anna(), &[], &scene.world).unwrap();
    assert_eq!(finish(&registration.state, ANNA, NOON), Err(PasskeyFault::State));
    let late = NOON.plus(Span::from_millis(300_001));
    assert_eq!(finish(&first.state, ANNA, late), Err(PasskeyFault::Late));
    assert_eq!(finish(&first.state, ANNA, NOON.plus(Span::from_minutes(5))), Ok(()));
    assert_eq!(
        finish(&first.state, ANNA, NOON.minus(Span::from_millis(1))),
        Err(PasskeyFault::Late)
    );
}

#[test]
fn the_halves_of_one_kind_do_not_take_answers_of_the_other() {
    let mut scene = scene();
    let made = scene.register().unwrap();
    let question = scene.site.begin_sign_in_of_anybody(&scene.world);
    let answer = scene.software.register(&question.options);
    let known = [made];
    let finished = scene.site.finish_sign_in(&question.state, &answer, ANNA, &known, NOON);
    assert_eq!(code(&finished.unwrap_err()), "passkey.form");
    let finished = scene.site.finish_registration(&question.state, &answer, &[], "x", NOON);
    assert_eq!(finished, Err(PasskeyFault::State));
}

#[test]
fn a_wrong_signature_an_unknown_passkey_and_a_stranger_are_refused() {
    let mut scene = scene();
    let made = scene.register().unwrap();
    scene.software.key = Key::Es256(testing::p256());
    assert_eq!(scene.show(Wanted::Alone, &made), Err(PasskeyFault::Signature));
    scene.software.id = b"another".to_vec();
    assert_eq!(scene.show(Wanted::Alone, &made), Err(PasskeyFault::Unknown));
    scene.software.id = made.id.clone();
    scene.software.handle = Some(URL_SAFE_NO_PAD.encode(BEN.as_bytes()));
    assert_eq!(scene.show(Wanted::Alone, &made), Err(PasskeyFault::Unknown));
}

#[test]
fn a_passkey_is_not_registered_twice_and_there_is_a_most() {
    let mut scene = scene();
    let made = scene.register().unwrap();
    let question = scene.site.begin_registration(anna(), &[], &scene.world).unwrap();
    let answer = scene.software.register(&question.options);
    let known = vec![made; MOST];
    let finished = scene.site.finish_registration(&question.state, &answer, &known, "x", NOON);
    assert_eq!(finished, Err(PasskeyFault::Known));
    let begun = scene.site.begin_registration(anna(), &known, &scene.world);
    assert_eq!(begun, Err(PasskeyFault::Many));
}

#[test]
fn whether_a_passkey_is_synced_is_kept() {
    let mut scene = scene();
    assert!(!is_synced(&scene.register().unwrap()));
    scene.software.flags = VERIFIED | 0b1_1000;
    assert!(is_synced(&scene.register().unwrap()));
    scene.software.flags = VERIFIED | 0b1_0000;
    assert_eq!(code(&scene.register().unwrap_err()), "passkey.form");
}

#[test]
fn any_bytes_give_a_fault_and_no_panic() {
    let mut scene = scene();
    let question = scene.site.begin_registration(anna(), &[], &scene.world).unwrap();
    let answer = scene.software.register(&question.options);
    let value: Value = serde_json::from_str(&answer).unwrap();
    let whole = value["response"]["attestationObject"].as_str().unwrap();
    let whole = URL_SAFE_NO_PAD.decode(whole).unwrap();
    let mut tried = value.clone();
    for at in 0..whole.len() {
        for changed in [whole[..at].to_vec(), [&whole[..at], &[0xFF], &whole[at + 1..]].concat()] {
            tried["response"]["attestationObject"] = json!(URL_SAFE_NO_PAD.encode(&changed));
            let _ =
                scene.site.finish_registration(&question.state, &tried.to_string(), &[], "x", NOON);
        }
    }
    for broken in ["", "{}", "[]", "null", &"[".repeat(10_000), &"a".repeat(20_000)] {
        assert_eq!(code(&claim(broken).unwrap_err()), "passkey.form");
    }
    scene.script.set(NOON);
}

#[test]
fn a_site_is_a_name_under_https_or_localhost() {
    let of = |url: &str| Site::of(url).map(|site| (site.id, site.origin));
    let pair = |id: &str, origin: &str| Ok((id.to_owned(), origin.to_owned()));
    assert_eq!(of("http://localhost:8080"), pair("localhost", "http://localhost:8080"));
    assert_eq!(of("http://localhost"), pair("localhost", "http://localhost"));
    assert_eq!(of("https://Licenses.Example.org:443/scrip"), pair("licenses.example.org", ORIGIN));
    let port = pair("licenses.example.org", "https://licenses.example.org:8443");
    assert_eq!(of("https://licenses.example.org:8443"), port);
    for url in [
        "http://licenses.example.org",
        "https://127.0.0.1:8080",
        "https://[::1]",
        "ftp://localhost",
        "localhost",
        "",
    ] {
        assert_eq!(code(&Site::of(url).unwrap_err()), "passkey.address", "{url}");
    }
}

/// What Chromium answered, with an authenticator of its own, to the questions of this world at
/// `http://localhost:8765`.
const CREATED: &str = include_str!("tests/chromium-created.json");
const GOT: &str = include_str!("tests/chromium-got.json");

#[test]
fn what_a_real_browser_answers_is_taken() {
    let world = Script::new(5, NOON).world();
    let site = Site::of("http://localhost:8765").unwrap();
    let question = site.begin_registration(anna(), &[], &world).unwrap();
    let made = site.finish_registration(&question.state, CREATED, &[], "Chromium", NOON).unwrap();
    assert_eq!((made.id.len(), is_synced(&made)), (32, false));
    assert!(made.data.contains("\"counter\":1"), "{}", made.data);
    let question = site.begin_sign_in_of_anybody(&world);
    assert_eq!(claim(GOT).unwrap(), Claim { passkey: made.id.clone(), person: Some(ANNA) });
    let finish = |known: &[Passkey]| site.finish_sign_in(&question.state, GOT, ANNA, known, NOON);
    let proven = finish(&[made]).unwrap();
    assert_eq!(proven.verification, Verification::Done);
    assert!(proven.passkey.data.contains("\"counter\":2"), "{}", proven.passkey.data);
    assert_eq!(finish(&[proven.passkey]), Err(PasskeyFault::Copied));
}
