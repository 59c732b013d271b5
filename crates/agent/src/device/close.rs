//! Closing reports: numbering and sealing what was measured, and writing it for a file.

use serde::{Deserialize, Serialize};
use wire::file::{System, UsageFile};
use wire::limits::{FILE_BYTES, REPORTS_PER_FILE};
use wire::quantity::Count;
use wire::report::{Measurement, Report};
use wire::seal::{Carried, Position, SealedReport};
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use super::measure::{Ending, Run};
use super::record::{Closed, Record};
use super::{Clock, Device, SAMPLE, Trouble};

/// How many reports may wait for acknowledgement before the device stops closing by itself and lets
/// the open reports grow: trouble in the field begins at about this many.
pub const WAITING_REPORTS: usize = 1_000;

/// How many bytes of reports may wait, for the same reason: a third of the store's size.
pub const WAITING_BYTES: usize = 16 * 1024 * 1024;

/// Which reports a file is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Saving {
    /// Everything that is kept, refused reports included.
    All,
    /// What was neither acknowledged nor refused.
    Unreported,
    /// What was closed in the last days, refused or not.
    Days(u32),
}

impl Device {
    /// Closes what is open and returns the chosen reports as a usage file (XML).
    ///
    /// # Errors
    /// When there is nothing to save.
    pub fn save(&mut self, which: Saving, now: Clock) -> Result<String, Trouble> {
        let at = self.read(now);
        self.close_all(Ending::CurrentUsageRequested, at);
        let since = match which {
            Saving::Days(days) => at.minus(wire::time::Span::from_days(i64::from(days))),
            Saving::All | Saving::Unreported => Timestamp::MIN,
        };
        let chosen = self.state.waiting.values().filter(|report| match which {
            Saving::All | Saving::Days(_) => report.at >= since,
            Saving::Unreported => report.refused.is_none(),
        });
        let mut room = FILE_BYTES;
        let fitting = chosen.take(REPORTS_PER_FILE).take_while(|report| report.fits(&mut room));
        let reports: Vec<_> = fitting.map(|report| Carried::Sealed(report.sealed())).collect();
        if reports.is_empty() {
            return Err(Trouble::new(
                "save.empty",
                "there is no usage to save: state the usage of a license first",
            ));
        }
        let file = UsageFile { system: Some(self.system(at)), reports };
        self.note(Record::Saved { at });
        Ok(file.to_xml())
    }

    fn system(&mut self, at: Timestamp) -> System {
        let nonce = self.noise.nonce();
        System {
            timestamp: Some(at),
            nonce: Some(nonce.iter().map(|byte| format!("{byte:02x}")).collect()),
            udi: Some(self.profile.udi.clone()),
            hostname: self.profile.hostname.clone(),
            software: Some(self.profile.software.clone()),
        }
    }

    /// Whether the device may close reports of its own accord.
    pub(super) fn may_close(&self) -> bool {
        let waiting = &self.state.waiting;
        waiting.len() < WAITING_REPORTS
            && waiting.values().map(|report| report.payload.len()).sum::<usize>() < WAITING_BYTES
    }

    /// Closes every open report now.
    pub(super) fn close_all(&mut self, ending: Ending, at: Timestamp) {
        self.close_each(ending, at, at);
    }

    /// Closes every open report at `end`; what follows is measured from `resumed` on.
    pub(super) fn close_each(&mut self, ending: Ending, end: Timestamp, resumed: Timestamp) {
        let tags: Vec<_> = self.state.open.keys().cloned().collect();
        for tag in tags {
            if let Err(trouble) = self.close(&tag, ending, end, resumed) {
                // The open report stays and goes on: nothing measured is lost.
                self.trouble = Some((resumed, trouble));
            }
        }
    }

    fn close(
        &mut self,
        tag: &EntitlementTag,
        ending: Ending,
        end: Timestamp,
        resumed: Timestamp,
    ) -> Result<(), Trouble> {
        let Some(open) = self.state.open.get(tag) else { return Ok(()) };
        let measurements = measurements(&open.ended(end.seconds(), ending), ending)?;
        let position = Position { epoch: self.state.epoch, number: self.state.next_number };
        let report = self.report(tag, position, measurements);
        let realm = self.state.trust.as_ref().map(|trust| trust.realm);
        let sealed = SealedReport::seal(&report, position, self.state.previous, realm, &self.key)
            .map_err(|error| Trouble::of("report.seal", &error))?;
        let report = Closed {
            tag: tag.clone(),
            epoch: position.epoch,
            number: position.number,
            key: self.key.id(),
            hash: sealed.hash(),
            payload: sealed.payload().to_owned(),
            cose: sealed.cose().to_vec(),
            at: end,
            refused: None,
        };
        self.note(Record::Closed { report, resumed });
        Ok(())
    }

    fn report(
        &self,
        tag: &EntitlementTag,
        position: Position,
        measurements: Vec<Measurement>,
    ) -> Report {
        Report {
            report_id: position.epoch.saturating_add(position.number).saturating_sub(1),
            software: self.profile.software.clone(),
            udi: self.profile.udi.clone(),
            entitlement: tag.clone(),
            software_version: self.profile.software_version.clone(),
            hostname: self.profile.hostname.clone(),
            utility_enabled: false,
            members: self.profile.members.clone(),
            measurements,
            notes: self.state.notes.clone(),
            country: self.profile.country,
        }
    }
}

fn measurements(runs: &[Run], ending: Ending) -> Result<Vec<Measurement>, Trouble> {
    let last = runs.len().saturating_sub(1);
    let one = |(place, run): (usize, &Run)| {
        let value =
            Count::new(u64::from(run.level)).map_err(|error| Trouble::of("usage.count", &error))?;
        let closing = if place == last { ending.word() } else { None };
        Ok(Measurement {
            log_time: Timestamp::from_seconds(run.end),
            start_time: Timestamp::from_seconds(run.start),
            end_time: Timestamp::from_seconds(run.end),
            sample_interval: run.seconds,
            num_samples: run.seconds / SAMPLE.seconds().unsigned_abs() + 1,
            value,
            added: Vec::new(),
            removed: Vec::new(),
            termination_reason: run.ending.word().map(str::to_owned),
            close_reason: closing.map(str::to_owned),
            clock_change_delta: (run.step != 0).then_some(run.step),
        })
    };
    runs.iter().enumerate().map(one).collect()
}
