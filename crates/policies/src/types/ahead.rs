//! What can be found of events before they are decided, while nobody waits but their sender.

use super::registration::{given_schema, too_costly};
use super::{RegisteredTypes, schema};
use std::sync::Arc;
use touchbook_events::limits::REQUEST_CHECK_STEPS_MAX;
use touchbook_events::{Data, Incoming, Problem};
use touchbook_projection::SchemaBytes;

/// The code of what is wrong with a value, whatever else there is.
const INVALID: &str = "invalid_value";

/// Looks at the events of one request, in order, with the types that are registered by then.
///
/// What it finds is decided no other way than without it: of a payload it is believed only if the
/// same registration still holds, and of a registration only what no state changes is told.
pub struct Ahead {
    types: Arc<RegisteredTypes>,
    counted: SchemaBytes,
    bytes: u64,
    steps: u64,
}

impl Ahead {
    pub fn new(types: Arc<RegisteredTypes>) -> Self {
        Self {
            types,
            counted: SchemaBytes::default(),
            bytes: 0,
            steps: 0,
        }
    }

    /// Whether there is anything to look at in such an event.
    pub fn concerns(data: &Data) -> bool {
        matches!(data, Data::Custom(_) | Data::EventTypeRegistered(_))
    }

    /// Notes in the event what was found.
    ///
    /// # Errors
    /// Where a registration can't be used whatever is registered, and once the request has taken
    /// [`REQUEST_CHECK_STEPS_MAX`].
    pub fn look_at(&mut self, incoming: &mut Incoming) -> Result<(), Problem> {
        let before = std::mem::replace(&mut self.bytes, self.counted.with(&incoming.data));
        let bytes = self.bytes - before;
        match &incoming.data {
            Data::EventTypeRegistered(registered) => {
                let values = schema::values(given_schema(registered)).unwrap_or_default();
                self.take(values, bytes)?;
                // Its schema is compiled by now when the writer comes to it.
                match self.types.check(registered, bytes) {
                    Err(problem) if problem.code == INVALID => Err(problem),
                    _ => Ok(()),
                }
            }
            Data::Custom(custom) => {
                let types = Arc::clone(&self.types);
                let Ok(registration) = types.of(custom) else {
                    return Ok(());
                };
                if registration.check_size(custom).is_err() {
                    return Ok(());
                }
                self.take(registration.values().unwrap_or_default(), bytes)?;
                incoming.held = registration.hold(custom).map(Box::new);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn take(&mut self, values: u64, bytes: u64) -> Result<(), Problem> {
        self.steps = self.steps.saturating_add(values.saturating_mul(bytes));
        match self.steps <= REQUEST_CHECK_STEPS_MAX {
            true => Ok(()),
            false => Err(too_costly()),
        }
    }
}
