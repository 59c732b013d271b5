//! Defining licenses, granting entitlements, and ending a use that nobody confirms.

use wire::id::{AccountId, EntitlementId, InstanceId, VirtualAccountId};
use wire::quantity::Count;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use super::{Asked, Detail, Stop, check_text, nothing_but};
use crate::entitlement::{Buckets, Entitlement, Term};
use crate::house::HOUSE;
use crate::instance::Use;
use crate::license::{Kind, License};
use crate::page::Page;
use crate::pen::{Line, Pen};
use crate::posting::{Effect, Posting};
use crate::refusal::Refusal;
use crate::role::Action;
use crate::usage;

/// Defines a license, or changes its definition.
#[derive(Clone, Debug)]
pub struct DefineLicense {
    /// The right and the request's id.
    pub asked: Asked,
    /// The definition as it is to be.
    pub license: License,
}

impl DefineLicense {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        self.asked.permit.allows(Action::DefineLicense, HOUSE)?;
        check_text("name", &self.license.name, 1)?;
        check_text("description", &self.license.description, 0)?;
        let known = page.license(&self.license.tag)?;
        let id = known.map_or(self.license.id, |known| known.id);
        let row = License { id, changed_at: now, ..self.license.clone() };
        let detail = definition_detail(known, &row);
        let event = self.asked.event(HOUSE, "license.defined", row.id.to_string(), &detail, now);
        Ok(nothing_but(vec![Effect::License(row), event]))
    }
}

/// What a definition says, or what it changes.
fn definition_detail(known: Option<&License>, row: &License) -> Detail {
    let detail = Detail::default().with("tag", row.tag.as_str());
    let Some(known) = known else {
        return detail.with("name", &row.name).with("concern", row.concern.word());
    };
    detail
        .changed("name", &known.name, &row.name)
        .changed("description", &known.description, &row.description)
        .changed("enforcement", known.enforcement.word(), row.enforcement.word())
        .changed("kind", known.kind.word(), row.kind.word())
        .changed("concern", known.concern.word(), row.concern.word())
}

/// Grants a lot of a license to a virtual account.
#[derive(Clone, Debug)]
pub struct GrantEntitlement {
    /// The right and the request's id.
    pub asked: Asked,
    /// The account.
    pub account: AccountId,
    /// The virtual account.
    pub virtual_account: VirtualAccountId,
    /// The license.
    pub tag: EntitlementTag,
    /// The lot's id.
    pub id: EntitlementId,
    /// How many; at least one.
    pub quantity: Count,
    /// When it is in force.
    pub term: Term,
    /// Perpetual or subscription.
    pub kind: Kind,
    /// Where it comes from: an order number or a reason.
    pub source: String,
}

impl GrantEntitlement {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        self.asked.permit.allows(Action::GrantEntitlement, self.account)?;
        self.check()?;
        page.virtual_account(self.account, self.virtual_account)?
            .filter(|place| place.archived_at.is_none())
            .ok_or(Refusal::NotFound { what: "virtual account" })?;
        let mut pen = Pen::new(page, self.account, now);
        let pool = pen.touch(self.virtual_account, &self.tag)?;
        pen.grant(Entitlement {
            account: self.account,
            pool,
            id: self.id,
            quantity: self.quantity,
            buckets: Buckets::default(),
            term: self.term,
            kind: self.kind,
            source: self.source.clone(),
            granted_at: now,
            moved_from: None,
        });
        let detail = Detail::default()
            .with("tag", self.tag.as_str())
            .with("quantity", self.quantity.get())
            .with("virtual_account", self.virtual_account)
            .with("source", &self.source)
            .within(self.virtual_account);
        pen.put(self.asked.event(
            self.account,
            "entitlement.granted",
            self.id.to_string(),
            &detail,
            now,
        ));
        Ok(pen.finish()?)
    }

    fn check(&self) -> Result<(), Refusal> {
        check_text("source", &self.source, 0)?;
        if self.quantity.get() == 0 {
            return Err(Refusal::Invalid {
                field: "quantity",
                why: "must be at least 1".to_owned(),
            });
        }
        match (self.kind, self.term.end) {
            (_, Some(end)) if end <= self.term.start => Err(Refusal::Invalid {
                field: "end",
                why: "must be later than the start".to_owned(),
            }),
            (Kind::Perpetual, Some(_)) => Err(Refusal::Invalid {
                field: "end",
                why: "must be left out: a perpetual license has no end".to_owned(),
            }),
            (Kind::Subscription, None) => Err(Refusal::Invalid {
                field: "end",
                why: "is needed: a subscription ends".to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

/// Ends a use that the device left out of a later complete save.
#[derive(Clone, Debug)]
pub struct EndUse {
    /// The right and the request's id.
    pub asked: Asked,
    /// The account.
    pub account: AccountId,
    /// The instance.
    pub instance: InstanceId,
    /// The license.
    pub tag: EntitlementTag,
}

impl EndUse {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        self.asked.permit.allows(Action::EndUse, self.account)?;
        let not_found = Refusal::NotFound { what: "use" };
        let instance = page.instance(self.account, self.instance)?.ok_or(not_found.clone())?;
        let unseen = |_| not_found.clone();
        self.asked.permit.covers(instance.virtual_account()).map_err(unseen)?;
        let mine = page.use_of(self.account, self.instance, &self.tag)?.ok_or(not_found.clone())?;
        if mine.unconfirmed_since.is_none() {
            let why =
                "is still confirmed by the device: only an unconfirmed use can be ended".to_owned();
            return Err(Refusal::Invalid { field: "tag", why }.into());
        }
        let mut pen = Pen::new(page, self.account, now);
        let pool = pen.touch(instance.virtual_account(), &self.tag)?;
        let (subject, quantity) = (*self.instance.as_bytes(), -i64::from(mine.level));
        pen.write(pool, usage::bucket(mine.proof), Line { at: now, subject, quantity });
        pen.put(Effect::Use(Use {
            pool,
            level: 0,
            since: now,
            unconfirmed_since: None,
            ends: mine.ends.iter().copied().chain([now]).collect(),
            ..mine.clone()
        }));
        let detail = Detail::default()
            .with("tag", self.tag.as_str())
            .changed("level", mine.level, 0)
            .within(instance.virtual_account());
        pen.put(self.asked.event(
            self.account,
            "use.ended",
            self.instance.to_string(),
            &detail,
            now,
        ));
        Ok(pen.finish()?)
    }
}
