//! Dates of the Gregorian calendar, computed from days since 1970.
//!
//! The day arithmetic counts years from March, so that the leap day is the
//! last of the year and months need no table.

use core::fmt;

const DAY_MILLIS: i64 = 86_400_000;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Why a text is no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not of the form that is read here.
    #[error("that is no time: write it as 2021-10-14 or 2021-10-14T12:10:32Z (time.malformed)")]
    Malformed,
    /// Before 1970 or after 9999.
    #[error("that time is outside the years 1970 to 9999: correct it (time.range)")]
    Range,
}

impl TimeError {
    /// The stable code, as in the text.
    pub const fn code(&self) -> &'static str {
        match self {
            TimeError::Malformed => "time.malformed",
            TimeError::Range => "time.range",
        }
    }
}

/// A date and the time of day, UTC.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    millis: i64,
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil(millis: i64) -> Civil {
    let days = millis.div_euclid(DAY_MILLIS) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    Civil {
        year: era * 400 + year_of_era + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
        millis: millis.rem_euclid(DAY_MILLIS),
    }
}

fn clock(millis: i64) -> (i64, i64, i64, i64) {
    (millis / 3_600_000, millis / 60_000 % 60, millis / 1000 % 60, millis % 1000)
}

pub(super) fn rfc3339(millis: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Civil { year, month, day, millis } = civil(millis);
    let (hour, minute, second, milli) = clock(millis);
    write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

pub(super) fn show_style(millis: i64) -> String {
    let Civil { year, month, day, millis } = civil(millis);
    let (hour, minute, second, _) = clock(millis);
    let month = MONTHS[(month - 1) as usize];
    format!("{month} {day:02} {hour:02}:{minute:02}:{second:02} {year:04} UTC")
}

/// Takes `count` digits off the front of `rest`.
fn digits(rest: &mut &[u8], count: usize) -> Option<i64> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    head.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'))
    })
}

/// Takes one of `allowed` off the front of `rest`.
fn one_of(rest: &mut &[u8], allowed: &[u8]) -> Option<u8> {
    let (first, tail) = rest.split_first()?;
    *rest = tail;
    allowed.contains(first).then_some(*first)
}

/// Takes a fraction of a second, if one is there, as milliseconds rounded down.
fn fraction(rest: &mut &[u8]) -> Option<i64> {
    if rest.first() != Some(&b'.') {
        return Some(0);
    }
    *rest = &rest[1..];
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 || length > 9 {
        return None;
    }
    let (head, tail) = rest.split_at(length);
    *rest = tail;
    let places = head.iter().chain(b"00").take(3);
    Some(places.fold(0, |value, byte| value * 10 + i64::from(byte - b'0')))
}

/// Takes `Z` or an offset such as `+02:00`, as milliseconds east of UTC.
fn offset(rest: &mut &[u8]) -> Option<i64> {
    let sign = one_of(rest, b"Zz+-")?;
    if matches!(sign, b'Z' | b'z') {
        return Some(0);
    }
    let hour = digits(rest, 2).filter(|hour| *hour < 24)?;
    one_of(rest, b":")?;
    let minute = digits(rest, 2).filter(|minute| *minute < 60)?;
    let east = (hour * 60 + minute) * 60_000;
    Some(if sign == b'-' { -east } else { east })
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Reads RFC 3339 or a date alone, as milliseconds since 1970.
pub(super) fn parse(text: &str) -> Option<i64> {
    let rest = &mut text.as_bytes();
    let year = digits(rest, 4)?;
    one_of(rest, b"-")?;
    let month = digits(rest, 2).filter(|month| (1..=12).contains(month))?;
    one_of(rest, b"-")?;
    let day = digits(rest, 2).filter(|day| (1..=days_in(year, month)).contains(day))?;
    let midnight = days_from_civil(year, month, day) * DAY_MILLIS;
    if rest.is_empty() {
        return Some(midnight);
    }
    one_of(rest, b"Tt ")?;
    let hour = digits(rest, 2).filter(|hour| *hour < 24)?;
    one_of(rest, b":")?;
    let minute = digits(rest, 2).filter(|minute| *minute < 60)?;
    one_of(rest, b":")?;
    // A leap second counts as the first second of the next minute.
    let second = digits(rest, 2).filter(|second| *second <= 60)?;
    let milli = fraction(rest)?;
    let east = offset(rest)?;
    let clock = ((hour * 60 + minute) * 60 + second) * 1000 + milli;
    rest.is_empty().then_some(midnight + clock - east)
}
