//! Whose an answer is, and by what it was asked for (C1).

use serde::Serialize;
use touchbook_events::CustomerId;
use utoipa::ToSchema;

/// By what a customer was named, where that was not its own id: an identifier in normal form, or
/// the id of one that was merged into it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ResolvedFrom {
    /// `id`, or the kind of the identifier.
    #[schema(example = "email")]
    pub kind: &'static str,
    #[schema(example = "jane@example.com")]
    pub value: Box<str>,
}

impl ResolvedFrom {
    /// Adds the member to a JSON object that was written without it.
    ///
    /// # Errors
    /// None that text and a name can cause.
    pub(crate) fn append_to(&self, object: &mut Vec<u8>) -> serde_json::Result<()> {
        object.pop();
        object.extend_from_slice(b",\"resolved_from\":");
        serde_json::to_writer(&mut *object, self)?;
        object.push(b'}');
        Ok(())
    }
}

/// Whose an answer is.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Whose {
    pub customer_id: CustomerId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_from: Option<ResolvedFrom>,
}

impl Whose {
    /// Of a customer that went by its own id.
    pub(crate) fn of(customer_id: CustomerId) -> Self {
        Self {
            customer_id,
            resolved_from: None,
        }
    }
}

/// An answer about one customer.
#[derive(Serialize)]
pub(crate) struct About<T> {
    #[serde(flatten)]
    pub whose: Whose,
    #[serde(flatten)]
    pub answer: T,
}
