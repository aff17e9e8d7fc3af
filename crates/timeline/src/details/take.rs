//! How each type of event changes the details of an entry.

use super::{
    Call, CallOutcome, Conversation, Custom, Details, Email, Manual, Message, Order, Quote, Social,
    Workflow,
};
use touchbook_events::catalogue::call::{self, Direction, RecordingStatus};
use touchbook_events::catalogue::{
    conversation, custom, interaction, message, order, quote, social,
};
use touchbook_events::time::Moment;
use touchbook_events::{Code, Data, Header, Member, Text, Timestamp};
use touchbook_projection::{Latest, Stamp};

impl<'a> Details<'a> {
    /// Takes what a record says; one about another kind of object says nothing.
    pub(crate) fn take(&mut self, stamp: Stamp, header: &Header, data: &'a Data) {
        match self {
            Self::Call(call) => call.take(stamp, data),
            Self::Email(email) => email.take(stamp, data),
            Self::Sms(message) | Self::Chat(message) => message.take(stamp, data),
            Self::Quote(quote) => {
                if let Data::QuoteUpdated(updated) = data {
                    quote.take(stamp, &updated.facts);
                }
            }
            Self::Conversation(conversation) => {
                if let Data::ConversationUpdated(updated) = data {
                    conversation.take(stamp, &updated.facts);
                }
            }
            Self::Social(social) => social.take(stamp, data),
            Self::Order(order) => match data {
                Data::OrderUpdated(updated) => order.take(stamp, &updated.facts),
                Data::OrderRefunded(refunded) => {
                    order.refunds.take(header, refunded.facts.amount);
                }
                _ => {}
            },
            Self::Manual(manual) => {
                if let Data::InteractionLogged(logged) = data {
                    manual.take(stamp, logged);
                }
            }
            Self::Workflow(workflow) => {
                if let Data::InteractionCompleted(completed) = data {
                    workflow
                        .outcome
                        .set(stamp, Some(completed.facts.outcome.as_str()));
                }
            }
            Self::Custom(entry) => {
                if let Data::Custom(custom) = data {
                    entry.take(stamp, custom);
                }
            }
        }
    }
}

impl<'a> Call<'a> {
    fn take(&mut self, stamp: Stamp, data: &'a Data) {
        match data {
            Data::CallStarted(started) => self.start(stamp, &started.facts),
            Data::CallEnded(ended) => self.end(stamp, &ended.facts),
            Data::CallOutcomeRecorded(outcome) => self.come_to(stamp, &outcome.facts),
            Data::CallRecordingUpdated(updated) => self.recorded(stamp, updated.facts.status),
            Data::CallTranscribed(transcribed) => {
                self.transcript.set_some(stamp, transcribed.facts.status);
            }
            Data::CallScored(scored) => {
                self.score
                    .set_some(stamp, scored.facts.call_score.map(|score| *score));
            }
            _ => {}
        }
    }

    fn start(&mut self, stamp: Stamp, facts: &'a call::StartedFacts) {
        self.direction.set_some(stamp, facts.direction);
        self.agent_id.set_some(stamp, facts.agent_id.as_deref());
        self.source_log.set_some(stamp, facts.source_log.as_deref());
    }

    /// A call ends when the event says, else when the event happened.
    fn end(&mut self, stamp: Stamp, facts: &'a call::EndedFacts) {
        let ended_at = facts.ended_at.map_or(stamp.time, Moment::at);
        self.ended_at.set(stamp, Some(ended_at));
        self.duration_seconds
            .set_some(stamp, facts.duration_seconds);
        self.disposition
            .set_some(stamp, facts.disposition.as_deref());
    }

    /// Nothing comes after a final status, however late it is delivered (S4-034).
    fn recorded(&mut self, stamp: Stamp, status: Option<RecordingStatus>) {
        let is_final = |status: RecordingStatus| status.is_final();
        let (was, is) = (
            self.recording.copied().is_some_and(is_final),
            status.is_some_and(is_final),
        );
        match (was, is) {
            (true, false) => {}
            (false, true) => {
                self.recording = Latest::default();
                self.recording.set(stamp, status);
            }
            _ => self.recording.set_some(stamp, status),
        }
    }

    fn come_to(&mut self, stamp: Stamp, facts: &'a call::OutcomeRecordedFacts) {
        let outcome = CallOutcome {
            outcome: facts.outcome.as_str(),
            callback_at: facts.callback_at.map(Moment::at),
            sale_made: facts.sale_made,
        };
        self.outcome.set(stamp, Some(outcome));
    }
}

impl<'a> Email<'a> {
    fn take(&mut self, stamp: Stamp, data: &'a Data) {
        match data {
            Data::EmailReceived(email) => {
                self.direction.get_or_insert(Direction::Inbound);
                let message::EmailReceivedFacts {
                    agent_id,
                    category,
                    status,
                    ..
                } = &email.facts;
                self.sorted(stamp, category, status);
                code(&mut self.agent_id, stamp, agent_id);
                if let Some(personal) = &email.personal {
                    text(&mut self.subject, stamp, &personal.subject);
                }
            }
            Data::EmailSent(email) => {
                self.direction.get_or_insert(Direction::Outbound);
                let message::EmailSentFacts {
                    agent_id,
                    category,
                    status,
                    ..
                } = &email.facts;
                self.sorted(stamp, category, status);
                code(&mut self.agent_id, stamp, agent_id);
                if let Some(personal) = &email.personal {
                    text(&mut self.subject, stamp, &personal.subject);
                }
            }
            Data::EmailClassified(classified) => {
                self.category
                    .set_some(stamp, classified.facts.category.as_deref());
                self.status
                    .set_some(stamp, classified.facts.status.as_deref());
            }
            _ => {}
        }
    }

    fn sorted(
        &mut self,
        stamp: Stamp,
        category: &'a Member<Code<50>>,
        status: &'a Member<Code<50>>,
    ) {
        code(&mut self.category, stamp, category);
        code(&mut self.status, stamp, status);
    }
}

impl<'a> Message<'a> {
    fn take(&mut self, stamp: Stamp, data: &'a Data) {
        use Direction::{Inbound, Outbound};
        let (direction, agent_id, context) = match data {
            Data::SmsReceived(d) => (
                Inbound,
                d.facts.agent_id.as_deref(),
                d.facts.source_log.as_deref(),
            ),
            Data::SmsSent(d) => (
                Outbound,
                d.facts.agent_id.as_deref(),
                d.facts.source_log.as_deref(),
            ),
            Data::ChatReceived(d) => (
                Inbound,
                d.facts.agent_id.as_deref(),
                d.facts.session.as_deref(),
            ),
            Data::ChatSent(d) => (
                Outbound,
                d.facts.agent_id.as_deref(),
                d.facts.session.as_deref(),
            ),
            _ => return,
        };
        self.direction.get_or_insert(direction);
        self.agent_id.set_some(stamp, agent_id);
        self.context.set_some(stamp, context);
    }
}

impl<'a> Quote<'a> {
    fn take(&mut self, stamp: Stamp, facts: &'a quote::UpdatedFacts) {
        code(&mut self.status, stamp, &facts.status);
        self.total.set_member(stamp, &facts.total, |total| *total);
        moment(&mut self.last_activity_at, stamp, &facts.last_activity_at);
    }
}

impl<'a> Conversation<'a> {
    fn take(&mut self, stamp: Stamp, facts: &'a conversation::UpdatedFacts) {
        code(&mut self.channel, stamp, &facts.channel);
        self.status
            .set_member(stamp, &facts.status, |status| *status);
    }
}

impl<'a> Social<'a> {
    fn take(&mut self, stamp: Stamp, data: &'a Data) {
        let (direction, platform, kind, requires_response) = match data {
            Data::SocialReceived(received) => {
                let social::ReceivedFacts {
                    platform,
                    interaction_type,
                    ..
                } = &received.facts;
                let requires = &received.facts.requires_response;
                (Direction::Inbound, platform, interaction_type, requires)
            }
            Data::SocialSent(sent) => {
                let social::SentFacts {
                    platform,
                    interaction_type,
                    ..
                } = &sent.facts;
                (
                    Direction::Outbound,
                    platform,
                    interaction_type,
                    &sent.facts.requires_response,
                )
            }
            _ => return,
        };
        self.direction.get_or_insert(direction);
        code(&mut self.platform, stamp, platform);
        code(&mut self.interaction_type, stamp, kind);
        self.requires_response
            .set_member(stamp, requires_response, |requires| *requires);
    }
}

impl<'a> Order<'a> {
    fn take(&mut self, stamp: Stamp, facts: &'a order::UpdatedFacts) {
        code(&mut self.status, stamp, &facts.status);
        self.total.set_member(stamp, &facts.total, |total| *total);
        code(&mut self.payment_method, stamp, &facts.payment_method);
        moment(&mut self.updated_at, stamp, &facts.updated_at);
    }
}

impl<'a> Manual<'a> {
    fn take(&mut self, stamp: Stamp, logged: &'a interaction::Logged) {
        let facts = &logged.facts;
        self.kind.set(stamp, Some(&facts.kind));
        self.direction
            .set_member(stamp, &facts.direction, |direction| *direction);
        self.duration_seconds
            .set_member(stamp, &facts.duration_seconds, |seconds| *seconds);
        self.outcome
            .set_member(stamp, &facts.outcome, |outcome| outcome.as_str());
        code(&mut self.user_id, stamp, &facts.user_id);
        if let Some(personal) = &logged.personal {
            text(&mut self.subject_line, stamp, &personal.subject_line);
        }
    }
}

impl<'a> Custom<'a> {
    /// An entry stays of the type and the source of its first record.
    fn take(&mut self, stamp: Stamp, custom: &'a custom::Custom) {
        let facts = &custom.facts;
        if self.name.is_empty() {
            self.name = &facts.name;
            self.source = &facts.source;
            self.counts_as = facts.counts_as;
        }
        self.version.set(stamp, Some(facts.version));
        self.direction.set_some(stamp, facts.direction);
        let title = custom
            .personal
            .as_ref()
            .and_then(|personal| personal.title.as_deref());
        self.title.set_some(stamp, title);
    }
}

impl<'a> Workflow<'a> {
    /// What the step was called while it was planned.
    pub(crate) fn was_planned_as(&mut self, kind: Option<&'a str>, title: Option<&'a str>) {
        self.kind = kind;
        self.title = title;
    }
}

fn code<'a, const MAX: usize>(
    latest: &mut Latest<&'a str>,
    stamp: Stamp,
    member: &'a Member<Code<MAX>>,
) {
    latest.set_member(stamp, member, |code| code.as_str());
}

fn text<'a, const MAX: usize>(
    latest: &mut Latest<&'a str>,
    stamp: Stamp,
    member: &'a Member<Text<MAX>>,
) {
    latest.set_member(stamp, member, |text| text.as_str());
}

fn moment(latest: &mut Latest<Timestamp>, stamp: Stamp, member: &Member<Moment>) {
    latest.set_member(stamp, member, |moment| moment.at());
}
