//! The words in which news is told, alike along every channel.

use ledger::alarm::AlarmKind;

use crate::app::news::{Channel, Happening, NamedNews};

/// The channel, in logs and figures.
pub(super) fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Mail => "mail",
        Channel::Syslog => "syslog",
    }
}

/// The stable code of what the news is about.
pub(super) fn code(news: &NamedNews) -> &'static str {
    match news.kind {
        AlarmKind::InsufficientLicenses => "alarm.insufficient_licenses",
        AlarmKind::ClonedInstance => "alarm.cloned_instance",
        AlarmKind::UsedElsewhere => "alarm.used_elsewhere",
        AlarmKind::ReportsAgain => "alarm.reports_again",
    }
}

/// Whether news goes along a channel. A notice of use elsewhere, or of what reports again after its
/// removal, comes once for each device, and a fleet would fill the letter boxes of who can only read
/// it: it is on the page of alarms, in the event log and in syslog.
pub(super) fn goes_along(channel: Channel, news: &NamedNews) -> bool {
    let of_each_device = matches!(news.kind, AlarmKind::UsedElsewhere | AlarmKind::ReportsAgain);
    channel != Channel::Mail || !of_each_device
}

/// The license's name, or its tag's, or the instance's identity.
pub(super) fn shown_name(news: &NamedNews) -> String {
    let about = &news.queued.news.about;
    match (&news.license, news.kind) {
        (Some(license), _) => line(&license.name),
        (None, AlarmKind::InsufficientLicenses) => wire::tag::EntitlementTag::new(about)
            .map_or_else(|_| line(about), |tag| tag.short_name().to_owned()),
        (None, _) => line(about),
    }
}

/// Units in force when a shortage was found.
pub(super) fn in_force(news: &NamedNews) -> Option<i64> {
    let told = &news.queued.news;
    let found = (told.happening, news.kind) == (Happening::Opened, AlarmKind::InsufficientLicenses);
    found.then_some(told.needed - told.missing)
}

/// What happened to what, where, in one line.
pub(super) fn summary(news: &NamedNews) -> String {
    let told = &news.queued.news;
    let what = match (told.happening, news.kind) {
        (Happening::Opened, AlarmKind::InsufficientLicenses) => {
            format!("Short by {}", told.missing)
        }
        (Happening::Opened, AlarmKind::ClonedInstance) => {
            "Two devices with one identity".to_owned()
        }
        (Happening::Opened, AlarmKind::ReportsAgain) => {
            "Reports again after its removal".to_owned()
        }
        (Happening::Opened, AlarmKind::UsedElsewhere) => match &news.elsewhere {
            Some(one) => {
                format!("Used in {}, bought for {}", one.country_of_use(), one.country_of_purchase)
            }
            None => "Used outside the country of purchase".to_owned(),
        },
        (Happening::Settled, _) => "Settled".to_owned(),
    };
    format!("{what}: {} in {}", shown_name(news), place(news))
}

/// Where it happened.
pub(super) fn place(news: &NamedNews) -> String {
    format!("{} ({})", line(&news.virtual_account), line(&news.account))
}

/// A text on one line: what people wrote cannot begin another.
pub(super) fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The subject of a mail.
pub(super) fn subject(news: &NamedNews) -> String {
    format!("[Scrip] {}", summary(news))
}
