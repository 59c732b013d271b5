//! Roles: who has which, granted, ended, asked for, decided.

use std::collections::{BTreeMap, BTreeSet};

use ledger::command::{AskAccess, Command, DecideAccess, EndGrant, GrantRole, SeeAsCustomer};
use ledger::house::{ClaimKind, HOUSE};
use ledger::person::{AccessRequest, AccessState, Grant, LinkPurpose, Person, PersonState};
use ledger::refusal::Refusal;
use ledger::role::{Action, Actor, Breadth, Member, Permit, Reach, Role};
use store::listing::{AccessRequestColumn, Cursor, Direction, GrantColumn, Query, Rows, Test};
use store::{Reading, Sight, Value};
use wire::id::{AccessRequestId, AccountId, GrantId, PersonId, VirtualAccountId};
use wire::time::{Span, Timestamp};

use super::inventory::in_reach;
use super::letters::{INVITATION_HOLDS, one_line};
use super::people::{Acquaintance, OwnAsk};
use super::{App, Ask, Error};

/// How many grants are looked through for the administrators of an account.
const ADMINISTRATORS: u32 = 200;
/// How long support sees an account at most.
const SEEN_AT_MOST: Span = Span::from_hours(8);

/// What a new grant is to be.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// To whom, by e-mail address.
    pub email: String,
    /// Their name, if they are not known yet.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The virtual account, for a role in one.
    pub virtual_account: Option<VirtualAccountId>,
    /// When it ends by itself, if it does.
    pub ends_at: Option<Timestamp>,
}

/// A role that somebody asks for.
#[derive(Clone, Debug)]
pub struct WantedAccess {
    /// The account's domain.
    pub domain: String,
    /// The role.
    pub role: Role,
    /// Why, in their words.
    pub message: String,
}

/// Who has a role, as far as lists of roles tell it.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Their name; may be empty.
    pub name: String,
    /// Whether they can sign in.
    pub state: PersonState,
}

impl App {
    /// Who has some roles of an account, or of the house.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn holders(
        &self,
        permit: &Permit,
        account: AccountId,
        grants: &[Grant],
    ) -> Result<BTreeMap<PersonId, Holder>, Error> {
        permit.allows(Action::ReadPeople, account)?;
        let ids: BTreeSet<PersonId> = grants.iter().map(|grant| grant.person).collect();
        let read = move |reading: &mut Reading<'_>| {
            let mut holders = BTreeMap::new();
            for id in ids {
                if let Some(person) = reading.person(id)? {
                    holders.insert(id, Holder { name: person.name, state: person.state });
                }
            }
            Ok(holders)
        };
        Ok(self.book.read(Sight::House, read).await?)
    }

    /// A role that is in force and that the asker may end.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn grant_to_end(
        &self,
        permit: &Permit,
        account: AccountId,
        id: GrantId,
    ) -> Result<Grant, Error> {
        permit.allows(Action::ManagePeople, account)?;
        let not_found = Refusal::NotFound { what: "grant" };
        let grant = self.find_grant(account, id).await?;
        let within = match grant.virtual_account {
            Some(place) => permit.reach().covers(place),
            None => *permit.reach() == Reach::Whole,
        };
        if within && grant.is_in_force(self.world.now()) {
            Ok(grant)
        } else {
            Err(not_found.into())
        }
    }

    /// Ends, before its time, that support sees an account as its customer does.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn stop_seeing(&self, ask: &Ask, account: AccountId) -> Result<(), Error> {
        ask.permit.allows(Action::SeeAsCustomer, account)?;
        let not_found = Refusal::NotFound { what: "grant" };
        let Actor::Person(member) = ask.permit.actor() else { return Err(not_found.into()) };
        let own = |grant: &&Grant| grant.account == account && grant.role == Role::Support;
        let id = member.grants().iter().find(own).map(|grant| grant.id).ok_or(not_found)?;
        let command = EndGrant { asked: ask.asked(), account, id, letter: None };
        self.ask(ask, Command::EndGrant(Box::new(command))).await
    }

    /// A page of the roles in an account, or in the house, by e-mail address.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn grants(
        &self,
        permit: &Permit,
        account: AccountId,
        begins: Option<String>,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Rows<Grant>, Error> {
        permit.allows(Action::ReadPeople, account)?;
        let mut query = Query::all(limit).sorted(GrantColumn::Email, Direction::Up).after(after);
        query = query.with(GrantColumn::EndedAt, Test::Is(Value::Null));
        query = in_reach(query, GrantColumn::VirtualAccount, permit);
        if let Some(begins) = begins {
            query = query.with(GrantColumn::Email, Test::Begins(begins.trim().to_lowercase()));
        }
        let read = move |reading: &mut Reading<'_>| reading.list::<Grant>(account, &query);
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// Grants a role to who signs in by an e-mail address; who is not known yet is invited by mail.
    ///
    /// # Errors
    /// `permit.denied`, `value.invalid`, `exists`, `account.limited`, `not_found`, faults of the store.
    pub async fn grant_role(
        &self,
        ask: &Ask,
        account: AccountId,
        new: NewGrant,
    ) -> Result<Grant, Error> {
        ask.permit.allows(Action::ManagePeople, account)?;
        ask.permit.may_grant(new.role, new.virtual_account)?;
        let place = self.account_for_letter(account).await?;
        let (person, introduces) = match self.find_or_draft(&new.email, &new.name).await? {
            Acquaintance::Known(person) => (person, None),
            Acquaintance::New(person) => (person.clone(), Some(person)),
        };
        let id = GrantId::derive(&[account.as_bytes(), ask.request.as_bytes()]);
        let grant = self.new_grant(account, id, &person, &new);
        let invited = person.state == PersonState::Invited;
        let fresh = invited
            .then(|| self.fresh_link(LinkPurpose::Invitation, &person, account, INVITATION_HOLDS));
        let url = fresh.as_ref().map(|fresh| fresh.url.as_str());
        let by = ask.permit.actor().words();
        let letter = self.invitation_letter(&person, new.role, place.as_ref(), &by, url);
        let command = GrantRole {
            asked: ask.asked(),
            grant,
            introduces,
            most_people: self.settings.limited_use.people,
            link: fresh.map(|fresh| fresh.link),
            letter: Some(letter),
        };
        self.ask(ask, Command::GrantRole(Box::new(command))).await?;
        self.find_grant(account, id).await
    }

    fn new_grant(&self, account: AccountId, id: GrantId, to: &Person, new: &NewGrant) -> Grant {
        Grant {
            account,
            id,
            person: to.id,
            email: to.email.clone(),
            role: new.role,
            virtual_account: new.virtual_account,
            granted_by: String::new(),
            granted_at: self.world.now(),
            ends_at: new.ends_at,
            ended_at: None,
        }
    }

    async fn account_for_letter(
        &self,
        account: AccountId,
    ) -> Result<Option<ledger::account::Account>, Error> {
        if account == HOUSE { Ok(None) } else { self.find_account(account).await }
    }

    async fn find_grant(&self, account: AccountId, id: GrantId) -> Result<Grant, Error> {
        let read = move |reading: &mut Reading<'_>| reading.grant(account, id);
        let found = self.book.read(Sight::Account(account), read).await?;
        Ok(found.ok_or(Refusal::NotFound { what: "grant" })?)
    }

    /// Sends an invited person a new link in place of the one before, which stops working when the
    /// new one is used.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn invite_again(
        &self,
        ask: &Ask,
        account: AccountId,
        id: GrantId,
    ) -> Result<(), Error> {
        ask.permit.allows(Action::ManagePeople, account)?;
        let not_found = Refusal::NotFound { what: "grant" };
        let grant = self.find_grant(account, id).await?;
        ask.permit.may_grant(grant.role, grant.virtual_account).map_err(|_| not_found.clone())?;
        let person = self.find_person(grant.person).await?.ok_or(not_found)?;
        if person.state != PersonState::Invited {
            let why = "has accepted already".to_owned();
            return Err(Refusal::Invalid { field: "person", why }.into());
        }
        let place = self.account_for_letter(account).await?;
        let fresh = self.fresh_link(LinkPurpose::Invitation, &person, account, INVITATION_HOLDS);
        let by = ask.permit.actor().words();
        let letter =
            self.invitation_letter(&person, grant.role, place.as_ref(), &by, Some(&fresh.url));
        self.send_link(fresh.link, letter).await
    }

    /// Ends the grant of a role: from the next request on it gives no right.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, `role.last_administrator`, faults of the store.
    pub async fn end_grant(&self, ask: &Ask, account: AccountId, id: GrantId) -> Result<(), Error> {
        ask.permit.allows(Action::ManagePeople, account)?;
        let grant = self.find_grant(account, id).await?;
        let place = self.account_for_letter(account).await?;
        let place = place.map_or_else(|| "Scrip".to_owned(), |one| one_line(&one.name));
        let text = format!("You do not have the role {} in {place} any more.\n", grant.role.word());
        let letter = self.letter(account, &grant.email, &format!("Your role in {place}"), &text);
        let command = EndGrant { asked: ask.asked(), account, id, letter: Some(letter) };
        self.ask(ask, Command::EndGrant(Box::new(command))).await
    }

    /// Asks for a role in the account of a domain. Whether there is such an account is not told:
    /// its administrators are, if there is.
    ///
    /// # Errors
    /// `value.invalid`, faults of the store.
    pub async fn ask_access(
        &self,
        ask: OwnAsk,
        member: &Member,
        wanted: WantedAccess,
    ) -> Result<(), Error> {
        if wanted.role.breadth() != Breadth::Account {
            let why = "must be a role in a whole account: ask its administrator for one in a virtual account".to_owned();
            return Err(Refusal::Invalid { field: "role", why }.into());
        }
        let domain = wanted.domain.trim().to_lowercase();
        let read = move |reading: &mut Reading<'_>| reading.claim(ClaimKind::Domain, &domain);
        let Some(claim) = self.book.read(Sight::House, read).await? else { return Ok(()) };
        let account = claim.account;
        let request = AccessRequest {
            account,
            id: AccessRequestId::derive(&[account.as_bytes(), ask.own.request.as_bytes()]),
            person: member.person(),
            email: member.email().to_owned(),
            role: wanted.role,
            virtual_account: None,
            message: wanted.message.trim().to_owned(),
            state: AccessState::Waiting,
            asked_at: self.world.now(),
            decided_at: None,
            decided_by: String::new(),
        };
        let text = format!(
            "{} asks for the role {}.\n\n{}\n\nDecide here:\n{}/accounts/{account}/people\n",
            one_line(&request.email),
            request.role.word(),
            one_line(&request.message),
            self.settings.public_url,
        );
        let to = self.administrators(account).await?;
        let letter = |to: &String| self.letter(account, to, "Somebody asks for access", &text);
        let letters = to.iter().map(letter).collect();
        let command = AskAccess { own: ask.own, wanted: request, letters };
        let asked = self.own_ask(ask.digest, Command::AskAccess(Box::new(command))).await;
        match asked {
            Err(Error::Refused(Refusal::NotFound { .. })) => Ok(()),
            other => other,
        }
    }

    /// The addresses of an account's administrators.
    pub(super) async fn administrators(&self, account: AccountId) -> Result<Vec<String>, Error> {
        let query = Query::all(ADMINISTRATORS)
            .with(GrantColumn::EndedAt, Test::Is(Value::Null))
            .is(GrantColumn::Role, Role::Administrator);
        let read = move |reading: &mut Reading<'_>| reading.list::<Grant>(account, &query);
        let found = self.book.read(Sight::Account(account), read).await?.rows;
        let now = self.world.now();
        let mut emails: Vec<String> =
            found.into_iter().filter(|one| one.is_in_force(now)).map(|one| one.email).collect();
        emails.sort_unstable();
        emails.dedup();
        Ok(emails)
    }

    /// A page of the requests for access that wait in an account, the oldest first.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn access_requests(
        &self,
        permit: &Permit,
        account: AccountId,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Rows<AccessRequest>, Error> {
        permit.allows(Action::ReadPeople, account)?;
        let query = Query::all(limit)
            .sorted(AccessRequestColumn::AskedAt, Direction::Up)
            .is(AccessRequestColumn::State, AccessState::Waiting)
            .after(after);
        let query = in_reach(query, AccessRequestColumn::VirtualAccount, permit);
        let read = move |reading: &mut Reading<'_>| reading.list::<AccessRequest>(account, &query);
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// Decides on a request for access.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, `conflict.changed` if it was decided already, faults of the store.
    pub async fn decide_access(
        &self,
        ask: &Ask,
        account: AccountId,
        id: AccessRequestId,
        decision: AccessState,
    ) -> Result<(), Error> {
        ask.permit.allows(Action::ManagePeople, account)?;
        let read = move |reading: &mut Reading<'_>| reading.access_request(account, id);
        let found = self.book.read(Sight::Account(account), read).await?;
        let wanted = found.ok_or(Refusal::NotFound { what: "access request" })?;
        let granted = decision == AccessState::Granted;
        let grant = granted.then(|| Grant {
            account,
            id: GrantId::derive(&[account.as_bytes(), ask.request.as_bytes()]),
            person: wanted.person,
            email: wanted.email.clone(),
            role: wanted.role,
            virtual_account: wanted.virtual_account,
            granted_by: String::new(),
            granted_at: self.world.now(),
            ends_at: None,
            ended_at: None,
        });
        let place = self.account_for_letter(account).await?;
        let place = place.map_or_else(String::new, |one| one_line(&one.name));
        let word = if granted { "granted" } else { "declined" };
        let text = format!(
            "Your request for the role {} in {place} was {word}.\n\n{}/\n",
            wanted.role.word(),
            self.settings.public_url
        );
        let letter =
            self.letter(account, &wanted.email, &format!("Your request was {word}"), &text);
        let command = DecideAccess {
            asked: ask.asked(),
            account,
            id,
            grant,
            most_people: self.settings.limited_use.people,
            letter: Some(letter),
        };
        self.ask(ask, Command::DecideAccess(Box::new(command))).await
    }

    /// Lets the vendor's support see an account as its customer does, for at most eight hours.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, `value.invalid`, faults of the store.
    pub async fn see_as_customer(
        &self,
        ask: &Ask,
        account: AccountId,
        reason: String,
        lasts: Span,
    ) -> Result<Grant, Error> {
        ask.permit.allows(Action::SeeAsCustomer, account)?;
        let Actor::Person(member) = ask.permit.actor() else {
            let why = "must be a person: sign in as one, so that the customer sees who looked";
            return Err(Refusal::Invalid { field: "actor", why: why.to_owned() }.into());
        };
        if lasts <= Span::from_millis(0) || lasts > SEEN_AT_MOST {
            let why = "must be 1 to 480".to_owned();
            return Err(Refusal::Invalid { field: "minutes", why }.into());
        }
        let now = self.world.now();
        let id = GrantId::derive(&[account.as_bytes(), ask.request.as_bytes()]);
        let grant = Grant {
            account,
            id,
            person: member.person(),
            email: member.email().to_owned(),
            role: Role::Support,
            virtual_account: None,
            granted_by: String::new(),
            granted_at: now,
            ends_at: Some(now.plus(lasts)),
            ended_at: None,
        };
        let command = SeeAsCustomer { asked: ask.asked(), grant, reason: reason.trim().to_owned() };
        self.ask(ask, Command::SeeAsCustomer(Box::new(command))).await?;
        self.find_grant(account, id).await
    }
}
