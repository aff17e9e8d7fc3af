//! Loading made-up customers, and saying what to look at.

use super::client::Client;
use super::event::Event;
use super::sink;
use super::stories::{CUSTOMERS, EVENTS, stories};
use crate::config::Config;
use crate::progress::{note, say};
use crate::service::Service;
use anyhow::Context;
use serde_json::Value;
use touchbook_engine::Engine;
use touchbook_events::EventType;

pub(super) async fn run(
    service: &Service,
    config: &Config,
    client: &Client,
    seed: u64,
) -> anyhow::Result<()> {
    let engine = service.engine();
    let known = engine
        .tenant(client.tenant())
        .map_or(0, |tenant| tenant.head());
    let position = if known > 1 {
        note("there is data already, so nothing is loaded");
        known
    } else {
        load(engine, config, client, seed).await?
    };
    show(client, position).await
}

async fn load(engine: &Engine, config: &Config, client: &Client, seed: u64) -> anyhow::Result<u64> {
    let tenant = engine.create_tenant(client.tenant()).await;
    let tenant = tenant.context("could not create the tenant")?;
    let stories = stories(seed, engine.now());
    let mut events: Vec<String> = stories.events.iter().map(Event::json).collect();
    if config.stream.is_embedded() {
        // Nobody who calls over HTTP leaves a dead letter, since they are told what is wrong. This
        // is the way of those who can't be told.
        let delivered = engine
            .deliver(&tenant, EventType::OrderUpdated, stories.dead.into())
            .await;
        delivered.context("could not deliver the event that can't be used")?;
    } else {
        events.insert(0, stories.dead);
    }
    let position = sink::send_all(config, client, &events, "loading").await?;
    let way = if config.stream.is_embedded() {
        "over HTTP"
    } else {
        "over NATS"
    };
    say(&format!(
        "{EVENTS} events of {CUSTOMERS} customers came {way}. One, of {}, came late and stands in \
         its place; one came twice and was taken once; one could not be used and is a dead letter.",
        stories.people[0].name
    ));
    Ok(position)
}

async fn show(client: &Client, position: u64) -> anyhow::Result<()> {
    let top = client
        .get(&format!(
            "customers?view=top&limit=1&min_position={position}"
        ))
        .await?;
    let customer = top["items"].get(0).context("there are no customers")?;
    let id = customer["customer_id"]
        .as_str()
        .context("a customer has an id")?;
    let email = identifier(customer, "email").context("a customer of the demo has an e-mail")?;
    let word = customer["name"]
        .as_str()
        .and_then(|name| name.split(' ').next());
    let (url, word) = (client.url(), word.unwrap_or_default().to_lowercase());
    say(&format!(
        "
Open
  {url}/                                what there is
  {url}/docs                            every route, to try in the browser
  {url}/api/v1/customers?view=top       the customers, most valuable first

Try
  curl '{url}/api/v1/customers?q={word}'
  curl '{url}/api/v1/customers/{id}/timeline?limit=5'
  curl '{url}/api/v1/events' -H 'Content-Type: application/cloudevents+json' -d '{}'
",
        note_event(email)
    ));
    Ok(())
}

/// Without an apostrophe, since it stands in quotes on the command line.
fn note_event(email: &str) -> String {
    format!(
        "{{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"me\",\"type\":\"interaction.logged\",\
         \"data\":{{\"customer\":{{\"email\":\"{email}\"}},\"type\":\"note\",\
         \"description\":\"Likes the demo\"}}}}"
    )
}

/// A customer's identifier of this kind.
pub(super) fn identifier<'a>(customer: &'a Value, kind: &str) -> Option<&'a str> {
    let identifiers = customer["identifiers"].as_array()?;
    identifiers.iter().find(|known| known["kind"] == kind)?["value"].as_str()
}
