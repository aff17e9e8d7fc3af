//! Anything that can be sent, at random.

use crate::script::Tenant;
use proptest::prelude::*;

/// Something that can be sent; numbers are small, so that everything meets everything.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Sms {
        reference: String,
    },
    Order {
        order: u8,
        reference: Option<String>,
        status: u8,
    },
    Call {
        call: u8,
        sid: Option<u8>,
        reference: Option<String>,
    },
    Recording {
        sid: u8,
    },
    Campaign {
        status: u8,
    },
    Identifier {
        attached: bool,
        customer: u8,
        email: u8,
    },
    Merge {
        merged: bool,
        into: u8,
        members: Vec<u8>,
    },
    Dismiss {
        customer: u8,
        other: u8,
    },
    Retract {
        retracted: bool,
        position: u8,
    },
    Assign {
        order: u8,
        to: u8,
    },
}

pub(crate) fn reference() -> impl Strategy<Value = String> {
    let part = || proptest::option::of(0..4_u8);
    (part(), part(), part()).prop_map(|(shop, email, phone)| {
        let parts = [
            shop.map(|number| format!(r#""external_id":"shop:{number}""#)),
            email.map(|number| format!(r#""email":"{number}@Example.com""#)),
            phone.map(|number| format!(r#""phone":"+2711 000 000{number}""#)),
        ];
        format!(
            "{{{}}}",
            parts.into_iter().flatten().collect::<Vec<_>>().join(",")
        )
    })
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let maybe = || proptest::option::of(reference());
    prop_oneof![
        3 => reference().prop_map(|reference| Step::Sms { reference }),
        3 => (0..3_u8, maybe(), 0..3_u8)
            .prop_map(|(order, reference, status)| Step::Order { order, reference, status }),
        3 => (0..3_u8, proptest::option::of(0..3_u8), maybe())
            .prop_map(|(call, sid, reference)| Step::Call { call, sid, reference }),
        1 => (0..3_u8).prop_map(|sid| Step::Recording { sid }),
        1 => (0..2_u8).prop_map(|status| Step::Campaign { status }),
        2 => (any::<bool>(), 0..6_u8, 0..4_u8).prop_map(|(attached, customer, email)| {
            Step::Identifier { attached, customer, email }
        }),
        2 => (any::<bool>(), 0..6_u8, proptest::collection::vec(0..6_u8, 1..3))
            .prop_map(|(merged, into, members)| Step::Merge { merged, into, members }),
        1 => (0..6_u8, 0..6_u8).prop_map(|(customer, other)| Step::Dismiss { customer, other }),
        1 => (any::<bool>(), 1..20_u8)
            .prop_map(|(retracted, position)| Step::Retract { retracted, position }),
        1 => (0..3_u8, 0..6_u8).prop_map(|(order, to)| Step::Assign { order, to }),
    ]
}

/// Type, subject and data.
type Sent = (&'static str, String, String);

impl Tenant {
    /// The customer of the record at this place; of any, where nobody exists yet.
    fn somebody(&self, number: u8) -> String {
        let customers = self.customers(0);
        let known = customers.get(usize::from(number) % customers.len().max(1));
        known.map(ToString::to_string).unwrap_or_default()
    }

    pub(crate) fn take(&mut self, step: &Step) {
        let sent = self.object(step).or_else(|| self.command(step));
        let (event_type, subject, data) = sent.expect("a step is about an object, or a command");
        self.send(event_type, &subject, &data);
    }

    fn object(&self, step: &Step) -> Option<Sent> {
        let with = |reference: &Option<String>, rest: &str| match reference {
            Some(reference) => format!(r#"{{"customer":{reference}{rest}}}"#),
            None => format!("{{{}}}", rest.trim_start_matches(',')),
        };
        Some(match step {
            Step::Sms { reference } => (
                "sms.received",
                String::new(),
                with(&Some(reference.clone()), ""),
            ),
            Step::Order {
                order,
                reference,
                status,
            } => {
                let rest = format!(r#","status":"s{status}""#);
                (
                    "order.updated",
                    format!("order/{order}"),
                    with(reference, &rest),
                )
            }
            Step::Call {
                call,
                sid,
                reference,
            } => {
                let rest = sid.map(|sid| format!(r#","aliases":{{"call_sid":"CA{sid}"}}"#));
                let data = with(reference, rest.as_deref().unwrap_or_default());
                ("call.started", format!("call/{call}"), data)
            }
            Step::Recording { sid } => {
                let data = format!(r#"{{"call_sid":"CA{sid}","recording_sid":"RE{sid}"}}"#);
                ("call.recording_updated", String::new(), data)
            }
            Step::Campaign { status } => {
                let data = format!(r#"{{"status":"s{status}"}}"#);
                ("campaign.updated", "campaign/1".to_owned(), data)
            }
            _ => return None,
        })
    }

    fn command(&self, step: &Step) -> Option<Sent> {
        Some(match step {
            Step::Identifier {
                attached,
                customer,
                email,
            } => {
                let name = if *attached {
                    "identifier.attached"
                } else {
                    "identifier.detached"
                };
                let data = format!(r#"{{"kind":"email","value":"{email}@example.com"}}"#);
                (name, format!("customer/{}", self.somebody(*customer)), data)
            }
            Step::Merge {
                merged,
                into,
                members,
            } => {
                let (name, to) = if *merged {
                    ("customer.merged", "into")
                } else {
                    ("customer.unmerged", "from")
                };
                let members: Vec<String> = members
                    .iter()
                    .map(|id| format!(r#""{}""#, self.somebody(*id)))
                    .collect();
                let (into, members) = (self.somebody(*into), members.join(","));
                (
                    name,
                    String::new(),
                    format!(r#"{{"{to}":"{into}","members":[{members}]}}"#),
                )
            }
            Step::Dismiss { customer, other } => {
                let (one, other) = (self.somebody(*customer), self.somebody(*other));
                let data = format!(r#"{{"customer":"{one}","other":"{other}"}}"#);
                ("merge.dismissed", String::new(), data)
            }
            Step::Retract {
                retracted,
                position,
            } => {
                let name = if *retracted {
                    "event.retracted"
                } else {
                    "event.reinstated"
                };
                (
                    name,
                    String::new(),
                    format!(r#"{{"positions":[{position}]}}"#),
                )
            }
            Step::Assign { order, to } => {
                let subject = self.driver.key().subject(&format!("order/{order}"));
                let data = format!(r#"{{"subject":"{subject}","to":"{}"}}"#, self.somebody(*to));
                ("subject.assigned", String::new(), data)
            }
            _ => return None,
        })
    }
}
