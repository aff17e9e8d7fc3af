//! What is known of an event between sending it and answering its sender.

use super::Submission;
use super::submit::name;
use crate::error::{SubmitError, chain};
use crate::outcome::Outcome;
use crate::tenant::Tenant;
use crate::writer::{Known, repeated};
use bytes::Bytes;
use std::borrow::Cow;
use touchbook_events::{Digest, Incoming, Timestamp};
use touchbook_stream::Item;

/// Names a message whose own source and id are not known.
pub(super) fn digest(bytes: &[u8]) -> Digest {
    let mut key = [0; 16];
    key.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    Digest(key)
}

/// What is kept of a submission until it is answered.
pub(super) struct Sent {
    event_type: Cow<'static, str>,
    json: Bytes,
    pub(super) event_key: Digest,
    content: Digest,
}

impl Sent {
    pub(super) fn of(submission: &Submission) -> Self {
        Self {
            event_type: name(&submission.incoming.data),
            json: submission.json.clone(),
            event_key: submission.incoming.event_key,
            content: submission.incoming.content,
        }
    }

    /// The same event under a name that the stream's server has not seen.
    pub(super) fn again(&self, now: Timestamp) -> Item<Incoming> {
        let mut name = self.event_key.0.to_vec();
        name.extend_from_slice(&now.micros().to_be_bytes());
        Item {
            event_type: self.event_type.clone(),
            payload: self.json.clone(),
            key: digest(&name),
            decoded: None,
        }
    }
}

/// What the ledger answers to an event with this source, id and content.
pub(super) fn known(tenant: &Tenant, sent: &Sent) -> Result<Option<Outcome>, SubmitError> {
    let failed = |error: crate::ReadError| SubmitError::Unavailable {
        reason: chain(&error),
    };
    let Some(position) = tenant.find_key(&sent.event_key.0).map_err(failed)? else {
        return Ok(None);
    };
    let header = tenant.header(position).map_err(failed)?;
    Ok(header.map(|header| repeated(&Known::from(&header), sent.content)))
}
