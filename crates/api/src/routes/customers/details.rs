//! Everything of one customer at once (S1-042).

use super::views::{Answer, Asked, text};
use crate::past::View;
use crate::problem::Problem;
use crate::wire::customer::CustomerAnswer;
use crate::wire::reference::{About, Whose};
use touchbook_customers::{Customers, summary};
use touchbook_engagement::{Engagement, sentiment};
use touchbook_events::Record;
use touchbook_projection::Projector;
use touchbook_timeline::{Filter, Timeline};
use touchbook_views::details::EntriesBySource;
use touchbook_views::{CustomerDetails, Orders, Quotes, Threads};

/// All that is asked of one slice, folded in one go so that no part is ahead of another.
#[derive(Default)]
struct Everything {
    customer: <Customers as Projector>::State,
    felt: <Engagement as Projector>::State,
    timeline: <Timeline as Projector>::State,
    threads: Threads,
    quotes: Quotes,
    orders: Orders,
}

impl Everything {
    fn take(&mut self, record: &Record) {
        Customers::apply(&mut self.customer, record);
        Engagement::apply(&mut self.felt, record);
        Timeline::apply(&mut self.timeline, record);
        self.threads.take(record);
        self.quotes.take(record);
        self.orders.take(record);
    }

    /// With at most `each_max` rows of each source.
    fn written(&self, view: &View, whose: Whose, each_max: usize) -> Result<Vec<u8>, Problem> {
        let answer = CustomerDetails {
            profile: CustomerAnswer {
                summary: summary(whose.customer_id, &self.customer, &view.policies, view.now),
                sentiment: sentiment(&self.felt, &view.policies),
                resolved_from: None,
                stale_since: None,
                matched: None,
                attention: None,
            },
            entries: EntriesBySource::group(self.timeline.entries(&Filter::default()), each_max),
            email_threads: self.threads.page(each_max, None),
            quote_sessions: self.quotes.page(each_max, None),
            order_history: self.orders.page(each_max, None, &view.policies),
        };
        text(&About { whose, answer })
    }
}

/// The profile, the newest `each_max` entries of each source, and as many threads, quote sessions
/// and orders.
pub(crate) async fn answer(asked: Asked, each_max: usize) -> Answer {
    let answer = move |everything: &Everything, view: &View, whose| {
        everything.written(view, whose, each_max)
    };
    asked
        .fold(Everything::default(), Everything::take, answer)
        .await
}
