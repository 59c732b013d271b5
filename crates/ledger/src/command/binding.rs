//! Binding a device's key to a product instance by an ID token, and revoking a key.

use wire::id::{AccountId, InstanceId, TokenId, VirtualAccountId};
use wire::key::KeyId;
use wire::report::Member;
use wire::tag::SoftwareTag;
use wire::time::Timestamp;
use wire::udi::Udi;

use super::{Asked, Detail, Stop, check_text};
use crate::alarm::{Cause, clone_alarm_id};
use crate::curve::curves;
use crate::house::{Claim, ClaimKind};
use crate::instance::{DeviceKey, Instance, KeyState, Placement};
use crate::page::{Page, Unread};
use crate::pen::Pen;
use crate::posting::{Effect, Event, Posting};
use crate::refusal::Refusal;
use crate::removal;
use crate::report::Flag;
use crate::role::Action;
use crate::token::Token;
use crate::usage;

/// Binds a device's UDI and key to the virtual account of an ID token.
#[derive(Clone, Debug)]
pub struct Bind {
    /// The account of the token.
    pub account: AccountId,
    /// The token.
    pub token: TokenId,
    /// SHA-256 of the secret that the device showed.
    pub secret_hash: [u8; 32],
    /// The device.
    pub udi: Udi,
    /// The members of its stack or pair.
    pub members: Vec<Member>,
    /// The id of its key.
    pub key: KeyId,
    /// Its key.
    pub public: [u8; 32],
    /// What runs on it.
    pub software: SoftwareTag,
    /// In which version.
    pub software_version: String,
    /// Its host name, or empty.
    pub name: String,
    /// The id for it if it is new here.
    pub fresh_id: InstanceId,
    /// Who carried the request; `None` when the device asked for itself.
    pub carried: Option<Carried>,
}

/// How a request came that the device did not send itself.
#[derive(Clone, Debug)]
pub struct Carried {
    /// Who brought it, in words.
    pub by: String,
    /// When the device saved it, by its own clock.
    pub saved_at: Timestamp,
}

/// A device that was bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The product instance.
    pub instance: InstanceId,
    /// The virtual account in which it is.
    pub virtual_account: VirtualAccountId,
    /// The highest epoch that was heard from it.
    pub highest_epoch: u64,
}

/// Whether nothing is to be decided of a removal: there was none, or it was taken back.
fn is_settled(instance: &Instance) -> bool {
    instance.removal().is_none_or(|last| last.taken_back.is_some())
}

impl Bind {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<(Posting, Bound), Stop> {
        page.hold_account(self.account)?.ok_or(Refusal::TokenUnknown)?;
        let token = page.token(self.account, self.token)?.ok_or(Refusal::TokenUnknown)?;
        if token.secret_hash != self.secret_hash {
            return Err(Refusal::TokenUnknown.into());
        }
        let known = self.find(page)?;
        let at_home = known.as_ref().is_some_and(|one| {
            one.bound_at.is_some()
                && one.virtual_account() == token.virtual_account
                && is_settled(one)
        });
        match token.admits(now) {
            Err(Refusal::TokenUsedUp { .. }) if at_home => {}
            other => other?,
        }
        let bound_before = page.device_key(self.account, self.key)?;
        if let Some(key) = bound_before {
            self.check_key(key, known.as_ref())?;
        }
        if let Some(known) = known.as_ref().filter(|_| !at_home) {
            self.check_age(known)?;
        }
        let mut pen = Pen::new(page, self.account, now);
        let instance = self.place(page, &mut pen, known, token.virtual_account, now)?;
        self.bind_key(page, &mut pen, instance.id, now)?;
        if !at_home {
            pen.put(Effect::Token(Token { uses: token.uses + 1, ..token.clone() }));
        }
        // A device that asks again changes nothing, however soon it does.
        if bound_before.is_none() || !at_home {
            pen.put(self.event(&instance, token, now));
        }
        let bound = Bound {
            instance: instance.id,
            virtual_account: token.virtual_account,
            highest_epoch: instance.newest().epoch,
        };
        Ok((pen.finish()?, bound))
    }

    fn find(&self, page: &Page) -> Result<Option<Instance>, Stop> {
        for identity in Instance::identities(&self.udi, &self.members) {
            if let Some(found) = page.identity(self.account, &identity)? {
                return Ok(page.instance(self.account, found.instance)?.cloned());
            }
        }
        Ok(None)
    }

    fn check_key(&self, key: &DeviceKey, known: Option<&Instance>) -> Result<(), Refusal> {
        if key.state == KeyState::Revoked {
            return Err(Refusal::KeyRevoked { reason: key.reason.clone() });
        }
        if known.map(|one| one.id) == Some(key.instance) {
            return Ok(());
        }
        Err(Refusal::Taken { what: "this device key".to_owned() })
    }

    /// A file that turns up late must not undo a newer move or removal.
    fn check_age(&self, known: &Instance) -> Result<(), Refusal> {
        let placed = known.placements.last().filter(|_| known.bound_at.is_some());
        let placed = placed.map(|placed| placed.from);
        let removed = known.removal().filter(|_| !is_settled(known));
        let decided = placed.max(removed.map(|removal| removal.at));
        match (&self.carried, decided) {
            (Some(carried), Some(at)) if carried.saved_at < at => Err(Refusal::Overtaken { at }),
            _ => Ok(()),
        }
    }

    /// Puts the instance where the token says; what is counted moves with it from now on.
    fn place(
        &self,
        page: &Page,
        pen: &mut Pen<'_>,
        known: Option<Instance>,
        place: VirtualAccountId,
        now: Timestamp,
    ) -> Result<Instance, Stop> {
        let (before, mut next) = match known {
            Some(one) => (Some(one.clone()), one),
            None => {
                (None, Instance::unheard(self.account, self.fresh_id, self.udi.clone(), place, now))
            }
        };
        next.bound_at = next.bound_at.or(Some(now));
        next.software = Some(self.software.clone());
        next.software_version.clone_from(&self.software_version);
        if !self.members.is_empty() {
            next.members.clone_from(&self.members);
        }
        if !self.name.is_empty() {
            next.name.clone_from(&self.name);
            usage::keep_name(page, pen, &next, &self.name, now)?;
        }
        if next.virtual_account() != place {
            next.placements.push(Placement { from: now, virtual_account: place });
        }
        for identity in Instance::identities(&self.udi, &self.members) {
            usage::join(page, pen, &next, &identity, now)?;
        }
        if let Some(before) = before {
            let ended = usage::ends_of(&page.uses_of(self.account, next.id)?);
            let reports = page.reports_of(self.account, next.id)?;
            let after = curves(reports.iter(), &next, &ended);
            usage::correct(pen, &before, &curves(reports.iter(), &before, &ended), &after)?;
            usage::put_uses(page, pen, &next, &after, None)?;
            // Whoever gives an ID token to what was removed wants it back; it is late until it is heard.
            if next.removed().is_some() && next.heard_at.is_some() {
                next.stale_at = Some(now);
            }
            next.take_back(now);
            removal::move_along(page, pen, &next, now)?;
        }
        pen.put(Effect::Instance(Box::new(next.clone())));
        Ok(next)
    }

    fn bind_key(
        &self,
        page: &Page,
        pen: &mut Pen<'_>,
        instance: InstanceId,
        now: Timestamp,
    ) -> Result<(), Stop> {
        if page.device_key(self.account, self.key)?.is_some() {
            return Ok(());
        }
        let value = self.key.to_string();
        match page.claim(ClaimKind::DeviceKey, &value)? {
            Some(there) if there.account != self.account => {
                return Err(Refusal::Taken { what: "this device key".to_owned() }.into());
            }
            Some(_) => {}
            None => pen.put(Effect::Claim(Claim {
                kind: ClaimKind::DeviceKey,
                value,
                account: self.account,
                owner: *instance.as_bytes(),
                claimed_at: now,
            })),
        }
        pen.put(Effect::DeviceKey(DeviceKey {
            account: self.account,
            id: self.key,
            public: self.public,
            instance,
            state: KeyState::Bound,
            reason: String::new(),
            bound_at: now,
        }));
        Ok(())
    }

    fn event(&self, instance: &Instance, token: &Token, now: Timestamp) -> Effect {
        let mut detail = Detail::default()
            .with("udi", &self.udi)
            .with("key", self.key)
            .with("virtual_account", token.virtual_account)
            .within(token.virtual_account);
        if let Some(carried) = &self.carried {
            detail = detail.personal("carried_by", &carried.by);
        }
        Effect::Event(Event {
            account: self.account,
            virtual_account: detail.place(),
            id: wire::id::EventId::derive(&[
                self.key.as_bytes(),
                self.token.as_bytes(),
                &now.millis().to_be_bytes(),
            ]),
            at: now,
            actor: format!("ID token {}", self.token),
            role: "device".to_owned(),
            action: "instance.bound".to_owned(),
            subject: instance.id.to_string(),
            detail: detail.json(),
            private: detail.private_json(),
            address: String::new(),
        })
    }
}

/// Revokes a device's key: it speaks for nobody any more.
#[derive(Clone, Debug)]
pub struct RevokeKey {
    /// The right and the request's id.
    pub asked: Asked,
    /// The account.
    pub account: AccountId,
    /// The key.
    pub key: KeyId,
    /// Why: stolen, cloned.
    pub reason: String,
}

impl RevokeKey {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        self.asked.permit.allows(Action::RevokeKey, self.account)?;
        check_text("reason", &self.reason, 1)?;
        let key = page
            .device_key(self.account, self.key)?
            .ok_or(Refusal::NotFound { what: "device key" })?;
        let instance = key.instance;
        let placed = page.instance(self.account, instance)?;
        let unseen = |_| Refusal::NotFound { what: "device key" };
        if let Some(placed) = placed {
            self.asked.permit.covers(placed.virtual_account()).map_err(unseen)?;
        }
        if key.state == KeyState::Revoked {
            return Ok(Posting::nothing());
        }
        let mut pen = Pen::new(page, self.account, now);
        self.settle_clone(page, &mut pen, instance, now)?;
        pen.put(Effect::DeviceKey(DeviceKey {
            state: KeyState::Revoked,
            reason: self.reason.clone(),
            ..key.clone()
        }));
        let detail = Detail::default()
            .with("reason", &self.reason)
            .with("instance", instance)
            .changed("state", "bound", "revoked");
        let place = page.instance(self.account, instance)?.map(Instance::virtual_account);
        let detail = place.into_iter().fold(detail, Detail::within);
        let subject = self.key.to_string();
        pen.put(self.asked.event(self.account, "device_key.revoked", subject, &detail, now));
        Ok(pen.finish()?)
    }

    /// Two devices cannot go on under a key that nobody may use: the cause of the alarm is over,
    /// unless another key of the instance was cloned too.
    fn settle_clone(
        &self,
        page: &Page,
        pen: &mut Pen<'_>,
        instance: InstanceId,
        now: Timestamp,
    ) -> Result<(), Unread> {
        let Some(alarm) = page.alarm(self.account, clone_alarm_id(instance))? else {
            return Ok(());
        };
        for report in page.reports_of(self.account, instance)? {
            if report.flags.contains(&Flag::Forked) && report.key != self.key {
                let key = page.device_key(self.account, report.key)?;
                if key.is_none_or(|key| key.state == KeyState::Bound) {
                    return Ok(());
                }
            }
        }
        pen.raise(alarm, Cause { needed: 1, missing: 0, since: now });
        Ok(())
    }
}
