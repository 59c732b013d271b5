//! People at the command line: the first administrator, roles, who is locked out, API clients.

use serde_json::json;
use server::app::sign_in::Entered;

use crate::hall::{Hall, PASSWORD};
use crate::stage::Stage;

const ANN: &str = "ann@example.com";

/// A server with Ann as its operator, who has a password.
fn hall() -> Hall {
    let stage = Stage::new();
    stage.json(&["user", "add", ANN, "--operator"]);
    let hall = Hall::open(stage);
    let link = hall.stage.ok(&["user", "link", ANN]);
    hall.choose_password(&link, PASSWORD).expect("it is chosen");
    hall
}

#[test]
fn the_first_administrator_is_made_on_the_host_and_gets_in_by_a_printed_link() {
    let stage = Stage::new();
    let made = stage.json(&["user", "add", ANN, "--name", "Ann Example", "--operator"]);
    assert_eq!((&made["email"], &made["name"]), (&json!(ANN), &json!("Ann Example")));
    assert_eq!(
        (&made["state"], &made["grants"][0]["role"]),
        (&json!("invited"), &json!("operator"))
    );
    let again = stage.run(&["user", "add", ANN, "--operator"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("(exists)"), "{}", again.err);
    let link = stage.ok(&["user", "link", ANN]);
    assert!(link.starts_with("http://127.0.0.1:8080/invitation/"), "{link}");
    let hall = Hall::open(stage);
    let secret = hall.running().set_up_secret.clone().expect("the first start of a server");
    hall.choose_password(&link, PASSWORD).expect("it is chosen");
    let used = hall.choose_password(&link, "another long enough password").expect_err("once only");
    assert!(used.ends_with("(link.dead)"), "{used}");
    hall.guest(ANN, PASSWORD);
    assert_eq!(hall.stage.json(&["user", "show", "ANN@example.com"])["state"], "active");
    let valid = hall.runtime.block_on(hall.app().is_set_up_secret(&secret)).expect("it is read");
    assert!(!valid, "the set-up secret is void once an operator can sign in");
    let text = hall.stage.ok(&["user", "add", "bob@example.com"]);
    assert!(text.contains("`scrip user link bob@example.com`"), "{text}");
    let people = hall.stage.json(&["user", "list", "--begins", "b"]);
    assert_eq!(people.as_array().map(Vec::len), Some(1));
    assert_eq!(people[0]["email"], "bob@example.com");
}

#[test]
fn a_role_is_granted_listed_and_ended() {
    let hall = hall();
    let stage = &hall.stage;
    stage.ok(&["account", "create", "Northwind Ltd", "--domain", "northwind.example"]);
    stage.ok(&["virtual-account", "create", "Campus"]);
    let cho = "cho@northwind.example";
    let made = stage.json(&["role", "grant", cho, "administrator", "--name", "Cho"]);
    assert_eq!((&made[0]["email"], &made[0]["role"]), (&json!(cho), &json!("administrator")));
    let place = ["--virtual-account", "campus", "--until", "2098-12-31"];
    let made = [&["role", "grant", "dee@northwind.example", "virtual-user"][..], &place].concat();
    let made = stage.json(&made);
    assert_eq!(made[0]["ends_at"], "2099-01-01T00:00:00.000Z", "a day counts to its end");
    assert!(made[0]["virtual_account"].as_str().is_some_and(|id| id.starts_with("va_")), "{made}");
    let all = stage.json(&["role", "list", "--account", "northwind.example"]);
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    let id = |email: &str| {
        let of = stage.json(&["role", "list", "--begins", email]);
        of[0]["id"].as_str().expect("an id").to_owned()
    };
    let last = stage.run(&["role", "end", &id("cho")]);
    assert!(last.err.contains("(role.last_administrator)"), "{}", last.err);
    assert_eq!(stage.json(&["role", "end", &id("dee")])["ended"], made[0]["id"]);
    assert_eq!(stage.json(&["role", "list", "--begins", "dee"]), json!([]));
    let house = stage.json(&["role", "list", "--house"]);
    assert_eq!((&house[0]["email"], &house[0]["account"]), (&json!(ANN), &json!(null)));
    assert_eq!(stage.json(&["role", "requests"]), json!([]));
    assert_eq!(stage.json(&["fsck"])["wrong"], json!([]));
}

#[test]
fn a_role_in_the_wrong_place_is_refused_with_the_right_one() {
    let stage = Stage::new();
    stage.ok(&["account", "create", "Northwind Ltd", "--domain", "northwind.example"]);
    let refused = [
        (
            &["role", "grant", ANN, "virtual-user"][..],
            "name it with --virtual-account (role.place)",
        ),
        (&["role", "grant", ANN, "user", "--virtual-account", "DEFAULT"], "(role.place)"),
        (&["role", "grant", ANN, "operator", "--account", "northwind.example"], "(role.place)"),
        (&["role", "grant", "ann", "user"], "email must be an e-mail address"),
        (&["role", "grant", ANN, "user", "--until", "2020-01-01"], "ends_at must be in the future"),
        (&["role", "end", "grant_nothing"], "(id."),
        (&["role", "grant", ANN, "user", "--account", "contoso.example"], "(name.unknown)"),
    ];
    for (words, said) in refused {
        let done = stage.run(words);
        assert_eq!(done.code, 1, "{words:?}: {}", done.out);
        assert!(done.err.contains(said), "{words:?}: {}", done.err);
    }
    for words in
        [&["role", "grant", ANN, "boss"][..], &["role", "grant", ANN, "user", "--until", "soon"]]
    {
        assert_eq!(stage.run(words).code, 2, "{words:?}");
    }
    assert_eq!(stage.json(&["role", "list"]), json!([]), "nobody came to have a role by it");
}

#[test]
fn what_each_role_may_do_is_explained_from_the_matrix() {
    let stage = Stage::new();
    let roles = stage.json(&["role", "explain"]);
    let all = roles.as_array().expect("a list");
    assert_eq!(all.len(), ledger::role::Role::ALL.len());
    let may = |role: &str| {
        let found = all.iter().find(|one| one["role"] == role);
        found.expect("the role")["may"].to_string()
    };
    assert!(may("approver").contains("accept terms") && !may("approver").contains("ID tokens"));
    assert!(may("virtual-user").contains("ID tokens") && !may("virtual-user").contains("roles"));
    let text = stage.ok(&["role", "explain"]);
    assert!(
        text.contains(
            "Virtual Account Administrator (virtual-administrator), in a virtual account"
        )
    );
    assert!(!stage.path("scrip-data").exists(), "no installation is needed for it");
}

#[test]
fn who_lost_their_second_factor_is_recovered_on_the_host() {
    let hall = hall();
    let guest = hall.guest(ANN, PASSWORD);
    let Some((secret, _)) = hall.take_authenticator(&guest) else { return };
    assert!(matches!(hall.enter(ANN, PASSWORD), Ok(Entered::Owes(_))), "a code is owed now");
    let unsure = hall.stage.run(&["user", "recover", ANN]);
    assert_eq!(unsure.code, 1);
    assert!(
        unsure.err.contains("Type ann@example.com to go on")
            && unsure.err.contains("(confirm.missing)")
    );
    assert!(matches!(hall.enter(ANN, PASSWORD), Ok(Entered::Owes(_))), "nothing was done");
    let typed = hall.stage.typed(&["user", "recover", ANN, "--json"], "ann@example.com\n");
    assert_eq!(typed.code, 0, "{}", typed.err);
    let told: serde_json::Value = serde_json::from_str(&typed.out).expect("JSON");
    let link = told["link"].as_str().expect("a link");
    assert!(link.contains("/new-password/"), "{link}");
    let alive = hall.runtime.block_on(hall.app().signed_in(&guest.token)).expect("it is read");
    assert!(alive.is_none(), "every session ended");
    let new = "quiet harbours lend their boats";
    hall.choose_password(link, new).expect("it is chosen");
    hall.guest(ANN, new);
    assert!(!hall.stage.ok(&["event", "list", "--house", "--json"]).contains(&secret));
}

#[test]
fn who_is_blocked_is_out_at_once_and_gets_no_link() {
    let hall = hall();
    let guest = hall.guest(ANN, PASSWORD);
    let stage = &hall.stage;
    assert_eq!(stage.json(&["user", "block", ANN])["state"], "blocked");
    let alive = hall.runtime.block_on(hall.app().signed_in(&guest.token)).expect("it is read");
    assert!(alive.is_none());
    for words in [&["user", "link", ANN][..], &["user", "recover", ANN, "--yes"]] {
        let done = stage.run(words);
        assert_eq!(done.code, 1);
        assert!(done.err.contains("(person.blocked)"), "{}", done.err);
    }
    assert_eq!(stage.json(&["user", "admit", ANN])["state"], "active");
    hall.guest(ANN, PASSWORD);
    let unknown = stage.run(&["user", "block", "eve@example.com"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("(user.unknown)"), "{}", unknown.err);
}

#[test]
fn an_api_client_is_made_by_a_person_over_the_network() {
    let hall = hall();
    let stage = &hall.stage;
    stage.ok(&["account", "create", "Northwind Ltd", "--domain", "northwind.example"]);
    let here = stage.run(&["client", "create", "inventory"]);
    assert_eq!(here.code, 1);
    assert!(here.err.contains("(client.person)"), "{}", here.err);
    let url = hall.running().public_url.clone();
    let untold = stage.run(&["client", "create", "inventory", "--server", &url]);
    assert!(untold.err.contains("(remote.token)"), "{}", untold.err);
    stage.file("token", &hall.token_of(&hall.guest(ANN, PASSWORD)));
    let away = ["--server", &url, "--token-file", "token"];
    let over = |words: &[&str]| stage.json(&[words, &away].concat());
    let made = over(&["client", "create", "inventory", "--scope", "read licenses"]);
    let client = made["client_id"].as_str().expect("an id").to_owned();
    assert!(made["client_secret"].as_str().is_some_and(|one| one.starts_with("scrip_secret_")));
    over(&["client", "add-secret", &client]);
    let listed = stage.json(&["client", "list"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&listed[0]["name"], &listed[0]["scope"]),
        (&json!("inventory"), &json!("read licenses"))
    );
    assert!(!listed.to_string().contains("scrip_secret_"));
    assert_eq!(over(&["client", "revoke", &client, "--yes"])["revoked"], json!(client));
    assert_eq!(stage.json(&["client", "list"]).as_array().map(Vec::len), Some(0));
    // What only the host may do is not even there for who comes over the network.
    let far = stage.run(&[&["user", "add", "bob@example.com"][..], &away].concat());
    assert!(far.err.contains("(user.role)"), "{}", far.err);
    let wrong = stage.run(&["account", "list", "--server", &url, "--token-file", "none"]);
    assert!(wrong.err.contains("(remote.token)"), "{}", wrong.err);
    stage.file("other", "scrip_pat_00");
    let wrong = stage.run(&["account", "list", "--server", &url, "--token-file", "other"]);
    assert!(wrong.err.contains("(auth.wrong)"), "{}", wrong.err);
    let nobody =
        stage.run(&["account", "list", "--server", "http://127.0.0.1:1", "--token-file", "token"]);
    assert!(nobody.err.contains("(remote.unreachable)"), "{}", nobody.err);
}

#[test]
fn accounts_and_virtual_accounts_are_changed_by_name_and_terms_published() {
    let stage = Stage::new();
    stage.ok(&["account", "create", "Northwind Ltd", "--domain", "northwind.example"]);
    let changed = stage.json(&["account", "edit", "--name", "Northwind plc", "--country", "GB"]);
    assert_eq!(
        (&changed[0]["name"], &changed[0]["country"]),
        (&json!("Northwind plc"), &json!("GB"))
    );
    let kept = stage.json(&["account", "edit", "--country", ""]);
    assert_eq!((&kept[0]["name"], &kept[0]["revision"]), (&json!("Northwind plc"), &json!(2)));
    stage.ok(&["virtual-account", "create", "Campus", "--description", "all buildings"]);
    let tags = ["--tag", "department:research", "--tag", "site: berlin"];
    let edited = stage
        .json(&[&["virtual-account", "edit", "campus", "--name", "North"], &tags[..]].concat());
    assert_eq!(
        (&edited[0]["name"], &edited[0]["description"]),
        (&json!("North"), &json!("all buildings"))
    );
    assert_eq!(edited[0]["tags"][1], json!({ "group": "site", "value": "berlin" }));
    let kept = stage.json(&["virtual-account", "edit", "North", "--description", ""]);
    assert_eq!(kept[0]["tags"].as_array().map(Vec::len), Some(2), "what is not named stays");
    assert_eq!(
        stage.json(&["virtual-account", "edit", "North", "--no-tags"])[0]["tags"],
        json!([])
    );
    assert!(stage.json(&["virtual-account", "archive", "North"])[0]["archived_at"].is_string());
    assert_eq!(stage.json(&["virtual-account", "restore", "North"])[0]["archived_at"], json!(null));
    stage.ok(&["token", "create", "--virtual-account", "North"]);
    assert_eq!(stage.run(&["virtual-account", "archive", "North"]).code, 1, "it holds a token");
    let asked = stage.run(&["virtual-account", "archive", "North", "--move-to", "DEFAULT"]);
    assert!(asked.err.contains("Everything in \"North\" moves to \"DEFAULT\""), "{}", asked.err);
    assert!(asked.err.contains("(confirm.missing)"), "{}", asked.err);
    let moves = ["virtual-account", "archive", "North", "--move-to", "default", "--yes"];
    assert!(stage.json(&moves)[0]["archived_at"].is_string());
    stage.ok(&["virtual-account", "restore", "North"]);
    assert_eq!(stage.run(&["virtual-account", "edit", "North", "--tag", "plain"]).code, 2);
    terms(&stage);
}

fn terms(stage: &Stage) {
    let none = stage.run(&["terms", "show"]);
    assert!(none.err.contains("(not_found)"), "{}", none.err);
    stage.file("terms.txt", "Be fair.\n\nReport what you use.\n");
    let publish = ["terms", "publish", "terms.txt", "--title", "Agreement"];
    assert!(stage.run(&publish).err.contains("(confirm.missing)"));
    assert_eq!(stage.typed(&publish, "publish\n").out, "version 1 is published: Agreement\n");
    assert!(stage.ok(&["terms", "show"]).ends_with("Report what you use.\n"));
    let blocked = stage.run(&["token", "create"]);
    assert!(blocked.err.contains("(terms.not_accepted)"), "{}", blocked.err);
    assert!(stage.run(&["account", "accept-terms"]).err.contains("(confirm.missing)"));
    assert_eq!(stage.json(&["account", "accept-terms", "--yes"])["accepted"], 1);
    stage.ok(&["token", "create"]);
    let missing = stage.run(&["terms", "publish", "none.txt", "--title", "A", "--yes"]);
    assert!(missing.err.contains("(terms.file)"), "{}", missing.err);
}

#[test]
fn what_events_tell_of_a_person_is_erased_and_the_log_stays_provable() {
    let stage = Stage::new();
    stage.ok(&["account", "create", "Northwind Ltd", "--domain", "northwind.example"]);
    stage.ok(&["role", "grant", "cho@northwind.example", "administrator"]);
    stage.ok(&["role", "grant", "dee@northwind.example", "user"]);
    let served = stage.serve();
    stage.wait_for_places("role.granted", 2);
    stage.ok(&["event", "checkpoint", "--out", "kept.checkpoint"]);
    drop(served);
    let told = |email: &str| stage.ok(&["event", "list", "--json"]).contains(email);
    let unsure = stage.run(&["event", "erase", "--person", "cho@northwind.example"]);
    assert!(unsure.err.contains("(confirm.missing)") && told("cho@northwind.example"));
    let erased = stage.json(&["event", "erase", "--person", "CHO@northwind.example", "--yes"]);
    assert_eq!(erased[0]["erased"], 1, "{erased}");
    assert!(!told("cho@northwind.example") && told("dee@northwind.example"));
    let note = stage.json(&["event", "list", "--action", "event.erased"]);
    assert_eq!(
        (&note[0]["detail"]["events"], &note[0]["actor"]),
        (&json!("1"), &json!("host command line"))
    );
    let made = stage.json(&["event", "list", "--action", "account.created"]);
    let id = made[0]["id"].as_str().expect("an id");
    assert_eq!(stage.json(&["event", "erase", id, "--yes"])[0]["erased"], 1);
    assert_eq!(
        stage.json(&["event", "list", "--action", "account.created"])[0]["actor"],
        json!(null)
    );
    assert_eq!(
        stage.json(&["event", "erase", id, "--yes"])[0]["erased"],
        0,
        "it is erased already"
    );
    let unknown = stage.run(&["event", "erase", "--house", id, "--yes"]);
    assert!(unknown.err.contains("(not_found)"), "{}", unknown.err);
    assert_eq!(stage.run(&["event", "erase"]).code, 2);
    let found = stage.json(&["fsck"]);
    assert_eq!((&found["wrong"], &found["erased"]), (&json!([]), &json!(2)));
    let held = stage.json(&["event", "verify", "--checkpoint", "kept.checkpoint"]);
    assert_eq!(held["proved"], true, "{held}");
}
