//! What the service fetches itself: taken as deliveries are, though nobody waits for an answer.

use crate::auth::guard::Guard;
use crate::delivery::{Delivery, Shape};
use crate::extract::Caller;
use crate::limits::{FEED_ROWS_AT_ONCE, QUOTE_ROW_BYTES_MAX};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::delivery::Delivered;
use bytes::Bytes;
use futures::StreamExt;
use touchbook_events::catalogue::dead_letter::DeadLetter;
use touchbook_events::{self as events, Principal, PrincipalKind};

/// Takes rows of the quote source for one tenant (C30: with the normaliser of `/api/sync`).
#[derive(Clone)]
pub struct QuoteFeed {
    api: Api,
    tenant: Box<str>,
}

/// Why a row of which only a part is kept is a dead letter.
const ROW_CUT: &str = "event_too_large";

/// Whether a letter holds a part of what came in, so that sending it again would be another thing.
pub(crate) fn is_cut(letter: &DeadLetter) -> bool {
    Shape::of_route(&letter.facts.origin) == Some(Shape::QuoteSource)
        && *letter.facts.reason == *ROW_CUT
}

/// What became of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fed {
    /// Rows that said something new.
    pub accepted: u64,
    /// Rows that said what was known.
    pub duplicates: u64,
    /// Rows that can't be used, and are kept as dead letters.
    pub dead_letters: u64,
}

/// Why rows could not be stored now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct FeedError {
    /// The problem's stable name.
    pub code: String,
}

impl QuoteFeed {
    /// `tenant` begins with the first rows, if it is not there.
    pub fn new(api: Api, tenant: &str) -> Self {
        Self {
            api,
            tenant: tenant.into(),
        }
    }

    /// Stores rows, each the JSON of one, or keeps them as dead letters.
    ///
    /// # Errors
    /// When that is not possible now; some of them may be stored, and sending all again is safe.
    pub async fn take(&self, rows: Vec<Bytes>) -> Result<Fed, FeedError> {
        self.take_all(rows).await.map_err(|problem| FeedError {
            code: problem.code().to_owned(),
        })
    }

    /// Names the ledger that holds what was stored so far; `None` where it can't be read.
    pub fn mark(&self) -> Option<String> {
        let tenant = self.api.engine().tenant(&self.tenant)?;
        tenant.mark(tenant.head()).ok()
    }

    /// Whether the ledger holds what was so named.
    pub fn confirms(&self, mark: &str) -> bool {
        let tenant = self.api.engine().tenant(&self.tenant);
        tenant.is_some_and(|tenant| tenant.confirms(mark))
    }

    /// Keeps that a row is too large to be read; `place` is the JSON of its `id` and `updated_at`.
    ///
    /// # Errors
    /// As [`QuoteFeed::take`].
    pub async fn pass_by(&self, place: Bytes) -> Result<Fed, FeedError> {
        let detail = "the row is larger than what is read at once; its `id` and `updated_at` are \
                      kept";
        let kept = async {
            let caller = self.caller().await?;
            cut(&self.api, &caller, place, detail.to_owned()).await
        };
        let mut fed = Fed::default();
        fed.add(&kept.await.map_err(|problem| FeedError {
            code: problem.code().to_owned(),
        })?);
        Ok(fed)
    }

    async fn take_all(&self, rows: Vec<Bytes>) -> Result<Fed, Problem> {
        let caller = self.caller().await?;
        let taking = rows.into_iter().map(|row| take(&self.api, &caller, row));
        let mut taken = futures::stream::iter(taking).buffered(FEED_ROWS_AT_ONCE);
        let mut fed = Fed::default();
        while let Some(delivered) = taken.next().await {
            fed.add(&delivered?);
        }
        Ok(fed)
    }

    async fn caller(&self) -> Result<Caller, Problem> {
        let engine = self.api.engine();
        let tenant = match engine.tenant(&self.tenant) {
            Some(tenant) => tenant,
            None => engine.create_tenant(&self.tenant).await?,
        };
        Ok(Caller {
            tenant,
            principal: Principal {
                kind: PrincipalKind::Touchbook,
                id: Some(Shape::QuoteSource.route().into()),
            },
            guard: Guard::Open,
            is_published: engine.is_published(),
        })
    }
}

async fn take(api: &Api, caller: &Caller, row: Bytes) -> Result<Delivered, Problem> {
    let bytes = row.len();
    if bytes <= QUOTE_ROW_BYTES_MAX {
        let delivery = Delivery::again(Shape::QuoteSource, row);
        return caller.deliver_or_keep(api, delivery).await;
    }
    let detail = format!(
        "the row has {bytes} bytes, at most {QUOTE_ROW_BYTES_MAX} are taken; its beginning is kept"
    );
    cut(api, caller, row.slice(..QUOTE_ROW_BYTES_MAX), detail).await
}

/// Keeps what there is of a row as a dead letter, which can't be sent again.
async fn cut(
    api: &Api,
    caller: &Caller,
    part: Bytes,
    detail: String,
) -> Result<Delivered, Problem> {
    let problem = events::Problem::new(ROW_CUT, "", detail);
    let delivery = Delivery::again(Shape::QuoteSource, part);
    let mut delivered = Delivered::default();
    delivered.keep(caller.keep(api, &delivery, &problem).await?);
    Ok(delivered)
}

impl Fed {
    fn add(&mut self, delivered: &Delivered) {
        self.accepted += delivered.accepted as u64;
        self.duplicates += delivered.duplicates as u64;
        self.dead_letters += delivered.dead_letters.len() as u64;
    }
}
