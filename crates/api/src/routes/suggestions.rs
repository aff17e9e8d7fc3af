//! `/merge-suggestions`: customers that may be one, for a person to say.

use crate::answer::{Read, Stamped};
use crate::extract::fresh::FreshnessParams;
use crate::extract::{Caller, Freshness, IdempotencyKey, JsonBody, Params, Query, Values};
use crate::lookup;
use crate::problem::Problem;
use crate::state::Api;
use crate::submit::Command;
use crate::wire::event::Written;
use crate::wire::suggestion::{DismissRequest, SuggestionItem, SuggestionList};
use axum::Json;
use axum::extract::State;
use serde_json::json;
use serde_json::value::to_raw_value;
use touchbook_customers::Customers;
use touchbook_events::{self as events, EventType};
use touchbook_identity::{Suggested, Suggestions};
use touchbook_projection::{Projection, Projector};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_suggestions))
        .routes(routes!(dismiss_suggestion))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SuggestionParams {
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: usize,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<u64>)]
    cursor: u64,
}

impl Params for SuggestionParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        let limit = values.limit()?;
        let cursor = values.number("cursor", 1..=u64::MAX)?;
        Ok(Self {
            limit,
            cursor: cursor.unwrap_or(u64::MAX),
        })
    }
}

/// List suggestions to merge
///
/// Pairs that an event showed to share identifiers, the newest first. One that was dismissed comes
/// again only once something else speaks for it.
#[utoipa::path(
    get,
    path = "/api/v1/merge-suggestions",
    tag = "customers",
    params(SuggestionParams, FreshnessParams),
    responses((status = 200, description = "Open suggestions", body = SuggestionList)),
)]
pub(crate) async fn list_suggestions(
    State(api): State<Api>,
    caller: Caller,
    Query((params, freshness)): Query<(SuggestionParams, Freshness)>,
) -> Read<SuggestionList> {
    let applied = freshness
        .of(&api, &caller.tenant, &[Suggestions::NAME, Customers::NAME])
        .await?;
    let suggestions = caller.projection::<Suggestions>()?;
    let customers = caller.projection::<Customers>()?;
    let mut open: Vec<Suggested> = suggestions.index(|index| {
        // Whoever is one by now needs no suggestion.
        let are_two = |pair: &Suggested| {
            customers.canonical(pair.customer) != customers.canonical(pair.other)
        };
        let open = Suggestions::before(index, params.cursor).filter(are_two);
        open.take(params.limit + 1).collect()
    });
    let has_more = open.len() > params.limit;
    open.truncate(params.limit);
    let next_cursor = open.last().map(|last| last.position).filter(|_| has_more);
    let items = open
        .iter()
        .filter_map(|pair| item(&suggestions, &customers, pair));
    let list = SuggestionList {
        items: items.collect(),
        next_cursor,
    };
    Ok(Stamped(applied, Json(list)))
}

fn item(
    suggestions: &Projection<Suggestions>,
    customers: &Projection<Customers>,
    pair: &Suggested,
) -> Option<SuggestionItem> {
    let holder = suggestions.canonical(pair.customer);
    let found = suggestions.read(holder, |state, _| {
        let known = Suggestions::find(state, pair.customer, pair.other)?;
        Some(SuggestionItem {
            position: known.position,
            customer_id: customers.canonical(pair.customer).0,
            other_id: customers.canonical(pair.other).0,
            because_position: known.because,
            identifiers: known.identifiers.iter().map(Into::into).collect(),
        })
    });
    found.flatten()
}

/// Dismiss a suggestion
///
/// The two are not one, until something else speaks for it.
#[utoipa::path(
    post,
    path = "/api/v1/merge-suggestions/dismiss",
    tag = "customers",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
    ),
    request_body = DismissRequest,
    responses((status = 200, description = "Stored", body = Written)),
)]
pub(crate) async fn dismiss_suggestion(
    State(api): State<Api>,
    caller: Caller,
    Query(()): Query<()>,
    key: IdempotencyKey,
    JsonBody(request): JsonBody<DismissRequest>,
) -> Result<Json<Written>, Problem> {
    let find = |named: &str, pointer: &str| {
        lookup::member(&caller, named).map_err(|_| {
            let detail = format!("there is no customer `{named}`");
            Problem::from(events::Problem::new("unknown_customer", pointer, detail))
        })
    };
    let customer = find(&request.customer, "/customer")?;
    let other = find(&request.other, "/other")?;
    let data = json!({ "customer": customer.0, "other": other.0, "reason": request.reason });
    let data = to_raw_value(&data).map_err(|error| Problem::internal(&error))?;
    let command = Command {
        event_type: EventType::MergeDismissed,
        subject: None,
        data: &data,
        event_id: key.event_id(&format!(
            "POST /merge-suggestions/dismiss {customer} {other}"
        )),
        expected_position: None,
    };
    let written = caller.send(&api, command).await;
    written
        .map(Json)
        .map_err(|problem| problem.pointing_into_body(&["/data"]))
}
