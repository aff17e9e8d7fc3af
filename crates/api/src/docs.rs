//! The OpenAPI document: from the handlers, with what is true of all of them.

use crate::problem::PROBLEM_JSON;
use crate::routes;
use crate::wire::problem::ProblemDetails;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
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
details (RFC 9457): 400 where a request can't be read, 422 where it was read and can't be used.";

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
    for (path, item) in &mut document.paths.paths {
        let is_of_tenant = path.starts_with("/api/v1/");
        for operation in operations(item) {
            complete(operation, is_of_tenant);
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .flatten()
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
        .description(Some("The tenant, with `--dev`; created on first use. `_node` has the dead letters of no tenant"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build();
    operation
        .parameters
        .get_or_insert_default()
        .push(RefOr::T(tenant));
}
