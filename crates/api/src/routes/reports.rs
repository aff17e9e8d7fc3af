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
use std::sync::Arc;
use touchbook_calls::Calls;
use touchbook_projection::{Projection, Projector, Slices};
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
    let report = Arc::new(move || {
        let cursor = params.cursor.clone();
        AgentReport::new(calendar.clone(), params.limit, cursor)
    });
    let turn = Arc::new(api.report(&caller.tenant)?);
    let mut freshness = freshness;
    for attempt in 1..=ATTEMPTS_MAX {
        // Where subjects get owners all the time, the last answer may have some of both.
        let last_move: fn(&Slices) -> u64 = match attempt < ATTEMPTS_MAX {
            true => Slices::moved_at,
            false => Slices::regrouped_at,
        };
        // A rebuild may have put others in their place.
        let groups = Groups::new(caller.projection()?, caller.projection()?, last_move);
        let at = groups.changed_at();
        // Who is one by then is one in all that is walked.
        freshness = freshness.and_at(Some(at));
        freshness.of(&api, &caller.tenant, &reads).await?;
        let (report, turn) = (Arc::clone(&report), Arc::clone(&turn));
        let summed = move || {
            let _turn = turn;
            groups.as_of(at, || text(&groups.sum(report()).page()))
        };
        if let Some(written) = reporting(move || summed().transpose()).await? {
            return Ok(Stamped(applied, JsonText(written)));
        }
    }
    let detail = "customers became one, or others, all the while it was summed up";
    Err(Problem::unavailable("customers_changed", detail))
}

/// What is walked, and who is one in it.
pub(crate) struct Groups {
    calls: Arc<Projection<Calls>>,
    timeline: Arc<Projection<Timeline>>,
    last_move: fn(&Slices) -> u64,
}

impl Groups {
    /// Who is one is as of what `last_move` answers.
    pub(crate) fn new(
        calls: Arc<Projection<Calls>>,
        timeline: Arc<Projection<Timeline>>,
        last_move: fn(&Slices) -> u64,
    ) -> Self {
        Self {
            calls,
            timeline,
            last_move,
        }
    }

    /// Where customers last became one, or others, as far as either knows.
    pub(crate) fn changed_at(&self) -> u64 {
        let [calls, timeline] = self.last_changes();
        calls.max(timeline)
    }

    fn last_changes(&self) -> [u64; 2] {
        let (calls, timeline) = (&self.calls, &self.timeline);
        [
            (self.last_move)(&calls.slices(u64::MAX)),
            (self.last_move)(&timeline.slices(u64::MAX)),
        ]
    }

    pub(crate) fn as_of<R>(&self, at: u64, work: impl FnOnce() -> R) -> Option<R> {
        unless_changed(at, || self.last_changes(), work)
    }

    /// Walks all customers one by one, so that folding waits for none of it.
    fn sum(&self, mut report: AgentReport) -> AgentReport {
        let mut known = Vec::with_capacity(self.timeline.customers());
        self.timeline.for_each(|customer, _| known.push(customer));
        for customer in known {
            if self.timeline.canonical(customer) != customer {
                continue;
            }
            report.next_customer();
            self.calls
                .read(customer, |state, _| report.take_calls(state));
            self.timeline
                .read(customer, |state, _| report.take_messages(state));
        }
        report
    }
}

/// What comes of `work` where both change last at `at`, before it and after it: else it may have
/// counted a customer twice, or not at all.
fn unless_changed<R>(
    at: u64,
    last_changes: impl Fn() -> [u64; 2],
    work: impl FnOnce() -> R,
) -> Option<R> {
    let is_as_of = || last_changes() == [at; 2];
    let done = is_as_of().then(work);
    done.filter(|_| is_as_of())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_report_is_of_one_moment_or_of_none() {
        assert_eq!(unless_changed(7, || [7, 7], || 1), Some(1));
        assert_eq!(unless_changed(7, || [7, 6], || 1), None, "one is behind");
        assert_eq!(
            unless_changed(6, || [7, 7], || 1),
            None,
            "it changed before"
        );
        for which in 0..2 {
            let changes = Cell::new([7, 7]);
            let work = || {
                let mut later = changes.get();
                later[which] = 8;
                changes.set(later);
            };
            let made = unless_changed(7, || changes.get(), work);
            assert_eq!(made, None, "it changed meanwhile");
        }
    }
}
