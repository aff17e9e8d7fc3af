//! What is found of events in their sender's own request, so that nobody else waits for it.

use crate::blocking::checking;
use crate::decode::Item;
use crate::extract::Caller;
use crate::problem::Problem;
use crate::state::Api;
use touchbook_engine::Submission;
use touchbook_events::limits::ATOMIC_BYTES_MAX;
use touchbook_policies::Ahead;

impl Caller {
    /// Holds events of registered types against their schemas; what is found goes with them, in
    /// what is published, too, as far as that leaves an atomic batch one message.
    ///
    /// # Errors
    /// Where nothing could be looked at; what is wrong with an event stands in its [`Item`].
    pub(crate) async fn look_ahead(
        &self,
        api: &Api,
        items: Vec<Item>,
        atomic: bool,
    ) -> Result<Vec<Item>, Problem> {
        let concerns = |item: &Item| {
            item.as_ref()
                .is_ok_and(|known| Ahead::concerns(&known.incoming.data))
        };
        if !items.iter().any(concerns) {
            return Ok(items);
        }
        let turn = api.check_turn(&self.tenant).await?;
        let mut ahead = Ahead::new(self.in_force().types().clone());
        let mut room_bytes = match (self.is_published, atomic) {
            (false, _) => 0,
            (true, false) => usize::MAX,
            (true, true) => ATOMIC_BYTES_MAX.saturating_sub(joined_bytes(&items)),
        };
        checking(turn, move || {
            let looked = items
                .into_iter()
                .map(|item| look_at(&mut ahead, item?, &mut room_bytes));
            Ok(looked.collect())
        })
        .await
    }
}

fn look_at(ahead: &mut Ahead, mut submission: Submission, room_bytes: &mut usize) -> Item {
    ahead.look_at(&mut submission.incoming)?;
    publish(&mut submission, room_bytes);
    Ok(submission)
}

/// Publishes what was found where there is room for it: whoever decides without it finds the same.
fn publish(submission: &mut Submission, room_bytes: &mut usize) {
    if *room_bytes == 0 {
        return;
    }
    let json = std::str::from_utf8(&submission.json).ok();
    let held = submission.incoming.held.as_ref();
    let Some(published) = held.and_then(|held| held.publish(json?)) else {
        return;
    };
    let grown_bytes = published.len() - submission.json.len();
    if let Some(left) = room_bytes.checked_sub(grown_bytes) {
        *room_bytes = left;
        submission.json = published.into();
    }
}

/// Bytes of a batch that goes into one message, with brackets and commas.
fn joined_bytes(items: &[Item]) -> usize {
    let submissions = items.iter().flatten();
    submissions.map(|known| known.json.len() + 1).sum::<usize>() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use touchbook_events::incoming::Entrance;
    use touchbook_events::{Held, Incoming, Principal, TenantKey};

    fn visit(number: usize) -> Submission {
        let event = json!({
            "specversion": "1.0", "id": number.to_string(), "source": "s",
            "type": "shop.visit", "data": {"page": "a page of the shop with lamps"},
        });
        let (json, key) = (event.to_string(), TenantKey::from_salt(b"test"));
        let read = Incoming::read(&json, Entrance::Service, &Principal::producer(), &key);
        let mut incoming = read.unwrap();
        incoming.held = Held::new(7, Ok(())).map(Box::new);
        let json = json.into();
        Submission { incoming, json }
    }

    /// What is published of a batch of so many, and how many of them say what was found.
    fn published(count: usize, room_bytes: impl Fn(&[Item]) -> usize) -> (usize, usize) {
        let mut items: Vec<Item> = (0..count).map(|number| Ok(visit(number))).collect();
        let mut room_bytes = room_bytes(&items);
        for known in items.iter_mut().flatten() {
            publish(known, &mut room_bytes);
        }
        let says = |known: &&Submission| known.json.windows(10).any(|at| at == b"schemaheld");
        let said = items.iter().flatten().filter(says).count();
        (joined_bytes(&items), said)
    }

    #[test]
    fn what_was_found_makes_no_atomic_batch_too_large() {
        let room = |items: &[Item]| ATOMIC_BYTES_MAX.saturating_sub(joined_bytes(items));
        let (bytes, said) = published(1_000, |_| usize::MAX);
        assert_eq!(said, 1_000);
        assert!(bytes > ATOMIC_BYTES_MAX, "{bytes}");
        let (bytes, said) = published(1_000, room);
        assert!(bytes <= ATOMIC_BYTES_MAX, "{bytes}");
        assert!((1..1_000).contains(&said), "{said}");
        assert_eq!(published(100, room).1, 100);
    }

    #[test]
    fn what_nobody_reads_says_nothing() {
        assert_eq!(published(3, |_| 0).1, 0);
    }
}
