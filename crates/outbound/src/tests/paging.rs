//! How a source is read to its end, and on from there.

use super::support::{INTERVAL, NOW, Scene, at, poller_at, row};
use crate::Clock;
use crate::limits::PAGE_ROWS;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use touchbook_events::Timestamp;

/// So many that pages end in the middle of rows of one instant.
fn many() -> Vec<Value> {
    let row = |number: usize| row(&format!("{number:05}"), (number / 300) as u32);
    (0..PAGE_ROWS * 5 + 7).map(row).collect()
}

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["id"].as_str().unwrap()).collect()
}

/// S1-138.
#[tokio::test]
async fn all_pages_are_read_in_order_and_each_row_once() {
    let mut scene = Scene::new(many()).await;
    assert_eq!(scene.poller.turn().await, INTERVAL);
    assert!(scene.is_ok());
    assert_eq!(scene.stored(), ids(&many()));
    let asked = scene.asked();
    assert_eq!(asked.len(), 7, "six pages, and one that is empty");
    assert!(
        asked
            .iter()
            .all(|query| query["limit"] == PAGE_ROWS.to_string())
    );
}

/// A gateway may have a bound of its own.
#[tokio::test]
async fn a_server_that_answers_less_than_it_was_asked_for_is_read_to_its_end() {
    let mut scene = Scene::new(many()).await;
    scene.source.lock().unwrap().rows_max = 90;
    scene.poller.turn().await;
    assert_eq!(scene.stored(), ids(&many()));
}

#[tokio::test]
async fn only_what_is_new_is_read_the_next_time() {
    let mut scene = Scene::new(vec![row("a", 1), row("b", 2)]).await;
    scene.poller.turn().await;
    assert_eq!(scene.stored(), ["a", "b"]);
    scene.asked();
    // The first poll after news reads a little before it once more; what it knows stays there.
    scene.source.lock().unwrap().rows.push(row("late", 2));
    scene.poller.turn().await;
    assert_eq!(scene.asked()[0]["updated_at"], format!("gte.{}", at(1)));
    assert_eq!(scene.stored(), ["late"]);
    // One quiet poll is none for a minute.
    scene.poller.turn().await;
    scene.asked();
    scene.poller.turn().await;
    assert_eq!(scene.asked()[0]["updated_at"], format!("gte.{}", at(1)));
    scene.poller.turn().await;
    let asked = scene.asked();
    assert_eq!(
        asked.len(),
        1,
        "nothing was new, so that nothing is read again"
    );
    assert_eq!(asked[0]["updated_at"], format!("gte.{}", at(2)));
    assert!(asked[0].contains_key("or"));
    let changed = row("a", 3);
    scene.source.lock().unwrap().rows[0] = changed;
    scene.poller.turn().await;
    assert_eq!(scene.stored(), ["a"]);
}

/// Its transaction may end several polls after that of a later row.
#[tokio::test]
async fn a_row_that_becomes_visible_late_is_read_however_often_the_source_is_polled() {
    let mut scene = Scene::new(vec![row("a", 1), row("b", 3)]).await;
    scene.settings.interval = Duration::from_secs(20);
    scene.restart();
    for _ in 0..3 {
        scene.poller.turn().await;
    }
    assert_eq!(scene.stored(), ["a", "b"]);
    scene.source.lock().unwrap().rows.push(row("late", 2));
    scene.poller.turn().await;
    assert_eq!(scene.stored(), ["late"]);
}

/// A clock that went wrong in the source hides nothing that comes after it.
#[tokio::test]
async fn a_row_of_next_year_is_stored_and_holds_back_no_other() {
    let ahead = json!({ "id": "ahead", "updated_at": "2025-01-15T00:00:00Z" });
    let mut scene = Scene::new(vec![row("a", 1), ahead]).await;
    scene.poller.turn().await;
    assert_eq!(scene.stored(), ["a", "ahead"]);
    scene.source.lock().unwrap().rows.push(row("b", 9));
    for _ in 0..3 {
        scene.poller.turn().await;
    }
    assert!(scene.is_ok());
    assert_eq!(scene.stored(), ["b"], "and the other is not stored again");
}

#[tokio::test]
async fn a_restart_goes_on_where_the_last_run_came_to() {
    let old = json!({ "id": "old", "updated_at": "2024-01-13T00:00:00Z" });
    let mut scene = Scene::new(vec![old, row("a", 1), row("b", 2)]).await;
    scene.poller.turn().await;
    assert_eq!(scene.stored(), ["old", "a", "b"]);
    scene.asked();
    scene.restart();
    scene.poller.turn().await;
    let asked = scene.asked();
    assert_eq!(asked[0]["updated_at"], "gte.2024-01-14T00:02:00Z");
    assert_eq!(scene.stored(), ["a", "b"]);
}

/// A transaction may take longer than the overlap is: once a day, more is read again.
#[tokio::test]
async fn a_row_that_becomes_visible_after_an_hour_is_read_within_a_day() {
    let mut scene = Scene::new(vec![row("a", 1), row("b", 200)]).await;
    let now = Arc::new(AtomicI64::new(NOW.micros()));
    let hours = 60 * 60 * 1_000_000;
    let clock = Arc::clone(&now);
    let clock: Clock = Arc::new(move || Timestamp::from_micros(clock.load(Ordering::Relaxed)));
    let (settings, bounds) = (&scene.settings, scene.bounds);
    scene.poller = poller_at(settings, bounds, &scene.sink, &scene.health, clock);
    for _ in 0..4 {
        scene.poller.turn().await;
    }
    assert_eq!(scene.stored(), ["a", "b"]);
    scene.source.lock().unwrap().rows.push(row("late", 100));
    now.fetch_add(23 * hours, Ordering::Relaxed);
    scene.poller.turn().await;
    assert!(scene.stored().is_empty());
    now.fetch_add(hours, Ordering::Relaxed);
    scene.poller.turn().await;
    assert_eq!(scene.stored(), ["late"]);
}

/// Where `updated_at` may be missing, a row is told all the same.
#[tokio::test]
async fn rows_that_do_not_say_when_they_changed_are_read_too() {
    let undated = |id: usize| json!({ "id": format!("{id:05}"), "updated_at": null });
    let mut rows: Vec<_> = (0..PAGE_ROWS + 3).map(undated).collect();
    rows.push(row("a", 1));
    let mut scene = Scene::new(rows).await;
    for _ in 0..3 {
        scene.poller.turn().await;
        assert!(scene.is_ok());
    }
    let stored = scene.stored();
    assert_eq!(stored.len(), PAGE_ROWS + 4);
    assert_eq!(stored[0], "a");
    assert_eq!(stored[PAGE_ROWS + 3], format!("{:05}", PAGE_ROWS + 2));
}

/// What was stored of a poll that broke is not stored again.
#[tokio::test]
async fn a_poll_that_breaks_in_the_middle_is_gone_on_with() {
    let mut scene = Scene::new(many()).await;
    scene.poller.turn().await;
    scene.stored();
    let mut more = many();
    more.extend([row("x", 100), row("y", 200)]);
    {
        let mut source = scene.source.lock().unwrap();
        source.rows = more;
        source.rows_max = 100;
    }
    *scene.sink.refusal.lock().unwrap() = Some("unavailable".to_owned());
    scene.poller.turn().await;
    assert!(scene.reason().ends_with("could not be stored: unavailable"));
    *scene.sink.refusal.lock().unwrap() = None;
    scene.poller.turn().await;
    assert!(scene.is_ok());
    assert_eq!(scene.stored(), ["x", "y"]);
}

#[tokio::test]
async fn rows_that_say_nothing_of_their_place_are_stored_and_end_no_page() {
    let odd = json!({ "id": 7.5, "updated_at": at(1), "odd": true });
    let mut scene = Scene::new(vec![row("a", 1), odd, row("b", 2)]).await;
    scene.poller.turn().await;
    assert!(scene.is_ok());
    let stored = scene.stored();
    assert!(stored.contains(&"?".to_owned()) && stored.contains(&"b".to_owned()));
}

#[tokio::test]
async fn a_server_that_knows_no_conditions_but_the_first_is_read_while_its_pages_end() {
    let mut scene = Scene::new(vec![row("a", 1), row("b", 2), row("c", 3)]).await;
    scene.source.lock().unwrap().is_simple = true;
    scene.poller.turn().await;
    assert!(scene.is_ok());
    assert_eq!(scene.stored(), ["a", "b", "c"]);

    let same = (0..PAGE_ROWS).map(|id| row(&format!("{id:05}"), 1));
    let mut scene = Scene::new(same.collect()).await;
    scene.source.lock().unwrap().is_simple = true;
    scene.poller.turn().await;
    assert!(scene.reason().contains("don't go on"));
    assert_eq!(
        scene.asked().len(),
        2,
        "it is not asked for the same page for ever"
    );
}
