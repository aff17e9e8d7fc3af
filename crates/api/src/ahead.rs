//! What is found of events in their sender's own request, so that nobody else waits for it.

use crate::blocking::checking;
use crate::decode::Item;
use crate::extract::Caller;
use crate::problem::Problem;
use touchbook_engine::Submission;
use touchbook_policies::Ahead;

impl Caller {
    /// Holds events of registered types against their schemas; what is found goes with them, in
    /// what is published, too.
    ///
    /// # Errors
    /// Where nothing could be looked at; what is wrong with an event stands in its [`Item`].
    pub(crate) async fn look_ahead(&self, items: Vec<Item>) -> Result<Vec<Item>, Problem> {
        let concerns = |item: &Item| {
            item.as_ref()
                .is_ok_and(|known| Ahead::concerns(&known.incoming.data))
        };
        if !items.iter().any(concerns) {
            return Ok(items);
        }
        let mut ahead = Ahead::new(self.in_force().types().clone());
        let is_published = self.is_published;
        checking(move || {
            let looked = items
                .into_iter()
                .map(|item| look_at(&mut ahead, item?, is_published));
            Ok(looked.collect())
        })
        .await
    }
}

fn look_at(ahead: &mut Ahead, mut submission: Submission, is_published: bool) -> Item {
    ahead.look_at(&mut submission.incoming)?;
    if let (true, Some(held)) = (is_published, &submission.incoming.held) {
        let json = std::str::from_utf8(&submission.json).ok();
        if let Some(json) = json.and_then(|json| held.publish(json)) {
            submission.json = json.into();
        }
    }
    Ok(submission)
}
