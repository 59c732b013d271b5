//! The way of an account: requested, its terms accepted by an approver, or declined; and its
//! properties changed.

use wire::id::{AccountId, RequestId, VirtualAccountId};
use wire::time::Timestamp;

use super::account::default_virtual_account;
use super::person::{Own, check_domain, check_email, live_link};
use super::{Asked, Detail, Stop, check_text, nothing_but};
use crate::account::{Account, AccountKind, AccountState, TERMS_FACT, newest_terms};
use crate::house::{HOUSE, HouseFact};
use crate::page::Page;
use crate::person::{Grant, Letter, Link, LinkPurpose, Terms};
use crate::posting::{Effect, Posting};
use crate::refusal::Refusal;
use crate::role::{Action, Role};

/// Asks for an account, which is in use once its approver has accepted the terms.
#[derive(Clone, Debug)]
pub struct RequestAccount {
    /// Who asks.
    pub own: Own,
    /// The account as it is to be. Its domain and number are claimed already.
    pub account: Account,
    /// The id of its default virtual account.
    pub default_id: VirtualAccountId,
    /// The number of its default virtual account.
    pub default_number: u32,
    /// The domains of public mail providers, whose addresses are nobody's company.
    pub public_domain: PublicDomain,
    /// The link by which the approver decides.
    pub link: Link,
    /// The mail that tells the approver.
    pub letter: Letter,
}

/// Whether a domain is a public mail provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicDomain {
    /// It is: only accounts of limited use may have it.
    Yes,
    /// It is a company's own.
    No,
}

impl RequestAccount {
    /// Checks what is asked for by itself, before anything is claimed for it.
    ///
    /// # Errors
    /// `value.invalid`.
    pub fn check(&self) -> Result<(), Refusal> {
        let account = &self.account;
        check_text("name", &account.name, 1)?;
        check_country(&account.country)?;
        check_email(&account.approver)?;
        match (account.kind, self.public_domain) {
            (AccountKind::Holding, _) => {
                let why = "must be customer or limited_use: an operator makes holding accounts";
                Err(Refusal::Invalid { field: "kind", why: why.to_owned() })
            }
            // Small businesses have no domain of their own: theirs is their e-mail address.
            (AccountKind::LimitedUse, _) => check_email(&account.domain),
            (AccountKind::Customer, PublicDomain::Yes) => {
                let why = "is a public mail provider's: ask for an account of limited use instead";
                Err(Refusal::Invalid { field: "domain", why: why.to_owned() })
            }
            (AccountKind::Customer, PublicDomain::No) => check_domain("domain", &account.domain),
        }
    }

    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        self.check()?;
        let account = &self.account;
        if page.hold_account(account.id)?.is_some() {
            return Ok(Posting::nothing());
        }
        let row = Account {
            state: AccountState::PendingApproval,
            created_at: now,
            terms_version: 0,
            terms_accepted_at: None,
            revision: 0,
            ..account.clone()
        };
        let default =
            default_virtual_account(account.id, self.default_id, self.default_number, now);
        let detail = Detail::default()
            .with("name", &row.name)
            .with("domain", &row.domain)
            .with("kind", row.kind.word())
            .personal("approver", &row.approver);
        let subject = row.id.to_string();
        let event = self.own.event(row.id, "account.requested", subject, &detail, now);
        Ok(nothing_but(vec![
            Effect::Account(row),
            Effect::VirtualAccount(default),
            event,
            Effect::Link(self.link.clone()),
            Effect::Letter(self.letter.clone()),
        ]))
    }
}

/// A country as in ISO 3166: two capital letters, or nothing.
///
/// # Errors
/// `value.invalid`.
pub fn check_country(country: &str) -> Result<(), Refusal> {
    let two = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
    if country.is_empty() || two {
        return Ok(());
    }
    let why = "must be two capital letters as in ISO 3166, such as DE, or empty".to_owned();
    Err(Refusal::Invalid { field: "country", why })
}

/// By which right somebody accepts or declines the terms.
#[derive(Clone, Debug)]
pub enum Consent {
    /// By a role in the account.
    Role(Asked),
    /// By the one-time link that was sent to the nominated approver.
    Link(Own, [u8; 32]),
}

impl Consent {
    /// The request by right of a role, if it is one.
    pub(super) fn asked(&self) -> Option<&Asked> {
        match self {
            Self::Role(asked) => Some(asked),
            Self::Link(..) => None,
        }
    }

    /// The id under which it may be asked again.
    pub(super) fn request(&self) -> RequestId {
        match self {
            Self::Role(asked) => asked.request,
            Self::Link(own, _) => own.request,
        }
    }

    /// Confirms it for an account; what is used up by it comes back.
    fn confirm(
        &self,
        page: &Page,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Stop> {
        match self {
            Self::Role(asked) => {
                asked.permit.allows(Action::AcceptTerms, account)?;
                Ok(Vec::new())
            }
            Self::Link(own, hash) => {
                let link = live_link(page, *hash, now)?;
                let fits = link.purpose == LinkPurpose::Approval
                    && link.account == account
                    && link.person == own.person;
                if !fits {
                    return Err(Refusal::LinkDead.into());
                }
                Ok(vec![Effect::Link(Link { used_at: Some(now), ..link })])
            }
        }
    }

    fn event(
        &self,
        account: AccountId,
        action: &str,
        subject: String,
        detail: &Detail,
        now: Timestamp,
    ) -> Effect {
        match self {
            Self::Role(asked) => asked.event(account, action, subject, detail, now),
            Self::Link(own, _) => own.event(account, action, subject, detail, now),
        }
    }
}

/// Accepts the newest terms for an account; one that waited for it is in use from then on.
#[derive(Clone, Debug)]
pub struct AcceptTerms {
    /// By which right.
    pub consent: Consent,
    /// The account.
    pub account: AccountId,
    /// The version that was read.
    pub version: u32,
    /// The roles that begin with the account: its approver's and its requester's.
    pub first_grants: Vec<Grant>,
    /// The mail that tells who asked for the account.
    pub letter: Option<Letter>,
}

impl AcceptTerms {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let not_found = Refusal::NotFound { what: "account" };
        let account = page.hold_account(self.account)?.cloned().ok_or(not_found)?;
        let mut effects = self.consent.confirm(page, self.account, now)?;
        let newest = newest_terms(page)?;
        if self.version != newest {
            return Err(Refusal::Changed { what: "the End User License Agreement" }.into());
        }
        if account.state == AccountState::Declined {
            return Err(Refusal::AccountNotActive { state: account.state.word() }.into());
        }
        let begins = account.state == AccountState::PendingApproval;
        let next = Account {
            state: AccountState::Active,
            terms_version: newest,
            terms_accepted_at: Some(now),
            ..account.clone()
        };
        let detail = Detail::default()
            .changed("terms_version", account.terms_version, newest)
            .changed("state", account.state.word(), next.state.word());
        let subject = next.id.to_string();
        effects.push(self.consent.event(self.account, "terms.accepted", subject, &detail, now));
        effects.push(Effect::Account(next));
        if begins {
            for grant in &self.first_grants {
                effects.extend(self.first(grant, now));
            }
            effects.extend(self.letter.clone().map(Effect::Letter));
        }
        Ok(nothing_but(effects))
    }

    /// A role with which an account begins.
    fn first(&self, grant: &Grant, now: Timestamp) -> [Effect; 2] {
        let grant =
            Grant { granted_at: now, ended_at: None, account: self.account, ..grant.clone() };
        let detail = Detail::default()
            .with("role", grant.role.word())
            .with("person", grant.person)
            .personal("email", &grant.email);
        let subject = grant.id.to_string();
        let event = self.consent.event(self.account, "role.granted", subject, &detail, now);
        [Effect::Grant(grant), event]
    }
}

/// Declines an account that was asked for, with a reason.
#[derive(Clone, Debug)]
pub struct DeclineAccount {
    /// By which right.
    pub consent: Consent,
    /// The account.
    pub account: AccountId,
    /// Why.
    pub reason: String,
    /// The mail that tells who asked.
    pub letter: Option<Letter>,
}

impl DeclineAccount {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        check_text("reason", &self.reason, 1)?;
        let not_found = Refusal::NotFound { what: "account" };
        let account = page.hold_account(self.account)?.cloned().ok_or(not_found)?;
        let mut effects = self.consent.confirm(page, self.account, now)?;
        if account.state != AccountState::PendingApproval {
            return Err(Refusal::Changed { what: "this request for an account" }.into());
        }
        let next = Account {
            state: AccountState::Declined,
            reason: self.reason.clone(),
            ..account.clone()
        };
        let detail = Detail::default().with("reason", &self.reason).changed(
            "state",
            account.state.word(),
            next.state.word(),
        );
        let subject = next.id.to_string();
        effects.push(self.consent.event(self.account, "account.declined", subject, &detail, now));
        effects.push(Effect::Account(next));
        effects.extend(self.letter.clone().map(Effect::Letter));
        Ok(nothing_but(effects))
    }
}

/// Changes an account's properties.
#[derive(Clone, Debug)]
pub struct EditAccount {
    /// The right and the request's id.
    pub asked: Asked,
    /// The account.
    pub account: AccountId,
    /// The revision that the asker saw.
    pub revision: u32,
    /// The shown name.
    pub name: String,
    /// The country of purchase, two letters as in ISO 3166, or empty.
    pub country: String,
    /// A full account in place of one of limited use; `None` leaves the kind. An operator's act.
    pub upgrade: Option<String>,
}

impl EditAccount {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        self.asked.permit.allows(Action::EditAccount, self.account)?;
        check_text("name", &self.name, 1)?;
        check_country(&self.country)?;
        let not_found = Refusal::NotFound { what: "account" };
        let account = page.hold_account(self.account)?.ok_or(not_found)?;
        if account.revision != self.revision {
            return Err(Refusal::Changed { what: "this account" }.into());
        }
        let mut next = Account {
            name: self.name.clone(),
            country: self.country.clone(),
            revision: account.revision + 1,
            ..account.clone()
        };
        if let Some(domain) = &self.upgrade {
            check_domain("domain", domain)?;
            if self.asked.permit.role() != Role::Operator || account.kind != AccountKind::LimitedUse
            {
                let role = self.asked.permit.role().word();
                return Err(Refusal::Denied { role, action: "make it a full account" }.into());
            }
            next.kind = AccountKind::Customer;
            next.domain.clone_from(domain);
        }
        let detail = Detail::default()
            .changed("name", &account.name, &next.name)
            .changed("country", &account.country, &next.country)
            .changed("kind", account.kind.word(), next.kind.word())
            .changed("domain", &account.domain, &next.domain);
        let subject = next.id.to_string();
        let event = self.asked.event(self.account, "account.changed", subject, &detail, now);
        Ok(nothing_but(vec![Effect::Account(next), event]))
    }
}

/// Publishes a new version of the terms: until it is accepted, new acts on licenses are blocked.
#[derive(Clone, Debug)]
pub struct PublishTerms {
    /// The right and the request's id.
    pub asked: Asked,
    /// The terms; their version is the next one.
    pub terms: Terms,
}

/// How long the text of the terms may be, in bytes: about 40 printed pages.
const TERMS_BYTES: usize = 128 * 1024;

impl PublishTerms {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        self.asked.permit.allows(Action::PublishTerms, HOUSE)?;
        let terms = Terms { published_at: now, ..self.terms.clone() };
        check_text("title", &terms.title, 1)?;
        if terms.text.trim().is_empty()
            || terms.text.len() > TERMS_BYTES
            || terms.text.contains('\0')
        {
            let why = format!("must have 1 to {TERMS_BYTES} bytes and no NUL");
            return Err(Refusal::Invalid { field: "text", why }.into());
        }
        if terms.version != newest_terms(page)? + 1 {
            return Err(Refusal::Changed { what: "the End User License Agreement" }.into());
        }
        let detail = Detail::default().with("version", terms.version).with("title", &terms.title);
        let subject = terms.version.to_string();
        let event = self.asked.event(HOUSE, "terms.published", subject, &detail, now);
        let value = terms.version.to_string().into_bytes();
        let fact = HouseFact { name: TERMS_FACT.to_owned(), value, changed_at: now };
        Ok(nothing_but(vec![Effect::Terms(terms), Effect::HouseFact(fact), event]))
    }
}

/// Lets the vendor's support see an account as its customer does, for a while, which the
/// customer sees in their event log.
#[derive(Clone, Debug)]
pub struct SeeAsCustomer {
    /// The right and the request's id.
    pub asked: Asked,
    /// The grant by which support sees it: read-only, and ends by itself.
    pub grant: Grant,
    /// Why, for the customer to read.
    pub reason: String,
}

impl SeeAsCustomer {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let grant = &self.grant;
        self.asked.permit.allows(Action::SeeAsCustomer, grant.account)?;
        check_text("reason", &self.reason, 1)?;
        page.hold_account(grant.account)?.ok_or(Refusal::NotFound { what: "account" })?;
        let Some(ends_at) = grant.ends_at.filter(|ends_at| *ends_at > now) else {
            let why = "must be in the future".to_owned();
            return Err(Refusal::Invalid { field: "ends_at", why }.into());
        };
        let row = Grant {
            role: Role::Support,
            virtual_account: None,
            granted_by: self.asked.permit.actor().words(),
            granted_at: now,
            ended_at: None,
            ..grant.clone()
        };
        let detail = Detail::default()
            .with("reason", &self.reason)
            .with("ends_at", ends_at)
            .personal("email", &row.email);
        let subject = row.id.to_string();
        let event = self.asked.event(row.account, "support.entered", subject, &detail, now);
        Ok(nothing_but(vec![Effect::Grant(row), event]))
    }
}
