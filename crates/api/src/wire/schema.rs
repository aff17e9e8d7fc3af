//! What is only documented: the shape of what senders write.

use serde::Serialize;
use utoipa::ToSchema;

/// A CloudEvents 1.0 event in JSON. What else an event may carry is kept and returned.
#[derive(Serialize, ToSchema)]
pub(crate) struct CloudEvent {
    #[schema(example = "1.0")]
    pub specversion: String,
    /// With `source`, what the event is for ever.
    #[schema(example = "order-12345-1", max_length = 500)]
    pub id: String,
    #[schema(example = "shop", max_length = 500)]
    pub source: String,
    /// One of `GET /api/v1/event-types`.
    #[schema(example = "order.updated")]
    pub r#type: String,
    /// When it happened; the time of recording where absent.
    pub time: Option<String>,
    /// The object it is about. Absent, it is `<object>/<own key>` where the payload has one, such
    /// as `order/12345`, else `<object>/<source>#<id>`, with `%` and `#` of the source
    /// percent-encoded.
    pub subject: Option<String>,
    /// In digits, for types about a customer or a policy: it counts only if the object's last
    /// change is at most at this position; else the answer is 412.
    #[schema(example = "12")]
    pub expectedposition: Option<String>,
    /// `/schemas/events/<type>/<version>`; the newest version where absent.
    pub dataschema: Option<String>,
    /// The payload, in the shape of its type's schema.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
}
