//! A service, who uses it as it is meant to be used, and who does not.

use super::answered::Answered;
use super::figures::Figures;
use super::memory::Memory;
use super::nuisances::{self, Tally};
use super::regulars::{self, Regulars, SOURCE};
use super::{held, limits};
use crate::check;
use crate::failing_disk::Node;
use crate::load;
use crate::service::Service;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const FOLLOWERS: usize = 4;
/// How often somebody asks for too much.
const BEYOND_EVERY: Duration = Duration::from_millis(500);
/// How often everything is held that may be held at once.
const HOLD_EVERY: Duration = Duration::from_secs(20);

pub(super) struct Siege {
    pub(super) service: Arc<Service>,
    pub(super) figures: Arc<Figures>,
    pub(super) memory: Arc<Memory>,
    pub(super) tally: Arc<Tally>,
    answered: Arc<Answered>,
    regulars: Arc<Regulars>,
    working: JoinSet<()>,
    following: JoinSet<u64>,
    misbehaving: JoinSet<()>,
    /// Regulars have enough.
    enough: CancellationToken,
    /// Nothing more is written.
    written: CancellationToken,
    /// Those who misbehave have enough.
    peace: CancellationToken,
}

impl Siege {
    /// Begins with so many events, and with those who use the service as it is meant to be used: as
    /// often as in an hour's minutes, or so many times slower.
    pub(super) async fn begin(events: u64, slower: u32) -> Self {
        let service = Arc::new(Service::start_with(&["--log-level", "error"]));
        held::write_a_large_page(&service).await;
        load::post(&service, "siege-before", 0..events).await;
        let after = service.caught_up().await;
        let (figures, memory) = (Arc::<Figures>::default(), Memory::new());
        let regulars = Regulars::of(&service, &figures);
        let [enough, written, peace] = [(); 3].map(|()| CancellationToken::new());
        let mut working = regulars.begin(slower, &enough);
        working.spawn(Arc::clone(&memory).watch(Arc::clone(&service), enough.clone()));
        let mut following = JoinSet::new();
        for _ in 0..FOLLOWERS {
            let service = Arc::clone(&service);
            following.spawn(regulars::follow(service, after, written.clone()));
        }
        Self {
            service,
            figures,
            memory,
            tally: Arc::default(),
            answered: Arc::default(),
            regulars,
            working,
            following,
            misbehaving: JoinSet::new(),
            enough,
            written,
            peace,
        }
    }

    /// Begins hundreds who misbehave.
    pub(super) fn nuisances(&mut self, hundreds: usize) {
        let address = self.service.address();
        nuisances::begin(
            &mut self.misbehaving,
            address,
            hundreds,
            &self.tally,
            &self.peace,
        );
    }

    /// Begins to be beyond every limit, over and over.
    pub(super) async fn beyond_every_limit(&mut self) {
        let beyond = limits::all(&self.service).await;
        let (service, answered) = (Arc::clone(&self.service), Arc::clone(&self.answered));
        let asking = async move {
            let mut turns = tokio::time::interval(BEYOND_EVERY);
            for beyond in beyond.iter().cycle() {
                turns.tick().await;
                beyond.ask(&service).await;
                answered.count(beyond.limit, beyond.promised);
            }
        };
        self.until_peace(asking);
        let (service, answered) = (Arc::clone(&self.service), Arc::clone(&self.answered));
        self.until_peace(async move {
            let mut turns = tokio::time::interval(HOLD_EVERY);
            loop {
                turns.tick().await;
                held::all_there_is(&service).await;
                for limit in ["event streams", "bytes of bodies", "bytes of answers"] {
                    answered.count(limit, held::TURNED_AWAY);
                }
            }
        });
        let answered = Arc::clone(&self.answered);
        self.misbehaving.spawn(async move {
            // Beside it, since it needs a disk that keeps the writer waiting.
            let node = Node::start(&["--log-level", "error"]);
            held::too_many_waiters(&node).await;
            held::too_full_a_queue(&node).await;
            for limit in ["waiters", "queued events", "queued bytes"] {
                answered.count(limit, held::TURNED_AWAY);
            }
        });
    }

    fn until_peace(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        let peace = self.peace.clone();
        self.misbehaving.spawn(async move {
            peace.run_until_cancelled(work).await;
        });
    }

    /// Lets everybody go on; whoever is answered otherwise than promised ends it.
    pub(super) async fn go_on_for(&mut self, time: Duration) {
        let failing = async {
            tokio::select! {
                () = failure(&mut self.working) => {}
                () = failure(&mut self.misbehaving) => {}
            }
        };
        let _ = tokio::time::timeout(time, failing).await;
    }

    /// Those who misbehave go away.
    pub(super) async fn leave_in_peace(&mut self) {
        self.peace.cancel();
        while let Some(ended) = self.misbehaving.join_next().await {
            ended.unwrap();
        }
    }

    /// Everybody goes away; all that was acknowledged is there, and was read by who followed.
    pub(super) async fn ends_whole(mut self) {
        self.enough.cancel();
        while let Some(ended) = self.working.join_next().await {
            ended.unwrap();
        }
        self.written.cancel();
        let acknowledged = self.regulars.acknowledged();
        while let Some(followed) = self.following.join_next().await {
            assert!(followed.unwrap() >= acknowledged.len() as u64);
        }
        assert_eq!(self.service.get("/readyz").await.status(), 200);
        let stored = check::stored(&self.service, SOURCE).await;
        check::holds(&stored, &acknowledged);
        check::verifies(&self.service);
        check::folds(&self.service).await;
    }
}

/// Waits for one that ends with a panic, and goes on with it.
async fn failure(all: &mut JoinSet<()>) {
    while let Some(ended) = all.join_next().await {
        ended.unwrap();
    }
    std::future::pending().await
}

impl fmt::Display for Siege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requests: usize = self.figures.requests();
        writeln!(f, "{requests} requests of good manners\n")?;
        writeln!(f, "{}\n{}", self.figures, self.memory)?;
        write!(f, "{}\n{}", self.tally, self.answered)
    }
}
