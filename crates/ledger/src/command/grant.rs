//! Roles: granted, ended, asked for. Nobody grants more than they hold, and the last
//! administrator stays.

use wire::id::{AccessRequestId, AccountId, GrantId, VirtualAccountId};
use wire::time::Timestamp;

use super::person::{Own, introduce};
use super::{Asked, Detail, Stop, check_text, nothing_but};
use crate::account::AccountKind;
use crate::house::HOUSE;
use crate::page::Page;
use crate::person::{AccessRequest, AccessState, Grant, Letter, Link, Person, PersonState};
use crate::posting::{Effect, Posting};
use crate::refusal::Refusal;
use crate::role::{Action, Actor, Permit, Reach, Role};

/// Grants a role to a person.
#[derive(Clone, Debug)]
pub struct GrantRole {
    /// The right and the request's id.
    pub asked: Asked,
    /// The grant as it is to be.
    pub grant: Grant,
    /// Who gets it, if nobody knows them yet: they are known from then on, and only if it is granted.
    pub introduces: Option<Person>,
    /// How many people an account of limited use may have.
    pub most_people: u32,
    /// The link by which an invited person chooses their first credential, if they have none.
    pub link: Option<Link>,
    /// The mail that tells them.
    pub letter: Option<Letter>,
}

impl GrantRole {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        self.asked.permit.allows(Action::ManagePeople, self.grant.account)?;
        let mut effects = grant(page, &self.asked, &self.grant, self.most_people, now)?;
        if let Some(new) = &self.introduces {
            effects.extend(introduce(page, new, now)?);
        }
        effects.extend(self.link.clone().map(Effect::Link));
        effects.extend(self.letter.clone().map(Effect::Letter));
        Ok(nothing_but(effects))
    }
}

/// The grant of a role with its event, if it may be granted.
fn grant(
    page: &Page,
    asked: &Asked,
    new: &Grant,
    most_people: u32,
    now: Timestamp,
) -> Result<Vec<Effect>, Stop> {
    asked.permit.may_grant(new.role, new.virtual_account)?;
    if new.ends_at.is_some_and(|ends_at| ends_at <= now) {
        let why = "must be in the future, or left out".to_owned();
        return Err(Refusal::Invalid { field: "ends_at", why }.into());
    }
    check_place(page, new.account, new.virtual_account)?;
    let there = page.grants_of(new.account)?;
    let live: Vec<&Grant> = there.into_iter().filter(|one| one.is_in_force(now)).collect();
    let same = |one: &&Grant| {
        (one.person, one.role, one.virtual_account) == (new.person, new.role, new.virtual_account)
    };
    if live.iter().any(same) {
        return Err(Refusal::Taken { what: format!("the role {}", new.role.word()) }.into());
    }
    check_people(page, new, &live, most_people)?;
    let grant = Grant {
        granted_by: asked.permit.actor().words(),
        granted_at: now,
        ended_at: None,
        ..new.clone()
    };
    let detail = about(&grant).personal("email", &grant.email);
    let subject = grant.id.to_string();
    let event = asked.event(grant.account, "role.granted", subject, &detail, now);
    Ok(vec![Effect::Grant(grant), event])
}

/// The place of a grant is there, and not archived.
fn check_place(
    page: &Page,
    account: AccountId,
    place: Option<VirtualAccountId>,
) -> Result<(), Stop> {
    if account == HOUSE {
        return Ok(());
    }
    page.hold_account(account)?.ok_or(Refusal::NotFound { what: "account" })?;
    if let Some(place) = place {
        let there = page.virtual_account(account, place)?.filter(|one| one.archived_at.is_none());
        there.ok_or(Refusal::NotFound { what: "virtual account" })?;
    }
    Ok(())
}

/// An account of limited use has few people.
fn check_people(page: &Page, new: &Grant, live: &[&Grant], most: u32) -> Result<(), Stop> {
    let limited =
        page.account(new.account)?.is_some_and(|account| account.kind == AccountKind::LimitedUse);
    let mut people: Vec<_> = live.iter().map(|grant| grant.person).collect();
    people.sort_unstable();
    people.dedup();
    let known = people.contains(&new.person);
    if limited && !known && people.len() >= usize::try_from(most).unwrap_or(usize::MAX) {
        return Err(Refusal::AccountLimited { most, what: "people" }.into());
    }
    Ok(())
}

fn about(grant: &Grant) -> Detail {
    let detail = Detail::default().with("role", grant.role.word()).with("person", grant.person);
    let detail = match grant.ends_at {
        Some(ends_at) => detail.with("ends_at", ends_at),
        None => detail,
    };
    match grant.virtual_account {
        Some(place) => detail.with("virtual_account", place).within(place),
        None => detail,
    }
}

/// Ends the grant of a role: from the next request on it gives no right.
#[derive(Clone, Debug)]
pub struct EndGrant {
    /// The right and the request's id.
    pub asked: Asked,
    /// The account.
    pub account: AccountId,
    /// The grant.
    pub id: GrantId,
    /// The mail that tells the person.
    pub letter: Option<Letter>,
}

/// Whether a grant is the one by which the asker, the vendor's support, sees the account.
fn is_own_look(grant: &Grant, permit: &Permit) -> bool {
    let own = matches!(permit.actor(), Actor::Person(member) if member.person() == grant.person);
    own && grant.role == Role::Support
}

impl EndGrant {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let permit = &self.asked.permit;
        let looks = permit.action() == Action::SeeAsCustomer;
        let action = if looks { Action::SeeAsCustomer } else { Action::ManagePeople };
        permit.allows(action, self.account)?;
        let not_found = Refusal::NotFound { what: "grant" };
        let all = page.grants_of(self.account)?;
        let found = all.iter().find(|one| one.id == self.id).copied();
        let grant = found.ok_or(not_found.clone())?;
        // Support ends its own look at an account, and no other role.
        if looks && !is_own_look(grant, permit) {
            return Err(not_found.into());
        }
        // Who could not grant it does not end it either.
        within_reach(permit, grant.virtual_account).map_err(|()| not_found)?;
        if !grant.is_in_force(now) {
            return Ok(Posting::nothing());
        }
        if matters(grant.role) {
            confirm_not_last(page, grant, &all, now)?;
        }
        let ended = Grant { ended_at: Some(now), ..grant.clone() };
        let detail = about(&ended).personal("email", &ended.email);
        let subject = ended.id.to_string();
        let event = self.asked.event(self.account, "role.ended", subject, &detail, now);
        let mut effects = vec![Effect::Grant(ended), event];
        effects.extend(self.letter.clone().map(Effect::Letter));
        Ok(nothing_but(effects))
    }
}

/// Confirms that others have the role, and that somebody who can sign in is among them if its
/// holder can.
fn confirm_not_last(
    page: &Page,
    grant: &Grant,
    all: &[&Grant],
    now: Timestamp,
) -> Result<(), Stop> {
    let can_sign_in = |one: &Grant| -> Result<bool, Stop> {
        Ok(page.person(one.person)?.is_some_and(|person| person.state == PersonState::Active))
    };
    let needs_one = can_sign_in(grant)?;
    for one in all.iter().filter(|one| one.id != grant.id && one.role == grant.role) {
        if one.is_in_force(now) && (!needs_one || can_sign_in(one)?) {
            return Ok(());
        }
    }
    Err(Refusal::LastAdministrator { role: grant.role.word() }.into())
}

/// Confirms that what is of a virtual account, or of the whole account, lies within reach: out of
/// reach, it is not even there.
fn within_reach(permit: &Permit, place: Option<VirtualAccountId>) -> Result<(), ()> {
    let within = match place {
        Some(place) => permit.reach().covers(place),
        None => *permit.reach() == Reach::Whole,
    };
    within.then_some(()).ok_or(())
}

/// Whether somebody must always hold a role.
fn matters(role: Role) -> bool {
    matches!(role, Role::Administrator | Role::Operator)
}

/// Asks for a role in an account.
#[derive(Clone, Debug)]
pub struct AskAccess {
    /// Who asks.
    pub own: Own,
    /// What they ask for.
    pub wanted: AccessRequest,
    /// The mails that tell those who decide.
    pub letters: Vec<Letter>,
}

impl AskAccess {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let wanted = &self.wanted;
        check_text("message", &wanted.message, 0)?;
        page.hold_account(wanted.account)?.ok_or(Refusal::NotFound { what: "account" })?;
        if page.access_request(wanted.account, wanted.id)?.is_some() {
            return Ok(Posting::nothing());
        }
        let row = AccessRequest {
            state: AccessState::Waiting,
            asked_at: now,
            decided_at: None,
            decided_by: String::new(),
            ..wanted.clone()
        };
        let detail = Detail::default().with("role", row.role.word()).personal("email", &row.email);
        let detail = row.virtual_account.into_iter().fold(detail, Detail::within);
        let subject = row.id.to_string();
        let event = self.own.event(row.account, "access.asked", subject, &detail, now);
        let mut effects = vec![Effect::AccessRequest(row), event];
        effects.extend(self.letters.iter().cloned().map(Effect::Letter));
        Ok(nothing_but(effects))
    }
}

/// Decides on a request for access.
#[derive(Clone, Debug)]
pub struct DecideAccess {
    /// The right and the request's id.
    pub asked: Asked,
    /// The account.
    pub account: AccountId,
    /// The request for access.
    pub id: AccessRequestId,
    /// The grant by which it is granted; `None` to decline it.
    pub grant: Option<Grant>,
    /// How many people an account of limited use may have.
    pub most_people: u32,
    /// The mail that tells who asked.
    pub letter: Option<Letter>,
}

impl DecideAccess {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        self.asked.permit.allows(Action::ManagePeople, self.account)?;
        let not_found = Refusal::NotFound { what: "access request" };
        page.hold_account(self.account)?;
        let row = page.access_request(self.account, self.id)?.ok_or(not_found.clone())?;
        within_reach(&self.asked.permit, row.virtual_account).map_err(|()| not_found)?;
        if row.state != AccessState::Waiting {
            return Err(Refusal::Changed { what: "this access request" }.into());
        }
        let mut effects = match &self.grant {
            Some(new) => grant(page, &self.asked, new, self.most_people, now)?,
            None => Vec::new(),
        };
        let state = if self.grant.is_some() { AccessState::Granted } else { AccessState::Declined };
        let decided = AccessRequest {
            state,
            decided_at: Some(now),
            decided_by: self.asked.permit.actor().words(),
            ..row.clone()
        };
        let detail = Detail::default()
            .with("decision", state.word())
            .with("role", row.role.word())
            .personal("email", &row.email);
        let detail = row.virtual_account.into_iter().fold(detail, Detail::within);
        let subject = row.id.to_string();
        let event = self.asked.event(self.account, "access.decided", subject, &detail, now);
        effects.extend([Effect::AccessRequest(decided), event]);
        effects.extend(self.letter.clone().map(Effect::Letter));
        Ok(nothing_but(effects))
    }
}
