//! Product instances moved, removed and kept by hand: chosen or pasted, looked at, then done.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use ledger::command::{Fate, PoolShift};
use ledger::pool::Pool;
use ledger::refusal::Refusal;
use ledger::role::{Action, Permit};
use wire::id::AccountId;

use super::answer::{Unshown, shown};
use super::door::Guest;
use super::facts::{frame, license_name};
use super::forms::{Typed, refused, with_status, wrong};
use super::overview::account_id;
use super::pages::form::{FieldKind, Form, FormField, Weight};
use super::pages::parts::LicenseLink;
use super::pages::paths::{self, fill};
use super::pages::relocation::{Preview, Relocation, ShiftRow, Turn, UnclearRow};
use super::places;
use crate::app::decide_instances::{
    AlarmTurn, Doing, InstancesDecided, Unclear, UnclearLine, alarm_turn, lines_of,
};
use crate::app::{App, Ask, Error};

/// What is done with product instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Move,
    Remove,
    Keep,
}

impl Deed {
    fn path(self, account: AccountId) -> String {
        let pattern = match self {
            Self::Move => paths::MOVE_INSTANCES,
            Self::Remove => paths::REMOVE_INSTANCES,
            Self::Keep => paths::KEEP_INSTANCES,
        };
        fill(pattern, &[&account.to_string()])
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Move => "Move",
            Self::Remove => "Remove",
            Self::Keep => "Keep",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Move => {
                "They go to another virtual account. What they use counts there from now on, what they used before stays where it was, and licenses stay."
            }
            Self::Remove => {
                "What they use ends now and frees its licenses. They leave the lists; their history stays. A device that measures on comes back by itself, since usage is never refused."
            }
            Self::Keep => {
                "They were removed and report again. They stay, and the alarm about it settles."
            }
        }
    }
}

/// What was chosen so far.
#[derive(Clone, Debug, Default)]
struct Choice {
    /// One product instance a line.
    lines: String,
    /// The virtual account, as it was typed.
    to: String,
}

impl Choice {
    fn typed(typed: &Typed) -> Self {
        let chosen: Vec<&str> = typed.all("instance").collect();
        let lines = format!("{}\n{}", chosen.join("\n"), typed.text("lines"));
        Self { lines: lines.trim().to_owned(), to: typed.text("to") }
    }

    fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// One step of a deed: who does it, where, and what is known so far.
struct Step<'a> {
    app: &'a App,
    guest: &'a Guest,
    account: AccountId,
    deed: Deed,
    ask: Ask,
    /// The right to find virtual accounts by their names.
    reads: Permit,
}

impl<'a> Step<'a> {
    /// A step that only looks.
    fn looking(
        app: &'a App,
        guest: &'a Guest,
        account: AccountId,
        deed: Deed,
    ) -> Result<Self, Unshown> {
        let permit = guest.may(Action::ManageInstances, account)?;
        let ask = Ask::new(permit, app.fresh_request(), b"a look");
        let reads = guest.may(Action::ReadAccount, account)?;
        Ok(Self { app, guest, account, deed, ask, reads })
    }

    fn typed(
        app: &'a App,
        guest: &'a Guest,
        (account, deed): (AccountId, Deed),
        typed: &Typed,
    ) -> Result<Self, Unshown> {
        let ask = typed.ask(guest, guest.may(Action::ManageInstances, account)?)?;
        let reads = guest.may(Action::ReadAccount, account)?;
        Ok(Self { app, guest, account, deed, ask, reads })
    }

    /// What becomes of them; `None` while nobody said where they go.
    async fn fate(&self, choice: &Choice) -> Result<Option<Fate>, Error> {
        match self.deed {
            Deed::Remove => Ok(Some(Fate::Remove)),
            Deed::Keep => Ok(Some(Fate::Keep)),
            Deed::Move => {
                let found = places::named(self.app, &self.reads, self.account, &choice.to).await;
                let to = found.map_err(|error| match error {
                    Error::Refused(Refusal::Invalid { why, .. }) => wrong("to", &why),
                    other => other,
                })?;
                Ok(to.map(Fate::Move))
            }
        }
    }

    async fn decide(
        &self,
        choice: &Choice,
        fate: Fate,
        doing: Doing,
    ) -> Result<InstancesDecided, Error> {
        let lines = lines_of(&choice.lines)?;
        self.app.decide_instances(&self.ask, self.account, &lines, (fate, doing)).await
    }

    fn form(&self, submit: &str, weight: Weight) -> Form {
        let (guard, path) = (self.guest.guard(self.app), self.deed.path(self.account));
        Form::button(guard, path, "instances", submit).weighing(weight)
    }

    /// The box to paste into.
    fn paste(&self) -> Form {
        let help = "One a line: a serial number, a name, a UDI or an id; at most 5,000 lines. What they mean is shown before anything is done.";
        let lines = FormField::line("lines", "Product instances", help).kind(FieldKind::Lines);
        self.form("Look at them", Weight::Main).with(vec![lines])
    }

    /// The question where they go.
    fn target(&self, seen: &InstancesDecided, to: &str) -> Form {
        let help = "The name of a virtual account of this account.";
        let to = FormField::line("to", "Move them to", help).holding(to);
        let form = self.form("Look at what that does", Weight::Main);
        form.with(vec![FormField::hidden("lines", ids(seen)), to])
    }

    /// The last question.
    fn sure(&self, seen: &InstancesDecided, fate: Fate) -> Form {
        let submit = format!("{} {}", self.deed.verb(), counted(seen.changed));
        let weight = if self.deed == Deed::Remove { Weight::Danger } else { Weight::Main };
        let mut fields =
            vec![FormField::hidden("lines", ids(seen)), FormField::hidden("sure", "yes")];
        if let Fate::Move(to) = fate {
            fields.push(FormField::hidden("to", to.to_string()));
        }
        self.form(&submit, weight).with(fields)
    }

    async fn page(
        &self,
        preview: Option<Preview>,
        form: Option<Form>,
    ) -> Result<Relocation, Unshown> {
        let back = fill(paths::INSTANCES, &[&self.account.to_string()]);
        Ok(Relocation {
            frame: frame(self.app, self.guest, self.account, None).await?,
            title: format!("{} product instances", self.deed.verb()),
            text: self.deed.text(),
            preview,
            form,
            back,
        })
    }

    /// The page of what is known: the box to paste into, the question where to, or what it does.
    async fn look(&self, choice: &Choice) -> Result<Relocation, Stuck> {
        if choice.is_empty() {
            return Ok(self.page(None, Some(self.paste())).await?);
        }
        let fate = self.fate(choice).await;
        // Where they go is asked once it is known which they are.
        let Some(fate) = fate.as_ref().ok().copied().flatten() else {
            let seen = self.decide(choice, Fate::Keep, Doing::Preview).await;
            let seen = seen.map_err(|error| Stuck::Refused(self.paste(), error))?;
            let form = self.target(&seen, &choice.to);
            if let Err(error) = fate {
                return Err(Stuck::Refused(form, error));
            }
            let form = Some(form).filter(|_| !seen.chosen.is_empty());
            let summary = format!("{} found", counted(whole(&seen)));
            return Ok(self.page(Some(self.preview(&seen, summary)), form).await?);
        };
        let seen = self.decide(choice, fate, Doing::Preview).await;
        let seen = seen.map_err(|error| match self.deed {
            Deed::Move => Stuck::Refused(self.again(choice), error),
            _ => Stuck::Refused(self.paste(), error),
        })?;
        let form = Some(self.sure(&seen, fate)).filter(|_| seen.changed > 0);
        let preview = self.preview(&seen, self.summary(&seen));
        Ok(self.page(Some(preview), form).await?)
    }

    /// Both questions once more.
    fn again(&self, choice: &Choice) -> Form {
        let mut form = self.paste();
        form.fields[0].value.clone_from(&choice.lines);
        let help = "The name of a virtual account of this account.";
        form.fields.push(FormField::line("to", "Move them to", help).holding(&choice.to));
        form
    }

    fn summary(&self, seen: &InstancesDecided) -> String {
        let (done, already) = match self.deed {
            Deed::Move => ("would move", "there already"),
            Deed::Remove => ("would be removed", "removed already"),
            Deed::Keep => ("would be kept", "in use anyway"),
        };
        let already = match seen.unchanged {
            0 => String::new(),
            more => format!(", {} {already}", counted(more)),
        };
        format!("{} {done}{already}", counted(seen.changed))
    }

    fn preview(&self, seen: &InstancesDecided, summary: String) -> Preview {
        Preview {
            summary,
            unclear: seen.unclear.iter().map(unclear).collect(),
            shifts: seen.pools.iter().map(|shift| self.shift(seen, shift)).collect(),
        }
    }

    fn shift(&self, seen: &InstancesDecided, shift: &PoolShift) -> ShiftRow {
        let pool = Pool::id_of(self.account, shift.virtual_account, &shift.tag);
        let name = license_name(seen.licenses.get(&shift.tag), &shift.tag);
        ShiftRow {
            license: LicenseLink { name, pool: pool.to_string() },
            virtual_account: seen.places.get(&shift.virtual_account).cloned().unwrap_or_default(),
            before: shift.before.in_use,
            after: shift.after.in_use,
            balance_before: shift.before.balance(),
            balance: shift.after.balance(),
            turn: match alarm_turn(shift) {
                None => Turn::None,
                Some(AlarmTurn::Opens) => Turn::Opens,
                Some(AlarmTurn::Settles) => Turn::Settles,
            },
        }
    }

    /// Where one looks at what was done.
    fn done(&self, decided: &InstancesDecided) -> Response {
        let account = self.account.to_string();
        let path = match decided.chosen.iter().next() {
            Some(only) if decided.chosen.len() == 1 => {
                fill(paths::INSTANCE, &[&account, &only.to_string()])
            }
            _ => fill(paths::INSTANCES, &[&account]),
        };
        Redirect::to(&path).into_response()
    }
}

/// Why a step leads to no page of its own.
enum Stuck {
    /// The form again, with what is wrong.
    Refused(Form, Error),
    /// No page at all.
    Unshown(Unshown),
}

impl From<Unshown> for Stuck {
    fn from(unshown: Unshown) -> Self {
        Self::Unshown(unshown)
    }
}

fn ids(seen: &InstancesDecided) -> String {
    seen.chosen.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn whole(seen: &InstancesDecided) -> u32 {
    u32::try_from(seen.chosen.len()).unwrap_or(u32::MAX)
}

fn counted(count: u32) -> String {
    match count {
        1 => "1 product instance".to_owned(),
        more => format!("{more} product instances"),
    }
}

fn unclear(line: &UnclearLine) -> UnclearRow {
    let why = match &line.why {
        Unclear::Unknown => "is not known here".to_owned(),
        Unclear::Removed => "was removed".to_owned(),
        Unclear::Several(udis) => format!("means several: {}", udis.join("; ")),
    };
    UnclearRow { number: line.number, text: line.text.clone(), why }
}

/// What stands in an address.
type Asked = Query<Vec<(String, String)>>;

async fn first(
    app: &App,
    guest: &Guest,
    (account, deed): (String, Deed),
    asked: Vec<(String, String)>,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let step = Step::looking(app, guest, account, deed)?;
    let named = asked.into_iter().filter(|(name, _)| name == "instance").map(|(_, id)| id);
    let choice = Choice { lines: named.collect::<Vec<_>>().join("\n"), to: String::new() };
    match step.look(&choice).await {
        Ok(page) => shown(&page, headers),
        Err(Stuck::Refused(_, error)) => Err(error.into()),
        Err(Stuck::Unshown(unshown)) => Err(unshown),
    }
}

async fn next(
    app: &App,
    guest: &Guest,
    (account, deed): (String, Deed),
    typed: &Typed,
    headers: &HeaderMap,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let step = Step::typed(app, guest, (account, deed), typed)?;
    let choice = Choice::typed(typed);
    let stuck = if typed.text("sure") == "yes" {
        let fate = match step.fate(&choice).await {
            Ok(Some(fate)) => step.decide(&choice, fate, Doing::Act).await,
            Ok(None) => Err(wrong("to", "must name a virtual account")),
            Err(error) => Err(error),
        };
        match fate {
            Ok(decided) => return Ok(step.done(&decided)),
            Err(error) => Stuck::Refused(step.again(&choice), error),
        }
    } else {
        match step.look(&choice).await {
            Ok(page) => return shown(&page, headers),
            Err(stuck) => stuck,
        }
    };
    let (form, error) = match stuck {
        Stuck::Refused(form, error) => (form, error),
        Stuck::Unshown(unshown) => return Err(unshown),
    };
    let (form, status) = refused_or_unclear(form, &step, typed, error)?;
    let page = step.page(None, Some(form)).await?;
    Ok(with_status(shown(&page, headers)?, status))
}

/// The form again; lines that were clear a moment ago and are not any more are said above it.
fn refused_or_unclear(
    mut form: Form,
    step: &Step<'_>,
    typed: &Typed,
    error: Error,
) -> Result<(Form, StatusCode), Unshown> {
    match error {
        Error::Bad { code: "instances.unclear", text } => {
            form.error = Some(text);
            Ok((form, StatusCode::UNPROCESSABLE_ENTITY))
        }
        error => refused(form, step.guest.guard(step.app), typed, error),
    }
}

macro_rules! faces {
    ($($(#[$doc:meta])* $get:ident, $(#[$posts:meta])* $post:ident: $deed:ident;)+) => { $(
        $(#[$doc])*
        pub(super) async fn $get(
            State(app): State<App>,
            guest: Guest,
            Path(account): Path<String>,
            Query(asked): Asked,
            headers: HeaderMap,
        ) -> Result<Response, Unshown> {
            first(&app, &guest, (account, Deed::$deed), asked, &headers).await
        }

        $(#[$posts])*
        pub(super) async fn $post(
            State(app): State<App>,
            guest: Guest,
            Path(account): Path<String>,
            headers: HeaderMap,
            typed: Typed,
        ) -> Result<Response, Unshown> {
            next(&app, &guest, (account, Deed::$deed), &typed, &headers).await
        }
    )+ };
}

faces! {
    /// Asks what is to be moved.
    ask_move,
    /// Goes on with a move, to its end if one is sure.
    move_on: Move;
    /// Asks what is to be removed.
    ask_remove,
    /// Goes on with a removal, to its end if one is sure.
    remove: Remove;
    /// Asks what is to be kept.
    ask_keep,
    /// Goes on with keeping, to its end if one is sure.
    keep: Keep;
}
