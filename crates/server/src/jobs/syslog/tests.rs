//! Lines, letter by letter.

use super::super::samples::{cloned, elsewhere, settled, short};
use super::*;
use crate::app::news::Channel;
use crate::config::Facility;

fn line() -> Line {
    let config = Syslog {
        address: "127.0.0.1:514".to_owned(),
        transport: SyslogTransport::Udp,
        facility: Facility::Local0,
        app_name: "scrip".to_owned(),
        events: crate::config::ForwardedEvents::None,
    };
    Line::new(&config, "node-1", 7)
}

#[test]
fn a_shortage_is_an_error() {
    assert_eq!(
        line().message(&short()),
        "<131>1 2026-03-01T08:31:02.003Z node-1 scrip 7 alarm.opened [scrip@32473 \
         account=\"Northwind\" virtual_account=\"Campus\" \
         about=\"regid.2026-01.com.example.NETWORK_ADVANTAGE,1.0_5b4c0f4e\" \
         alarm=\"alarm_040G2081040G2081040G208104\" code=\"alarm.insufficient_licenses\" \
         severity=\"major\" state=\"opened\" needed=\"13\" in_force=\"10\" missing=\"3\" \
         since=\"2026-03-01T08:30:00.000Z\" message=\"msg_030C1G60R30C1G60R30C1G60R3\"] \
         Short by 3: Network Advantage in Campus (Northwind)"
    );
}

#[test]
fn its_end_is_a_notice() {
    let told = line().message(&settled());
    assert!(
        told.starts_with("<133>1 2026-03-01T08:31:02.003Z node-1 scrip 7 alarm.settled ["),
        "{told}"
    );
    assert!(told.contains(" state=\"settled\" needed=\"9\" missing=\"0\" "), "{told}");
    assert!(told.ends_with("] Settled: Network Advantage in Campus (Northwind)"), "{told}");
}

#[test]
fn what_is_minor_is_a_warning() {
    let mut news = cloned();
    news.severity = Severity::Minor;
    let told = line().message(&news);
    assert!(told.starts_with("<132>1 "), "{told}");
    assert!(told.contains("code=\"alarm.cloned_instance\""), "{told}");
    assert!(told.ends_with("Two devices with one identity: P:C9300,S:FCW1 in Campus (Northwind)"));
}

#[test]
fn use_elsewhere_is_told_here_and_not_by_mail() {
    let told = line().message(&elsewhere());
    assert!(told.starts_with("<132>1 "), "{told}");
    assert!(told.contains("code=\"alarm.used_elsewhere\""), "{told}");
    assert!(told.ends_with("Used in FR, bought for DE: P:C9300,S:FCW1 in Campus (Northwind)"));
    let goes = |channel, news| crate::jobs::words::goes_along(channel, &news);
    assert!(goes(Channel::Syslog, elsewhere()) && !goes(Channel::Mail, elsewhere()));
    assert!(goes(Channel::Mail, cloned()) && goes(Channel::Mail, short()));
}

#[test]
fn quotes_brackets_and_backslashes_are_escaped() {
    let mut news = short();
    news.account = "a\"b]c\\d\ne".to_owned();
    let told = line().message(&news);
    assert!(told.contains("account=\"a\\\"b\\]c\\\\d e\""), "{told}");
    assert!(told.ends_with("(a\"b]c\\d e)"), "{told}");
}

#[test]
fn more_than_ascii_is_marked() {
    let mut news = short();
    news.virtual_account = "Zürich".to_owned();
    let told = line().message(&news);
    assert!(told.ends_with("] \u{feff}Short by 3: Network Advantage in Zürich (Northwind)"));
}

#[tokio::test]
async fn frames_are_counted_in_bytes_and_a_closed_stream_is_opened_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut line = line();
    line.config.transport = SyslogTransport::Tcp;
    line.config.address = listener.local_addr().expect("an address").to_string();
    for _ in 0..2 {
        line.send("<1>ü").await.expect("it is sent");
        let (mut stream, _) = listener.accept().await.expect("it connects");
        let mut frame = [0; 7];
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut frame).await.expect("a frame");
        assert_eq!(&frame, "5 <1>ü".as_bytes());
        drop(stream);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[test]
fn an_event_is_a_notice_with_who_and_what_and_its_place() {
    let event = ledger::posting::Event {
        virtual_account: None,
        account: ledger::house::HOUSE,
        id: wire::id::EventId::from_bytes([7; 16]),
        at: Timestamp::from_seconds(1_750_000_000),
        actor: "Ann \"x\" ]\n".to_owned(),
        role: "operator".to_owned(),
        action: "license.defined".to_owned(),
        subject: "lic_1".to_owned(),
        detail: "{\"name\":\"a\"}".to_owned(),
        private: String::new(),
        address: String::new(),
    };
    let place = ledger::log::place(&event, None, 4);
    let personal = ledger::log::Personal::Kept([0; 16]);
    let logged =
        Logged { event, personal, place: Some(place), sphere: ledger::log::Sphere::Licenses };
    assert_eq!(
        line().event_message(&logged),
        "<133>1 2025-06-15T15:06:40.000Z node-1 scrip 7 license.defined [scrip@32473 \
         account=\"acct_00000000000000000000000000\" event=\"ev_070W3GE1R70W3GE1R70W3GE1R7\" \
         place=\"4\" actor=\"Ann \\\"x\\\" \\] \" role=\"operator\" subject=\"lic_1\" \
         detail=\"{\\\"name\\\":\\\"a\\\"}\"] license.defined lic_1"
    );
}
