//! Event types as they are registered and answered.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use touchbook_events::catalogue::custom::TypeMapping;
use utoipa::ToSchema;

/// A type of the catalogue, or a version of one that the tenant registered.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventTypeItem {
    #[schema(example = "order.updated")]
    pub r#type: String,
    pub version: u32,
    /// The kind of object it is about.
    #[schema(example = "order")]
    pub object: String,
    /// Whether the same subject with other content is a new revision of a whole object.
    pub whole_object: bool,
    /// Who may send it: `producer`, `user`; `writer` and `service` are Touchbook itself.
    pub sent_by: Vec<&'static str>,
    /// The source of the timeline entry it makes; null where it makes none.
    #[schema(example = "order")]
    pub entry_source: Option<String>,
    /// Where the schema of its payload is.
    #[schema(example = "/schemas/events/order.updated/1")]
    pub schema: String,
    /// Of the record that registered it; null for a type of the catalogue.
    pub position: Option<u64>,
    /// Where what is shown of its events stands in them; null for a type of the catalogue.
    #[schema(value_type = Option<TypeMappingDocument>)]
    pub mapping: Option<TypeMapping>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct EventTypeList {
    pub items: Vec<EventTypeItem>,
    pub next_cursor: Option<String>,
}

/// A version of a type that is to be registered.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventTypeRegistration {
    /// Parts of a to z, digits and `_` with dots between, two at least; the first part is none that
    /// a type of the catalogue begins with.
    #[schema(example = "shop.visit")]
    pub name: String,
    /// 1 for the first. A version never changes; events without `dataschema` are of the highest.
    #[schema(minimum = 1, example = 1)]
    pub version: u32,
    /// What its entries are shown and filtered as: one of the known sources, or its own. Absent,
    /// the first part of the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "shop")]
    pub source: Option<String>,
    /// JSON Schema of `data`, 2020-12 or, with `$schema`, draft-07; at most 64 KiB. References stay
    /// within it and never lead back to themselves; patterns have no look-around, at most ten
    /// differ, and each fits 64 KiB once it is compiled; formats say nothing.
    #[schema(value_type = Object)]
    pub schema: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TypeMappingDocument>)]
    pub mapping: Option<Box<RawValue>>,
}

/// Where what is shown of a type's events stands in `data`: JSON pointers.
#[derive(ToSchema)]
#[schema(as = TypeMapping)]
#[expect(dead_code, reason = "the documentation of `TypeMapping`")]
pub(crate) struct TypeMappingDocument {
    /// Of a text or a number.
    #[schema(example = "/headline")]
    title: Option<String>,
    /// The title where the pointer finds none; absent, the type's name in words.
    #[schema(example = "Visit")]
    title_default: Option<String>,
    /// Of a text or a number.
    #[schema(example = "/note")]
    preview: Option<String>,
    /// The pointer to a reference as all events have it, or to an e-mail address or external id;
    /// else an object of pointers: `external_id`, `user`, `email`, `phone`, `handle`, `name`,
    /// `company`.
    #[schema(value_type = Option<Object>)]
    customer: Option<serde_json::Value>,
    /// Of a number from −1 to 1, which is rounded to six digits after the point, or of
    /// `positive`, `neutral`, `negative` or `mixed`.
    #[schema(example = "/mood")]
    sentiment: Option<String>,
    /// Of a time, which then is the event's own.
    #[schema(example = "/at")]
    occurred_at: Option<String>,
    /// `inbound`, `outbound`, or the pointer to one of them.
    #[schema(example = "inbound")]
    direction: Option<String>,
    /// `call`, `email`, `sms`, `chat`, `social` or `manual`: an entry counts as a call, or unless
    /// it is inbound as an e-mail or SMS, of an agent, and as a contact on the channel.
    #[schema(example = "chat")]
    counts_as: Option<String>,
}
