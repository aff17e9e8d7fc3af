//! Timelines: a customer's touchpoints, and one of them with its history.

use crate::answer::{JsonText, Stamped};
use crate::blocking::blocking;
use crate::etag::{self, tagged};
use crate::extract::fresh::FreshnessParams;
use crate::extract::query::{Given, none_of};
use crate::extract::{Caller, Freshness, Params, Path, Query, Values};
use crate::limits::{PAGE_BYTES_MAX, PAGE_MAX};
use crate::lookup::{self, NAMED_BY};
use crate::past::{Past, PastParams};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::event::EventRecord;
use crate::wire::reference::Whose;
use crate::wire::timeline::{EntryAnswer, EntryWithHistory, PageAnswer, TimelinePage};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use chrono_tz::Tz;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::VecDeque;
use std::sync::Arc;
use touchbook_engine::Tenant;
use touchbook_events::{CustomerId, Digest, EntrySource, Moment};
use touchbook_projection::{Projection, Projector};
use touchbook_timeline::{Cursor, Filter, Sources, State as TimelineState, Timeline};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Bytes of a usual entry in JSON.
const ENTRY_BYTES: usize = 576;
/// Entries of a page that an async thread may write.
const INLINE_ENTRIES_MAX: usize = 50;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(get_timeline))
        .routes(routes!(get_entry))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimelineParams {
    /// Only these, apart by commas: call, email, sms, chat, social, order, manual, workflow, or a
    /// source that a type was registered with.
    #[param(value_type = Option<String>, example = "call,email")]
    pub(crate) sources: Vec<String>,
    /// From this time on: RFC 3339, or a local time or date of the tenant's zone.
    #[param(value_type = Option<String>, example = "2024-01-01")]
    pub(crate) from: Option<Moment>,
    /// Up to and with this time; a date means the whole day.
    #[param(value_type = Option<String>, example = "2024-01-31")]
    pub(crate) to: Option<Given>,
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub(crate) limit: usize,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    pub(crate) cursor: Option<Cursor>,
}

impl Params for TimelineParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        let sources = values.words("sources")?;
        let from = values.time("from")?;
        let to = values.time("to")?;
        let limit = values.limit()?;
        let cursor = values.cursor()?;
        Ok(Self {
            sources,
            from: from.map(|given| given.moment),
            to,
            limit,
            cursor,
        })
    }
}

impl TimelineParams {
    fn filter(&self, caller: &Caller, zone: Tz) -> Result<Filter, Problem> {
        Ok(Filter {
            sources: sources(caller, &self.sources)?,
            from: self.from.map(|from| from.in_zone(zone)),
            to: self.to.map(|to| to.last_instant(zone)),
        })
    }
}

/// Sources by their names: those that every tenant has, and those of the types that it registered.
fn sources(caller: &Caller, names: &[String]) -> Result<Sources, Problem> {
    if names.is_empty() {
        return Ok(Sources::default());
    }
    let in_force = caller.in_force();
    let registered = in_force.types().sources();
    let built_in = || EntrySource::built_in().map(EntrySource::as_str);
    let mut sources = Sources::default();
    for name in names {
        if !registered.contains(&**name) && !built_in().any(|known| known == name) {
            let mut allowed: Vec<&str> = built_in().collect();
            allowed.extend(registered);
            return Err(none_of("sources", name).allowing(allowed));
        }
        sources = sources.with_named(name);
    }
    Ok(sources)
}

/// Read a customer's timeline
#[utoipa::path(
    get,
    path = "/api/v1/customers/{ref}/timeline",
    tag = "customers",
    params(
        ("ref" = String, Path, description = "A customer id, an e-mail address, or `kind:value`"),
        TimelineParams,
        FreshnessParams,
        PastParams,
    ),
    responses((status = 200, description = "A page of the timeline", body = TimelinePage)),
)]
pub(crate) async fn get_timeline(
    State(api): State<Api>,
    caller: Caller,
    Path(named): Path<String>,
    Query((params, freshness, past)): Query<(TimelineParams, Freshness, Past)>,
) -> Result<Stamped<JsonText>, Problem> {
    let reads = [
        Timeline::NAME,
        touchbook_customers::Customers::NAME,
        NAMED_BY,
    ];
    let freshness = freshness.and_at(past.position());
    let applied = freshness.of(&api, &caller.tenant, &reads).await?;
    let filter = params.filter(&caller, caller.policies().zone)?;
    if !past.is_present() {
        return page_then(api, caller, named, params, past, applied).await;
    }
    let whose = lookup::named(&caller, &named)?.whose();
    let timeline = caller.projection::<Timeline>()?;
    // A page is a range, but the entries of some sources alone have to be looked for.
    let text = match filter.sources.is_all() && params.limit <= INLINE_ENTRIES_MAX {
        true => page(&timeline, whose, &filter, &params)?,
        false => blocking(move || page(&timeline, whose, &filter, &params)).await?,
    };
    Ok(Stamped(applied, JsonText(text)))
}

/// The page as it was known, or as it was.
async fn page_then(
    api: Api,
    caller: Caller,
    named: String,
    params: TimelineParams,
    past: Past,
    applied: u64,
) -> Result<Stamped<JsonText>, Problem> {
    let named = lookup::named(&caller, &named)?;
    let timeline = caller.projection::<Timeline>()?;
    let read = blocking(move || {
        let view = past.view(&caller, applied, api.engine().now())?;
        let known = view.state(&timeline, named.member)?;
        let (customer, state) = known.ok_or_else(Problem::not_found)?;
        let whose = named.whose_then(customer);
        let filter = params.filter(&caller, view.policies.zone)?;
        let mut text = Vec::new();
        let written = write_page(&state, whose, &filter, &params, None, &mut text);
        written.map_err(|error| Problem::internal(&error))?;
        Ok((view.position, text))
    });
    let (position, text) = read.await?;
    Ok(Stamped(position, JsonText(text)))
}

fn write_page(
    state: &TimelineState,
    whose: Whose,
    filter: &Filter,
    params: &TimelineParams,
    stale_since: Option<u64>,
    text: &mut Vec<u8>,
) -> serde_json::Result<()> {
    let page = state.page(filter, params.limit, params.cursor);
    let next_cursor = page.next_cursor.map(|cursor| cursor.to_string());
    let items = page.entries.as_slice();
    let answer = PageAnswer {
        customer_id: whose.customer_id,
        resolved_from: whose.resolved_from,
        items,
        next_cursor,
        stale_since,
    };
    serde_json::to_writer(text, &answer)
}

fn page(
    timeline: &Projection<Timeline>,
    whose: Whose,
    filter: &Filter,
    params: &TimelineParams,
) -> Result<Vec<u8>, Problem> {
    let mut text = Vec::with_capacity(params.limit.min(INLINE_ENTRIES_MAX) * ENTRY_BYTES);
    let written = timeline.read(whose.customer_id, |state, stale_since| {
        write_page(state, whose, filter, params, stale_since, &mut text)
    });
    match written {
        Some(Ok(())) => Ok(text),
        Some(Err(error)) => Err(Problem::internal(&error)),
        None => Err(Problem::not_found()),
    }
}

/// Read an entry
///
/// With its records, in which its body, transcript and items are.
#[utoipa::path(
    get,
    path = "/api/v1/entries/{entry_id}",
    tag = "customers",
    params(
        ("entry_id" = String, Path, description = "The subject, percent-encoded: `order%2F12345`"),
        ("If-None-Match" = Option<String>, Header, description = "304 if nothing is newer"),
        FreshnessParams,
    ),
    responses(
        (status = 200, description = "The entry and its history", body = EntryWithHistory),
        (status = 304, description = "Nothing is newer than the given `ETag`"),
    ),
)]
pub(crate) async fn get_entry(
    State(api): State<Api>,
    caller: Caller,
    Path(entry_id): Path<String>,
    headers: HeaderMap,
    Query(freshness): Query<Freshness>,
) -> Result<Response, Problem> {
    let applied = freshness
        .of(&api, &caller.tenant, &[Timeline::NAME])
        .await?;
    let timeline = caller.projection::<Timeline>()?;
    let subject = caller.tenant.key().subject(&entry_id);
    if let Some(customer) = owner(&timeline, subject) {
        caller.guard.admit_to(customer)?;
    }
    let tenant = Arc::clone(&caller.tenant);
    let found = blocking(move || Found::find(&tenant, &timeline, subject)).await?;
    let Found { etag, text } = found.ok_or_else(Problem::not_found)?;
    Ok(Stamped(applied, tagged(&headers, etag, text)).into_response())
}

struct Found {
    etag: String,
    text: Vec<u8>,
}

impl Found {
    fn find(
        tenant: &Tenant,
        timeline: &Projection<Timeline>,
        subject: Digest,
    ) -> Result<Option<Self>, Problem> {
        let Some(customer) = owner(timeline, subject) else {
            return Ok(None);
        };
        let mut history = History::default();
        history.read(tenant, timeline, customer, subject)?;
        let found = timeline.read(customer, |state, _| {
            let entry = state.entry(subject)?;
            let last_position = entry.last_position();
            let answer = EntryAnswer {
                customer_id: customer.0,
                entry,
                history: history.newest,
                history_omitted: history.omitted,
            };
            // A merge or a retraction changes the answer, and not its last position.
            Some(serde_json::to_vec(&answer).map(|text| Self {
                etag: etag::of_answer(last_position, &text),
                text,
            }))
        });
        found
            .flatten()
            .transpose()
            .map_err(|error| Problem::internal(&error))
    }
}

/// Whose timeline the entry is in.
fn owner(timeline: &Projection<Timeline>, subject: Digest) -> Option<CustomerId> {
    timeline.find(subject, |customer, state| {
        state.entry(subject).map(|_| customer)
    })
}

/// The entry's newest records, as they are answered, oldest first.
#[derive(Default)]
struct History {
    newest: VecDeque<Box<RawValue>>,
    bytes: usize,
    omitted: u64,
}

impl History {
    /// Those of the customer's slice.
    fn read(
        &mut self,
        tenant: &Tenant,
        timeline: &Projection<Timeline>,
        customer: CustomerId,
        subject: Digest,
    ) -> Result<(), Problem> {
        let to = timeline.applied();
        let slices = timeline.slices(to);
        let mut written = Ok(());
        let read = slices.slice(customer, &tenant.history(), to, &mut |record| {
            if record.header.subject == subject && written.is_ok() {
                written = to_raw_value(&EventRecord::from(record.clone())).map(|row| self.add(row));
            }
        });
        read.map_err(|error| Problem::internal(&error))?;
        written.map_err(|error| Problem::internal(&error))
    }

    fn add(&mut self, row: Box<RawValue>) {
        self.bytes += row.get().len();
        self.newest.push_back(row);
        while self.newest.len() > 1 && self.is_too_long() {
            let oldest = self.newest.pop_front();
            self.bytes -= oldest.map_or(0, |oldest| oldest.get().len());
            self.omitted += 1;
        }
    }

    fn is_too_long(&self) -> bool {
        self.newest.len() as u64 > PAGE_MAX || self.bytes > PAGE_BYTES_MAX
    }
}
