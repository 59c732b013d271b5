//! People who really sign in: invited by mail, with a password, and a token of their own.

use axum::body::Body;
use axum::http::{Method, Request, header};
use ledger::house::Session;
use ledger::person::{Bounds, LinkPurpose};
use serde_json::{Value, json};
use server::app::api_tokens::NewApiToken;
use server::app::people::OwnAsk;
use server::app::sign_in::{Caller, Entered};
use server::proof::Secret;

use crate::office::{Answer, Office};

/// A password that nobody guesses first.
pub(crate) const PASSWORD: &str = "violet anchors drift past noon";

/// A person with a token of their own.
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) token: String,
    pub(crate) session: Session,
}

impl Office {
    /// The word of the link in the newest letter to an address.
    pub(crate) async fn link_to(&self, email: &str) -> String {
        let text = self.letter_to(email).await;
        let line = text.lines().find(|line| line.starts_with("https://")).expect("a link");
        line.rsplit('/').next().expect("a word").to_owned()
    }

    /// The text of the newest letter to an address; every letter that waits is taken as sent.
    pub(crate) async fn letter_to(&self, email: &str) -> String {
        let mut found = None;
        for letter in self.app.claim_letters().await.expect("letters") {
            self.app.letter_sent(&letter.posted).await.expect("noted");
            if letter.posted.letter.to == email {
                found = letter.text;
            }
        }
        found.unwrap_or_else(|| panic!("no letter to {email}"))
    }

    /// Gives a person a role over the API, and lets them accept and make a token.
    pub(crate) async fn person(&self, grants: &str, email: &str, role: &Value) -> Person {
        let mut new = role.clone();
        new["email"] = json!(email);
        self.post(grants, &new).await.created();
        self.accept(email).await
    }

    /// Accepts an invitation with a password, signs in and makes a token.
    pub(crate) async fn accept(&self, email: &str) -> Person {
        let word = self.link_to(email).await;
        let request = self.app.fresh_request();
        let set = self.app.set_password_by_link(
            &word,
            LinkPurpose::Invitation,
            Secret::new(PASSWORD),
            request,
            "192.0.2.9",
        );
        set.await.expect("the password is set");
        self.enter(email).await
    }

    /// Signs in by password and makes a token for everything.
    pub(crate) async fn enter(&self, email: &str) -> Person {
        let from = Caller { address: "192.0.2.9".to_owned(), browser: "Test".to_owned() };
        let entered = self.app.sign_in_by_password(email, Secret::new(PASSWORD), &from);
        let Entered::In(new) = entered.await.expect("signed in") else {
            panic!("a factor is owed")
        };
        let signed_in = self.app.signed_in(&new.token).await.expect("read").expect("signed in");
        let member = signed_in.member().expect("a person");
        let ask = OwnAsk::new(member, self.app.fresh_request(), "192.0.2.9", b"token");
        let token = NewApiToken {
            name: "test".to_owned(),
            bounds: Bounds::Everything,
            expires_after_days: 30,
        };
        let hash = signed_in.session.token_hash;
        let made = self.app.make_personal_token(ask, hash, token).await.expect("a token");
        Person { email: email.to_owned(), token: made.text, session: signed_in.session }
    }

    /// Asks as a person.
    pub(crate) async fn ask_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: &str,
    ) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Answer {
        self.ask_as(token, Method::GET, path, "").await
    }

    pub(crate) async fn post_as(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.ask_as(token, Method::POST, path, &body.to_string()).await
    }
}
