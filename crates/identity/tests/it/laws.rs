//! What holds whatever is sent.

use crate::script::{Tenant, decider};
use crate::steps::{Step, step};
use proptest::prelude::*;
use std::collections::HashSet;
use touchbook_projection::Decider;

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
