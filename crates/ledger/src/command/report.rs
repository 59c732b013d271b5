//! Taking in usage reports: from a bound device, or from a file that a person carried.

use std::collections::BTreeSet;

use wire::id::{AccountId, InstanceId, VirtualAccountId};
use wire::key::KeyId;
use wire::report::Report;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use super::usage_note::Note;
use super::{Asked, Detail, Progress, Stop};
use crate::account::{Account, VirtualAccount};
use crate::instance::{Identity, Instance, KeyState, Proof, Use};
use crate::lapse::{is_due, lapse};
use crate::page::{Page, Unread, Want};
use crate::pool::{Pool, Standing, alarm_id};
use crate::posting::{Effect, Posting};
use crate::refusal::Refusal;
use crate::report::{Heard, Recorded, Route};
use crate::role::Action;
use crate::usage::{Reception, record};

/// Reports of one product instance, sealed by one bound key.
#[derive(Clone, Debug)]
pub struct Push {
    /// The account of the key.
    pub account: AccountId,
    /// The key.
    pub key: KeyId,
    /// The instance and the place that the key had when it was last looked up: a hint of what to read.
    pub hint: (InstanceId, VirtualAccountId),
    /// The road by which they came.
    pub route: Route,
    /// The reports, oldest first.
    pub reports: Vec<Heard>,
}

/// What became of a push.
#[derive(Clone, Debug, PartialEq)]
pub struct Pushed {
    /// The product instance.
    pub instance: InstanceId,
    /// Its account, with the policy of this moment.
    pub account: Account,
    /// The virtual account in which it is.
    pub virtual_account: VirtualAccount,
    /// The highest epoch heard from it.
    pub highest_epoch: u64,
    /// Per report of the push, in its order, whether it is new.
    pub receptions: Vec<Reception>,
    /// Per license of the push, where its pool stands now.
    pub standings: Vec<PoolStanding>,
}

/// Where the pool of a license stands.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolStanding {
    /// The license.
    pub tag: EntitlementTag,
    /// Its name, if the catalogue knows it.
    pub name: Option<String>,
    /// Where the pool stands.
    pub standing: Standing,
}

impl Push {
    /// What the push will rest on if the hint is still right.
    pub(super) fn hints(&self) -> Vec<Want> {
        let (account, (instance, place)) = (self.account, self.hint);
        let mut wants = vec![
            Want::Account(account),
            Want::VirtualAccount(account, place),
            Want::DeviceKey(account, self.key),
            Want::Instance(account, instance),
        ];
        for heard in &self.reports {
            let tag = &heard.report.entitlement;
            let pool = Pool::id_of(account, place, tag);
            wants.push(Want::Use(account, instance, tag.clone()));
            wants.push(Want::Pool(account, place, tag.clone()));
            wants.push(Want::Alarm(account, alarm_id(pool)));
            wants.push(Want::License(tag.clone()));
        }
        wants
    }

    pub(super) fn run(
        &self,
        page: &mut Page,
        progress: &mut Progress,
        now: Timestamp,
    ) -> Result<Pushed, Stop> {
        let key = page.device_key(self.account, self.key)?.ok_or(Refusal::UnknownKey)?;
        if key.state == KeyState::Revoked {
            return Err(Refusal::KeyRevoked { reason: key.reason.clone() }.into());
        }
        let id = key.instance;
        while let Some(heard) = self.reports.get(progress.parts_done) {
            let instance = page.instance(self.account, id)?.ok_or(Refusal::UnknownKey)?;
            let (posting, reception) = record(page, instance, heard, self.route, now)?;
            page.turn(posting);
            progress.notes.push(Note { reception, instance: id });
            progress.parts_done += 1;
        }
        let instance = page.instance(self.account, id)?.ok_or(Refusal::UnknownKey)?;
        let (place, highest_epoch) = (instance.virtual_account(), instance.newest().epoch);
        let gone = || Refusal::NotFound { what: "account" };
        let own = page.account(self.account)?.ok_or_else(gone)?.clone();
        let virtual_account = page.virtual_account(self.account, place)?.ok_or_else(gone)?.clone();
        let mut tags: Vec<&EntitlementTag> =
            self.reports.iter().map(|heard| &heard.report.entitlement).collect();
        tags.sort();
        tags.dedup();
        let mut standings = Vec::with_capacity(tags.len());
        for tag in tags {
            // A report that came before touches nothing, and yet its answer is of this moment.
            if is_due(&page.pool(self.account, place, tag)?, now) {
                page.turn(lapse(page, self.account, place, tag, now)?);
            }
            standings.push(PoolStanding {
                tag: tag.clone(),
                name: page.license(tag)?.map(|license| license.name.clone()),
                standing: page.pool(self.account, place, tag)?.standing(),
            });
        }
        Ok(Pushed {
            instance: id,
            account: own,
            virtual_account,
            highest_epoch,
            receptions: progress.notes.iter().map(|note| note.reception).collect(),
            standings,
        })
    }
}

/// Whether a file is all that the device has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// A complete save: what it leaves out is in doubt.
    Complete,
    /// Some reports: what it leaves out says nothing.
    Partial,
}

/// Reports of foreign devices, whose keys nobody knows, taken in on a person's word.
#[derive(Clone, Debug)]
pub struct Import {
    /// The right and the request's id.
    pub asked: Asked,
    /// The account.
    pub account: AccountId,
    /// Where instances that are new go.
    pub virtual_account: VirtualAccountId,
    /// The reports, each with an id for its instance if that is new.
    pub reports: Vec<(Heard, InstanceId)>,
    /// Whether the file is a complete save.
    pub completeness: Completeness,
}

/// What became of a usage file.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The instances that it is of, in the order of its reports.
    pub instances: Vec<InstanceId>,
    /// Per report, whether it is new.
    pub receptions: Vec<Reception>,
}

impl Import {
    pub(super) fn run(
        &self,
        page: &mut Page,
        progress: &mut Progress,
        now: Timestamp,
    ) -> Result<Imported, Stop> {
        self.asked.permit.allows(Action::ImportUsage, self.account)?;
        self.asked.permit.covers(self.virtual_account)?;
        page.hold_account(self.account)?.ok_or(Refusal::NotFound { what: "account" })?;
        page.virtual_account(self.account, self.virtual_account)?
            .filter(|place| place.archived_at.is_none())
            .ok_or(Refusal::NotFound { what: "virtual account" })?;
        let order = self.by_position();
        while let Some((heard, fresh)) =
            order.get(progress.parts_done).map(|nth| &self.reports[*nth])
        {
            let (instance, known) = self.find(page, heard, *fresh, now)?;
            let (mut posting, reception) = record(page, &instance, heard, Route::File, now)?;
            if !known {
                posting.effects.insert(0, self.identify(&instance, heard));
            }
            page.turn(posting);
            progress.notes.push(Note { reception, instance: instance.id });
            progress.parts_done += 1;
        }
        let mut notes: Vec<(usize, Note)> = order.into_iter().zip(progress.notes.clone()).collect();
        notes.sort_by_key(|(nth, _)| *nth);
        let notes: Vec<Note> = notes.into_iter().map(|(_, note)| note).collect();
        if progress.parts_done == self.reports.len() {
            let posting = self.doubt(page, &notes, now)?;
            let posting = self.sign(posting, &notes, now);
            page.turn(posting);
            progress.parts_done += 1;
        }
        Ok(Imported {
            instances: notes.iter().map(|note| note.instance).collect(),
            receptions: notes.iter().map(|note| note.reception).collect(),
        })
    }

    /// The reports in the order in which the devices wrote them: a file may hold the newest
    /// first, and then each would be late.
    fn by_position(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.reports.len()).collect();
        order.sort_by_key(|nth| self.reports[*nth].0.position);
        order
    }

    fn find(
        &self,
        page: &Page,
        heard: &Heard,
        fresh: InstanceId,
        now: Timestamp,
    ) -> Result<(Instance, bool), Unread> {
        for identity in Instance::identities(&heard.report.udi, &heard.report.members) {
            if let Some(found) = page.identity(self.account, &identity)?
                && let Some(instance) = page.instance(self.account, found.instance)?
            {
                return Ok((instance.clone(), true));
            }
        }
        page.instance(self.account, fresh)?;
        let udi = heard.report.udi.clone();
        Ok((Instance::unheard(self.account, fresh, udi, self.virtual_account, now), false))
    }

    fn identify(&self, instance: &Instance, heard: &Heard) -> Effect {
        let identity = heard.report.udi.identity().unwrap_or_default();
        Effect::Identity(Identity { account: self.account, identity, instance: instance.id })
    }

    /// What a complete save of a device leaves out is unconfirmed from its last moment on: still counted.
    fn doubt(&self, page: &Page, notes: &[Note], now: Timestamp) -> Result<Posting, Unread> {
        let mut posting = Posting::nothing();
        if self.completeness == Completeness::Partial {
            return Ok(posting);
        }
        let instances: BTreeSet<InstanceId> = notes.iter().map(|note| note.instance).collect();
        for id in instances {
            let saved = self.reports.iter().zip(notes).filter(|(_, note)| note.instance == id);
            let saved: Vec<&Report> = saved.map(|((heard, _), _)| &heard.report).collect();
            let ends = saved.iter().flat_map(|report| &report.measurements).map(|one| one.end_time);
            let Some(saved_at) = ends.max().map(|end| end.min(now)) else { continue };
            let known = page.reports_of(self.account, id)?;
            for one in page.uses_of(self.account, id)? {
                let stated = known.iter().filter(|report| report.tag == one.tag);
                let confirmed = stated.map(Recorded::last_end).max() >= Some(saved_at)
                    || saved.iter().any(|report| report.entitlement == one.tag);
                let open = one.proof == Proof::Unverified && one.level > 0;
                if open && !confirmed && one.unconfirmed_since.is_none() {
                    posting.put(Effect::Use(Use { unconfirmed_since: Some(saved_at), ..one }));
                }
            }
        }
        Ok(posting)
    }

    fn sign(&self, mut posting: Posting, notes: &[Note], now: Timestamp) -> Posting {
        let new = notes.iter().filter(|note| note.reception == Reception::Recorded).count();
        let doubted = posting.effects.len();
        if let Some(note) = notes.first().filter(|_| new + doubted > 0) {
            let detail = Detail::default()
                .with("reports", self.reports.len())
                .with("new", new)
                .with("unconfirmed", doubted)
                .within(self.virtual_account);
            let subject = note.instance.to_string();
            posting.put(self.asked.event(self.account, "usage.imported", subject, &detail, now));
        }
        posting
    }
}
