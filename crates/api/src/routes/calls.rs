//! `/calls`: calls with what is known of them.

use crate::answer::{JsonText, Stamped};
use crate::blocking::blocking;
use crate::extract::fresh::FreshnessParams;
use crate::extract::query::Given;
use crate::extract::{Caller, Freshness, Params, Path, Query, Values};
use crate::problem::Problem;
use crate::routes::customers::views::text;
use crate::state::Api;
use crate::wire::call::{Call, CallPage};
use axum::extract::State;
use touchbook_calls::{Calls, Cursor, Detailed, Filter, transcript_text};
use touchbook_events::catalogue::call::Direction;
use touchbook_projection::Projector;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_calls))
        .routes(routes!(get_call))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallParams {
    agent_id: Option<String>,
    /// `inbound` or `outbound`.
    #[param(value_type = Option<String>, example = "inbound")]
    direction: Option<Direction>,
    /// Such as `contacted` or `no_answer`.
    outcome: Option<String>,
    /// From this time on.
    #[param(value_type = Option<String>, example = "2024-01-01")]
    from: Option<Given>,
    /// Up to and with this time; a date means the whole day.
    #[param(value_type = Option<String>, example = "2024-01-31")]
    to: Option<Given>,
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: usize,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

impl Params for CallParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        let names: Vec<_> = Direction::ALL.iter().map(|known| known.as_str()).collect();
        let direction = values.one_of("direction", &names)?;
        let cursor = values.cursor()?;
        Ok(Self {
            agent_id: values.text("agent_id")?,
            direction: direction.and_then(Direction::parse),
            outcome: values.text("outcome")?,
            from: values.time("from")?,
            to: values.time("to")?,
            limit: values.limit()?,
            cursor,
        })
    }
}

/// List calls
///
/// Those of all customers, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/calls",
    tag = "calls",
    params(CallParams, FreshnessParams),
    responses((status = 200, description = "A page of calls", body = CallPage)),
)]
pub(crate) async fn list_calls(
    State(api): State<Api>,
    caller: Caller,
    Query((params, freshness)): Query<(CallParams, Freshness)>,
) -> Result<Stamped<JsonText>, Problem> {
    let applied = freshness.of(&api, &caller.tenant, &[Calls::NAME]).await?;
    let calls = caller.projection::<Calls>()?;
    let zone = caller.policies().zone;
    let page = blocking(move || {
        let filter = Filter {
            agent_id: params.agent_id.as_deref(),
            direction: params.direction,
            outcome: params.outcome.as_deref(),
            from: params.from.map(|given| given.moment.in_zone(zone)),
            to: params.to.map(|given| given.last_instant(zone)),
        };
        calls.index(|index| text(&index.page(&filter, params.limit, params.cursor)))
    });
    Ok(Stamped(applied, JsonText(page.await?)))
}

/// Read a call
///
/// With its transcript.
#[utoipa::path(
    get,
    path = "/api/v1/calls/{id}",
    tag = "calls",
    params(
        ("id" = String, Path, description = "The call's own id, its subject, or another name of it"),
        FreshnessParams,
    ),
    responses((status = 200, description = "The call", body = Call)),
)]
pub(crate) async fn get_call(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Query(freshness): Query<Freshness>,
) -> Result<Stamped<JsonText>, Problem> {
    let applied = freshness.of(&api, &caller.tenant, &[Calls::NAME]).await?;
    let calls = caller.projection::<Calls>()?;
    let read = blocking(move || {
        let key = caller.tenant.key();
        let place = Calls::find(&calls, key, &id, |listed| {
            (listed.customer_id, listed.call.transcript_position())
        });
        let (customer, position) = place.ok_or_else(Problem::not_found)?;
        caller.guard.admit_to(customer)?;
        let record = match position {
            Some(position) => caller.tenant.record(position)?,
            None => None,
        };
        let answer = Calls::find(&calls, key, &id, |listed| {
            text(&Detailed {
                customer_id: listed.customer_id,
                call: listed.call,
                transcript_text: record.as_ref().and_then(transcript_text),
            })
        });
        answer.ok_or_else(Problem::not_found)?
    });
    Ok(Stamped(applied, JsonText(read.await?)))
}
