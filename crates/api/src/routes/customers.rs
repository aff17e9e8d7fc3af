//! `/customers`: lists, one customer, and what is to be known of it.

mod attention;
mod groups;
mod standing;
mod transfer;
pub(crate) mod views;

use crate::answer::{JsonText, Stamped};
use crate::blocking::blocking;
use crate::etag;
use crate::extract::fresh::FreshnessParams;
use crate::extract::query::{Given, invalid};
use crate::extract::{
    Caller, Freshness, IdempotencyKey, IfMatch, JsonBody, Params, Path, Query, Values,
};
use crate::limits::PAGE_BYTES_MAX;
use crate::lookup::{self, NAMED_BY};
use crate::past::{self, Past, PastParams};
use crate::problem::Problem;
use crate::routes::jobs::Begun;
use crate::state::Api;
use crate::submit::Command;
use crate::wire::customer::{
    CustomerAnswer, CustomerChange, CustomerDocument, CustomerList, MatchedBy, Refreshed,
};
use crate::wire::event::Written;
use crate::wire::ops::Job;
use crate::wire::problem::ProblemDetails;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::value::to_raw_value;
use std::sync::Arc;
use touchbook_customers::{Cursor, Customers, Page, TopPage, summary};
use touchbook_engagement::{Attention, Engagement, Sentiment, State as EngagementState, sentiment};
use touchbook_events::money::Currency;
use touchbook_events::{CustomerId, EventType, IdentifierKind, Policies, Timestamp};
use touchbook_projection::{Projection, Projector};
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
        let limit = values.limit()?;
        let cursor = values.text("cursor")?;
        let params = Self {
            view,
            q,
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
        _ => blocking(move || page(&shown, &params)).await?,
    };
    Ok(Stamped(applied, JsonText(text)))
}

/// What customers are shown from.
pub(crate) struct Shown {
    customers: Arc<Projection<Customers>>,
    engagement: Arc<Projection<Engagement>>,
    policies: Arc<Policies>,
    now: Timestamp,
}

impl Shown {
    pub(crate) fn of(caller: &Caller, now: Timestamp) -> Result<Self, Problem> {
        Ok(Self {
            customers: caller.projection::<Customers>()?,
            engagement: caller.projection::<Engagement>()?,
            policies: caller.policies(),
            now,
        })
    }

    /// How the customer feels; nothing is known of whom nobody has heard.
    fn sentiment(&self, customer: CustomerId) -> Sentiment {
        let known = self
            .engagement
            .read(customer, |state, _| sentiment(state, &self.policies));
        known.unwrap_or_else(|| sentiment(&EngagementState::default(), &self.policies))
    }

    /// Writes a customer; `false` where there is no such customer.
    fn write(
        &self,
        text: &mut Vec<u8>,
        customer: CustomerId,
        matched: Option<MatchedBy>,
        attention: Option<&Attention>,
    ) -> Result<bool, Problem> {
        let sentiment = self.sentiment(customer);
        let written = self.customers.read(customer, |state, stale_since| {
            let answer = CustomerAnswer {
                summary: summary(customer, state, &self.policies, self.now),
                sentiment,
                stale_since,
                matched,
                attention,
            };
            serde_json::to_writer(text, &answer)
        });
        let written = written.transpose();
        let written = written.map_err(|error| Problem::internal(&error))?;
        Ok(written.is_some())
    }
}

fn page(shown: &Shown, params: &ListParams) -> Result<Vec<u8>, Problem> {
    let (customers, policies) = (&shown.customers, &shown.policies);
    let found = rows(customers, params, policies, params.limit)?;
    let (mut next_cursor, count) = (found.next_cursor, found.rows.len());
    let mut text = b"{\"items\":[".to_vec();
    let mut separator: &[u8] = b"";
    for (written, (customer, matched)) in (1..).zip(found.rows) {
        let before = text.len();
        text.extend_from_slice(separator);
        // One that was merged since the list was read is another's now.
        if customers.canonical(customer) == customer
            && shown.write(&mut text, customer, matched, None)?
        {
            separator = b",";
        } else {
            text.truncate(before);
        }
        if text.len() >= PAGE_BYTES_MAX && written < count {
            next_cursor = rows(customers, params, policies, written)?.next_cursor;
            break;
        }
    }
    text.extend_from_slice(b"],\"next_cursor\":");
    let next_cursor = next_cursor.map(|cursor| cursor.to_string());
    serde_json::to_writer(&mut text, &next_cursor).map_err(|error| Problem::internal(&error))?;
    if let Some(currency) = found.currency {
        text.extend_from_slice(b",\"currency\":");
        serde_json::to_writer(&mut text, &currency).map_err(|error| Problem::internal(&error))?;
    }
    text.push(b'}');
    Ok(text)
}

/// A page of any list.
struct Rows {
    rows: Vec<(CustomerId, Option<MatchedBy>)>,
    next_cursor: Option<Cursor>,
    /// In which customers are ranked.
    currency: Option<Currency>,
}

fn rows(
    customers: &Projection<Customers>,
    params: &ListParams,
    policies: &Policies,
    limit: usize,
) -> Result<Rows, Problem> {
    let after = params.cursor.as_deref().map(str::parse).transpose();
    let after: Option<Cursor> = after.map_err(|error| invalid("cursor", format!("{error}")))?;
    if params.view != Some("top") && after.is_some_and(|cursor| cursor.is_of_top()) {
        return Err(invalid("cursor", "it is of the view `top`"));
    }
    if params.is_by_agent() {
        let from = params.last_agent_interaction_from;
        let from = from.map(|given| given.moment.in_zone(policies.zone));
        let to = params.last_agent_interaction_to;
        let to = to.map(|given| given.last_instant(policies.zone));
        let page = customers.index(|index| index.by_agent_interaction(from, to, after, limit));
        return Ok(taken(page, |listed| (listed.customer, None)));
    }
    customers.index(|index| match (&params.q, params.view) {
        (Some(query), _) => Ok(taken(
            index.search(query, policies, after, limit),
            |found| (found.customer, Some(found.matched.into())),
        )),
        (None, Some("top")) => {
            let top = index.top(policies, after, limit);
            let TopPage { currency, page } =
                top.map_err(|error| invalid("cursor", error.to_string()))?;
            Ok(Rows {
                currency: Some(currency),
                ..taken(page, |top| (top.customer, None))
            })
        }
        (None, _) => Ok(taken(index.recent(after, limit), |listed| {
            (listed.customer, None)
        })),
    })
}

fn taken<T>(page: Page<T>, row: impl Fn(T) -> (CustomerId, Option<MatchedBy>)) -> Rows {
    Rows {
        rows: page.rows.into_iter().map(row).collect(),
        next_cursor: page.next_cursor,
        currency: None,
    }
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
    let customer = lookup::customer(&caller, &named)?;
    let shown = Shown::of(&caller, api.engine().now())?;
    let sentiment = shown.sentiment(customer);
    let read = shown
        .customers
        .read_changed(customer, |state, stale_since, resliced_at| {
            let answer = CustomerAnswer {
                summary: summary(customer, state, &shown.policies, shown.now),
                sentiment,
                stale_since,
                matched: None,
                attention: None,
            };
            let changed_at = state.changed_at(resliced_at);
            serde_json::to_vec(&answer).map(|text| (etag::of_answer(changed_at, &text), text))
        });
    let read = read.ok_or_else(Problem::not_found)?;
    let (etag, text) = read.map_err(|error| Problem::internal(&error))?;
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
    let member = past::member(&caller, &named)?;
    let customers = caller.projection::<Customers>()?;
    let engagement = caller.projection::<Engagement>()?;
    let read = blocking(move || {
        let view = past.view(&caller, applied, api.engine().now())?;
        let known = view.state(&customers, member)?;
        let (customer, state) = known.ok_or_else(Problem::not_found)?;
        let felt = view.state(&engagement, member)?;
        let felt = felt.map(|(_, state)| state).unwrap_or_default();
        let answer = CustomerAnswer {
            summary: summary(customer, &state, &view.policies, view.now),
            sentiment: sentiment(&felt, &view.policies),
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
    let customer = lookup::customer(&caller, &named)?;
    let send = Send {
        change: &change,
        customer: Some(customer.0),
        event_id: key.event_id(&format!("PATCH /customers/{customer}")),
        expected_position,
    };
    send.to(&api, &caller).await.map(Json)
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
    let customer = lookup::customer(&caller, &named)?;
    crate::refresh::refresh(api, caller, customer)
        .await
        .map(Json)
}
