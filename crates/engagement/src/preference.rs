//! On which channels a customer turns to us (S1-034).

use crate::entries::Place;
use crate::frequency::rounded;
use crate::marks::CHANNELS;
use crate::state::State;
use serde::Serialize;
use std::cmp::Reverse;
use touchbook_events::EntrySource;
use touchbook_events::money::Decimal;

/// Each channel's share of what the customer began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelPreference {
    /// The one with most contacts, of equals the one with the latest; none without any.
    pub preferred_channel: Option<EntrySource>,
    /// Those with contacts, in the order of preference.
    pub channels: Vec<ChannelShare>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelShare {
    pub channel: EntrySource,
    /// Inbound contacts.
    pub contact_count: u64,
    /// 0 to 1, with at most four decimals.
    pub share: Decimal,
}

pub(crate) fn preference(state: &State) -> ChannelPreference {
    let mut used: Vec<(u64, Option<Place>, EntrySource)> =
        CHANNELS.iter().map(|channel| (0, None, *channel)).collect();
    for (place, channel) in inbound(state) {
        for (count, last, _) in used.iter_mut().filter(|(.., of)| *of == channel) {
            *count += 1;
            *last = (*last).max(Some(place));
        }
    }
    used.retain(|(count, ..)| *count > 0);
    used.sort_by_key(|(count, last, _)| Reverse((*count, *last)));
    let all = used.iter().map(|(count, ..)| *count).sum();
    let channels = used.iter().map(|(count, _, channel)| ChannelShare {
        channel: *channel,
        contact_count: *count,
        share: rounded(*count, all, 4),
    });
    ChannelPreference {
        preferred_channel: used.first().map(|(.., channel)| *channel),
        channels: channels.collect(),
    }
}

/// Positions of the contacts that are counted.
pub(crate) fn positions(state: &State) -> Vec<u64> {
    inbound(state)
        .map(|(place, _)| place.position.into())
        .collect()
}

fn inbound(state: &State) -> impl Iterator<Item = (Place, EntrySource)> {
    let entries = state.entries.iter();
    entries.filter_map(|entry| Some((entry.place(), entry.marks.inbound()?)))
}
