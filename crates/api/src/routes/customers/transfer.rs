//! Customers as files: the columns, a sample, and all of them as CSV (document 000).

use crate::answer::POSITION_HEADER;
use crate::blocking::blocking;
use crate::export::{Export, chunks, custom_fields};
use crate::extract::fresh::FreshnessParams;
use crate::extract::{Caller, Freshness, Params, Query, Values};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::transfer::ColumnList;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use touchbook_customers::Customers;
use touchbook_ingest::csv::{Columns, HeaderStyle, guide, sample};
use touchbook_projection::Projector;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8");

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_columns))
        .routes(routes!(get_sample))
        .routes(routes!(export_customers))
        .routes(routes!(list_columns_of_document))
        .routes(routes!(get_sample_of_document))
        .routes(routes!(export_customers_of_document))
}

/// List the columns of customer files
///
/// With type, example and rule of each; every other column of a file is a custom field.
#[utoipa::path(
    get,
    path = "/api/v1/customers/import/columns",
    tag = "customers",
    responses((status = 200, description = "The columns", body = ColumnList)),
)]
pub(crate) async fn list_columns(_: Caller, Query(()): Query<()>) -> Json<ColumnList> {
    Json(ColumnList {
        items: guide(),
        next_cursor: None,
    })
}

/// List the columns of customer files
///
/// As `/api/v1/customers/import/columns`.
#[utoipa::path(
    get,
    path = "/api/customers/import/columns",
    tag = "mission",
    responses((status = 200, description = "The columns", body = ColumnList)),
)]
pub(crate) async fn list_columns_of_document(caller: Caller, query: Query<()>) -> Json<ColumnList> {
    list_columns(caller, query).await
}

/// Get a sample of a customer file
#[utoipa::path(
    get,
    path = "/api/v1/customers/import/sample.csv",
    tag = "customers",
    responses((status = 200, description = "It imports", body = str, content_type = "text/csv")),
)]
pub(crate) async fn get_sample(_: Caller, Query(()): Query<()>) -> Response {
    ([(header::CONTENT_TYPE, CSV)], sample()).into_response()
}

/// Get a sample of a customer file
///
/// As `/api/v1/customers/import/sample.csv`.
#[utoipa::path(
    get,
    path = "/api/customers/import/sample.csv",
    tag = "mission",
    responses((status = 200, description = "It imports", body = str, content_type = "text/csv")),
)]
pub(crate) async fn get_sample_of_document(caller: Caller, query: Query<()>) -> Response {
    get_sample(caller, query).await
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportParams {
    /// Only these columns in this order, apart by commas, in either spelling; `all` is every one,
    /// custom fields too.
    #[param(example = "External_ID,Email,Total_Agent_Calls")]
    columns: Option<String>,
    /// How columns are spelled: `readable` (the default) or `snake`.
    #[param(inline, value_type = Option<String>, example = "readable")]
    headers: HeaderStyle,
}

impl Params for ExportParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        Ok(Self {
            columns: values.text("columns")?,
            headers: match values.one_of("headers", &["readable", "snake"])? {
                Some("snake") => HeaderStyle::Snake,
                _ => HeaderStyle::Readable,
            },
        })
    }
}

/// Export customers
///
/// All of them as CSV, the oldest first; times are UTC. An import of the file makes the same
/// customers. Cells that a spreadsheet would take for a formula begin with `'`.
#[utoipa::path(
    get,
    path = "/api/v1/customers/export",
    tag = "customers",
    params(ExportParams, FreshnessParams),
    responses((status = 200, description = "The file", body = str, content_type = "text/csv")),
)]
pub(crate) async fn export_customers(
    State(api): State<Api>,
    caller: Caller,
    Query((params, freshness)): Query<(ExportParams, Freshness)>,
) -> Result<Response, Problem> {
    let place = api.export_place()?;
    let applied = freshness
        .of(&api, &caller.tenant, &[Customers::NAME])
        .await?;
    let customers = caller.projection::<Customers>()?;
    let (policies, now) = (caller.policies(), api.engine().now());
    let prepared = blocking(move || {
        let custom = custom_fields(&customers);
        let custom: Vec<&str> = custom.iter().map(String::as_str).collect();
        let names = params.columns.as_deref().unwrap_or("all").split(',');
        Ok(Export {
            columns: Columns::choose(names, &custom)
                .map_err(|problem| Problem::of_parameter("columns", problem))?,
            headers: params.headers,
            customers,
            policies,
            now,
        })
    });
    let body = Body::from_stream(chunks(prepared.await?, place));
    let name = HeaderValue::from_static("attachment; filename=\"customers.csv\"");
    let headers = [
        (header::CONTENT_TYPE, CSV),
        (header::CONTENT_DISPOSITION, name),
        (POSITION_HEADER, HeaderValue::from(applied)),
    ];
    Ok((headers, body).into_response())
}

/// Export customers
///
/// As `/api/v1/customers/export`.
#[utoipa::path(
    get,
    path = "/api/customers/export",
    tag = "mission",
    params(ExportParams, FreshnessParams),
    responses((status = 200, description = "The file", body = str, content_type = "text/csv")),
)]
pub(crate) async fn export_customers_of_document(
    state: State<Api>,
    caller: Caller,
    query: Query<(ExportParams, Freshness)>,
) -> Result<Response, Problem> {
    export_customers(state, caller, query).await
}
