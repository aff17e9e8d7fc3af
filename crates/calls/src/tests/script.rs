//! Short ways to write events.

use crate::{Calls, State};
use serde_json::Value;
use touchbook_projection::driver::Named;
pub(super) use touchbook_projection::driver::{Script, at};

/// What is asked of a script here.
pub(super) trait Asked {
    fn jane<R>(&self, with: impl FnOnce(&State) -> R) -> R;

    /// The call `call/jane:1` as JSON.
    fn call(&self) -> Value;

    /// What the projection finds by `name`: customer and subject.
    fn find(&self, name: &str) -> Option<(String, String)>;
}

impl Asked for Script {
    fn jane<R>(&self, with: impl FnOnce(&State) -> R) -> R {
        let projection = self.project::<Calls>();
        projection
            .read(Named::id("jane"), |state, _| with(state))
            .unwrap()
    }

    fn call(&self) -> Value {
        let subject = self.driver.key().subject("call/jane:1");
        self.jane(|state| serde_json::to_value(state.call(subject).unwrap()).unwrap())
    }

    fn find(&self, name: &str) -> Option<(String, String)> {
        let key = self.driver.key();
        Calls::find(&self.project::<Calls>(), key, name, |listed| {
            let entry_id = listed.call.entry_id().unwrap_or_default();
            (listed.customer_id.to_string(), entry_id.to_owned())
        })
    }
}
