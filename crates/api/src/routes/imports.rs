//! `/customers/import` and `/imports`: customer files into the ledger, and out of it again.

use crate::blocking::blocking;
use crate::extract::{Caller, Params, Path, Query, Values};
use crate::imports::{self, Manifest, Options};
use crate::problem::Problem;
use crate::routes::jobs::Begun;
use crate::state::Api;
use crate::wire::imports::{Import, ImportList};
use crate::wire::ops::Job;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use std::fs::File;
use std::io::{self, Read};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use touchbook_events::text::Name;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Bytes of a piece of an error file, of which few wait to be sent.
const PIECE_BYTES: usize = 64 * 1024;
const PIECES_MAX: usize = 2;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(import_customers))
        .routes(routes!(import_customers_of_document))
        .routes(routes!(list_imports))
        .routes(routes!(get_import))
        .routes(routes!(get_import_errors))
        .routes(routes!(cancel_import))
        .routes(routes!(undo_import))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportParams {
    /// Count and check, and write nothing. Of a customer of many rows before, a row that says
    /// nothing new may count as an update.
    #[param(default = false)]
    dry_run: bool,
    /// Write nothing if any row is wrong in itself. What the ledger refuses for what others have
    /// made of a customer meanwhile, such as one identifier too many, fails alone.
    #[param(default = false)]
    atomic: bool,
    /// Totals leave out what the file has as history too; else a customer may have one of both.
    #[param(default = false)]
    excludes_history: bool,
    /// What the file is called, for whoever looks at the list of imports.
    #[param(value_type = Option<String>, max_length = 200)]
    file_name: Option<Name>,
}

impl Params for ImportParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        let file_name = values
            .text("file_name")?
            .map(|name| Name::new(name.as_str()));
        let file_name = file_name.transpose().map_err(|error| {
            let problem = touchbook_events::Problem::invalid("", error.to_string());
            Problem::of_parameter("file_name", problem)
        })?;
        Ok(Self {
            dry_run: values.flag("dry_run")?,
            atomic: values.flag("atomic")?,
            excludes_history: values.flag("excludes_history")?,
            file_name,
        })
    }
}

/// Import customers
///
/// Takes a customer file, of up to 4 GiB, and imports it as a job: rows become events, those that
/// are wrong are listed, and what is known already changes nothing. Sending the same file again is
/// safe: rows that were decided stay as they were, and rows that failed are tried again.
/// `GET /imports/{id}` says how far it is; `POST /imports/{id}/cancel` ends it early.
#[utoipa::path(
    post,
    path = "/api/v1/customers/import",
    tag = "customers",
    params(ImportParams),
    request_body(content = str, content_type = "text/csv"),
    responses((status = 202, description = "The import that begins", body = Import)),
)]
pub(crate) async fn import_customers(
    State(api): State<Api>,
    caller: Caller,
    Query(params): Query<ImportParams>,
    request: Request,
) -> Result<Response, Problem> {
    let options = Options {
        dry_run: params.dry_run,
        atomic: params.atomic,
        excludes_history: params.excludes_history,
    };
    imports::check_idle(&api, caller.tenant.slug())?;
    let received = imports::receive(&api, caller.tenant.slug(), request).await?;
    let begun = imports::begin(api.clone(), caller, received, options, params.file_name);
    let import = begun.await?.manifest();
    let location = format!("/api/v1/imports/{}", import.id);
    let answer = Json(answered(&api, import));
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], answer).into_response())
}

/// Import customers
///
/// As `/api/v1/customers/import`.
#[utoipa::path(
    post,
    path = "/api/customers/import",
    tag = "mission",
    params(ImportParams),
    request_body(content = str, content_type = "text/csv"),
    responses((status = 202, description = "The import that begins", body = Import)),
)]
pub(crate) async fn import_customers_of_document(
    state: State<Api>,
    caller: Caller,
    query: Query<ImportParams>,
    request: Request,
) -> Result<Response, Problem> {
    import_customers(state, caller, query, request).await
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: usize,
}

impl Params for ListParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        Ok(Self {
            limit: values.limit()?,
        })
    }
}

/// List imports
///
/// Those of the last 90 days, and at most 1,000. What became of a file's rows is known for
/// longer.
#[utoipa::path(
    get,
    path = "/api/v1/imports",
    tag = "customers",
    params(ListParams),
    responses((status = 200, description = "Imports, newest first", body = ImportList)),
)]
pub(crate) async fn list_imports(
    State(api): State<Api>,
    caller: Caller,
    Query(params): Query<ListParams>,
) -> Json<ImportList> {
    let known = api.imports().list(caller.tenant.slug()).into_iter();
    let items = known
        .take(params.limit)
        .map(|import| answered(&api, import));
    Json(ImportList {
        items: items.collect(),
        next_cursor: None,
    })
}

/// Read an import
#[utoipa::path(
    get,
    path = "/api/v1/imports/{id}",
    tag = "customers",
    params(("id" = String, Path, description = "The import's id")),
    responses((status = 200, description = "The import", body = Import)),
)]
pub(crate) async fn get_import(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Query(()): Query<()>,
) -> Result<Json<Import>, Problem> {
    let import = find(&api, &caller, &id)?;
    Ok(Json(answered(&api, import)))
}

/// Get the rows of an import that failed
///
/// As they stood in the file, with what is wrong in the column `Import_Errors`, which an import of
/// the corrected file passes over.
#[utoipa::path(
    get,
    path = "/api/v1/imports/{id}/errors.csv",
    tag = "customers",
    params(("id" = String, Path, description = "The import's id")),
    responses((status = 200, description = "The file", body = str, content_type = "text/csv")),
)]
pub(crate) async fn get_import_errors(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Query(()): Query<()>,
) -> Result<Response, Problem> {
    let import = find(&api, &caller, &id)?;
    let path = api.imports().error_file(&import);
    let path = path.ok_or_else(Problem::not_found)?;
    let place = api.export_place()?;
    let file = tokio::task::spawn_blocking(move || File::open(path));
    let file = file.await.map_err(|error| Problem::internal(&error))?;
    let file = file.map_err(|error| Problem::internal(&error))?;
    let name = HeaderValue::from_static("attachment; filename=\"errors.csv\"");
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(pieces(file, place))).into_response())
}

/// Cancel an import
///
/// Asks it to stop. What was imported stays, and sending the file again goes on with the rest; one
/// that has ended stays as it ended.
#[utoipa::path(
    post,
    path = "/api/v1/imports/{id}/cancel",
    tag = "customers",
    params(("id" = String, Path, description = "The import's id")),
    responses((status = 202, description = "The import, asked to stop", body = Import)),
)]
pub(crate) async fn cancel_import(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Query(()): Query<()>,
) -> Result<(StatusCode, Json<Import>), Problem> {
    let import = api.imports().get(caller.tenant.slug(), &id);
    let import = import.ok_or_else(Problem::not_found)?;
    let cancelled = blocking(move || {
        imports::cancel(&api, &import);
        Ok(answered(&api, import.manifest()))
    });
    Ok((StatusCode::ACCEPTED, Json(cancelled.await?)))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UndoParams {
    /// Say what it would come to, and change nothing.
    #[param(default = false)]
    dry_run: bool,
}

impl Params for UndoParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        Ok(Self {
            dry_run: values.flag("dry_run")?,
        })
    }
}

/// Undo an import
///
/// A job after which everything is as if the file had never been imported, but for what others
/// have changed since, which the job's result has as `conflicts`, and for policies that the import
/// caused. One that ends early is gone on with by undoing the import again.
#[utoipa::path(
    post,
    path = "/api/v1/imports/{id}/undo",
    tag = "customers",
    params(("id" = String, Path, description = "The import's id"), UndoParams),
    responses((status = 202, description = "The job that undoes it", body = Job)),
)]
pub(crate) async fn undo_import(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<UndoParams>,
) -> Result<Begun, Problem> {
    let begun = imports::begin_undo(api, caller, id, params.dry_run).await?;
    Ok(Begun(begun.into()))
}

fn find(api: &Api, caller: &Caller, id: &str) -> Result<Manifest, Problem> {
    let found = api.imports().get(caller.tenant.slug(), id);
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(found.manifest())
}

fn answered(api: &Api, import: Manifest) -> Import {
    let is_unfinished = import.state.is_unfinished();
    let job = is_unfinished
        .then(|| api.engine().jobs().get(&import.job_id))
        .flatten();
    let has_errors = api.imports().error_file(&import).is_some();
    Import::of(import, job.as_ref(), has_errors)
}

/// A file, piece by piece; reading waits for its reader, and keeps its place until it has all.
fn pieces(
    mut file: File,
    place: OwnedSemaphorePermit,
) -> impl futures::Stream<Item = io::Result<Bytes>> {
    let (sender, pieces) = mpsc::channel(PIECES_MAX);
    tokio::task::spawn_blocking(move || {
        let _place = place;
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let read = file.read(&mut piece).map(|bytes| {
                piece.truncate(bytes);
                Bytes::from(piece)
            });
            let is_last = read.as_ref().map_or(true, Bytes::is_empty);
            // Whoever went away needs no more of it.
            if read.as_ref().is_ok_and(Bytes::is_empty) || sender.blocking_send(read).is_err() {
                return;
            }
            if is_last {
                return;
            }
        }
    });
    tokio_stream::wrappers::ReceiverStream::new(pieces)
}
