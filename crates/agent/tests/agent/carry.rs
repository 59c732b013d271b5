//! A device without a network: its trust request and its usage go by file, and so do the answers.

use crate::ADVANTAGE;
use crate::office::Office;
use agent::device::{Outgoing, Saving, Trouble};
use agent::seat::{Carrier as _, Keeping as _};
use wire::file::{AckFile, Room};
use wire::key::SigningKey;
use wire::time::Timestamp;
use wire::token::IdToken;

use crate::world::{START, World};

impl World {
    fn ask_by_hand(&mut self, token: &IdToken) -> String {
        self.device.trust(token, self.now());
        let file = self.device.save_trust(self.now()).expect("a request");
        self.kept.keep(&mut self.device).expect("kept");
        file
    }

    /// What the manager answers to a carried trust request.
    fn answer(&mut self, request: &str) -> Vec<u8> {
        let outgoing = Outgoing::Trust { body: request.as_bytes().to_vec() };
        self.manager.carry(outgoing).expect("an answer").body
    }

    fn import(&mut self, file: &[u8]) -> Result<bool, String> {
        let heard = self.device.import(file, self.now());
        self.kept.keep(&mut self.device).expect("kept");
        heard.map(|heard| heard.trusted).map_err(|trouble: Trouble| trouble.code)
    }

    /// An hour of each of two levels, with a report closed between them.
    fn work(&mut self) {
        self.set(ADVANTAGE, 3);
        self.pass(3_600);
        self.device.save(Saving::All, self.now()).expect("something to save");
        self.set(ADVANTAGE, 5);
        self.pass(3_600);
    }
}

#[test]
fn a_device_that_never_has_a_network_tells_the_same_numbers() {
    let mut networked = World::new();
    networked.work();
    networked.trust();

    let mut alone = World::new();
    alone.work();
    let token = alone.manager.token();
    let request = alone.ask_by_hand(&token);
    let answer = alone.answer(&request);
    assert_eq!(alone.import(&answer), Ok(true));
    let usage = alone.device.save(Saving::Unreported, alone.now()).expect("usage");
    let ack = alone.manager.usage(usage.as_bytes(), Room::File).to_xml();
    assert_eq!(alone.import(ack.as_bytes()), Ok(false));
    assert_eq!(alone.device.state().acknowledged, 2);
    assert!(alone.device.state().waiting.is_empty());

    assert_eq!(alone.manager.weighted(ADVANTAGE), (3 + 5) * 3_600);
    assert_eq!(alone.manager.weighted(ADVANTAGE), networked.manager.weighted(ADVANTAGE));
    assert_eq!(alone.device.state().trust, networked.device.state().trust);
    assert_eq!(alone.device.state().standings, networked.device.state().standings);
}

#[test]
fn the_saved_request_holds_the_bytes_that_go_by_the_network() {
    let mut world = World::new();
    let token = world.manager.token();
    let saved = world.ask_by_hand(&token);
    let sent = world.device.tick(world.now());
    assert_eq!(sent, Some(Outgoing::Trust { body: saved.into_bytes() }));
}

#[test]
fn an_answer_is_good_after_a_restart_and_for_each_saving_of_the_request() {
    let mut world = World::new();
    let token = world.manager.token();
    let first = world.ask_by_hand(&token);
    world.pass(86_400);
    world.restart();
    let second = world.ask_by_hand(&token);
    assert_ne!(first, second, "each says when it was saved");
    let answer = world.answer(&first);
    world.pass(86_400);
    assert_eq!(world.import(&answer), Ok(true));
    let again = world.answer(&second);
    assert_eq!(world.import(&again), Ok(false), "it is trusted already");
    assert!(world.device.is_trusted());
    let error = world.device.save_trust(world.now()).expect_err("nothing is asked for");
    assert_eq!(error.code, "save.no_request");
}

#[test]
fn the_network_may_answer_before_or_after_the_file() {
    let mut world = World::new();
    let token = world.manager.token();
    let request = world.ask_by_hand(&token);
    let outgoing = world.device.tick(world.now()).expect("it asks by the network too");
    let by_file = world.answer(&request);
    let by_network = world.manager.carry(outgoing).expect("an answer");
    assert_eq!(world.import(&by_file), Ok(true));
    world.device.receive(by_network, world.now());
    assert_eq!(world.trouble(), None);
    assert_eq!(world.import(&by_file), Ok(false));
    assert!(world.device.is_trusted());
}

#[test]
fn an_answer_that_is_not_ours_is_refused_and_the_request_stays() {
    let mut world = World::new();
    let token = world.manager.token();
    let error = world.device.save_trust(world.now()).expect_err("nothing is asked for");
    assert_eq!(error.code, "save.no_request");
    let request = world.ask_by_hand(&token);
    let answer = world.answer(&request);
    let mut elsewhere = Office::new(Timestamp::from_seconds(START));
    elsewhere.root = SigningKey::from_seed([77; 32]);
    let foreign = AckFile { bundle: Some(elsewhere.bundle()), ..parsed(&answer) };
    let other_request = AckFile { trust: None, ..parsed(&answer) };
    assert_eq!(world.import(foreign.to_xml().as_bytes()), Err("trust.realm".to_owned()));
    assert_eq!(world.import(other_request.to_xml().as_bytes()), Err("trust.none".to_owned()));
    assert_eq!(world.import(&answer[..answer.len() / 2]), Err("file.xml".to_owned()));
    assert_eq!(world.import(request.as_bytes()), Err("file.kind".to_owned()));
    let mut flipped = answer.clone();
    let inside = flipped.len() * 3 / 4;
    flipped[inside] = if flipped[inside] == b'A' { b'B' } else { b'A' };
    assert!(world.import(&flipped).is_err());
    assert!(!world.device.is_trusted());
    assert_eq!(world.import(&answer), Ok(true), "nothing was lost by all that");

    let mut newer = World::new();
    let old = newer.ask_by_hand(&token);
    let old = newer.answer(&old);
    newer.ask_by_hand(&IdToken { secret: [9; 16], ..token });
    assert_eq!(newer.import(&old), Err("trust.mismatch".to_owned()));
}

fn parsed(answer: &[u8]) -> AckFile {
    AckFile::parse(answer).expect("an answer")
}
