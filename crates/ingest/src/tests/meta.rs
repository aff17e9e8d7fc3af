//! Meta's webhooks.

use super::{accepted, at, subject, synced};
use crate::Event;
use crate::meta::{self, Change, challenge};
use serde_json::{Value, json};
use touchbook_events::{EventType, Problem};

fn changes(object: &str, field: &str, value: &Value) -> Vec<Change> {
    let body = json!({ "object": object, "entry": [{
        "id": "17841405309211844", "time": 1_705_314_600,
        "changes": [{ "field": field, "value": value }],
    }] });
    meta::changes(&body.to_string()).unwrap()
}

fn event(object: &str, field: &str, value: &Value) -> Event {
    let event = changes(object, field, value).remove(0).event.unwrap();
    accepted(&event);
    event
}

fn problem(object: &str, field: &str, value: &Value) -> Problem {
    changes(object, field, value).remove(0).event.unwrap_err()
}

#[test]
fn a_comment_on_instagram_is_its_authors() {
    let comment = json!({
        "id": "17865799348089039", "text": "Nice!", "parent_id": "1",
        "from": { "id": "232323232", "username": "JaneSmith" },
        "media": { "id": "123123123", "media_product_type": "FEED" },
    });
    let event = event("instagram", "comments", &comment);
    assert_eq!(subject(&event), "social/17865799348089039");
    assert_eq!(
        at(&event, "/customer"),
        json!({ "handle": "instagram:janesmith" })
    );
    assert_eq!(at(&event, "/handle"), "JaneSmith");
    assert_eq!(at(&event, "/content"), "Nice!");
    assert_eq!(at(&event, "/platform"), "instagram");
    assert_eq!(at(&event, "/interaction_type"), "comment");
    assert_eq!(at(&event, "/in_reply_to"), "1");
    assert_eq!(at(&event, "/interaction_date"), "2024-01-15T10:30:00Z");
    assert_eq!(
        at(&event, "/media/media_product_type"),
        "FEED",
        "the rest is kept"
    );
    assert_eq!(at(&event, "/from/id"), "232323232");
}

#[test]
fn a_mention_names_the_comment_or_the_media() {
    let both = json!({ "media_id": "17887498072083520", "comment_id": "17887498072083521" });
    let mention = event("instagram", "mentions", &both);
    assert_eq!(subject(&mention), "social/17887498072083521");
    assert_eq!(at(&mention, "/interaction_type"), "mention");
    assert_eq!(at(&mention, "/in_reply_to"), "17887498072083520");
    let media = json!({ "media_id": 17_887_498_072_083_520_u64 });
    assert_eq!(
        subject(&event("instagram", "mentions", &media)),
        "social/17887498072083520"
    );
    assert!(
        problem("instagram", "mentions", &json!({}))
            .pointer
            .ends_with("/value/id")
    );
}

#[test]
fn a_pages_feed_has_comments_and_posts() {
    let comment = json!({
        "item": "comment", "verb": "add", "comment_id": "44_55", "post_id": "1067280970047460_44",
        "parent_id": "1067280970047460_44", "created_time": 1_520_544_814,
        "from": { "id": "4356789", "name": "Jane Smith" }, "message": "Is it in stock?",
    });
    let read = event("page", "feed", &comment);
    assert_eq!(subject(&read), "social/44_55");
    assert_eq!(
        at(&read, "/customer"),
        json!({
            "handle": "facebook:4356789", "name": "Jane Smith",
        })
    );
    assert_eq!(at(&read, "/content"), "Is it in stock?");
    assert_eq!(at(&read, "/interaction_date"), "2018-03-08T21:33:34Z");
    assert_eq!(at(&read, "/post_id"), "1067280970047460_44");
    let post = json!({ "item": "status", "verb": "edited", "post_id": "9_1", "message": "Hi" });
    assert_eq!(
        at(&event("page", "feed", &post), "/interaction_type"),
        "post"
    );
    for (name, wrong) in [("item", "reaction"), ("verb", "remove")] {
        let mut value = comment.clone();
        value[name] = json!(wrong);
        let problem = problem("page", "feed", &value);
        assert_eq!(problem.pointer, format!("/entry/0/changes/0/value/{name}"));
        assert!(!problem.allowed.is_empty());
    }
}

/// What our own account wrote is told too; it is nobody's question.
#[test]
fn our_own_answer_was_sent() {
    let answer = json!({
        "id": "5", "text": "Thank you!", "parent_id": "4",
        "from": { "id": "17841405309211844", "username": "shop" },
    });
    let event = event("instagram", "comments", &answer);
    assert_eq!(event.event_type, EventType::SocialSent);
    assert_eq!(at(&event, "/customer"), Value::Null);
    assert_eq!(at(&event, "/in_reply_to"), "4");
}

/// The connector and Meta itself tell of one comment by the platform's own id.
#[test]
fn one_comment_is_one_entry_whoever_tells_of_it() {
    let told = event(
        "instagram",
        "comments",
        &json!({ "id": "77", "text": "Hi" }),
    );
    let data = json!({ "platform": "instagram", "social_id": "77", "content": "Hi" });
    assert_eq!(
        subject(&told),
        subject(&synced("sync_social_interaction", &data).unwrap()[0])
    );
}

#[test]
fn a_bad_change_spoils_no_other() {
    let body = json!({ "object": "instagram", "entry": [
        { "id": "1", "time": 1, "changes": [
            { "field": "story_insights", "value": { "media_id": "1" } },
            { "field": "comments", "value": { "id": "2", "text": "ok" } },
            { "field": "comments", "value": "text" },
            { "value": {} },
            7,
        ] },
        "text",
        { "id": "1", "messaging": [{ "message": { "mid": "m", "text": "hi" } }] },
        { "id": "1", "time": "noon" },
        { "changes": {} },
        {},
    ] });
    let changes = meta::changes(&body.to_string()).unwrap();
    let read: Vec<_> = changes
        .iter()
        .map(|change| match &change.event {
            Ok(event) => subject(event),
            Err(problem) => problem.pointer.clone(),
        })
        .collect();
    assert_eq!(
        read,
        [
            "/entry/0/changes/0/field",
            "social/2",
            "/entry/0/changes/2/value",
            "/entry/0/changes/3/field",
            "/entry/0/changes/4",
            "/entry/1",
            "/entry/2/messaging/0",
            "/entry/3/time",
            "/entry/4/changes",
        ]
    );
    assert_eq!(changes[4].text.get(), "7");
    let unknown = changes[0].event.as_ref().unwrap_err();
    assert_eq!(
        (unknown.code, &*unknown.allowed),
        ("unknown_field", &meta::FIELDS.map(str::to_owned)[..])
    );
}

#[test]
fn a_body_that_is_no_webhook_is_refused() {
    for (body, pointer) in [
        (json!({}), "/object"),
        (json!({ "object": "whatsapp_business_account" }), "/object"),
        (json!({ "object": "page", "entry": {} }), "/entry"),
        (json!([]), ""),
    ] {
        assert_eq!(
            meta::changes(&body.to_string()).unwrap_err().pointer,
            pointer,
            "{body}"
        );
    }
    assert!(meta::changes("").unwrap_err().is_unreadable());
    assert_eq!(meta::changes(r#"{"object":"page"}"#).unwrap().len(), 0);
}

#[test]
fn the_challenge_is_given_back_to_who_knows_the_token() {
    let ask = |mode, token, text| challenge(mode, token, text, "s3cret");
    assert_eq!(
        ask(Some("subscribe"), Some("s3cret"), Some("1158201444")),
        Some("1158201444")
    );
    for (mode, token, text) in [
        (Some("subscribe"), Some("wrong"), Some("1")),
        (Some("subscribe"), None, Some("1")),
        (Some("unsubscribe"), Some("s3cret"), Some("1")),
        (None, Some("s3cret"), Some("1")),
        (Some("subscribe"), Some("s3cret"), None),
        (Some("subscribe"), Some("s3cret"), Some("<script>")),
    ] {
        assert_eq!(ask(mode, token, text), None, "{mode:?} {token:?} {text:?}");
    }
    assert_eq!(challenge(Some("subscribe"), Some(""), Some("1"), ""), None);
}
