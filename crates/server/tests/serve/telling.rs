//! News reaches its receivers, at least once, whatever happens to one of them.

use server::app::news::{Channel, Outlook};
use server::config::{Config, Facility, Mail, MailTls, Syslog, SyslogTransport};
use server::serve::open;
use server::world::Script;
use wire::time::Span;

use crate::device::Device;
use crate::house::{Company, House, MORNING, Scratch, until};
use crate::receivers::{mail_server, nobody, syslog_tcp, syslog_udp};

pub(crate) fn mail(address: std::net::SocketAddr) -> Mail {
    Mail {
        host: "127.0.0.1".to_owned(),
        port: address.port(),
        tls: MailTls::None,
        ca: None,
        from: "Scrip <scrip@example.org>".to_owned(),
        to: vec!["licenses@example.org".to_owned()],
        username: None,
        password_file: None,
    }
}

fn syslog(address: std::net::SocketAddr, transport: SyslogTransport) -> Syslog {
    Syslog {
        address: address.to_string(),
        transport,
        facility: Facility::Local0,
        app_name: "scrip".to_owned(),
        events: server::config::ForwardedEvents::None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shortage_and_its_end_are_told_by_mail_and_syslog() {
    let folder = Scratch::new();
    let (post, mails) = mail_server(0).await;
    let (line, lines) = syslog_udp().await;
    let mut config = Config::in_folder(folder.path());
    config.mail = Some(mail(post));
    config.syslog = Some(syslog(line, SyslogTransport::Udp));
    config.server.public_url = Some("https://licenses.example.org".to_owned());
    let house = House::open(config).await;
    let mut device = house.device(1).await;

    house.report(&mut device, 3).await;
    until("the shortage is told", async || mails.count() == 1 && lines.count() == 1).await;
    let told = &mails.all()[0];
    let subject = "Subject: [Scrip] Short by 3: NETWORK_ADVANTAGE in DEFAULT (Northwind)";
    assert!(told.contains(subject), "{told}");
    assert!(told.contains("Missing          3"), "{told}");
    let link =
        format!("https://licenses.example.org/accounts/{}/alarms#alarm_", house.company.account);
    assert!(told.replace("=\n", "").contains(&link), "{told}");
    let line = &lines.all()[0];
    assert!(line.starts_with("<131>1 2027-01-15T08:00:00.000Z scrip-1 scrip "), "{line}");
    assert!(line.contains("code=\"alarm.insufficient_licenses\""), "{line}");
    assert!(line.ends_with("] Short by 3: NETWORK_ADVANTAGE in DEFAULT (Northwind)"), "{line}");

    house.company.wait(Span::from_minutes(1));
    house.report(&mut device, 0).await;
    house.company.wait(Span::from_minutes(61));
    until("its end is told", async || mails.count() == 2 && lines.count() == 2).await;
    assert!(mails.all()[1].contains("[Scrip] Settled: NETWORK_ADVANTAGE"), "{}", mails.all()[1]);
    assert!(lines.all()[1].starts_with("<133>1 "), "{}", lines.all()[1]);
    until("nothing waits", async || house.company.waiting().await == 0).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_receiver_holds_up_nobody_and_hears_it_later() {
    let folder = Scratch::new();
    let (post, mails) = mail_server(0).await;
    let dead = nobody().await;
    let mut config = Config::in_folder(folder.path());
    config.mail = Some(mail(post));
    config.syslog = Some(syslog(dead, SyslogTransport::Tcp));
    let house = House::open(config).await;
    let mut device = house.device(1).await;
    let mut other = house.device(2).await;

    house.report(&mut device, 3).await;
    until("the mail is told", async || mails.count() == 1).await;
    house.company.wait(Span::from_hours(25));
    house.report(&mut other, 4).await;
    assert!(house.company.waiting().await >= 1);

    let lines = syslog_tcp(dead).await;
    house.company.wait(Span::from_hours(2));
    until("the line is told", async || lines.count() >= 1).await;
    assert!(lines.all()[0].contains("Short by 3"), "{}", lines.all()[0]);
    until("nothing waits", async || house.company.waiting().await == 0).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_put_off_is_sent_again_under_the_same_id() {
    let folder = Scratch::new();
    let (post, mails) = mail_server(2).await;
    let mut config = Config::in_folder(folder.path());
    config.mail = Some(mail(post));
    let house = House::open(config).await;
    let mut device = house.device(1).await;
    house.report(&mut device, 3).await;
    for _ in 0..2 {
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        assert_eq!(mails.count(), 0);
        house.company.wait(Span::from_minutes(1));
    }
    until("it is sent", async || mails.count() == 1).await;
    assert!(mails.all()[0].contains("Message-ID: <msg_"), "{}", mails.all()[0]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn news_that_nobody_takes_is_given_up_after_some_days() {
    let folder = Scratch::new();
    let mut config = Config::in_folder(folder.path());
    config.mail = Some(mail(nobody().await));
    // Nothing is served here: the test is the teller, so that no time is lost.
    let script = Script::new(7, MORNING);
    let app = open(&config, script.world()).await.expect("it opens").app;
    let company = Company::found(app.clone(), script.clone()).await;
    let mut device = Device::new(1, app.keys.realm);
    let request = device.trust_request(&company.token().await, company.now());
    app.trust(request.as_bytes()).await.expect("it is trusted");
    let push = device.push(3, company.now());
    app.submit_push(push.as_bytes(), None).await.expect("it is recorded");

    let (mut tries, mut outlook) = (0, None);
    loop {
        let claimed = app.claim_news(Channel::Mail).await.expect("it can be read");
        let Some(news) = claimed.first() else { break };
        tries += 1;
        let why = "nobody is there".to_owned();
        outlook = Some(app.news_failed(&news.queued, why).await.expect("noted"));
        let before = app.claim_news(Channel::Mail).await.expect("it can be read");
        assert!(before.is_empty(), "try {tries} is followed by another at once");
        script.set(app.world.now().plus(Span::from_minutes(76)));
    }
    assert_eq!((tries, outlook), (80, Some(Outlook::GivenUp)));
    assert!(app.world.now().since(MORNING) > Span::from_days(3));
    assert_eq!(app.waiting().await.expect("counted").news, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_forwarded_in_order_once_it_has_its_place() {
    let folder = Scratch::new();
    let (line, lines) = syslog_udp().await;
    let mut config = Config::in_folder(folder.path());
    let events = server::config::ForwardedEvents::All;
    config.syslog = Some(Syslog { events, ..syslog(line, SyslogTransport::Udp) });
    let house = House::open(config).await;
    house.device(1).await;
    let is_event = |line: &String| line.contains(" event=\"ev_");
    until("they are forwarded", async || {
        lines.all().iter().filter(|one| is_event(one)).count() >= 3
    })
    .await;
    let all = lines.all();
    let own = format!("account=\"{}\"", house.company.account);
    let places: Vec<String> =
        all.iter().filter(|one| is_event(one) && one.contains(&own)).cloned().collect();
    for (nth, told) in places.iter().enumerate() {
        assert!(told.contains(&format!(" place=\"{nth}\" ")), "{told}");
    }
    assert!(places.iter().any(|told| told.contains(" instance.bound [scrip@32473 ")), "{places:?}");
    house.close().await;
}
