//! `min_position` and `wait`: how fresh an answer must be, and how long that may take.

use super::query::{Params, Values};
use crate::limits::{WAIT_DEFAULT, WAIT_MAX};
use crate::problem::Problem;
use crate::state::Api;
use std::sync::Arc;
use std::time::Duration;
use touchbook_engine::{Tenant, WaitError};
use utoipa::IntoParams;

/// Read your own writes: pass the `position` that a write answered.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the documentation of what `Freshness` reads")]
pub(crate) struct FreshnessParams {
    /// Answer only once everything up to this position is in the answer.
    #[param(minimum = 0)]
    min_position: Option<u64>,
    /// For how many seconds at most; then the answer is 503.
    #[param(minimum = 0, maximum = 30, default = 5)]
    wait: Option<u64>,
}

pub(crate) struct Freshness {
    min_position: u64,
    wait: Duration,
}

impl Params for Freshness {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        let min_position = values.number("min_position", 0..=u64::MAX)?.unwrap_or(0);
        let wait = values.number("wait", 0..=WAIT_MAX.as_secs())?;
        Ok(Self {
            min_position,
            wait: wait.map_or(WAIT_DEFAULT, Duration::from_secs),
        })
    }
}

impl Freshness {
    /// Whatever is there.
    pub(crate) fn any() -> Self {
        Self {
            min_position: 0,
            wait: WAIT_DEFAULT,
        }
    }

    /// Also of what was recorded at `position`.
    #[must_use]
    pub(crate) fn and_at(self, position: Option<u64>) -> Self {
        Self {
            min_position: self.min_position.max(position.unwrap_or_default()),
            ..self
        }
    }

    /// Waits for `projections`; answers what all of them have applied.
    pub(crate) async fn of(
        &self,
        api: &Api,
        tenant: &Arc<Tenant>,
        projections: &[&str],
    ) -> Result<u64, Problem> {
        let applied = tenant.applied_now(projections)?;
        if self.min_position <= applied {
            return Ok(applied);
        }
        let _waiter = api.waiter(tenant)?;
        Ok(tenant
            .applied(projections, self.min_position, self.wait)
            .await?)
    }

    /// Waits for the ledger itself; answers its head.
    pub(crate) async fn of_ledger(&self, api: &Api, tenant: &Arc<Tenant>) -> Result<u64, Problem> {
        let head = tenant.head();
        if self.min_position <= head {
            return Ok(head);
        }
        let _waiter = api.waiter(tenant)?;
        // Says at once when the position can't come from elsewhere.
        tenant.applied(&[], self.min_position, self.wait).await?;
        let mut heads = tenant.head_changes();
        let reached = heads.wait_for(|head| *head >= self.min_position);
        match tokio::time::timeout(self.wait, reached).await {
            Ok(Ok(head)) => Ok(*head),
            Ok(Err(_)) | Err(_) => {
                let position = self.min_position;
                Err(WaitError::TimedOut {
                    position,
                    applied: tenant.head(),
                }
                .into())
            }
        }
    }
}
