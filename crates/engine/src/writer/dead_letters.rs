//! What can't be used becomes a record too: nothing is lost.

use super::{CommitFailed, Origin, Writer};
use crate::intake::Dead;
use crate::metrics as names;
use touchbook_events::catalogue::dead_letter::{
    DeadLetter, DeadLetterFacts, DeadLetterPersonal, RawBytes,
};
use touchbook_events::catalogue::typed::Extra;
use touchbook_events::{Code, Data, Incoming, TenantNumber, Text};

/// Source of dead letters; their id is where the message stood in its stream.
const SOURCE: &str = "touchbook/stream";

impl Writer {
    /// Keeps `dead` in its tenant's ledger, or in the node's. Reading the message again adds none.
    pub(super) fn dead_letter(
        &mut self,
        tenant: Option<TenantNumber>,
        dead: Dead,
        index: usize,
        origin: Origin<'_>,
    ) -> Result<(), CommitFailed> {
        let tenant = tenant
            .filter(|_| !dead.of_node)
            .unwrap_or(TenantNumber::NODE);
        let writer = self
            .tenants
            .get_mut(&tenant)
            .expect("the node has a ledger");
        let id = id(&dead, index, origin);
        let subject = format!("dead_letter/{id}");
        ::metrics::counter!(names::DEAD_LETTERS_TOTAL, "reason" => dead.problem.code).increment(1);
        let data = Data::DeadLetter(Box::new(of(dead, origin.subject)));
        let key = writer.tenant().key().clone();
        let incoming = Incoming::own(data, SOURCE, &id, &subject, &key);
        let (_, records) = writer.decide(incoming, 0, origin)?;
        self.stage(tenant, index, records);
        Ok(())
    }
}

/// Where the message stood in its stream, and what it was: a stream that was reset gives the same
/// place to another message.
fn id(dead: &Dead, index: usize, origin: Origin<'_>) -> String {
    let raw = blake3::hash(&dead.raw).to_hex();
    let Origin {
        stream_created_at_micros,
        sequence,
        ..
    } = origin;
    format!(
        "{stream_created_at_micros}/{sequence}/{index}/{}",
        &raw[..16]
    )
}

fn of(dead: Dead, origin: &str) -> DeadLetter {
    DeadLetter {
        facts: DeadLetterFacts {
            reason: Code::clipped(dead.problem.code),
            origin: Code::clipped(origin),
        },
        personal: Some(DeadLetterPersonal {
            raw: RawBytes(dead.raw.to_vec()),
            pointer: (!dead.problem.pointer.is_empty())
                .then(|| Text::clipped(&dead.problem.pointer)),
            detail: Text::clipped(&dead.problem.detail),
            extra: Extra::default(),
        }),
    }
}
