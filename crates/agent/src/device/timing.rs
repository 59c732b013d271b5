//! When a device sends: intervals, deadlines, pauses after failures.

use wire::message::{Policy, Terms};
use wire::time::{Span, Timestamp};

use super::noise::Noise;
use super::profile::{DEFAULT_INTERVAL, Enforcement, Habits, Kind, Profile};
use super::state::{State, Track};

/// The longest pause that a busy manager can ask for.
const LONGEST_PAUSE: Span = Span::from_days(1);

/// The terms of a policy that hold for a license.
pub(crate) fn terms(policy: &Policy, kind: Kind, enforcement: Enforcement) -> &Terms {
    match (enforcement, kind) {
        (Enforcement::ExportRestricted, _) => &policy.export,
        (Enforcement::Enforced, _) => &policy.enforced,
        (Enforcement::NotEnforced, Kind::Perpetual) => &policy.perpetual,
        (Enforcement::NotEnforced, Kind::Subscription) => &policy.subscription,
    }
}

/// The interval between pushes: the shortest of the configured one, the policy's push interval, the
/// frequency it asks for any license in use, and 30 days. A day count of 0 asks for nothing.
pub(crate) fn interval(profile: &Profile, state: &State, policy: &Policy) -> Span {
    if let Some(fixed) = profile.habits.report_every {
        return fixed;
    }
    let frequencies = state.open.keys().map(|tag| {
        let license = profile.license(tag);
        Span::from_days(i64::from(terms(policy, license.kind, license.enforcement).frequency_days))
    });
    let pushed = Span::from_seconds(i64::from(policy.push_interval_seconds));
    frequencies
        .chain([pushed])
        .chain(profile.habits.interval)
        .filter(|span| span.millis() > 0)
        .fold(DEFAULT_INTERVAL, Span::min)
}

/// Until when the policy wants an acknowledgement; `None` when it wants none.
///
/// A license that was never reported is due its first-report days after its first use. One that was
/// is due its frequency after the last acknowledgement, and, when its level changed since, its
/// on-change days after the change. Zero days ask for nothing.
pub(crate) fn deadline(profile: &Profile, state: &State, policy: &Policy) -> Option<Timestamp> {
    if !policy.ack_required {
        return None;
    }
    let dues = state.tracks.iter().filter_map(|(tag, track)| {
        let license = profile.license(tag);
        due(terms(policy, license.kind, license.enforcement), track, state.last_ack)
    });
    dues.min()
}

fn due(terms: &Terms, track: &Track, last_ack: Option<Timestamp>) -> Option<Timestamp> {
    let after = |from: Timestamp, days: u32| {
        (days > 0).then(|| from.plus(Span::from_days(i64::from(days))))
    };
    let Some(acked) = last_ack.filter(|_| track.reported) else {
        return after(track.first_use, terms.first_report_days);
    };
    let changed = track.changed_at.and_then(|at| after(at, terms.on_change_days));
    [after(acked, terms.frequency_days), changed].into_iter().flatten().min()
}

/// The pause after a failure: doubling from the least to the longest, the upper half of it by
/// chance so that a fleet does not come back at once.
pub(crate) fn pause(habits: &Habits, failures: u32, noise: &mut Noise) -> Span {
    let doubled = habits.retry_min.millis().max(1).saturating_mul(1 << failures.min(30));
    let full = doubled.min(habits.retry_max.millis()).max(1);
    let half = full / 2;
    let chance = noise.below(u64::try_from(full - half).unwrap_or(0) + 1);
    Span::from_millis(half + i64::try_from(chance).unwrap_or(0))
}

/// The pause that a busy manager asked for, up to a tenth longer by chance.
pub(crate) fn asked_pause(asked: Span, noise: &mut Noise) -> Span {
    let asked = asked.millis().clamp(0, LONGEST_PAUSE.millis());
    let chance = noise.below(u64::try_from(asked / 10).unwrap_or(0) + 1);
    Span::from_millis(asked + i64::try_from(chance).unwrap_or(0))
}
