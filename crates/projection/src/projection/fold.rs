//! Folding one customer, whatever its fold does.

use super::{Projection, Stale};
use crate::history::{History, HistoryError};
use crate::projector::Projector;
use crate::slices::Slices;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use touchbook_events::{CustomerId, Record};

/// A slice, folded as far as it can be.
pub(super) struct Folded<S> {
    pub(super) state: S,
    pub(super) stale: Option<Stale>,
}

impl<P: Projector> Projection<P> {
    /// Folds the slice of `customer` up to `to`, or up to the record before the first one whose
    /// fold panics; `None` when no record is in it.
    pub(super) fn fold<H: History + ?Sized>(
        slices: &Slices,
        customer: CustomerId,
        history: &H,
        to: u64,
    ) -> Result<Option<Folded<P::State>>, HistoryError> {
        let whole = Self::attempt(slices, customer, history, to)?;
        let Some(Folded {
            stale: Some(stale), ..
        }) = whole
        else {
            return Ok(whole);
        };
        // What the panic left half changed is dropped, and what stands before it folded again.
        let before = Self::attempt(slices, customer, history, stale.since - 1)?;
        let state = match before {
            Some(Folded { state, stale: None }) => state,
            _ => P::State::default(),
        };
        Ok(Some(Folded {
            state,
            stale: Some(stale),
        }))
    }

    fn attempt<H: History + ?Sized>(
        slices: &Slices,
        customer: CustomerId,
        history: &H,
        to: u64,
    ) -> Result<Option<Folded<P::State>>, HistoryError> {
        let mut folded: Option<Folded<P::State>> = None;
        slices.slice(customer, history, to, &mut |record| {
            if !P::concerns(record) {
                return;
            }
            let folded = folded.get_or_insert_with(|| Folded {
                state: P::State::default(),
                stale: None,
            });
            if folded.stale.is_none() {
                folded.stale = Self::apply_guarded(&mut folded.state, record).err();
            }
        })?;
        Ok(folded)
    }

    /// Folds one record; after an error the state is half changed and must not be kept.
    pub(super) fn apply_guarded(state: &mut P::State, record: &Record) -> Result<(), Stale> {
        catch_unwind(AssertUnwindSafe(|| P::apply(state, record))).map_err(|panic| Stale {
            since: record.header.position,
            event_type: record.header.event_type,
            panic: own_text(&*panic).into(),
        })
    }
}

/// What a customer contributes; one whose contribution panics is listed nowhere.
pub(super) fn contribution<P: Projector>(
    customer: CustomerId,
    state: &P::State,
) -> Option<P::Contribution> {
    catch_unwind(AssertUnwindSafe(|| P::contribution(customer, state))).unwrap_or_default()
}

/// A formatted message may quote what was folded; only text of the program itself is kept (law 9).
fn own_text(panic: &(dyn Any + Send)) -> &'static str {
    panic
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or_default()
}
