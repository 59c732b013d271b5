//! Why somebody is not signed in by an identity provider.

/// Why somebody is not signed in by an identity provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcFault {
    /// There is no such provider.
    #[error(
        "there is no identity provider \"{name}\": choose one of those on the sign-in page (oidc.provider)"
    )]
    Provider {
        /// What was asked for.
        name: String,
    },
    /// It does not answer.
    #[error(
        "the identity provider cannot be reached ({why}): try again, or sign in another way (oidc.unreachable)"
    )]
    Unreachable {
        /// What went wrong.
        why: String,
    },
    /// What it publishes about itself does not do.
    #[error(
        "what the identity provider publishes about itself cannot be used ({why}): tell its operator (oidc.metadata)"
    )]
    Metadata {
        /// What is wrong with it.
        why: &'static str,
    },
    /// Somebody else answers in its name.
    #[error(
        "the answer is of another issuer than the configured one: compare sign_in.provider's issuer, letter by letter (oidc.issuer)"
    )]
    Issuer,
    /// The answer is to no question of ours.
    #[error("this answer belongs to no sign-in that was begun here: begin again (oidc.state)")]
    State,
    /// It took too long.
    #[error("this took longer than ten minutes: begin again (oidc.late)")]
    Late,
    /// The provider says no.
    #[error(
        "the identity provider did not sign you in ({error}): begin again, or ask its operator (oidc.denied)"
    )]
    Denied {
        /// Its word for why.
        error: String,
    },
    /// The code is not exchanged.
    #[error(
        "the identity provider does not take the code ({error}): begin again; if it stays so, compare client_id and secret (oidc.exchange)"
    )]
    Exchange {
        /// Its word for why.
        error: String,
    },
    /// The token is none.
    #[error("the identity provider's token cannot be read ({why}): tell its operator (oidc.token)")]
    Token {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The token is signed in a way that proves nothing.
    #[error(
        "the identity provider's token is signed with {algorithm}: let it use RS256, PS256, ES256, ES384 or EdDSA (oidc.algorithm)"
    )]
    Algorithm {
        /// In which.
        algorithm: String,
    },
    /// The token is signed by no key that the provider publishes.
    #[error(
        "the identity provider's token is signed by a key that it does not publish: begin again (oidc.key)"
    )]
    Key,
    /// The signature is wrong.
    #[error(
        "the signature of the identity provider's token is wrong: begin again (oidc.signature)"
    )]
    Signature,
    /// The token is for another client.
    #[error(
        "the identity provider's token is for another client: compare client_id (oidc.audience)"
    )]
    Audience,
    /// The token is over.
    #[error(
        "the identity provider's token has expired: begin again, and compare the clocks of both servers (oidc.expired)"
    )]
    Expired,
    /// The token is of the future.
    #[error(
        "the identity provider's token is of the future: compare the clocks of both servers (oidc.early)"
    )]
    Early,
    /// The token is of another sign-in.
    #[error("the identity provider's token is of another sign-in: begin again (oidc.nonce)")]
    Nonce,
    /// It does not say who, or two things.
    #[error(
        "the identity provider does not say who you are, or says two things: tell its operator (oidc.subject)"
    )]
    Subject,
    /// It answers from memory although it was not to.
    #[error(
        "the identity provider did not ask you anew: sign out there and begin again (oidc.stale)"
    )]
    Stale,
    /// It may not speak for that address.
    #[error(
        "this identity provider may not speak for your address, or has not verified it: sign in another way (oidc.domain)"
    )]
    Domain,
}

impl OidcFault {
    /// The stable public code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Provider { .. } => "oidc.provider",
            Self::Unreachable { .. } => "oidc.unreachable",
            Self::Metadata { .. } => "oidc.metadata",
            Self::Issuer => "oidc.issuer",
            Self::State => "oidc.state",
            Self::Late => "oidc.late",
            Self::Denied { .. } => "oidc.denied",
            Self::Exchange { .. } => "oidc.exchange",
            Self::Token { .. } => "oidc.token",
            Self::Algorithm { .. } => "oidc.algorithm",
            Self::Key => "oidc.key",
            Self::Signature => "oidc.signature",
            Self::Audience => "oidc.audience",
            Self::Expired => "oidc.expired",
            Self::Early => "oidc.early",
            Self::Nonce => "oidc.nonce",
            Self::Subject => "oidc.subject",
            Self::Stale => "oidc.stale",
            Self::Domain => "oidc.domain",
        }
    }
}

/// A stranger's word, short and plain enough to be shown and logged.
pub(super) fn word(text: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let word: String = text.chars().take_while(plain).take(40).collect();
    if word.is_empty() { "no reason given".to_owned() } else { word }
}
