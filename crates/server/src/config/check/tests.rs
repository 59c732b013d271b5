//! What a configuration may and may not say.

use super::*;

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::read(text, "scrip.toml", [])
}

fn complaints(text: &str) -> Vec<String> {
    match read(text) {
        Err(ConfigError::Wrong(complaints)) => {
            complaints.iter().map(Complaint::to_string).collect()
        }
        other => panic!("it was taken: {other:?}"),
    }
}

#[test]
fn an_empty_configuration_is_enough() {
    let config = read("").unwrap();
    assert_eq!(config.mail, None);
    assert_eq!(config.tls.mode, TlsMode::Off);
}

#[test]
fn the_example_says_nothing_wrong() {
    read(EXAMPLE).unwrap();
}

#[test]
fn the_example_explains_every_key_there_is() {
    let known = schema();
    let everything: Config = known.clone().try_into().unwrap();
    let told = Table::try_from(everything).unwrap();
    for (part, keys) in &told {
        let known: Vec<_> = known[part].as_table().unwrap().keys().collect();
        let keys: Vec<_> = keys.as_table().unwrap().keys().collect();
        assert_eq!(known, keys, "[{part}]");
    }
    assert_eq!(told.keys().collect::<Vec<_>>(), known.keys().collect::<Vec<_>>());
}

#[test]
fn what_the_example_gives_is_the_default() {
    assert_eq!(read(EXAMPLE).unwrap(), Config::default());
}

#[test]
fn the_documentation_names_every_key_and_variable() {
    let page = include_str!("../../../../../docs/configuration.md");
    for (part, keys) in &schema() {
        for (key, value) in keys.as_table().unwrap() {
            if let Some(first) = value.as_array().and_then(|list| list.first()?.as_table()) {
                let told = |key: &String| page.contains(&format!("| `{key}` | – |"));
                assert!(first.keys().all(told), "{part}.{key}");
                continue;
            }
            let variable = format!("SCRIP_{}_{}", part.to_uppercase(), key.to_uppercase());
            assert!(page.contains(&format!("| `{key}` | `{variable}` |")), "{part}.{key}");
        }
    }
}

#[test]
fn an_unknown_part_is_named_with_those_there_are() {
    let told = complaints("[server]\n[smtp]\nhost = \"a\"\n");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("scrip.toml, line 2: there is no part [smtp]: the parts are "),
        "{told:?}"
    );
}

#[test]
fn a_key_outside_of_any_part_is_named() {
    let told = complaints("listen = \"127.0.0.1:1\"\n");
    assert!(
        told[0].starts_with("scrip.toml, line 1: `listen` stands outside of any part"),
        "{told:?}"
    );
}

#[test]
fn what_is_not_toml_is_named_with_its_line() {
    let told = complaints("[server]\nnode = \n");
    assert!(told[0].starts_with("scrip.toml, line 2: "), "{told:?}");
}

#[test]
fn a_part_lacks_a_key_that_it_needs() {
    let told = complaints("[mail]\nhost = \"mail.example.org\"\nfrom = \"a@example.org\"\n");
    assert_eq!(told, ["scrip.toml, line 1: [mail]: missing field `to`"]);
}

#[test]
fn an_unknown_word_is_named_with_those_there_are() {
    let told = complaints("[tls]\nmode = \"on\"\n");
    assert!(told[0].starts_with("scrip.toml, line 2: tls.mode: unknown variant `on`"), "{told:?}");
    assert!(told[0].contains("self-made"), "{told:?}");
}

#[test]
fn a_certificate_needs_its_key_and_its_mode() {
    let told = complaints("[tls]\nmode = \"files\"\ncertificate = \"a\"\n");
    assert_eq!(told, ["scrip.toml, line 1: tls.key: mode = \"files\" needs it"]);
    let told = complaints("[tls]\ncertificate = \"a\"\n");
    assert!(
        told[0].starts_with("scrip.toml, line 2: tls.certificate: it is used with"),
        "{told:?}"
    );
}

#[test]
fn addresses_of_mails_and_pages_are_checked() {
    let text = "[server]\npublic_url = \"licenses.example.org\"\n\
                [mail]\nhost = \"h\"\nfrom = \"nobody\"\nto = []\n\
                [syslog]\naddress = \"h\"\n";
    let places: Vec<_> =
        complaints(text).iter().map(|told| told.split(": ").nth(1).unwrap().to_owned()).collect();
    assert_eq!(places, ["server.public_url", "mail.from", "mail.to", "syslog.address"]);
}

#[test]
fn the_environment_gives_numbers_lists_and_whole_parts() {
    let environment = [
        ("SCRIP_MAIL_HOST", "mail.example.org"),
        ("SCRIP_MAIL_PORT", "25"),
        ("SCRIP_MAIL_FROM", "scrip@example.org"),
        ("SCRIP_MAIL_TO", "a@example.org, b@example.org"),
        ("SCRIP_TEST_POSTGRES", "not ours"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mail = Config::read("", "", environment).unwrap().mail.unwrap();
    assert_eq!(mail.port, 25);
    assert_eq!(mail.to, ["a@example.org", "b@example.org"]);
}

#[test]
fn a_variable_that_overrides_nothing_is_named() {
    let environment = [("SCRIP_SERVER_LISTN".to_owned(), "127.0.0.1:1".to_owned())];
    let Err(ConfigError::Wrong(told)) = Config::read("", "", environment) else {
        panic!("it was taken");
    };
    assert_eq!(told[0].place, "SCRIP_SERVER_LISTN");
}

#[test]
fn relative_paths_start_at_the_file() {
    let folder = std::env::temp_dir().join(format!("scrip-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("scrip.toml");
    std::fs::write(&file, "[server]\ndata = \"books\"\n").unwrap();
    let config = Config::load(Some(&file), []).unwrap();
    assert_eq!(config.server.data, folder.join("books"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn plain_http_for_everybody_is_warned_of() {
    let config = read("[server]\nlisten = \"0.0.0.0:80\"\n").unwrap();
    let warnings = config.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("tls is off and 0.0.0.0:80 can be reached from outside"));
    assert!(Config::default().warnings().is_empty());
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let told = complaints("[server]\nnode = \"a\"\nlissten = \"127.0.0.1:1\"\n");
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("scrip.toml, line 3: "), "{}", told[0]);
    assert!(told[0].contains("lissten"), "{}", told[0]);
}

#[test]
fn everything_wrong_is_said_at_once() {
    let told = complaints("[server]\nlisten = \"nowhere\"\n[database]\nurl = 7\n");
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn the_environment_wins_over_the_file() {
    let environment = [("SCRIP_SERVER_NODE".to_owned(), "from-environment".to_owned())];
    let config =
        Config::read("[server]\nnode = \"from-file\"\n", "scrip.toml", environment).unwrap();
    assert_eq!(config.server.node, "from-environment");
}

#[test]
fn two_places_of_one_database_contradict_each_other() {
    let told = complaints("[database]\nurl = \"postgres://a/b\"\nurl_file = \"secret\"\n");
    assert!(told[0].contains("url_file"), "{}", told[0]);
}

#[test]
fn the_example_explains_every_key_of_an_identity_provider() {
    let known = schema();
    let known = known["sign_in"]["provider"][0].as_table().unwrap().clone();
    let told = Table::try_from(super::super::Provider::clone(
        &schema().try_into::<Config>().unwrap().sign_in.provider[0],
    ));
    assert_eq!(told.unwrap(), known);
}

#[test]
fn everything_wrong_with_identity_providers_is_said() {
    let text = "[[sign_in.provider]]\nname = \"A b\"\nlabel = \" \"\nissuer = \"http://login.example.org\"\n\
                client_id = \"\"\nallowed_email_domains = [\"@example.org\"]\n\
                [[sign_in.provider]]\nname = \"A b\"\nlabel = \"B\"\nissuer = \"http://127.0.0.1:9\"\nclient_id = \"c\"\n";
    let told = complaints(text);
    let keys: Vec<_> = told
        .iter()
        .map(|told| told.split(": ").nth(2).unwrap().split(' ').next().unwrap())
        .collect();
    assert_eq!(
        keys,
        ["name", "label", "issuer", "client_id", "allowed_email_domains", "name", "name"]
    );
    assert!(
        told[0].starts_with("scrip.toml, line 1: sign_in.provider: name of \"A b\": "),
        "{}",
        told[0]
    );
    let told = complaints("[[sign_in.provider]]\nname = \"a\"\nlabel = \"A\"\nclient_id = \"c\"\n");
    assert_eq!(told, ["scrip.toml, line 1: sign_in.provider: missing field `issuer`"]);
    let told = complaints("[sign_in]\nproviders = []\n");
    assert!(
        told[0].starts_with("scrip.toml, line 2: sign_in.providers: unknown field"),
        "{told:?}"
    );
}

#[test]
fn an_identity_provider_is_not_given_by_a_variable() {
    let environment = [("SCRIP_SIGN_IN_PROVIDER".to_owned(), "corporate".to_owned())];
    let Err(ConfigError::Wrong(told)) = Config::read("", "", environment) else {
        panic!("it was taken");
    };
    assert_eq!(told[0].place, "SCRIP_SIGN_IN_PROVIDER");
}

#[test]
fn the_files_of_an_identity_provider_start_at_the_configuration() {
    let text = "[[sign_in.provider]]\nname = \"a\"\nlabel = \"A\"\nissuer = \"https://a.example.org\"\n\
                client_id = \"c\"\nclient_secret_file = \"secret\"\n";
    let provider = read(text).unwrap().rooted(Path::new("etc")).sign_in.provider.remove(0);
    assert_eq!(provider.client_secret_file, Some(Path::new("etc/secret").to_owned()));
    assert_eq!((provider.ca, provider.allowed_email_domains), (None, Vec::new()));
}

#[test]
fn what_limited_use_may_have_is_checked() {
    let config = read("[limited_use]\npeople = 12\npublic_domains = [\"mail.example\"]\n").unwrap();
    assert_eq!(config.limited_use.people, 12);
    let wrong = complaints(
        "[limited_use]\npeople = 0\npublic_domains = [\"mail.example\", \"Mail.Example\", \"@web\"]\n",
    );
    assert_eq!(wrong[0], "scrip.toml, line 2: limited_use.people: give 1 to 1000");
    assert!(
        wrong[1].starts_with(
            "scrip.toml, line 3: limited_use.public_domains: \"Mail.Example\" is no domain"
        ),
        "{}",
        wrong[1]
    );
    assert!(wrong[2].contains("\"@web\" is no domain"), "{}", wrong[2]);
    assert_eq!(wrong.len(), 3);
    assert_eq!(complaints("[limited_use]\npeople = 1001\n").len(), 1);
    assert_eq!(complaints("[limited_use]\npeople = -1\n").len(), 1);
}
