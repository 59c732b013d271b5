//! The matrix of roles and actions: the guide's roles, the viewers of the API, and the vendor's.

use crate::license::codes;

/// A role, under the name that the API of the field gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The vendor's operator: everything, everywhere.
    Operator,
    /// The vendor's support: sees the house's lists, and a customer's account after saying so there.
    Support,
    /// Accepts terms, edits account properties, views users and events; manages no licenses.
    Approver,
    /// Everything in the account.
    Administrator,
    /// Licenses of all virtual accounts; makes no virtual accounts, manages no users.
    User,
    /// Sees what a Smart Account User sees, changes nothing.
    Viewer,
    /// Users, events and licenses of the assigned virtual accounts.
    VirtualAdministrator,
    /// Licenses of the assigned virtual accounts.
    VirtualUser,
    /// Sees what a Virtual Account User sees, changes nothing.
    VirtualViewer,
}

codes!(Role {
    Operator = 0 / "operator",
    Support = 1 / "support",
    Approver = 2 / "Smart Account Approver",
    Administrator = 3 / "Smart Account Administrator",
    User = 4 / "Smart Account User",
    Viewer = 5 / "Smart Account Viewer",
    VirtualAdministrator = 6 / "Virtual Account Administrator",
    VirtualUser = 7 / "Virtual Account User",
    VirtualViewer = 8 / "Virtual Account Viewer",
});

/// Where a role is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// In the house.
    House,
    /// In an account.
    Account,
    /// In one virtual account of an account.
    VirtualAccount,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// See an account's properties and the names of its virtual accounts.
    ReadAccount,
    /// See licenses, product instances, usage, alarms and ID tokens.
    Read,
    /// See the event log.
    ReadEvents,
    /// See who has which role.
    ReadPeople,
    /// Make accounts.
    CreateAccount,
    /// Change an account's properties.
    EditAccount,
    /// Accept or decline the terms for an account.
    AcceptTerms,
    /// Publish a version of the terms.
    PublishTerms,
    /// Make, rename, tag and archive virtual accounts.
    CreateVirtualAccount,
    /// Grant and end roles, invite people, decide on access requests.
    ManagePeople,
    /// Make and revoke an account's API clients.
    ManageClients,
    /// See a customer's account as the customer does.
    SeeAsCustomer,
    /// Define licenses in the catalogue.
    DefineLicense,
    /// Grant entitlements.
    GrantEntitlement,
    /// Make and revoke ID tokens.
    ManageTokens,
    /// Take in files that somebody carried: trust requests, and usage of any device.
    ImportUsage,
    /// Revoke a device's key.
    RevokeKey,
    /// End a use that the device no longer confirms.
    EndUse,
    /// Move product instances between virtual accounts, remove them, and keep what reports again.
    ManageInstances,
}

impl Action {
    /// Every action, for the matrix of roles.
    pub const ALL: [Self; 19] = [
        Self::ReadAccount,
        Self::Read,
        Self::ReadEvents,
        Self::ReadPeople,
        Self::CreateAccount,
        Self::EditAccount,
        Self::AcceptTerms,
        Self::PublishTerms,
        Self::CreateVirtualAccount,
        Self::ManagePeople,
        Self::ManageClients,
        Self::SeeAsCustomer,
        Self::DefineLicense,
        Self::GrantEntitlement,
        Self::ManageTokens,
        Self::ImportUsage,
        Self::RevokeKey,
        Self::EndUse,
        Self::ManageInstances,
    ];

    /// The act, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::ReadAccount | Self::Read => "see this",
            Self::ReadEvents => "see the event log",
            Self::ReadPeople => "see people and their roles",
            Self::CreateAccount => "make accounts",
            Self::EditAccount => "change the account's properties",
            Self::AcceptTerms => "accept terms",
            Self::PublishTerms => "publish terms",
            Self::CreateVirtualAccount => "make or change virtual accounts",
            Self::ManagePeople => "grant or end this role",
            Self::ManageClients => "make or revoke API clients",
            Self::SeeAsCustomer => "see an account as its customer",
            Self::DefineLicense => "define licenses",
            Self::GrantEntitlement => "grant entitlements",
            Self::ManageTokens => "make or revoke ID tokens",
            Self::ImportUsage => "import usage",
            Self::RevokeKey => "revoke keys",
            Self::EndUse => "end a use",
            Self::ManageInstances => "move or remove product instances",
        }
    }
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 9] = [
        Self::Operator,
        Self::Support,
        Self::Approver,
        Self::Administrator,
        Self::User,
        Self::Viewer,
        Self::VirtualAdministrator,
        Self::VirtualUser,
        Self::VirtualViewer,
    ];

    /// Where the role is granted. Support may also hold its role in an account, while it looks at it.
    pub fn breadth(self) -> Breadth {
        match self {
            Self::Operator | Self::Support => Breadth::House,
            Self::Approver | Self::Administrator | Self::User | Self::Viewer => Breadth::Account,
            Self::VirtualAdministrator | Self::VirtualUser | Self::VirtualViewer => {
                Breadth::VirtualAccount
            }
        }
    }

    /// Whether the role gives the right to an action, within the breadth of its grant.
    ///
    /// Source: the guide's table of roles; viewers and the vendor's roles are ours.
    pub fn allows(self, action: Action) -> bool {
        use Action as A;
        match self {
            Self::Operator => true,
            Self::Support | Self::Viewer | Self::VirtualViewer => {
                self.reads(action) || (self == Self::Support && action == A::SeeAsCustomer)
            }
            Self::Approver => matches!(
                action,
                A::ReadAccount | A::ReadPeople | A::ReadEvents | A::EditAccount | A::AcceptTerms
            ),
            Self::Administrator => !matches!(
                action,
                A::CreateAccount
                    | A::PublishTerms
                    | A::SeeAsCustomer
                    | A::DefineLicense
                    | A::GrantEntitlement
            ),
            Self::User | Self::VirtualUser => self.reads(action) || works_with_licenses(action),
            Self::VirtualAdministrator => {
                self.reads(action)
                    || works_with_licenses(action)
                    || matches!(action, A::ManagePeople | A::EndUse)
            }
        }
    }

    /// Whether the role may see what an action shows.
    fn reads(self, action: Action) -> bool {
        match action {
            Action::ReadAccount | Action::Read => true,
            Action::ReadEvents | Action::ReadPeople => {
                matches!(self, Self::Support | Self::VirtualAdministrator)
            }
            _ => false,
        }
    }
}

fn works_with_licenses(action: Action) -> bool {
    use Action as A;
    matches!(action, A::ManageTokens | A::ImportUsage | A::RevokeKey | A::ManageInstances)
}
