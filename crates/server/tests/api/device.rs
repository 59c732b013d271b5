//! A device that seals by hand, so that the server meets the wire alone.

use axum::http::StatusCode;
use wire::country::Country;
use wire::file::{AckFile, TrustFile, UsageFile};
use wire::id::InstanceId;
use wire::key::{Realm, SigningKey, VerifyingKey};
use wire::message::{Ack, TrustCode, TrustRequest};
use wire::quantity::Count;
use wire::report::{Measurement, Report};
use wire::seal::{Carried, Claims, Position, Sealed, SealedReport};
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::{Span, Timestamp};
use wire::token::IdToken;
use wire::udi::Udi;

use crate::office::{Answer, Office, text};

const SOFTWARE: &str = "regid.2017-05.com.cisco.c9300,v1_727af1d9";

/// The first epoch of a device.
pub(crate) const EPOCH: u64 = 1_750_000_000;

/// A device with its key and the chain of its reports.
pub(crate) struct Device {
    pub(crate) key: SigningKey,
    pub(crate) udi: Udi,
    pub(crate) realm: Option<Realm>,
    pub(crate) instance: Option<InstanceId>,
    pub(crate) position: Position,
    pub(crate) previous: [u8; 32],
    /// The country that its reports name.
    pub(crate) country: Option<Country>,
    /// The server's key, once the bundle proved it.
    server: Option<VerifyingKey>,
}

impl Device {
    pub(crate) fn new(serial: &str, seed: u8) -> Self {
        Self {
            key: SigningKey::from_seed([seed; 32]),
            udi: Udi::pid_serial("C9300-24UX", serial),
            realm: None,
            instance: None,
            position: Position { epoch: EPOCH, number: 0 },
            previous: [0; 32],
            country: None,
            server: None,
        }
    }

    /// A device that was trusted with a new ID token of a site.
    pub(crate) async fn trusted(office: &Office, token: &str, serial: &str, seed: u8) -> Self {
        let mut device = Self::new(serial, seed);
        device.ask_trust(office, token).await;
        device
    }

    /// The trust request of a token, made at a moment.
    pub(crate) fn request(&self, token: &str, at: Timestamp) -> TrustRequest {
        TrustRequest {
            token: token.to_owned(),
            udi: self.udi.clone(),
            members: Vec::new(),
            key: self.key.verifying().to_bytes(),
            software: SoftwareTag::new(SOFTWARE).expect("a tag"),
            software_version: Some("17.9.4".to_owned()),
            hostname: Some(format!("switch {}", self.udi.serial.as_deref().unwrap_or_default())),
            nonce: [5; 16],
            requested_at: at,
        }
    }

    /// The body of a trust request, which holds for an hour.
    pub(crate) fn trust_body(&self, request: &TrustRequest) -> String {
        let issued_at = request.requested_at;
        let claims = Claims {
            audience: None,
            issued_at,
            expires_at: Some(issued_at.plus(Span::from_hours(1))),
        };
        TrustFile { request: Sealed::seal(request, claims, &self.key) }.to_xml()
    }

    /// A trust request as a device saves it at a moment: it may be under way for long.
    pub(crate) fn saved_trust(&self, token: &str, at: Timestamp) -> String {
        let claims = Claims { audience: None, issued_at: at, expires_at: None };
        TrustFile { request: Sealed::seal(&self.request(token, at), claims, &self.key) }.to_xml()
    }

    /// Sends a trust request and returns whatever is answered.
    pub(crate) async fn try_trust(&self, office: &Office, token: &str) -> Answer {
        let request = self.request(token, office.app.world.now());
        office.device_post("/device/v1/trust", self.trust_body(&request)).await
    }

    /// Asks for trust and believes the answer only as far as it proves itself.
    pub(crate) async fn ask_trust(&mut self, office: &Office, token: &str) -> TrustCode {
        let answer = self.try_trust(office, token).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        self.believe(office, token, &answer.body)
    }

    /// Takes in the answer to a trust request as far as it proves itself.
    pub(crate) fn believe(&mut self, office: &Office, token: &str, answer: &[u8]) -> TrustCode {
        let file = AckFile::parse(answer).expect("an answer file");
        let realm = token.parse::<IdToken>().expect("a token").realm;
        let bundle =
            file.bundle.expect("a bundle").open_in(realm).expect("the bundle is of the realm");
        let sealed = file.trust.expect("a trust code");
        let server = bundle.find(sealed.peek_key()).expect("the key is in the bundle");
        let code = sealed.open(&server).expect("the code is sealed by it");
        code.check(*code.instance.as_bytes(), office.app.world.now()).expect("it is for us");
        (self.server, self.realm, self.instance) = (Some(server), Some(realm), Some(code.instance));
        code.into_inner()
    }

    /// The next report: a level of a license that holds from a moment on.
    pub(crate) fn report(&mut self, tag: &str, level: u64, from: Timestamp) -> SealedReport {
        self.position.number += 1;
        let sealed = self.seal(tag, level, from);
        self.previous = sealed.hash();
        sealed
    }

    /// A report at the present position, whatever came before.
    pub(crate) fn seal(&self, tag: &str, level: u64, from: Timestamp) -> SealedReport {
        let report = Report {
            report_id: self.position.report_id().expect("a position"),
            software: SoftwareTag::new(SOFTWARE).expect("a tag"),
            udi: self.udi.clone(),
            entitlement: EntitlementTag::new(tag).expect("a tag"),
            software_version: Some("17.9.4".to_owned()),
            hostname: None,
            utility_enabled: false,
            members: Vec::new(),
            measurements: vec![measurement(level, from)],
            notes: Vec::new(),
            country: self.country,
        };
        SealedReport::seal(&report, self.position, self.previous, self.realm, &self.key)
            .expect("the report is sealed")
    }

    /// Pushes reports and opens the acknowledgement.
    pub(crate) async fn push(&self, office: &Office, reports: &[SealedReport]) -> Ack {
        let answer = push(office, reports).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        self.open_ack(office, &answer.body)
    }

    /// Opens an acknowledgement file as a device does.
    pub(crate) fn open_ack(&self, office: &Office, file: &[u8]) -> Ack {
        let file = AckFile::parse(file).expect("an answer file");
        let server = self.server.expect("a trusted device");
        let ack = file.ack.expect("an acknowledgement").open(&server).expect("it is sealed");
        let instance = self.instance.expect("a trusted device");
        ack.check(*instance.as_bytes(), office.app.world.now()).expect("it is for us");
        ack.into_inner()
    }
}

fn measurement(level: u64, from: Timestamp) -> Measurement {
    let end = from.plus(Span::from_minutes(15));
    Measurement {
        log_time: end,
        start_time: from,
        end_time: end,
        sample_interval: 900,
        num_samples: 1,
        value: Count::new(level).expect("a level"),
        added: Vec::new(),
        removed: Vec::new(),
        termination_reason: None,
        close_reason: None,
        clock_change_delta: None,
    }
}

/// The body of a push.
pub(crate) fn body(reports: &[SealedReport]) -> String {
    let reports = reports.iter().cloned().map(Carried::Sealed).collect();
    UsageFile { system: None, reports }.to_xml()
}

/// Pushes reports and returns whatever is answered.
pub(crate) async fn push(office: &Office, reports: &[SealedReport]) -> Answer {
    office.device_post("/device/v1/usage", body(reports)).await
}

/// The text of an ID token as it was shown.
pub(crate) fn token_text(token: &serde_json::Value) -> String {
    text(&token["text"])
}
