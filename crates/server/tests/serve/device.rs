//! A device that seals its own trust request and reports.

use wire::file::{AckFile, TrustFile, UsageFile};
use wire::key::{Realm, SigningKey};
use wire::message::TrustRequest;
use wire::quantity::Count;
use wire::report::{Measurement, Report};
use wire::seal::{Carried, Claims, Position, Sealed, SealedReport};
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::{Span, Timestamp};
use wire::udi::Udi;

/// The license that devices use.
pub(crate) const TAG: &str = "regid.2026-01.com.example.NETWORK_ADVANTAGE,1.0_5b4c0f4e";

/// A device: a key and an identity.
pub(crate) struct Device {
    key: SigningKey,
    udi: Udi,
    realm: Realm,
    reports: u64,
}

impl Device {
    pub(crate) fn new(seed: u8, realm: Realm) -> Self {
        let udi = Udi::pid_serial("P-1", format!("SN{seed}"));
        Self { key: SigningKey::from_seed([seed; 32]), udi, realm, reports: 0 }
    }

    /// The body of a trust request.
    pub(crate) fn trust_request(&self, token: &str, now: Timestamp) -> String {
        let request = TrustRequest {
            token: token.to_owned(),
            udi: self.udi.clone(),
            members: Vec::new(),
            key: self.key.verifying().to_bytes(),
            software: software(),
            software_version: None,
            hostname: None,
            nonce: [1; 16],
            requested_at: now,
        };
        let until = now.plus(Span::from_hours(1));
        let claims = Claims { audience: None, issued_at: now, expires_at: Some(until) };
        TrustFile { request: Sealed::seal(&request, claims, &self.key) }.to_xml()
    }

    /// The body of a push of the next report: a level from now on.
    pub(crate) fn push(&mut self, level: u64, now: Timestamp) -> String {
        self.reports += 1;
        let measurement = Measurement {
            log_time: now,
            start_time: now,
            end_time: now,
            sample_interval: 0,
            num_samples: 1,
            value: Count::new(level).expect("a count"),
            added: Vec::new(),
            removed: Vec::new(),
            termination_reason: None,
            close_reason: None,
            clock_change_delta: None,
        };
        let position = Position { epoch: 1_700_000_000, number: self.reports };
        let report = Report {
            report_id: position.report_id().expect("a report id"),
            software: software(),
            udi: self.udi.clone(),
            entitlement: EntitlementTag::new(TAG).expect("a tag"),
            software_version: None,
            hostname: None,
            utility_enabled: false,
            members: Vec::new(),
            measurements: vec![measurement],
            notes: Vec::new(),
            country: None,
        };
        let sealed = SealedReport::seal(&report, position, [0; 32], Some(self.realm), &self.key);
        let reports = vec![Carried::Sealed(sealed.expect("sealed"))];
        UsageFile { system: None, reports }.to_xml()
    }
}

fn software() -> SoftwareTag {
    SoftwareTag::new("regid.2026-01.com.example.OS,1.0_b").expect("a tag")
}

/// How many reports an answer acknowledges.
pub(crate) fn acknowledged(body: &[u8], keys: &server::keys::NodeKeys) -> usize {
    let file = AckFile::parse(body).expect("an answer file");
    let ack = file.ack.expect("an acknowledgement");
    ack.open(&keys.online.verifying()).expect("the server sealed it").reports.len()
}
