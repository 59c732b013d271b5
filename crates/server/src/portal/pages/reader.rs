//! Who reads a page: in which zone they live, how they write dates, light or dark.
//!
//! A page is rendered for one reader, and every moment on it is written for them. So the reader is
//! set around the answering of a request, and not handed through every page. Without one, as in
//! tests, it is UTC and the theme of the reader's system.

use std::cell::RefCell;

use jiff::tz::TimeZone;
use ledger::person::{DateForm, Preferences, Theme};

/// Who reads a page.
#[derive(Clone, Debug)]
pub struct Reader {
    zone: TimeZone,
    dates: DateForm,
    theme: Theme,
}

impl Default for Reader {
    fn default() -> Self {
        Self { zone: TimeZone::UTC, dates: DateForm::default(), theme: Theme::default() }
    }
}

tokio::task_local! {
    static READER: RefCell<Reader>;
}

impl Reader {
    /// A person, as they want pages shown. A zone that is not known any more becomes UTC.
    pub fn of(preferences: &Preferences) -> Self {
        let zone = TimeZone::get(&preferences.zone).unwrap_or(TimeZone::UTC);
        Self { zone, dates: preferences.dates, theme: preferences.theme }
    }

    /// Answers one request, for nobody in particular until [`Reader::reads`] says for whom.
    pub async fn around<T>(answering: impl Future<Output = T>) -> T {
        READER.scope(RefCell::default(), answering).await
    }

    /// From here on the request is answered for this reader.
    pub fn reads(self) {
        // Outside of a request there is nobody to write for.
        let _ = READER.try_with(|reader| *reader.borrow_mut() = self);
    }

    /// The theme's word.
    pub(crate) fn theme() -> &'static str {
        Self::with(|reader| reader.theme.word())
    }

    /// A moment as a form of `strftime` has it, in the reader's zone.
    pub(crate) fn written(at: jiff::Timestamp, form: &str) -> String {
        Self::with(|reader| at.to_zoned_datetime(reader.zone.clone()).strftime(form).to_string())
    }

    /// A day as the reader writes it; `form` is of a day, a month or a year alone.
    pub(crate) fn day_form() -> &'static str {
        Self::with(|reader| match reader.dates {
            DateForm::DayFirst => "%-d %b %Y",
            DateForm::MonthFirst => "%b %-d, %Y",
            DateForm::Iso => "%Y-%m-%d",
        })
    }

    /// The zone by its whole name: `Europe/Berlin`, or `UTC`.
    pub(crate) fn zone() -> String {
        Self::with(|reader| reader.zone.iana_name().unwrap_or("UTC").to_owned())
    }

    fn with<T>(ask: impl Fn(&Self) -> T) -> T {
        READER.try_with(|reader| ask(&reader.borrow())).unwrap_or_else(|_| ask(&Self::default()))
    }
}
