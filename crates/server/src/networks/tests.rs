//! What a file of networks may say, and what it then answers.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Networks {
    Networks::read(text, "networks.csv").expect("it is in order")
}

fn fault(text: &str) -> String {
    Networks::read(text, "networks.csv").expect_err("it is not in order").to_string()
}

fn at(networks: &Networks, address: &str) -> Option<String> {
    let found = networks.country_of(address.parse().expect("an address"));
    found.map(|country| country.to_string())
}

#[test]
fn the_smallest_network_that_holds_an_address_counts() {
    let networks = read(
        "\u{feff}# of the registries\n\n10.0.0.0/8,US\r\n10.1.0.0/16 , DE # a site\n10.1.2.3/32,FR\n\
         2001:db8::/32,SE\n2001:db8:1::/48,NO\n0.0.0.0/0,CH\n",
    );
    for (address, country) in [
        ("9.255.255.255", "CH"),
        ("10.0.0.0", "US"),
        ("10.1.0.0", "DE"),
        ("10.1.2.2", "DE"),
        ("10.1.2.3", "FR"),
        ("10.1.2.4", "DE"),
        ("10.2.0.0", "US"),
        ("11.0.0.0", "CH"),
        ("255.255.255.255", "CH"),
        ("::ffff:10.1.2.3", "FR"),
        ("2001:db8::1", "SE"),
        ("2001:db8:1:ffff::", "NO"),
    ] {
        assert_eq!(at(&networks, address).as_deref(), Some(country), "{address}");
    }
    assert_eq!(at(&networks, "2001:db9::"), None, "a network of IPv4 holds none of IPv6");
    assert_eq!(at(&read("::/0,SE\n"), "192.0.2.1"), None, "nor the other way round");
    assert_eq!(at(&read(""), "192.0.2.1"), None);
}

#[test]
fn a_line_that_cannot_be_used_is_named_with_its_reason() {
    for (line, reason) in [
        ("192.0.2.0/24", "write a network and a country"),
        ("192.0.2.0,DE", "write a network and a country"),
        ("network,country", "write a network and a country"),
        ("192.0.2.0/24;DE", "write a network and a country"),
        ("192.0.2.0/24,de", "\"de\" is no country"),
        ("192.0.2.0/24,DEU", "\"DEU\" is no country"),
        ("192.0.2.0/24,", "\"\" is no country"),
        ("192.0.2/24,DE", "\"192.0.2\" is no address"),
        ("\u{7}x/24,DE", "\"x\" is no address"),
        ("192.0.2.0/33,DE", "\"33\" is no length: write 0 to 32"),
        ("192.0.2.0/+8,DE", "\"+8\" is no length"),
        ("2001:db8::/129,DE", "\"129\" is no length: write 0 to 128"),
        ("192.0.2.1/24,DE", "192.0.2.1 has bits beyond the first 24"),
        ("0.0.0.1/0,DE", "0.0.0.1 has bits beyond the first 0"),
        ("2001:db8::1/127,DE", "2001:db8::1 has bits beyond the first 127"),
        ("::ffff:192.0.2.0/120,DE", "this is a network of IPv4"),
        ("198.51.100.0/24,FR", "line 2 says DE of the same network"),
    ] {
        let told = fault(&format!("# networks\n198.51.100.0/24,DE\n{line}\n"));
        assert!(told.starts_with(&format!("networks.csv, line 3: {reason}")), "{line}: {told}");
        assert!(told.ends_with("(countries.line)"), "{told}");
    }
    assert_eq!(at(&read("10.0.0.0/8,DE\n10.0.0.0/8,DE\n"), "10.0.0.1").as_deref(), Some("DE"));
}

#[test]
fn a_file_has_a_largest_size_and_must_be_there() {
    let told = fault(&"\n".repeat(LINES + 1));
    assert!(told.ends_with("join neighbouring networks (countries.size)"), "{told}");
    assert_eq!(at(&read(&"\n".repeat(LINES)), "10.0.0.1"), None);
    let missing = Networks::load(Path::new("/nowhere/networks.csv")).expect_err("it is not there");
    assert!(missing.to_string().ends_with("(countries.file)"), "{missing}");
    let folder = std::env::temp_dir().join(format!("scrip-networks-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("large.csv");
    std::fs::write(&file, vec![b' '; BYTES + 1]).expect("written");
    let large = Networks::load(&file).expect_err("it is too large").to_string();
    std::fs::write(&file, b"10.0.0.0/8,DE\n\xFF\xFE\n").expect("written");
    let torn = Networks::load(&file).expect_err("it is no text").to_string();
    std::fs::remove_dir_all(&folder).expect("removed");
    assert!(large.ends_with("(countries.size)"), "{large}");
    assert!(torn.contains("large.csv, line 2: "), "{torn}");
}

/// Networks that often hold each other: few different addresses, every length.
fn nets() -> impl Strategy<Value = Vec<(u128, u32, &'static str)>> {
    let country = proptest::sample::select(&["DE", "FR", "US"][..]);
    let net = (0..64_u128, 0..=8_u32, country).prop_map(|(bits, length, country)| {
        let kept = if length == 0 { 0 } else { bits << 2 >> (8 - length) << (8 - length) };
        (kept, length, country)
    });
    proptest::collection::vec(net, 0..24).prop_map(|mut nets| {
        nets.sort_by_key(|(bits, length, _)| (*bits, *length));
        nets.dedup_by_key(|(bits, length, _)| (*bits, *length));
        nets
    })
}

/// The country of the longest network that holds an address, found by looking at each.
fn naive(nets: &[(u128, u32, &'static str)], address: u128) -> Option<&'static str> {
    let holds = |(bits, length, _): &&(u128, u32, &str)| {
        (address ^ *bits).checked_shr(8 - *length).unwrap_or(0) == 0
    };
    nets.iter().filter(holds).max_by_key(|(_, length, _)| *length).map(|(_, _, country)| *country)
}

proptest! {
    #[test]
    fn every_address_is_where_a_look_at_each_network_finds_it(
        nets in nets().prop_shuffle(), v6: bool, low: bool
    ) {
        // Eight bits at one end of the address decide; the others are zero.
        let (width, shift) = match (v6, low) {
            (true, true) => (128, 0),
            (true, false) => (128, 120),
            (false, true) => (32, 0),
            (false, false) => (32, 24),
        };
        let address = |bits: u128| -> IpAddr {
            if v6 { Ipv6Addr::from(bits << shift).into() } else {
                Ipv4Addr::from(u32::try_from(bits << shift).expect("32 bits")).into()
            }
        };
        let lines = nets.iter().map(|(bits, length, country)| {
            format!("{}/{},{country}\n", address(*bits), length + width - 8 - shift)
        });
        let networks = read(&lines.collect::<String>());
        for bits in 0..256 {
            let found = networks.country_of(address(bits)).map(|country| country.to_string());
            prop_assert_eq!(found.as_deref(), naive(&nets, bits), "{}", address(bits));
        }
    }
}
