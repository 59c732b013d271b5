//! A hundred worlds of bad luck come out whole; SCRIP_LONG=1 makes it a thousand.

use sim::world::{Plan, STEPS, run};

/// Runs one quarter of the seeds, so that quarters run beside each other.
fn quarter(nth: u64) {
    let seeds = if std::env::var_os("SCRIP_LONG").is_some() { 250 } else { 25 };
    for seed in nth * seeds..(nth + 1) * seeds {
        let outcome = run(Plan { seed, steps: STEPS });
        if let Some(failure) = &outcome.failure {
            let last = &outcome.lines[outcome.lines.len().saturating_sub(40)..];
            panic!(
                "seed {seed}, step {}: {:?}\n{}",
                failure.step,
                failure.differences,
                last.join("\n")
            );
        }
    }
}

#[test]
fn worlds_of_the_first_quarter_come_out_whole() {
    quarter(0);
}

#[test]
fn worlds_of_the_second_quarter_come_out_whole() {
    quarter(1);
}

#[test]
fn worlds_of_the_third_quarter_come_out_whole() {
    quarter(2);
}

#[test]
fn worlds_of_the_last_quarter_come_out_whole() {
    quarter(3);
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let (one, two) =
        (run(Plan { seed: 4711, steps: STEPS }), run(Plan { seed: 4711, steps: STEPS }));
    assert_eq!(one.lines, two.lines);
    assert!(one.lines.len() > 100, "{} lines", one.lines.len());
}
