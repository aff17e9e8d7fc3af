//! Policies as a plain value: what decides and what is read, never what is folded (design law 11).

mod default;
mod value;

use crate::catalogue::access::Role;
use crate::catalogue::interaction::Priority;
use crate::catalogue::typed::Json;
use crate::customer_ref::{Identifier, IdentifierKind};
use crate::money::{Currency, Decimal};
use crate::problem::Problem;
use crate::score::Score;
use crate::text::{Code, Text, Title, Word};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use value::PolicyValue;

/// Writes the struct, its names, and reading and writing a policy by name.
macro_rules! policies {
    ($( $(#[$doc:meta])* $name:ident: $type:ty, )*) => {
        /// A tenant's policies as they stand at one position.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Policies { $( $(#[$doc])* pub $name: $type, )* }

        impl Policies {
            pub const NAMES: &'static [&'static str] = &[ $( stringify!($name), )* ];

            /// Sets a policy from the JSON of `policy.defined`; `null` returns it to its default.
            ///
            /// # Errors
            /// For a name that is no policy, and for a value that is not in its shape; the pointer
            /// is from the value's own root.
            pub fn set(&mut self, name: &str, json: &str) -> Result<(), Problem> {
                match name {
                    $( stringify!($name) => {
                        self.$name = if json.trim() == "null" {
                            Self::default().$name
                        } else {
                            PolicyValue::read(json, self)?
                        };
                        Ok(())
                    } )*
                    _ => Err(unknown(name)),
                }
            }

            /// The value that holds, in the shape in which it is set; `None` for an unknown name.
            pub fn value(&self, name: &str) -> Option<serde_json::Value> {
                match name {
                    $( stringify!($name) => Some(PolicyValue::write(&self.$name)), )*
                    _ => None,
                }
            }
        }
    };
}

policies! {
    /// How zone-less times are read and local days are cut (C12). Default UTC.
    zone: Tz,
    /// ISO 3166 code that phone numbers without `+` belong to. Default none.
    default_region: Option<Code<2>>,
    /// The one currency in which customers are ranked (C9). Default USD.
    base_currency: Currency,
    /// Order statuses that count as realised (C9). Default OpenCart's five.
    counted_order_statuses: BTreeSet<Code<50>>,
    /// Foreign statuses by kind of object (`order`, `quote`, `email`), each with ours (C6).
    status_mapping: BTreeMap<Word, BTreeMap<Word, Word>>,
    /// Lifetime value in the base currency from which on a customer is VIP. Default none.
    vip_threshold: Option<Decimal>,
    /// Days without an interaction after which a customer is inactive. Default 180.
    inactive_after_days: u32,
    /// Seconds within which an inbound message is to be answered (C10). Default a day.
    response_sla: u32,
    /// What makes a trend (C7).
    trend: Trend,
    /// What each rule of attention weighs (C10); a rule without a weight is off. Default 1 each.
    attention: BTreeMap<AttentionRule, u32>,
    /// What follows from a call's outcome (C11); what stands here replaces the default of its
    /// outcome.
    outcome_mapping: BTreeMap<Word, FollowUpRule>,
    /// The step that follows where no template says (C12b).
    default_follow_up: DefaultFollowUp,
    /// Working days and hours, in the form that its reader defines.
    calendar: Option<Json>,
    /// Our own e-mail addresses and phone numbers in normal form, which are never a customer.
    own_addresses: BTreeSet<Text<320>>,
    /// Identifiers in normal form that never resolve to a customer.
    blocked_identifiers: BTreeSet<Identifier>,
    /// Types of interactions beside those that every tenant has (C4).
    interaction_types: BTreeSet<Word>,
    /// Outcomes beside those that every tenant has (C2).
    outcomes: BTreeSet<Word>,
    /// Limits beside those of the service. Default none.
    limits: Limits,
    /// How long what is kept, in the form that its reader defines.
    retention: Option<Json>,
}

impl Policies {
    /// Whether an identifier in normal form is blocked, or an address of our own: it never says
    /// who a customer is.
    pub fn is_nobodys(&self, kind: IdentifierKind, value: &str) -> bool {
        if self.own_addresses.is_empty() && self.blocked_identifiers.is_empty() {
            return false;
        }
        let Ok(value) = Text::<320>::new(value) else {
            return false;
        };
        let is_address = matches!(kind, IdentifierKind::Email | IdentifierKind::Phone);
        (is_address && self.own_addresses.contains(&value))
            || self
                .blocked_identifiers
                .contains(&Identifier { kind, value })
    }
}

fn unknown(name: &str) -> Problem {
    Problem::new("unknown_policy", "", format!("`{name}` is no policy"))
        .allowing(Policies::NAMES.iter().copied())
}

/// Most scores that a mean of the trend is made of.
pub const TREND_SCORES_MAX: u32 = 50;

/// The trend compares the mean of the last scores with the mean of those before (C7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trend {
    /// How many scores make a mean, 1 to [`TREND_SCORES_MAX`].
    pub scores: u32,
    /// By how much the means must differ, 0 to 2.
    pub difference: Score,
}

/// Limits that a tenant sets itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// How many requests a second each key or user may send, by its role.
    #[serde(default)]
    pub requests_per_second: BTreeMap<Role, NonZeroU32>,
}

closed_enum!(
    /// A reason why a customer needs attention (C10).
    AttentionRule {
        OverdueStep = "overdue_step",
        Unanswered = "unanswered",
        SocialOpen = "social_open",
        ComplaintOpen = "complaint_open",
        DecliningTrend = "declining_trend",
        BadSentiment = "bad_sentiment",
        FollowUpDue = "follow_up_due",
        NoNextStep = "no_next_step",
    }
);

/// What follows from an outcome: `"none"`, `"next_step"`, or `{"create": {…}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowUpRule {
    None,
    /// The workflow's next step.
    NextStep,
    Create(FollowUp),
}

/// An action item that an outcome makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowUp {
    pub r#type: Word,
    pub after_days: u32,
    #[serde(default = "normal")]
    pub priority: Priority,
    /// At the time that the customer asked for, where there is one.
    #[serde(default)]
    pub when_requested: bool,
}

fn normal() -> Priority {
    Priority::Normal
}

/// The step that follows where no template says (C12b).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefaultFollowUp {
    pub r#type: Word,
    pub title: Title,
    pub scheduled_offset_days: u32,
    pub due_offset_days: u32,
    pub priority: Priority,
}
