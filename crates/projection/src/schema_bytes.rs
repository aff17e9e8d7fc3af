//! What a message brings that is held against schemas of registered types.

use std::collections::BTreeSet;
use touchbook_events::Data;
use touchbook_events::catalogue::custom::TypeName;
use touchbook_events::limits::{SCHEMA_COMPILE_BYTES, SCHEMAS_COMPILED_MAX};

/// Counts a message's events one after the other: the bytes of their payloads, and what compiling
/// the schemas counts as that they need.
///
/// It follows from the message alone, whatever was compiled before and wherever a node begins to
/// read, so that all nodes decide alike what is too much for one message.
#[derive(Debug, Default)]
pub struct SchemaBytes {
    bytes: u64,
    /// Types whose schemas are taken for compiled; as many as are kept.
    compiled: BTreeSet<(TypeName, u32)>,
}

impl SchemaBytes {
    /// How much it is with one more event.
    pub fn with(&mut self, data: &Data) -> u64 {
        let bytes = match data {
            Data::Custom(custom) => {
                let of_type = (custom.facts.name.clone(), custom.facts.version);
                self.compile(of_type) + custom.payload().map_or(0, str::len) as u64
            }
            Data::EventTypeRegistered(_) => SCHEMA_COMPILE_BYTES,
            _ => 0,
        };
        self.bytes += bytes;
        self.bytes
    }

    fn compile(&mut self, of_type: (TypeName, u32)) -> u64 {
        if self.compiled.contains(&of_type) {
            return 0;
        }
        if self.compiled.len() >= SCHEMAS_COMPILED_MAX {
            // Others took their places.
            self.compiled.clear();
        }
        self.compiled.insert(of_type);
        SCHEMA_COMPILE_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use touchbook_events::incoming::Entrance;
    use touchbook_events::{Incoming, Principal, TenantKey};

    fn event(name: &str) -> Data {
        let json = format!(
            r#"{{"specversion":"1.0","id":"1","source":"s","type":"{name}","data":{{"a":1}}}}"#
        );
        let key = TenantKey::from_salt(b"test");
        let read = Incoming::read(&json, Entrance::Api, &Principal::producer(), &key);
        read.unwrap().data
    }

    #[test]
    fn payloads_count_and_each_schema_once_as_long_as_it_is_kept() {
        let mut counted = SchemaBytes::default();
        let order = r#"{"specversion":"1.0","id":"1","source":"s","type":"order.updated"}"#;
        assert_eq!(counted.with(&event("shop.visit")), SCHEMA_COMPILE_BYTES + 7);
        assert_eq!(
            counted.with(&event("shop.visit")),
            SCHEMA_COMPILE_BYTES + 14
        );
        let before = counted.with(&event("shop.sale"));
        assert_eq!(before, 2 * SCHEMA_COMPILE_BYTES + 21);
        let key = TenantKey::from_salt(b"test");
        if let Ok(order) = Incoming::read(order, Entrance::Api, &Principal::producer(), &key) {
            assert_eq!(
                counted.with(&order.data),
                before,
                "nothing is held against one"
            );
        }
        // More types in turn than are kept: each is compiled each time.
        let mut counted = SchemaBytes::default();
        let types = SCHEMAS_COMPILED_MAX + 1;
        for _ in 0..3 {
            for number in 0..types {
                counted.with(&event(&format!("shop.t{number}")));
            }
        }
        let events = 3 * types as u64;
        assert_eq!(counted.bytes, events * (SCHEMA_COMPILE_BYTES + 7));
    }
}
