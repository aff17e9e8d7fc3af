//! `/customers`: lists, one customer, and what is to be known of it.

mod attention;
pub(crate) mod details;
mod groups;
mod list;
mod shown;
mod standing;
mod summaries;
mod transfer;
pub(crate) mod views;

use crate::answer::{JsonText, Stamped};
use crate::blocking::{blocking, scanning};
use crate::etag;
use crate::extract::fresh::FreshnessParams;
use crate::extract::query::{Given, invalid};
use crate::extract::{
    Caller, Freshness, IdempotencyKey, IfMatch, JsonBody, Params, Path, Query, Values,
};
use crate::lookup::{self, NAMED_BY};
use crate::past::{Past, PastParams};
use crate::problem::Problem;
use crate::routes::jobs::Begun;
use crate::state::Api;
use crate::submit::Command;
use crate::wire::customer::{
    CustomerAnswer, CustomerChange, CustomerDocument, CustomerList, Refreshed,
};
use crate::wire::event::Written;
use crate::wire::ops::Job;
use crate::wire::problem::ProblemDetails;
use crate::wire::reference::Whose;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::value::to_raw_value;
use shown::Shown;
use touchbook_customers::{Customers, Status, summary};
use touchbook_engagement::{Engagement, sentiment};
use touchbook_events::{EventType, IdentifierKind};
use touchbook_projection::Projector;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// What customers are listed by.
pub(crate) const VIEWS: [&str; 3] = ["recent", "top", "attention"];

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_customers, create_customer))
        .routes(routes!(get_customer, update_customer))
        .routes(routes!(refresh_customer))
        .routes(routes!(refresh_customers))
        .merge(groups::routes())
        .merge(standing::routes())
        .merge(summaries::routes())
        .merge(transfer::routes())
        .merge(views::routes())
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// `recent` (the default): by last activity; `top`: by lifetime value in the base currency;
    /// `attention`: who waits for us, with the reasons, most urgent first.
    #[param(value_type = Option<String>, example = "recent")]
    pub(crate) view: Option<&'static str>,
    /// Find by name, company or identifier; best match first. Not together with `view`.
    #[param(value_type = Option<String>, example = "jane")]
    pub(crate) q: Option<String>,
    /// Only those with this status, by when they showed themselves last, newest first: `active`,
    /// `vip`, `inactive` or `blocked`. Not together with `view`, `q` or the times below.
    #[param(value_type = Option<String>, example = "vip")]
    pub(crate) status: Option<Status>,
    /// Only those whom an agent had to do with last from this time on, newest first.
    #[param(value_type = Option<String>, example = "2024-01-01")]
    pub(crate) last_agent_interaction_from: Option<Given>,
    /// The same up to and with this time; a date means the whole day.
    #[param(value_type = Option<String>, example = "2024-01-31")]
    pub(crate) last_agent_interaction_to: Option<Given>,
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub(crate) limit: usize,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

impl ListParams {
    /// Whether the list is that of agents' last interactions.
    fn is_by_agent(&self) -> bool {
        self.last_agent_interaction_from.is_some() || self.last_agent_interaction_to.is_some()
    }
}

impl Params for ListParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        let view = values.one_of("view", &VIEWS)?;
        let q = values.text("q")?;
        if q.as_deref().is_some_and(|query| query.trim().is_empty()) {
            return Err(invalid("q", "must not be empty"));
        }
        if q.is_some() && view.is_some() {
            return Err(invalid(
                "q",
                "a search has an order of its own; leave out `view`",
            ));
        }
        let statuses: Vec<_> = Status::ALL.iter().map(|status| status.as_str()).collect();
        let status = values.one_of("status", &statuses)?;
        let limit = values.limit()?;
        let cursor = values.text("cursor")?;
        let params = Self {
            view,
            q,
            status: status.and_then(Status::parse),
            last_agent_interaction_from: values.time("last_agent_interaction_from")?,
            last_agent_interaction_to: values.time("last_agent_interaction_to")?,
            limit,
            cursor,
        };
        if params.is_by_agent() && (params.view.is_some() || params.q.is_some()) {
            return Err(invalid(
                "last_agent_interaction_from",
                "that list has an order of its own; leave out `view` and `q`",
            ));
        }
        let is_other = params.view.is_some() || params.q.is_some() || params.is_by_agent();
        if params.status.is_some() && is_other {
            return Err(invalid(
                "status",
                "that list has an order of its own; leave out `view`, `q` and times",
            ));
        }
        Ok(params)
    }
}

/// List customers
///
/// A page of large ones ends after 2 MiB, with a `next_cursor`.
#[utoipa::path(
    get,
    path = "/api/v1/customers",
    tag = "customers",
    params(ListParams, FreshnessParams),
    responses((status = 200, description = "A page of customers", body = CustomerList)),
)]
pub(crate) async fn list_customers(
    State(api): State<Api>,
    caller: Caller,
    Query((params, freshness)): Query<(ListParams, Freshness)>,
) -> Result<Stamped<JsonText>, Problem> {
    let reads = [Customers::NAME, Engagement::NAME];
    let applied = freshness.of(&api, &caller.tenant, &reads).await?;
    let shown = Shown::of(&caller, api.engine().now())?;
    let text = match params.view {
        Some("attention") => blocking(move || attention::page(&shown, &params)).await?,
        _ if params.q.is_some() => scanning(move || list::page(&shown, &params)).await?,
        _ => blocking(move || list::page(&shown, &params)).await?,
    };
    Ok(Stamped(applied, JsonText(text)))
}

/// Make a customer known
///
/// Sends `customer.updated`. Whom the identifiers name already is changed; else a customer begins.
#[utoipa::path(
    post,
    path = "/api/v1/customers",
    tag = "customers",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
    ),
    request_body = CustomerChange,
    responses((status = 200, description = "Stored", body = Written)),
)]
pub(crate) async fn create_customer(
    State(api): State<Api>,
    caller: Caller,
    Query(()): Query<()>,
    key: IdempotencyKey,
    JsonBody(change): JsonBody<CustomerChange>,
) -> Result<Json<Written>, Problem> {
    if change.names_nobody() {
        let detail = "a customer needs at least one identifier";
        let kinds = IdentifierKind::ALL.iter().map(|kind| kind.as_str());
        return Err(touchbook_events::Problem::invalid("", detail)
            .allowing(kinds)
            .into());
    }
    let send = Send {
        change: &change,
        customer: None,
        event_id: key.event_id("POST /customers"),
        expected_position: None,
    };
    send.to(&api, &caller).await.map(Json)
}

/// Read a customer
#[utoipa::path(
    get,
    path = "/api/v1/customers/{ref}",
    tag = "customers",
    params(
        ("ref" = String, Path, description = "A customer id, an e-mail address, or `kind:value`"),
        ("If-None-Match" = Option<String>, Header, description = "304 if nothing is newer"),
        FreshnessParams,
        PastParams,
    ),
    responses(
        (
            status = 200,
            description = "The customer",
            body = CustomerDocument,
            headers(("ETag" = String, description = "Its last change, for `If-Match`")),
        ),
        (status = 304, description = "Nothing is newer than the given `ETag`"),
    ),
)]
pub(crate) async fn get_customer(
    State(api): State<Api>,
    caller: Caller,
    Path(named): Path<String>,
    headers: HeaderMap,
    Query((freshness, past)): Query<(Freshness, Past)>,
) -> Result<Stamped<Response>, Problem> {
    let applied = freshness
        .and_at(past.position())
        .of(
            &api,
            &caller.tenant,
            &[Customers::NAME, Engagement::NAME, NAMED_BY],
        )
        .await?;
    if !past.is_present() {
        return customer_then(api, caller, named, past, applied).await;
    }
    let Whose {
        customer_id: customer,
        resolved_from,
    } = lookup::named(&caller, &named)?.whose();
    let shown = Shown::of(&caller, api.engine().now())?;
    let sentiment = shown.sentiment(customer);
    let read = shown
        .customers
        .read_changed(customer, |state, stale_since, resliced_at| {
            let answer = CustomerAnswer {
                summary: summary(customer, state, &shown.policies, shown.now),
                sentiment,
                resolved_from: None,
                stale_since,
                matched: None,
                attention: None,
            };
            let changed_at = state.changed_at(resliced_at);
            serde_json::to_vec(&answer).map(|text| (changed_at, text))
        });
    let read = read.ok_or_else(Problem::not_found)?;
    let (changed_at, mut text) = read.map_err(|error| Problem::internal(&error))?;
    // A customer has one tag, whatever it was asked for by.
    let etag = etag::of_answer(changed_at, &text);
    if let Some(resolved_from) = resolved_from {
        let added = resolved_from.append_to(&mut text);
        added.map_err(|error| Problem::internal(&error))?;
    }
    Ok(Stamped(applied, etag::tagged(&headers, etag, text)))
}

/// The customer as it was known, or as it was.
async fn customer_then(
    api: Api,
    caller: Caller,
    named: String,
    past: Past,
    applied: u64,
) -> Result<Stamped<Response>, Problem> {
    let named = lookup::named(&caller, &named)?;
    let customers = caller.projection::<Customers>()?;
    let engagement = caller.projection::<Engagement>()?;
    let read = blocking(move || {
        let view = past.view(&caller, applied, api.engine().now())?;
        let member = named.member;
        let known = view.state(&customers, member)?;
        let (customer, state) = known.ok_or_else(Problem::not_found)?;
        let felt = view.state(&engagement, member)?;
        let felt = felt.map(|(_, state)| state).unwrap_or_default();
        let answer = CustomerAnswer {
            summary: summary(customer, &state, &view.policies, view.now),
            sentiment: sentiment(&felt, &view.policies),
            resolved_from: named.whose_then(customer).resolved_from,
            stale_since: None,
            matched: None,
            attention: None,
        };
        let text = serde_json::to_vec(&answer).map_err(|error| Problem::internal(&error))?;
        Ok((view.position, text))
    });
    let (position, text) = read.await?;
    Ok(Stamped(position, JsonText(text).into_response()))
}

/// Change what is known of a customer
///
/// Sends `customer.updated`: identifiers are attached, the rest takes the place of what was known,
/// and null clears it.
#[utoipa::path(
    patch,
    path = "/api/v1/customers/{ref}",
    tag = "customers",
    params(
        ("ref" = String, Path, description = "A customer id, an e-mail address, or `kind:value`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
        ("If-Match" = Option<String>, Header, description = "Only if nothing changed since: an \
            `ETag`, or a position in quotes, or several, of which the newest counts"),
    ),
    request_body = CustomerChange,
    responses(
        (status = 200, description = "Stored", body = Written),
        (
            status = 412,
            description = "It changed at `position`, absent if what is expected was never here",
            body = ProblemDetails,
            content_type = "application/problem+json",
        ),
    ),
)]
pub(crate) async fn update_customer(
    State(api): State<Api>,
    if_match: IfMatch,
    caller: Caller,
    Path(named): Path<String>,
    Query(()): Query<()>,
    key: IdempotencyKey,
    JsonBody(change): JsonBody<CustomerChange>,
) -> Result<Json<Written>, Problem> {
    let expected_position = if_match.expected_position()?;
    let whose = lookup::named(&caller, &named)?.whose();
    let customer = whose.customer_id;
    let send = Send {
        change: &change,
        customer: Some(customer.0),
        event_id: key.event_id(&format!("PATCH /customers/{customer}")),
        expected_position,
    };
    let written = send.to(&api, &caller).await?;
    Ok(Json(written.of(whose)))
}

/// A change on its way to the ledger.
struct Send<'a> {
    change: &'a CustomerChange,
    /// Whom it changes; else whom its identifiers name.
    customer: Option<Uuid>,
    event_id: String,
    expected_position: Option<u64>,
}

impl Send<'_> {
    async fn to(self, api: &Api, caller: &Caller) -> Result<Written, Problem> {
        let data = to_raw_value(&self.change.payload(self.customer))
            .map_err(|error| Problem::internal(&error))?;
        let command = Command {
            event_type: EventType::CustomerUpdated,
            subject: None,
            data: &data,
            event_id: self.event_id,
            expected_position: self.expected_position,
        };
        let written = caller.send(api, command).await;
        written.map_err(|problem| problem.pointing_into_body(&["/data/customer", "/data"]))
    }
}

/// Fold all customers again from the ledger
///
/// A job: its result is `updated`, how many were folded, and `drift`, how many of them were not as
/// the ledger has them.
#[utoipa::path(
    post,
    path = "/api/v1/customers/refresh",
    tag = "customers",
    responses((status = 202, description = "The job", body = Job)),
)]
pub(crate) async fn refresh_customers(
    State(api): State<Api>,
    caller: Caller,
    Query(()): Query<()>,
) -> Result<Begun, Problem> {
    crate::refresh::refresh_all(api, caller).map(|job| Begun(job.into()))
}

/// Fold a customer again from the ledger
///
/// Nothing changes unless something broke; `drift` says so.
#[utoipa::path(
    post,
    path = "/api/v1/customers/{ref}/refresh",
    tag = "customers",
    params((
        "ref" = String, Path, description = "A customer id, an e-mail address, or `kind:value`",
    )),
    responses((status = 200, description = "What folding again has shown", body = Refreshed)),
)]
pub(crate) async fn refresh_customer(
    State(api): State<Api>,
    caller: Caller,
    Path(named): Path<String>,
    Query(()): Query<()>,
) -> Result<Json<Refreshed>, Problem> {
    let whose = lookup::named(&caller, &named)?.whose();
    crate::refresh::refresh(api, caller, whose).await.map(Json)
}
