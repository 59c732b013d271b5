//! Roles and permits: who may do what. A permit can be made nowhere else.

mod matrix;

use std::collections::BTreeSet;

use wire::id::{AccountId, GrantId, PersonId, VirtualAccountId};
use wire::time::Timestamp;

use crate::house::HOUSE;
use crate::page::{Page, Unread};
use crate::person::{Bounds, Grant};
use crate::refusal::Refusal;

pub use matrix::{Action, Breadth, Role};

/// A person or a program of theirs, with the roles that are in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    person: PersonId,
    email: String,
    through: Through,
    bounds: Bounds,
    grants: Vec<Grant>,
}

/// By which way a person asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Through {
    /// Signed in with a browser.
    Session,
    /// By a personal token of this name.
    PersonalToken(String),
    /// By an API client of this name, which may what its maker may.
    Client(String),
}

impl Member {
    /// A person with their grants, of which those in force at `now` count.
    pub fn new(
        person: PersonId,
        email: impl Into<String>,
        grants: Vec<Grant>,
        now: Timestamp,
    ) -> Self {
        let grants = grants.into_iter().filter(|grant| grant.is_in_force(now)).collect();
        let (through, bounds) = (Through::Session, Bounds::Everything);
        Self { person, email: email.into(), through, bounds, grants }
    }

    /// The same person, asking by a token that is bounded.
    #[must_use]
    pub fn by(mut self, through: Through, bounds: Bounds) -> Self {
        self.through = through;
        self.bounds = bounds;
        self
    }

    /// Who.
    pub fn person(&self) -> PersonId {
        self.person
    }

    /// The e-mail address by which they sign in.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// By which way they ask.
    pub fn through(&self) -> &Through {
        &self.through
    }

    /// What the token by which they ask may be used for.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The roles in force.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// The roles that count in an account: its own, and the vendor's in the house.
    fn grants_in(&self, account: AccountId) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| grant.account == account || grant.account == HOUSE)
    }

    /// Those among them that give the right to an action. Support's role in the house shows no
    /// customer's account: for that it is granted in the account, where the customer sees it.
    fn fit(&self, action: Action, account: AccountId) -> Vec<&Grant> {
        let of_the_vendor = |grant: &Grant| {
            account == HOUSE || grant.role != Role::Support || action == Action::SeeAsCustomer
        };
        self.grants_in(account)
            .filter(|grant| grant.role.allows(action))
            .filter(|grant| grant.account == account || of_the_vendor(grant))
            .collect()
    }

    fn words(&self) -> String {
        match &self.through {
            Through::Session => self.email.clone(),
            Through::PersonalToken(name) => format!("{} (personal token \"{name}\")", self.email),
            Through::Client(name) => format!("{} (API client \"{name}\")", self.email),
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The vendor's operator, who signed in with the set-up secret.
    Operator,
    /// A person at the host's own command line, who can read the folder anyway.
    Host,
    /// A person, or a program of theirs.
    Person(Box<Member>),
    /// Nobody that we know.
    Anonymous,
}

impl Actor {
    /// Who, in words for the event log.
    pub fn words(&self) -> String {
        match self {
            Self::Operator => "operator (set-up secret)".to_owned(),
            Self::Host => "host command line".to_owned(),
            Self::Person(member) => member.words(),
            Self::Anonymous => "nobody".to_owned(),
        }
    }
}

/// Where it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole house.
    House,
    /// One account.
    Account(AccountId),
}

/// How far a right reaches within its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of it.
    Whole,
    /// These virtual accounts.
    Only(BTreeSet<VirtualAccountId>),
}

impl Reach {
    /// Whether a virtual account is within reach.
    pub fn covers(&self, virtual_account: VirtualAccountId) -> bool {
        match self {
            Self::Whole => true,
            Self::Only(these) => these.contains(&virtual_account),
        }
    }
}

/// What a permit rests on; the transaction confirms that it still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Basis {
    /// The set-up secret, or the host's own file system.
    Given,
    /// These grants, any one of which would do for the part of the reach that it gives.
    Grants(Vec<(AccountId, GrantId)>),
}

/// A right that was checked: the proof that a request may be done. Only [`permit`] makes one.
#[derive(Clone, Debug)]
pub struct Permit {
    actor: Actor,
    role: Role,
    action: Action,
    scope: Scope,
    reach: Reach,
    basis: Basis,
    address: String,
}

impl Permit {
    /// Who asked.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The role that gave the right.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What may be done.
    pub fn action(&self) -> Action {
        self.action
    }

    /// Where it may be done.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// How far it reaches within its account.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// From which network address it was asked, or empty.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Names the network address that the request came from.
    pub fn asked_from(mut self, address: &str) -> Self {
        address.clone_into(&mut self.address);
        self
    }

    /// Confirms that the permit is for this act in this account.
    ///
    /// # Errors
    /// `permit.denied` if it was made for something else.
    pub fn allows(&self, action: Action, account: AccountId) -> Result<(), Refusal> {
        let in_scope = match self.scope {
            Scope::House => true,
            Scope::Account(own) => own == account,
        };
        if in_scope && self.action == action {
            Ok(())
        } else {
            Err(denied(self.role.word(), action))
        }
    }

    /// Confirms that a virtual account is within reach.
    ///
    /// # Errors
    /// `not_found`: what is out of reach looks as if it were not there.
    pub fn covers(&self, virtual_account: VirtualAccountId) -> Result<(), Refusal> {
        if self.reach.covers(virtual_account) {
            Ok(())
        } else {
            Err(Refusal::NotFound { what: "virtual account" })
        }
    }

    /// Confirms that the actor may hand out a role: nobody grants more than they hold.
    ///
    /// # Errors
    /// `permit.denied`, or `not_found` for a virtual account out of reach.
    pub fn may_grant(&self, role: Role, place: Option<VirtualAccountId>) -> Result<(), Refusal> {
        let more = || denied(self.role.word(), Action::ManagePeople);
        if self.action != Action::ManagePeople {
            return Err(more());
        }
        match (role.breadth(), &self.reach, place) {
            (Breadth::House, _, None) if self.scope == Scope::House => Ok(()),
            (Breadth::Account, Reach::Whole, None) if role != Role::Support => Ok(()),
            (Breadth::VirtualAccount, _, Some(place)) => self.covers(place),
            _ => Err(more()),
        }
    }

    /// Confirms on the page that what the permit rests on still holds.
    ///
    /// # Errors
    /// [`Unread`] for grants that the page has not read yet; inside, `permit.denied` if a grant
    /// has ended meanwhile.
    pub(crate) fn confirm(
        &self,
        page: &Page,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, Unread> {
        let Basis::Grants(grants) = &self.basis else { return Ok(Ok(())) };
        for (account, id) in grants {
            let held = page.grant(*account, *id)?.is_some_and(|grant| grant.is_in_force(now));
            if !held {
                return Ok(Err(denied(self.role.word(), self.action)));
            }
        }
        Ok(Ok(()))
    }
}

/// Says whether an actor may do something somewhere.
///
/// # Errors
/// `permit.denied` with the role that was not enough; `not_found` for an account in which the
/// actor has no role at all, so that nobody learns which accounts there are.
pub fn permit(actor: &Actor, action: Action, scope: Scope) -> Result<Permit, Refusal> {
    let whole = |role, basis| Permit {
        actor: actor.clone(),
        role,
        action,
        scope,
        reach: Reach::Whole,
        basis,
        address: String::new(),
    };
    match actor {
        Actor::Operator | Actor::Host => Ok(whole(Role::Operator, Basis::Given)),
        Actor::Anonymous => Err(denied("a visitor", action)),
        Actor::Person(member) => {
            let (role, reach, basis) = rights(member, action, scope)?;
            Ok(Permit { reach, ..whole(role, basis) })
        }
    }
}

/// The role, reach and grants by which a person may do something.
fn rights(member: &Member, action: Action, scope: Scope) -> Result<(Role, Reach, Basis), Refusal> {
    let account = match scope {
        Scope::House => HOUSE,
        Scope::Account(account) => account,
    };
    let Some(first) = member.grants_in(account).next() else {
        return Err(match scope {
            Scope::House => denied("a customer", action),
            Scope::Account(_) => Refusal::NotFound { what: "account" },
        });
    };
    if !member.bounds.allow(action) {
        return Err(denied("this token", action));
    }
    let basis = |grant: &Grant| (grant.account, grant.id);
    let fit = member.fit(action, account);
    if let Some(wide) = fit.iter().find(|g| g.virtual_account.is_none()) {
        return Ok((wide.role, Reach::Whole, Basis::Grants(vec![basis(wide)])));
    }
    let Some(narrow) = fit.first() else { return Err(denied(first.role.word(), action)) };
    let reach = fit.iter().filter_map(|grant| grant.virtual_account).collect();
    let grants = fit.iter().map(|grant| basis(grant)).collect();
    Ok((narrow.role, Reach::Only(reach), Basis::Grants(grants)))
}

fn denied(role: &'static str, action: Action) -> Refusal {
    Refusal::Denied { role, action: action.words() }
}
