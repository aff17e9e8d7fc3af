//! The configuration of the stream, and what a server made of it.

use super::options::JetStreamOptions;
use crate::limits::MESSAGE_BYTES_MAX;
use crate::message::SUBJECTS;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use std::fmt::Debug;

pub(super) const STREAM: &str = "TOUCHBOOK";
/// Kept with the stream by servers that know metadata; raised when subjects or headers change.
const SCHEMA: (&str, &str) = ("touchbook_schema", "1");

/// What we ask for. Deleting and purging are denied for good: nobody can put a hole into what
/// nodes still have to read, and personal data leaves the stream by its age.
pub(super) fn wanted(options: &JetStreamOptions) -> Config {
    Config {
        name: STREAM.to_owned(),
        description: Some("Events on their way to the ledger".to_owned()),
        subjects: SUBJECTS.map(str::to_owned).to_vec(),
        storage: StorageType::File,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        max_age: options.max_age,
        max_bytes: i64::try_from(options.max_bytes).unwrap_or(i64::MAX),
        max_messages: -1,
        max_messages_per_subject: -1,
        max_consumers: -1,
        max_message_size: MESSAGE_BYTES_MAX as i32,
        num_replicas: options.replicas,
        duplicate_window: options.duplicate_window,
        deny_delete: true,
        deny_purge: true,
        metadata: [(SCHEMA.0.to_owned(), SCHEMA.1.to_owned())].into(),
        ..Config::default()
    }
}

/// The settings in which the server's echo differs from what was asked for. Servers drop options
/// that they do not know without a word, so a successful answer says nothing.
pub(super) fn differences(wanted: &Config, echoed: &Config) -> Vec<String> {
    let mut lines = Lines(Vec::new());
    let (mut subjects, mut theirs) = (wanted.subjects.clone(), echoed.subjects.clone());
    subjects.sort();
    theirs.sort();
    lines.compare("subjects", &subjects, &theirs);
    lines.compare("storage", &wanted.storage, &echoed.storage);
    lines.compare("retention", &wanted.retention, &echoed.retention);
    lines.compare("discard", &wanted.discard, &echoed.discard);
    lines.compare("max_age", &wanted.max_age, &echoed.max_age);
    lines.compare("max_bytes", &wanted.max_bytes, &echoed.max_bytes);
    lines.compare("max_msgs", &wanted.max_messages, &echoed.max_messages);
    let per_subject = (
        &wanted.max_messages_per_subject,
        &echoed.max_messages_per_subject,
    );
    lines.compare("max_msgs_per_subject", per_subject.0, per_subject.1);
    lines.compare(
        "max_msg_size",
        &wanted.max_message_size,
        &echoed.max_message_size,
    );
    lines.compare("num_replicas", &wanted.num_replicas, &echoed.num_replicas);
    lines.compare(
        "duplicate_window",
        &wanted.duplicate_window,
        &echoed.duplicate_window,
    );
    lines.compare("deny_delete", &wanted.deny_delete, &echoed.deny_delete);
    lines.compare("deny_purge", &wanted.deny_purge, &echoed.deny_purge);
    let schema = |config: &Config| config.metadata.get(SCHEMA.0).cloned();
    lines.compare("metadata", &schema(wanted), &schema(echoed));
    lines.0
}

struct Lines(Vec<String>);

impl Lines {
    fn compare<V: PartialEq + Debug>(&mut self, name: &str, wanted: &V, echoed: &V) {
        if wanted != echoed {
            self.0.push(format!(
                "stream {name}: wanted {wanted:?}, the server has {echoed:?}"
            ));
        }
    }
}

/// The first version whose configuration knows `sync_interval`.
const SYNC_SINCE: (u64, u64) = (2, 10);

/// What is known from the version alone: what is missing, and whether it can sync in time.
pub(super) fn version_limits(version: &str) -> (Option<String>, Option<bool>) {
    let mut parts = version
        .split('.')
        .map_while(|part| part.parse::<u64>().ok());
    let (Some(major), Some(minor)) = (parts.next(), parts.next()) else {
        return (None, None);
    };
    if (major, minor) >= SYNC_SINCE {
        return (None, None);
    }
    let missing = format!(
        "server {version}: no sync_interval (since 2.10), so it acknowledges messages before they \
         are on disk"
    );
    (Some(missing), Some(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_the_server_dropped_is_named() {
        let wanted = wanted(&JetStreamOptions::new("nats://localhost"));
        assert!(differences(&wanted, &wanted).is_empty());
        let echoed = Config {
            metadata: Default::default(),
            deny_purge: false,
            ..wanted.clone()
        };
        let lines = differences(&wanted, &echoed);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(
            lines[0].contains("deny_purge") && lines[1].contains("metadata"),
            "{lines:?}"
        );
    }

    #[test]
    fn servers_before_2_10_can_not_sync_before_they_acknowledge() {
        assert_eq!(version_limits("2.9.10").1, Some(false));
        assert_eq!(version_limits("2.10.0").1, None);
        assert_eq!(version_limits("3.0.0-dev").1, None);
        assert_eq!(version_limits(""), (None, None));
    }
}
