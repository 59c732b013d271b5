//! Product instances moved to another virtual account, removed, or kept after they reported again.

use std::collections::{BTreeMap, BTreeSet};

use wire::id::{AccountId, InstanceId, RequestId, VirtualAccountId};
use wire::limits::INSTANCES_AT_ONCE;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use super::relocation::{pool_wants, relocate};
use super::{Asked, Detail, Progress, Stop};
use crate::country::CountryOfUse;
use crate::instance::{Instance, Use};
use crate::lapse::{is_due, lapse};
use crate::page::{Page, Unread, Want};
use crate::pen::{Line, Pen};
use crate::pool::Standing;
use crate::posting::Effect;
use crate::refusal::Refusal;
use crate::removal::{self, Removal};
use crate::role::Action;
use crate::usage;

/// What becomes of the product instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They go to another virtual account with what they use from now on; licenses stay.
    Move(VirtualAccountId),
    /// They are removed: what they use ends now. Their keys stay bound, since a fact is recorded
    /// whoever was removed: what they measure later brings them back.
    Remove,
    /// They stay, though they were removed and report again.
    Keep,
}

/// Decides on product instances of one account, all of them or none.
#[derive(Clone, Debug)]
pub struct DecideInstances {
    /// The right and the request's id.
    pub asked: Asked,
    /// The account.
    pub account: AccountId,
    /// The product instances.
    pub instances: BTreeSet<InstanceId>,
    /// What becomes of them.
    pub fate: Fate,
}

/// What a decision on product instances came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// How many were moved, removed or kept.
    pub changed: u32,
    /// How many were so already.
    pub unchanged: u32,
    /// Per pool in which use came or went, how it stood before and how it stands now.
    pub pools: Vec<PoolShift>,
}

/// How a pool's standing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolShift {
    /// The virtual account.
    pub virtual_account: VirtualAccountId,
    /// The license.
    pub tag: EntitlementTag,
    /// Before.
    pub before: Standing,
    /// Now.
    pub after: Standing,
}

/// The pools that a decision touches.
type Touched = BTreeSet<(VirtualAccountId, EntitlementTag)>;

impl DecideInstances {
    /// What the decision will rest on, so far as the page lets one know: once it knows what the
    /// instances use, the pools of that too.
    pub fn hints(&self, page: &Page) -> Vec<Want> {
        let account = self.account;
        let mut wants = vec![Want::HeldAccount(account), Want::Account(account)];
        if let Fate::Move(to) = self.fate {
            wants.push(Want::VirtualAccount(account, to));
        }
        for id in self.instances.iter().take(INSTANCES_AT_ONCE + 1) {
            wants.extend(removal::hints(account, *id));
            let place = page.instance(account, *id).ok().flatten().map(Instance::virtual_account);
            let uses = page.uses_of(account, *id).unwrap_or_default();
            for (place, tag) in place.into_iter().flat_map(|place| self.pools_of(place, &uses)) {
                wants.extend(pool_wants(account, place, &tag));
                wants.push(Want::License(tag));
            }
        }
        wants
    }

    /// The pools in which the uses of an instance count before and after.
    fn pools_of(&self, place: VirtualAccountId, uses: &[Use]) -> Touched {
        let to = match self.fate {
            Fate::Move(to) => Some(to),
            Fate::Remove => None,
            Fate::Keep => return Touched::new(),
        };
        let places = [Some(place), to];
        let of = |place| uses.iter().map(move |one| (place, one.tag.clone()));
        places.into_iter().flatten().flat_map(of).collect()
    }

    pub(super) fn run(
        &self,
        page: &mut Page,
        progress: &mut Progress,
        now: Timestamp,
    ) -> Result<Decided, Stop> {
        let chosen = self.admit(page)?;
        let mut touched = Touched::new();
        for instance in &chosen {
            let uses = page.uses_of(self.account, instance.id)?;
            touched.extend(self.pools_of(instance.virtual_account(), &uses));
        }
        let before = self.bring_to_now(page, progress, touched, now)?;
        let mut pen = Pen::new(page, self.account, now);
        for instance in &chosen {
            match self.fate {
                Fate::Move(to) => self.move_to(page, &mut pen, instance, to, now)?,
                Fate::Remove => self.remove(page, &mut pen, instance, now)?,
                Fate::Keep => self.keep(page, &mut pen, instance, now)?,
            }
        }
        if let Fate::Move(to) = self.fate {
            self.say_what_left(&mut pen, &chosen, to, now);
        }
        let posting = pen.finish()?;
        page.turn(posting);
        self.decided(page, chosen.len(), before)
    }

    /// The instances of which something becomes; those that are so already need nothing.
    fn admit(&self, page: &Page) -> Result<Vec<Instance>, Stop> {
        self.asked.permit.allows(Action::ManageInstances, self.account)?;
        page.hold_account(self.account)?.ok_or(Refusal::NotFound { what: "account" })?;
        if let Fate::Move(to) = self.fate {
            self.admit_target(page, to)?;
        }
        if self.instances.is_empty() || self.instances.len() > INSTANCES_AT_ONCE {
            let why = format!("must name 1 to {INSTANCES_AT_ONCE} product instances at once");
            return Err(Refusal::Invalid { field: "instances", why }.into());
        }
        let absent = || Refusal::NotFound { what: "product instance" };
        let mut chosen = Vec::new();
        for id in &self.instances {
            let instance = page.instance(self.account, *id)?.ok_or_else(absent)?;
            let place = instance.virtual_account();
            self.asked.permit.covers(place).map_err(|_| absent())?;
            let needs_something = match self.fate {
                Fate::Remove => instance.removed().is_none(),
                _ if instance.removed().is_some() => return Err(absent().into()),
                Fate::Move(to) => place != to,
                Fate::Keep => instance.reports_again().is_some(),
            };
            if needs_something {
                chosen.push(instance.clone());
            }
        }
        Ok(chosen)
    }

    fn admit_target(&self, page: &Page, to: VirtualAccountId) -> Result<(), Stop> {
        self.asked.permit.covers(to)?;
        let unknown = Refusal::NotFound { what: "virtual account" };
        let target = page.virtual_account(self.account, to)?.ok_or(unknown)?;
        if target.archived_at.is_some() {
            let why = "is archived: take it back into use first".to_owned();
            return Err(Refusal::Invalid { field: "to", why }.into());
        }
        Ok(())
    }

    /// Terms that are over end first, so that a pool's standing before is the one of now.
    fn bring_to_now(
        &self,
        page: &mut Page,
        progress: &mut Progress,
        touched: Touched,
        now: Timestamp,
    ) -> Result<BTreeMap<(VirtualAccountId, EntitlementTag), Standing>, Unread> {
        let mut standings = BTreeMap::new();
        for (nth, (place, tag)) in touched.into_iter().enumerate() {
            if nth >= progress.parts_done {
                if is_due(&page.pool(self.account, place, &tag)?, now) {
                    let posting = lapse(page, self.account, place, &tag, now)?;
                    page.turn(posting);
                }
                progress.parts_done = nth + 1;
            }
            let standing = page.pool(self.account, place, &tag)?.standing();
            standings.insert((place, tag), standing);
        }
        Ok(standings)
    }

    fn decided(
        &self,
        page: &Page,
        changed: usize,
        before: BTreeMap<(VirtualAccountId, EntitlementTag), Standing>,
    ) -> Result<Decided, Stop> {
        let mut pools = Vec::new();
        for ((virtual_account, tag), before) in before {
            let after = page.pool(self.account, virtual_account, &tag)?.standing();
            if before != after {
                pools.push(PoolShift { virtual_account, tag, before, after });
            }
        }
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let unchanged = count(self.instances.len() - changed);
        Ok(Decided { changed: count(changed), unchanged, pools })
    }

    fn move_to(
        &self,
        page: &Page,
        pen: &mut Pen<'_>,
        instance: &Instance,
        to: VirtualAccountId,
        now: Timestamp,
    ) -> Result<(), Unread> {
        let mut next = instance.clone();
        // Whoever says where it belongs wants it there.
        next.take_back(now);
        relocate(page, pen, next, to, now)?;
        let detail = Detail::default()
            .with("udi", &instance.udi)
            .changed("virtual_account", instance.virtual_account(), to)
            .within(to);
        pen.put(self.event("instance.moved", instance, &detail, now));
        Ok(())
    }

    fn remove(
        &self,
        page: &Page,
        pen: &mut Pen<'_>,
        instance: &Instance,
        now: Timestamp,
    ) -> Result<(), Unread> {
        let subject = *instance.id.as_bytes();
        let place = instance.virtual_account();
        let mut freed = Vec::new();
        for one in page.uses_of(self.account, instance.id)? {
            let pool = pen.touch(place, &one.tag)?;
            if one.level == 0 {
                continue;
            }
            let quantity = -i64::from(one.level);
            pen.write(pool, usage::bucket(one.proof), Line { at: now, subject, quantity });
            freed.push(format!("{} of {}", one.level, one.tag));
            pen.put(Effect::Use(Use { level: 0, since: now, unconfirmed_since: None, ..one }));
        }
        removal::settle_own(page, pen, instance, now)?;
        let mut next = instance.clone();
        next.removals.push(Removal { at: now, measured_again: None, taken_back: None });
        next.stale_at = None;
        let known = next.country_of_use;
        next.country_of_use = known.map(|known| CountryOfUse { elsewhere_since: None, ..known });
        pen.put(Effect::Instance(Box::new(next)));
        let freed = freed.join(", ");
        let detail =
            Detail::default().with("udi", &instance.udi).with("freed", freed).within(place);
        pen.put(self.event("instance.removed", instance, &detail, now));
        Ok(())
    }

    fn keep(
        &self,
        page: &Page,
        pen: &mut Pen<'_>,
        instance: &Instance,
        now: Timestamp,
    ) -> Result<(), Unread> {
        let mut next = instance.clone();
        next.take_back(now);
        removal::move_along(page, pen, &next, now)?;
        pen.put(Effect::Instance(Box::new(next)));
        let place = instance.virtual_account();
        let detail = Detail::default().with("udi", &instance.udi).within(place);
        pen.put(self.event("instance.kept", instance, &detail, now));
        Ok(())
    }

    /// What left, for those who see only the virtual account that it left.
    fn say_what_left(
        &self,
        pen: &mut Pen<'_>,
        chosen: &[Instance],
        to: VirtualAccountId,
        now: Timestamp,
    ) {
        let mut left: BTreeMap<VirtualAccountId, Vec<&Instance>> = BTreeMap::new();
        for instance in chosen {
            left.entry(instance.virtual_account()).or_default().push(instance);
        }
        for (from, gone) in left {
            let mut detail = Detail::default().with("to", to).with("instances", gone.len());
            if let [only] = gone.as_slice() {
                detail = detail.with("udi", &only.udi);
            }
            let asked = self.part(from.as_bytes());
            let (account, subject, detail) = (self.account, from.to_string(), detail.within(from));
            pen.put(asked.event(account, "instance.moved_away", subject, &detail, now));
        }
    }

    /// The request for one of several things, so that each has an event of its own.
    fn part(&self, id: &[u8; 16]) -> Asked {
        let request = RequestId::derive(&[self.asked.request.as_bytes(), id]);
        Asked { permit: self.asked.permit.clone(), request }
    }

    fn event(&self, action: &str, instance: &Instance, detail: &Detail, now: Timestamp) -> Effect {
        let asked = self.part(instance.id.as_bytes());
        asked.event(self.account, action, instance.id.to_string(), detail, now)
    }
}
