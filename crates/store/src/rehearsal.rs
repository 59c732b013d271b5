//! Rehearsing a command: the same rules on rows of this moment, and nothing is written.

use std::collections::BTreeSet;

use ledger::Page;
use ledger::command::{Answer, Command, Progress, Stop};
use ledger::page::Want;
use wire::time::Timestamp;

use crate::fault::Fault;
use crate::hints::hints;
use crate::read::Reading;
use crate::rows::{Target, learn, target};
use crate::table::Hold;
use crate::writer::NotWritten;

/// How often rows are read until the command has all that it rests on.
const ROUNDS: u32 = 64;

impl Reading<'_> {
    /// What a command would answer now, were it written.
    ///
    /// # Errors
    /// The refusal that it would meet, or a fault of the store.
    pub fn rehearse(&mut self, command: &Command, now: Timestamp) -> Result<Answer, NotWritten> {
        let (mut page, mut progress) = (Page::default(), Progress::default());
        let mut unread: BTreeSet<Want> = BTreeSet::new();
        for _ in 0..ROUNDS {
            self.read_wanted(&mut page, &unread, command)?;
            match command.run(&mut page, &mut progress, now) {
                Ok(answer) => return Ok(answer),
                Err(Stop::Refused(refusal)) => return Err(NotWritten::Refused(refusal)),
                Err(Stop::Unread(want)) => unread = BTreeSet::from([want]),
            }
        }
        Err(Fault::down("a command asks again for what was read").into())
    }

    /// Reads what is missing, and what will be asked for next as far as one can tell.
    fn read_wanted(
        &mut self,
        page: &mut Page,
        unread: &BTreeSet<Want>,
        command: &Command,
    ) -> Result<(), Fault> {
        let mut wanted = unread.clone();
        loop {
            wanted.extend(hints(command, page));
            wanted.retain(|want| !page.knows(want));
            if wanted.is_empty() {
                return Ok(());
            }
            // Nothing is held: nothing will be written.
            let free = |want: &Want| Target { hold: Hold::No, ..target(want) };
            let targets: Vec<Target> = wanted.iter().map(free).collect();
            for (table, rows) in self.read_targets(&targets)? {
                learn(page, table, rows)?;
            }
            for want in std::mem::take(&mut wanted) {
                if !page.knows(&want) {
                    page.note_read(want);
                }
            }
        }
    }
}
