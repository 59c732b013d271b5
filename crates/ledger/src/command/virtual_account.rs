//! Virtual accounts changed, archived, and taken back into use.

use wire::id::{AccountId, VirtualAccountId};
use wire::time::Timestamp;

use super::{Asked, Detail, Stop, check_text, nothing_but};
use crate::account::{Default, Tag, VirtualAccount};
use crate::page::Page;
use crate::posting::{Effect, Posting};
use crate::refusal::Refusal;
use crate::role::Action;

/// How many tags a virtual account may have.
const TAGS: usize = 32;
/// How long each part of a tag may be, in characters.
const TAG_CHARS: usize = 64;

/// Changes a virtual account's name, description and tags.
#[derive(Clone, Debug)]
pub struct EditVirtualAccount {
    /// The right and the request's id.
    pub asked: Asked,
    /// The account.
    pub account: AccountId,
    /// The virtual account.
    pub id: VirtualAccountId,
    /// The revision that the asker saw.
    pub revision: u32,
    /// The shown name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Custom tags.
    pub tags: Vec<Tag>,
}

impl EditVirtualAccount {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        self.asked.permit.allows(Action::CreateVirtualAccount, self.account)?;
        self.asked.permit.covers(self.id)?;
        check_text("name", &self.name, 1)?;
        check_text("description", &self.description, 0)?;
        let tags = checked_tags(&self.tags)?;
        let row = seen(page, self.account, self.id, self.revision)?;
        let folded = self.name.to_lowercase();
        let same = |one: &&VirtualAccount| one.id != self.id && one.name.to_lowercase() == folded;
        if page.virtual_accounts_of(self.account)?.iter().any(same) {
            return Err(Refusal::Taken { what: format!("the name \"{}\"", self.name) }.into());
        }
        let next = VirtualAccount {
            name: self.name.clone(),
            description: self.description.clone(),
            tags,
            revision: row.revision + 1,
            ..row.clone()
        };
        let detail = Detail::default()
            .changed("name", &row.name, &next.name)
            .changed("description", &row.description, &next.description)
            .changed("tags", words(&row.tags), words(&next.tags))
            .within(self.id);
        let subject = next.id.to_string();
        let event =
            self.asked.event(self.account, "virtual_account.changed", subject, &detail, now);
        Ok(nothing_but(vec![Effect::VirtualAccount(next), event]))
    }
}

/// The virtual account at the revision that the asker saw, in use.
fn seen(
    page: &Page,
    account: AccountId,
    id: VirtualAccountId,
    revision: u32,
) -> Result<VirtualAccount, Stop> {
    page.hold_account(account)?.ok_or(Refusal::NotFound { what: "account" })?;
    let row = find(page, account, id)?;
    if row.revision != revision || row.archived_at.is_some() {
        return Err(Refusal::Changed { what: "this virtual account" }.into());
    }
    Ok(row)
}

/// The tags in order, without doubles.
pub(super) fn checked_tags(tags: &[Tag]) -> Result<Vec<Tag>, Refusal> {
    let wrong = |why: String| Err(Refusal::Invalid { field: "tags", why });
    if tags.len() > TAGS {
        return wrong(format!("are {}, {TAGS} are allowed: remove some", tags.len()));
    }
    for part in tags.iter().flat_map(|tag| [&tag.group, &tag.value]) {
        let chars = part.chars().count();
        if chars == 0 || chars > TAG_CHARS || part.chars().any(char::is_control) {
            return wrong(format!(
                "must be `group: value`, each of 1 to {TAG_CHARS} characters without control characters"
            ));
        }
    }
    if tags.iter().any(|tag| tag.group.contains(':')) {
        return wrong("must have no colon in the group".to_owned());
    }
    let mut tags = tags.to_vec();
    tags.sort();
    tags.dedup();
    Ok(tags)
}

fn words(tags: &[Tag]) -> String {
    let words: Vec<String> =
        tags.iter().map(|tag| format!("{}: {}", tag.group, tag.value)).collect();
    words.join(", ")
}

/// Archives an empty virtual account, so that it is out of the way and its history stays; or
/// takes it back into use.
#[derive(Clone, Debug)]
pub struct ArchiveVirtualAccount {
    /// The right and the request's id.
    pub asked: Asked,
    /// The account.
    pub account: AccountId,
    /// The virtual account.
    pub id: VirtualAccountId,
    /// The revision that the asker saw.
    pub revision: u32,
    /// What becomes of it.
    pub shelf: Shelf,
}

/// Where a virtual account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// In the archive. Nothing enters it any more.
    Archive,
    /// In use.
    Use,
}

impl ArchiveVirtualAccount {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        self.asked.permit.allows(Action::CreateVirtualAccount, self.account)?;
        self.asked.permit.covers(self.id)?;
        page.hold_account(self.account)?.ok_or(Refusal::NotFound { what: "account" })?;
        let row = find(page, self.account, self.id)?;
        if row.revision != self.revision {
            return Err(Refusal::Changed { what: "this virtual account" }.into());
        }
        if row.default == Default::Yes {
            let why = "is the default one, which every account keeps".to_owned();
            return Err(Refusal::Invalid { field: "virtual_account", why }.into());
        }
        let (archived_at, action, words) = match self.shelf {
            Shelf::Archive => (Some(now), "virtual_account.archived", ("in use", "archived")),
            Shelf::Use => (None, "virtual_account.restored", ("archived", "in use")),
        };
        if row.archived_at.is_some() == archived_at.is_some() {
            return Ok(Posting::nothing());
        }
        let next = VirtualAccount { archived_at, revision: row.revision + 1, ..row };
        let detail = Detail::default().changed("state", words.0, words.1).within(self.id);
        let subject = next.id.to_string();
        let event = self.asked.event(self.account, action, subject, &detail, now);
        Ok(nothing_but(vec![Effect::VirtualAccount(next), event]))
    }
}

fn find(page: &Page, account: AccountId, id: VirtualAccountId) -> Result<VirtualAccount, Stop> {
    let row = page.virtual_account(account, id)?.cloned();
    Ok(row.ok_or(Refusal::NotFound { what: "virtual account" })?)
}
