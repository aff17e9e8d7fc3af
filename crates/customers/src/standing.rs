//! What people decided about a customer: its manual status, and the channels it allows.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use touchbook_events::catalogue::customer::{ConsentChannel, CustomerStatus};
use touchbook_projection::Latest;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// Nothing = automatic.
    pub(crate) status: Latest<CustomerStatus>,
    pub(crate) consents: BTreeMap<ConsentChannel, Latest<bool>>,
}
