//! Folding one customer again, and whether that changed anything.

use crate::blocking::blocking;
use crate::extract::Caller;
use crate::lookup;
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::customer::{ProfileRefreshed, ProfilesRefreshed, Refreshed, RefreshedProjection};
use crate::wire::reference::Whose;
use serde_json::json;
use touchbook_customers::Customers;
use touchbook_engine::{FoldError, JobError, JobState, JobView};
use touchbook_events::CustomerId;
use touchbook_projection::Projector;
use touchbook_timeline::Timeline;

/// How often a comparison is begun again since the customer was folded further meanwhile.
const ATTEMPTS_MAX: usize = 5;

pub(crate) async fn refresh(api: Api, caller: Caller, whose: Whose) -> Result<Refreshed, Problem> {
    blocking(move || fold_again(&api, &caller, whose)).await
}

/// Each of those that are named; who is not known is no error of the others (S1-099).
pub(crate) async fn refresh_named(
    api: Api,
    caller: Caller,
    named: Vec<String>,
) -> Result<ProfilesRefreshed, Problem> {
    blocking(move || {
        let mut results = Vec::with_capacity(named.len());
        for named in named {
            let refreshed = lookup::named(&caller, &named)
                .and_then(|known| fold_again(&api, &caller, known.whose()));
            results.push(match refreshed {
                Ok(refreshed) => ProfileRefreshed {
                    named,
                    customer_id: Some(refreshed.customer_id),
                    resolved_from: refreshed.resolved_from,
                    drift: refreshed.drift,
                    error: None,
                },
                Err(problem) if problem.is_fault_of_ours() => return Err(problem),
                Err(problem) => ProfileRefreshed {
                    named,
                    customer_id: None,
                    resolved_from: None,
                    drift: 0,
                    error: Some(problem.code().to_owned()),
                },
            });
        }
        Ok(ProfilesRefreshed {
            updated: results.iter().filter(|row| row.error.is_none()).count(),
            results,
        })
    })
    .await
}

/// All of the tenant's, as a job (S0-045).
pub(crate) fn refresh_all(api: Api, caller: Caller) -> Result<JobView, Problem> {
    let customers = caller.projection::<Customers>()?;
    let (slug, engine) = (caller.tenant.slug().to_owned(), api.engine().clone());
    let targets = [Customers::NAME, Timeline::NAME];
    let job = engine
        .jobs()
        .begin("refresh", &slug, &targets, engine.now());
    let job = job.map_err(JobError::Running)?;
    let view = job.view();
    tokio::task::spawn_blocking(move || {
        let mut known = Vec::with_capacity(customers.customers());
        customers.for_each(|customer, _| known.push(customer));
        let (mut updated, mut drifted) = (0_u64, 0_u64);
        let total = known.len() as u64;
        for (done, customer) in (1..).zip(known) {
            if job.is_cancelled() {
                return job.finish(JobState::Cancelled, None, engine.now());
            }
            match fold_again(&api, &caller, Whose::of(customer)) {
                Ok(refreshed) => {
                    updated += 1;
                    drifted += u64::from(refreshed.drift > 0);
                }
                // It is another's by now.
                Err(problem) if problem.is_not_found() => {}
                Err(problem) => {
                    let reason = problem.detail().to_owned();
                    return job.finish(JobState::Failed { reason }, None, engine.now());
                }
            }
            job.progress(done, total);
        }
        let result = json!({ "updated": updated, "drift": drifted });
        job.finish(JobState::Succeeded, Some(result), engine.now());
    });
    Ok(view)
}

fn fold_again(api: &Api, caller: &Caller, whose: Whose) -> Result<Refreshed, Problem> {
    let customer = whose.customer_id;
    let projections = vec![
        refold::<Customers>(api, caller, customer)?,
        refold::<Timeline>(api, caller, customer)?,
    ];
    let drifted = projections.iter().filter(|projection| projection.drifted);
    Ok(Refreshed {
        customer_id: customer.0,
        resolved_from: whose.resolved_from,
        drift: drifted.count(),
        projections,
    })
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
