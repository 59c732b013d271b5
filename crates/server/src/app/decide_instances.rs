//! Moves product instances to another virtual account, removes them, keeps what reports again, and
//! says beforehand what that would come to.

use std::collections::{BTreeMap, BTreeSet};

use ledger::command::{Answer, Asked, Command, DecideInstances, Decided, Fate, PoolShift};
use ledger::instance::Instance;
use ledger::license::License;
use ledger::refusal::Refusal;
use ledger::role::{Action, Permit};
use sha2::{Digest as _, Sha256};
use store::{Reading, Sight};
use wire::id::{AccountId, InstanceId, RequestId, VirtualAccountId};
use wire::limits::INSTANCES_AT_ONCE;
use wire::tag::EntitlementTag;
use wire::udi::Udi;

use super::{App, Ask, Error};

/// How many lines people may paste.
pub const LINES: usize = 5_000;
/// How long they may be in all, in bytes.
pub const LINES_BYTES: usize = 256 * 1024;
/// How many uses one transaction moves or ends, unless a single product instance has more.
const USES_AT_ONCE: usize = 4 * INSTANCES_AT_ONCE;
/// How many unclear lines a refusal names.
const NAMED: usize = 5;
/// How many product instances an unclear line is said to mean.
const MEANT: usize = 5;

/// Whether it is done or only looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// What would happen is said, and nothing is written.
    Preview,
    /// It is done.
    Act,
}

/// What a line means that names no single product instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// None that the asker may see.
    Unknown,
    /// One that was removed.
    Removed,
    /// Several: some of their UDIs.
    Several(Vec<String>),
}

/// A line that names no single product instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnclearLine {
    /// Its number, from 1.
    pub number: usize,
    /// What it says.
    pub text: String,
    /// What that means.
    pub why: Unclear,
}

/// What a decision on product instances came to, or would come to.
#[derive(Clone, Debug, Default)]
pub struct InstancesDecided {
    /// The product instances that the lines name.
    pub chosen: BTreeSet<InstanceId>,
    /// How many were moved, removed or kept.
    pub changed: u32,
    /// How many were so already.
    pub unchanged: u32,
    /// The lines that name no single one; when it is done there are none.
    pub unclear: Vec<UnclearLine>,
    /// Per pool in which use came or went, how it stood before and how it stands now.
    pub pools: Vec<PoolShift>,
    /// The licenses of these pools, as far as the catalogue knows them.
    pub licenses: BTreeMap<EntitlementTag, License>,
    /// The names of their virtual accounts.
    pub places: BTreeMap<VirtualAccountId, String>,
}

/// What happens to the alarm of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmTurn {
    /// It opens: the pool turns short.
    Opens,
    /// It settles: the pool is sufficient again.
    Settles,
}

/// What happens to the alarm of a pool whose standing changes so.
pub fn alarm_turn(shift: &PoolShift) -> Option<AlarmTurn> {
    match (shift.before.alarmable(), shift.after.alarmable()) {
        (false, true) => Some(AlarmTurn::Opens),
        (true, false) => Some(AlarmTurn::Settles),
        _ => None,
    }
}

/// The product instances that lines name.
struct Named {
    ids: BTreeSet<InstanceId>,
    unclear: Vec<UnclearLine>,
}

impl App {
    /// Decides on product instances, named one a line by id, name, serial number or UDI.
    ///
    /// All lines have to be clear before anything is done. Up to 5,000 product instances (with four
    /// uses for each) are one transaction, more are several; asked again, it has no second effect
    /// and answers that nothing is left to do.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, `value.invalid`, `instances.unclear`, faults of the store.
    pub async fn decide_instances(
        &self,
        ask: &Ask,
        account: AccountId,
        lines: &[String],
        (fate, doing): (Fate, Doing),
    ) -> Result<InstancesDecided, Error> {
        ask.permit.allows(Action::ManageInstances, account)?;
        if let Fate::Move(to) = fate {
            self.admit_target(&ask.permit, account, to).await?;
        }
        let named = self.named_instances(&ask.permit, account, lines, fate).await?;
        if doing == Doing::Act && !named.unclear.is_empty() {
            return Err(unclear(&named.unclear));
        }
        let mut all = InstancesDecided {
            chosen: named.ids.clone(),
            unclear: named.unclear,
            ..InstancesDecided::default()
        };
        let parts = self.in_parts(account, named.ids).await?;
        let alone = parts.len() == 1;
        for instances in parts {
            let request = if alone { ask.request } else { part_of(ask.request, &instances) };
            let asked = Asked { permit: ask.permit.clone(), request };
            let command = DecideInstances { asked, account, instances, fate };
            let command = Command::DecideInstances(Box::new(command));
            all.add(self.decide_part(ask, command, doing).await?);
        }
        self.name_shifts(account, &mut all).await?;
        Ok(all)
    }

    async fn admit_target(
        &self,
        permit: &Permit,
        account: AccountId,
        to: VirtualAccountId,
    ) -> Result<(), Error> {
        permit.covers(to)?;
        let read = move |reading: &mut Reading<'_>| reading.virtual_account(account, to);
        let target = self.book.read(Sight::Account(account), read).await?;
        let target = target.ok_or(Refusal::NotFound { what: "virtual account" })?;
        match target.archived_at {
            Some(_) => {
                let why = "is archived: take it back into use first".to_owned();
                Err(Refusal::Invalid { field: "to", why }.into())
            }
            None => Ok(()),
        }
    }

    /// One transaction of it, or what it would come to.
    async fn decide_part(
        &self,
        ask: &Ask,
        command: Command,
        doing: Doing,
    ) -> Result<Decided, Error> {
        if doing == Doing::Preview {
            return self.rehearse(command).await;
        }
        match self.ask_and_hear(ask, command.clone()).await? {
            Answer::Decided(decided) => Ok(decided),
            // Asked before: nothing is left to do.
            _ => {
                let unchanged = self.rehearse(command).await?.unchanged;
                Ok(Decided { unchanged, ..Decided::default() })
            }
        }
    }

    async fn rehearse(&self, command: Command) -> Result<Decided, Error> {
        let now = self.world.now();
        // The grants behind the right may be the house's; the command names its account itself.
        let read = move |reading: &mut Reading<'_>| Ok(reading.rehearse(&command, now));
        match self.book.read(Sight::House, read).await?? {
            Answer::Decided(decided) => Ok(decided),
            _ => Ok(Decided::default()),
        }
    }

    /// What is decided in one transaction each.
    async fn in_parts(
        &self,
        account: AccountId,
        ids: BTreeSet<InstanceId>,
    ) -> Result<Vec<BTreeSet<InstanceId>>, Error> {
        let asked = ids.clone();
        let read = move |reading: &mut Reading<'_>| reading.uses_among(account, &asked);
        let uses = self.book.read(Sight::Account(account), read).await?;
        let (mut parts, mut part, mut weight) = (Vec::new(), BTreeSet::new(), 0);
        for id in ids {
            let count = uses.get(&id).map_or(0, Vec::len);
            let full = part.len() == INSTANCES_AT_ONCE || weight + count > USES_AT_ONCE;
            if full && !part.is_empty() {
                parts.push(std::mem::take(&mut part));
                weight = 0;
            }
            part.insert(id);
            weight += count;
        }
        parts.extend(Some(part).filter(|part| !part.is_empty()));
        Ok(parts)
    }

    /// The product instances that lines name, as far as the right reaches them.
    async fn named_instances(
        &self,
        permit: &Permit,
        account: AccountId,
        lines: &[String],
        fate: Fate,
    ) -> Result<Named, Error> {
        let words: Vec<(usize, String)> = lines
            .iter()
            .enumerate()
            .map(|(nth, line)| (nth + 1, line.trim().to_owned()))
            .filter(|(_, line)| !line.is_empty())
            .collect();
        if words.is_empty() {
            let why = "must name at least one product instance".to_owned();
            return Err(Refusal::Invalid { field: "lines", why }.into());
        }
        let called = words.iter().filter_map(|(_, line)| word_of(line)).collect::<BTreeSet<_>>();
        let ids = words.iter().filter_map(|(_, line)| line.parse().ok()).collect();
        let read = move |reading: &mut Reading<'_>| {
            let called = reading.instances_called(account, &called)?;
            let mut all: BTreeSet<InstanceId> = ids;
            all.extend(called.values().flatten());
            Ok((called, reading.instances_among(account, &all)?))
        };
        let (called, mut known) = self.book.read(Sight::Account(account), read).await?;
        known.retain(|_, one| permit.reach().covers(one.virtual_account()));
        let mut named = Named { ids: BTreeSet::new(), unclear: Vec::new() };
        for (number, text) in words {
            match meant(&text, &called, &known, fate) {
                Ok(id) => {
                    named.ids.insert(id);
                }
                Err(why) => named.unclear.push(UnclearLine { number, text, why }),
            }
        }
        Ok(named)
    }

    async fn name_shifts(
        &self,
        account: AccountId,
        all: &mut InstancesDecided,
    ) -> Result<(), Error> {
        let tags = all.pools.iter().map(|shift| shift.tag.clone()).collect();
        let places = all.pools.iter().map(|shift| shift.virtual_account).collect();
        let read = move |reading: &mut Reading<'_>| {
            let places = reading.virtual_accounts_among(account, &places)?;
            Ok((reading.licenses_among(&tags)?, places))
        };
        let (licenses, places) = self.book.read(Sight::Account(account), read).await?;
        all.licenses = licenses;
        all.places = places.into_iter().map(|(id, one)| (id, one.name)).collect();
        Ok(())
    }
}

impl InstancesDecided {
    /// Adds what one more transaction came to; a preview saw none of those before it.
    fn add(&mut self, part: Decided) {
        self.changed += part.changed;
        self.unchanged += part.unchanged;
        for shift in part.pools {
            let same = |one: &&mut PoolShift| {
                (one.virtual_account, &one.tag) == (shift.virtual_account, &shift.tag)
            };
            match self.pools.iter_mut().find(same) {
                Some(known) => {
                    known.after.in_use += shift.after.in_use - shift.before.in_use;
                    known.after.unverified += shift.after.unverified - shift.before.unverified;
                }
                None => self.pools.push(shift),
            }
        }
    }
}

/// What people paste, cut into lines.
///
/// # Errors
/// `value.invalid` if it is too much at once.
pub fn lines_of(pasted: &str) -> Result<Vec<String>, Error> {
    let lines = pasted.lines().count();
    let why = if pasted.len() > LINES_BYTES {
        format!("are {} bytes, {LINES_BYTES} are allowed: paste them in parts", pasted.len())
    } else if lines > LINES {
        format!("are {lines} lines, {LINES} are allowed: paste them in parts")
    } else {
        return Ok(pasted.lines().map(str::to_owned).collect());
    };
    Err(Refusal::Invalid { field: "lines", why }.into())
}

/// The word by which the store finds what a line names; none for an id.
fn word_of(line: &str) -> Option<String> {
    if line.parse::<InstanceId>().is_ok() {
        return None;
    }
    let identity = line.parse::<Udi>().ok().and_then(|udi| udi.identity().ok());
    Some(identity.unwrap_or_else(|| line.to_owned()).to_lowercase())
}

fn meant(
    line: &str,
    called: &BTreeMap<String, BTreeSet<InstanceId>>,
    known: &BTreeMap<InstanceId, Instance>,
    fate: Fate,
) -> Result<InstanceId, Unclear> {
    let ids = match line.parse::<InstanceId>() {
        Ok(id) => BTreeSet::from([id]),
        Err(_) => word_of(line).and_then(|word| called.get(&word).cloned()).unwrap_or_default(),
    };
    let found: Vec<&Instance> = ids.iter().filter_map(|id| known.get(id)).collect();
    // What was removed is meant only where nothing else is.
    let there: Vec<&Instance> =
        found.iter().copied().filter(|one| one.removed().is_none()).collect();
    let meant = if there.is_empty() { found } else { there };
    match meant.as_slice() {
        [] => Err(Unclear::Unknown),
        [one] if one.removed().is_some() && fate != Fate::Remove => Err(Unclear::Removed),
        [one] => Ok(one.id),
        several => {
            let some = several.iter().take(MEANT);
            Err(Unclear::Several(some.map(|one| one.udi.to_string()).collect()))
        }
    }
}

fn unclear(lines: &[UnclearLine]) -> Error {
    let said = |line: &UnclearLine| {
        let why = match &line.why {
            Unclear::Unknown => "is not known here".to_owned(),
            Unclear::Removed => "was removed".to_owned(),
            Unclear::Several(udis) => format!("means several, such as {}", udis.join(" and ")),
        };
        format!("line {} (\"{}\") {why}", line.number, line.text)
    };
    let some: Vec<String> = lines.iter().take(NAMED).map(said).collect();
    let more = lines.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more lines") } else { String::new() };
    Error::bad(
        "instances.unclear",
        format!(
            "nothing was done: {}{more}: correct these lines or leave them out",
            some.join("; ")
        ),
    )
}

/// The request for one part: the next part of the same request is another one.
fn part_of(request: RequestId, instances: &BTreeSet<InstanceId>) -> RequestId {
    let hash = instances.iter().fold(Sha256::new(), |hash, id| hash.chain_update(id.as_bytes()));
    let digest: [u8; 32] = hash.finalize().into();
    RequestId::derive(&[request.as_bytes(), &digest])
}
