//! The house's pages: everybody, the vendor's roles, the terms, new accounts; and support, which
//! sees an account as its customer does after saying why.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use ledger::house::HOUSE;
use ledger::person::{Person, PersonState};
use ledger::refusal::Refusal;
use ledger::role::{Action, Permit, Role};
use wire::id::{GrantId, PersonId};
use wire::message::Policy;
use wire::time::Span;

use super::answer::{Unshown, shown};
use super::customer::{lines, terms_text};
use super::door::Guest;
use super::facts::{house_nav, may, moment};
use super::forms::{Typed, refused, with_status, wrong};
use super::overview::account_id;
use super::pages::customer::{FormPage, TermsPage, TermsText};
use super::pages::form::{Choice, FieldKind, Form, FormField, Weight};
use super::pages::paths::{self, fill};
use super::pages::people::{Everybody, HouseRoles, PersonPage, PersonRow, RoleRow};
use super::people::{ROWS, Rows, Searched, after_day, confirm_end, known};
use crate::app::accounts::NewAccount;
use crate::app::grants::NewGrant;
use crate::app::paging::List;
use crate::app::{App, Error};

fn person_row(app: &App, person: &Person) -> PersonRow {
    PersonRow {
        person: person.id.to_string(),
        email: person.email.clone(),
        name: person.name.clone(),
        state: known(person.state),
        since: moment(person.created_at, app.world.now()),
    }
}

/// Everybody.
pub(super) async fn everybody(
    State(app): State<App>,
    guest: Guest,
    Query(asked): Query<Searched>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let reads = guest.may_house(Action::ReadPeople)?;
    let after = asked.after(&app, List::People)?;
    let found = app.list_people(&reads, &asked.begins, after, ROWS).await?;
    let page = Everybody {
        visitor: guest.visitor(&app),
        nav: house_nav(&guest, paths::EVERYBODY),
        begins: asked.begins.clone(),
        rows: found.rows.iter().map(|one| person_row(&app, one)).collect(),
        next: found.next.map(|cursor| app.cursor_text(List::People, &cursor)),
    };
    shown(&page, &headers)
}

fn person_id(text: &str) -> Result<PersonId, Unshown> {
    Ok(text.parse().map_err(|_| Refusal::NotFound { what: "person" })?)
}

fn credentials(person: &Person) -> String {
    let theirs = &person.credentials;
    let mut words = Vec::new();
    words.extend(theirs.password.as_ref().map(|_| "password".to_owned()));
    words.extend(theirs.totp.as_ref().map(|_| "time-based codes".to_owned()));
    words.extend(
        Some(theirs.passkeys.len())
            .filter(|many| *many > 0)
            .map(|many| format!("passkeys: {many}")),
    );
    words.extend(
        Some(theirs.providers.len())
            .filter(|many| *many > 0)
            .map(|_| "another provider".to_owned()),
    );
    if words.is_empty() { "nothing yet".to_owned() } else { words.join(", ") }
}

async fn person_page(app: &App, guest: &Guest, id: PersonId) -> Result<PersonPage, Unshown> {
    let reads = guest.may_house(Action::ReadPeople)?;
    let (person, grants) = app.person(&reads, id).await?;
    let now = app.world.now();
    let names: BTreeMap<_, _> =
        app.accounts_of(id).await?.into_iter().map(|account| (account.id, account.name)).collect();
    let role = |grant: &ledger::person::Grant| RoleRow {
        role: grant.role.word(),
        account: match names.get(&grant.account) {
            _ if grant.account == HOUSE => "the house".to_owned(),
            Some(name) => name.clone(),
            None => grant.account.to_string(),
        },
        path: match grant.account {
            HOUSE => Some(paths::HOUSE_ROLES.to_owned()),
            account => may(guest, Action::ReadPeople, account)
                .map(|_| fill(paths::PEOPLE, &[&account.to_string()])),
        },
        granted: moment(grant.granted_at, now),
        ends: grant.ends_at.map(|at| moment(at, now)),
    };
    let (to, label, says) = if person.state == PersonState::Blocked {
        (
            "admit",
            "Let them in again",
            "They are kept out: they cannot sign in, and their tokens do not work.",
        )
    } else {
        (
            "block",
            "Keep them out",
            "Keeping them out ends their sessions and tokens at once. Their roles stay, and come back when they are let in again.",
        )
    };
    let form = |_| {
        let path = fill(paths::PERSON, &[&id.to_string()]);
        let weight = if to == "block" { Weight::Danger } else { Weight::Main };
        let form = Form::button(guest.guard(app), path, "admit", label);
        form.with(vec![FormField::hidden("to", to)]).weighing(weight)
    };
    Ok(PersonPage {
        visitor: guest.visitor(app),
        nav: house_nav(guest, paths::EVERYBODY),
        row: person_row(app, &person),
        credentials: credentials(&person),
        zone: person.preferences.zone.clone(),
        roles: grants.iter().filter(|one| one.is_in_force(now)).map(role).collect(),
        admit: guest.may_house(Action::ManagePeople).ok().map(form),
        admit_says: says,
    })
}

/// One person.
pub(super) async fn person(
    State(app): State<App>,
    guest: Guest,
    Path(person): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    guest.may_house(Action::ReadPeople)?;
    let id = person_id(&person)?;
    shown(&person_page(&app, &guest, id).await?, &headers)
}

/// Keeps a person out, or lets them in again.
pub(super) async fn admit(
    State(app): State<App>,
    guest: Guest,
    Path(person): Path<String>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let ask = typed.ask(&guest, guest.may_house(Action::ManagePeople)?)?;
    let id = person_id(&person)?;
    let to = match typed.text("to").as_str() {
        "admit" => PersonState::Active,
        _ => PersonState::Blocked,
    };
    let Err(error) = app.admit_person(&ask, id, to).await else {
        return Ok(Redirect::to(&fill(paths::PERSON, &[&person])).into_response());
    };
    let mut page = person_page(&app, &guest, id).await?;
    let Some(form) = page.admit.take() else { return Err(error.into()) };
    let (form, status) = refused(form, guest.guard(&app), &typed, error)?;
    page.admit = Some(form);
    Ok(with_status(shown(&page, &headers)?, status))
}

fn role_form(app: &App, guest: &Guest) -> Form {
    let roles = [Role::Operator, Role::Support].map(|role| Choice::new(role.word(), role.word()));
    Form::button(guest.guard(app), paths::HOUSE_ROLES.to_owned(), "grant", "Grant the role")
        .weighing(Weight::Main)
        .with(vec![
            FormField::line("email", "E-mail address", "Who is not known yet is invited by mail.").kind(FieldKind::Email),
            FormField::line("name", "Name", "If they are not known yet; they can change it."),
            FormField::line("role", "Role", "An operator may do everything; support sees the house's lists, and an account after saying why.")
                .kind(FieldKind::OneOf(roles.to_vec()))
                .holding(Role::Support.word()),
            FormField::line("ends_on", "Last day", "Empty if it has no end.").kind(FieldKind::Day),
        ])
}

async fn roles_page(app: &App, guest: &Guest, asked: &Searched) -> Result<HouseRoles, Unshown> {
    let reads = guest.may_house(Action::ReadPeople)?;
    let after = asked.after(app, List::Grants)?;
    let found = app.grants(&reads, HOUSE, None, after, ROWS).await?;
    let now = app.world.now();
    let manages: Option<Permit> = guest.may_house(Action::ManagePeople).ok();
    let rows = Rows {
        app,
        guest,
        holders: app.holders(&reads, HOUSE, &found.rows).await?,
        places: BTreeMap::new(),
        manages: manages.clone(),
        paths: (paths::END_HOUSE_ROLE, paths::INVITE_HOUSE),
    };
    Ok(HouseRoles {
        visitor: guest.visitor(app),
        nav: house_nav(guest, paths::HOUSE_ROLES),
        rows: found
            .rows
            .iter()
            .filter(|one| one.is_in_force(now))
            .map(|one| rows.row(one))
            .collect(),
        next: found.next.map(|cursor| app.cursor_text(List::Grants, &cursor)),
        trouble: None,
        form: manages.map(|_| role_form(app, guest)),
    })
}

/// The vendor's own roles.
pub(super) async fn roles(
    State(app): State<App>,
    guest: Guest,
    Query(asked): Query<Searched>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    shown(&roles_page(&app, &guest, &asked).await?, &headers)
}

fn new_role(typed: &Typed) -> Result<NewGrant, Error> {
    let role = Role::from_word(&typed.text("role"));
    Ok(NewGrant {
        email: typed.text("email"),
        name: typed.text("name"),
        role: role.ok_or_else(|| wrong("role", "must be one of the list"))?,
        virtual_account: None,
        ends_at: after_day(&typed.text("ends_on"), "ends_on")?,
    })
}

/// Grants one of the vendor's roles.
pub(super) async fn grant(
    State(app): State<App>,
    guest: Guest,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let ask = typed.ask(&guest, guest.may_house(Action::ManagePeople)?)?;
    let made = match new_role(&typed) {
        Ok(new) => app.grant_role(&ask, HOUSE, new).await,
        Err(error) => Err(error),
    };
    let error = match made {
        Ok(_) => return Ok(Redirect::to(paths::HOUSE_ROLES).into_response()),
        Err(Error::Refused(Refusal::Invalid { field: "ends_at", why })) => wrong("ends_on", &why),
        Err(error) => error,
    };
    let mut page = roles_page(&app, &guest, &Searched::default()).await?;
    let (form, status) = refused(role_form(&app, &guest), guest.guard(&app), &typed, error)?;
    page.form = Some(form);
    Ok(with_status(shown(&page, &headers)?, status))
}

fn grant_id(text: &str) -> Result<GrantId, Unshown> {
    Ok(text.parse().map_err(|_| Refusal::NotFound { what: "grant" })?)
}

/// Sends an invitation to one of the vendor's roles again.
pub(super) async fn invite(
    State(app): State<App>,
    guest: Guest,
    Path(grant): Path<String>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let ask = typed.ask(&guest, guest.may_house(Action::ManagePeople)?)?;
    let Err(error) = app.invite_again(&ask, HOUSE, grant_id(&grant)?).await else {
        return Ok(Redirect::to(paths::HOUSE_ROLES).into_response());
    };
    let Error::Refused(Refusal::Invalid { .. }) = &error else { return Err(error.into()) };
    let mut page = roles_page(&app, &guest, &Searched::default()).await?;
    page.trouble = Some("They have accepted already, so no new invitation is sent.".to_owned());
    let status = crate::problem::Problem::of(&error).status_code();
    Ok(with_status(shown(&page, &headers)?, status))
}

/// Asks before one of the vendor's roles is ended.
pub(super) async fn ask_end(
    State(app): State<App>,
    guest: Guest,
    Path(grant): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let manages = guest.may_house(Action::ManagePeople)?;
    let grant = app.grant_to_end(&manages, HOUSE, grant_id(&grant)?).await?;
    shown(&confirm_end(&app, &guest, &grant), &headers)
}

/// Ends one of the vendor's roles.
pub(super) async fn end(
    State(app): State<App>,
    guest: Guest,
    Path(grant): Path<String>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let manages = guest.may_house(Action::ManagePeople)?;
    let (ask, id) = (typed.ask(&guest, manages.clone())?, grant_id(&grant)?);
    let Err(error) = app.end_grant(&ask, HOUSE, id).await else {
        return Ok(Redirect::to(paths::HOUSE_ROLES).into_response());
    };
    let grant = app.grant_to_end(&manages, HOUSE, id).await?;
    let mut page = confirm_end(&app, &guest, &grant);
    let (form, status) = refused(page.form, guest.guard(&app), &typed, error)?;
    page.form = form;
    Ok(with_status(shown(&page, &headers)?, status))
}

fn write_form(app: &App, guest: &Guest) -> Form {
    Form::button(
        guest.guard(app),
        paths::TERMS.to_owned(),
        "terms",
        "Look at it before it is published",
    )
    .weighing(Weight::Main)
    .with(vec![
        FormField::line("title", "Title", "Such as: End User License Agreement, January 2027."),
        lines("text", "Text", "Plain text, as customers read it."),
    ])
}

async fn terms_page(app: &App, guest: &Guest) -> Result<TermsPage, Unshown> {
    guest.may_read_house()?;
    let now = app.world.now();
    let newest = app.terms().await?;
    Ok(TermsPage {
        visitor: guest.visitor(app),
        nav: house_nav(guest, paths::TERMS),
        newest: newest.as_ref().map(|terms| terms_text(terms, now)),
        preview: None,
        form: guest.may_house(Action::PublishTerms).ok().map(|_| write_form(app, guest)),
    })
}

/// The terms.
pub(super) async fn terms(
    State(app): State<App>,
    guest: Guest,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    shown(&terms_page(&app, &guest).await?, &headers)
}

/// Shows what would be published, and publishes it when it was looked at.
pub(super) async fn publish(
    State(app): State<App>,
    guest: Guest,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let ask = typed.ask(&guest, guest.may_house(Action::PublishTerms)?)?;
    let mut page = terms_page(&app, &guest).await?;
    let version = page.newest.as_ref().map_or(0, |terms| terms.version) + 1;
    let (title, text) = (typed.text("title"), typed.text("text"));
    let looked_at = typed.text("publish") == version.to_string();
    let error = if looked_at {
        match app.publish_terms(&ask, title.clone(), text.clone()).await {
            Ok(_) => return Ok(Redirect::to(paths::TERMS).into_response()),
            Err(error) => Some(error),
        }
    } else if title.is_empty() {
        Some(wrong("title", "must not be empty: write something"))
    } else if text.is_empty() {
        Some(wrong("text", "must not be empty: write something"))
    } else {
        None
    };
    if let Some(error) = error {
        let (form, status) = refused(write_form(&app, &guest), guest.guard(&app), &typed, error)?;
        page.form = Some(form);
        return Ok(with_status(shown(&page, &headers)?, status));
    }
    let mut form = write_form(&app, &guest);
    form.submit = format!("Publish version {version}");
    form.weight = Weight::Danger;
    form.fields = vec![
        FormField::hidden("publish", version.to_string()),
        FormField::line("title", "Title", "").holding(&title),
        lines("text", "Text", "What stands here is published, changed or not.").holding(&text),
    ];
    page.preview = Some(TermsText {
        version,
        title,
        text,
        published: moment(app.world.now(), app.world.now()),
    });
    page.form = Some(form);
    shown(&page, &headers)
}

fn account_form(app: &App, guest: &Guest) -> Form {
    Form::button(guest.guard(app), paths::NEW_ACCOUNT.to_owned(), "account", "Make the account")
        .weighing(Weight::Main)
        .with(vec![
            FormField::line("name", "Name", "As pages and mails show it."),
            FormField::line(
                "domain",
                "Domain",
                "The company's own, such as example.com; unique in this installation.",
            ),
        ])
}

fn account_page(app: &App, guest: &Guest, form: Form) -> FormPage {
    FormPage {
        visitor: guest.visitor(app),
        nav: house_nav(guest, paths::ACCOUNTS),
        title: "Make an account".to_owned(),
        text: "It is in use at once, with a virtual account called Default. Grant somebody a role in it next.".to_owned(),
        form,
    }
}

/// The form that makes an account.
pub(super) async fn new_account(
    State(app): State<App>,
    guest: Guest,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    guest.may_house(Action::CreateAccount)?;
    shown(&account_page(&app, &guest, account_form(&app, &guest)), &headers)
}

/// Makes an account.
pub(super) async fn create_account(
    State(app): State<App>,
    guest: Guest,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let ask = typed.ask(&guest, guest.may_house(Action::CreateAccount)?)?;
    let (name, domain) = (typed.text("name"), typed.text("domain"));
    match app.create_account(&ask, NewAccount { name, domain, policy: Policy::default() }).await {
        Ok(made) => Ok(Redirect::to(&fill(paths::PEOPLE, &[&made.id.to_string()])).into_response()),
        Err(error) => {
            let form = account_form(&app, &guest);
            let (form, status) = refused(form, guest.guard(&app), &typed, error)?;
            Ok(with_status(shown(&account_page(&app, &guest, form), &headers)?, status))
        }
    }
}

fn see_page(app: &App, guest: &Guest, account: &str, form: Option<Form>) -> FormPage {
    let path = fill(paths::SEE_AS, &[account]);
    let fresh = || {
        Form::button(guest.guard(app), path, "see", "See it as its customer")
            .weighing(Weight::Main)
            .with(vec![
                FormField::line("reason", "Why", "The customer reads this in their event log."),
                FormField::line("minutes", "Minutes", "1 to 480")
                    .kind(FieldKind::Number)
                    .holding("30"),
            ])
    };
    FormPage {
        visitor: guest.visitor(app),
        nav: house_nav(guest, paths::ACCOUNTS),
        title: "See an account as its customer does".to_owned(),
        text: "Read-only, and for a while. The customer sees who looked, when and why.".to_owned(),
        form: form.unwrap_or_else(fresh),
    }
}

/// Asks support why it looks into an account.
pub(super) async fn ask_see(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let id = account_id(&account)?;
    let sees = guest.may(Action::SeeAsCustomer, id)?;
    app.confirm_account(&sees, id).await?;
    shown(&see_page(&app, &guest, &account, None), &headers)
}

/// Lets support see an account as its customer does.
pub(super) async fn see(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Unshown> {
    let id = account_id(&account)?;
    let ask = typed.ask(&guest, guest.may(Action::SeeAsCustomer, id)?)?;
    let minutes = typed.text("minutes").parse::<i64>().ok();
    let minutes = minutes.filter(|minutes| (1..=480).contains(minutes));
    let done = match minutes {
        Some(minutes) => {
            let lasts = Span::from_minutes(minutes);
            app.see_as_customer(&ask, id, typed.text("reason"), lasts).await.map(|_| ())
        }
        None => Err(wrong("minutes", "must be 1 to 480")),
    };
    let Err(error) = done else {
        return Ok(Redirect::to(&fill(paths::OVERVIEW, &[&account])).into_response());
    };
    let fresh = see_page(&app, &guest, &account, None).form;
    let (form, status) = refused(fresh, guest.guard(&app), &typed, error)?;
    Ok(with_status(shown(&see_page(&app, &guest, &account, Some(form)), &headers)?, status))
}

/// Support stops looking.
pub(super) async fn stop_seeing(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    typed: Typed,
) -> Result<Response, Unshown> {
    let id = account_id(&account)?;
    let ask = typed.ask(&guest, guest.may(Action::SeeAsCustomer, id)?)?;
    app.stop_seeing(&ask, id).await?;
    Ok(Redirect::to(paths::ACCOUNTS).into_response())
}
