//! The ways that lead somewhere.

use super::*;

#[tokio::test]
async fn an_honest_provider_says_who_somebody_is() {
    let scene = scene().await;
    let subject = scene.sign_in(Prompt::IfNeeded, |_, _| ()).await.unwrap();
    let expected = Subject {
        issuer: scene.liar.issuer.clone(),
        subject: "anna-42".to_owned(),
        email: Some("anna@example.org".to_owned()),
        email_verified: true,
        name: Some("Anna Meier".to_owned()),
        proven_at: None,
    };
    assert_eq!(subject, expected);
}

#[tokio::test]
async fn the_question_has_a_state_a_nonce_and_a_challenge_that_the_code_is_exchanged_with() {
    let scene = scene().await;
    let (query, pending) = scene.begin(Prompt::IfNeeded).await.unwrap();
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["client_id"], "scrip");
    assert_eq!(query["redirect_uri"], REDIRECT);
    assert_eq!(query["scope"], "openid email profile");
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!((query["state"].len(), query["nonce"].len()), (43, 43));
    assert_ne!(query["state"], query["nonce"]);
    assert!(!query.contains_key("prompt"));
    let (another, _) = scene.begin(Prompt::IfNeeded).await.unwrap();
    assert_ne!(another["state"], query["state"]);
    assert_eq!(pending.provider(), "corporate");

    let (query, _) = {
        let kept = scene.begin(Prompt::IfNeeded).await.unwrap();
        let answer = Answer {
            code: Some("the code".to_owned()),
            state: Some(kept.0["state"].clone()),
            ..Answer::default()
        };
        assert!(scene.provider().finish(&kept.1, &answer, NOON).await.is_err());
        kept
    };
    let (authorization, form) = scene.liar.last("/token");
    assert_eq!(authorization, None);
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["code"], "the code");
    assert_eq!(form["redirect_uri"], REDIRECT);
    assert_eq!(form["client_id"], "scrip");
    assert_eq!(text(&Sha256::digest(&form["code_verifier"])), query["code_challenge"]);
}

#[tokio::test]
async fn what_is_kept_comes_back_from_its_text_and_is_not_printed() {
    let scene = scene().await;
    let (query, pending) = scene.begin(Prompt::Anew).await.unwrap();
    let text = pending.text();
    assert!(text.expose().contains(&query["nonce"]));
    assert_eq!(Pending::from_text(text.expose()).unwrap().text().expose(), text.expose());
    assert_eq!(format!("{pending:?}"), "Pending { provider: \"corporate\", .. }");
    assert_eq!(Pending::from_text("{}").unwrap_err(), OidcFault::State);
    let answer = Answer { code: Some("the code".to_owned()), ..Answer::default() };
    assert_eq!(format!("{answer:?}"), "Answer { error: None, .. }");
}

#[tokio::test]
async fn a_secret_goes_in_the_header_or_in_the_form_as_the_provider_wants_it() {
    let file = std::env::temp_dir().join(format!("scrip-oidc-secret-{}", std::process::id()));
    std::fs::write(&file, "s3cret/:\n").unwrap();
    let scene = scene_with(|configured| configured.client_secret_file = Some(file.clone())).await;
    std::fs::remove_file(file).unwrap();
    scene.sign_in(Prompt::IfNeeded, |_, _| ()).await.unwrap();
    let (authorization, form) = scene.liar.last("/token");
    assert_eq!(authorization, Some(format!("Basic {}", STANDARD.encode("scrip:s3cret%2F%3A"))));
    assert!(!form.contains_key("client_secret"));

    scene.liar.says().metadata["token_endpoint_auth_methods_supported"] =
        json!(["client_secret_post"]);
    scene.script.set(NOON.plus(Span::from_hours(2)));
    let late = NOON_SECONDS + 7200;
    let lie = |says: &mut Says, _: &mut Answer| says.claims["exp"] = json!(late + 300);
    scene.sign_in(Prompt::IfNeeded, lie).await.unwrap();
    let (authorization, form) = scene.liar.last("/token");
    assert_eq!((authorization, form["client_secret"].as_str()), (None, "s3cret/:"));
}

#[tokio::test]
async fn every_algorithm_by_which_only_the_signer_signs_is_taken() {
    let scene = scene().await;
    let (p256, ed25519) = (testing::p256_fixed(), testing::ed25519());
    let keys =
        json!({ "keys": [rsa_key("first"), p256_key(&p256, "p"), ed25519_key(&ed25519, "e")] });
    scene.liar.says().keys = keys;
    let ways = [
        ("PS256", "first", Signer::Ps256),
        ("ES256", "p", Signer::Es256(p256)),
        ("EdDSA", "e", Signer::EdDsa(ed25519)),
    ];
    for (algorithm, kid, signer) in ways {
        let lie = |says: &mut Says, _: &mut Answer| {
            says.header = json!({ "alg": algorithm, "kid": kid });
            says.signer = signer;
        };
        let subject = scene.sign_in(Prompt::IfNeeded, lie).await;
        assert_eq!(subject.unwrap().subject, "anna-42", "{algorithm}");
    }
    // A token that names no key is tried with each of its kind.
    let lie = |says: &mut Says, _: &mut Answer| {
        says.header = json!({ "alg": "RS256" });
        says.signer = Signer::Rs256;
    };
    assert!(scene.sign_in(Prompt::IfNeeded, lie).await.is_ok());
}

#[tokio::test]
async fn an_address_that_the_token_leaves_out_is_asked_for() {
    let scene = scene().await;
    let lie = |says: &mut Says, _: &mut Answer| {
        says.claims.as_object_mut().unwrap().remove("email");
        says.claims.as_object_mut().unwrap().remove("name");
        says.userinfo = json!({
            "sub": "anna-42", "email": "anna@example.org", "email_verified": "true", "name": "Anna"
        });
    };
    let subject = scene.sign_in(Prompt::IfNeeded, lie).await.unwrap();
    assert_eq!(subject.email.as_deref(), Some("anna@example.org"));
    assert!(subject.email_verified);
    assert_eq!(subject.name.as_deref(), Some("Anna"));
    assert_eq!(scene.liar.last("/userinfo").0.as_deref(), Some("Bearer access"));
}

#[tokio::test]
async fn metadata_and_keys_are_kept_and_a_new_key_is_fetched_once_it_is_used() {
    let scene = scene().await;
    for _ in 0..3 {
        scene.sign_in(Prompt::IfNeeded, |_, _| ()).await.unwrap();
    }
    assert_eq!(scene.liar.asked_for("/.well-known/openid-configuration"), 1);
    assert_eq!(scene.liar.asked_for("/keys"), 1);

    let turn = |says: &mut Says| {
        says.keys = json!({ "keys": [rsa_key("second")] });
        says.header = json!({ "alg": "RS256", "kid": "second" });
    };
    // Whoever sends tokens of unknown keys does not make us ask again and again.
    assert_eq!(scene.lied(turn).await, OidcFault::Key);
    assert_eq!(scene.liar.asked_for("/keys"), 1);
    scene.script.set(NOON.plus(Span::from_seconds(30)));
    scene.sign_in(Prompt::IfNeeded, |_, _| ()).await.unwrap();
    assert_eq!(scene.liar.asked_for("/keys"), 2);
}

#[tokio::test]
async fn who_must_prove_it_anew_is_asked_so_and_the_answer_says_when() {
    let scene = scene().await;
    let (query, _) = scene.begin(Prompt::Anew).await.unwrap();
    assert_eq!((query["prompt"].as_str(), query["max_age"].as_str()), ("login", "0"));
    let at = |seconds: i64| {
        move |says: &mut Says, _: &mut Answer| says.claims["auth_time"] = json!(seconds)
    };
    let subject = scene.sign_in(Prompt::Anew, at(NOON_SECONDS)).await.unwrap();
    assert_eq!(subject.proven_at, Some(NOON));
    let stale = scene.sign_in(Prompt::Anew, at(NOON_SECONDS - 61)).await;
    assert_eq!(stale, Err(OidcFault::Stale));
    let silent = scene.sign_in(Prompt::Anew, |_, _| ()).await;
    assert_eq!(silent, Err(OidcFault::Stale));
}

#[tokio::test]
async fn a_bounded_provider_speaks_for_its_domains_alone_and_only_verified() {
    let domains = vec!["Example.org".to_owned()];
    let scene = scene_with(|configured| configured.allowed_email_domains = domains).await;
    assert!(scene.sign_in(Prompt::IfNeeded, |_, _| ()).await.is_ok());
    let unverified = scene.lied(|says| says.claims["email_verified"] = json!(false)).await;
    assert_eq!(unverified, OidcFault::Domain);
    for email in ["anna@example.com", "anna@sub.example.org", "anna@example.org@example.com"] {
        assert_eq!(scene.lied(|says| says.claims["email"] = json!(email)).await, OidcFault::Domain);
    }
}

#[test]
fn an_issuer_is_https_or_on_loopback() {
    let good = [
        "https://login.example.org",
        "https://login.example.org:8443/realms/a/",
        "http://localhost:9000",
        "http://127.0.0.1:9000",
        "http://[::1]:9000",
    ];
    assert!(good.iter().all(|issuer| is_issuer(issuer)));
    let bad = [
        "",
        "login.example.org",
        "http://login.example.org",
        "http://127.0.0.1.example.org",
        "http://localhost@login.example.org",
        "https://login.example.org?a=b",
        "https://login.example.org#a",
        "ftp://localhost",
    ];
    for issuer in bad {
        assert!(!is_issuer(issuer), "{issuer}");
    }
}

#[tokio::test]
async fn a_certificate_is_believed_if_its_authority_is_named_and_else_not() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let file = std::env::temp_dir().join(format!("scrip-oidc-ca-{}.pem", std::process::id()));
    std::fs::write(&file, made.cert.pem()).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let reply = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut stream, reply).await.unwrap();
        }
    });
    let ask = async |ca: Option<std::path::PathBuf>| {
        let configured =
            config::Provider { ca, ..configured(&format!("https://localhost:{port}")) };
        let provider = Provider::new(&configured).unwrap();
        let world = Script::new(1, NOON).world();
        match provider.begin(REDIRECT, Prompt::IfNeeded, &world).await {
            Err(OidcFault::Unreachable { why }) => why,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask(Some(file.clone())).await, "it answers 404");
    let refused = ask(None).await;
    assert!(refused.contains("UnknownIssuer"), "{refused}");
    std::fs::remove_file(file).unwrap();
    task.abort();
}
