//! Loading real orders: the CDNOW file, or another with its four columns.

use super::client::Client;
use super::event::Event;
use super::load::identifier;
use super::sink;
use crate::config::Config;
use crate::progress::say;
use crate::service::Service;
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use touchbook_events::Timestamp;

const CURRENCY: &str = "USD";
/// Decimals that sums are kept with.
const SCALE: usize = 6;
const PAGE: usize = 500;
const TOP: usize = 10;

/// A row of the file.
#[derive(Debug, PartialEq)]
struct Order<'a> {
    /// Some rows equal another and are real all the same, so an order is known by its line.
    line: usize,
    customer: &'a str,
    day: Timestamp,
    items: u32,
    dollars: &'a str,
}

/// Reads the file's orders, as events.
pub(super) fn events(file: &Path) -> anyhow::Result<Vec<String>> {
    let shown = file.display();
    let text = std::fs::read_to_string(file);
    let text = text.with_context(|| format!("could not read {shown}"))?;
    let orders = read(&text).with_context(|| format!("{shown} is no file of orders"))?;
    Ok(orders.iter().map(|order| event(order).json()).collect())
}

pub(super) async fn run(
    service: &Service,
    config: &Config,
    client: &Client,
    events: &[String],
) -> anyhow::Result<()> {
    let tenant = service.engine().create_tenant(client.tenant()).await;
    tenant.context("could not create the tenant")?;
    let position = sink::send_all(config, client, events, "loading").await?;
    report(client, events.len(), position).await
}

/// The orders of the file; its first line may name the columns.
fn read(text: &str) -> anyhow::Result<Vec<Order<'_>>> {
    let mut orders = Vec::new();
    for (line, row) in (1..).zip(text.lines()) {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let names_columns = line == 1 && columns.get(1).is_some_and(|date| *date == "date");
        if columns.is_empty() || names_columns {
            continue;
        }
        let order = order(line, &columns).with_context(|| format!("line {line} can't be used"))?;
        orders.push(order);
    }
    ensure!(!orders.is_empty(), "it holds no orders");
    Ok(orders)
}

fn order<'a>(line: usize, columns: &[&'a str]) -> anyhow::Result<Order<'a>> {
    let [customer, date, items, dollars] = *columns else {
        anyhow::bail!("it has {} columns, not 4", columns.len());
    };
    let day = chrono::NaiveDate::parse_from_str(date, "%Y%m%d");
    let day = day
        .context("its date is not YYYYMMDD")?
        .and_time(chrono::NaiveTime::MIN);
    millionths(dollars).context("its amount is no number")?;
    Ok(Order {
        line,
        customer,
        day: Timestamp::from_micros(day.and_utc().timestamp_micros()),
        items: items.parse().context("its number of items is none")?,
        dollars,
    })
}

fn event(order: &Order<'_>) -> Event {
    Event {
        id: format!("cdnow-{}", order.line),
        event_type: "order.updated",
        subject: None,
        time: order.day,
        data: json!({
            "customer": { "external_id": format!("cdnow:{}", order.customer) },
            "order_id": order.line.to_string(),
            "status": "Complete",
            "total": { "amount": order.dollars, "currency": CURRENCY },
            "items": [{ "name": "CD", "quantity": order.items }],
            "ordered_at": super::event::iso(order.day),
        }),
    }
}

/// What the service makes of them, read from it like by anybody.
async fn report(client: &Client, orders: usize, position: u64) -> anyhow::Result<()> {
    let (mut customers, mut total, mut top) = (0, 0, Vec::new());
    let mut cursor = String::new();
    loop {
        let path = format!("customers?view=top&limit={PAGE}&min_position={position}{cursor}");
        let page = client.get(&path).await?;
        let items = page["items"].as_array().context("a page has items")?;
        customers += items.len();
        for customer in items {
            total += millionths(ltv(customer)).context("an amount is a number")?;
        }
        if top.len() < TOP {
            top.extend(items.iter().take(TOP).map(row));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let mut text = format!(
        "{orders} orders of {customers} customers, {} {CURRENCY} in all. The most valuable:\n",
        amount(total)
    );
    for row in top {
        // Writing to a `String` can't fail.
        let _ = writeln!(text, "{row}");
    }
    let url = client.url();
    say(&format!(
        "{text}\nOpen {url}/docs, or try\n  curl '{url}/api/v1/customers?view=top'\n"
    ));
    Ok(())
}

fn row(customer: &Value) -> String {
    let id = identifier(customer, "external_id").unwrap_or("?");
    let orders = customer["order_count"].as_u64().unwrap_or_default();
    format!(
        "  {id:14} {:>10} {CURRENCY}  {orders:>4} orders",
        ltv(customer)
    )
}

fn ltv(customer: &Value) -> &str {
    let amounts = customer["ltv"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let ours = amounts.iter().find(|amount| amount["currency"] == CURRENCY);
    ours.and_then(|amount| amount["amount"].as_str())
        .unwrap_or("0")
}

/// Decimal text as a whole number of millionths.
fn millionths(text: &str) -> Option<i128> {
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or((1, text), |digits| (-1, digits));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || decimals.len() > SCALE || !plain(whole) || !plain(decimals) {
        return None;
    }
    format!("{whole}{decimals:0<SCALE$}")
        .parse::<i128>()
        .ok()
        .map(|value| sign * value)
}

/// The same back to text, with two decimals unless it needs more.
fn amount(value: i128) -> String {
    let unit = 10_i128.pow(SCALE as u32);
    let decimals = format!("{:06}", (value % unit).abs());
    let decimals = decimals.trim_end_matches('0');
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{decimals:0<2}", (value / unit).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_equal_rows_stay_apart() {
        let text = " customer_id  date number_of_cds  dollar_value\n 00001 19970101  1   11.77\n\
                    \n 00002 19970112  5   77.00\n 00002 19970112  5   77.00\n";
        let orders = read(text).unwrap();
        let lines: Vec<_> = orders.iter().map(|order| order.line).collect();
        assert_eq!(lines, [2, 4, 5]);
        assert_eq!(
            (orders[1].customer, orders[1].items, orders[1].dollars),
            ("00002", 5, "77.00")
        );
        assert_eq!(event(&orders[0]).data["ordered_at"], "1997-01-01T00:00:00Z");
        assert_ne!(event(&orders[1]).id, event(&orders[2]).id);
    }

    #[test]
    fn what_is_no_row_is_refused_with_its_line() {
        let error = |text| format!("{:#}", read(text).unwrap_err());
        assert!(error("00001 19970101 1").starts_with("line 1 can't be used: it has 3 columns"));
        assert!(error("00001 19971301 1 11.77").contains("YYYYMMDD"));
        assert!(error("1 19970101 1 1\n2 19970101 1 twelve").starts_with("line 2"));
        assert_eq!(error(""), "it holds no orders");
    }

    #[test]
    fn amounts_are_added_exactly() {
        assert_eq!(millionths("11.77"), Some(11_770_000));
        assert_eq!(millionths("-0.5"), Some(-500_000));
        assert_eq!(millionths("1.2345678"), None);
        assert_eq!(millionths("1e5"), None);
        assert_eq!(amount(2_500_315_630_000), "2500315.63");
        assert_eq!(amount(-500_000), "-0.50");
        assert_eq!(amount(1_234_567), "1.234567");
    }
}
