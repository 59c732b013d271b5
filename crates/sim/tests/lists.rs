//! The bench of lists at a very small size: that it runs, and that every list answers with rows.

use std::collections::BTreeMap;

use sim::bench::{ListOutcome, ListsBench, Scale, lists};

/// What is asked of routes that are no lists.
const OF_ONE_THING: [&str; 5] = ["first page", "narrowed", "consistency", "inclusion", "half way"];

#[test]
fn every_list_answers_with_rows() {
    let bench = ListsBench {
        scale: Scale::SMALL,
        asks: 1,
        engine: Some("sqlite".to_owned()),
        only: None,
        json: None,
        postgres: None,
    };
    let found = lists(&bench).expect("the bench runs");
    let is_list = |one: &&ListOutcome| {
        let listed = !OF_ONE_THING.contains(&one.variant.as_str());
        // Of a file only the beginning is read; where a pool stood is one thing.
        listed && !one.route.ends_with("/export") && !one.route.ends_with("/standing")
    };
    let mut most: BTreeMap<&str, usize> = BTreeMap::new();
    for ListOutcome { route, .. } in found.iter().filter(is_list) {
        most.insert(route, 0);
    }
    for ListOutcome { route, status, rows, .. } in &found {
        if let Some(of) = most.get_mut(route.as_str())
            && *status == 200
        {
            *of = (*of).max(*rows);
        }
    }
    assert!(most.len() > 20, "{most:?}");
    let empty: Vec<_> = most.iter().filter(|(_, rows)| **rows == 0).collect();
    assert!(empty.is_empty(), "lists without rows: {empty:?}");
}
