//! The reference mix of events that every figure is measured on: 40 % about calls (four events a
//! call), 20 % e-mail with bodies of 400 bytes, 15 % SMS, 10 % social, 15 % orders.
//!
//! The same numbers always give the same bytes. Customers take turns, so that no two neighbours in
//! a ledger are of one customer.

use std::io::Write;
use std::ops::Range;

/// Events that the share of each channel is exact in, two customers of ten events each included.
const CYCLE: usize = 20;
/// Steps that are about the same call and order.
const HALF: u64 = CYCLE as u64 / 2;
const EMAIL_BODY_BYTES: usize = 400;
const SMS_BODY_BYTES: usize = 140;
const POST_BYTES: usize = 160;

/// What happens to a customer, in turn.
const STEPS: [Step; CYCLE] = {
    use Step::*;
    [
        CallStarted,
        EmailReceived,
        CallEnded,
        SmsSent,
        CallOutcome,
        OrderPlaced,
        Social,
        EmailSent,
        CallScored,
        OrderComplete,
        CallStarted,
        SmsReceived,
        EmailReceived,
        CallEnded,
        OrderComplete,
        SmsSent,
        CallOutcome,
        EmailSent,
        Social,
        CallScored,
    ]
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    CallStarted,
    CallEnded,
    CallOutcome,
    CallScored,
    EmailReceived,
    EmailSent,
    SmsReceived,
    SmsSent,
    Social,
    OrderPlaced,
    OrderComplete,
}

/// Events of a range of customers.
#[derive(Clone, Debug)]
pub struct Mix {
    seed: u64,
    customers: Range<u64>,
    events_a_customer: u64,
}

impl Mix {
    /// Two mixes of one tenant must not share customers, whose events' ids would be the same.
    pub fn new(seed: u64, customers: Range<u64>, events_a_customer: u64) -> Self {
        Self {
            seed,
            customers,
            events_a_customer,
        }
    }

    pub fn events(&self) -> u64 {
        (self.customers.end - self.customers.start) * self.events_a_customer
    }

    /// The external id of a customer.
    pub fn external_id(customer: u64) -> String {
        format!("crm:{customer}")
    }

    /// Appends event `index` as CloudEvents JSON, without a line end.
    ///
    /// # Panics
    /// When there are fewer events.
    pub fn write(&self, index: u64, out: &mut Vec<u8>) {
        assert!(
            index < self.events(),
            "the mix has {} events",
            self.events()
        );
        let customers = self.customers.end - self.customers.start;
        let customer = self.customers.start + index % customers;
        let event = Event::new(self.seed, customer, index / customers);
        event.write(out).expect("memory takes every write");
    }
}

struct Event {
    customer: u64,
    /// Which of the customer's events, from 0.
    turn: u64,
    step: u64,
    chance: Chance,
}

impl Event {
    fn new(seed: u64, customer: u64, turn: u64) -> Self {
        let chance = Chance(seed ^ customer.wrapping_mul(0xA24B_AED4_963E_E407) ^ (turn << 48));
        // Every second customer begins halfway, so that shares are exact in few events a customer.
        Self {
            customer,
            turn,
            step: turn + customer % 2 * HALF,
            chance,
        }
    }

    fn write(mut self, out: &mut Vec<u8>) -> std::io::Result<()> {
        let Self { customer, turn, .. } = self;
        let step = STEPS[(self.step % CYCLE as u64) as usize];
        write!(
            out,
            r#"{{"specversion":"1.0","id":"{customer}-{turn}","source":"/mix/{}","#,
            step.source()
        )?;
        write!(out, r#""type":"{}","time":""#, step.event_type())?;
        self.time(out)?;
        out.write_all(br#"","data":{"#)?;
        match step {
            Step::CallStarted | Step::CallEnded | Step::CallOutcome | Step::CallScored => {
                self.call(step, out)?;
            }
            Step::EmailReceived | Step::EmailSent => self.email(step, out)?,
            Step::SmsReceived | Step::SmsSent => self.sms(step, out)?,
            Step::Social => self.social(out)?,
            Step::OrderPlaced | Step::OrderComplete => self.order(step, out)?,
        }
        out.write_all(b"}}")
    }

    /// Later with every turn; months of 28 days do.
    fn time(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        let day = self.turn * 3 + self.customer % 3;
        let (year, month, day) = (2022 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
        let (hour, minute, second) = (self.customer % 24, self.turn % 60, self.customer / 24 % 60);
        write!(
            out,
            "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }

    fn customer(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        write!(
            out,
            r#""customer":{{"external_id":"crm:{}"}},"#,
            self.customer
        )
    }

    fn call(&mut self, step: Step, out: &mut Vec<u8>) -> std::io::Result<()> {
        let (customer, call, agent) = (self.customer, self.step / HALF, self.chance.below(40));
        if step == Step::CallStarted {
            self.customer(out)?;
        }
        write!(out, r#""call_id":"call-{customer}-{call}","#)?;
        match step {
            Step::CallStarted => write!(
                out,
                r#""agent_id":"agent-{agent}","direction":"outbound","queue":{{"type":"winback","priority_score":{}.5,"position":{}}},"call_source":"queue","from":"+27219876543","to":"+2782{:07}","aliases":{{"call_sid":"CA{:032x}"}}"#,
                self.chance.below(100),
                self.chance.below(500) + 1,
                customer % 10_000_000,
                u128::from(self.chance.next()) << 64 | u128::from(self.chance.next()),
            ),
            Step::CallEnded => {
                write!(
                    out,
                    r#""duration_seconds":{},"disposition":"completed""#,
                    self.chance.below(1_800)
                )
            }
            Step::CallOutcome => {
                let outcome = ["successful", "no_answer", "callback_requested"]
                    [self.chance.below(3) as usize];
                write!(
                    out,
                    r#""outcome":"{outcome}","agent_id":"agent-{agent}","notes":""#
                )?;
                self.chance.text(60, out);
                out.write_all(b"\"")
            }
            _ => write!(
                out,
                r#""call_score":{},"agent_performance_score":{},"conversion_likelihood":0.{:02},"scorer":{{"name":"reference","version":"1"}}"#,
                self.chance.below(10) + 1,
                self.chance.below(10) + 1,
                self.chance.below(100),
            ),
        }
    }

    fn email(&mut self, step: Step, out: &mut Vec<u8>) -> std::io::Result<()> {
        self.customer(out)?;
        let (customer, turn) = (self.customer, self.turn);
        let (theirs, ours) = (
            format!("customer{customer}@example.com"),
            "sales@shop.example",
        );
        let (from, to) = if step == Step::EmailSent {
            (ours, &*theirs)
        } else {
            (&*theirs, ours)
        };
        write!(
            out,
            r#""email_id":"mail-{customer}-{turn}","from":"{from}","to":["{to}"],"subject":""#
        )?;
        self.chance.text(40, out);
        out.write_all(br#"","body":""#)?;
        self.chance.text(EMAIL_BODY_BYTES, out);
        out.write_all(b"\"")
    }

    fn sms(&mut self, step: Step, out: &mut Vec<u8>) -> std::io::Result<()> {
        self.customer(out)?;
        let (theirs, ours) = (
            format!("+2782{:07}", self.customer % 10_000_000),
            "+27219876543",
        );
        let (from, to) = if step == Step::SmsSent {
            (ours, &*theirs)
        } else {
            (&*theirs, ours)
        };
        write!(out, r#""from":"{from}","to":"{to}","body":""#)?;
        self.chance.text(SMS_BODY_BYTES, out);
        out.write_all(b"\"")
    }

    fn social(&mut self, out: &mut Vec<u8>) -> std::io::Result<()> {
        self.customer(out)?;
        let (customer, turn) = (self.customer, self.turn);
        write!(
            out,
            r#""platform":"instagram","interaction_type":"comment","social_id":"post-{customer}-{turn}","handle":"@customer{customer}","requires_response":true,"content":""#
        )?;
        self.chance.text(POST_BYTES, out);
        out.write_all(b"\"")
    }

    fn order(&mut self, step: Step, out: &mut Vec<u8>) -> std::io::Result<()> {
        self.customer(out)?;
        let (customer, order) = (self.customer, self.step / HALF);
        let status = if step == Step::OrderPlaced {
            "Pending"
        } else {
            "Complete"
        };
        // Both revisions of an order have the same total.
        let amount = 10 + (customer * 31 + order * 17) % 2_000;
        let product = (customer + order) % 500;
        write!(
            out,
            r#""order_id":"{customer}-{order}","status":"{status}","total":{{"amount":{amount}.99,"currency":"USD"}},"items":[{{"product_id":{product},"quantity":1,"price":{amount}.99}}],"payment_method":"Credit Card","shipping_method":"Courier""#
        )
    }
}

impl Step {
    fn event_type(self) -> &'static str {
        match self {
            Self::CallStarted => "call.started",
            Self::CallEnded => "call.ended",
            Self::CallOutcome => "call.outcome_recorded",
            Self::CallScored => "call.scored",
            Self::EmailReceived => "email.received",
            Self::EmailSent => "email.sent",
            Self::SmsReceived => "sms.received",
            Self::SmsSent => "sms.sent",
            Self::Social => "social.received",
            Self::OrderPlaced | Self::OrderComplete => "order.updated",
        }
    }

    fn source(self) -> &'static str {
        self.event_type()
            .split_once('.')
            .map_or("", |(channel, _)| channel)
    }
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Exactly `bytes` of words.
    fn text(&mut self, bytes: usize, out: &mut Vec<u8>) {
        let end = out.len() + bytes;
        while out.len() < end {
            let word = WORDS[self.below(WORDS.len() as u64) as usize];
            out.extend_from_slice(word.as_bytes());
            out.push(b' ');
        }
        out.truncate(end - 1);
        out.push(b'.');
    }
}

const WORDS: [&str; 64] = [
    "amplifier",
    "about",
    "account",
    "again",
    "answer",
    "arrived",
    "before",
    "bought",
    "cable",
    "call",
    "card",
    "change",
    "colour",
    "could",
    "courier",
    "customer",
    "delivery",
    "discount",
    "don't",
    "email",
    "Friday",
    "friend",
    "glad",
    "guitar",
    "have",
    "help",
    "hope",
    "invoice",
    "it's",
    "kind",
    "know",
    "last",
    "later",
    "Monday",
    "month",
    "more",
    "need",
    "number",
    "offer",
    "order",
    "package",
    "payment",
    "please",
    "price",
    "question",
    "quote",
    "receive",
    "refund",
    "reply",
    "return",
    "send",
    "shop",
    "soon",
    "speaker",
    "stock",
    "thank",
    "that",
    "today",
    "tomorrow",
    "track",
    "wait",
    "week",
    "when",
    "yesterday",
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, HashSet};
    use touchbook_events::incoming::Entrance;
    use touchbook_events::{Incoming, Principal, TenantKey};

    fn lines(mix: &Mix) -> Vec<String> {
        let line = |index| {
            let mut out = Vec::new();
            mix.write(index, &mut out);
            String::from_utf8(out).unwrap()
        };
        (0..mix.events()).map(line).collect()
    }

    fn read(line: &str) -> Incoming {
        let key = TenantKey::from_salt(b"mix");
        let read = Incoming::read(line, Entrance::Producer, &Principal::producer(), &key);
        read.unwrap_or_else(|problem| panic!("{problem}: {line}"))
    }

    #[test]
    fn the_channels_have_exactly_their_shares() {
        for events_a_customer in [50, 200] {
            let lines = lines(&Mix::new(1, 10..14, events_a_customer));
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for line in &lines {
                let event_type = read(line).data.event_type().as_str();
                *counts
                    .entry(event_type.split_once('.').unwrap().0)
                    .or_default() += 1;
            }
            let percent = counts
                .into_iter()
                .map(|(name, n)| (name, n * 100 / lines.len()));
            let expected = [
                ("call", 40),
                ("email", 20),
                ("order", 15),
                ("sms", 15),
                ("social", 10),
            ];
            assert_eq!(percent.collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn every_event_is_valid_and_has_an_id_of_its_own() {
        let lines = lines(&Mix::new(1, 0..6, 50));
        let keys: HashSet<_> = lines.iter().map(|line| read(line).event_key).collect();
        assert_eq!(keys.len(), 300);
    }

    #[test]
    fn a_call_has_four_events_and_only_its_first_names_the_customer() {
        let lines = lines(&Mix::new(1, 3..4, 50));
        let calls: Vec<_> = lines
            .iter()
            .filter(|line| line.contains("\"call-3-1\""))
            .collect();
        assert_eq!(calls.len(), 4);
        assert!(calls[0].contains("call.started") && calls[0].contains("crm:3"));
        assert!(calls[1..].iter().all(|line| !line.contains("crm:3")));
    }

    #[test]
    fn the_body_of_an_email_has_400_bytes() {
        let lines = lines(&Mix::new(9, 0..2, 50));
        let emails: Vec<_> = lines
            .iter()
            .filter(|line| line.contains("email_id"))
            .collect();
        assert_eq!(emails.len(), 20);
        for email in emails {
            let body = email.split_once(r#""body":""#).unwrap().1;
            assert_eq!(body.strip_suffix(r#""}}"#).unwrap().len(), EMAIL_BODY_BYTES);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
        let of = |seed| lines(&Mix::new(seed, 0..4, 50));
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
    }

    #[test]
    fn a_customers_events_are_later_with_every_turn() {
        let lines = lines(&Mix::new(1, 5..6, 200));
        let times: Vec<_> = lines
            .iter()
            .map(|line| line.split_once(r#""time":""#).unwrap().1[..20].to_owned())
            .collect();
        assert!(
            times.is_sorted() && times.last().unwrap().starts_with("2023"),
            "{times:?}"
        );
    }
}
