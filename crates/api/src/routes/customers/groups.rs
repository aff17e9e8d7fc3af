//! Customers who are one: merging them, looking before, and undoing it.

use crate::answer::{JsonText, Read, Stamped};
use crate::blocking::blocking;
use crate::extract::fresh::FreshnessParams;
use crate::extract::{
    Caller, Freshness, IdempotencyKey, IfMatch, JsonBody, Params, Path, Query, Values,
};
use crate::lookup::{self, NAMED_BY};
use crate::problem::Problem;
use crate::state::Api;
use crate::submit::Command;
use crate::wire::customer::CustomerAnswer;
use crate::wire::event::Written;
use crate::wire::group::{
    MemberItem, MemberList, MergeAnswer, MergePreview, MergeRequest, UnmergeRequest,
};
use crate::wire::reference::Whose;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use serde_json::value::to_raw_value;
use touchbook_customers::{Customers, summary};
use touchbook_engagement::{Engagement, sentiment};
use touchbook_events::{self as events, CustomerId, EventType};
use touchbook_projection::Projector;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(merge_customers))
        .routes(routes!(unmerge_customers))
        .routes(routes!(list_members))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MergeParams {
    /// Only answer what the merged customer would be; nothing is stored.
    #[param(default = false)]
    dry_run: bool,
}

impl Params for MergeParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        Ok(Self {
            dry_run: values.flag("dry_run")?,
        })
    }
}

/// Merge customers into one
///
/// Nothing is rewritten: members keep their own events, and `unmerge` undoes it whatever came
/// meanwhile. With `dry_run` the answer is what the customer would be.
#[utoipa::path(
    post,
    path = "/api/v1/customers/{ref}/merge",
    tag = "customers",
    params(
        ("ref" = String, Path, description = "Into whom: an id, an e-mail address, or `kind:value`"),
        MergeParams,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
        ("If-Match" = Option<String>, Header, description = "Only if nothing changed since"),
    ),
    request_body = MergeRequest,
    responses(
        (status = 200, description = "Stored; or with `dry_run` a preview", body = MergeAnswer),
    ),
)]
pub(crate) async fn merge_customers(
    State(api): State<Api>,
    if_match: IfMatch,
    caller: Caller,
    Path(named): Path<String>,
    Query(params): Query<MergeParams>,
    key: IdempotencyKey,
    JsonBody(request): JsonBody<MergeRequest>,
) -> Result<Response, Problem> {
    let whose = lookup::named(&caller, &named)?.whose();
    let into = whose.customer_id;
    let members = members(&caller, &request.members, lookup::customer)?;
    if members.contains(&into) {
        let detail = "a customer can't be merged into itself";
        return Err(events::Problem::invalid("/members", detail).into());
    }
    if params.dry_run {
        return preview(api, caller, whose, members).await;
    }
    let data = json!({ "into": into.0, "members": ids(&members), "reason": request.reason });
    let data = to_raw_value(&data).map_err(|error| Problem::internal(&error))?;
    let command = Command {
        event_type: EventType::CustomerMerged,
        subject: Some(&format!("customer/{into}")),
        data: &data,
        event_id: key.event_id(&format!("POST /customers/{into}/merge")),
        expected_position: if_match.expected_position()?,
    };
    let written = caller.send(&api, command).await;
    let written = written.map_err(|problem| problem.pointing_into_body(&["/data"]))?;
    Ok(Json(written.of(whose)).into_response())
}

/// Who is named, in the order of naming, each once.
fn members(
    caller: &Caller,
    named: &[String],
    find: impl Fn(&Caller, &str) -> Result<CustomerId, Problem>,
) -> Result<Vec<CustomerId>, Problem> {
    let mut members = Vec::new();
    for (index, name) in named.iter().enumerate() {
        let found = find(caller, name).map_err(|_| {
            let detail = format!("there is no customer `{name}`");
            let pointer = format!("/members/{index}");
            Problem::from(events::Problem::new("unknown_customer", pointer, detail))
        })?;
        if !members.contains(&found) {
            members.push(found);
        }
    }
    match members.is_empty() {
        true => Err(events::Problem::invalid("/members", "must name at least one customer").into()),
        false => Ok(members),
    }
}

fn ids(members: &[CustomerId]) -> Vec<uuid::Uuid> {
    members.iter().map(|member| member.0).collect()
}

/// What the customer would be, folded from the slices of all who would be one.
async fn preview(
    api: Api,
    caller: Caller,
    whose: Whose,
    members: Vec<CustomerId>,
) -> Result<Response, Problem> {
    let into = whose.customer_id;
    let text = blocking(move || {
        let customers = caller.projection::<Customers>()?;
        let to = customers.applied();
        let slices = customers.slices(to).merged(into, &members);
        let canonical = slices.canonical(into);
        let mut state = <Customers as Projector>::State::default();
        let mut felt = <Engagement as Projector>::State::default();
        let history = caller.tenant.history();
        let folded = slices.slice(canonical, &history, to, &mut |record| {
            Customers::apply(&mut state, record);
            Engagement::apply(&mut felt, record);
        });
        folded.map_err(|error| Problem::internal(&error))?;
        let (policies, now) = (caller.policies(), api.engine().now());
        let preview = MergePreview {
            dry_run: true,
            members: ids(&slices.members(canonical)),
            customer: CustomerAnswer {
                summary: summary(canonical, &state, &policies, now),
                sentiment: sentiment(&felt, &policies),
                resolved_from: whose.resolved_from,
                stale_since: None,
                matched: None,
                attention: None,
            },
        };
        serde_json::to_vec(&preview).map_err(|error| Problem::internal(&error))
    });
    Ok(JsonText(text.await?).into_response())
}

/// Undo a merge
///
/// The named members leave, each with whoever was merged into it, and take with them what came to
/// them meanwhile.
#[utoipa::path(
    post,
    path = "/api/v1/customers/{ref}/unmerge",
    tag = "customers",
    params(
        ("ref" = String, Path, description = "From whom: an id, an e-mail address, or `kind:value`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
        ("If-Match" = Option<String>, Header, description = "Only if nothing changed since"),
    ),
    request_body = UnmergeRequest,
    responses((status = 200, description = "Stored", body = Written)),
)]
pub(crate) async fn unmerge_customers(
    State(api): State<Api>,
    if_match: IfMatch,
    caller: Caller,
    Path(named): Path<String>,
    Query(()): Query<()>,
    key: IdempotencyKey,
    JsonBody(request): JsonBody<UnmergeRequest>,
) -> Result<Json<Written>, Problem> {
    let whose = lookup::named(&caller, &named)?.whose();
    let from = whose.customer_id;
    let members = members(&caller, &request.members, lookup::member)?;
    let data = json!({ "from": from.0, "members": ids(&members), "reason": request.reason });
    let data = to_raw_value(&data).map_err(|error| Problem::internal(&error))?;
    let command = Command {
        event_type: EventType::CustomerUnmerged,
        subject: Some(&format!("customer/{from}")),
        data: &data,
        event_id: key.event_id(&format!("POST /customers/{from}/unmerge")),
        expected_position: if_match.expected_position()?,
    };
    let written = caller.send(&api, command).await;
    written
        .map(|written| Json(written.of(whose)))
        .map_err(|problem| problem.pointing_into_body(&["/data"]))
}

/// List who is one customer
#[utoipa::path(
    get,
    path = "/api/v1/customers/{ref}/members",
    tag = "customers",
    params(
        ("ref" = String, Path, description = "A customer id, an e-mail address, or `kind:value`"),
        FreshnessParams,
    ),
    responses((status = 200, description = "The members of its group", body = MemberList)),
)]
pub(crate) async fn list_members(
    State(api): State<Api>,
    caller: Caller,
    Path(named): Path<String>,
    Query(freshness): Query<Freshness>,
) -> Read<MemberList> {
    let applied = freshness
        .of(&api, &caller.tenant, &[Customers::NAME, NAMED_BY])
        .await?;
    let whose = lookup::named(&caller, &named)?.whose();
    let canonical = whose.customer_id;
    let customers = caller.projection::<Customers>()?;
    let members = customers.members(canonical).into_iter();
    let items = members.map(|member| MemberItem {
        customer_id: member.0,
        is_canonical: member == canonical,
    });
    let list = MemberList {
        customer_id: canonical.0,
        resolved_from: whose.resolved_from,
        items: items.collect(),
        next_cursor: None,
    };
    Ok(Stamped(applied, Json(list)))
}
