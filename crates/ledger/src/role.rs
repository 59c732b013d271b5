//! Roles and permits: who may do what. A permit can be made nowhere else.

use wire::id::AccountId;

use crate::refusal::Refusal;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The vendor's operator, who signed in with the set-up secret.
    Operator,
    /// A person at the host's own command line, who can read the folder anyway.
    Host,
    /// Nobody that we know.
    Anonymous,
}

impl Actor {
    /// Who, in words for the event log.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Operator => "operator (set-up secret)",
            Self::Host => "host command line",
            Self::Anonymous => "nobody",
        }
    }

    fn role(&self) -> &'static str {
        match self {
            Self::Operator | Self::Host => "operator",
            Self::Anonymous => "a visitor",
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// See an account and what is in it.
    Read,
    /// Make accounts.
    CreateAccount,
    /// Make virtual accounts.
    CreateVirtualAccount,
    /// Define licenses in the catalogue.
    DefineLicense,
    /// Grant entitlements.
    GrantEntitlement,
    /// Make and revoke ID tokens.
    ManageTokens,
    /// Take in usage files of devices whose key is not known.
    ImportUsage,
    /// Revoke a device's key.
    RevokeKey,
    /// End a use that the device no longer confirms.
    EndUse,
}

impl Action {
    /// Every action, for the matrix of roles.
    pub const ALL: [Self; 9] = [
        Self::Read,
        Self::CreateAccount,
        Self::CreateVirtualAccount,
        Self::DefineLicense,
        Self::GrantEntitlement,
        Self::ManageTokens,
        Self::ImportUsage,
        Self::RevokeKey,
        Self::EndUse,
    ];

    /// The act, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Read => "see this",
            Self::CreateAccount => "make accounts",
            Self::CreateVirtualAccount => "make virtual accounts",
            Self::DefineLicense => "define licenses",
            Self::GrantEntitlement => "grant entitlements",
            Self::ManageTokens => "make or revoke ID tokens",
            Self::ImportUsage => "import usage",
            Self::RevokeKey => "revoke keys",
            Self::EndUse => "end a use",
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

/// A right that was checked: the proof that a request may be done. Only [`permit`] makes one.
#[derive(Clone, Debug)]
pub struct Permit {
    actor: Actor,
    action: Action,
    scope: Scope,
    address: String,
}

impl Permit {
    /// Who asked.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The role that gave the right, as the event log names it.
    pub fn role(&self) -> &'static str {
        self.actor.role()
    }

    /// What may be done.
    pub fn action(&self) -> Action {
        self.action
    }

    /// Where it may be done.
    pub fn scope(&self) -> Scope {
        self.scope
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
        if in_scope && self.action == action { Ok(()) } else { Err(denied(&self.actor, action)) }
    }
}

/// Says whether an actor may do something somewhere.
///
/// # Errors
/// `permit.denied` with the role that was not enough.
pub fn permit(actor: &Actor, action: Action, scope: Scope) -> Result<Permit, Refusal> {
    match actor {
        Actor::Operator | Actor::Host => {
            Ok(Permit { actor: actor.clone(), action, scope, address: String::new() })
        }
        Actor::Anonymous => Err(denied(actor, action)),
    }
}

fn denied(actor: &Actor, action: Action) -> Refusal {
    Refusal::Denied { role: actor.role(), action: action.words() }
}
