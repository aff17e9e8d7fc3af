//! `/ledger`: records in order, and proving that none was changed.

use crate::answer::{Read, Stamped};
use crate::blocking::blocking;
use crate::extract::fresh::FreshnessParams;
use crate::extract::query::invalid;
use crate::extract::{Caller, Freshness, LedgerCaller, Params, Query, Values};
use crate::limits::{FILTER_SCAN_BYTES_MAX, FILTER_SCAN_RECORDS_MAX, PAGE_BYTES_MAX};
use crate::problem::Problem;
use crate::routes::jobs::Begun;
use crate::state::Api;
use crate::wire::event::{EventList, EventRecord};
use crate::wire::ops::Job;
use axum::Json;
use axum::extract::State;
use std::ops::ControlFlow;
use touchbook_engine::Tenant;
use touchbook_events::limits::CONSEQUENCES_MAX;
use touchbook_events::{Digest, Header, Record};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_records))
        .routes(routes!(verify_ledger))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecordParams {
    /// Only records after this position.
    #[param(default = 0)]
    after: u64,
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: usize,
    /// Only records about this object.
    #[param(value_type = Option<String>, example = "order/12345")]
    subject: Option<String>,
    /// Only records that this user, key or program caused: their `authid`.
    principal: Option<String>,
    /// Only consequences of the record at this position.
    #[param(minimum = 1)]
    cause: Option<u64>,
    /// Only records with this `correlation`, 32 hexadecimal digits.
    #[param(value_type = Option<String>)]
    correlation: Option<Digest>,
}

impl Params for RecordParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        Ok(Self {
            after: values.number("after", 0..=u64::MAX)?.unwrap_or(0),
            limit: values.limit()?,
            subject: values.text("subject")?,
            principal: values.text("principal")?,
            cause: values.number("cause", 1..=u64::MAX)?,
            correlation: values.text("correlation")?.map(digest).transpose()?,
        })
    }
}

fn digest(text: String) -> Result<Digest, Problem> {
    serde_json::from_value(text.into())
        .map_err(|_| invalid("correlation", "must be 32 hexadecimal digits"))
}

/// Which records are asked for; nothing asks for all.
struct Filter {
    subject: Option<Digest>,
    principal: Option<String>,
    cause: Option<u64>,
    correlation: Option<Digest>,
}

impl Filter {
    fn is_all(&self) -> bool {
        !self.is_of_header() && self.principal.is_none()
    }

    /// Whether a record's header has something to say.
    fn is_of_header(&self) -> bool {
        self.subject.is_some() || self.cause.is_some() || self.correlation.is_some()
    }

    /// The first and the last position that may have what is asked for; a record and its
    /// consequences are one commit, some of them before it.
    fn bounds(&self, head: u64) -> (u64, u64) {
        let near = CONSEQUENCES_MAX as u64;
        match self.cause {
            Some(cause) => (
                cause.saturating_sub(near),
                cause.saturating_add(near).min(head),
            ),
            None => (1, head),
        }
    }

    fn admits(&self, header: &Header) -> bool {
        self.subject.is_none_or(|subject| header.subject == subject)
            && (self.cause.is_none() || header.cause == self.cause)
            && (self.correlation.is_none() || header.correlation == self.correlation)
    }

    fn is_caused(&self, record: &Record) -> bool {
        let sent = record.sent.as_ref();
        self.principal.is_none()
            || sent.and_then(|sent| sent.principal_id.as_deref()) == self.principal.as_deref()
    }
}

/// Read records in ledger order
///
/// A page of large records ends after 2 MiB, with a `next_cursor`. Which records have what is asked
/// for is in no index: a page looks at 200,000 at most, or at 256 MiB of them, may have fewer rows,
/// or none, and goes on where its `next_cursor` says.
#[utoipa::path(
    get,
    path = "/api/v1/ledger/events",
    tag = "ledger",
    params(RecordParams, FreshnessParams),
    responses((status = 200, description = "Records, oldest first", body = EventList)),
)]
pub(crate) async fn list_records(
    State(api): State<Api>,
    LedgerCaller(caller): LedgerCaller,
    Query((params, freshness)): Query<(RecordParams, Freshness)>,
) -> Read<EventList> {
    let head = freshness.of_ledger(&api, &caller.tenant).await?;
    let list = blocking(move || list(&caller.tenant, params, head)).await?;
    Ok(Stamped(head, Json(list)))
}

fn list(tenant: &Tenant, params: RecordParams, head: u64) -> Result<EventList, Problem> {
    let subject = params.subject.as_deref();
    let filter = Filter {
        subject: subject.map(|subject| tenant.key().subject(subject)),
        principal: params.principal,
        cause: params.cause,
        correlation: params.correlation,
    };
    let (first, end) = filter.bounds(head);
    let after = params.after.max(first.saturating_sub(1));
    let from = after.saturating_add(1);
    let to = match filter.is_all() {
        true => end,
        false => end.min(after.saturating_add(FILTER_SCAN_RECORDS_MAX)),
    };
    let mut page = Page {
        filter,
        limit: params.limit,
        items: Vec::new(),
        bytes: 0,
        bytes_read: 0,
        last: to,
        bad: None,
    };
    if from <= to {
        tenant.scan(from..=to, &mut |position, bytes| page.take(position, bytes))?;
    }
    if let Some(error) = page.bad {
        return Err(Problem::internal(&error));
    }
    let next_cursor = (page.last < end).then_some(page.last);
    Ok(EventList {
        items: page.items,
        next_cursor,
    })
}

struct Page {
    filter: Filter,
    limit: usize,
    items: Vec<EventRecord>,
    /// Of the records in it.
    bytes: usize,
    /// Of all that were looked at.
    bytes_read: usize,
    /// The last position that was looked at.
    last: u64,
    bad: Option<touchbook_events::record::CodecError>,
}

impl Page {
    fn take(&mut self, position: u64, bytes: &[u8]) -> ControlFlow<()> {
        self.bytes_read += bytes.len();
        match self.read(bytes) {
            Ok(None) => {}
            Ok(Some(record)) => {
                self.items.push(record.into());
                self.bytes += bytes.len();
            }
            Err(error) => {
                self.bad = Some(error);
                return ControlFlow::Break(());
            }
        }
        if !self.is_full() {
            return ControlFlow::Continue(());
        }
        self.last = position;
        ControlFlow::Break(())
    }

    fn is_full(&self) -> bool {
        self.items.len() >= self.limit
            || self.bytes >= PAGE_BYTES_MAX
            || (!self.filter.is_all() && self.bytes_read >= FILTER_SCAN_BYTES_MAX)
    }

    fn read(&self, bytes: &[u8]) -> Result<Option<Record>, touchbook_events::record::CodecError> {
        if self.filter.is_of_header() && !self.filter.admits(&Header::peek(bytes)?) {
            return Ok(None);
        }
        let record = Record::decode(bytes)?;
        Ok(self.filter.is_caused(&record).then_some(record))
    }
}

/// Verify the ledger
///
/// A job that reads every record, and proves by the hash chain that none was changed.
#[utoipa::path(
    post,
    path = "/api/v1/ledger/verify",
    tag = "ledger",
    responses((status = 202, description = "The job that verifies", body = Job)),
)]
pub(crate) async fn verify_ledger(
    State(api): State<Api>,
    caller: Caller,
    Query(()): Query<()>,
) -> Result<Begun, Problem> {
    Ok(Begun(api.engine().verify(&caller.tenant)?.into()))
}
