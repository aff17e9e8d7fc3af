//! What is put together of a customer when it is asked for: threads, quotes, orders, insights, and
//! why a value is what it is.

use crate::answer::{JsonText, Stamped};
use crate::blocking::blocking;
use crate::extract::fresh::FreshnessParams;
use crate::extract::{Caller, Freshness, Params, Path, Query, Values};
use crate::lookup::{self, NAMED_BY, Named};
use crate::past::{Past, PastParams, View};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::insight::Insights;
use crate::wire::reference::{About, Whose};
use crate::wire::view::{Explanation, OrderPage, QuotePage, ThreadPage};
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use touchbook_customers::Customers;
use touchbook_engagement::{Engagement, insights};
use touchbook_events::Record;
use touchbook_projection::{Projection, Projector};
use touchbook_views::explain::Field;
use touchbook_views::{Cursor, Explain, Orders, Quotes, Threads};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The rules by which records are decided and folded; no other have been activated yet.
const RULES_VERSION: u32 = 1;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_threads))
        .routes(routes!(list_quotes))
        .routes(routes!(list_orders))
        .routes(routes!(get_insights))
        .routes(routes!(explain_customer))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub(crate) limit: usize,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    pub(crate) cursor: Option<Cursor>,
}

impl Params for PageParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        let limit = values.limit()?;
        let cursor = values.cursor()?;
        Ok(Self { limit, cursor })
    }
}

pub(crate) type Answer = Result<Stamped<JsonText>, Problem>;

/// A question about one customer's slice.
pub(crate) struct Asked {
    pub(crate) api: Api,
    pub(crate) caller: Caller,
    pub(crate) named: String,
    pub(crate) freshness: Freshness,
    pub(crate) past: Past,
}

impl Asked {
    /// Folds the slice with `take`, and answers what `answer` makes of it.
    pub(crate) async fn fold<S>(
        self,
        mut state: S,
        mut take: impl FnMut(&mut S, &Record) + Send + 'static,
        answer: impl FnOnce(&S, &View, Whose) -> Result<Vec<u8>, Problem> + Send + 'static,
    ) -> Answer
    where
        S: Send + 'static,
    {
        let read = move |slice: Slice<'_>| {
            let view = slice.view;
            let whose = slice.each(&mut |record| take(&mut state, record))?;
            answer(&state, view, whose)
        };
        self.read(read).await
    }

    /// Answers what `read` makes of the slice.
    pub(crate) async fn read(
        self,
        read: impl FnOnce(Slice<'_>) -> Result<Vec<u8>, Problem> + Send + 'static,
    ) -> Answer {
        let (api, caller) = (self.api, self.caller);
        let reads = [Customers::NAME, NAMED_BY];
        let freshness = self.freshness.and_at(self.past.position());
        let applied = freshness.of(&api, &caller.tenant, &reads).await?;
        let named = lookup::named(&caller, &self.named)?;
        let customers = caller.projection::<Customers>()?;
        let past = self.past;
        let read = blocking(move || {
            let view = past.view(&caller, applied, api.engine().now())?;
            let slice = Slice {
                view: &view,
                customers,
                named,
            };
            Ok((view.position, read(slice)?))
        });
        let (position, text) = read.await?;
        Ok(Stamped(position, JsonText(text)))
    }
}

/// One customer's records, and where they are looked at from.
pub(crate) struct Slice<'v> {
    view: &'v View,
    customers: Arc<Projection<Customers>>,
    named: Named,
}

impl Slice<'_> {
    /// Hands over the records in order; answers whose they are.
    fn each(self, take: &mut dyn FnMut(&Record)) -> Result<Whose, Problem> {
        let folded = self.view.fold(&self.customers, self.named.member, take)?;
        Ok(self
            .named
            .whose_then(folded.ok_or_else(Problem::not_found)?))
    }
}

fn about(whose: Whose, answer: impl Serialize) -> Result<Vec<u8>, Problem> {
    text(&About { whose, answer })
}

pub(crate) fn text(answer: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(answer).map_err(|error| Problem::internal(&error))
}

/// List a customer's e-mail threads
///
/// Grouped by the mail system's own thread, else by Message-ID and References; with classification,
/// and which message answered which after how long. Newest first.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{ref}/threads",
    tag = "customers",
    params(
        ("ref" = String, Path, description = "A customer id, an e-mail address, or `kind:value`"),
        PageParams,
        FreshnessParams,
        PastParams,
    ),
    responses((status = 200, description = "A page of threads", body = ThreadPage)),
)]
pub(crate) async fn list_threads(
    State(api): State<Api>,
    caller: Caller,
    Path(named): Path<String>,
    Query((params, freshness, past)): Query<(PageParams, Freshness, Past)>,
) -> Answer {
    let asked = Asked {
        api,
        caller,
        named,
        freshness,
        past,
    };
    let answer = move |threads: &Threads, _: &View, whose| {
        about(whose, threads.page(params.limit, params.cursor))
    };
    asked.fold(Threads::default(), Threads::take, answer).await
}

/// List a customer's quote sessions
///
/// With the history of their states, items, totals and chat messages. Newest first.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{ref}/quotes",
    tag = "customers",
    params(
        ("ref" = String, Path, description = "A customer id, an e-mail address, or `kind:value`"),
        PageParams,
        FreshnessParams,
        PastParams,
    ),
    responses((status = 200, description = "A page of quote sessions", body = QuotePage)),
)]
pub(crate) async fn list_quotes(
    State(api): State<Api>,
    caller: Caller,
    Path(named): Path<String>,
    Query((params, freshness, past)): Query<(PageParams, Freshness, Past)>,
) -> Answer {
    let asked = Asked {
        api,
        caller,
        named,
        freshness,
        past,
    };
    let answer = move |quotes: &Quotes, _: &View, whose| {
        about(whose, quotes.page(params.limit, params.cursor))
    };
    asked.fold(Quotes::default(), Quotes::take, answer).await
}

/// List a customer's orders
///
/// With the history of their states, refunds, and what each adds to the lifetime value. Newest
/// first.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{ref}/orders",
    tag = "customers",
    params(
        ("ref" = String, Path, description = "A customer id, an e-mail address, or `kind:value`"),
        PageParams,
        FreshnessParams,
        PastParams,
    ),
    responses((status = 200, description = "A page of orders", body = OrderPage)),
)]
pub(crate) async fn list_orders(
    State(api): State<Api>,
    caller: Caller,
    Path(named): Path<String>,
    Query((params, freshness, past)): Query<(PageParams, Freshness, Past)>,
) -> Answer {
    #[derive(Serialize)]
    struct OrdersAnswer<P, S> {
        #[serde(flatten)]
        page: P,
        statistics: S,
    }
    let asked = Asked {
        api,
        caller,
        named,
        freshness,
        past,
    };
    let answer = move |orders: &Orders, view: &View, whose| {
        let answer = OrdersAnswer {
            page: orders.page(params.limit, params.cursor, &view.policies),
            statistics: orders.statistics(&view.policies),
        };
        about(whose, answer)
    };
    asked.fold(Orders::default(), Orders::take, answer).await
}

/// Read what a customer's interactions say
///
/// Sentiment over all interactions and its trend, how often there are any, by which channel the
/// customer comes, and how long answers take.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{ref}/insights",
    tag = "customers",
    params(
        ("ref" = String, Path, description = "A customer id, an e-mail address, or `kind:value`"),
        FreshnessParams,
        PastParams,
    ),
    responses((status = 200, description = "Its insights", body = Insights)),
)]
pub(crate) async fn get_insights(
    State(api): State<Api>,
    caller: Caller,
    Path(named): Path<String>,
    Query((freshness, past)): Query<(Freshness, Past)>,
) -> Answer {
    let asked = Asked {
        api,
        caller,
        named,
        freshness,
        past,
    };
    let answer = |state: &<Engagement as Projector>::State, view: &View, whose| {
        about(whose, insights(state, &view.policies, view.now))
    };
    let state = <Engagement as Projector>::State::default();
    asked.fold(state, Engagement::apply, answer).await
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExplainParams {
    /// A value of the customer's answer, such as `ltv` or `total_agent_calls`.
    #[param(value_type = Option<String>, example = "ltv")]
    field: Option<String>,
}

impl Params for ExplainParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        Ok(Self {
            field: values.text("field")?,
        })
    }
}

/// Explain a value of a customer
///
/// The records at which it changed, with the value before and after, and the policies that it
/// depends on.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{ref}/explain",
    tag = "customers",
    params(
        ("ref" = String, Path, description = "A customer id, an e-mail address, or `kind:value`"),
        ExplainParams,
        FreshnessParams,
        PastParams,
    ),
    responses((status = 200, description = "What made the value", body = Explanation)),
)]
pub(crate) async fn explain_customer(
    State(api): State<Api>,
    caller: Caller,
    Path(named): Path<String>,
    Query((params, freshness, past)): Query<(ExplainParams, Freshness, Past)>,
) -> Answer {
    let field = params.field.as_deref().unwrap_or_default();
    let field = Field::parse(field).map_err(|problem| Problem::of_parameter("field", problem))?;
    let asked = Asked {
        api,
        caller,
        named,
        freshness,
        past,
    };
    let read = move |slice: Slice<'_>| {
        let view = slice.view;
        let mut explain = Explain::new(field, &view.policies, view.now, RULES_VERSION);
        let whose = slice.each(&mut |record| explain.take(record))?;
        about(whose, explain.finish())
    };
    asked.read(read).await
}
