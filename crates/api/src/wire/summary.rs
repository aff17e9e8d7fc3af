//! Customers with their interactions, as they are documented.

use super::customer::CustomerDocument;
use super::timeline::EntryDocument;
use std::collections::BTreeMap;
use utoipa::openapi::schema::{AllOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// A page of the view `customer_interaction_summary`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a page of summaries")]
pub(crate) struct InteractionSummaries {
    items: Vec<InteractionSummary>,
    next_cursor: Option<String>,
}

/// A customer, with [`Interactions`] beside its members.
struct InteractionSummary;

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a customer's interactions")]
struct Interactions {
    /// How many entries there are of each source that has any.
    interaction_counts: BTreeMap<String, u64>,
    /// The newest five.
    recent_interactions: Vec<EntryDocument>,
}

impl PartialSchema for InteractionSummary {
    fn schema() -> RefOr<Schema> {
        let customer = Ref::from_schema_name(CustomerDocument::name());
        let both = AllOfBuilder::new().item(customer);
        RefOr::T(both.item(Interactions::schema()).build().into())
    }
}

impl ToSchema for InteractionSummary {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        CustomerDocument::schemas(schemas);
        Interactions::schemas(schemas);
    }
}
