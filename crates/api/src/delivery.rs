//! What other systems send in their own shapes: read, submitted, and kept where it can't be used.

use crate::decode::{Item, made, made_by_us};
use crate::extract::Caller;
use crate::limits::IDEMPOTENCY_KEY_CHARS_MAX;
use crate::problem::Problem;
use crate::state::Api;
use crate::submit::SOURCE;
use crate::wire::delivery::Delivered;
use axum::http::HeaderMap;
use bytes::Bytes;
use serde_json::value::{RawValue, to_raw_value};
use touchbook_engine::{Outcome, OutcomeKind, Submission};
use touchbook_events::catalogue::dead_letter::{
    DeadLetter, DeadLetterFacts, DeadLetterPersonal, RawBytes,
};
use touchbook_events::catalogue::typed::Extra;
use touchbook_events::envelope::RAW_PAYLOAD;
use touchbook_events::{self as events, Code, Data, Envelope, EventType, Policies, Record, Text};
use touchbook_ingest::{Event, call_system, mail, meta, quote_source, shopify, sync, webhook};

/// A shape in which others send what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Sync,
    Timeline,
    CallSystem,
    Meta,
    Shopify,
    Mail,
    /// A row that the service fetched itself.
    QuoteSource,
}

impl Shape {
    const ALL: [Self; 7] = [
        Self::Sync,
        Self::Timeline,
        Self::CallSystem,
        Self::Meta,
        Self::Shopify,
        Self::Mail,
        Self::QuoteSource,
    ];

    /// The route that it comes by; where nobody sends it, from where it is fetched.
    pub(crate) const fn route(self) -> &'static str {
        match self {
            Self::Sync => "/api/sync",
            Self::Timeline => "/api/webhooks/timeline",
            Self::CallSystem => "/api/integrations/call-system",
            Self::Meta => "/api/v1/webhooks/meta",
            Self::Shopify => "/api/v1/webhooks/shopify",
            Self::Mail => "/api/v1/mail",
            Self::QuoteSource => "quote_source",
        }
    }

    /// The shape of what came by a route.
    pub(crate) fn of_route(route: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| shape.route() == route)
    }
}

/// What a delivery tells.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) events: Vec<Event>,
    /// Why a part of it can't be used, while others can.
    pub(crate) unusable: Option<events::Problem>,
}

/// A delivery as it came.
pub(crate) struct Delivery {
    pub(crate) shape: Shape,
    pub(crate) body: Bytes,
    /// What its sender calls it; the same for each attempt.
    pub(crate) id: Option<String>,
    /// What its sender says that it is about.
    pub(crate) topic: Option<String>,
}

/// By which headers senders name a delivery, the same for each attempt.
const ID_HEADERS: [&str; 3] = ["webhook-id", "x-shopify-webhook-id", "idempotency-key"];
/// What a delivery of Shopify is about.
const TOPIC_HEADER: &str = "x-shopify-topic";

impl Delivery {
    /// # Errors
    /// 400 where what names it can't be an event's id.
    pub(crate) fn new(shape: Shape, body: Bytes, headers: &HeaderMap) -> Result<Self, Problem> {
        let named = ID_HEADERS.iter().find_map(|name| headers.get(*name));
        let id = named.map(|value| {
            let text = value.to_str().ok().map(str::trim);
            let fits = |text: &&str| (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&text.len());
            text.filter(fits).map(str::to_owned).ok_or_else(|| {
                let detail = format!(
                    "the delivery's id must be 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII \
                     characters"
                );
                Problem::unreadable("invalid_delivery_id", detail)
            })
        });
        let topic = headers.get(TOPIC_HEADER);
        let topic = topic.map(|topic| String::from_utf8_lossy(topic.as_bytes()).into_owned());
        Ok(Self {
            shape,
            body,
            id: id.transpose()?,
            topic,
        })
    }

    /// What was kept and is sent again, or what was fetched: nobody names it.
    pub(crate) fn again(shape: Shape, body: Bytes) -> Self {
        Self {
            shape,
            body,
            id: None,
            topic: None,
        }
    }

    /// The customers whose profiles a delivery asks to be folded again, where it does (S1-099).
    ///
    /// # Errors
    /// With a pointer into the body.
    pub(crate) fn profiles(&self) -> Result<Option<Vec<String>>, events::Problem> {
        let text = std::str::from_utf8(&self.body)
            .map_err(|error| events::Problem::unreadable(format!("not UTF-8: {error}")))?;
        match sync::read(text, self.id.as_deref())? {
            sync::Sync::Events(_) => Ok(None),
            sync::Sync::Profiles(named) => Ok(Some(named)),
        }
    }

    /// # Errors
    /// With a pointer into the body.
    pub(crate) fn read(&self, policies: &Policies) -> Result<Told, events::Problem> {
        let id = self.id.as_deref();
        if self.shape == Shape::Mail {
            let is_ours = |address: &str| is_ours(policies, address);
            return mail::read(&self.body, is_ours).map(|event| told(vec![event]));
        }
        let text = std::str::from_utf8(&self.body)
            .map_err(|error| events::Problem::unreadable(format!("not UTF-8: {error}")))?;
        match self.shape {
            Shape::Sync => match sync::read(text, id)? {
                sync::Sync::Events(events) => Ok(told(events)),
                sync::Sync::Profiles(_) => Ok(Told::default()),
            },
            Shape::Timeline => webhook::read(text, id).map(told),
            Shape::CallSystem => call_system::read(text).map(told),
            Shape::Shopify => {
                self.check_topic()?;
                shopify::order(text, id).map(|event| told(vec![event]))
            }
            Shape::Meta => changes(text),
            Shape::QuoteSource => quote_source::row(text).map(told),
            Shape::Mail => Ok(Told::default()),
        }
    }

    fn check_topic(&self) -> Result<(), events::Problem> {
        match self.topic.as_deref() {
            Some(topic) if !shopify::TOPICS.contains(&topic) => {
                let detail = format!("`{topic}` is no topic that is taken");
                Err(events::Problem::new("unknown_topic", "", detail).allowing(shopify::TOPICS))
            }
            _ => Ok(()),
        }
    }

    /// As a JSON string, where it is text; else the bytes in hexadecimal.
    fn raw(&self) -> Result<Box<RawValue>, Problem> {
        let raw = match std::str::from_utf8(&self.body) {
            Ok(text) => to_raw_value(text),
            Err(_) => to_raw_value(&RawBytes(self.body.to_vec())),
        };
        raw.map_err(|error| Problem::internal(&error))
    }
}

fn told(events: Vec<Event>) -> Told {
    Told {
        events,
        unusable: None,
    }
}

fn changes(text: &str) -> Result<Told, events::Problem> {
    let mut told = Told::default();
    for change in meta::changes(text)? {
        match change.event {
            Ok(event) => told.events.push(event),
            Err(problem) => drop(told.unusable.get_or_insert(problem)),
        }
    }
    Ok(told)
}

fn is_ours(policies: &Policies, address: &str) -> bool {
    Text::new(address).is_ok_and(|address| policies.own_addresses.contains(&address))
}

/// What became of a delivery's events.
enum Became {
    Stored(Box<Delivered>),
    /// Nothing was stored, or not all; it can't be used as it is.
    Refused(events::Problem),
}

impl Caller {
    /// Stores what a delivery tells, for a sender who is told what is wrong with it.
    pub(crate) async fn deliver(
        &self,
        api: &Api,
        delivery: Delivery,
    ) -> Result<Delivered, Problem> {
        let told = delivery.read(&self.policies())?;
        match (
            self.store(api, &delivery, told.events).await?,
            told.unusable,
        ) {
            (Became::Stored(delivered), None) => Ok(*delivered),
            (Became::Stored(_), Some(problem)) | (Became::Refused(problem), _) => {
                Err(problem.into())
            }
        }
    }

    /// The same for a sender who could do nothing about it: what can't be used is kept as a dead
    /// letter.
    pub(crate) async fn deliver_or_keep(
        &self,
        api: &Api,
        delivery: Delivery,
    ) -> Result<Delivered, Problem> {
        let told = match delivery.read(&self.policies()) {
            Ok(told) => told,
            Err(problem) => return self.keep_all(api, &delivery, &problem).await,
        };
        match (
            self.store(api, &delivery, told.events).await?,
            told.unusable,
        ) {
            (Became::Stored(delivered), None) => Ok(*delivered),
            (Became::Stored(delivered), Some(problem)) => {
                // Sent again, the rest of it is known.
                let mut delivered = *delivered;
                delivered.keep(self.keep(api, &delivery, &problem).await?);
                Ok(delivered)
            }
            (Became::Refused(problem), _) => self.keep_all(api, &delivery, &problem).await,
        }
    }

    async fn store(
        &self,
        api: &Api,
        delivery: &Delivery,
        events: Vec<Event>,
    ) -> Result<Became, Problem> {
        if events.is_empty() {
            return Ok(Became::Stored(Box::default()));
        }
        let submissions = match self.submissions(delivery, &events)? {
            Ok(submissions) => submissions,
            Err(problem) => return Ok(Became::Refused(problem)),
        };
        let _waiter = api.waiter(&self.tenant)?;
        let atomic = submissions.len() > 1 && bytes(&submissions) <= ATOMIC_BYTES_MAX;
        let ids: Vec<_> = submissions
            .iter()
            .map(|submission| submission.incoming.sent.id.clone())
            .collect();
        let outcomes = api
            .engine()
            .submit(&self.tenant, submissions, atomic)
            .await?;
        let mut delivered = Delivered::default();
        for (id, outcome) in ids.into_iter().zip(outcomes) {
            match refusal(&outcome) {
                Some(problem) => return Ok(Became::Refused(problem)),
                None => delivered.take(self.stored_id(id, &outcome)?, &outcome),
            }
        }
        Ok(Became::Stored(Box::new(delivered)))
    }

    /// The events as they are submitted; the first carries what came, byte for byte.
    fn submissions(
        &self,
        delivery: &Delivery,
        events: &[Event],
    ) -> Result<Result<Vec<Submission>, events::Problem>, Problem> {
        let raw = delivery.raw()?;
        let sender = self.sender();
        let mut submissions = Vec::with_capacity(events.len());
        for (index, event) in events.iter().enumerate() {
            let fresh_id = fresh_id();
            let mut envelope = event.envelope(&fresh_id);
            if index == 0 {
                envelope.extensions.insert(RAW_PAYLOAD.to_owned(), &raw);
            }
            match made(&envelope, &sender) {
                Ok(submission) => submissions.push(submission),
                Err(problem) => return Ok(Err(problem)),
            }
        }
        Ok(Ok(submissions))
    }

    /// The id that stands in the ledger: a repeat of a whole object is the first delivery's.
    fn stored_id(&self, sent: Box<str>, outcome: &Outcome) -> Result<Box<str>, Problem> {
        let (OutcomeKind::Duplicate, Some(position)) = (&outcome.kind, outcome.position) else {
            return Ok(sent);
        };
        let first: Option<Record> = self.tenant.record(position)?;
        let first = first.and_then(|record| record.sent).map(|first| first.id);
        Ok(first.unwrap_or(sent))
    }

    async fn keep_all(
        &self,
        api: &Api,
        delivery: &Delivery,
        problem: &events::Problem,
    ) -> Result<Delivered, Problem> {
        let mut delivered = Delivered::default();
        delivered.keep(self.keep(api, delivery, problem).await?);
        Ok(delivered)
    }

    /// Keeps what can't be used, with the reason; answers where.
    pub(crate) async fn keep(
        &self,
        api: &Api,
        delivery: &Delivery,
        problem: &events::Problem,
    ) -> Result<u64, Problem> {
        let pointer = Some(&problem.pointer).filter(|pointer| !pointer.is_empty());
        let letter = Data::DeadLetter(Box::new(DeadLetter {
            facts: DeadLetterFacts {
                reason: Code::clipped(problem.code),
                origin: Code::clipped(delivery.shape.route()),
            },
            personal: Some(DeadLetterPersonal {
                raw: RawBytes(delivery.body.to_vec()),
                pointer: pointer.map(|pointer| Text::clipped(pointer)),
                detail: Text::clipped(&problem.detail),
                extra: Extra::default(),
            }),
        }));
        let data = to_raw_value(&letter).map_err(|error| Problem::internal(&error))?;
        let id = self.letter_id(delivery, problem);
        let envelope = Envelope {
            id: id.as_str().into(),
            source: SOURCE.into(),
            event_type: EventType::DeadLetter.as_str().into(),
            subject: Some(EventType::DeadLetter.subject(&id).into()),
            data: Some(&data),
            ..Envelope::default()
        };
        let item: Item = made_by_us(&envelope, &self.sender());
        let written = self.submit_one(api, item?).await?;
        Ok(written.position)
    }

    /// What is fetched comes again and again, and is one letter for as long as it is the same.
    fn letter_id(&self, delivery: &Delivery, problem: &events::Problem) -> String {
        if delivery.shape != Shape::QuoteSource {
            return fresh_id();
        }
        let said = [problem.code, &problem.pointer, &problem.detail].map(str::as_bytes);
        let [code, pointer, detail] = said;
        let parts = [code, pointer, detail, &delivery.body];
        let digest = self.tenant.key().digest_parts("quote_source", &parts);
        format!("quote_source/{digest}")
    }
}

/// What an atomic batch may take (`http.md` §5).
const ATOMIC_BYTES_MAX: usize = 128 * 1024;

fn bytes(submissions: &[Submission]) -> usize {
    let bytes = submissions.iter().map(|submission| submission.json.len());
    bytes.sum()
}

fn refusal(outcome: &Outcome) -> Option<events::Problem> {
    match &outcome.kind {
        OutcomeKind::Refused(problem) => Some(problem.clone()),
        OutcomeKind::Conflict => {
            let detail = "the same delivery stands in the ledger with other content";
            Some(events::Problem::new("id_conflict", "", detail))
        }
        // Another event of the same delivery was refused, and says why.
        OutcomeKind::NotStored
        | OutcomeKind::Accepted
        | OutcomeKind::Duplicate
        | OutcomeKind::Ineffective { .. } => None,
    }
}

pub(crate) fn fresh_id() -> String {
    let random: [u8; 16] = rand::random();
    let id = uuid::Builder::from_random_bytes(random).into_uuid();
    id.to_string()
}
