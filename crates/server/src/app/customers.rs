//! The way of an account from a request to its use: its approver, the terms, its properties.

use ledger::account::{Account, AccountKind, AccountState, TERMS_FACT};
use ledger::command::{
    AcceptTerms, Command, Consent, DeclineAccount, EditAccount, Own, PublicDomain, PublishTerms,
    RequestAccount,
};
use ledger::house::{ClaimKind, HOUSE};
use ledger::person::{Grant, Letter, Link, LinkPurpose, Person, Terms};
use ledger::refusal::Refusal;
use ledger::role::{Action, Member, Role};
use sha2::{Digest as _, Sha256};
use store::{Reading, Sight};
use wire::id::{AccountId, GrantId, PersonId, RequestId, VirtualAccountId};
use wire::message::Policy;

use super::accounts::derived;
use super::letters::{APPROVAL_HOLDS, one_line};
use super::people::OwnAsk;
use super::{App, Ask, Error};

/// Domains of public mail providers, one a line: their addresses are nobody's company. Config may
/// name more.
const PUBLIC_DOMAINS: &str = include_str!("public_domains.txt");

/// What an account that is asked for is to be.
#[derive(Clone, Debug)]
pub struct WantedAccount {
    /// The shown name.
    pub name: String,
    /// The company's domain; for an account of limited use the asker's own e-mail address.
    pub domain: String,
    /// What kind of customer it is for.
    pub kind: AccountKind,
    /// The country of purchase, or empty.
    pub country: String,
    /// The e-mail address of who is to accept the terms; empty for the asker.
    pub approver: String,
}

/// What is seen of an account by who was sent the link to approve it.
#[derive(Clone, Debug)]
pub struct Approval {
    /// The account.
    pub account: Account,
    /// The newest terms, if any were published.
    pub terms: Option<Terms>,
    /// Whose link it is.
    pub person: Person,
}

impl App {
    /// Asks for an account. Its approver gets a link by which they accept the terms or decline.
    ///
    /// # Errors
    /// `value.invalid`, `exists` if the domain is taken: then access to it can be asked for;
    /// faults of the store.
    pub async fn request_account(
        &self,
        ask: OwnAsk,
        member: &Member,
        wanted: WantedAccount,
    ) -> Result<Account, Error> {
        let approver = match wanted.approver.trim() {
            "" => member.email().to_owned(),
            named => named.to_owned(),
        };
        let id = AccountId::from_bytes(derived(ask.own.request, b"account"));
        let account = self.wanted(id, &wanted, &approver, member);
        let public = self.public_domain(&account.domain);
        // Nobody nests the approval of a small business: who asks for it approves it.
        if account.kind == AccountKind::LimitedUse && !approver.eq_ignore_ascii_case(member.email())
        {
            let why = "must be left out: who asks for an account of limited use approves it";
            return Err(Refusal::Invalid { field: "approver", why: why.to_owned() }.into());
        }
        let person = self.know(&approver, "").await?;
        let fresh = self.fresh_link(LinkPurpose::Approval, &person, id, APPROVAL_HOLDS);
        let letter = self.approval_letter(&account, member, &fresh.url);
        let mut command = RequestAccount {
            own: ask.own,
            account,
            default_id: VirtualAccountId::from_bytes(derived_default(id)),
            default_number: 0,
            public_domain: public,
            link: fresh.link,
            letter,
        };
        command.check()?;
        if self.find_account(id).await?.is_none() {
            let domain = command.account.domain.clone();
            self.claim(ClaimKind::Domain, domain, id, *id.as_bytes()).await?;
            command.account.number = self.claim_number(id, *id.as_bytes()).await?;
            let default = *command.default_id.as_bytes();
            command.default_number = self.claim_number(id, default).await?;
        }
        self.own_ask(ask.digest, Command::RequestAccount(Box::new(command))).await?;
        Ok(self.find_account(id).await?.ok_or(Refusal::NotFound { what: "account" })?)
    }

    fn wanted(
        &self,
        id: AccountId,
        wanted: &WantedAccount,
        approver: &str,
        member: &Member,
    ) -> Account {
        let domain = match wanted.kind {
            AccountKind::LimitedUse => member.email().to_lowercase(),
            _ => wanted.domain.trim().to_lowercase(),
        };
        Account {
            id,
            number: 0,
            name: wanted.name.trim().to_owned(),
            domain,
            policy: Policy::default(),
            created_at: self.world.now(),
            kind: wanted.kind,
            state: AccountState::PendingApproval,
            country: wanted.country.trim().to_owned(),
            approver: approver.to_owned(),
            reason: String::new(),
            terms_version: 0,
            terms_accepted_at: None,
            revision: 0,
        }
    }

    /// Refuses a domain that belongs to everybody: only accounts of limited use may do with one.
    pub(super) fn refuse_public(&self, domain: &str) -> Result<(), Error> {
        match self.public_domain(domain) {
            PublicDomain::No => Ok(()),
            PublicDomain::Yes => {
                let why = "is a public mail provider's: a full account has a domain of its own";
                Err(Refusal::Invalid { field: "domain", why: why.to_owned() }.into())
            }
        }
    }

    fn public_domain(&self, domain: &str) -> PublicDomain {
        let more = &self.settings.limited_use.public_domains;
        let public =
            PUBLIC_DOMAINS.lines().any(|one| one == domain) || more.iter().any(|one| one == domain);
        if public { PublicDomain::Yes } else { PublicDomain::No }
    }

    fn approval_letter(&self, account: &Account, member: &Member, url: &str) -> Letter {
        let text = format!(
            "{} asks for a Smart Account for {} ({}) and named you as its approver.\n\n\
             Read the terms, and accept them or decline, within {} days. The link works once:\n{url}\n",
            one_line(member.email()),
            one_line(&account.name),
            account.domain,
            APPROVAL_HOLDS.millis() / wire::time::Span::from_days(1).millis(),
        );
        let subject = format!("A Smart Account for {}", one_line(&account.name));
        self.letter(account.id, &account.approver, &subject, &text)
    }

    /// What the link of an approval leads to. Only looking uses nothing up.
    ///
    /// # Errors
    /// `link.dead`, faults of the store.
    pub async fn approval(&self, word: &str) -> Result<Approval, Error> {
        let link = self.live_link(word, LinkPurpose::Approval).await?;
        let account = self.find_account(link.account).await?.ok_or(Refusal::LinkDead)?;
        let person = self.find_person(link.person).await?.ok_or(Refusal::LinkDead)?;
        Ok(Approval { account, terms: self.terms().await?, person })
    }

    /// The newest terms; `None` before any were published.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn terms(&self) -> Result<Option<Terms>, Error> {
        let read = |reading: &mut Reading<'_>| {
            let fact = reading.house_fact(TERMS_FACT)?;
            let text = fact.and_then(|fact| String::from_utf8(fact.value).ok());
            match text.and_then(|text| text.parse().ok()) {
                Some(version) => reading.terms(version),
                None => Ok(None),
            }
        };
        Ok(self.book.read(Sight::House, read).await?)
    }

    /// Publishes a new version of the terms.
    ///
    /// # Errors
    /// `permit.denied`, `value.invalid`, `conflict.changed`, faults of the store.
    pub async fn publish_terms(
        &self,
        ask: &Ask,
        title: String,
        text: String,
    ) -> Result<Terms, Error> {
        let version = self.terms().await?.map_or(0, |terms| terms.version) + 1;
        let published_at = self.world.now();
        let title = title.trim().to_owned();
        let terms = Terms { version, title, text, published_at };
        let command = PublishTerms { asked: ask.asked(), terms };
        self.ask(ask, Command::PublishTerms(Box::new(command))).await?;
        Ok(self.terms().await?.ok_or(Refusal::NotFound { what: "terms" })?)
    }

    /// Accepts the newest terms by right of a role in the account.
    ///
    /// # Errors
    /// `permit.denied`, `conflict.changed` if newer ones were published, faults of the store.
    pub async fn accept_terms(
        &self,
        ask: &Ask,
        account: AccountId,
        version: u32,
    ) -> Result<(), Error> {
        ask.permit.allows(Action::AcceptTerms, account)?;
        let command = AcceptTerms {
            consent: Consent::Role(ask.asked()),
            account,
            version,
            first_grants: Vec::new(),
            letter: None,
        };
        self.ask(ask, Command::AcceptTerms(Box::new(command))).await
    }

    /// Accepts the terms by the link that was sent to the approver: the account is in use, its
    /// approver has that role, and who asked for it is its administrator.
    ///
    /// # Errors
    /// `link.dead`, `conflict.changed`, faults of the store.
    pub async fn approve(
        &self,
        word: &str,
        version: u32,
        request: RequestId,
        address: &str,
    ) -> Result<Account, Error> {
        let Approval { account, person, .. } = self.approval(word).await?;
        let requester = self.requester(&account).await?;
        let grant = |to: &Person, role: Role| Grant {
            account: account.id,
            id: GrantId::derive(&[account.id.as_bytes(), to.id.as_bytes(), role.word().as_bytes()]),
            person: to.id,
            email: to.email.clone(),
            role,
            virtual_account: None,
            granted_by: person.email.clone(),
            granted_at: self.world.now(),
            ends_at: None,
            ended_at: None,
        };
        let administrator = requester.clone().unwrap_or_else(|| person.clone());
        let first_grants =
            vec![grant(&person, Role::Approver), grant(&administrator, Role::Administrator)];
        let letter = requester.map(|to| self.decided_letter(&account, &to, "is in use", ""));
        let command = AcceptTerms {
            consent: consent(&person, request, address, word),
            account: account.id,
            version,
            first_grants,
            letter,
        };
        let digest = Sha256::digest(word.as_bytes()).into();
        self.own_ask(digest, Command::AcceptTerms(Box::new(command))).await?;
        Ok(account)
    }

    /// Declines an account by the link that was sent to the approver.
    ///
    /// # Errors
    /// `link.dead`, `value.invalid`, `conflict.changed`, faults of the store.
    pub async fn decline(
        &self,
        word: &str,
        reason: String,
        request: RequestId,
        address: &str,
    ) -> Result<Account, Error> {
        let Approval { account, person, .. } = self.approval(word).await?;
        let requester = self.requester(&account).await?;
        let reason = reason.trim().to_owned();
        let letter =
            requester.map(|to| self.decided_letter(&account, &to, "was declined", &reason));
        let consent = consent(&person, request, address, word);
        let command = DeclineAccount { consent, account: account.id, reason, letter };
        let digest = Sha256::digest(word.as_bytes()).into();
        self.own_ask(digest, Command::DeclineAccount(Box::new(command))).await?;
        Ok(account)
    }

    /// Who asked for an account, as its log says.
    async fn requester(&self, account: &Account) -> Result<Option<Person>, Error> {
        let id = account.id;
        let question = super::events::EventQuestion {
            action: Some("account.requested".to_owned()),
            ..Default::default()
        };
        let read = move |reading: &mut Reading<'_>| reading.events(id, &question, 1);
        let found = self.book.read(Sight::Account(id), read).await?.rows;
        let Some(event) = found.into_iter().next() else { return Ok(None) };
        self.find_by_email(&event.event.actor).await
    }

    fn decided_letter(&self, account: &Account, to: &Person, what: &str, reason: &str) -> Letter {
        let name = one_line(&account.name);
        let reason = if reason.is_empty() {
            String::new()
        } else {
            format!("\nThe reason: {}\n", one_line(reason))
        };
        let text = format!(
            "The Smart Account for {name} ({}) {what}.\n{reason}\n{}/\n",
            account.domain, self.settings.public_url
        );
        self.letter(account.id, &to.email, &format!("The Smart Account for {name} {what}"), &text)
    }

    /// Changes an account's properties, as its asker saw them at a revision.
    ///
    /// # Errors
    /// `permit.denied`, `value.invalid`, `conflict.changed`, `exists` for a taken domain, faults of
    /// the store.
    pub async fn edit_account(
        &self,
        ask: &Ask,
        account: AccountId,
        revision: u32,
        changed: ChangedAccount,
    ) -> Result<Account, Error> {
        ask.permit.allows(Action::EditAccount, account)?;
        let upgrade = changed.full_domain.map(|domain| domain.trim().to_lowercase());
        if let Some(domain) = &upgrade {
            // Only an operator makes it a full account; the ledger says so again.
            if ask.permit.role() == Role::Operator {
                self.refuse_public(domain)?;
                self.claim(ClaimKind::Domain, domain.clone(), account, *account.as_bytes()).await?;
            }
        }
        let command = EditAccount {
            asked: ask.asked(),
            account,
            revision,
            name: changed.name.trim().to_owned(),
            country: changed.country.trim().to_owned(),
            upgrade,
        };
        self.ask(ask, Command::EditAccount(Box::new(command))).await?;
        Ok(self.find_account(account).await?.ok_or(Refusal::NotFound { what: "account" })?)
    }

    /// Whether new acts on licenses are blocked for an account until newer terms are accepted.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn terms_owed(&self, account: &Account) -> Result<Option<Terms>, Error> {
        let newest = self.terms().await?;
        Ok(newest.filter(|terms| terms.version > account.terms_version))
    }

    /// A one-time link that still works, by its word.
    pub(super) async fn live_link(&self, word: &str, purpose: LinkPurpose) -> Result<Link, Error> {
        let hash: [u8; 32] = Sha256::digest(word.as_bytes()).into();
        let now = self.world.now();
        let found = self.book.read(Sight::House, move |reading| reading.link(hash)).await?;
        let live = found
            .filter(|one| one.purpose == purpose && one.used_at.is_none() && now < one.expires_at);
        Ok(live.ok_or(Refusal::LinkDead)?)
    }

    pub(super) async fn send_link(&self, link: Link, letter: Letter) -> Result<(), Error> {
        let command = ledger::command::SendLink { link, letter };
        self.write(Command::SendLink(Box::new(command))).await?;
        Ok(())
    }

    /// The accounts in which a person has a role, by name.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn accounts_of(&self, person: PersonId) -> Result<Vec<Account>, Error> {
        let now = self.world.now();
        let read = move |reading: &mut Reading<'_>| reading.accounts_of(person, now, 1_000);
        let mut found = self.book.read(Sight::House, read).await?;
        found.retain(|account| account.id != HOUSE);
        Ok(found)
    }
}

/// What becomes of an account's properties.
#[derive(Clone, Debug)]
pub struct ChangedAccount {
    /// The shown name.
    pub name: String,
    /// The country of purchase, two letters as in ISO 3166, or empty.
    pub country: String,
    /// The domain by which an account of limited use becomes a full one.
    pub full_domain: Option<String>,
}

fn consent(person: &Person, request: RequestId, address: &str, word: &str) -> Consent {
    let own = Own {
        person: person.id,
        actor: person.email.clone(),
        request,
        address: address.to_owned(),
    };
    Consent::Link(own, Sha256::digest(word.as_bytes()).into())
}

fn derived_default(account: AccountId) -> [u8; 16] {
    *VirtualAccountId::derive(&[account.as_bytes(), b"default"]).as_bytes()
}
