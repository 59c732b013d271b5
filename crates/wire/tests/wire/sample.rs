//! One of everything, made from fixed seeds.

use wire::id::{AccountId, InstanceId, TokenId, VirtualAccountId};
use wire::key::{Realm, SigningKey};
use wire::message::{
    Ack, AckedReport, Availability, AvailabilityState, BundleKey, BundleKeyState, Policy,
    RefusedReport, TrustBundle, TrustCode, TrustRequest,
};
use wire::quantity::Count;
use wire::report::{Measurement, Member, MemberRole, Report};
use wire::seal::{Claims, Countersigned, Position, Sealed, SealedReport};
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::{Span, Timestamp};
use wire::token::IdToken;
use wire::udi::Udi;

pub(crate) const EPOCH: u64 = 1_767_225_600;

/// A carried report of another maker, as its devices print it: spaces, line breaks, escapes.
pub(crate) const FOREIGN: &str = r#"{
  "payload": "{\"version\":\"2.0\", \"asset_identification\":{\"report_id\":1700000000,\"asset\":{\"name\":\"regid.2020-01.org.example.SWITCH,1.0_0a\"},\"instance\":{\"sudi\":{\"udi_pid\":\"SWITCH-48\",\"udi_serial_number\":\"EX0001\",\"udi_vid\":\"\"}}},\"signature\":{\"signing_type\":\"builtin\",\"key\":\"k\",\"value\":\"AAAA\"},\"meta\":{\"entitlement_tag\":\"regid.2020-01.org.example.ADVANTAGE,1.0_0b\",\"utility_enabled\":false,\"software_version\":\"17.9 \\\"a\\\"\",\"later\":[1,{\"x\":2.5}]},\"measurements\":[{\"log_time\":\"1700000060\",\"metric_name\":\"ENTITLEMENT\",\"start_time\":1700000000,\"end_time\":1700000060,\"sample_interval\":60,\"num_samples\":1,\"meta\":{\"clock_change_delta\":\"-3433\",\"termination_reason\":\"ProductReload\"},\"value\":{\"type\":\"COUNT\",\"value\":\"3\"}}]}",
  "signature": {
    "sudi": {"udi_pid": "SWITCH-48", "udi_serial_number": "EX0001"},
    "signing_type": "builtin",
    "key": "regid.2020-01.org.example.SWITCH,1.0_0a",
    "value": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
  }
}"#;

pub(crate) fn device() -> SigningKey {
    SigningKey::from_seed([1; 32])
}

pub(crate) fn node() -> SigningKey {
    SigningKey::from_seed([2; 32])
}

pub(crate) fn root() -> SigningKey {
    SigningKey::from_seed([3; 32])
}

pub(crate) fn realm() -> Realm {
    Realm::of(&root().verifying())
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(1_767_326_645_678)
}

pub(crate) fn udi() -> Udi {
    Udi::pid_serial("C9300-24UX", "FCW2303D16Y")
}

pub(crate) fn entitlement() -> EntitlementTag {
    EntitlementTag::new(
        "regid.2017-05.org.example.advantage,1.0_411773c3-2116-4c10-94a4-5d357fe6ff18",
    )
    .unwrap()
}

fn software() -> SoftwareTag {
    SoftwareTag::new("regid.2017-05.org.example.switch,v1_727af1d9-6c39-4444-b301-863f81445b72")
        .unwrap()
}

fn members() -> Vec<Member> {
    vec![
        Member { role: MemberRole::Active, udi: udi() },
        Member { role: MemberRole::Standby, udi: Udi::pid_serial("C9300-24UX", "FCW2303D16Z") },
    ]
}

pub(crate) fn measurement(index: u64) -> Measurement {
    let start = EPOCH as i64 + 900 * index as i64;
    Measurement {
        log_time: Timestamp::from_seconds(start + 900),
        start_time: Timestamp::from_seconds(start),
        end_time: Timestamp::from_seconds(start + 900),
        sample_interval: 900,
        num_samples: 2,
        value: Count::new(index % 7).unwrap(),
        added: Vec::new(),
        removed: Vec::new(),
        termination_reason: None,
        close_reason: None,
        clock_change_delta: None,
    }
}

/// A report with something in every place, and what must be percent-encoded.
pub(crate) fn report(number: u64) -> Report {
    let mut first = measurement(0);
    first.added =
        vec![Udi::pid_serial("AP 2802", "FDW2109B29P"), Udi::pid_serial("AP", "FDW2028D3SV")];
    first.removed = vec![Udi { uuid: Some("4c4c4544".into()), ..Udi::default() }];
    let mut last = measurement(1);
    last.clock_change_delta = Some(-3433);
    last.termination_reason = Some("ProductReload".into());
    last.close_reason = Some("ProductReload".into());
    Report {
        report_id: EPOCH + number - 1,
        software: software(),
        udi: udi(),
        entitlement: entitlement(),
        software_version: Some("17.9(2) \"a\" 100%".into()),
        hostname: Some("größer <&'\\> switch ]]>".into()),
        utility_enabled: false,
        members: members(),
        measurements: vec![first, last],
        notes: vec!["store-reset".into()],
        country: None,
    }
}

pub(crate) fn position(number: u64) -> Position {
    Position { epoch: EPOCH, number }
}

pub(crate) fn sealed(number: u64, previous: [u8; 32]) -> SealedReport {
    SealedReport::seal(&report(number), position(number), previous, Some(realm()), &device())
        .unwrap()
}

pub(crate) fn instance() -> InstanceId {
    InstanceId::from_bytes([0x11; 16])
}

pub(crate) fn ack() -> Ack {
    let first = sealed(1, [0; 32]);
    Ack {
        instance: instance(),
        account_name: "Example Corp".into(),
        virtual_account_name: "Größe 1".into(),
        reports: vec![AckedReport {
            key: device().id(),
            epoch: EPOCH,
            number: 1,
            hash: first.hash(),
        }],
        refused: vec![RefusedReport {
            epoch: EPOCH,
            number: 2,
            hash: [9; 32],
            code: "report.signature".into(),
        }],
        highest_epoch: EPOCH,
        policy: Policy::default(),
        standings: vec![Availability {
            tag: entitlement(),
            state: AvailabilityState::Short,
            available: Some(-3),
        }],
        issued_at: now(),
        bundle_version: 1,
    }
}

pub(crate) fn for_instance() -> Claims {
    Claims { audience: Some(*instance().as_bytes()), issued_at: now(), expires_at: None }
}

pub(crate) fn sealed_ack() -> Sealed<Ack> {
    Sealed::seal(&ack(), for_instance(), &node())
}

pub(crate) fn trust_code() -> TrustCode {
    TrustCode {
        instance: instance(),
        udi: udi(),
        key: device().id(),
        account: AccountId::from_bytes([0x12; 16]),
        account_name: "Example Corp".into(),
        virtual_account: VirtualAccountId::from_bytes([0x13; 16]),
        virtual_account_name: "Größe 1".into(),
        policy: Policy::default(),
        highest_epoch: 0,
        issued_at: now(),
        nonce: [0x14; 16],
        bundle_version: 1,
    }
}

pub(crate) fn token() -> IdToken {
    IdToken { id: TokenId::from_bytes([0x15; 16]), secret: [0x16; 16], realm: realm() }
}

pub(crate) fn trust_request() -> TrustRequest {
    TrustRequest {
        token: token().to_string(),
        udi: udi(),
        members: members(),
        key: device().verifying().to_bytes(),
        software: software(),
        software_version: Some("17.9(2)".into()),
        hostname: Some("größer".into()),
        nonce: [0x14; 16],
        requested_at: now(),
    }
}

pub(crate) fn sealed_request() -> Sealed<TrustRequest> {
    let claims = Claims {
        audience: Some(*realm().as_bytes()),
        issued_at: now(),
        expires_at: Some(now().plus(Span::from_hours(1))),
    };
    Sealed::seal(&trust_request(), claims, &device())
}

pub(crate) fn bundle() -> TrustBundle {
    TrustBundle {
        version: 1,
        root: root().verifying().to_bytes(),
        keys: vec![
            BundleKey {
                key: node().verifying().to_bytes(),
                node: "node one".into(),
                state: BundleKeyState::Active,
                since: now(),
            },
            BundleKey {
                key: SigningKey::from_seed([4; 32]).verifying().to_bytes(),
                node: "node two".into(),
                state: BundleKeyState::Retired,
                since: now(),
            },
        ],
        expires_at: now().plus(Span::from_days(365)),
    }
}

pub(crate) fn for_all() -> Claims {
    Claims { audience: None, issued_at: now(), expires_at: None }
}

pub(crate) fn sealed_bundle() -> Countersigned<TrustBundle> {
    Countersigned::sign(&bundle(), for_all(), &[&root()])
}
