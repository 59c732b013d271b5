//! The devices of a bench: real keys, real chains of sealed reports, signed beforehand.

use wire::id::AccountId;
use wire::key::{Realm, SigningKey};
use wire::quantity::Count;
use wire::report::{Measurement, Member, MemberRole, Report};
use wire::seal::{Carried, Position, SealedReport};
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::Timestamp;
use wire::udi::Udi;

use super::Route;
use wire::file::UsageFile;

/// How many accounts share the product instances behind many pools.
pub(super) const ACCOUNTS: u32 = 100;
/// How many licenses each of these accounts has pools of.
pub(super) const LICENSES: u32 = 10;
/// The epoch of every device; measurements begin then.
const EPOCH: u64 = 1_790_000_000;

struct Device {
    key: SigningKey,
    udi: Udi,
    number: u64,
    previous: [u8; 32],
    license: u32,
}

/// All devices of a bench.
pub(super) struct Fleet {
    realm: Realm,
    many: Vec<Device>,
    hot: Vec<Device>,
    turn: usize,
}

/// The key of a device.
pub(super) fn device_key(group: &str, n: u32) -> SigningKey {
    let half = |part: &[u8]| {
        *AccountId::derive(&[b"bench", group.as_bytes(), &n.to_be_bytes(), part]).as_bytes()
    };
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(&half(b"a"));
    seed[16..].copy_from_slice(&half(b"b"));
    SigningKey::from_seed(seed)
}

/// The UDI of a device.
pub(super) fn device_udi(group: &str, n: u32) -> Udi {
    Udi::pid_serial("C9300-24UX", format!("{}{n:07}", group.to_uppercase()))
}

/// The software of every device.
pub(super) fn software() -> SoftwareTag {
    SoftwareTag::new("regid.2017-05.com.example.C9300,v1_727af1d9-6d1f-4a6c-9c1c-0c2c0b2f6d11")
        .expect("it is a tag")
}

/// One of the licenses.
pub(super) fn license(n: u32) -> EntitlementTag {
    let tag = format!(
        "regid.2017-05.com.example.network_advantage_{n},1.0_411773c3-2116-4c10-94a4-5d357fe6f{n:03}"
    );
    EntitlementTag::new(&tag).expect("it is a tag")
}

impl Fleet {
    pub(super) fn new(instances: u32, realm: Realm) -> Self {
        let device = |group: &str, n: u32| Device {
            key: device_key(group, n),
            udi: device_udi(group, n),
            number: 0,
            previous: [0; 32],
            license: n % LICENSES,
        };
        Self {
            realm,
            many: (0..instances).map(|n| device("many", n)).collect(),
            hot: (0..instances).map(|n| Device { license: 0, ..device("hot", n) }).collect(),
            turn: 0,
        }
    }

    /// HTTP requests for each connection, signed and ready to be written. A device keeps to one connection.
    pub(super) fn requests(
        &mut self,
        route: Route,
        pushes: usize,
        connections: u32,
    ) -> Vec<Vec<Vec<u8>>> {
        let connections = usize::try_from(connections).unwrap_or(1);
        let mut all: Vec<Vec<Vec<u8>>> = (0..connections).map(|_| Vec::new()).collect();
        let realm = self.realm;
        let devices = if route == Route::Hot { &mut self.hot } else { &mut self.many };
        for _ in 0..pushes {
            self.turn += 1;
            let n = self.turn % devices.len();
            all[n % connections].push(request(&mut devices[n], route, realm));
        }
        all
    }
}

fn request(device: &mut Device, route: Route, realm: Realm) -> Vec<u8> {
    let before = (device.number, device.previous);
    let reports: Vec<Carried> =
        (0..route.reports()).map(|n| Carried::Sealed(device.report(n, realm))).collect();
    if route == Route::VerifySign {
        // Nothing of it is written, so its numbers are free for the other routes.
        (device.number, device.previous) = before;
    }
    let body = UsageFile { system: None, reports }.to_xml();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n",
        route.path(),
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

impl Device {
    /// The next report: a level that differs from the last one, so that every push moves its pool.
    fn report(&mut self, nth: u32, realm: Realm) -> SealedReport {
        self.number += 1;
        let position = Position { epoch: EPOCH, number: self.number };
        let start = EPOCH + self.number * 60;
        let tag = license((self.license + nth) % LICENSES);
        let report = Report {
            report_id: position.report_id().expect("the numbers are small"),
            software: software(),
            udi: self.udi.clone(),
            entitlement: tag,
            software_version: Some("17.12.04".to_owned()),
            hostname: Some(format!("edge-{}", self.udi.serial.as_deref().unwrap_or("?"))),
            utility_enabled: false,
            members: vec![Member { role: MemberRole::Active, udi: self.udi.clone() }],
            measurements: vec![
                measurement(start, 1 + self.number % 7),
                measurement(start + 30, 2 + self.number % 5),
            ],
            notes: Vec::new(),
            country: None,
        };
        let sealed = SealedReport::seal(&report, position, self.previous, Some(realm), &self.key)
            .expect("it is in its limits");
        self.previous = sealed.hash();
        sealed
    }
}

fn measurement(start: u64, level: u64) -> Measurement {
    let at = |seconds: u64| Timestamp::from_seconds(i64::try_from(seconds).unwrap_or(0));
    Measurement {
        log_time: at(start),
        start_time: at(start),
        end_time: at(start + 29),
        sample_interval: 29,
        num_samples: 1,
        value: Count::new(level).expect("it is small"),
        added: Vec::new(),
        removed: Vec::new(),
        termination_reason: None,
        close_reason: None,
        clock_change_delta: None,
    }
}
