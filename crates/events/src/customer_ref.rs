//! How an event names its customer, and the identifiers that resolve to one.

use crate::id::CustomerId;
use crate::text::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

closed_enum!(
    /// Kinds of identifiers, in the order in which a reference is tried (C1).
    IdentifierKind {
        ExternalId = "external_id",
        User = "user",
        Email = "email",
        Phone = "phone",
        Handle = "handle",
    }
);

/// An identifier in its normal form: what resolves, and is never normalised again.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Identifier {
    pub kind: IdentifierKind,
    pub value: Text<320>,
}

/// An identifier together with the text that it was read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SentIdentifier {
    pub kind: IdentifierKind,
    pub value: Text<320>,
    pub as_sent: Text<320>,
}

event_object! {
    /// How an event names its customer: any of these, tried in this order (C1).
    #[derive(Default, Eq)]
    personal CustomerRef {
        id: Option<CustomerId>,
        /// Made unique in the tenant by its producer, such as `opencart:67890`.
        external_id: Option<Text<320>>,
        user: Option<Text<320>>,
        email: Option<Text<320>>,
        phone: Option<Text<320>>,
        /// Such as `instagram:janesmith`.
        handle: Option<Text<320>>,
        name: Option<Text<200>>,
        company: Option<Text<200>>,
    }
}

impl CustomerRef {
    /// What was sent, by kind, in the order in which it is tried.
    pub fn identifiers(&self) -> impl Iterator<Item = (IdentifierKind, &Text<320>)> {
        [
            (IdentifierKind::ExternalId, &self.external_id),
            (IdentifierKind::User, &self.user),
            (IdentifierKind::Email, &self.email),
            (IdentifierKind::Phone, &self.phone),
            (IdentifierKind::Handle, &self.handle),
        ]
        .into_iter()
        .filter_map(|(kind, text)| text.as_ref().map(|text| (kind, text)))
    }

    pub fn names_nobody(&self) -> bool {
        self.id.is_none() && self.identifiers().next().is_none()
    }
}

impl crate::catalogue::typed::Field for Identifier {}
impl crate::catalogue::typed::Field for SentIdentifier {}

/// A payload's `customer` member, required or optional.
pub(crate) trait NamesCustomer {
    fn customer_ref(&self) -> Option<&CustomerRef>;
}

impl NamesCustomer for CustomerRef {
    fn customer_ref(&self) -> Option<&CustomerRef> {
        Some(self)
    }
}

impl NamesCustomer for Option<CustomerRef> {
    fn customer_ref(&self) -> Option<&CustomerRef> {
        self.as_ref()
    }
}
