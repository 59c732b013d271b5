//! The lies.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn a_token_of_another_issuer_is_refused() {
    let scene = scene().await;
    let lie = |says: &mut Says| says.claims["iss"] = json!("https://login.example.com");
    assert_eq!(scene.lied(lie).await, OidcFault::Issuer);
}

#[tokio::test]
async fn metadata_of_another_issuer_is_refused() {
    let scene = scene().await;
    let issuer = format!("{}/", scene.liar.issuer);
    scene.liar.says().metadata["issuer"] = json!(issuer);
    assert_eq!(scene.begin(Prompt::IfNeeded).await.unwrap_err(), OidcFault::Issuer);
}

#[tokio::test]
async fn an_answer_of_another_issuer_or_of_none_where_one_was_promised_is_refused() {
    let scene = scene().await;
    let issuer = scene.liar.issuer.clone();
    let named = |iss: &str| {
        let iss = Some(iss.to_owned());
        move |_: &mut Says, answer: &mut Answer| answer.iss = iss
    };
    let other = scene.sign_in(Prompt::IfNeeded, named("https://login.example.com")).await;
    assert_eq!(other, Err(OidcFault::Issuer));
    assert!(scene.sign_in(Prompt::IfNeeded, named(&issuer)).await.is_ok());
    scene.liar.says().metadata["authorization_response_iss_parameter_supported"] = json!(true);
    scene.script.set(NOON.plus(Span::from_hours(2)));
    let silent = scene.sign_in(Prompt::IfNeeded, |_, _| ()).await;
    assert_eq!(silent, Err(OidcFault::Issuer));
}

#[tokio::test]
async fn a_token_of_another_sign_in_is_refused() {
    let scene = scene().await;
    let nonce = scene.begin(Prompt::IfNeeded).await.unwrap().0["nonce"].clone();
    assert_eq!(scene.lied(|says| says.claims["nonce"] = json!(nonce)).await, OidcFault::Nonce);
    let lie = |says: &mut Says| drop(says.claims.as_object_mut().unwrap().remove("nonce"));
    assert_eq!(scene.lied(lie).await, OidcFault::Nonce);
}

#[tokio::test]
async fn a_token_for_another_client_is_refused() {
    let scene = scene().await;
    for audience in [json!("other"), json!(["other"]), json!([]), json!(["scrip", "other"])] {
        assert_eq!(scene.lied(|says| says.claims["aud"] = audience).await, OidcFault::Audience);
    }
    let party = |azp: &str, audience: Value| {
        let azp = json!(azp);
        move |says: &mut Says, _: &mut Answer| {
            says.claims["aud"] = audience;
            says.claims["azp"] = azp;
        }
    };
    let other = scene.sign_in(Prompt::IfNeeded, party("other", json!("scrip"))).await;
    assert_eq!(other, Err(OidcFault::Audience));
    let both = json!(["scrip", "other"]);
    assert!(scene.sign_in(Prompt::IfNeeded, party("scrip", both)).await.is_ok());
    assert!(scene.sign_in(Prompt::IfNeeded, party("scrip", json!(["scrip"]))).await.is_ok());
}

#[tokio::test]
async fn a_token_that_is_not_signed_is_refused() {
    let scene = scene().await;
    for algorithm in ["none", "None", "NONE"] {
        let lie = |says: &mut Says| {
            says.header = json!({ "alg": algorithm });
            says.signer = Signer::None;
        };
        let fault = OidcFault::Algorithm { algorithm: algorithm.to_owned() };
        assert_eq!(scene.lied(lie).await, fault);
    }
    let lie = |says: &mut Says| {
        says.header = json!({ "alg": "RS256", "kid": "first" });
        says.signer = Signer::None;
    };
    assert_eq!(scene.lied(lie).await, OidcFault::Signature);
}

#[tokio::test]
async fn a_token_signed_with_the_public_key_as_a_secret_is_refused() {
    let scene = scene().await;
    let public = rsa_key("first");
    for secret in
        [public.to_string().into_bytes(), public["n"].as_str().unwrap().as_bytes().to_vec()]
    {
        let lie = |says: &mut Says| {
            says.header = json!({ "alg": "HS256", "kid": "first" });
            says.signer = Signer::Hs256(secret);
        };
        assert_eq!(code(&scene.lied(lie).await), "oidc.algorithm");
    }
}

#[tokio::test]
async fn a_token_of_another_algorithm_than_its_key_is_refused() {
    let scene = scene().await;
    let lie = |says: &mut Says| says.header = json!({ "alg": "ES256", "kid": "first" });
    assert_eq!(scene.lied(lie).await, OidcFault::Key);
}

#[tokio::test]
async fn a_key_signs_by_no_other_algorithm_than_it_is_published_for() {
    let scene = scene().await;
    let mut key = rsa_key("first");
    key["alg"] = json!("PS256");
    scene.liar.says().keys = json!({ "keys": [key] });
    assert_eq!(scene.lied(|_| ()).await, OidcFault::Key);
    scene.liar.says().header = json!({ "alg": "PS256", "kid": "first" });
    scene.liar.says().signer = Signer::Ps256;
    assert!(scene.sign_in(Prompt::IfNeeded, |_, _| ()).await.is_ok());
}

#[tokio::test]
async fn a_key_that_is_for_something_else_signs_nothing() {
    let scene = scene().await;
    let mut key = rsa_key("first");
    key["use"] = json!("enc");
    scene.liar.says().keys = json!({ "keys": [key] });
    assert_eq!(scene.lied(|_| ()).await, OidcFault::Key);
}

#[tokio::test]
async fn a_token_of_an_unknown_key_is_refused() {
    let scene = scene().await;
    let lie = |says: &mut Says| says.header = json!({ "alg": "RS256", "kid": "second" });
    assert_eq!(scene.lied(lie).await, OidcFault::Key);
}

#[tokio::test]
async fn a_token_that_brings_its_own_key_is_not_believed() {
    let scene = scene().await;
    let own = testing::p256_fixed();
    let lie = |says: &mut Says| {
        says.header = json!({ "alg": "ES256", "kid": "own", "jwk": p256_key(&own, "own") });
        says.signer = Signer::Es256(own);
    };
    assert_eq!(scene.lied(lie).await, OidcFault::Key);
}

#[tokio::test]
async fn a_token_signed_by_another_key_of_that_name_is_refused() {
    let scene = scene().await;
    let published = p256_key(&testing::p256_fixed(), "p");
    scene.liar.says().keys = json!({ "keys": [published] });
    let lie = |says: &mut Says| {
        says.header = json!({ "alg": "ES256", "kid": "p" });
        says.signer = Signer::Es256(testing::p256_fixed());
    };
    assert_eq!(scene.lied(lie).await, OidcFault::Signature);
}

#[tokio::test]
async fn a_token_that_was_changed_is_refused() {
    let scene = scene().await;
    let lie = |says: &mut Says| {
        let mut other = says.claims.clone();
        other["sub"] = json!("ben-7");
        let part = |value: &Value| text(value.to_string().as_bytes());
        let signature = "AA".repeat(128);
        says.token = Some(format!("{}.{}.{signature}", part(&says.header), part(&other)));
    };
    assert_eq!(scene.lied(lie).await, OidcFault::Signature);
}

#[tokio::test]
async fn a_token_out_of_its_time_is_refused_and_a_minute_is_forgiven() {
    let scene = scene().await;
    let lied = async |claim: &str, seconds: Value| {
        scene.sign_in(Prompt::IfNeeded, |says, _| says.claims[claim] = seconds).await.map(|_| ())
    };
    assert_eq!(lied("exp", json!(NOON_SECONDS - 60)).await, Err(OidcFault::Expired));
    assert_eq!(lied("exp", json!(NOON_SECONDS - 59)).await, Ok(()));
    assert_eq!(lied("exp", json!(f64::MAX)).await, Ok(()));
    assert_eq!(lied("exp", json!(-1.5e300)).await, Err(OidcFault::Expired));
    assert_eq!(lied("iat", json!(NOON_SECONDS + 61)).await, Err(OidcFault::Early));
    assert_eq!(lied("iat", json!(NOON_SECONDS + 60)).await, Ok(()));
    assert_eq!(lied("nbf", json!(NOON_SECONDS + 61)).await, Err(OidcFault::Early));
    let fault = scene.lied(|says| drop(says.claims.as_object_mut().unwrap().remove("exp"))).await;
    assert_eq!(code(&fault), "oidc.token");
}

#[tokio::test]
async fn an_answer_with_a_wrong_state_is_refused_before_the_provider_is_asked() {
    let scene = scene().await;
    let another = scene.begin(Prompt::IfNeeded).await.unwrap().0["state"].clone();
    for state in [None, Some(String::new()), Some(another)] {
        let refused = scene.sign_in(Prompt::IfNeeded, |_, answer| answer.state = state).await;
        assert_eq!(refused, Err(OidcFault::State));
    }
    let refused = scene.sign_in(Prompt::IfNeeded, |_, answer| answer.code = None).await;
    assert_eq!(refused, Err(OidcFault::State));
    assert_eq!(scene.liar.asked_for("/token"), 0);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_or_to_another_provider_is_refused() {
    let scene = scene().await;
    let (query, pending) = scene.begin(Prompt::IfNeeded).await.unwrap();
    let answer = Answer {
        code: Some("the code".to_owned()),
        state: Some(query["state"].clone()),
        ..Answer::default()
    };
    let late = NOON.plus(Span::from_millis(600_001));
    let finished = scene.provider().finish(&pending, &answer, late).await;
    assert_eq!(finished, Err(OidcFault::Late));
    let pending = Pending { provider: "another".to_owned(), ..pending };
    let finished = scene.provider().finish(&pending, &answer, NOON).await;
    assert_eq!(finished, Err(OidcFault::State));
    let fault = scene.providers.find("another").unwrap_err();
    assert_eq!(fault, OidcFault::Provider { name: "another".to_owned() });
}

#[tokio::test]
async fn a_provider_that_says_no_is_quoted_by_a_plain_word() {
    let scene = scene().await;
    let denied = |error: &str| {
        let error = Some(error.to_owned());
        move |_: &mut Says, answer: &mut Answer| answer.error = error
    };
    let refused = scene.sign_in(Prompt::IfNeeded, denied("access_denied")).await;
    assert_eq!(refused, Err(OidcFault::Denied { error: "access_denied".to_owned() }));
    let refused = scene.sign_in(Prompt::IfNeeded, denied("<script>")).await;
    assert_eq!(refused, Err(OidcFault::Denied { error: "no reason given".to_owned() }));
    let refused = scene.lied(|says| says.status = StatusCode::BAD_REQUEST).await;
    assert_eq!(refused, OidcFault::Exchange { error: "invalid_grant".to_owned() });
}

#[tokio::test]
async fn a_provider_that_does_not_say_who_or_says_two_things_is_refused() {
    let scene = scene().await;
    for subject in [json!(""), json!("a".repeat(256)), json!("änna")] {
        assert_eq!(scene.lied(|says| says.claims["sub"] = subject).await, OidcFault::Subject);
    }
    let lie = |says: &mut Says| {
        says.claims.as_object_mut().unwrap().remove("email");
        says.userinfo = json!({ "sub": "ben-7", "email": "ben@example.org" });
    };
    assert_eq!(scene.lied(lie).await, OidcFault::Subject);
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let scene = scene().await;
    let long = "a".repeat(40_000);
    let broken = ["", "a.b", "a.b.c", "....", "e30.e30.e30", &long];
    for token in broken {
        let fault = scene.lied(|says| says.token = Some(token.to_owned())).await;
        assert_eq!(code(&fault), "oidc.token", "{token}");
    }
    scene.liar.says().token = None;
    let lie = |says: &mut Says| {
        says.header = json!({ "alg": "RS256", "kid": "first", "crit": ["b64"], "b64": false });
    };
    assert_eq!(code(&scene.lied(lie).await), "oidc.token");
}

#[tokio::test]
async fn addresses_that_others_can_listen_to_are_refused() {
    for (key, address) in [
        ("token_endpoint", "http://login.example.org/token"),
        ("jwks_uri", "file:///etc/passwd"),
        ("userinfo_endpoint", "http://login.example.org/me"),
        ("authorization_endpoint", "javascript:alert(1)"),
    ] {
        let scene = scene().await;
        scene.liar.says().metadata[key] = json!(address);
        let fault = scene.begin(Prompt::IfNeeded).await.unwrap_err();
        assert_eq!(code(&fault), "oidc.metadata", "{key}");
    }
}

#[tokio::test]
async fn metadata_that_is_missing_too_long_or_elsewhere_is_refused() {
    let scene = scene().await;
    scene.liar.says().metadata = json!({ "padding": "a".repeat(300_000) });
    let fault = scene.begin(Prompt::IfNeeded).await.unwrap_err();
    assert_eq!(
        fault,
        OidcFault::Unreachable { why: "its answer is cut short or too long".to_owned() }
    );
    scene.liar.says().metadata = json!([]);
    assert_eq!(code(&scene.begin(Prompt::IfNeeded).await.unwrap_err()), "oidc.metadata");
    let elsewhere = configured(&format!("{}/realm", scene.liar.issuer));
    let provider = Provider::new(&elsewhere).unwrap();
    let fault = provider.begin(REDIRECT, Prompt::IfNeeded, &scene.world).await.unwrap_err();
    assert_eq!(fault, OidcFault::Unreachable { why: "it answers 404".to_owned() });
}

#[tokio::test]
async fn a_provider_that_never_answers_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let mut provider = Provider::new(&configured(&issuer)).unwrap();
    provider.web.patience = Duration::from_millis(50);
    let world = Script::new(1, NOON).world();
    let fault = provider.begin(REDIRECT, Prompt::IfNeeded, &world).await.unwrap_err();
    assert_eq!(fault, OidcFault::Unreachable { why: "it took too long".to_owned() });
    drop(listener);
    let fault = provider.begin(REDIRECT, Prompt::IfNeeded, &world).await.unwrap_err();
    assert_eq!(code(&fault), "oidc.unreachable");
}
