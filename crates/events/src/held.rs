//! What is found of an event of a registered type before it is decided.

use crate::limits::EVENT_BYTES_MAX;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The extension attribute in which the service publishes it; nobody else is believed.
pub(crate) const SCHEMA_HELD: &str = "schemaheld";

/// What came of holding a payload against the schema of a registration.
///
/// It is found in the request of whoever sent it, and counts only if that registration is the one
/// that holds when the event is decided: then nobody else waits while it is held against it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Of the record that registered the version.
    pub position: u64,
    /// Where and why it breaks the schema, if it does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub broken: Option<Broken>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    pointer: String,
    detail: String,
}

impl Held {
    const CODE: &str = "schema_broken";

    /// `None` for a problem that says nothing of the payload.
    pub fn new(position: u64, held: Result<(), Problem>) -> Option<Self> {
        let broken = match held {
            Ok(()) => None,
            Err(problem) if problem.code == Self::CODE => Some(Broken {
                pointer: problem.pointer,
                detail: problem.detail,
            }),
            Err(_) => return None,
        };
        Some(Self { position, broken })
    }

    /// # Errors
    /// Where the payload breaks the schema.
    pub fn result(&self) -> Result<(), Problem> {
        match &self.broken {
            Some(Broken { pointer, detail }) => Err(Problem::new(Self::CODE, pointer, detail)),
            None => Ok(()),
        }
    }

    pub(crate) fn read(json: &RawValue) -> Option<Self> {
        serde_json::from_str(json.get()).ok()
    }

    /// An event as the service publishes it, with this beside its other attributes; without, where
    /// it would be too large.
    pub fn publish(&self, json: &str) -> Option<String> {
        let held = serde_json::to_string(self).ok()?;
        let json = json.strip_suffix('}')?;
        let published = format!("{json},\"{SCHEMA_HELD}\":{held}}}");
        (published.len() <= EVENT_BYTES_MAX).then_some(published)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incoming::Entrance;
    use crate::{Envelope, Incoming, Principal, TenantKey};

    /// Whoever sends an event can't say that it keeps to its schema.
    #[test]
    fn only_the_service_is_believed() {
        let json = r#"{"specversion":"1.0","id":"1","source":"s","type":"shop.visit"}"#;
        let problem = Problem::new("schema_broken", "/data/a", "it is \"b\"");
        let key = TenantKey::from_salt(b"test");
        for held in [Ok(()), Err(problem.clone())] {
            let held = Held::new(7, held).unwrap();
            let published = held.publish(json).unwrap();
            let read = |entrance| {
                let read = Incoming::read(&published, entrance, &Principal::producer(), &key);
                read.unwrap()
            };
            let incoming = read(Entrance::Service);
            assert_eq!(incoming.held, Some(Box::new(held.clone())));
            assert_eq!(incoming.sent.extensions, None, "it is no part of the event");
            assert_eq!(read(Entrance::Api).held, None);
            assert_eq!(read(Entrance::Producer).held, None);
            let envelope = Envelope::parse(&published).unwrap();
            let again = Incoming::republish(&envelope, &Principal::producer(), "acme");
            assert!(!again.contains(SCHEMA_HELD), "{again}");
        }
        let broken = Held::new(7, Err(problem.clone())).unwrap();
        assert_eq!(broken.result(), Err(problem));
        let other = Problem::new("payload_too_large", "", "it is");
        assert_eq!(Held::new(7, Err(other)), None);
        let padding = "x".repeat(EVENT_BYTES_MAX);
        assert_eq!(broken.publish(&format!("{{\"id\":\"{padding}\"}}")), None);
    }
}
