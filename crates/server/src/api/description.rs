//! The description of the APIs in OpenAPI 3.1, made from the table and the types.
//!
//! What follows from the table alone is added here, not at each route: variable parts of
//! paths, how to sign in, the header for repeating, the form of problems.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Info, ObjectBuilder, OpenApi, Ref, RefOr, Required,
    ResponseBuilder, Type,
};

use super::asking::IDEMPOTENCY_KEY;
use super::json::{DayOrMoment, Moment};
use super::schema;
use super::table::{Need, Stated, descriptions, stated};
use crate::problem::Problem;

/// The name of the way to sign in.
const SIGN_IN: &str = "bearer";
/// The name of the answer that every route may give.
const PROBLEM: &str = "Problem";

/// The description as compact JSON, made once.
static DESCRIPTION: LazyLock<String> =
    LazyLock::new(|| serde_json::to_string(&description()).unwrap_or_default());

/// Shows this description.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "house",
    responses((status = 200, body = Value, description = "OpenAPI 3.1."))
)]
pub(super) async fn show_description() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION.as_str()).into_response()
}

/// The description of all routes.
pub fn description() -> OpenApi {
    let mut whole = descriptions();
    let mut about = Info::new("Scrip", "1");
    about.description = Some(
        "Licenses, entitlements, pools and usage. Times are RFC 3339 in UTC; ids say what they \
         name; lists go on with `cursor`. See docs/api.md."
            .to_owned(),
    );
    whole.info = about;
    for Stated { method, path, need } in stated() {
        let item = whole.paths.paths.get_mut(&path);
        if let Some(operation) = item.and_then(|item| operation_of(item, method)) {
            complete(operation, &path, need);
        }
    }
    let parts = whole.components.get_or_insert_default();
    add_schemas(parts);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    parts.add_security_scheme(SIGN_IN, SecurityScheme::Http(bearer));
    let shown = ContentBuilder::new().schema(Some(Ref::from_schema_name(PROBLEM))).build();
    let problem = ResponseBuilder::new()
        .description("What is wrong and what to do (RFC 9457); `code` is stable.")
        .content("application/problem+json", shown)
        .build();
    parts.responses.insert(PROBLEM.to_owned(), problem.into());
    whole
}

fn operation_of<'a>(item: &'a mut PathItem, method: &str) -> Option<&'a mut Operation> {
    match method {
        "POST" => item.post.as_mut(),
        "PUT" => item.put.as_mut(),
        _ => item.get.as_mut(),
    }
}

/// Adds what follows from the path and from what it needs.
fn complete(operation: &mut Operation, path: &str, need: Need) {
    let mut parameters: Vec<RefOr<Parameter>> =
        variables(path).map(|name| RefOr::T(variable(name))).collect();
    parameters.extend(operation.parameters.take().unwrap_or_default());
    let changes =
        operation.request_body.is_some() || operation.responses.responses.contains_key("204");
    let repeats = changes && !path.ends_with("/usage-files");
    if let Need::Right(..) | Need::Person = need {
        operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], _>(SIGN_IN, [])]);
        if repeats {
            parameters.push(RefOr::T(repeating()));
        }
    }
    operation.parameters = (!parameters.is_empty()).then_some(parameters);
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let said = if status == "201" { "It is made." } else { "The answer." };
            response.description = said.to_owned();
        }
    }
    let problem = RefOr::Ref(Ref::from_response_name(PROBLEM));
    operation.responses.responses.insert("default".to_owned(), problem);
}

fn variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn variable(name: &str) -> Parameter {
    let kind = match name {
        "account" => "AccountId",
        "pool" => "PoolId",
        "instance" => "InstanceId",
        "token" => "TokenId",
        "key" => "KeyId",
        "virtual_account" => "VirtualAccountId",
        "person" => "PersonId",
        "grant" => "GrantId",
        "request" => "AccessRequestId",
        "api_token" | "api_client" => "ApiTokenId",
        _ => "EntitlementTag",
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(Ref::from_schema_name(kind)))
        .build()
}

fn repeating() -> Parameter {
    let text =
        "Makes the request repeatable: the same key and request has one effect and one answer.";
    ParameterBuilder::new()
        .name(IDEMPOTENCY_KEY)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(text))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .min_length(Some(1))
                .max_length(Some(255)),
        ))
        .build()
}

/// Adds the schemas that paths and queries speak of, and the problem.
fn add_schemas(parts: &mut Components) {
    fn add<T: ToSchema>(parts: &mut Components) {
        parts.schemas.insert(T::name().into_owned(), T::schema());
    }
    add::<Problem>(parts);
    add::<Moment>(parts);
    add::<DayOrMoment>(parts);
    add::<schema::Limit>(parts);
    add::<schema::EntitlementTag>(parts);
    add::<schema::AccountId>(parts);
    add::<schema::VirtualAccountId>(parts);
    add::<schema::InstanceId>(parts);
    add::<schema::LicenseId>(parts);
    add::<schema::EntitlementId>(parts);
    add::<schema::PoolId>(parts);
    add::<schema::AlarmId>(parts);
    add::<schema::TokenId>(parts);
    add::<schema::EventId>(parts);
    add::<schema::KeyId>(parts);
    add::<schema::PersonId>(parts);
    add::<schema::GrantId>(parts);
    add::<schema::AccessRequestId>(parts);
    add::<schema::ApiTokenId>(parts);
}
