//! Who needs attention, over many customers.

use super::script::{Asked, Script, at, id};
use crate::{AttentionPage, Cursor, Engagement, Index};
use serde_json::json;
use touchbook_events::policy::AttentionRule::{ComplaintOpen, SocialOpen, Unanswered};
use touchbook_events::{CustomerId, Policies};

const NOW: &str = "02-01 00:00:00";

fn page(index: &Index, policies: &Policies, limit: usize, after: Option<Cursor>) -> AttentionPage {
    index.attention(policies, at(NOW), limit, after, |_| true)
}

fn names(page: &AttentionPage) -> Vec<CustomerId> {
    page.rows.iter().map(|row| row.customer_id).collect()
}

/// Complaint since the 1st, social entry since the 10th, mail since the 20th.
fn three() -> Script {
    let mut script = Script::new();
    script.plain("01-20 00:00:00", "email.received", "email/a:1");
    let mention = json!({ "platform": "x", "requires_response": true });
    script.send("01-10 00:00:00", "social.received", "social/b:1", mention);
    script.plain("01-11 00:00:00", "email.sent", "email/b:2");
    let complaint = json!({ "type": "complaint" });
    script.send(
        "01-01 00:00:00",
        "interaction.logged",
        "interaction/c:1",
        complaint,
    );
    script.plain("01-01 00:00:00", "sms.received", "sms/d:1");
    script.plain("01-02 00:00:00", "sms.sent", "sms/d:2");
    script
}

/// S1-030, S1-041, C10: each row with its reasons and records, by weight × age; rules whose subject
/// matter is not known here find nobody.
#[test]
fn the_most_urgent_comes_first() {
    let script = three();
    let index = script.project::<Engagement>();
    let mut policies = Policies::default();
    index.index(|index| {
        let shown = page(index, &policies, 10, None);
        assert_eq!(
            (names(&shown), shown.next_cursor),
            (vec![id("c"), id("b"), id("a")], None)
        );
        let rows: Vec<_> = shown
            .rows
            .iter()
            .map(|row| (row.score, &row.reasons[0]))
            .collect();
        let rules: Vec<_> = rows.iter().map(|(_, reason)| reason.rule).collect();
        assert_eq!(rules, [ComplaintOpen, SocialOpen, Unanswered]);
        assert_eq!(rows[0].0, 31 * 86_400);
        assert_eq!(
            (&*rows[0].1.positions, rows[0].1.since),
            (&[4][..], at("01-01 00:00:00"))
        );
    });
    policies
        .set(
            "attention",
            r#"{"unanswered":4,"social_open":1,"no_next_step":9}"#,
        )
        .unwrap();
    index.index(|index| {
        let shown = page(index, &policies, 10, None);
        assert_eq!(
            names(&shown),
            [id("a"), id("b")],
            "4 × 12 days, 1 × 22 days"
        );
        let shown = index.attention(&policies, at(NOW), 10, None, |who| who != id("a"));
        assert_eq!(names(&shown), [id("b")], "a is blocked");
    });
    policies.set("attention", r#"{"no_next_step":9}"#).unwrap();
    index.index(|index| assert_eq!(names(&page(index, &policies, 10, None)), []));
}

/// S1-041: ages of all pages are those of the first.
#[test]
fn a_page_goes_on_where_the_last_ended_as_of_its_instant() {
    let mut script = three();
    let policies = Policies::default();
    let first = script
        .project::<Engagement>()
        .index(|index| page(index, &policies, 1, None));
    assert_eq!(names(&first), [id("c")]);
    let cursor = first
        .next_cursor
        .map(|cursor| cursor.to_string().parse().unwrap());
    // One begins to wait, one is answered, one waits the longest as is learned now.
    script.plain("02-02 00:00:00", "sms.received", "sms/e:1");
    script.plain("02-02 00:00:00", "sms.received", "sms/c:2");
    script.plain("01-21 00:00:00", "sms.sent", "sms/a:2");
    script.plain("01-01 00:00:00", "sms.received", "sms/0:1");
    script.project::<Engagement>().index(|index| {
        let later = at("02-09 00:00:00");
        let second = index.attention(&policies, later, 1, cursor, |_| true);
        assert_eq!((names(&second), second.now), (vec![id("b")], at(NOW)));
        assert_eq!(second.next_cursor, None);
    });
}

/// One who is there for two reasons is shown once, with both; ties go by customer.
#[test]
fn a_customer_is_shown_once() {
    let mut script = Script::new();
    let complaint = json!({ "category": "complaint" });
    for name in ["b", "a"] {
        let subject = format!("email/{name}:1");
        script.send(
            "01-01 00:00:00",
            "email.received",
            &subject,
            complaint.clone(),
        );
    }
    let policies = Policies::default();
    script.project::<Engagement>().index(|index| {
        let shown = page(index, &policies, 10, None);
        assert_eq!(names(&shown), [id("a"), id("b")]);
        let rules: Vec<_> = shown.rows[0]
            .reasons
            .iter()
            .map(|reason| reason.rule)
            .collect();
        assert_eq!(rules, [Unanswered, ComplaintOpen]);
        let (one, none) = (
            page(index, &policies, 1, None),
            page(index, &policies, 0, None),
        );
        let rest = page(index, &policies, 1, one.next_cursor);
        assert_eq!((names(&rest), rest.next_cursor), (vec![id("b")], None));
        assert_eq!((none.rows.len(), none.next_cursor), (0, None));
    });
}

/// C7: a page is under the policy that it is asked with, whichever was asked for before.
#[test]
fn a_declining_trend_is_listed_under_the_policy_of_whoever_asks() {
    let mut script = Script::new();
    for (day, score) in [("01", 0.9), ("02", -0.4), ("03", -0.3), ("04", 0.4)] {
        let (time, subject) = (format!("01-{day} 00:00:00"), format!("call/a:{day}"));
        script.plain(&time, "call.started", &subject);
        script.score(&time, &subject, score);
    }
    let (wide, mut narrow) = (Policies::default(), Policies::default());
    narrow
        .set("trend", r#"{"scores":1,"difference":0.1}"#)
        .unwrap();
    script.project::<Engagement>().index(|index| {
        let shown = |policies| names(&page(index, policies, 10, None));
        for _ in 0..2 {
            assert_eq!(shown(&wide), [id("a")], "two and two");
            assert_eq!(shown(&narrow), [], "one and one");
        }
    });
    script.plain("01-05 00:00:00", "call.started", "call/a:5");
    script.score("01-05 00:00:00", "call/a:5", -0.45);
    script.project::<Engagement>().index(|index| {
        assert_eq!(names(&page(index, &narrow, 10, None)), [id("a")]);
    });
}

/// Weights may part two urgencies by less than any instant could.
#[test]
fn a_cursor_between_two_instants_of_another_rule_skips_nobody() {
    let mut script = Script::new();
    let last = "01-31 23:59:59.999999";
    let mention = json!({ "platform": "x", "requires_response": true });
    script.send(last, "social.received", "social/b:1", mention);
    let complaint = json!({ "type": "complaint" });
    script.send(last, "interaction.logged", "interaction/a:1", complaint);
    let mut policies = Policies::default();
    policies
        .set("attention", r#"{"social_open":3,"complaint_open":2}"#)
        .unwrap();
    script.project::<Engagement>().index(|index| {
        let first = page(index, &policies, 1, None);
        let second = page(index, &policies, 1, first.next_cursor);
        assert_eq!(
            (names(&first), names(&second)),
            (vec![id("b")], vec![id("a")])
        );
        assert_eq!(second.next_cursor, None);
    });
}

/// Whoever nobody is known behind is in no list, and neither is one of whom nothing is left.
#[test]
fn anonymous_and_empty_customers_are_listed_nowhere() {
    let mut script = Script::new();
    let nobody = json!({ "anonymous": true, "identifiers": [] });
    script.send("01-01 00:00:00", "customer.created", "customer/x", nobody);
    script.plain("01-01 00:00:00", "sms.received", "sms/x:1");
    let sms = script.plain("01-01 00:00:00", "sms.received", "sms/y:1");
    let policies = Policies::default();
    let shown = |script: &Script| {
        let projection = script.project::<Engagement>();
        projection.index(|index| (names(&page(index, &policies, 10, None)), index.count()))
    };
    assert_eq!(shown(&script), (vec![id("y")], 1));
    let email = json!({ "kind": "email", "value": "x@example.com", "as_sent": "x@example.com" });
    script.send("01-02 00:00:00", "identifier.attached", "customer/x", email);
    let retraction = json!({ "positions": [sms] });
    script.send("01-02 00:00:00", "event.retracted", "event/y:1", retraction);
    assert_eq!(shown(&script), (vec![id("x")], 1));
}

/// A page looks at a bounded number of places, and the next goes on behind them.
#[test]
fn a_page_that_finds_nobody_to_show_ends_and_goes_on() {
    use crate::{EXAMINED_MAX, Engagement};
    use touchbook_projection::Projector;
    let script = three();
    let waiting = script.project::<Engagement>().read(id("a"), |state, _| {
        Engagement::contribution(id("a"), state).unwrap()
    });
    let waiting = waiting.unwrap();
    let mut index = Index::default();
    for number in 0..=EXAMINED_MAX as u128 {
        let customer = CustomerId::from_bytes(number.to_be_bytes());
        Engagement::contribute(&mut index, customer, None, Some(waiting.clone()));
    }
    let last = CustomerId::from_bytes((EXAMINED_MAX as u128).to_be_bytes());
    let policies = Policies::default();
    let ask = |after| index.attention(&policies, at(NOW), 10, after, |who| who == last);
    let first = ask(None);
    assert_eq!(names(&first), []);
    let second = ask(first.next_cursor);
    assert_eq!((names(&second), second.next_cursor), (vec![last], None));
}
