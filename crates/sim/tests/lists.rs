//! The bench of lists at a very small size: that it runs, and that every list answers with rows.

use std::collections::BTreeMap;

use sim::bench::{ListOutcome, ListsBench, Scale, lists};

/// Routes that say nothing in rows, or of which this company has none.
const WITHOUT_ROWS: [&str; 0] = [];

fn bench(postgres: Option<String>) -> ListsBench {
    ListsBench { scale: Scale::SMALL, asks: 1, engine: None, only: None, json: None, postgres }
}

#[test]
fn every_list_answers_with_rows() {
    let found = lists(&bench(None)).expect("the bench runs");
    let mut most: BTreeMap<&str, (u16, usize)> = BTreeMap::new();
    for ListOutcome { route, status, rows, .. } in &found {
        let of = most.entry(route).or_default();
        if *status == 200 {
            *of = (200, of.1.max(*rows));
        }
    }
    for (route, (status, rows)) in most {
        println!("{route}: {status} {rows}");
        assert!(rows > 0 || WITHOUT_ROWS.contains(&route), "{route}: {status}, no rows");
    }
}
