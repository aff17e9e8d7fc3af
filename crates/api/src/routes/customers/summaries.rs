//! Customers with how often and how last somebody had to do with them (S0-044).

use super::shown::Shown;
use super::{ListParams, list};
use crate::answer::{JsonText, Stamped};
use crate::blocking::blocking;
use crate::extract::fresh::FreshnessParams;
use crate::extract::{Caller, Freshness, Params, Query, Values};
use crate::lookup::{self, NAMED_BY};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::customer::CustomerAnswer;
use crate::wire::reference::Whose;
use crate::wire::summary::InteractionSummaries;
use axum::extract::State;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use touchbook_customers::Customers;
use touchbook_engagement::Engagement;
use touchbook_projection::{Projection, Projector};
use touchbook_timeline::{Entry, Filter, State as TimelineState, Timeline};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Interactions that a row shows, the newest.
const RECENT: usize = 5;
/// Rows of a page: each shows more than a row of the list of customers.
const ROWS_MAX: u64 = 100;
const ROWS_DEFAULT: u64 = 20;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get_interaction_summaries))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SummaryParams {
    /// This customer alone: an id, an e-mail address, or `kind:value`.
    #[param(example = "jane@example.com")]
    customer_id: Option<String>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: usize,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl Params for SummaryParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        let limit = values.number("limit", 1..=ROWS_MAX)?;
        Ok(Self {
            customer_id: values.text("customer_id")?,
            limit: limit.unwrap_or(ROWS_DEFAULT) as usize,
            cursor: values.text("cursor")?,
        })
    }
}

/// A customer as answers show it, with its interactions.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    customer: CustomerAnswer<'a>,
    interaction_counts: BTreeMap<&'a str, u64>,
    recent_interactions: Vec<Entry<'a>>,
}

/// Read the view `customer_interaction_summary`
///
/// One row for each customer, the last active first: the customer, how many interactions there are
/// of each source, and the newest five.
#[utoipa::path(
    get,
    path = "/api/customer_interaction_summary",
    tag = "mission",
    params(SummaryParams, FreshnessParams),
    responses((status = 200, description = "A page of customers", body = InteractionSummaries)),
)]
pub(crate) async fn get_interaction_summaries(
    State(api): State<Api>,
    caller: Caller,
    Query((params, freshness)): Query<(SummaryParams, Freshness)>,
) -> Result<Stamped<JsonText>, Problem> {
    let reads = [Customers::NAME, Engagement::NAME, Timeline::NAME, NAMED_BY];
    let applied = freshness.of(&api, &caller.tenant, &reads).await?;
    let shown = Shown::of(&caller, api.engine().now())?;
    let timeline = caller.projection::<Timeline>()?;
    let rows = Rows { shown, timeline };
    let text = match &params.customer_id {
        Some(named) => {
            let whose = lookup::named(&caller, named)?.whose();
            blocking(move || rows.one(&whose)).await?
        }
        None => blocking(move || rows.page(&params.into())).await?,
    };
    Ok(Stamped(applied, JsonText(text)))
}

struct Rows {
    shown: Shown,
    timeline: Arc<Projection<Timeline>>,
}

impl Rows {
    fn page(&self, params: &ListParams) -> Result<Vec<u8>, Problem> {
        list::page_of(&self.shown, params, |text, customer, _| {
            self.write(text, &Whose::of(customer))
        })
    }

    /// A page of one customer's row.
    fn one(&self, whose: &Whose) -> Result<Vec<u8>, Problem> {
        let mut text = b"{\"items\":[".to_vec();
        self.write(&mut text, whose)?;
        text.extend_from_slice(b"],\"next_cursor\":null}");
        Ok(text)
    }

    fn write(&self, text: &mut Vec<u8>, whose: &Whose) -> Result<bool, Problem> {
        let customer = whose.customer_id;
        let row_of = |state: &TimelineState| {
            self.shown.read(customer, |answer| {
                let resolved_from = whose.resolved_from.clone();
                let answer = CustomerAnswer {
                    resolved_from,
                    ..answer
                };
                serde_json::to_vec(&row(answer, state))
            })
        };
        let row = self.timeline.read(customer, |state, _| row_of(state));
        let row = row.unwrap_or_else(|| row_of(&TimelineState::default()));
        let row = row.transpose().map_err(|error| Problem::internal(&error))?;
        text.extend_from_slice(row.as_deref().unwrap_or_default());
        Ok(row.is_some())
    }
}

fn row<'a>(customer: CustomerAnswer<'a>, state: &'a TimelineState) -> Row<'a> {
    Row {
        customer,
        interaction_counts: state.counts_by_source(),
        recent_interactions: state.entries(&Filter::default()).take(RECENT).collect(),
    }
}

impl From<SummaryParams> for ListParams {
    fn from(params: SummaryParams) -> Self {
        Self {
            view: None,
            q: None,
            status: None,
            last_agent_interaction_from: None,
            last_agent_interaction_to: None,
            limit: params.limit,
            cursor: params.cursor,
        }
    }
}
