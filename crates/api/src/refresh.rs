//! Folding one customer again, and whether that changed anything.

use crate::blocking::blocking;
use crate::extract::Caller;
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::customer::{Refreshed, RefreshedProjection};
use touchbook_customers::Customers;
use touchbook_engine::FoldError;
use touchbook_events::CustomerId;
use touchbook_projection::Projector;
use touchbook_timeline::Timeline;

/// How often a comparison is begun again since the customer was folded further meanwhile.
const ATTEMPTS_MAX: usize = 5;

pub(crate) async fn refresh(
    api: Api,
    caller: Caller,
    customer: CustomerId,
) -> Result<Refreshed, Problem> {
    blocking(move || {
        let projections = vec![
            refold::<Customers>(&api, &caller, customer)?,
            refold::<Timeline>(&api, &caller, customer)?,
        ];
        let drift = projections
            .iter()
            .filter(|projection| projection.drifted)
            .count();
        Ok(Refreshed {
            customer_id: customer.0,
            drift,
            projections,
        })
    })
    .await
}

fn refold<P: Projector>(
    api: &Api,
    caller: &Caller,
    customer: CustomerId,
) -> Result<RefreshedProjection, Problem> {
    let mut drifted = false;
    for _ in 0..ATTEMPTS_MAX {
        let (from, before) = state::<P>(caller, customer)?;
        let refolded = api.engine().refold(&caller.tenant, P::NAME, customer);
        refolded.map_err(|error: FoldError| Problem::internal(&error))?;
        let (to, after) = state::<P>(caller, customer)?;
        drifted = before != after;
        if !drifted || from == to {
            break;
        }
    }
    Ok(RefreshedProjection {
        name: P::NAME,
        drifted,
    })
}

/// A customer's state in its canonical encoding, and the position that it is at least of.
fn state<P: Projector>(
    caller: &Caller,
    customer: CustomerId,
) -> Result<(u64, Option<Vec<u8>>), Problem> {
    let projection = caller.projection::<P>()?;
    let applied = projection.applied();
    let encoded = projection.read(customer, |state, _| postcard::to_stdvec(state));
    let encoded = encoded
        .transpose()
        .map_err(|error| Problem::internal(&error))?;
    Ok((applied, encoded))
}
