//! Binds a device's UDI and key to the virtual account of an ID token, and says so in a trust code.

use ledger::command::{Answer, Bind, Bound, Carried, Command};
use ledger::house::ClaimKind;
use ledger::refusal::Refusal;
use store::Sight;
use wire::file::{AckFile, TrustFile};
use wire::id::{AccountId, InstanceId};
use wire::key::KeyId;
use wire::limits;
use wire::message::{TrustCode, TrustRequest};
use wire::report::ReportError;
use wire::seal::{Claims, Sealed};
use wire::time::Timestamp;
use wire::token::IdToken;

use super::{App, Error};

/// What a trust request is answered with.
pub(super) struct Answered {
    /// What the device is told of itself.
    pub(super) code: TrustCode,
    /// The same, sealed, with the trust bundle.
    pub(super) file: AckFile,
}

impl App {
    /// Takes in a trust request and returns the trust bundle and the trust code.
    ///
    /// # Errors
    /// Bad forms and seals, `request.expired`, `request.clock`, `trust.token_*`, `trust.revoked`, `exists`.
    pub async fn trust(&self, body: &[u8]) -> Result<AckFile, Error> {
        let request = self.open_request(body)?;
        check_clock(&request, self.world.now())?;
        let account = self.account_of(&id_token(&request)?).await?;
        self.answer_trust(&request, account, None).await.map(|answered| answered.file)
    }

    /// The newest trust bundle.
    pub fn trust_bundle(&self) -> AckFile {
        AckFile { bundle: Some(self.keys.bundle.clone()), ..AckFile::default() }
    }

    /// Opens a trust request that is still good.
    pub(super) fn open_request(&self, body: &[u8]) -> Result<TrustRequest, Error> {
        let opened = TrustFile::parse(body)?.request.open_self_signed()?;
        opened.check_time(self.world.now())?;
        Ok(opened.into_inner())
    }

    /// The account of an ID token of this installation.
    pub(super) async fn account_of(&self, token: &IdToken) -> Result<AccountId, Error> {
        if token.realm != self.keys.realm {
            return Err(Refusal::TokenUnknown.into());
        }
        let id = token.id;
        let claim = self
            .book
            .read(Sight::House, move |r| r.claim(ClaimKind::Token, &id.to_string()))
            .await?;
        Ok(claim.ok_or(Refusal::TokenUnknown)?.account)
    }

    /// Binds the device, and seals for it who it is and by which keys to know us.
    pub(super) async fn answer_trust(
        &self,
        request: &TrustRequest,
        account: AccountId,
        carried: Option<Carried>,
    ) -> Result<Answered, Error> {
        let now = self.world.now();
        let bound = self.bind(request, account, carried).await?;
        self.forget_key(KeyId::of(&request.key));
        let code = self.trust_code(request, account, &bound, now).await?;
        let claims =
            Claims { audience: Some(*bound.instance.as_bytes()), issued_at: now, expires_at: None };
        let file = AckFile {
            bundle: Some(self.keys.bundle.clone()),
            trust: Some(Sealed::seal(&code, claims, &self.keys.online)),
            ..AckFile::default()
        };
        Ok(Answered { code, file })
    }

    async fn bind(
        &self,
        request: &TrustRequest,
        account: AccountId,
        carried: Option<Carried>,
    ) -> Result<Bound, Error> {
        let token = id_token(request)?;
        let identity = request.udi.identity().map_err(ReportError::from)?;
        let bind = Bind {
            account,
            token: token.id,
            secret_hash: token.secret_hash(),
            udi: request.udi.clone(),
            members: request.members.clone(),
            key: KeyId::of(&request.key),
            public: request.key,
            software: request.software.clone(),
            software_version: request.software_version.clone().unwrap_or_default(),
            name: request.hostname.clone().unwrap_or_default(),
            fresh_id: fresh_instance(account, &identity),
            carried,
        };
        match self.write(Command::Bind(Box::new(bind))).await? {
            Answer::Bound(bound) => Ok(bound),
            _ => Err(Refusal::TokenUnknown.into()),
        }
    }

    async fn trust_code(
        &self,
        request: &TrustRequest,
        account: AccountId,
        bound: &Bound,
        now: Timestamp,
    ) -> Result<TrustCode, Error> {
        let place = bound.virtual_account;
        let read = move |r: &mut store::Reading<'_>| {
            Ok((r.account(account)?, r.virtual_account(account, place)?))
        };
        let (own, virtual_account) = self.book.read(Sight::Account(account), read).await?;
        let (own, virtual_account) = own.zip(virtual_account).ok_or(Refusal::TokenUnknown)?;
        Ok(TrustCode {
            instance: bound.instance,
            udi: request.udi.clone(),
            key: KeyId::of(&request.key),
            account,
            account_name: own.name,
            virtual_account: place,
            virtual_account_name: virtual_account.name,
            policy: own.policy,
            highest_epoch: bound.highest_epoch,
            issued_at: now,
            nonce: request.nonce,
            bundle_version: self.keys.bundle_version,
        })
    }
}

/// The ID token that a request shows.
pub(super) fn id_token(request: &TrustRequest) -> Result<IdToken, Error> {
    Ok(request.token.trim().parse().map_err(|_| Refusal::TokenUnknown)?)
}

/// The id of an instance that is first seen under an identity.
pub(super) fn fresh_instance(account: AccountId, identity: &str) -> InstanceId {
    InstanceId::derive(&[account.as_bytes(), identity.as_bytes()])
}

/// A device whose clock is far off could neither judge expiries nor place usage in time.
fn check_clock(request: &TrustRequest, now: Timestamp) -> Result<(), Error> {
    let off = request.requested_at.since(now).millis().abs();
    if off <= limits::TRUST_CLOCK_SKEW.millis() {
        return Ok(());
    }
    let text = format!(
        "the device's clock says {}, ours {now}: set the device's clock to within an hour and ask again",
        request.requested_at
    );
    Err(Error::bad("request.clock", text))
}
