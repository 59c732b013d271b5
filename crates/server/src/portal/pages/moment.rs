//! Moments as a page says them: relative, by day, exact on hover. No clock: both ends are given.

use std::fmt;

use super::reader::Reader;

/// A moment, seen from the moment the page was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    at: i64,
    now: i64,
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl Moment {
    /// The moment `at`, as seen at `now`; both in milliseconds since 1970 in UTC.
    pub fn new(at: i64, now: i64) -> Self {
        Self { at, now }
    }

    /// So many days before this one.
    pub(crate) fn before_by(&self, days: i64) -> Self {
        Self { at: self.at.saturating_sub(days.saturating_mul(DAY)), now: self.now }
    }

    /// For a machine: `2026-11-24T08:40:12Z`, in the `datetime` attribute.
    pub fn iso(&self) -> String {
        written(self.at, "%Y-%m-%dT%H:%M:%SZ")
    }

    /// To the second, with the reader's zone: `24 Nov 2026, 08:40:12 UTC`.
    pub fn exact(&self) -> String {
        local(self.at, &format!("{}, %H:%M:%S %Z", Reader::day_form()))
    }

    /// Exactly, with the zone's whole name: `24 Nov 2026, 09:40:12 CET, in Europe/Berlin`.
    pub fn in_zone(&self) -> String {
        format!("{}, in {}", self.exact(), Reader::zone())
    }

    /// The day, where the reader is: `24 Nov 2026`.
    pub fn day(&self) -> String {
        local(self.at, Reader::day_form())
    }

    /// `just now`, `3 minutes ago`, `in 7 days`.
    pub fn ago(&self) -> String {
        let apart = self.now.saturating_sub(self.at);
        match Length(apart) {
            Length(short) if short.abs() < MINUTE => "just now".to_owned(),
            past if apart > 0 => format!("{past} ago"),
            _ => format!("in {}", Length(-apart)),
        }
    }

    /// How long it has been so: `for 23 days`, `since just now`.
    pub fn lasting(&self) -> String {
        let apart = self.now.saturating_sub(self.at);
        if apart < MINUTE { "since just now".to_owned() } else { format!("for {}", Length(apart)) }
    }

    /// How long from here to a later moment: `3 days`; `under a minute` if less.
    pub fn until(&self, later: &Self) -> String {
        let apart = later.at.saturating_sub(self.at);
        if apart < MINUTE { "under a minute".to_owned() } else { Length(apart).to_string() }
    }

    /// The days from here to a later moment, as short as they can be said: `17 to 24 Nov 2026`.
    pub fn through(&self, later: &Self) -> String {
        let last = later.day();
        let same = |form: &str| local(self.at, form) == local(later.at, form);
        let day_first = Reader::day_form().starts_with("%-d");
        let first = match () {
            () if same("%Y-%m-%d") => return last,
            () if day_first && same("%Y-%m") => local(self.at, "%-d"),
            () if day_first && same("%Y") => local(self.at, "%-d %b"),
            () => self.day(),
        };
        format!("{first} to {last}")
    }

    /// The last day of a term whose exclusive end this is: `31 Dec 2027` for 1 Jan 2028, 00:00 UTC.
    /// Terms are of days in UTC, wherever the reader is.
    pub fn last_day(&self) -> String {
        written(self.before().at, Reader::day_form())
    }

    /// The last second of a term whose exclusive end this is, with its zone.
    pub fn last_second(&self) -> String {
        format!("through {}", self.before().in_zone())
    }

    /// The last day for a machine: `2027-12-31`.
    pub fn last_day_iso(&self) -> String {
        written(self.before().at, "%Y-%m-%d")
    }

    fn before(&self) -> Self {
        Self { at: self.at.saturating_sub(1), now: self.now }
    }
}

/// In UTC.
fn written(at: i64, form: &str) -> String {
    stamp(at).map_or_else(unknown, |moment| moment.strftime(form).to_string())
}

/// In the reader's zone.
fn local(at: i64, form: &str) -> String {
    stamp(at).map_or_else(unknown, |moment| Reader::written(moment, form))
}

fn stamp(at: i64) -> Option<jiff::Timestamp> {
    let clamped = at.clamp(0, 253_370_764_800_000); // what a four-digit year can say
    jiff::Timestamp::from_millisecond(clamped).ok()
}

fn unknown() -> String {
    "unknown".to_owned()
}

/// A length of time in its largest unit, rounded down.
struct Length(i64);

impl fmt::Display for Length {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self.0 {
            span if span < HOUR => (span / MINUTE, "minute"),
            span if span < 2 * DAY => (span / HOUR, "hour"),
            span if span < 90 * DAY => (span / DAY, "day"),
            span if span < 730 * DAY => (span / (30 * DAY), "month"),
            span => (span / (365 * DAY), "year"),
        };
        write!(out, "{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use ledger::person::{DateForm, Preferences};

    use super::*;

    const NOW: i64 = 1_795_509_612_000; // 24 Nov 2026, 08:40:12 UTC

    fn read_by(zone: &str, dates: DateForm) -> [String; 4] {
        let reader =
            Reader::of(&Preferences { zone: zone.to_owned(), dates, ..Preferences::default() });
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(Reader::around(async {
            reader.reads();
            let (late, end) = (NOW + 15 * HOUR, 1_830_297_600_000); // 1 Jan 2028, 00:00 UTC
            let late = Moment::new(late, NOW);
            [late.exact(), late.day(), late.in_zone(), Moment::new(end, NOW).last_day()]
        }))
    }

    #[test]
    fn a_moment_is_written_where_and_how_its_reader_lives() {
        let berlin = read_by("Europe/Berlin", DateForm::Iso);
        assert_eq!(berlin[0], "2026-11-25, 00:40:12 CET");
        assert_eq!(berlin[2], "2026-11-25, 00:40:12 CET, in Europe/Berlin");
        assert_eq!(berlin[3], "2027-12-31", "terms are of days in UTC");
        let york = read_by("America/New_York", DateForm::MonthFirst);
        assert_eq!(
            (york[0].as_str(), york[1].as_str()),
            ("Nov 24, 2026, 18:40:12 EST", "Nov 24, 2026")
        );
        assert_eq!(york[3], "Dec 31, 2027");
        let nowhere = read_by("Europe/Atlantis", DateForm::DayFirst);
        assert_eq!(nowhere[0], "24 Nov 2026, 23:40:12 UTC");
    }

    #[test]
    fn a_moment_is_said_relative_by_day_and_exactly() {
        let table = [
            (NOW, "just now", "24 Nov 2026", "24 Nov 2026, 08:40:12 UTC"),
            (NOW - MINUTE, "1 minute ago", "24 Nov 2026", "24 Nov 2026, 08:39:12 UTC"),
            (NOW - 23 * DAY, "23 days ago", "1 Nov 2026", "1 Nov 2026, 08:40:12 UTC"),
            (NOW - 100 * DAY, "3 months ago", "16 Aug 2026", "16 Aug 2026, 08:40:12 UTC"),
            (NOW + 30 * HOUR, "in 30 hours", "25 Nov 2026", "25 Nov 2026, 14:40:12 UTC"),
            (NOW + 800 * DAY, "in 2 years", "1 Feb 2029", "1 Feb 2029, 08:40:12 UTC"),
        ];
        for (at, ago, day, exact) in table {
            let moment = Moment::new(at, NOW);
            assert_eq!(
                (moment.ago().as_str(), moment.day().as_str(), moment.exact().as_str()),
                (ago, day, exact)
            );
        }
    }

    #[test]
    fn a_span_of_days_repeats_nothing() {
        let table = [
            (0, "24 Nov 2026"),
            (7, "17 to 24 Nov 2026"),
            (30, "25 Oct to 24 Nov 2026"),
            (365, "24 Nov 2025 to 24 Nov 2026"),
        ];
        for (days, said) in table {
            assert_eq!(Moment::new(NOW - days * DAY, NOW).through(&Moment::new(NOW, NOW)), said);
        }
    }

    #[test]
    fn an_exclusive_end_is_shown_by_its_last_day() {
        let end = Moment::new(1_830_297_600_000, NOW); // 1 Jan 2028, 00:00 UTC
        assert_eq!(end.last_day(), "31 Dec 2027");
        assert_eq!(end.last_second(), "through 31 Dec 2027, 23:59:59 UTC, in UTC");
        assert_eq!(end.last_day_iso(), "2027-12-31");
    }

    #[test]
    fn a_moment_beyond_the_calendar_still_renders() {
        assert_eq!(Moment::new(i64::MAX, NOW).day(), Moment::new(253_370_764_800_000, NOW).day());
        assert_eq!(Moment::new(i64::MIN, NOW).day(), "1 Jan 1970");
    }
}
