//! Orders and their refunds.

use super::typed::Json;
use crate::customer_ref::CustomerRef;
use crate::member::Member;
use crate::money::Money;
use crate::problem::Problem;
use crate::text::{Code, OwnKey, Reason, Word};
use crate::time::Moment;

event_data! {
    /// An order as it stands (⟳); the first of a subject places it.
    Updated: UpdatedFacts, UpdatedPersonal {
        facts {
            /// The shop's own word for it (C6).
            status: Member<Word>,
            total: Member<Money>,
            payment_method: Member<Code<100>>,
            shipping_method: Member<Code<100>>,
            ordered_at: Member<Moment>,
            /// When the order changed; an older revision is kept and does not become current.
            updated_at: Member<Moment>,
        }
        personal {
            customer: Option<CustomerRef>,
            order_id: Option<OwnKey>,
            items: Member<Vec<Json>>,
            shipping_address: Member<Json>,
        }
    }
}

impl Updated {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        match self.facts.total.value() {
            Some(total) if total.amount.units < 0 => {
                Err(Problem::invalid("/total/amount", "must not be negative"))
            }
            _ => Ok(()),
        }
    }
}

event_data! {
    /// Money goes back for an order (C9).
    Refunded: RefundedFacts, RefundedPersonal {
        facts {
            amount: Money,
        }
        personal {
            order_id: Option<OwnKey>,
            refund_id: Option<OwnKey>,
            reason: Option<Reason>,
        }
    }
}

impl Refunded {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        if self.facts.amount.amount.units <= 0 {
            let detail = "must be more than 0; what goes back is no negative amount";
            return Err(Problem::invalid("/amount/amount", detail));
        }
        Ok(())
    }
}
