//! The seven agent fields of document 000, as cells hold them and as customers show them.

use touchbook_events::Timestamp;
use touchbook_events::catalogue::customer::AgentInteractionType;

/// What agents did for a customer; `None` = nothing is said of it, which is not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentFields {
    pub calls: Option<u64>,
    pub emails: Option<u64>,
    pub sms: Option<u64>,
    pub call_seconds: Option<u64>,
    pub last_call_at: Option<Timestamp>,
    pub last_type: Option<AgentInteractionType>,
    pub last_at: Option<Timestamp>,
}

impl AgentFields {
    pub fn says_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Nothing at all where nothing was counted: such a customer's cells are empty, not 0 (S0-031).
    #[must_use]
    pub fn blank_if_zero(self) -> Self {
        let numbers = [self.calls, self.emails, self.sms, self.call_seconds];
        let is_zero = numbers.iter().all(|number| number.unwrap_or(0) == 0)
            && self.last_call_at.is_none()
            && self.last_type.is_none()
            && self.last_at.is_none();
        match is_zero {
            true => Self::default(),
            false => self,
        }
    }

    /// What it says otherwise than `shown`.
    #[must_use]
    pub fn but_not(self, shown: &Self) -> Self {
        Self {
            calls: self.calls.filter(|_| self.calls != shown.calls),
            emails: self.emails.filter(|_| self.emails != shown.emails),
            sms: self.sms.filter(|_| self.sms != shown.sms),
            call_seconds: (self.call_seconds).filter(|_| self.call_seconds != shown.call_seconds),
            last_call_at: (self.last_call_at).filter(|_| self.last_call_at != shown.last_call_at),
            last_type: self.last_type.filter(|_| self.last_type != shown.last_type),
            last_at: self.last_at.filter(|_| self.last_at != shown.last_at),
        }
    }

    /// `before`, and over it what this says.
    #[must_use]
    pub fn over(self, before: &Self) -> Self {
        Self {
            calls: self.calls.or(before.calls),
            emails: self.emails.or(before.emails),
            sms: self.sms.or(before.sms),
            call_seconds: self.call_seconds.or(before.call_seconds),
            last_call_at: self.last_call_at.or(before.last_call_at),
            last_type: self.last_type.or(before.last_type),
            last_at: self.last_at.or(before.last_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S0-031: no agent data is empty, and a customer with some shows its zeros.
    #[test]
    fn zeros_alone_are_nothing() {
        let zeros = AgentFields {
            calls: Some(0),
            sms: Some(0),
            ..AgentFields::default()
        };
        assert!(zeros.blank_if_zero().says_nothing());
        let some = AgentFields {
            emails: Some(1),
            ..zeros
        };
        assert_eq!(some.blank_if_zero(), some);
        let last = AgentFields {
            last_type: Some(AgentInteractionType::Sms),
            ..zeros
        };
        assert_eq!(last.blank_if_zero(), last);
    }
}
