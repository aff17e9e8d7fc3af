//! The catalogue, version 1: every type of event, who may send it, and what it carries.
//!
//! A type's number and a payload's stored layout never change; a new layout is a new version with an
//! upcaster from the old one (design law 6).

pub mod account;
pub mod call;
pub mod customer;
pub mod dead_letter;
pub mod message;
pub mod order;
pub mod typed;

use crate::customer_ref::CustomerRef;
use crate::problem::Problem;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Who may bring an event of a type about (column "by" of the catalogue).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A producer on the stream, or over HTTP.
    Producer,
    /// A person or program through the API.
    User,
    /// The writer, as the consequence of a decision.
    Writer,
    /// The service itself: clock, scorer, command line.
    Service,
}

event_types! {
    /// What could not be used, kept with its reason; a record, not a type that is sent.
    0 DeadLetter "dead_letter" 1 dead_letter::DeadLetter, by [Writer], object "dead_letter";
    1 TenantCreated "tenant.created" 1 account::TenantCreated, by [Service], object "tenant";
    2 PolicyDefined "policy.defined" 1 account::PolicyDefined, by [User Writer], object "policy", key name;
    10 CustomerCreated "customer.created" 1 customer::Created, by [Writer], object "customer";
    11 CustomerUpdated "customer.updated" 1 customer::Updated, by [Producer User], object "customer", customer customer;
    12 IdentifierAttached "identifier.attached" 1 customer::IdentifierAttached, by [User Writer], object "customer";
    13 IdentifierDetached "identifier.detached" 1 customer::IdentifierDetached, by [User Writer], object "customer";
    16 CustomerMerged "customer.merged" 1 customer::Merged, by [User], object "customer";
    17 CustomerUnmerged "customer.unmerged" 1 customer::Unmerged, by [User], object "customer";
    18 MergeSuggested "merge.suggested" 1 customer::MergeSuggested, by [Writer], object "merge";
    20 SubjectAssigned "subject.assigned" 1 customer::SubjectAssigned, by [User Writer], object "subject";
    21 EventRetracted "event.retracted" 1 account::Retracted, by [User], object "event";
    22 EventReinstated "event.reinstated" 1 account::Reinstated, by [User], object "event";
    30 CallStarted "call.started" 1 call::Started, by [Producer User], object "call", key call_id, customer customer;
    31 CallEnded "call.ended" 1 call::Ended, by [Producer User], object "call", key call_id;
    44 SmsReceived "sms.received" 1 message::SmsReceived, by [Producer User], object "sms", customer customer;
    45 SmsSent "sms.sent" 1 message::SmsSent, by [Producer User], object "sms", customer customer;
    50 OrderUpdated "order.updated" 1 order::Updated, by [Producer User], object "order", key order_id, customer customer, whole whole;
    51 OrderRefunded "order.refunded" 1 order::Refunded, by [Producer User], object "order", key order_id;
}

impl Data {
    /// Rules over several members that no single type can hold.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        match self {
            Self::CustomerMerged(merged) => merged.check(),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(self.as_str())
        } else {
            serializer.serialize_u16(self.code())
        }
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        if deserializer.is_human_readable() {
            let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            return Self::parse(&name).ok_or_else(|| D::Error::custom("no event type"));
        }
        let code = u16::deserialize(deserializer)?;
        Self::from_code(code).ok_or_else(|| D::Error::custom("no event type"))
    }
}
