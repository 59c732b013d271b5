//! An authenticator in software, with the browser around it, for tests. It does as it is told,
//! also what is wrong.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::Encoder;
use ring::rand::SystemRandom;
use ring::signature::{
    EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaPublicKeyComponents,
};
use serde_json::{Value, json};

use super::answer::hash;
use crate::proof::testing;

/// Somebody was there, and it was checked who.
pub(crate) const VERIFIED: u8 = 0b0101;
/// Somebody was there.
pub(crate) const PRESENT: u8 = 0b0001;

/// A key of one of the kinds that are taken.
pub(crate) enum Key {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(ring::rsa::KeyPair),
}

/// An authenticator with one passkey.
pub(crate) struct Software {
    pub(crate) key: Key,
    pub(crate) id: Vec<u8>,
    /// The person whom the passkey was made for, from the registration on.
    pub(crate) handle: Option<String>,
    /// What the browser says where it is.
    pub(crate) origin: String,
    /// What the authenticator takes for the site.
    pub(crate) site: String,
    pub(crate) flags: u8,
    pub(crate) counter: u32,
}

impl Software {
    /// An authenticator with a key of P-256, in a browser at an origin.
    pub(crate) fn at(origin: &str) -> Self {
        let host = origin.split("://").nth(1).unwrap().split(':').next().unwrap();
        Self {
            key: Key::Es256(testing::p256()),
            id: b"the software's passkey".to_vec(),
            handle: None,
            origin: origin.to_owned(),
            site: host.to_owned(),
            flags: VERIFIED,
            counter: 0,
        }
    }

    /// Makes the passkey that the options ask for.
    pub(crate) fn register(&mut self, options: &Value) -> String {
        self.handle = options["user"]["id"].as_str().map(str::to_owned);
        let data = self.registration_data();
        let mut attestation = Encoder::new(Vec::new());
        attestation.map(3).unwrap().str("fmt").unwrap().str("none").unwrap();
        attestation.str("attStmt").unwrap().map(0).unwrap();
        attestation.str("authData").unwrap().bytes(&data).unwrap();
        let response = json!({
            "clientDataJSON": text(&self.said("webauthn.create", options)),
            "attestationObject": text(attestation.writer()),
            "transports": ["internal"],
        });
        self.credential(&response)
    }

    /// Shows the passkey.
    pub(crate) fn show(&mut self, options: &Value) -> String {
        let said = self.said("webauthn.get", options);
        let data = self.data(0);
        let signed = [data.as_slice(), &hash(&said)].concat();
        let response = json!({
            "clientDataJSON": text(&said),
            "authenticatorData": text(&data),
            "signature": text(&self.sign(&signed)),
            "userHandle": self.handle,
        });
        self.credential(&response)
    }

    fn credential(&self, response: &Value) -> String {
        let id = text(&self.id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": response,
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
        })
        .to_string()
    }

    fn said(&self, kind: &str, options: &Value) -> Vec<u8> {
        let said = json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        });
        said.to_string().into_bytes()
    }

    fn data(&self, more_flags: u8) -> Vec<u8> {
        let mut data = hash(self.site.as_bytes()).to_vec();
        data.push(self.flags | more_flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// Authenticator data with the new passkey in it.
    pub(crate) fn registration_data(&self) -> Vec<u8> {
        let mut data = self.data(1 << 6);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose());
        data
    }

    fn cose(&self) -> Vec<u8> {
        let mut cose = Encoder::new(Vec::new());
        match &self.key {
            Key::Es256(key) => {
                let point = key.public_key().as_ref();
                cose.map(5).unwrap().i64(1).unwrap().i64(2).unwrap();
                cose.i64(3).unwrap().i64(-7).unwrap().i64(-1).unwrap().i64(1).unwrap();
                cose.i64(-2).unwrap().bytes(&point[1..33]).unwrap();
                cose.i64(-3).unwrap().bytes(&point[33..]).unwrap();
            }
            Key::EdDsa(key) => {
                cose.map(4).unwrap().i64(1).unwrap().i64(1).unwrap();
                cose.i64(3).unwrap().i64(-8).unwrap().i64(-1).unwrap().i64(6).unwrap();
                cose.i64(-2).unwrap().bytes(key.public_key().as_ref()).unwrap();
            }
            Key::Rs256(key) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.public());
                cose.map(4).unwrap().i64(1).unwrap().i64(3).unwrap();
                cose.i64(3).unwrap().i64(-257).unwrap();
                cose.i64(-1).unwrap().bytes(&public.n).unwrap();
                cose.i64(-2).unwrap().bytes(&public.e).unwrap();
            }
        }
        cose.into_writer()
    }

    fn sign(&self, signed: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Es256(key) => key.sign(&random, signed).unwrap().as_ref().to_vec(),
            Key::EdDsa(key) => key.sign(signed).as_ref().to_vec(),
            Key::Rs256(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, signed, &mut signature).unwrap();
                signature
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
