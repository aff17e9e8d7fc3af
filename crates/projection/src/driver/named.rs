//! A decider for tests of projectors: customers by name, without any state.

use crate::decider::{Decider, Draft};
use crate::snapshot;
use touchbook_events::{CustomerId, Record};

/// Gives an event to the customer whose `external_id` it names, else to the one in its subject,
/// `jane` in `call/jane:1`. Times without a zone are read in UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct Named;

impl Named {
    /// The id of the customer called `name`, alike in every test.
    pub fn id(name: &str) -> CustomerId {
        let mut bytes = [0; 16];
        for (at, byte) in name.bytes().enumerate() {
            bytes[at % 16] ^= byte;
        }
        CustomerId::from_bytes(bytes)
    }
}

impl Decider for Named {
    fn name(&self) -> &'static str {
        "named"
    }

    fn version(&self) -> u32 {
        1
    }

    fn decide(&self, draft: &mut Draft<'_>) {
        let zone = draft.policies.zone;
        if let Some(time) = draft.incoming.time {
            draft.time = time.in_zone(zone);
        }
        draft.incoming.data.resolve(zone);
        let reference = draft.incoming.data.customer_ref();
        let external_id = reference.and_then(|reference| reference.external_id.as_deref());
        let own = draft
            .incoming
            .sent
            .subject
            .split_once('/')
            .map(|(_, own)| own);
        let in_subject = own.map(|own| own.split(':').next().unwrap_or(own));
        draft.customer = external_id.or(in_subject).map(Self::id);
    }

    fn apply(&mut self, _: &Record) {}

    fn encode(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), snapshot::Error> {
        Ok(())
    }

    fn begin(&mut self) {}

    fn rollback(&mut self) {}

    fn keep(&mut self) {}
}
