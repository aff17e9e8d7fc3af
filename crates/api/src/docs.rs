//! The OpenAPI document: from the handlers, with what is true of all of them.

use crate::auth::routes::{action, is_of_tenant};
use crate::auth::session;
use crate::problem::PROBLEM_JSON;
use crate::routes;
use crate::wire::problem::ProblemDetails;
use axum::http::Method;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ContentBuilder, Info, License, ObjectBuilder, OpenApi, PathItem, Ref, RefOr, Required,
    ResponseBuilder, Type,
};
use utoipa::{PartialSchema, ToSchema};

const DESCRIPTION: &str = "\
The ledger of every customer touchpoint: send events, read customers and their timelines.

Names are snake_case. A list is `items` and `next_cursor`. A write answers the `position` of its \
record; pass it as `min_position` to read what you wrote. Every answer to a read says with \
`Touchbook-Position` up to where everything is in it. What is refused is answered with problem \
details (RFC 9457): 400 where a request can't be read, 422 where it was read and can't be used.

`x-roles` of an operation are the roles that may call it; `customer_self` sees its own customer \
alone.";

/// How the document names the ways to show who one is.
const BEARER: &str = "bearer";
const SESSION: &str = "session";

/// The document that `schemas/openapi.json` holds.
pub fn openapi() -> OpenApi {
    let mut document = routes::all().into_openapi();
    let mut info = Info::new("Touchbook", env!("CARGO_PKG_VERSION"));
    info.description = Some(DESCRIPTION.to_owned());
    info.license = Some(License::new("Apache-2.0"));
    document.info = info;
    document.servers = None;
    let components = document.components.get_or_insert_default();
    let mut schemas = vec![(
        ProblemDetails::name().into_owned(),
        ProblemDetails::schema(),
    )];
    ProblemDetails::schemas(&mut schemas);
    components.schemas.extend(schemas);
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key, or a JSON web token"))
        .build();
    let cookie = ApiKeyValue::new(session::COOKIE);
    let schemes = [
        (BEARER, SecurityScheme::Http(bearer)),
        (SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(cookie))),
    ];
    for (name, scheme) in schemes {
        components.add_security_scheme(name, scheme);
    }
    for (path, item) in &mut document.paths.paths {
        let is_of_tenant = is_of_tenant(path);
        for (method, operation) in operations(item) {
            complete(operation, is_of_tenant);
            secure(&method, path, operation);
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

/// Which roles may, and with what they show it.
fn secure(method: &Method, path: &str, operation: &mut Operation) {
    let Some((_, action)) = action(method, path) else {
        return;
    };
    let none: [&str; 0] = [];
    let requirements = [BEARER, SESSION].map(|name| SecurityRequirement::new(name, none));
    operation.security = Some(requirements.into());
    let roles = action.allowed().iter().map(|(role, _)| role.as_str());
    let roles: Vec<_> = roles.collect();
    let extensions = ExtensionsBuilder::new().add("x-roles", roles).build();
    operation
        .extensions
        .get_or_insert_default()
        .merge(extensions);
}

/// Any operation may be refused; those of a tenant name it.
fn complete(operation: &mut Operation, is_of_tenant: bool) {
    let reference = Ref::from_schema_name(ProblemDetails::name());
    let content = ContentBuilder::new().schema(Some(reference)).build();
    for (status, description) in [
        ("4XX", "Refused, and why"),
        ("5XX", "Not answered, and why"),
    ] {
        let response = ResponseBuilder::new()
            .description(description)
            .content(PROBLEM_JSON, content.clone())
            .build();
        operation
            .responses
            .responses
            .insert(status.to_owned(), RefOr::T(response));
    }
    // Every parameter has a default.
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && parameter.parameter_in == ParameterIn::Query
        {
            parameter.required = Required::False;
        }
    }
    if !is_of_tenant {
        return;
    }
    let tenant = ParameterBuilder::new()
        .name("X-Tenant-ID")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The credential's own tenant, or absent. With `--dev` any, created on first use. \
             `_node` has the dead letters of no tenant",
        ))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build();
    operation
        .parameters
        .get_or_insert_default()
        .push(RefOr::T(tenant));
}
