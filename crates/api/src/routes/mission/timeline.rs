//! `/api/timeline`: the dashboard's questions as document 001 spells them.

use crate::answer::{JsonText, Stamped};
use crate::extract::fresh::FreshnessParams;
use crate::extract::query::{self, Given, invalid};
use crate::extract::{Caller, Freshness, JsonBody, Params, Path, Query, Values};
use crate::limits::PAGE_MAX;
use crate::lookup;
use crate::past::Past;
use crate::problem::Problem;
use crate::refresh;
use crate::routes::customers::views::{self, PageParams};
use crate::routes::customers::{self, ListParams, VIEWS, details};
use crate::routes::timeline::{self, TimelineParams};
use crate::state::Api;
use crate::wire::customer::{CustomerDocument, CustomerList};
use crate::wire::details::CustomerDetails;
use crate::wire::timeline::TimelinePage;
use crate::wire::view::{OrderPage, QuotePage, ThreadPage};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use touchbook_accounts::Action;
use touchbook_events::IdentifierKind;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What can be asked, by `action`, and how many rows are answered unless asked otherwise (C29).
const ACTIONS: [(&str, u64); 10] = [
    ("timeline", 100),
    ("profile", 1),
    ("search", 50),
    ("recent", 20),
    ("top", 10),
    ("attention", 50),
    ("customer_details", 50),
    ("email_threads", 50),
    ("quote_sessions", 50),
    ("order_history", 50),
];
/// Where the documents' view over all touchpoints is served.
const UNIFIED_TIMELINE: &str = "/api/customer_timeline_unified";
/// Characters of a search.
const QUERY_CHARS_MAX: usize = 200;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(ask_timeline, change_timeline))
        .routes(routes!(get_unified_timeline))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskParams {
    /// `timeline`, `profile`, `search`, `recent`, `top`, `attention`, `customer_details`,
    /// `email_threads`, `quote_sessions` or `order_history`.
    #[param(value_type = Option<String>, example = "timeline")]
    action: Option<String>,
    /// Where it is about one: a customer id, an e-mail address, or `kind:value`.
    #[param(rename = "customerId")]
    customer_id: Option<String>,
    /// With `timeline`: only these, apart by commas.
    #[param(value_type = Option<String>, example = "call,email")]
    sources: Vec<String>,
    /// With `timeline`: from this time on.
    #[param(rename = "dateFrom", value_type = Option<String>, example = "2024-01-01")]
    date_from: Option<Given>,
    /// With `timeline`: up to and with this time; a date means the whole day.
    #[param(rename = "dateTo", value_type = Option<String>, example = "2024-12-31")]
    date_to: Option<Given>,
    /// With `search`: name, company, e-mail, phone or external id.
    query: Option<String>,
    /// 100 with `timeline`, 20 with `recent`, 10 with `top`, else 50; with `customer_details` of
    /// each source.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl Params for AskParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        let sources = values.words("sources")?;
        Ok(Self {
            action: values.text("action")?,
            customer_id: values.text("customerId")?,
            sources,
            date_from: values.time("dateFrom")?,
            date_to: values.time("dateTo")?,
            query: values.text("query")?,
            limit: values.number("limit", 1..=PAGE_MAX)?,
            cursor: values.text("cursor")?,
        })
    }
}

/// A question, read as its action has it.
enum Asked {
    Timeline(String, TimelineParams),
    Profile(String),
    /// Everything of one customer, and how many rows of each source.
    Details(String, usize),
    /// One of what is put together, by its action.
    View(&'static str, String, PageParams),
    List(ListParams),
}

impl AskParams {
    fn asked(self) -> Result<Asked, Problem> {
        let action = self.action.as_deref().unwrap_or_default();
        let known = ACTIONS.iter().find(|(known, _)| *known == action);
        let Some((action, limit_default)) = known else {
            let detail = format!(
                "`action` says what is asked; `{action}` is none of them, and the view of document \
                 001 is at {UNIFIED_TIMELINE}"
            );
            let allowed = ACTIONS.iter().map(|(action, _)| *action);
            return Err(Problem::unreadable("unknown_action", detail).allowing(allowed));
        };
        let limit = self.limit.unwrap_or(*limit_default) as usize;
        match *action {
            "timeline" => {
                let params = TimelineParams {
                    sources: self.sources,
                    from: self.date_from.map(|given| given.moment),
                    to: self.date_to,
                    limit,
                    cursor: query::cursor(self.cursor.as_deref())?,
                };
                Ok(Asked::Timeline(named(self.customer_id)?, params))
            }
            "profile" => named(self.customer_id).map(Asked::Profile),
            "customer_details" => Ok(Asked::Details(named(self.customer_id)?, limit)),
            "email_threads" | "quote_sessions" | "order_history" => {
                let cursor = query::cursor(self.cursor.as_deref())?;
                Ok(Asked::View(
                    action,
                    named(self.customer_id)?,
                    PageParams { limit, cursor },
                ))
            }
            view => Ok(Asked::List(ListParams {
                view: VIEWS.into_iter().find(|known| *known == view),
                q: match view {
                    "search" => Some(searched(self.query)?),
                    _ => None,
                },
                status: None,
                last_agent_interaction_from: None,
                last_agent_interaction_to: None,
                limit,
                cursor: self.cursor,
            })),
        }
    }
}

fn named(customer_id: Option<String>) -> Result<String, Problem> {
    customer_id.ok_or_else(|| invalid("customerId", "missing; it says whose"))
}

fn searched(query: Option<String>) -> Result<String, Problem> {
    let query = query.filter(|query| !query.trim().is_empty());
    let query = query.ok_or_else(|| invalid("query", "missing; it says whom to look for"))?;
    match query.chars().count() <= QUERY_CHARS_MAX {
        true => Ok(query),
        false => Err(invalid(
            "query",
            format!("at most {QUERY_CHARS_MAX} characters"),
        )),
    }
}

/// What is answered, by action: a page of a timeline, a customer, all of it, or a page of what is
/// asked for.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the documentation of the answers to all actions")]
enum TimelineAnswer {
    Timeline(TimelinePage),
    Profile(Box<CustomerDocument>),
    Customers(CustomerList),
    Details(Box<CustomerDetails>),
    Threads(ThreadPage),
    Quotes(QuotePage),
    Orders(OrderPage),
}

/// Ask about customers
///
/// The questions of document 001; `/api/v1/customers` and what lies below it answer the same.
#[utoipa::path(
    get,
    path = "/api/timeline",
    tag = "mission",
    params(AskParams, FreshnessParams),
    responses((status = 200, description = "As the action has it", body = TimelineAnswer)),
)]
pub(crate) async fn ask_timeline(
    State(api): State<Api>,
    caller: Caller,
    Query((params, freshness)): Query<(AskParams, Freshness)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    match params.asked()? {
        Asked::Timeline(named, params) => {
            let query = Query((params, freshness, Past::present()));
            let page = timeline::get_timeline(State(api), caller, Path(named), query);
            page.await.map(IntoResponse::into_response)
        }
        Asked::Profile(named) => {
            let query = Query((freshness, Past::present()));
            let customer = customers::get_customer(State(api), caller, Path(named), headers, query);
            customer.await.map(IntoResponse::into_response)
        }
        Asked::Details(named, each_max) => {
            let asked = views::Asked {
                api,
                caller,
                named,
                freshness,
                past: Past::present(),
            };
            let details = details::answer(asked, each_max).await;
            details.map(IntoResponse::into_response)
        }
        Asked::View(action, named, params) => {
            let query = Query((params, freshness, Past::present()));
            let (state, named) = (State(api), Path(named));
            let page = match action {
                "email_threads" => views::list_threads(state, caller, named, query).await,
                "quote_sessions" => views::list_quotes(state, caller, named, query).await,
                _ => views::list_orders(state, caller, named, query).await,
            };
            page.map(IntoResponse::into_response)
        }
        Asked::List(params) => {
            caller.guard.admit(Action::ListCustomers)?;
            let query = Query((params, freshness));
            let page = customers::list_customers(State(api), caller, query);
            page.await.map(IntoResponse::into_response)
        }
    }
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UnifiedParams {
    #[param(value_type = Option<String>, example = "customer@example.com")]
    customer_email: Option<String>,
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: usize,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<touchbook_timeline::Cursor>,
}

impl Params for UnifiedParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        let limit = |(action, limit): &(&str, u64)| (*action == "timeline").then_some(*limit);
        let limit_default = ACTIONS.iter().find_map(limit).unwrap_or(PAGE_MAX);
        Ok(Self {
            customer_email: values.text("customer_email")?,
            limit: values
                .number("limit", 1..=PAGE_MAX)?
                .unwrap_or(limit_default) as usize,
            cursor: values.cursor()?,
        })
    }
}

/// Read the view `customer_timeline_unified`
///
/// The rows of `/api/timeline?action=timeline` by a customer's e-mail address, newest first.
#[utoipa::path(
    get,
    path = "/api/customer_timeline_unified",
    tag = "mission",
    params(UnifiedParams, FreshnessParams),
    responses((status = 200, description = "A page of the timeline", body = TimelinePage)),
)]
pub(crate) async fn get_unified_timeline(
    State(api): State<Api>,
    caller: Caller,
    Query((params, freshness)): Query<(UnifiedParams, Freshness)>,
) -> Result<Stamped<JsonText>, Problem> {
    let email = params.customer_email;
    let email = email.ok_or_else(|| invalid("customer_email", "missing; it says whose"))?;
    let named = Path(format!("{}:{email}", IdentifierKind::Email));
    let rows = TimelineParams {
        sources: Vec::new(),
        from: None,
        to: None,
        limit: params.limit,
        cursor: params.cursor,
    };
    let query = Query((rows, freshness, Past::present()));
    timeline::get_timeline(State(api), caller, named, query).await
}

/// What is to be done, as document 001 spells it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimelineChange {
    /// `update_profile`.
    #[schema(example = "update_profile")]
    action: String,
    /// A customer id, an e-mail address, or `kind:value`.
    #[serde(rename = "customerId")]
    #[schema(example = "customer@example.com")]
    customer_id: String,
}

/// Fold a customer's profile again
///
/// Answers the profile; nothing changes unless something broke.
#[utoipa::path(
    post,
    path = "/api/timeline",
    tag = "mission",
    request_body = TimelineChange,
    responses((status = 200, description = "The profile", body = CustomerDocument)),
)]
pub(crate) async fn change_timeline(
    State(api): State<Api>,
    caller: Caller,
    Query(()): Query<()>,
    headers: HeaderMap,
    JsonBody(change): JsonBody<TimelineChange>,
) -> Result<Response, Problem> {
    const UPDATE_PROFILE: &str = "update_profile";
    if change.action != UPDATE_PROFILE {
        let detail = format!("`{}` is no action", change.action);
        let problem = Problem::unreadable("unknown_action", detail).at("/action");
        return Err(problem.allowing([UPDATE_PROFILE]));
    }
    let whose = lookup::named(&caller, &change.customer_id)?.whose();
    refresh::refresh(api.clone(), caller.clone(), whose).await?;
    let query = Query((Freshness::any(), Past::present()));
    let named = Path(change.customer_id);
    let profile = customers::get_customer(State(api), caller, named, headers, query);
    profile.await.map(IntoResponse::into_response)
}
