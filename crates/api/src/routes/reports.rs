//! `/reports`: what is summed up over all customers.

use crate::answer::{JsonText, Stamped};
use crate::blocking::reporting;
use crate::extract::fresh::FreshnessParams;
use crate::extract::query::{Given, invalid};
use crate::extract::{Caller, Freshness, Params, Query, Values};
use crate::limits::PAGE_MAX;
use crate::problem::Problem;
use crate::routes::customers::views::text;
use crate::state::Api;
use crate::wire::report::AgentReport as AgentReportDocument;
use axum::extract::State;
use touchbook_calls::Calls;
use touchbook_projection::Projector;
use touchbook_timeline::Timeline;
use touchbook_views::agents::Cursor;
use touchbook_views::{AgentReport, Calendar, Period};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How far a report looks back unless it is told.
const DEFAULT_SECONDS: i64 = 30 * 24 * 60 * 60;
/// How often customers are walked again since some of them became one meanwhile, or others.
const ATTEMPTS_MAX: usize = 3;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(report_agents))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AgentReportParams {
    /// `day` (the default), `week` from Monday on, or `month`, in the tenant's zone; 400 at most.
    #[param(value_type = Option<String>, example = "week")]
    period: Period,
    /// From this time on; 30 days before the end where absent.
    #[param(value_type = Option<String>, example = "2024-01-01")]
    from: Option<Given>,
    /// Up to and with this time; a date means the whole day. Now where absent.
    #[param(value_type = Option<String>, example = "2024-01-31")]
    to: Option<Given>,
    #[param(minimum = 1, maximum = 500, default = 500)]
    limit: usize,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

impl Params for AgentReportParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        let period = values.one_of("period", &Period::NAMES)?;
        let cursor = values.cursor()?;
        Ok(Self {
            period: period.and_then(Period::parse).unwrap_or(Period::Day),
            from: values.time("from")?,
            to: values.time("to")?,
            limit: values.number("limit", 1..=PAGE_MAX)?.unwrap_or(PAGE_MAX) as usize,
            cursor,
        })
    }
}

/// Report what agents did
///
/// By agent and period: calls with their minutes and outcomes, messages, and with how many
/// customers. Summed up when it is asked for, over everybody's calls and timelines; reports are
/// made one after another.
#[utoipa::path(
    get,
    path = "/api/v1/reports/agents",
    tag = "reports",
    params(AgentReportParams, FreshnessParams),
    responses((status = 200, description = "A page of the report", body = AgentReportDocument)),
)]
pub(crate) async fn report_agents(
    State(api): State<Api>,
    caller: Caller,
    Query((params, freshness)): Query<(AgentReportParams, Freshness)>,
) -> Result<Stamped<JsonText>, Problem> {
    let reads = [Calls::NAME, Timeline::NAME];
    let applied = freshness.of(&api, &caller.tenant, &reads).await?;
    let policies = caller.policies();
    let to = params.to.map(|given| given.last_instant(policies.zone));
    let to = to.unwrap_or_else(|| api.engine().now());
    let from = params.from.map(|given| given.moment.in_zone(policies.zone));
    let from = from.unwrap_or_else(|| to.plus_seconds(-DEFAULT_SECONDS));
    let calendar = Calendar::of(params.period, from, to, &policies);
    let calendar = calendar.map_err(|error| invalid("from", error.to_string()))?;
    let turn = api.report(&caller.tenant)?;
    let written = reporting(move || {
        let _turn = turn;
        let report = || AgentReport::new(calendar.clone(), params.limit, params.cursor.clone());
        text(&summed(&caller, report)?.page())
    });
    Ok(Stamped(applied, JsonText(written.await?)))
}

/// Walks all customers one by one, so that folding waits for none of it.
fn summed(caller: &Caller, report: impl Fn() -> AgentReport) -> Result<AgentReport, Problem> {
    let calls = caller.projection::<Calls>()?;
    let timeline = caller.projection::<Timeline>()?;
    let resliced_at = || timeline.slices(u64::MAX).changed_at();
    let mut made = report();
    for _ in 0..ATTEMPTS_MAX {
        let before = resliced_at();
        made = report();
        let mut known = Vec::with_capacity(timeline.customers());
        timeline.for_each(|customer, _| known.push(customer));
        for customer in known {
            if timeline.canonical(customer) != customer {
                continue;
            }
            made.next_customer();
            calls.read(customer, |state, _| made.take_calls(state));
            timeline.read(customer, |state, _| made.take_messages(state));
        }
        if before == resliced_at() {
            break;
        }
    }
    Ok(made)
}
