//! Commands: everything that may change the book, each run on a page at a moment.
//!
//! A fact ([`Push`], [`Import`], [`Lapse`], [`Tell`], [`Sequence`]) is recorded; a request is decided and
//! may be refused. Who owns the page runs a command again after reading what it missed.

mod account;
mod api_token;
mod binding;
mod catalogue;
mod customer;
mod erase;
mod grant;
mod house;
mod instances;
mod person;
mod relocation;
mod report;
mod sequence;
mod session;
mod token;
mod virtual_account;

use wire::id::{AccountId, AlarmId, EventId, RequestId, VirtualAccountId};
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use crate::house::HOUSE;
use crate::lapse;
use crate::page::{Page, Unread, Want};
use crate::posting::{Effect, Event, Posting};
use crate::refusal::Refusal;
use crate::role::Permit;

pub use crate::detail::Detail;
pub use account::{CreateAccount, CreateVirtualAccount};
pub use api_token::{ExchangeToken, LONGEST as LONGEST_TOKEN, MakeApiToken, Maker, RevokeApiToken};
pub use binding::{Bind, Bound, Carried, RevokeKey};
pub use catalogue::{DefineLicense, EndUse, GrantEntitlement};
pub use customer::{
    AcceptTerms, Consent, DeclineAccount, EditAccount, PublicDomain, PublishTerms, RequestAccount,
    SeeAsCustomer, check_country,
};
pub use erase::NoteErasure;
pub use grant::{AskAccess, DecideAccess, EndGrant, GrantRole};
pub use house::{KeepFact, MakeClaim};
pub use instances::{DecideInstances, Decided, Fate, PoolShift};
pub use person::{
    AdmitPerson, ChangeCredential, CredentialChange, EditPerson, KnowPerson, Own, Proof, SendLink,
    check_domain, check_email,
};
pub use relocation::MoveHoldings;
pub use report::{Completeness, Import, Imported, PoolStanding, Push, Pushed};
pub use sequence::{KeepCheckpoint, Sequence, Unplaced};
pub use session::{BeginSession, EndSession, ProveSession, Shown, Spent, TouchSession};
pub use token::{CreateToken, RevokeToken};
pub use virtual_account::{ArchiveVirtualAccount, EditVirtualAccount, Shelf};

/// Why a command stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Rows are missing on the page: read them and run it again.
    Unread(Want),
    /// It is not done.
    Refused(Refusal),
}

impl From<Unread> for Stop {
    fn from(unread: Unread) -> Self {
        Self::Unread(unread.0)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What a request by a person or program brings along: the right, and an id made by the asker.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The right that was checked.
    pub permit: Permit,
    /// The id under which the asker may ask again without a second effect.
    pub request: RequestId,
}

impl Asked {
    /// The event of what was done. Its id is derived, so that a repeat is the same event.
    fn event(
        &self,
        account: AccountId,
        action: &str,
        subject: String,
        detail: &Detail,
        now: Timestamp,
    ) -> Effect {
        Effect::Event(Event {
            account,
            virtual_account: detail.place(),
            id: EventId::derive(&[account.as_bytes(), self.request.as_bytes(), action.as_bytes()]),
            at: now,
            actor: self.permit.actor().words(),
            role: self.permit.role().word().to_owned(),
            action: action.to_owned(),
            subject,
            detail: detail.json(),
            private: detail.private_json(),
            address: self.permit.address().to_owned(),
        })
    }
}

/// The passing of time in one pool.
#[derive(Clone, Debug)]
pub struct Lapse {
    /// The account.
    pub account: AccountId,
    /// The virtual account.
    pub virtual_account: VirtualAccountId,
    /// The license.
    pub tag: EntitlementTag,
}

/// The telling of an alarm that settled a while ago.
#[derive(Clone, Debug)]
pub struct Tell {
    /// The account.
    pub account: AccountId,
    /// The alarm.
    pub alarm: AlarmId,
}

/// Everything that may change the book.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant is named after the command that it holds")]
pub enum Command {
    Push(Push),
    Import(Import),
    Lapse(Lapse),
    Tell(Tell),
    Bind(Box<Bind>),
    RevokeKey(RevokeKey),
    CreateAccount(CreateAccount),
    CreateVirtualAccount(CreateVirtualAccount),
    DefineLicense(DefineLicense),
    GrantEntitlement(GrantEntitlement),
    EndUse(EndUse),
    CreateToken(CreateToken),
    RevokeToken(RevokeToken),
    MakeClaim(MakeClaim),
    KeepFact(KeepFact),
    BeginSession(Box<BeginSession>),
    TouchSession(TouchSession),
    EndSession(EndSession),
    ProveSession(Box<ProveSession>),
    KnowPerson(Box<KnowPerson>),
    EditPerson(Box<EditPerson>),
    AdmitPerson(AdmitPerson),
    ChangeCredential(Box<ChangeCredential>),
    SendLink(Box<SendLink>),
    GrantRole(Box<GrantRole>),
    EndGrant(Box<EndGrant>),
    AskAccess(Box<AskAccess>),
    DecideAccess(Box<DecideAccess>),
    RequestAccount(Box<RequestAccount>),
    AcceptTerms(Box<AcceptTerms>),
    DeclineAccount(Box<DeclineAccount>),
    EditAccount(Box<EditAccount>),
    PublishTerms(Box<PublishTerms>),
    SeeAsCustomer(Box<SeeAsCustomer>),
    EditVirtualAccount(Box<EditVirtualAccount>),
    ArchiveVirtualAccount(ArchiveVirtualAccount),
    MoveHoldings(Box<MoveHoldings>),
    DecideInstances(Box<DecideInstances>),
    MakeApiToken(Box<MakeApiToken>),
    ExchangeToken(Box<ExchangeToken>),
    RevokeApiToken(Box<RevokeApiToken>),
    NoteErasure(NoteErasure),
    Sequence(Sequence),
    KeepCheckpoint(KeepCheckpoint),
}

/// What a command answers.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "the largest is the most frequent; a box would cost each push an allocation"
)]
pub enum Answer {
    /// It is done; there is nothing to say.
    Done,
    /// Reports were taken in.
    Pushed(Pushed),
    /// A usage file was taken in.
    Imported(Imported),
    /// A device was bound.
    Bound(Bound),
    /// It was decided on product instances.
    Decided(Decided),
}

/// How far a command of several parts has come on this page.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    pub(crate) parts_done: usize,
    pub(crate) notes: Vec<usage_note::Note>,
}

pub(crate) mod usage_note {
    //! What a report of several became, kept while the others are read.
    use crate::usage::Reception;
    use wire::id::InstanceId;

    /// What one report became.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Note {
        /// Whether it is new.
        pub(crate) reception: Reception,
        /// The instance that it is of.
        pub(crate) instance: InstanceId,
    }
}

impl Command {
    /// Runs the command on a page at a moment; what it changes is on the page afterwards.
    ///
    /// # Errors
    /// [`Stop::Unread`] for rows to read first (run again with the same `progress`),
    /// [`Stop::Refused`] if a request is not done: then nothing of it is on the page.
    pub fn run(
        &self,
        page: &mut Page,
        progress: &mut Progress,
        now: Timestamp,
    ) -> Result<Answer, Stop> {
        self.gate(page, now)?;
        let posting = match self {
            Self::Push(push) => return push.run(page, progress, now).map(Answer::Pushed),
            Self::Import(import) => return import.run(page, progress, now).map(Answer::Imported),
            Self::MoveHoldings(one) => {
                return one.run(page, progress, now).map(|()| Answer::Done);
            }
            Self::DecideInstances(one) => {
                return one.run(page, progress, now).map(Answer::Decided);
            }
            Self::Bind(bind) => {
                let (posting, bound) = bind.decide(page, now)?;
                page.turn(posting);
                return Ok(Answer::Bound(bound));
            }
            Self::Lapse(one) => {
                lapse::lapse(page, one.account, one.virtual_account, &one.tag, now)?
            }
            Self::Tell(one) => lapse::tell(page, one.account, one.alarm, now)?,
            Self::RevokeKey(request) => request.decide(page, now)?,
            Self::CreateAccount(request) => request.decide(page, now)?,
            Self::CreateVirtualAccount(request) => request.decide(page, now)?,
            Self::DefineLicense(request) => request.decide(page, now)?,
            Self::GrantEntitlement(request) => request.decide(page, now)?,
            Self::EndUse(request) => request.decide(page, now)?,
            Self::CreateToken(request) => request.decide(page, now)?,
            Self::RevokeToken(request) => request.decide(page, now)?,
            Self::MakeClaim(claim) => claim.decide(page)?,
            Self::KeepFact(fact) => fact.decide(),
            Self::BeginSession(session) => session.decide(page, now)?,
            Self::TouchSession(session) => session.decide(page, now)?,
            Self::EndSession(session) => session.decide(page, now)?,
            Self::Sequence(sequence) => sequence.decide(page, now)?,
            Self::KeepCheckpoint(keep) => keep.decide(),
            other => other.decide_of_people(page, now)?,
        };
        page.turn(posting);
        Ok(Answer::Done)
    }

    /// The commands about people, their credentials and roles, and the accounts they act for.
    fn decide_of_people(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        Ok(match self {
            Self::ProveSession(one) => one.decide(page, now)?,
            Self::KnowPerson(one) => one.decide(page, now)?,
            Self::EditPerson(one) => one.decide(page, now)?,
            Self::AdmitPerson(one) => one.decide(page, now)?,
            Self::ChangeCredential(one) => one.decide(page, now)?,
            Self::SendLink(one) => one.decide(),
            Self::GrantRole(one) => one.decide(page, now)?,
            Self::EndGrant(one) => one.decide(page, now)?,
            Self::AskAccess(one) => one.decide(page, now)?,
            Self::DecideAccess(one) => one.decide(page, now)?,
            Self::RequestAccount(one) => one.decide(page, now)?,
            Self::AcceptTerms(one) => one.decide(page, now)?,
            Self::DeclineAccount(one) => one.decide(page, now)?,
            Self::EditAccount(one) => one.decide(page, now)?,
            Self::PublishTerms(one) => one.decide(page, now)?,
            Self::SeeAsCustomer(one) => one.decide(page, now)?,
            Self::EditVirtualAccount(one) => one.decide(page, now)?,
            Self::ArchiveVirtualAccount(one) => one.decide(page, now)?,
            Self::MakeApiToken(one) => one.decide(page, now)?,
            Self::ExchangeToken(one) => one.decide(page, now)?,
            Self::RevokeApiToken(one) => one.decide(page, now)?,
            Self::NoteErasure(one) => one.decide(now)?,
            _ => Posting::nothing(),
        })
    }

    /// Confirms what every request rests on: that the right still holds and, for an act that
    /// hands out what licenses give, that the account is in use and its terms are accepted.
    fn gate(&self, page: &Page, now: Timestamp) -> Result<(), Stop> {
        let Some(asked) = self.asked() else { return Ok(()) };
        asked.permit.confirm(page, now)??;
        match self {
            Self::CreateToken(one) => {
                crate::account::admit_license_act(page, one.token.account)?;
            }
            Self::MoveHoldings(one) => crate::account::admit_license_act(page, one.account)?,
            Self::DecideInstances(one) if matches!(one.fate, Fate::Move(_)) => {
                crate::account::admit_license_act(page, one.account)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// What a request by a person or program brought along.
    fn asked(&self) -> Option<&Asked> {
        match self {
            Self::RevokeKey(one) => Some(&one.asked),
            Self::CreateAccount(one) => Some(&one.asked),
            Self::CreateVirtualAccount(one) => Some(&one.asked),
            Self::DefineLicense(one) => Some(&one.asked),
            Self::GrantEntitlement(one) => Some(&one.asked),
            Self::EndUse(one) => Some(&one.asked),
            Self::CreateToken(one) => Some(&one.asked),
            Self::RevokeToken(one) => Some(&one.asked),
            Self::Import(one) => Some(&one.asked),
            Self::AdmitPerson(one) => Some(&one.asked),
            Self::KnowPerson(one) => one.asked.as_ref(),
            Self::GrantRole(one) => Some(&one.asked),
            Self::EndGrant(one) => Some(&one.asked),
            Self::DecideAccess(one) => Some(&one.asked),
            Self::EditAccount(one) => Some(&one.asked),
            Self::PublishTerms(one) => Some(&one.asked),
            Self::SeeAsCustomer(one) => Some(&one.asked),
            Self::EditVirtualAccount(one) => Some(&one.asked),
            Self::ArchiveVirtualAccount(one) => Some(&one.asked),
            Self::MoveHoldings(one) => Some(&one.asked),
            Self::DecideInstances(one) => Some(&one.asked),
            Self::AcceptTerms(one) => one.consent.asked(),
            Self::DeclineAccount(one) => one.consent.asked(),
            Self::MakeApiToken(one) => one.maker.asked(),
            Self::RevokeApiToken(one) => one.maker.asked(),
            Self::NoteErasure(one) => Some(&one.asked),
            _ => None,
        }
    }

    /// Rows that the command will most likely rest on, to be read at once.
    pub fn hints(&self) -> Vec<Want> {
        match self {
            Self::Push(push) => push.hints(),
            _ => Vec::new(),
        }
    }

    /// The account and id under which a request may be repeated without a second effect.
    pub fn request(&self) -> Option<(AccountId, RequestId)> {
        match self {
            Self::RevokeKey(one) => Some((one.account, one.asked.request)),
            Self::CreateAccount(one) => Some((one.account.id, one.asked.request)),
            Self::CreateVirtualAccount(one) => {
                Some((one.virtual_account.account, one.asked.request))
            }
            Self::DefineLicense(one) => Some((HOUSE, one.asked.request)),
            Self::GrantEntitlement(one) => Some((one.account, one.asked.request)),
            Self::EndUse(one) => Some((one.account, one.asked.request)),
            Self::CreateToken(one) => Some((one.token.account, one.asked.request)),
            Self::RevokeToken(one) => Some((one.account, one.asked.request)),
            Self::AdmitPerson(one) => Some((HOUSE, one.asked.request)),
            Self::GrantRole(one) => Some((one.grant.account, one.asked.request)),
            Self::EndGrant(one) => Some((one.account, one.asked.request)),
            Self::DecideAccess(one) => Some((one.account, one.asked.request)),
            Self::EditAccount(one) => Some((one.account, one.asked.request)),
            Self::PublishTerms(one) => Some((HOUSE, one.asked.request)),
            Self::SeeAsCustomer(one) => Some((one.grant.account, one.asked.request)),
            Self::EditVirtualAccount(one) => Some((one.account, one.asked.request)),
            Self::ArchiveVirtualAccount(one) => Some((one.account, one.asked.request)),
            Self::MoveHoldings(one) => Some((one.account, one.asked.request)),
            Self::DecideInstances(one) => Some((one.account, one.asked.request)),
            Self::EditPerson(one) => Some((HOUSE, one.own.request)),
            Self::ChangeCredential(one) => Some((HOUSE, one.own.request)),
            Self::RequestAccount(one) => Some((one.account.id, one.own.request)),
            Self::AskAccess(one) => Some((one.wanted.account, one.own.request)),
            Self::AcceptTerms(one) => Some((one.account, one.consent.request())),
            Self::DeclineAccount(one) => Some((one.account, one.consent.request())),
            Self::NoteErasure(one) => Some((one.account, one.asked.request)),
            _ => None,
        }
    }
}

/// Checks a text that people typed.
///
/// # Errors
/// `value.invalid` if it is empty where it must not be, too long, or holds control characters.
pub(crate) fn check_text(field: &'static str, text: &str, least: usize) -> Result<(), Refusal> {
    let chars = text.chars().count();
    let why = if chars < least {
        "must not be empty: write something".to_owned()
    } else if chars > wire::limits::TEXT_CHARS {
        format!("is {chars} characters long, {} are allowed: shorten it", wire::limits::TEXT_CHARS)
    } else if text.chars().any(char::is_control) {
        "holds control characters: remove them".to_owned()
    } else {
        return Ok(());
    };
    Err(Refusal::Invalid { field, why })
}

pub(crate) fn nothing_but(effects: Vec<Effect>) -> Posting {
    Posting { effects }
}
