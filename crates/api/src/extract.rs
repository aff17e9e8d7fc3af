//! What handlers take from a request, and how it is refused.

pub(crate) mod body;
pub(crate) mod caller;
pub(crate) mod fresh;
pub(crate) mod idempotency;
pub(crate) mod if_match;
pub(crate) mod path;
pub(crate) mod query;

pub(crate) use body::{Body, DeliveryBody, JsonBody};
pub(crate) use caller::{Caller, LedgerCaller};
pub(crate) use fresh::Freshness;
pub(crate) use idempotency::IdempotencyKey;
pub(crate) use if_match::IfMatch;
pub(crate) use path::Path;
pub(crate) use query::{Params, Query, Values};
