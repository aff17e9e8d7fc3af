//! Issuing keys, for the command line and for who manages them over HTTP.

use crate::submit::SOURCE;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::sync::Arc;
use touchbook_accounts::KeyText;
use touchbook_engine::{Engine, OutcomeKind, Submission, SubmitError, Tenant};
use touchbook_events::catalogue::access::{Role, WebhookKind};
use touchbook_events::incoming::Entrance;
use touchbook_events::{Envelope, EventType, Incoming, Principal, Problem};

/// A key that is to be.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub role: Role,
    /// What people call it.
    pub name: Option<String>,
    /// Whose it is; the user must be defined.
    pub user_id: Option<String>,
    /// The webhook that it opens, and nothing else.
    pub webhook: Option<WebhookKind>,
    /// Whether its deliveries are signed with a secret kept under [`Issued::reference`].
    pub is_signed: bool,
}

/// A key that was issued; its text is nowhere else.
#[derive(Clone, Debug)]
pub struct Issued {
    pub key: KeyText,
    /// Of the record.
    pub position: u64,
}

impl Issued {
    /// What a secret that belongs to the key is kept under.
    pub fn reference(key: &KeyText) -> String {
        format!("{}/{}", key.tenant(), key.prefix())
    }
}

/// Why no key was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    #[error("{}", .0.detail)]
    Refused(Problem),
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

#[derive(Serialize)]
struct Created<'a> {
    prefix: &'a str,
    hash: String,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook: Option<Webhook>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Webhook {
    kind: WebhookKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_reference: Option<String>,
}

/// Makes a key of `tenant` at random, and records its hash.
///
/// # Errors
/// Where the key can't be, such as that of a user who is not defined, or can't be written.
pub async fn issue_key(
    engine: &Engine,
    tenant: &Arc<Tenant>,
    by: &Principal,
    new: &NewKey,
) -> Result<Issued, IssueError> {
    let key = KeyText::mint(tenant.slug(), rand::random(), rand::random());
    let data = data(&key, new).map_err(IssueError::Refused)?;
    let submission = submission(tenant, by, EventType::KeyCreated, key.prefix(), &data);
    let submission = submission.map_err(IssueError::Refused)?;
    let position = store(engine, tenant, submission).await?;
    Ok(Issued { key, position })
}

/// Records that a key opens nothing any more.
///
/// # Errors
/// Where there was no such key, or it can't be written.
pub async fn revoke_key(
    engine: &Engine,
    tenant: &Arc<Tenant>,
    by: &Principal,
    prefix: &str,
) -> Result<u64, IssueError> {
    let data = to_raw_value(&serde_json::json!({ "prefix": prefix }))
        .map_err(|error| IssueError::Refused(Problem::unreadable(error.to_string())))?;
    let submission = submission(tenant, by, EventType::KeyRevoked, prefix, &data);
    store(engine, tenant, submission.map_err(IssueError::Refused)?).await
}

async fn store(
    engine: &Engine,
    tenant: &Arc<Tenant>,
    submission: Submission,
) -> Result<u64, IssueError> {
    let outcomes = engine.submit(tenant, vec![submission], false).await?;
    let outcome = outcomes.into_iter().next();
    match outcome.map(|outcome| (outcome.kind, outcome.position)) {
        Some((OutcomeKind::Accepted | OutcomeKind::Duplicate, Some(position))) => Ok(position),
        Some((OutcomeKind::Refused(problem), _)) => Err(IssueError::Refused(problem)),
        _ => {
            let detail = "it was not stored, since the key is not as it was; look at it again";
            Err(IssueError::Refused(Problem::new("not_stored", "", detail)))
        }
    }
}

fn data(key: &KeyText, new: &NewKey) -> Result<Box<RawValue>, Problem> {
    let reference = || new.is_signed.then(|| Issued::reference(key));
    let created = Created {
        prefix: key.prefix(),
        hash: key.hash(),
        role: new.role,
        webhook: new.webhook.map(|kind| Webhook {
            kind,
            secret_reference: reference(),
        }),
        name: new.name.as_deref(),
        user_id: new.user_id.as_deref(),
    };
    to_raw_value(&created).map_err(|error| Problem::unreadable(error.to_string()))
}

fn submission(
    tenant: &Tenant,
    by: &Principal,
    event_type: EventType,
    prefix: &str,
    data: &RawValue,
) -> Result<Submission, Problem> {
    let subject = event_type.subject(prefix);
    let envelope = Envelope {
        id: format!("{event_type}/{prefix}").into(),
        source: SOURCE.into(),
        event_type: event_type.as_str().into(),
        subject: Some(subject.into()),
        data: Some(data),
        ..Envelope::default()
    };
    let bytes = data.get().len();
    let incoming = Incoming::from_envelope(&envelope, bytes, Entrance::Service, by, tenant.key())?;
    let json = Incoming::republish(&envelope, by, tenant.slug()).into();
    Ok(Submission { incoming, json })
}
