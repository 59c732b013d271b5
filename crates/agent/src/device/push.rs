//! What a device sends, and when: trust requests, pushes of reports, calls for a newer bundle.

use wire::file::{TrustFile, UsageFile};
use wire::limits::{PUSH_BYTES, REPORTS_PER_PUSH};
use wire::message::TrustRequest;
use wire::seal::{Carried, Claims, Sealed};
use wire::time::{Span, Timestamp};

use super::measure::Ending;
use super::record::Record;
use super::state::Asking;
use super::{Clock, Device, SAMPLE, Trouble, timing};

/// Room in a push for what stands around the reports.
const FRAME_BYTES: usize = 4 * 1024;

/// An expired bundle is asked for anew at most this often.
const BUNDLE_PAUSE: Span = Span::from_days(1);

/// A message that wants to be carried to the manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// `POST /device/v1/trust`.
    Trust {
        /// The trust file (XML).
        body: Vec<u8>,
    },
    /// `POST /device/v1/usage`.
    Usage {
        /// The usage file (XML).
        body: Vec<u8>,
    },
    /// `GET /device/v1/trust-bundle`.
    Bundle,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body: an acknowledgement file, or a problem (RFC 9457).
    pub body: Vec<u8>,
    /// How long a busy manager asks to wait.
    pub retry_after: Option<Span>,
}

/// What the device waits for an answer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Trust,
    /// Epoch and number of the reports that were pushed.
    Usage(Vec<(u64, u64)>),
    Bundle,
}

/// Whether a newer bundle is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BundleNeed {
    /// No.
    None,
    /// Yes: something was signed by a key that is not in ours, or ours is expired.
    Wanted,
    /// It was asked for at this time, and nothing has been verified since.
    Fresh(Timestamp),
}

impl Device {
    /// Does what time brings, and says what to send. After `Some`, the answer or the failure must be
    /// told before anything else is sent.
    pub fn tick(&mut self, now: Clock) -> Option<Outgoing> {
        let at = self.read(now);
        if at.since(self.state.floor).millis() >= SAMPLE.millis() {
            self.note(Record::Time { at });
        }
        self.close_when_due(at);
        if self.asked.is_some() || self.hold_until.is_some_and(|until| at < until) {
            return None;
        }
        self.next_outgoing(now, at)
    }

    fn close_when_due(&mut self, at: Timestamp) {
        if self.next_push.is_some_and(|next| at < next) {
            return;
        }
        if self.may_close() {
            self.close_all(Ending::Plain, at);
        }
        self.pushing = true;
        self.next_push = Some(at.plus(self.interval()));
    }

    fn next_outgoing(&mut self, now: Clock, at: Timestamp) -> Option<Outgoing> {
        if self.state.asking.is_some() {
            return self.ask_trust(now);
        }
        if !self.is_trusted() {
            self.pushing = false;
            return None;
        }
        if self.pushing && self.bundle_is_stale(at) {
            self.bundle = BundleNeed::Wanted;
        }
        if self.bundle == BundleNeed::Wanted {
            self.asked = Some(Asked::Bundle);
            return Some(Outgoing::Bundle);
        }
        if self.pushing {
            let outgoing = self.push_reports();
            self.pushing = outgoing.is_some();
            return outgoing;
        }
        None
    }

    /// Expired, and not asked for within a day. It goes on to count in any case.
    fn bundle_is_stale(&self, at: Timestamp) -> bool {
        let expired = self.state.bundle.as_ref().is_none_or(|bundle| bundle.expires_at <= at);
        let asked = matches!(self.bundle, BundleNeed::Fresh(when) if at.since(when).millis() < BUNDLE_PAUSE.millis());
        expired && !asked
    }

    fn ask_trust(&mut self, now: Clock) -> Option<Outgoing> {
        let asking = self.state.asking.as_ref()?;
        let body = self.trust_file(asking, now).to_xml().into_bytes();
        self.asked = Some(Asked::Trust);
        Some(Outgoing::Trust { body })
    }

    /// Returns the trust request as a file (XML): what would go to the manager by the network. It
    /// may go both ways, and be saved again; whichever answer comes first is taken.
    ///
    /// # Errors
    /// When no trust is asked for.
    pub fn save_trust(&mut self, now: Clock) -> Result<String, Trouble> {
        self.read(now);
        match &self.state.asking {
            Some(asking) => Ok(self.trust_file(asking, now).to_xml()),
            None if self.is_trusted() => Err(Trouble::new(
                "save.no_request",
                "trust is established already: to replace it, ask with `trust idtoken --force` first",
            )),
            None => Err(Trouble::new(
                "save.no_request",
                "no trust is asked for yet: use `trust idtoken` first",
            )),
        }
    }

    fn trust_file(&self, asking: &Asking, now: Clock) -> TrustFile {
        let request = TrustRequest {
            token: asking.token.clone(),
            udi: self.profile.udi.clone(),
            members: self.profile.members.clone(),
            key: self.key.verifying().to_bytes(),
            software: self.profile.software.clone(),
            software_version: self.profile.software_version.clone(),
            hostname: self.profile.hostname.clone(),
            nonce: asking.nonce,
            // The wall clock as it is: a floor that is too high must not keep a repaired clock out.
            requested_at: now.wall,
        };
        let claims = Claims { audience: None, issued_at: now.wall, expires_at: None };
        TrustFile { request: Sealed::seal(&request, claims, &self.key) }
    }

    /// The oldest reports that were not refused, of one key, as many as a push holds.
    fn push_reports(&mut self) -> Option<Outgoing> {
        let sendable = || self.state.waiting.values().filter(|report| report.refused.is_none());
        let key = sendable().next()?.key;
        let mut room = PUSH_BYTES - FRAME_BYTES;
        let chosen: Vec<_> = sendable()
            .filter(|report| report.key == key)
            .take(self.batch.clamp(1, REPORTS_PER_PUSH))
            .take_while(|report| report.fits(&mut room))
            .collect();
        let places = chosen.iter().map(|report| (report.epoch, report.number)).collect();
        let reports = chosen.iter().map(|report| Carried::Sealed(report.sealed())).collect();
        let body = UsageFile { system: None, reports }.to_xml().into_bytes();
        self.asked = Some(Asked::Usage(places));
        Some(Outgoing::Usage { body })
    }

    /// Tells that what [`Device::tick`] gave could not be carried; it is tried again after a pause.
    pub fn failed(&mut self, why: Trouble, now: Clock) {
        let at = self.read(now);
        self.asked = None;
        self.pause(why, None, at);
    }

    /// Notes a failure and waits before the next attempt.
    pub(super) fn pause(&mut self, why: Trouble, asked: Option<Span>, at: Timestamp) {
        let own = timing::pause(&self.profile.habits, self.failures, &mut self.noise);
        let pause = match asked {
            Some(asked) => own.max(timing::asked_pause(asked, &mut self.noise)),
            None => own,
        };
        self.failures = self.failures.saturating_add(1);
        self.hold_until = Some(at.plus(pause));
        self.trouble = Some((at, why));
    }

    pub(super) fn try_refused_again(&mut self) {
        if self.state.waiting.values().any(|report| report.refused.is_some()) {
            self.note(Record::RefusedAgain);
        }
    }
}
