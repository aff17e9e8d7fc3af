//! What was known at an earlier position, and what was true at an earlier time (design idea 5).
//!
//! Both fold the customer's slice again: `known_at` up to a position, with the merges, retractions
//! and policies of then; `as_of` leaves out what happened later, and reads with that time as now.

use crate::extract::query::{Given, invalid};
use crate::extract::{Caller, Params, Values};
use crate::problem::Problem;
use std::sync::Arc;
use touchbook_engine::Tenant;
use touchbook_events::{CustomerId, EventType, Policies, Record, Timestamp};
use touchbook_policies::{InForce, PoliciesDecider};
use touchbook_projection::{Decider, Projection, Projector};
use utoipa::IntoParams;

/// Where a read looks from.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the documentation of what `Past` reads")]
pub(crate) struct PastParams {
    /// As it was known at this position, or at this time: what was recorded later does not count.
    #[param(example = "1200")]
    known_at: Option<String>,
    /// As it was at this time, by what is known: what happened later does not count. RFC 3339, or a
    /// local time or date of the tenant's zone.
    #[param(example = "2024-01-31")]
    as_of: Option<String>,
}

/// An earlier position or time.
#[derive(Clone, Copy)]
enum KnownAt {
    Position(u64),
    Time(Given),
}

/// What a read asks of the past, if anything.
pub(crate) struct Past {
    known_at: Option<KnownAt>,
    as_of: Option<Given>,
}

impl Params for Past {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        let known_at = match values.text("known_at")? {
            None => None,
            Some(text) => Some(match text.parse() {
                Ok(position) => KnownAt::Position(position),
                Err(_) => {
                    let given = Given::parse(&text).map_err(|error| {
                        invalid("known_at", format!("must be a position or a time; {error}"))
                    });
                    KnownAt::Time(given?)
                }
            }),
        };
        Ok(Self {
            known_at,
            as_of: values.time("as_of")?,
        })
    }
}

/// Where a read looks from, once all of it is known.
pub(crate) struct View {
    tenant: Arc<Tenant>,
    /// The last position that counts.
    pub(crate) position: u64,
    /// Later events do not count.
    as_of: Option<Timestamp>,
    /// The present of the answer.
    pub(crate) now: Timestamp,
    pub(crate) policies: Policies,
}

impl Past {
    /// The present.
    pub(crate) fn present() -> Self {
        Self {
            known_at: None,
            as_of: None,
        }
    }

    pub(crate) fn is_present(&self) -> bool {
        self.known_at.is_none() && self.as_of.is_none()
    }

    /// The position that it asks for, where it names one.
    pub(crate) fn position(&self) -> Option<u64> {
        match self.known_at {
            Some(KnownAt::Position(position)) => Some(position),
            Some(KnownAt::Time(_)) | None => None,
        }
    }

    /// Reads the ledger up to `applied`, which what is asked has come to; call it where that may
    /// take its time.
    ///
    /// # Errors
    /// 400 for a position that nobody has come to yet.
    pub(crate) fn view(
        &self,
        caller: &Caller,
        applied: u64,
        now: Timestamp,
    ) -> Result<View, Problem> {
        let tenant = Arc::clone(&caller.tenant);
        let zone = caller.policies().zone;
        let position = match self.known_at {
            None => applied,
            Some(KnownAt::Position(position)) => known(applied, position)?,
            Some(KnownAt::Time(at)) => last_recorded(&tenant, applied, at.last_instant(zone))?,
        };
        let policies = policies_at(&tenant, position)?;
        let as_of = self.as_of.map(|at| at.last_instant(policies.zone));
        let recorded = match self.known_at {
            None => None,
            Some(_) => recorded_at(&tenant, position)?,
        };
        Ok(View {
            tenant,
            position,
            as_of,
            now: as_of.or(recorded).unwrap_or(now),
            policies,
        })
    }
}

impl View {
    /// The customer's id and state; `None` where nobody was it then.
    pub(crate) fn state<P: Projector>(
        &self,
        projection: &Projection<P>,
        member: CustomerId,
    ) -> Result<Option<(CustomerId, P::State)>, Problem> {
        let mut state = P::State::default();
        let folded = self.fold(projection, member, &mut |record| {
            P::apply(&mut state, record)
        })?;
        Ok(folded.map(|canonical| (canonical, state)))
    }

    /// Hands over the slice's records in order; answers whose it is, `None` where there are none.
    pub(crate) fn fold<P: Projector>(
        &self,
        projection: &Projection<P>,
        member: CustomerId,
        each: &mut dyn FnMut(&Record),
    ) -> Result<Option<CustomerId>, Problem> {
        let slices = projection.slices(self.position);
        let canonical = slices.canonical(member);
        let mut records = 0_u64;
        let history = self.tenant.history();
        let folded = slices.slice(canonical, &history, self.position, &mut |record| {
            if self.as_of.is_none_or(|as_of| record.header.time <= as_of) {
                each(record);
                records += 1;
            }
        });
        folded.map_err(|error| Problem::internal(&error))?;
        Ok((records > 0).then_some(canonical))
    }
}

fn known(applied: u64, position: u64) -> Result<u64, Problem> {
    match position <= applied {
        true => Ok(position),
        false => {
            let detail = format!("the ledger has come to position {applied}, not {position}");
            Err(Problem::unreadable("position_ahead", detail))
        }
    }
}

/// The last position that was recorded at `at` or before. Positions are recorded in order of time.
fn last_recorded(tenant: &Tenant, applied: u64, at: Timestamp) -> Result<u64, Problem> {
    let (mut known, mut unknown) = (0, applied + 1);
    while unknown - known > 1 {
        let middle = known + (unknown - known) / 2;
        match recorded_at(tenant, middle)? {
            Some(recorded_at) if recorded_at <= at => known = middle,
            _ => unknown = middle,
        }
    }
    Ok(known)
}

fn recorded_at(tenant: &Tenant, position: u64) -> Result<Option<Timestamp>, Problem> {
    let record = tenant.record(position)?;
    Ok(record.map(|record| record.header.recorded_at))
}

/// The policies that held after the record at `position`.
fn policies_at(tenant: &Tenant, position: u64) -> Result<Policies, Problem> {
    let mut decider = PoliciesDecider::new();
    tenant.customer_records(CustomerId::NIL, position, &mut |record| {
        // A registered type says nothing of policies, and its schema takes long to compile.
        if record.header.event_type == EventType::PolicyDefined {
            decider.apply(&record);
        }
    })?;
    let published = decider.published();
    let in_force = published.and_then(|value| value.downcast::<InForce>().ok());
    Ok(in_force.map_or_else(Policies::default, |in_force| {
        in_force.policies().as_ref().clone()
    }))
}
