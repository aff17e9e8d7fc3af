//! Callers of bad manners: slow, silent, gone in the middle, or deaf to what they asked for.
//!
//! The service ends what they leave open; how long that took is noted.

use super::held::LARGE_PAGE;
use super::wire::{Answer, Wire, get, post};
use crate::load;
use crate::service::TENANT;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

/// How slow the slow ones are.
const A_BYTE_EVERY: Duration = Duration::from_secs(1);
/// How often those that come and go come.
const COME_EVERY: Duration = Duration::from_millis(250);
const BODY_BYTES: usize = 1 << 20;
const JSON: &str = "application/json";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nuisance {
    /// Connects and says nothing.
    Silent,
    /// Sends a request's head a byte a second.
    SlowHead,
    /// Sends a body a byte a second.
    SlowBody,
    /// Sends most of a body, and then nothing.
    StuckBody,
    /// Asks for a large page and takes nothing of it.
    DeafToPage,
    /// Takes a byte a second of it.
    SippingPage,
    /// Follows the records and takes none.
    DeafToStream,
    /// Is reset in the middle of a body.
    Reset,
    /// Ends in the middle of a body.
    BrokenOff,
    /// Is gone before it is answered.
    Gone,
}

/// When the service should end what one of them leaves open.
enum Patience {
    /// It ends by itself.
    None,
    /// A head takes too long.
    Head,
    /// A body takes too long; it is answered 408.
    Body,
    /// An answer is not taken.
    Answer,
}

impl Nuisance {
    pub(super) const ALL: [Self; 10] = [
        Self::Silent,
        Self::SlowHead,
        Self::SlowBody,
        Self::StuckBody,
        Self::DeafToPage,
        Self::SippingPage,
        Self::DeafToStream,
        Self::Reset,
        Self::BrokenOff,
        Self::Gone,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::SlowHead => "head byte by byte",
            Self::SlowBody => "body byte by byte",
            Self::StuckBody => "body without its end",
            Self::DeafToPage => "page that is not read",
            Self::SippingPage => "page read byte by byte",
            Self::DeafToStream => "stream that is not read",
            Self::Reset => "reset in a body",
            Self::BrokenOff => "ended in a body",
            Self::Gone => "gone before the answer",
        }
    }

    /// How many there are at once, of a hundred.
    fn share(self) -> usize {
        match self {
            Self::Silent => 40,
            Self::SlowHead | Self::SlowBody => 14,
            Self::DeafToStream => 16,
            Self::DeafToPage | Self::SippingPage => 4,
            Self::StuckBody | Self::Reset | Self::BrokenOff | Self::Gone => 2,
        }
    }

    fn patience(self) -> Patience {
        match self {
            Self::Silent | Self::SlowHead => Patience::Head,
            Self::SlowBody | Self::StuckBody => Patience::Body,
            Self::DeafToPage | Self::SippingPage | Self::DeafToStream => Patience::Answer,
            Self::Reset | Self::BrokenOff | Self::Gone => Patience::None,
        }
    }

    /// For how long the service should hold on to one.
    fn held_for(self) -> Option<Duration> {
        match self.patience() {
            Patience::None => None,
            Patience::Head => Some(Duration::from_secs(15)),
            Patience::Body | Patience::Answer => Some(Duration::from_secs(30)),
        }
    }

    /// Comes once, and stays until the service has enough of it.
    async fn come(self, address: SocketAddr) -> io::Result<()> {
        let is_deaf = matches!(self.patience(), Patience::Answer);
        let mut wire = match is_deaf {
            true => Wire::narrow_to(address).await?,
            false => Wire::to(address).await?,
        };
        match self {
            Self::Silent => wire.end().await,
            Self::SlowHead => {
                let head = get(TENANT, "/api/v1/customers");
                assert!(drip(&mut wire, head.as_bytes()).await.is_none());
            }
            Self::SlowBody => {
                wire.send(post(TENANT, JSON, BODY_BYTES)).await?;
                took_too_long(drip(&mut wire, &[b' '; BODY_BYTES]).await);
            }
            Self::StuckBody => {
                wire.send(post(TENANT, JSON, BODY_BYTES)).await?;
                wire.send(vec![b' '; BODY_BYTES - 1]).await?;
                took_too_long(wire.answer().await);
            }
            Self::DeafToPage => {
                wire.send(get(TENANT, LARGE_PAGE)).await?;
                wire.end_unread(A_BYTE_EVERY).await;
            }
            Self::SippingPage => {
                wire.send(get(TENANT, LARGE_PAGE)).await?;
                let mut turns = interval(A_BYTE_EVERY);
                while wire.is_open().await {
                    wire.take_byte().await;
                    turns.tick().await;
                }
            }
            Self::DeafToStream => {
                wire.send(get(TENANT, "/api/v1/stream?after=0")).await?;
                wire.end_unread(A_BYTE_EVERY).await;
            }
            Self::Reset => {
                wire.send(post(TENANT, JSON, BODY_BYTES)).await?;
                wire.send(vec![b' '; BODY_BYTES / 2]).await?;
                wire.reset();
            }
            Self::BrokenOff => {
                wire.send(post(TENANT, JSON, BODY_BYTES)).await?;
                wire.send(vec![b' '; BODY_BYTES / 2]).await?;
                drop(wire);
            }
            Self::Gone => {
                let event = load::event("siege-gone", 0);
                wire.send(post(TENANT, JSON, event.len()) + &event).await?;
                wire.reset();
            }
        }
        Ok(())
    }
}

/// Sends a byte at a time until it is answered, or the connection ends.
async fn drip(wire: &mut Wire, bytes: &[u8]) -> Option<Answer> {
    for byte in bytes {
        if wire.send([*byte]).await.is_err() {
            return None;
        }
        if let Ok(answer) = timeout(A_BYTE_EVERY, wire.answer()).await {
            return answer;
        }
    }
    panic!("it was never told to stop");
}

fn took_too_long(answer: Option<Answer>) {
    let answer = answer.expect("it is told why");
    let said = (answer.status, answer.code());
    assert_eq!(said, (408, Some("body_timed_out".to_owned())));
}

/// How often each came, and for how long the service held on to it.
#[derive(Default)]
pub(super) struct Tally(Mutex<BTreeMap<Nuisance, Vec<Duration>>>);

impl Tally {
    fn add(&self, nuisance: Nuisance, held: Duration) {
        let mut tally = self.0.lock().unwrap();
        tally.entry(nuisance).or_default().push(held);
    }

    /// Sorted.
    pub(super) fn of(&self, nuisance: Nuisance) -> Vec<Duration> {
        let mut times = self.0.lock().unwrap().get(&nuisance).cloned();
        let times = times.get_or_insert_default();
        times.sort_unstable();
        std::mem::take(times)
    }
}

impl Tally {
    /// The usual one of each is held for about as long as promised. Not all: the machine may pause.
    pub(super) fn all_were_ended_in_time(&self) {
        for nuisance in Nuisance::ALL {
            let times = self.of(nuisance);
            assert!(!times.is_empty(), "none was ended: {nuisance:?}");
            let usual = times[times.len() / 2];
            if let Some(promised) = nuisance.held_for() {
                let within = promised.mul_f64(0.9)..promised.mul_f64(1.5);
                assert!(within.contains(&usual), "{nuisance:?}: {usual:?}");
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| of bad manners | ended | usually after | at most after |"
        )?;
        writeln!(f, "|---|---|---|---|")?;
        for nuisance in Nuisance::ALL {
            let times = self.of(nuisance);
            let seconds = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64);
            let (usual, most) = (seconds(times.get(times.len() / 2)), seconds(times.last()));
            let (name, count) = (nuisance.name(), times.len());
            writeln!(f, "| {name} | {count} | {usual:.1} s | {most:.1} s |")?;
        }
        Ok(())
    }
}

/// Begins `hundreds` of them; each comes again until told to end.
pub(super) fn begin(
    all: &mut JoinSet<()>,
    address: SocketAddr,
    hundreds: usize,
    tally: &Arc<Tally>,
    ending: &CancellationToken,
) {
    for nuisance in Nuisance::ALL {
        for _ in 0..nuisance.share() * hundreds {
            all.spawn(repeat(nuisance, address, Arc::clone(tally), ending.clone()));
        }
    }
}

async fn repeat(
    nuisance: Nuisance,
    address: SocketAddr,
    tally: Arc<Tally>,
    ending: CancellationToken,
) {
    let mut turns = interval(COME_EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while ending.run_until_cancelled(turns.tick()).await.is_some() {
        let began = Instant::now();
        match ending.run_until_cancelled(nuisance.come(address)).await {
            // It was ended in the middle of what it did, which is what the service does to it.
            Some(Ok(()) | Err(_)) => tally.add(nuisance, began.elapsed()),
            None => return,
        }
    }
}
