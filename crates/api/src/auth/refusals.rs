//! Refusals of those who are signed in: one event for each principal, route and minute.

use crate::submit::SOURCE;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use touchbook_engine::{Engine, Submission, Tenant};
use touchbook_events::catalogue::access::{
    AccessRefused, AccessRefusedFacts, AccessRefusedPersonal,
};
use touchbook_events::catalogue::typed::Extra;
use touchbook_events::incoming::Entrance;
use touchbook_events::{
    Code, Data, Envelope, EventType, Incoming, Principal, TenantNumber, Text, Timestamp,
};

/// Principals and routes of a minute that are told apart; what comes beyond is counted with nobody.
const COUNTED_MAX: usize = 10_000;
/// How often those of minutes that are over are written.
const WRITE_EVERY: Duration = Duration::from_secs(5);
const MINUTE_MICROS: i64 = 60_000_000;

/// What was refused to whom.
pub(crate) struct Refusal<'a> {
    pub(crate) tenant: &'a Arc<Tenant>,
    pub(crate) principal: &'a str,
    pub(crate) route: &'static str,
    /// What it was about, where the route does not say.
    pub(crate) resource: &'a str,
}

/// Whose refusals, on which route, in which minute since 1970.
type Kind = (TenantNumber, Box<str>, &'static str, i64);

struct Counted {
    tenant: Arc<Tenant>,
    count: u32,
    /// The first of them.
    resource: Box<str>,
}

/// Refusals that are not written yet.
pub(crate) struct Refusals {
    engine: Engine,
    counted: Mutex<HashMap<Kind, Counted>>,
}

impl Refusals {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            counted: Mutex::default(),
        }
    }

    pub(crate) fn note(&self, refusal: &Refusal<'_>) {
        let minute = minute(self.engine.now());
        let number = refusal.tenant.number();
        let mut counted = self.counted();
        let kind = (number, refusal.principal.into(), refusal.route, minute);
        if counted.len() >= COUNTED_MAX && !counted.contains_key(&kind) {
            return;
        }
        let of_kind = counted.entry(kind).or_insert_with(|| Counted {
            tenant: Arc::clone(refusal.tenant),
            count: 0,
            resource: refusal.resource.into(),
        });
        of_kind.count = of_kind.count.saturating_add(1);
    }

    /// Writes those of minutes that are over, until the service stops; then all.
    pub(crate) async fn write(self: Arc<Self>, stopping: CancellationToken) {
        let mut turns = tokio::time::interval(WRITE_EVERY);
        while stopping.run_until_cancelled(turns.tick()).await.is_some() {
            self.write_before(minute(self.engine.now())).await;
        }
        self.write_before(i64::MAX).await;
    }

    /// Writes those of minutes before this one.
    pub(crate) async fn write_before(&self, minute: i64) {
        let over: Vec<_> = {
            let mut counted = self.counted();
            counted
                .extract_if(|(_, _, _, at), _| *at < minute)
                .collect()
        };
        for (kind, counted) in over {
            let tenant = Arc::clone(&counted.tenant);
            let Some(submission) = submission(&kind, &counted) else {
                continue;
            };
            let stored = self.engine.submit(&tenant, vec![submission], false).await;
            if let Err(error) = stored {
                tracing::warn!(%error, "could not write down who was refused");
            }
        }
    }

    fn counted(&self) -> MutexGuard<'_, HashMap<Kind, Counted>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn minute(at: Timestamp) -> i64 {
    at.micros().div_euclid(MINUTE_MICROS)
}

fn submission((_, principal, route, minute): &Kind, counted: &Counted) -> Option<Submission> {
    let data = Data::AccessRefused(Box::new(AccessRefused {
        facts: AccessRefusedFacts {
            route: Code::clipped(route),
            count: counted.count,
        },
        personal: Some(AccessRefusedPersonal {
            principal: Some(Text::clipped(principal)),
            resource: (!counted.resource.is_empty()).then(|| Text::clipped(&counted.resource)),
            extra: Extra::default(),
        }),
    }));
    let json = serde_json::value::to_raw_value(&data).ok()?;
    let event_type = EventType::AccessRefused;
    let at = Timestamp::from_micros(minute * MINUTE_MICROS);
    let envelope = Envelope {
        id: format!("access.refused/{principal}/{route}/{minute}").into(),
        source: SOURCE.into(),
        event_type: event_type.as_str().into(),
        time: Some(at.to_string().into()),
        data: Some(&json),
        ..Envelope::default()
    };
    let (tenant, principal) = (&counted.tenant, Principal::touchbook());
    let bytes = json.get().len();
    let read = Incoming::from_envelope(
        &envelope,
        bytes,
        Entrance::Service,
        &principal,
        tenant.key(),
    );
    let incoming = read.ok()?;
    let json = Incoming::republish(&envelope, &principal, tenant.slug()).into();
    Some(Submission { incoming, json })
}
