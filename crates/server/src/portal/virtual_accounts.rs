//! Virtual accounts: listed, made, changed as they were seen, archived and taken back.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use ledger::account::{Default as Standard, Tag, VirtualAccount};
use ledger::refusal::Refusal;
use ledger::role::{Action, Permit};
use wire::id::{AccountId, VirtualAccountId};

use super::answer::{Unshown, shown};
use super::customer::{is_changed, lines, revision};
use super::door::Guest;
use super::facts::{frame, may, moment};
use super::forms::{Typed, refused, with_status, wrong};
use super::overview::account_id;
use super::pages::customer::{Confirm, PlaceRow, VirtualAccountPage, VirtualAccounts};
use super::pages::form::{Form, FormField, Weight};
use super::pages::paths::{self, fill};
use super::people::{ROWS, Searched};
use super::places;
use crate::app::accounts::NewVirtualAccount;
use crate::app::paging::List;
use crate::app::virtual_accounts::{ChangedVirtualAccount, HoldingCounts};
use crate::app::{App, Ask, Error};

fn row(place: &VirtualAccount) -> PlaceRow {
    PlaceRow {
        virtual_account: place.id.to_string(),
        name: place.name.clone(),
        description: place.description.clone(),
        tags: place.tags.iter().map(|tag| format!("{}: {}", tag.group, tag.value)).collect(),
        mark: if place.default == Standard::Yes { "default" } else { "" },
    }
}

fn fields() -> Vec<FormField> {
    vec![
        FormField::line("name", "Name", "Unique in the account."),
        FormField::line("description", "What it is for", "May be empty."),
        lines("tags", "Tags", "One a line, as group: value, such as department: research."),
    ]
}

fn new_form(app: &App, guest: &Guest, account: AccountId) -> Form {
    let path = fill(paths::VIRTUAL_ACCOUNTS, &[&account.to_string()]);
    Form::button(guest.guard(app), path, "new", "Make the virtual account")
        .weighing(Weight::Main)
        .with(fields())
}

/// Tags, one a line.
fn tags(typed: &Typed) -> Result<Vec<Tag>, Error> {
    let text = typed.text("tags");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (group, value) = line
                .split_once(':')
                .ok_or_else(|| wrong("tags", "must be one a line, as group: value"))?;
            Ok(Tag { group: group.trim().to_owned(), value: value.trim().to_owned() })
        })
        .collect()
}

async fn page(
    app: &App,
    guest: &Guest,
    account: AccountId,
    asked: &Searched,
) -> Result<VirtualAccounts, Unshown> {
    let reads = guest.may(Action::ReadAccount, account)?;
    let after = asked.after(app, List::VirtualAccounts)?;
    let found = app.virtual_accounts(&reads, account, asked.begins(), after, ROWS).await?;
    let some = |archived: bool| {
        let rows = found.rows.iter().filter(move |one| one.archived_at.is_some() == archived);
        rows.map(row).collect::<Vec<_>>()
    };
    Ok(VirtualAccounts {
        frame: frame(app, guest, account, None).await?,
        begins: asked.begins.clone(),
        rows: some(false),
        archived: some(true),
        next: found.next.as_ref().map(|cursor| app.cursor_text(List::VirtualAccounts, cursor)),
        form: may(guest, Action::CreateVirtualAccount, account)
            .map(|_| new_form(app, guest, account)),
    })
}

/// The virtual accounts of an account.
pub(super) async fn list(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    Query(asked): Query<Searched>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    shown(&page(&app, &guest, account, &asked).await?, &headers)
}

/// Makes a virtual account.
pub(super) async fn create(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let ask = typed.ask(&guest, guest.may(Action::CreateVirtualAccount, account)?)?;
    let made = match tags(&typed) {
        Ok(tags) => {
            let (name, description) = (typed.text("name"), typed.text("description"));
            let new = NewVirtualAccount { name, description, tags };
            app.create_virtual_account(&ask, account, new).await
        }
        Err(error) => Err(error),
    };
    let error = match made {
        Ok(made) => return Ok(to_place(account, made.id)),
        Err(error) => error,
    };
    let mut page = page(&app, &guest, account, &Searched::default()).await?;
    let form = new_form(&app, &guest, account);
    let (form, status) = refused(form, guest.guard(&app), &typed, error)?;
    page.form = Some(form);
    Ok(with_status(shown(&page, &headers)?, status))
}

fn to_place(account: AccountId, place: VirtualAccountId) -> Response {
    let path = fill(paths::VIRTUAL_ACCOUNT, &[&account.to_string(), &place.to_string()]);
    Redirect::to(&path).into_response()
}

fn place_id(text: &str) -> Result<VirtualAccountId, Unshown> {
    Ok(text.parse().map_err(|_| Refusal::NotFound { what: "virtual account" })?)
}

async fn find(
    app: &App,
    guest: &Guest,
    account: AccountId,
    place: VirtualAccountId,
) -> Result<VirtualAccount, Unshown> {
    let reads = guest.may(Action::ReadAccount, account)?;
    Ok(app.virtual_account(&reads, account, place).await?)
}

fn edit_form(app: &App, guest: &Guest, place: &VirtualAccount) -> Form {
    let path = fill(paths::VIRTUAL_ACCOUNT, &[&place.account.to_string(), &place.id.to_string()]);
    let holds = |field: FormField| match field.name {
        "name" => field.holding(&place.name),
        "description" => field.holding(&place.description),
        _ => field.holding(row(place).tags.join("\n")),
    };
    let mut all = vec![FormField::hidden("revision", place.revision.to_string())];
    all.extend(fields().into_iter().map(holds));
    Form::button(guest.guard(app), path, "edit", "Save").weighing(Weight::Main).with(all)
}

async fn place_page(
    app: &App,
    guest: &Guest,
    account: AccountId,
    place: VirtualAccountId,
) -> Result<VirtualAccountPage, Unshown> {
    let found = find(app, guest, account, place).await?;
    let now = app.world.now();
    let ids = [account.to_string(), place.to_string()];
    let path = |pattern| fill(pattern, &[&ids[0], &ids[1]]);
    let changes = may(guest, Action::CreateVirtualAccount, account);
    let (mut edit, mut archive, mut restore) = (None, None, None);
    match (changes, found.archived_at) {
        (Some(_), Some(_)) => {
            let form = Form::button(
                guest.guard(app),
                path(paths::RESTORE),
                "restore",
                "Take it back into use",
            );
            let seen = FormField::hidden("revision", found.revision.to_string());
            restore = Some(form.with(vec![seen]).weighing(Weight::Main));
        }
        (Some(_), None) => {
            edit = Some(edit_form(app, guest, &found));
            archive = (found.default == Standard::No).then(|| path(paths::ARCHIVE));
        }
        (None, _) => {}
    }
    Ok(VirtualAccountPage {
        frame: frame(app, guest, account, None).await?,
        row: row(&found),
        number: found.number,
        made: moment(found.created_at, now),
        archived: found.archived_at.map(|at| moment(at, now)),
        edit,
        meanwhile: Vec::new(),
        archive,
        restore,
    })
}

/// One virtual account.
pub(super) async fn show(
    State(app): State<App>,
    guest: Guest,
    Path((account, place)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let (account, place) = (account_id(&account)?, place_id(&place)?);
    shown(&place_page(&app, &guest, account, place).await?, &headers)
}

/// Changes a virtual account.
pub(super) async fn edit(
    State(app): State<App>,
    guest: Guest,
    Path((account, place)): Path<(String, String)>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let (account, place) = (account_id(&account)?, place_id(&place)?);
    let ask = typed.ask(&guest, guest.may(Action::CreateVirtualAccount, account)?)?;
    let error = match changed(&typed) {
        Ok(changed) => match app.edit_virtual_account(&ask, account, place, changed).await {
            Ok(_) => return Ok(to_place(account, place)),
            Err(error) => error,
        },
        Err(error) => error,
    };
    let mut page = place_page(&app, &guest, account, place).await?;
    if is_changed(&error) {
        page.meanwhile = vec![
            ("Name", page.row.name.clone()),
            ("What it is for", page.row.description.clone()),
            ("Tags", page.row.tags.join(", ")),
        ];
    }
    let Some(form) = page.edit.take() else { return Err(error.into()) };
    let (form, status) = refused(form, guest.guard(&app), &typed, error)?;
    page.edit = Some(form);
    Ok(with_status(shown(&page, &headers)?, status))
}

fn changed(typed: &Typed) -> Result<ChangedVirtualAccount, Error> {
    Ok(ChangedVirtualAccount {
        revision: revision(typed)?,
        name: typed.text("name"),
        description: typed.text("description"),
        tags: tags(typed)?,
    })
}

/// Where everything goes; only asked for when there is something.
fn move_field(held: HoldingCounts) -> FormField {
    let count = |count: u64, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        10_001.. => Some(format!("more than 10,000 {many}")),
        more => Some(format!("{more} {many}")),
    };
    let parts: Vec<String> = [
        count(held.instances, "product instance", "product instances"),
        count(held.entitlements, "entitlement", "entitlements"),
        count(held.tokens, "ID token", "ID tokens"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let help = format!(
        "It holds {}. Write the name of another virtual account: all of it goes there first. What devices use counts there from then on; who may see the other one sees it.",
        parts.join(", ")
    );
    FormField::line("move_to", "Move everything to", &help)
}

async fn confirm_archive(
    app: &App,
    guest: &Guest,
    place: &VirtualAccount,
) -> Result<Confirm, Unshown> {
    let ids = [place.account.to_string(), place.id.to_string()];
    let permit = guest.may(Action::CreateVirtualAccount, place.account)?;
    let held = app.holding_counts(&permit, place.account, place.id).await?;
    let mut fields = vec![FormField::hidden("revision", place.revision.to_string())];
    if held != HoldingCounts::default() {
        fields.push(move_field(held));
    }
    Ok(Confirm {
        visitor: guest.visitor(app),
        title: format!("Archive “{}”?", place.name),
        text: "Nothing enters it any more, and it leaves the lists. Its history stays, and it can be taken back into use. What still holds something is not archived.".to_owned(),
        form: Form::button(guest.guard(app), fill(paths::ARCHIVE, &[&ids[0], &ids[1]]), "archive", "Archive it")
            .weighing(Weight::Danger)
            .with(fields),
        back: fill(paths::VIRTUAL_ACCOUNT, &[&ids[0], &ids[1]]),
        back_label: "Keep it",
    })
}

/// Asks before a virtual account is archived.
pub(super) async fn ask_archive(
    State(app): State<App>,
    guest: Guest,
    Path((account, place)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let (account, place) = (account_id(&account)?, place_id(&place)?);
    guest.may(Action::CreateVirtualAccount, account)?;
    let found = find(&app, &guest, account, place).await?;
    shown(&confirm_archive(&app, &guest, &found).await?, &headers)
}

/// What is wrong with the virtual account that was typed, beside its field.
fn about_move(error: Error) -> Error {
    match error {
        Error::Refused(Refusal::Invalid { why, .. }) => wrong("move_to", &why),
        other => other,
    }
}

/// Archives as a form says; `false` if more is left than one request moves.
async fn archive_as_typed(
    app: &App,
    (ask, reads): (&Ask, &Permit),
    (account, place): (AccountId, VirtualAccountId),
    typed: &Typed,
) -> Result<bool, Error> {
    let revision = revision(typed)?;
    let to =
        places::named(app, reads, account, &typed.text("move_to")).await.map_err(about_move)?;
    Ok(match to {
        Some(to) => app.empty_virtual_account(ask, account, (place, revision), to).await?.archived,
        None => {
            app.archive_virtual_account(ask, account, place, revision).await?;
            true
        }
    })
}

/// Archives a virtual account, and moves what it holds away first if that was asked for.
pub(super) async fn archive(
    State(app): State<App>,
    guest: Guest,
    Path((account, place)): Path<(String, String)>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let (account, place) = (account_id(&account)?, place_id(&place)?);
    let ask = typed.ask(&guest, guest.may(Action::CreateVirtualAccount, account)?)?;
    let reads = guest.may(Action::ReadAccount, account)?;
    let done = archive_as_typed(&app, (&ask, &reads), (account, place), &typed).await;
    if matches!(done, Ok(true)) {
        return Ok(to_place(account, place));
    }
    let found = find(&app, &guest, account, place).await?;
    let mut page = confirm_archive(&app, &guest, &found).await?;
    let Err(error) = done else {
        page.title = format!("Go on moving out of “{}”?", found.name);
        page.form.fields.iter_mut().filter(|field| field.name == "move_to").for_each(|field| {
            field.value = typed.text("move_to");
        });
        return shown(&page, &headers);
    };
    let (form, status) = refused(page.form, guest.guard(&app), &typed, error)?;
    page.form = form;
    Ok(with_status(shown(&page, &headers)?, status))
}

/// Takes an archived virtual account back into use.
pub(super) async fn restore(
    State(app): State<App>,
    guest: Guest,
    Path((account, place)): Path<(String, String)>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let (account, place) = (account_id(&account)?, place_id(&place)?);
    let ask = typed.ask(&guest, guest.may(Action::CreateVirtualAccount, account)?)?;
    let revision = revision(&typed)?;
    let Err(error) = app.restore_virtual_account(&ask, account, place, revision).await else {
        return Ok(to_place(account, place));
    };
    let mut page = place_page(&app, &guest, account, place).await?;
    let Some(form) = page.restore.take() else { return Err(error.into()) };
    let (form, status) = refused(form, guest.guard(&app), &typed, error)?;
    page.restore = Some(form);
    Ok(with_status(shown(&page, &headers)?, status))
}
