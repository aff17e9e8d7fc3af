//! What holds whatever is sent.

use crate::script::{Tenant, decider};
use proptest::prelude::*;
use std::collections::HashSet;
use touchbook_projection::Decider;

/// Something that can be sent; numbers are small, so that everything meets everything.
#[derive(Clone, Debug)]
enum Step {
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

fn reference() -> impl Strategy<Value = String> {
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

fn step() -> impl Strategy<Value = Step> {
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

impl Tenant {
    /// The customer of the record at this place; of any, where nobody exists yet.
    fn somebody(&self, number: u8) -> String {
        let customers = self.customers(0);
        let known = customers.get(usize::from(number) % customers.len().max(1));
        known.map(ToString::to_string).unwrap_or_default()
    }

    fn take(&mut self, step: &Step) {
        let with = |reference: &Option<String>, rest: &str| match reference {
            Some(reference) => format!(r#"{{"customer":{reference}{rest}}}"#),
            None => format!("{{{}}}", rest.trim_start_matches(',')),
        };
        let (event_type, subject, data) = match step {
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
        };
        self.send(event_type, &subject, &data);
    }
}

fn tenant(steps: &[Step]) -> Tenant {
    let mut tenant = Tenant::new();
    steps.iter().for_each(|step| tenant.take(step));
    tenant
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// A rebuild reads decisions and never takes them again, from the start or from a snapshot.
    #[test]
    fn records_alone_make_the_state(
        steps in proptest::collection::vec(step(), 0..60),
        cut in 0.0..1.0_f64,
    ) {
        let tenant = tenant(&steps);
        let cut = (tenant.records().len() as f64 * cut) as usize;
        let mut folded = decider();
        tenant.records()[..cut].iter().for_each(|record| folded.apply(record));
        let mut restored = decider();
        restored.restore(&folded.encode()).unwrap();
        prop_assert_eq!(restored.encode(), folded.encode());
        for decider in [&mut folded, &mut restored] {
            tenant.records()[cut..].iter().for_each(|record| decider.apply(record));
            prop_assert_eq!(decider.encode(), tenant.encoded());
        }
    }

    #[test]
    fn a_torn_batch_leaves_no_trace(
        steps in proptest::collection::vec(step(), 0..60),
        cut in 0.0..1.0_f64,
    ) {
        let tenant = tenant(&steps);
        let cut = (tenant.records().len() as f64 * cut) as usize;
        let mut decider = decider();
        tenant.records()[..cut].iter().for_each(|record| decider.apply(record));
        let before = decider.encode();
        decider.begin();
        tenant.records()[cut..].iter().for_each(|record| decider.apply(record));
        decider.rollback();
        prop_assert_eq!(decider.encode(), before);
        decider.begin();
        tenant.records()[cut..].iter().for_each(|record| decider.apply(record));
        decider.keep();
        decider.rollback();
        prop_assert_eq!(decider.encode(), tenant.encoded());
    }

    #[test]
    fn two_nodes_decide_alike(steps in proptest::collection::vec(step(), 0..60)) {
        let [one, other] = [tenant(&steps), tenant(&steps)];
        prop_assert_eq!(one.records(), other.records());
        prop_assert_eq!(one.encoded(), other.encoded());
    }

    /// Every record of a customer comes after the customer, and no two customers share an id.
    #[test]
    fn customers_exist_before_their_records(steps in proptest::collection::vec(step(), 0..60)) {
        let tenant = tenant(&steps);
        let mut known = HashSet::new();
        for record in tenant.records() {
            let Some(customer) = record.header.customer else { continue };
            if record.header.event_type.as_str() == "customer.created" {
                prop_assert!(known.insert(customer));
            }
            prop_assert!(known.contains(&customer));
        }
    }

    /// Nothing that is retried or reordered makes a customer twice.
    #[test]
    fn shuffled_events_of_one_customer_are_one_customers(
        order in Just((0..12_u8).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut tenant = Tenant::new();
        for number in order {
            let reference = format!(
                r#"{{"external_id":"shop:1","email":"jane{}@example.com"}}"#,
                number % 3
            );
            match number % 3 {
                0 => tenant.order(&format!("order/{}", number % 2), &reference, &number.to_string()),
                1 => tenant.order(&format!("order/{}", number % 2), "", &number.to_string()),
                _ => tenant.sms(&reference),
            };
        }
        let named: HashSet<_> = tenant
            .records()
            .iter()
            .filter(|record| record.data.customer_ref().is_some())
            .map(|record| record.header.customer)
            .collect();
        prop_assert_eq!(named.len(), 1);
        let jane = tenant.sms(r#"{"external_id":"shop:1"}"#).customer();
        for order in 0..2 {
            let last = tenant.order(&format!("order/{order}"), "", "last");
            prop_assert_eq!(last.customer(), jane, "the order was assigned");
        }
    }
}
