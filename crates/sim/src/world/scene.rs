//! The scene: what happened, one line for each step, as a person reads it.

use wire::time::Timestamp;

/// How wide the part before the bar is, so that bars stand below each other.
const WIDTH: usize = 64;

/// Everything that happened so far.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    began_at: Timestamp,
    pub(crate) lines: Vec<String>,
}

/// What one step says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    who: String,
    what: String,
    outcome: String,
}

impl Line {
    pub(crate) fn new(
        who: impl Into<String>,
        what: impl Into<String>,
        outcome: impl Into<String>,
    ) -> Line {
        Line { who: who.into(), what: what.into(), outcome: outcome.into() }
    }
}

impl Scene {
    pub(crate) fn new(began_at: Timestamp) -> Scene {
        Scene { began_at, lines: Vec::new() }
    }

    pub(crate) fn add(&mut self, now: Timestamp, line: &Line) {
        let passed = now.since(self.began_at).seconds();
        let (hours, minutes, seconds) = (passed / 3_600, passed / 60 % 60, passed % 60);
        let act = format!("{:<7} {}", line.who, line.what);
        let at = format!("t+{hours:02}:{minutes:02}:{seconds:02}");
        self.lines.push(format!("{at}  {act:<WIDTH$} | {}", line.outcome));
    }
}
