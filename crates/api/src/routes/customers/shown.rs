//! What customers are shown from, and one as answers show it.

use crate::extract::Caller;
use crate::problem::Problem;
use crate::wire::customer::{CustomerAnswer, MatchedBy};
use std::sync::Arc;
use touchbook_customers::{Customers, summary};
use touchbook_engagement::{Attention, Engagement, Sentiment, State as EngagementState, sentiment};
use touchbook_events::{CustomerId, Policies, Timestamp};
use touchbook_projection::Projection;

/// What customers are shown from.
pub(crate) struct Shown {
    pub(super) customers: Arc<Projection<Customers>>,
    pub(super) engagement: Arc<Projection<Engagement>>,
    pub(super) policies: Arc<Policies>,
    pub(super) now: Timestamp,
}

impl Shown {
    pub(crate) fn of(caller: &Caller, now: Timestamp) -> Result<Self, Problem> {
        Ok(Self {
            customers: caller.projection::<Customers>()?,
            engagement: caller.projection::<Engagement>()?,
            policies: caller.policies(),
            now,
        })
    }

    /// How the customer feels; nothing is known of whom nobody has heard.
    pub(super) fn sentiment(&self, customer: CustomerId) -> Sentiment {
        let known = self
            .engagement
            .read(customer, |state, _| sentiment(state, &self.policies));
        known.unwrap_or_else(|| sentiment(&EngagementState::default(), &self.policies))
    }

    /// Writes a customer; `false` where there is no such customer.
    pub(super) fn write(
        &self,
        text: &mut Vec<u8>,
        customer: CustomerId,
        matched: Option<MatchedBy>,
        attention: Option<&Attention>,
    ) -> Result<bool, Problem> {
        let written = self.read(customer, |answer| {
            let answer = CustomerAnswer {
                matched,
                attention,
                ..answer
            };
            serde_json::to_writer(text, &answer)
        });
        let written = written.transpose();
        let written = written.map_err(|error| Problem::internal(&error))?;
        Ok(written.is_some())
    }

    /// Hands over a customer; `None` where there is no such customer.
    pub(super) fn read<R>(
        &self,
        customer: CustomerId,
        with: impl FnOnce(CustomerAnswer<'_>) -> R,
    ) -> Option<R> {
        let sentiment = self.sentiment(customer);
        self.customers.read(customer, |state, stale_since| {
            with(CustomerAnswer {
                summary: summary(customer, state, &self.policies, self.now),
                sentiment,
                resolved_from: None,
                stale_since,
                matched: None,
                attention: None,
            })
        })
    }
}
