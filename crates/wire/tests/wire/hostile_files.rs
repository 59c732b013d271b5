//! Files that nobody honest writes.

use wire::file::{AckFile, FileError, Room, TrustFile, UsageFile};
use wire::seal::Carried;

use crate::sample;

fn refused(xml: &str) -> FileError {
    let error = UsageFile::parse(xml.as_bytes(), Room::Push).expect_err(xml);
    assert!(error.to_string().contains(error.code), "{error}");
    error
}

fn place(xml: &str) -> (&'static str, usize, usize) {
    let error = refused(xml);
    (error.code, error.line, error.column)
}

#[test]
fn a_document_type_is_refused_with_its_line() {
    let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE lolz [\n<!ENTITY lol \"lol\">]>\n<smartLicense>&lol;</smartLicense>";
    assert_eq!(place(bomb), ("file.doctype", 2, 1));
    assert_eq!(
        refused(bomb).to_string(),
        "line 2, column 1: the file has a document type, which is not read: remove it (file.doctype)"
    );
    let outside = "<!DOCTYPE r SYSTEM \"file:///etc/passwd\"><RUMReport/>";
    assert_eq!(place(outside), ("file.doctype", 1, 1));
}

#[test]
fn entities_are_refused_with_their_line() {
    assert_eq!(
        place("<smartLicense>\n  <RUMReport>ä &lol;</RUMReport></smartLicense>"),
        ("file.entity", 2, 16)
    );
    assert_eq!(place("<RUMReport>\n\n&#0;</RUMReport>"), ("file.entity", 3, 1));
    assert_eq!(place("<RUMReport>&#xD800;</RUMReport>").0, "file.entity");
    assert_eq!(place("<RUMReport>&#xFFFE;</RUMReport>").0, "file.entity");
    assert_eq!(place("<RUMReport>&</RUMReport>").0, "file.xml");
}

#[test]
fn what_is_not_sound_xml_is_refused_with_its_line() {
    for (xml, code, line) in [
        ("", "file.missing", 1),
        ("\n\n", "file.missing", 3),
        ("{\"payload\":1}", "file.text", 1),
        ("<smartLicense>", "file.xml", 1),
        ("<smartLicense>\n</RUMReport>", "file.xml", 2),
        ("<smartLicense>\n<RUMReport", "file.xml", 2),
        ("<smartLicense>\n<RUMReport><![CDATA[", "file.xml", 2),
        ("<smartLicense/>\n<smartLicense/>", "file.element", 2),
        ("<smartLicense/>\nx", "file.text", 2),
        ("<smartLicense>\n<!-- a -- b --></smartLicense>", "file.xml", 2),
        ("<smartLicense><?xml version=\"1.0\"?></smartLicense>", "file.xml", 1),
        ("<?xml version=\"1.0\" encoding=\"UTF-16\"?><smartLicense/>", "file.encoding", 1),
        ("<license/>", "file.element", 1),
        ("<smartLicense>\nx</smartLicense>", "file.text", 2),
        ("<smartLicense>\n<smartLicenseRumAck/></smartLicense>", "file.kind", 2),
        ("<RUMReport>\n<x/></RUMReport>", "file.element", 2),
        ("<RUMReport>\n {}</RUMReport>", "report.malformed", 2),
        ("<RUMReport/>", "report.malformed", 1),
    ] {
        let (found, at, _) = place(xml);
        assert_eq!((found, at), (code, line), "{xml}");
    }
    let error = UsageFile::parse(b"<smartLicense>\n\xFF</smartLicense>", Room::Push).unwrap_err();
    assert_eq!((error.code, error.line, error.column), ("file.encoding", 2, 1));
}

#[test]
fn elements_that_are_passed_over_have_a_depth() {
    let nested = |depth: usize| {
        let (open, close) = ("<x>".repeat(depth), "</x>".repeat(depth));
        format!(
            "<smartLicense><smartLicenseSystemInfo>{open}{close}<data>{{}}</data></smartLicenseSystemInfo></smartLicense>"
        )
    };
    assert!(UsageFile::parse(nested(6).as_bytes(), Room::Push).is_ok());
    assert_eq!(place(&nested(7)).0, "file.depth");
    assert_eq!(place(&nested(100_000)).0, "file.depth");
}

#[test]
fn a_file_is_taken_whole_or_not_at_all() {
    let good =
        UsageFile { system: None, reports: vec![Carried::Sealed(sample::sealed(1, [0; 32]))] }
            .to_xml();
    let bad =
        good.replace("</smartLicense>", "\n<RUMReport>{\"payload\":1}</RUMReport></smartLicense>");
    assert_eq!(place(&bad), ("report.malformed", 2, 12));
}

#[test]
fn a_push_holds_64_reports_and_a_mebibyte() {
    let report = Carried::Sealed(sample::sealed(1, [0; 32]));
    let mut file = UsageFile { system: None, reports: vec![report.clone(); 64] };
    assert!(UsageFile::parse(file.to_xml().as_bytes(), Room::Push).is_ok());
    file.reports.push(report);
    assert_eq!(place(&file.to_xml()).0, "size.push");
    assert!(UsageFile::parse(file.to_xml().as_bytes(), Room::File).is_ok());
    let blank = " ".repeat(wire::limits::PUSH_BYTES);
    assert_eq!(place(&(blank.clone() + "x")).0, "size.push");
    assert_eq!(UsageFile::parse(blank.as_bytes(), Room::Push).unwrap_err().code, "file.missing");
    assert_eq!(AckFile::parse((blank + "x").as_bytes()).unwrap_err().code, "size.file");
}

#[test]
fn text_in_pieces_takes_no_time_that_grows_with_its_square() {
    let blank = " ".repeat(400_000);
    let pieces = "&lt;".repeat(150_000);
    assert_eq!(place(&format!("<RUMReport>x{blank}{pieces}</RUMReport>")).0, "report.size");
    assert_eq!(place(&format!("<RUMReport>{blank}{pieces}</RUMReport>")).0, "report.malformed");
}

#[test]
fn a_report_may_come_escaped_or_in_pieces() {
    let sealed = Carried::Sealed(sample::sealed(1, [0; 32]));
    let json = sealed.to_json().into_owned();
    let escaped = json
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('{', "&#123;")
        .replace('}', "&#x7d;");
    let (head, tail) = json.split_at(100);
    for xml in [
        format!("<RUMReport>{escaped}</RUMReport>"),
        format!("<RUMReport><![CDATA[{head}]]><!-- here --><![CDATA[{tail}]]></RUMReport>"),
        format!(
            "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- a file -->\n<smartLicense a=\"b\">\r\n<RUMReport>\n<![CDATA[ {json}\n]]>\n</RUMReport>\n</smartLicense>\n"
        ),
    ] {
        let file = UsageFile::parse(xml.as_bytes(), Room::Push).expect(&xml);
        assert_eq!(file.reports, std::slice::from_ref(&sealed));
    }
}

#[test]
fn answers_are_taken_whole_or_not_at_all() {
    let refused = |xml: &str| AckFile::parse(xml.as_bytes()).expect_err(xml).code;
    let ack = AckFile { ack: Some(sample::sealed_ack()), ..AckFile::default() }.to_xml();
    let element = ack.trim_start_matches("<smartLicense>").trim_end_matches("</smartLicense>");
    assert_eq!(refused(&format!("<smartLicense>{element}{element}</smartLicense>")), "file.twice");
    assert_eq!(refused("<smartLicense><smartLicenseRumAck/></smartLicense>"), "file.missing");
    assert_eq!(refused("<smartLicensePolicy><data>?</data></smartLicensePolicy>"), "file.base64");
    assert_eq!(
        refused("<smartLicensePolicy><data>AA==</data></smartLicensePolicy>"),
        "seal.malformed"
    );
    assert_eq!(refused("<smartLicensePolicy><data/><data/></smartLicensePolicy>"), "file.twice");
    assert_eq!(refused("<smartLicense><RUMReport/></smartLicense>"), "file.kind");
    assert_eq!(refused(&ack.replace("RumAck", "Policy")), "seal.type");
    let request = |xml: &str| TrustFile::parse(xml.as_bytes()).expect_err(xml).code;
    assert_eq!(request("<smartLicense/>"), "file.missing");
    assert_eq!(request(&ack), "file.kind");
    assert_eq!(request("<license/>"), "file.element");
}

#[test]
fn a_file_of_another_kind_is_told_where_it_belongs() {
    let ack = AckFile { ack: Some(sample::sealed_ack()), ..AckFile::default() }.to_xml();
    let error = UsageFile::parse(ack.as_bytes(), Room::File).expect_err("it is an answer");
    assert_eq!(
        error.to_string(),
        "this is a license manager's answer to a device: take it to that device, \
         `scrip-agent import` (file.kind)"
    );
    assert_eq!(TrustFile::parse(ack.as_bytes()), Err(error));
    for (bytes, belongs) in [
        ("<smartLicense><smartLicenseTrustRequest/></smartLicense>", "scrip import trust"),
        ("<RUMReport/>", "scrip import usage"),
        ("<smartLicense><smartLicenseSystemInfo/></smartLicense>", "scrip import usage"),
    ] {
        let error = AckFile::parse(bytes.as_bytes()).expect_err(bytes).to_string();
        assert!(error.contains(belongs) && error.ends_with(" (file.kind)"), "{error}");
    }
}

#[test]
fn answers_and_requests_read_back() {
    let full = AckFile {
        ack: Some(sample::sealed_ack()),
        policy: Some(wire::seal::Sealed::seal(
            &wire::message::Policy::default(),
            sample::for_all(),
            &sample::node(),
        )),
        bundle: Some(sample::sealed_bundle()),
        trust: Some(wire::seal::Sealed::seal(
            &sample::trust_code(),
            sample::for_instance(),
            &sample::node(),
        )),
    };
    assert_eq!(AckFile::parse(full.to_xml().as_bytes()), Ok(full.clone()));
    let policy = full.to_xml();
    let start = policy.find("<smartLicensePolicy>").unwrap();
    let alone = &policy[start..policy.len() - "</smartLicense>".len()];
    let wrapped = alone
        .replace("<data>", "<data>\n  ")
        .replace("</data>", "\n</data><signature>x</signature>");
    assert_eq!(AckFile::parse(wrapped.as_bytes()).unwrap().policy, full.policy);
    let file = TrustFile { request: sample::sealed_request() };
    assert_eq!(TrustFile::parse(file.to_xml().as_bytes()), Ok(file));
}

#[test]
fn what_a_system_says_of_itself_never_costs_its_reports() {
    let read = |json: &str| {
        let xml = format!(
            "<smartLicense><smartLicenseSystemInfo><data><![CDATA[{json}]]></data></smartLicenseSystemInfo></smartLicense>"
        );
        UsageFile::parse(xml.as_bytes(), Room::Push).unwrap().system.unwrap()
    };
    let system = read(
        r#"{"timestamp":"1700000000","nonce":17,"sudi":{"udi_pid":"A","udi_serial_number":"B"},"hostname":"h","software_tag_identifier":"t","device_list":[]}"#,
    );
    assert_eq!(system.timestamp, Some(wire::time::Timestamp::from_seconds(1_700_000_000)));
    assert_eq!(system.nonce.as_deref(), Some("17"));
    assert_eq!(system.udi, Some(wire::udi::Udi::pid_serial("A", "B")));
    assert_eq!(
        read(r#"{"timestamp":1700000000123}"#).timestamp,
        Some(wire::time::Timestamp::from_millis(1_700_000_000_123))
    );
    assert_eq!(
        read(r#"{"hostname":"a\u0000","timestamp":-1,"software_tag_identifier":""}"#),
        wire::file::System::default()
    );
    assert_eq!(
        read(r#"{"timestamp":1767}"#).timestamp,
        Some(wire::time::Timestamp::from_seconds(1767))
    );
    assert_eq!(read(&"[".repeat(100_000)), wire::file::System::default());
    let file = UsageFile { system: Some(system), reports: Vec::new() };
    assert_eq!(UsageFile::parse(file.to_xml().as_bytes(), Room::Push), Ok(file));
}
