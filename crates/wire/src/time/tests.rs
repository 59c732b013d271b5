use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

#[test]
fn a_time_reads_back_as_it_was_written() {
    for text in [
        "1970-01-01T00:00:00.000Z",
        "2000-02-29T23:59:59.999Z",
        "2021-10-14T12:10:32.000Z",
        "2100-03-01T00:00:00.001Z",
        "9999-12-31T23:59:59.999Z",
    ] {
        assert_eq!(at(text).to_string(), text);
    }
}

#[test]
fn a_date_alone_is_its_first_instant() {
    assert_eq!(at("2021-10-14").millis(), 1_634_169_600_000);
}

#[test]
fn offsets_and_fractions_are_understood() {
    assert_eq!(at("2021-10-14T14:10:32+02:00"), at("2021-10-14T12:10:32Z"));
    assert_eq!(at("2021-10-14t07:40:32.5-04:30"), at("2021-10-14T12:10:32.500Z"));
    assert_eq!(at("2016-12-31T23:59:60Z"), at("2017-01-01"));
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "2021",
        "2021-13-01",
        "2021-02-29",
        "1900-02-29T00:00:00Z",
        "2021-10-14T12:10:32",
        "2021-10-14T24:00:00Z",
        "2021-10-14T12:10:32.Z",
        "2021-10-14T12:10:32Zz",
        "2021-10-14T12:10:32+0200",
        "é021-10-14",
    ] {
        assert_eq!(text.parse::<Timestamp>(), Err(TimeError::Malformed), "{text}");
    }
    assert_eq!("1969-12-31".parse::<Timestamp>(), Err(TimeError::Range));
    assert_eq!("9999-12-31T23:59:59-01:00".parse::<Timestamp>(), Err(TimeError::Range));
}

#[test]
fn show_style_is_what_operators_know() {
    assert_eq!(at("2021-10-14T12:10:32Z").show_style(), "Oct 14 12:10:32 2021 UTC");
    assert_eq!(at("2022-02-07T10:32:11Z").show_style(), "Feb 07 10:32:11 2022 UTC");
}

#[test]
fn arithmetic_stays_within_the_calendar() {
    assert_eq!(Timestamp::from_millis(-1), Timestamp::MIN);
    assert_eq!(Timestamp::from_seconds(i64::MAX), Timestamp::MAX);
    assert_eq!(Timestamp::MAX.plus(Span::from_days(i64::MAX)), Timestamp::MAX);
    assert_eq!(Timestamp::MIN.minus(Span::from_millis(1)), Timestamp::MIN);
    let earlier = at("2021-10-14");
    assert_eq!(earlier.plus(Span::from_minutes(3)).since(earlier), Span::from_seconds(180));
    assert_eq!(earlier.since(earlier.plus(Span::from_hours(1))).millis(), -3_600_000);
}

#[test]
fn json_holds_milliseconds() {
    assert_eq!(serde_json::to_string(&at("2021-10-14")).unwrap(), "1634169600000");
    assert_eq!(serde_json::from_str::<Timestamp>("1634169600000").unwrap(), at("2021-10-14"));
    assert!(serde_json::from_str::<Timestamp>("-1").is_err());
    assert!(serde_json::from_str::<Timestamp>("253402300800000").is_err());
}

proptest::proptest! {
    #[test]
    fn every_time_reads_back(millis in 0..=Timestamp::MAX.millis()) {
        let time = Timestamp::from_millis(millis);
        proptest::prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,40}") {
        let _ = text.parse::<Timestamp>();
    }
}
