//! What waits, a lane for each tenant: order within a lane, turns among lanes.

use crate::Delivery;
use crate::limits::COMMIT_SHARES;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// A delivery and what it counts for.
#[derive(Debug)]
pub(crate) struct Waiting<T> {
    pub(crate) delivery: Delivery<T>,
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

/// Lanes that take turns, a delivery a turn. A lane is here exactly while something waits in it.
#[derive(Debug)]
pub(crate) struct Lanes<T> {
    by_tenant: HashMap<Arc<str>, Lane<T>>,
    /// Whose turn it is, and whose then; between two drains every lane is here once.
    turns: VecDeque<Arc<str>>,
    /// Who had their share of the drain at hand.
    served: VecDeque<Arc<str>>,
    /// The buffer of the last lane that ran empty, so that a lone tenant allocates none.
    spare: VecDeque<Waiting<T>>,
    /// Counts drains, so that no lane's account has to be cleared.
    drains: u64,
}

#[derive(Debug)]
struct Lane<T> {
    waiting: VecDeque<Waiting<T>>,
    /// The drain that `taken` is about.
    drain: u64,
    /// Bytes that the drain took of this lane.
    taken: usize,
}

/// How a lane's turn ended.
enum Turn<T> {
    Took(Waiting<T>),
    /// More would be over its share.
    Served,
    /// Its next delivery does not fit what is left of the drain.
    NoRoom,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self {
            by_tenant: HashMap::new(),
            turns: VecDeque::new(),
            served: VecDeque::new(),
            spare: VecDeque::new(),
            drains: 0,
        }
    }
}

impl<T> Lanes<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_tenant.is_empty()
    }

    /// Whether anything of `tenant` waits.
    pub(crate) fn holds(&self, tenant: &str) -> bool {
        self.by_tenant.contains_key(tenant)
    }

    pub(crate) fn push(&mut self, tenant: &Arc<str>, waiting: Waiting<T>) {
        if let Some(lane) = self.by_tenant.get_mut(tenant) {
            lane.waiting.push_back(waiting);
            return;
        }
        let mut lane = Lane {
            waiting: std::mem::take(&mut self.spare),
            drain: 0,
            taken: 0,
        };
        lane.waiting.push_back(waiting);
        self.by_tenant.insert(Arc::clone(tenant), lane);
        self.turns.push_back(Arc::clone(tenant));
    }

    /// Hands out `max_bytes` of what waits, but at least one delivery.
    ///
    /// A lane gets a quarter of them, or one delivery that is larger; more only once every lane in
    /// which something still waits has had that too. A delivery that does not fit any more ends the
    /// drain and begins the next one, so the large ones come too.
    pub(crate) fn drain(&mut self, max_bytes: usize, mut hand_out: impl FnMut(Waiting<T>)) {
        self.drains += 1;
        let (mut share, mut taken) = ((max_bytes / COMMIT_SHARES).max(1), 0_usize);
        loop {
            let Some(tenant) = self.turns.pop_front() else {
                if self.served.is_empty() {
                    return;
                }
                std::mem::swap(&mut self.turns, &mut self.served);
                share = share.saturating_mul(2);
                continue;
            };
            let room = if taken == 0 {
                usize::MAX
            } else {
                max_bytes.saturating_sub(taken)
            };
            match self.turn(&tenant, share, room) {
                Turn::Took(waiting) => {
                    taken += waiting.bytes;
                    self.keep_or_remove(tenant);
                    hand_out(waiting);
                }
                Turn::Served => self.served.push_back(tenant),
                Turn::NoRoom => {
                    self.turns.push_front(tenant);
                    break;
                }
            }
        }
        self.turns.append(&mut self.served);
    }

    fn turn(&mut self, tenant: &str, share: usize, room: usize) -> Turn<T> {
        let has_turns = "a lane has turns while something waits in it";
        let lane = self.by_tenant.get_mut(tenant).expect(has_turns);
        if lane.drain != self.drains {
            (lane.drain, lane.taken) = (self.drains, 0);
        }
        let bytes = lane.waiting.front().expect(has_turns).bytes;
        if lane.taken > 0 && lane.taken.saturating_add(bytes) > share {
            return Turn::Served;
        }
        if bytes > room {
            return Turn::NoRoom;
        }
        lane.taken += bytes;
        Turn::Took(lane.waiting.pop_front().expect(has_turns))
    }

    fn keep_or_remove(&mut self, tenant: Arc<str>) {
        match self.by_tenant.get(&tenant) {
            Some(lane) if lane.waiting.is_empty() => {
                if let Some(lane) = self.by_tenant.remove(&tenant) {
                    self.spare = lane.waiting;
                }
            }
            _ => self.turns.push_back(tenant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;
    use bytes::Bytes;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use touchbook_events::Timestamp;

    const MAX: usize = 400;
    const QUARTER: usize = MAX / COMMIT_SHARES;
    const TENANTS: u8 = 7;

    fn slug(tenant: u8) -> Arc<str> {
        tenant.to_string().into()
    }

    fn waiting(tenant: u8, number: u64, bytes: usize) -> Waiting<u64> {
        let message = Message {
            subject: format!("touchbook.commands.{tenant}.call.started").into(),
            atomic: false,
            stream_created_at_micros: 0,
            sequence: 0,
            ticket: number,
            recorded_at: Timestamp::MIN,
            bytes,
            payload: Bytes::new(),
            decoded: vec![number],
        };
        Waiting {
            delivery: Delivery::Message(message),
            events: 1,
            bytes,
        }
    }

    /// Tenant, number and bytes of what one drain hands out.
    fn drain(lanes: &mut Lanes<u64>, max_bytes: usize) -> Vec<(u8, u64, usize)> {
        let mut out = Vec::new();
        lanes.drain(max_bytes, |waiting| {
            let Delivery::Message(message) = waiting.delivery else {
                panic!("nothing was adopted")
            };
            let tenant = message.tenant().parse().unwrap();
            out.push((tenant, message.decoded[0], waiting.bytes));
        });
        out
    }

    /// What should wait, beside the lanes.
    #[derive(Default)]
    struct Model {
        lanes: Lanes<u64>,
        waiting: BTreeMap<u8, VecDeque<(u64, usize)>>,
        unserved: BTreeMap<u8, usize>,
        pushed: u64,
    }

    impl Model {
        fn push(&mut self, tenant: u8, bytes: usize) {
            self.pushed += 1;
            let waiting = waiting(tenant, self.pushed, bytes);
            self.lanes.push(&slug(tenant), waiting);
            let lane = self.waiting.entry(tenant).or_default();
            lane.push_back((self.pushed, bytes));
        }

        fn drain(&mut self) -> Result<(), TestCaseError> {
            let out = drain(&mut self.lanes, MAX);
            prop_assert_eq!(out.is_empty(), self.waiting.is_empty());
            let total: usize = out.iter().map(|(_, _, bytes)| bytes).sum();
            prop_assert!(total <= MAX || out.len() == 1);
            let mut taken: BTreeMap<u8, Vec<usize>> = BTreeMap::new();
            for (tenant, number, bytes) in out {
                let lane = self.waiting.get_mut(&tenant).unwrap();
                prop_assert_eq!(lane.pop_front(), Some((number, bytes)), "order in a lane");
                taken.entry(tenant).or_default().push(bytes);
            }
            self.waiting.retain(|_, lane| !lane.is_empty());
            self.check_shares(&taken)?;
            self.check_turns(&taken)
        }

        /// More than a quarter goes to one lane only if every other that waits had its quarter.
        fn check_shares(&self, taken: &BTreeMap<u8, Vec<usize>>) -> Result<(), TestCaseError> {
            let total = |tenant: &u8| taken.get(tenant).map_or(0, |of| of.iter().sum::<usize>());
            for (tenant, of) in taken {
                if of.len() == 1 || total(tenant) <= QUARTER {
                    continue;
                }
                for (other, lane) in self.waiting.iter().filter(|(other, _)| *other != tenant) {
                    prop_assert!(
                        total(other) + lane[0].1 > QUARTER,
                        "{tenant} before {other}"
                    );
                }
            }
            Ok(())
        }

        /// No lane is passed over in more drains than there are lanes.
        fn check_turns(&mut self, taken: &BTreeMap<u8, Vec<usize>>) -> Result<(), TestCaseError> {
            for tenant in 0..TENANTS {
                let passed_over =
                    self.waiting.contains_key(&tenant) && !taken.contains_key(&tenant);
                let unserved = self.unserved.entry(tenant).or_default();
                *unserved = if passed_over { *unserved + 1 } else { 0 };
                prop_assert!(*unserved < usize::from(TENANTS));
            }
            Ok(())
        }
    }

    proptest! {
        /// Runs of pushes, a drain after each, and drains until nothing waits.
        #[test]
        fn lanes_keep_their_order_share_every_drain_and_lose_nothing(
            runs in vec(vec((0..TENANTS, 1_usize..=QUARTER * 2), 0..40), 1..20),
        ) {
            let mut model = Model::default();
            for run in runs {
                for (tenant, bytes) in run {
                    model.push(tenant, bytes);
                }
                model.drain()?;
            }
            while !model.waiting.is_empty() {
                model.drain()?;
            }
            prop_assert!(model.lanes.is_empty() && model.lanes.turns.is_empty());
        }
    }

    fn filled(tenants: &[(u8, u64)], bytes: usize) -> Lanes<u64> {
        let mut lanes = Lanes::default();
        for (tenant, count) in tenants {
            for number in 0..*count {
                lanes.push(&slug(*tenant), waiting(*tenant, number, bytes));
            }
        }
        lanes
    }

    fn tenants(out: &[(u8, u64, usize)]) -> Vec<u8> {
        out.iter().map(|(tenant, _, _)| *tenant).collect()
    }

    #[test]
    fn who_comes_last_is_in_the_next_drain_however_much_waits_of_another() {
        let mut lanes = filled(&[(1, 1_000), (2, 1)], 10);
        let first = drain(&mut lanes, MAX);
        assert_eq!(first.len(), 40);
        assert_eq!(tenants(&first)[..4], [1, 2, 1, 1]);
    }

    #[test]
    fn four_that_wait_get_a_quarter_each_and_two_a_half() {
        let mut lanes = filled(&[(1, 100), (2, 100), (3, 100), (4, 100)], 50);
        assert_eq!(tenants(&drain(&mut lanes, MAX)), [1, 2, 3, 4, 1, 2, 3, 4]);
        let mut lanes = filled(&[(1, 100), (2, 100)], 50);
        assert_eq!(tenants(&drain(&mut lanes, MAX)), [1, 2, 1, 2, 1, 2, 1, 2]);
    }

    #[test]
    fn what_others_do_not_use_goes_to_who_waits() {
        let mut lanes = filled(&[(1, 100), (2, 2), (3, 1)], 50);
        let of_one = |out: &[u8]| out.iter().filter(|tenant| **tenant == 1).count();
        assert_eq!(of_one(&tenants(&drain(&mut lanes, MAX))), 5);
        assert_eq!(of_one(&tenants(&drain(&mut lanes, MAX))), 8);
        assert_eq!(lanes.by_tenant.len(), 1);
    }

    #[test]
    fn a_delivery_that_found_no_room_begins_the_next_drain() {
        let mut lanes = filled(&[(1, 100)], 90);
        lanes.push(&slug(2), waiting(2, 0, MAX));
        assert_eq!(tenants(&drain(&mut lanes, MAX)), [1]);
        assert_eq!(tenants(&drain(&mut lanes, MAX)), [2]);
        assert_eq!(tenants(&drain(&mut lanes, MAX)), [1, 1, 1, 1]);
    }
}
