//! What a virtual account holds, moved to another one of the same account.

use std::collections::BTreeSet;

use wire::id::{AccountId, EntitlementId, InstanceId, RequestId, TokenId, VirtualAccountId};
use wire::quantity::Count;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use super::{Asked, Detail, Progress, Stop};
use crate::entitlement::{Bucket, Buckets, Entitlement};
use crate::instance::{Instance, Placement, Use};
use crate::lapse::{Passage, is_due, lapse};
use crate::page::{Page, Unread, Want};
use crate::pen::{Line, Pen};
use crate::pool::{Pool, alarm_id};
use crate::posting::Effect;
use crate::refusal::Refusal;
use crate::removal;
use crate::role::{Action, Scope, permit};
use crate::token::Token;
use crate::usage;

/// Moves product instances, entitlements and ID tokens from one virtual account to another.
///
/// Use goes with its instance from now on, and stays where it was for the past. Of an entitlement
/// goes what is free, now or in future, as one of its own with the same term, kind and source;
/// what is reserved or delegated stays until it is returned. What is not in `from` any more is
/// left alone.
#[derive(Clone, Debug)]
pub struct MoveHoldings {
    /// The right and the request's id.
    pub asked: Asked,
    /// The account.
    pub account: AccountId,
    /// The virtual account that they leave.
    pub from: VirtualAccountId,
    /// The virtual account that they go to.
    pub to: VirtualAccountId,
    /// The product instances.
    pub instances: Vec<InstanceId>,
    /// The entitlements, each with its license.
    pub entitlements: Vec<(EntitlementTag, EntitlementId)>,
    /// The ID tokens.
    pub tokens: Vec<TokenId>,
}

impl MoveHoldings {
    /// What the move will rest on, so far as the page lets one know: once it knows what the
    /// instances use, the pools of that too.
    pub fn hints(&self, page: &Page) -> Vec<Want> {
        let account = self.account;
        let mut tags: BTreeSet<EntitlementTag> =
            self.entitlements.iter().map(|(tag, _)| tag.clone()).collect();
        let mut wants = vec![
            Want::HeldAccount(account),
            Want::VirtualAccount(account, self.from),
            Want::VirtualAccount(account, self.to),
        ];
        for id in &self.instances {
            wants.extend(removal::hints(account, *id));
            let uses = page.uses_of(account, *id).unwrap_or_default();
            tags.extend(uses.into_iter().map(|one| one.tag));
        }
        for tag in tags {
            wants.extend(self.pools_of(&tag));
            wants.push(Want::License(tag));
        }
        wants.extend(self.tokens.iter().map(|id| Want::Token(account, *id)));
        wants
    }

    /// Both pools of a license, with what belongs to them.
    fn pools_of(&self, tag: &EntitlementTag) -> impl Iterator<Item = Want> {
        let account = self.account;
        let tag = tag.clone();
        [self.from, self.to].into_iter().flat_map(move |place| pool_wants(account, place, &tag))
    }

    pub(super) fn run(
        &self,
        page: &mut Page,
        progress: &mut Progress,
        now: Timestamp,
    ) -> Result<(), Stop> {
        self.admit(page)?;
        self.bring_to_now(page, progress, now)?;
        let mut pen = Pen::new(page, self.account, now);
        for id in &self.instances {
            self.move_instance(page, &mut pen, *id, now)?;
        }
        for (tag, id) in &self.entitlements {
            self.move_entitlement(page, &mut pen, tag, *id, now)?;
        }
        for id in &self.tokens {
            self.move_token(page, &mut pen, *id, now)?;
        }
        pen.put(self.summary(now));
        let posting = pen.finish()?;
        page.turn(posting);
        Ok(())
    }

    /// What left, for those who see only the virtual account that it left.
    fn summary(&self, now: Timestamp) -> Effect {
        let detail = Detail::default()
            .with("to", self.to)
            .with("instances", self.instances.len())
            .with("entitlements", self.entitlements.len())
            .with("tokens", self.tokens.len())
            .within(self.from);
        let subject = self.from.to_string();
        self.asked.event(self.account, "virtual_account.emptied", subject, &detail, now)
    }

    fn admit(&self, page: &Page) -> Result<(), Stop> {
        self.asked.permit.allows(Action::CreateVirtualAccount, self.account)?;
        self.asked.permit.covers(self.from)?;
        self.asked.permit.covers(self.to)?;
        // Devices, licenses and tokens move: who may only manage virtual accounts may not do that.
        let scope = Scope::Account(self.account);
        let acts = permit(self.asked.permit.actor(), Action::ManageTokens, scope)?;
        acts.covers(self.from)?;
        acts.covers(self.to)?;
        page.hold_account(self.account)?.ok_or(Refusal::NotFound { what: "account" })?;
        let unknown = Refusal::NotFound { what: "virtual account" };
        page.virtual_account(self.account, self.from)?.ok_or_else(|| unknown.clone())?;
        let to = page.virtual_account(self.account, self.to)?.ok_or(unknown)?;
        let wrong = |why: &str| Refusal::Invalid { field: "move_to", why: why.to_owned() };
        if self.from == self.to {
            return Err(wrong("must be another virtual account than the one that is left").into());
        }
        if to.archived_at.is_some() {
            return Err(wrong("is archived: take it back into use first").into());
        }
        Ok(())
    }

    /// Terms that are over end in the pool that they were in: only then it is known what is free.
    fn bring_to_now(
        &self,
        page: &mut Page,
        progress: &mut Progress,
        now: Timestamp,
    ) -> Result<(), Unread> {
        while let Some((tag, _)) = self.entitlements.get(progress.parts_done) {
            if is_due(&page.pool(self.account, self.from, tag)?, now) {
                let posting = lapse(page, self.account, self.from, tag, now)?;
                page.turn(posting);
            }
            progress.parts_done += 1;
        }
        Ok(())
    }

    fn move_instance(
        &self,
        page: &Page,
        pen: &mut Pen<'_>,
        id: InstanceId,
        now: Timestamp,
    ) -> Result<(), Unread> {
        let Some(instance) = page.instance(self.account, id)? else { return Ok(()) };
        if instance.virtual_account() != self.from {
            return Ok(());
        }
        relocate(page, pen, instance.clone(), self.to, now)?;
        let detail = Detail::default().with("udi", &instance.udi);
        let subject = (id.as_bytes(), id.to_string());
        pen.put(self.event("instance.moved", subject, detail, now));
        Ok(())
    }

    fn move_entitlement(
        &self,
        page: &Page,
        pen: &mut Pen<'_>,
        tag: &EntitlementTag,
        id: EntitlementId,
        now: Timestamp,
    ) -> Result<(), Unread> {
        let (old, new) = (pen.touch(self.from, tag)?, pen.touch(self.to, tag)?);
        let Some(mut lot) = page.entitlement_of(self.account, old, id)?.cloned() else {
            return Ok(());
        };
        let free = lot.buckets.future + lot.buckets.available;
        let counted = u64::try_from(free).ok().filter(|free| *free > 0);
        let Some(quantity) = counted.and_then(|free| Count::new(free).ok()) else { return Ok(()) };
        let subject = *id.as_bytes();
        for from in [Bucket::Future, Bucket::Available] {
            let quantity =
                if from == Bucket::Future { lot.buckets.future } else { lot.buckets.available };
            let line = Line { at: now, subject, quantity };
            pen.pass(old, &mut lot, &Passage { lot: 0, line, from, to: Bucket::Moved });
        }
        let arrived = Entitlement {
            pool: new,
            id: EntitlementId::derive(&[&subject, self.asked.request.as_bytes()]),
            quantity,
            buckets: Buckets::default(),
            moved_from: Some(id),
            ..lot.clone()
        };
        let detail = Detail::default()
            .with("tag", tag.as_str())
            .with("quantity", quantity.get())
            .with("arrived_as", arrived.id);
        pen.put(Effect::Entitlement(lot));
        pen.receive(arrived);
        pen.put(self.event("entitlement.moved", (&subject, id.to_string()), detail, now));
        Ok(())
    }

    fn move_token(
        &self,
        page: &Page,
        pen: &mut Pen<'_>,
        id: TokenId,
        now: Timestamp,
    ) -> Result<(), Unread> {
        let Some(token) = page.token(self.account, id)? else { return Ok(()) };
        if token.virtual_account != self.from {
            return Ok(());
        }
        let detail = Detail::default().with("description", &token.description);
        pen.put(Effect::Token(Token { virtual_account: self.to, ..token.clone() }));
        pen.put(self.event("token.moved", (id.as_bytes(), id.to_string()), detail, now));
        Ok(())
    }

    /// The event of one thing moved: it stands where the thing is from now on.
    fn event(
        &self,
        action: &str,
        (id, subject): (&[u8; 16], String),
        detail: Detail,
        now: Timestamp,
    ) -> Effect {
        let detail = detail.changed("virtual_account", self.from, self.to).within(self.to);
        let request = RequestId::derive(&[self.asked.request.as_bytes(), id]);
        let asked = Asked { permit: self.asked.permit.clone(), request };
        asked.event(self.account, action, subject, &detail, now)
    }
}

/// A pool, with what belongs to it.
pub(super) fn pool_wants(
    account: AccountId,
    place: VirtualAccountId,
    tag: &EntitlementTag,
) -> [Want; 3] {
    let id = Pool::id_of(account, place, tag);
    [
        Want::Pool(account, place, tag.clone()),
        Want::Alarm(account, alarm_id(id)),
        Want::Entitlements(account, id),
    ]
}

/// Puts an instance into another virtual account: what it uses counts there from now on.
pub(super) fn relocate(
    page: &Page,
    pen: &mut Pen<'_>,
    mut instance: Instance,
    to: VirtualAccountId,
    now: Timestamp,
) -> Result<(), Unread> {
    let (account, from) = (instance.account, instance.virtual_account());
    let subject = *instance.id.as_bytes();
    for one in page.uses_of(account, instance.id)? {
        let (old, new) = (pen.touch(from, &one.tag)?, pen.touch(to, &one.tag)?);
        let (bucket, quantity) = (usage::bucket(one.proof), i64::from(one.level));
        pen.write(old, bucket, Line { at: now, subject, quantity: -quantity });
        pen.write(new, bucket, Line { at: now, subject, quantity });
        pen.put(Effect::Use(Use { pool: new, ..one }));
    }
    instance.placements.push(Placement { from: now, virtual_account: to });
    removal::move_along(page, pen, &instance, now)?;
    pen.put(Effect::Instance(Box::new(instance)));
    Ok(())
}
