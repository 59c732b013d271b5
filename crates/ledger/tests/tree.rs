//! The tree of the event log: the known vectors of RFC 6962's trees, and what must always hold.

use std::collections::BTreeMap;
use std::convert::Infallible;

use ledger::Page;
use ledger::command::{Answer, Command, Progress, Sequence, Unplaced};
use ledger::house::HOUSE;
use ledger::log::{Placed, leaf_bytes, personal_hash};
use ledger::posting::{Effect, Event};
use ledger::tree::{
    Edge, Hash, Head, Subtrees, Verdict, check_consistency, check_inclusion, consistency,
    empty_root, inclusion, leaf_hash, node_hash, root,
};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use wire::id::EventId;
use wire::time::Timestamp;

/// A tree that remembers all of its complete subtrees.
#[derive(Default)]
struct Whole {
    edge: Edge,
    known: BTreeMap<(u32, u64), Hash>,
}

impl Whole {
    fn of(leaves: &[Hash]) -> Self {
        let mut whole = Self::default();
        for leaf in leaves {
            for one in whole.edge.append(*leaf) {
                whole.known.insert((one.level, one.position), one.hash);
            }
        }
        whole
    }

    fn head(&mut self, size: u64) -> Head {
        let Ok(root) = root(self, size);
        Head { size, root }
    }
}

impl Subtrees for Whole {
    type Fault = Infallible;

    fn complete(&mut self, level: u32, position: u64) -> Result<Hash, Infallible> {
        Ok(self.known[&(level, position)])
    }
}

/// The tree's root as RFC 6962 defines it, word for word.
fn defined(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [one] => *one,
        many => {
            let mut k = 1;
            while k * 2 < many.len() {
                k *= 2;
            }
            node_hash(&defined(&many[..k]), &defined(&many[k..]))
        }
    }
}

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn numbered(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

/// The leaves with which implementations of Certificate Transparency are tested.
fn known_leaves() -> Vec<Hash> {
    let eighth: Vec<u8> = (0x60..0x70).collect();
    let leaves: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        &eighth,
    ];
    leaves.iter().map(|leaf| leaf_hash(leaf)).collect()
}

const KNOWN_ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn the_roots_are_those_that_others_compute() {
    let leaves = known_leaves();
    for (size, known) in KNOWN_ROOTS.iter().enumerate() {
        let whole = Whole::of(&leaves[..size]);
        assert_eq!(hex(&whole.edge.root()), *known, "{size} leaves");
        assert_eq!(hex(&defined(&leaves[..size])), *known, "{size} leaves");
    }
}

#[test]
fn the_proofs_are_those_that_others_compute() {
    let mut whole = Whole::of(&known_leaves());
    let Ok(path) = inclusion(&mut whole, 5, 8);
    let path: Vec<String> = path.iter().map(hex).collect();
    assert_eq!(
        path,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    let Ok(path) = consistency(&mut whole, 6, 8);
    let path: Vec<String> = path.iter().map(hex).collect();
    assert_eq!(
        path,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
}

#[test]
fn every_leaf_of_every_small_tree_is_proved_and_nothing_else() {
    for size in 0..70 {
        let leaves = numbered(size);
        let mut whole = Whole::of(&leaves);
        let head = whole.head(size);
        assert_eq!(head.root, defined(&leaves));
        for (place, leaf) in (0..).zip(&leaves) {
            let Ok(path) = inclusion(&mut whole, place, size);
            let check = |leaf, place, size, root| check_inclusion(leaf, place, size, &path, root);
            assert_eq!(check(leaf, place, size, &head.root), Verdict::Proved);
            assert_eq!(check(&[9; 32], place, size, &head.root), Verdict::Unproved);
            assert_eq!(check(leaf, place, size, &[9; 32]), Verdict::Unproved);
            assert_eq!(check(leaf, place + 1, size, &head.root), Verdict::Unproved);
            let longer: Vec<Hash> = path.iter().copied().chain([[0; 32]]).collect();
            let verdict = check_inclusion(leaf, place, size, &longer, &head.root);
            assert_eq!(verdict, Verdict::Unproved);
        }
    }
}

#[test]
fn every_beginning_of_every_small_tree_is_proved_and_nothing_else() {
    for to in 0..50 {
        let mut whole = Whole::of(&numbered(to));
        let new = whole.head(to);
        for from in 0..=to {
            let old = whole.head(from);
            let Ok(path) = consistency(&mut whole, from, to);
            assert_eq!(check_consistency(&old, &new, &path), Verdict::Proved, "{from} of {to}");
            let other = Head { root: [9; 32], ..old };
            assert_eq!(check_consistency(&other, &new, &path), Verdict::Unproved);
            let other = Head { root: [9; 32], ..new };
            if from > 0 {
                assert_eq!(check_consistency(&old, &other, &path), Verdict::Unproved);
            }
            if !path.is_empty() {
                let verdict = check_consistency(&old, &new, &path[..path.len() - 1]);
                assert_eq!(verdict, Verdict::Unproved);
                assert_eq!(check_consistency(&new, &old, &path), Verdict::Unproved);
            }
        }
    }
}

proptest! {
    #[test]
    fn one_altered_leaf_breaks_every_later_head(
        size in 1_u64..300, altered in any::<u64>(), later in any::<u64>(),
    ) {
        let mut leaves = numbered(size);
        let altered = altered % size;
        let from = altered + 1 + later % (size - altered);
        let old = Whole::of(&leaves).head(from);
        leaves[usize::try_from(altered).unwrap()] = [5; 32];
        let mut forged = Whole::of(&leaves);
        let new = forged.head(size);
        let Ok(path) = consistency(&mut forged, from, size);
        prop_assert_eq!(check_consistency(&old, &new, &path), Verdict::Unproved);
    }

    #[test]
    fn an_edge_taken_up_again_goes_on_as_if_it_was_never_put_down(cut in 0_u64..200, more in 0_u64..200) {
        let leaves = numbered(cut + more);
        let (first, rest) = leaves.split_at(usize::try_from(cut).unwrap());
        let edge = Whole::of(first).edge;
        let mut again = Edge::new(edge.size(), edge.peaks().to_vec()).unwrap();
        rest.iter().for_each(|leaf| drop(again.append(*leaf)));
        prop_assert_eq!(again.root(), defined(&leaves));
        let more: Vec<Hash> = again.peaks().iter().copied().chain([[0; 32]]).collect();
        prop_assert!(Edge::new(again.size(), more).is_none());
    }
}

fn event(at: i64, id: u8) -> Event {
    Event {
        account: HOUSE,
        virtual_account: None,
        id: EventId::from_bytes([id; 16]),
        at: Timestamp::from_millis(at),
        actor: "ann".to_owned(),
        role: "operator".to_owned(),
        action: "license.defined".to_owned(),
        subject: "lic_1".to_owned(),
        detail: "{}".to_owned(),
        private: String::new(),
        address: "192.0.2.1".to_owned(),
    }
}

fn run(page: &mut Page, from: u64, events: &[(i64, u8)]) -> Vec<Placed> {
    let events = events
        .iter()
        .map(|(at, id)| Unplaced { event: event(*at, *id), salt: Some([*id; 16]) })
        .collect();
    let command = Command::Sequence(Sequence { account: HOUSE, from, events });
    let done = command.run(page, &mut Progress::default(), Timestamp::from_seconds(9));
    assert_eq!(done, Ok(Answer::Done));
    let placed = page.appended.drain(..).filter_map(|effect| match effect {
        Effect::Placed(placed) => Some(*placed),
        _ => None,
    });
    placed.collect()
}

#[test]
fn events_get_their_places_in_order_of_time_and_id_whatever_order_they_are_found_in() {
    let mut page = Page::whole();
    let placed = run(&mut page, 0, &[(5, 1), (3, 9), (3, 2)]);
    let order: Vec<_> =
        placed.iter().map(|one| (one.place.number, one.event.at.millis())).collect();
    assert_eq!(order, [(0, 3), (1, 3), (2, 5)]);
    assert_eq!(placed[0].event.id, EventId::from_bytes([2; 16]));
    let other = run(&mut Page::whole(), 0, &[(3, 2), (5, 1), (3, 9)]);
    assert_eq!(placed, other);
    assert!(run(&mut page, 0, &[(7, 7)]).is_empty(), "another was first: nothing is done");
    assert_eq!(run(&mut page, 3, &[(1, 7)])[0].place.number, 3);
}

#[test]
fn a_leaf_holds_its_place_and_nothing_that_tells_of_a_person() {
    let one = event(5, 1);
    let personal = personal_hash(&[7; 16], &one);
    let leaf = leaf_bytes(&one, 4, &personal);
    assert_ne!(leaf, leaf_bytes(&one, 5, &personal));
    let erased = Event { actor: String::new(), address: String::new(), ..one.clone() };
    assert_eq!(leaf, leaf_bytes(&erased, 4, &personal), "it stands when the person is erased");
    assert_ne!(personal, personal_hash(&[8; 16], &one));
    let moved = Event { actor: "anna".to_owned(), address: "92.0.2.1".to_owned(), ..one };
    assert_ne!(personal, personal_hash(&[7; 16], &moved), "parts are told apart");
}
