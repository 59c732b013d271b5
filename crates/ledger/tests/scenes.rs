//! Scenes: what happens, and what the book answers, one line each.
//!
//! A scene is a file in `scenes/` that a license manager can read. Left of the bar stands
//! what happens, or what is asked; right of it the answer. Each scene is played three
//! times: with the whole book on the page, with rows given only when a command asks, and
//! with a page that is kept from one command to the next.

#[path = "stage/acts.rs"]
mod acts;
#[path = "stage/asks.rs"]
mod asks;
#[path = "stage/audit.rs"]
mod audit;
#[path = "stage/book.rs"]
mod book;
#[path = "stage/scene.rs"]
mod scene;
#[path = "stage/words.rs"]
mod words;

use std::path::{Path, PathBuf};

use book::Reading;
use scene::Scene;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenes")
}

/// Plays a scene; returns what was answered otherwise than it says, and the book.
fn play(text: &str, reading: Reading) -> (Vec<String>, Scene) {
    let mut scene = Scene::new(reading);
    let mut wrong = Vec::new();
    for (nth, line) in text.lines().enumerate() {
        let told = line.split('#').next().unwrap_or_default();
        if told.trim().is_empty() {
            continue;
        }
        let (left, right) = told.split_once('|').unwrap_or_else(|| panic!("no bar in: {line}"));
        let words: Vec<&str> = left.split_whitespace().collect();
        let said = scene.happens(&words).unwrap_or_else(|| scene.asks(&words));
        if said != right.trim() {
            wrong.push(format!("{}: {} | {said}\n    but it says {}", nth + 1, left, right.trim()));
        }
    }
    (wrong, scene)
}

fn play_file(path: &Path) {
    let text = std::fs::read_to_string(path).expect("a scene");
    let (wrong, whole) = play(&text, Reading::Whole);
    assert!(wrong.is_empty(), "{}\n{}", path.display(), wrong.join("\n"));
    for reading in [Reading::AsAsked, Reading::Kept] {
        let (wrong, other) = play(&text, reading);
        assert!(wrong.is_empty(), "{reading:?}: {}\n{}", path.display(), wrong.join("\n"));
        assert_eq!(whole.book.rows(), other.book.rows(), "any reading gives the same rows");
        assert_eq!(whole.book.entries, other.book.entries);
        assert_eq!(whole.book.alarm_changes, other.book.alarm_changes);
        assert_eq!(whole.book.news, other.book.news);
        assert_eq!(whole.book.events, other.book.events);
    }
}

macro_rules! scenes {
    ($($name:ident)+) => {
        $(
            #[test]
            fn $name() {
                play_file(&folder().join(concat!(stringify!($name), ".scene")));
            }
        )+

        #[test]
        fn every_scene_is_played() {
            let played = [$(stringify!($name)),+];
            for entry in std::fs::read_dir(folder()).expect("the folder of scenes") {
                let path = entry.expect("a file").path();
                let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
                assert!(played.contains(&name), "{name} is not in the list");
            }
        }
    };
}

scenes! {
    a_bound_key_outranks_unverified_reports
    a_chain_is_followed
    a_clock_ahead_is_flagged
    a_clone_is_seen
    a_device_joins_a_stack
    a_device_moves_with_its_token
    a_device_uses_many_licenses
    a_dropped_license_is_unconfirmed
    a_file_is_taken_in_once
    a_key_is_bound_by_a_token
    a_late_clone_is_seen
    a_late_report_changes_only_the_past
    a_level_is_what_is_stated
    a_removed_instance_frees_what_it_held
    a_removed_instance_reports_again
    a_report_comes_twice_or_late
    a_revoked_key_speaks_for_nobody
    a_stack_is_one_instance
    an_ended_use_may_be_contradicted
    an_instance_is_its_udi
    an_unknown_tag_is_counted
    a_use_ends_twice
    an_unverified_stack_is_one_instance
    equal_is_sufficient
    everything_moves_to_another_virtual_account
    in_use_is_the_newest_position
    instances_move_to_another_virtual_account
    information_only_is_never_alarmed
    levels_turn_stale_by_policy
    short_since_is_measured
    telling_is_damped
    terms_are_half_open
    the_country_of_purchase_changes
    the_network_tells_the_country
    use_elsewhere_is_noticed
    what_is_shown_is_split
}
