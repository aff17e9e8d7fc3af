//! The quote source: polled where one is configured, and said to be off where none is (S1-138).

use crate::config::Config;
use crate::secrets::Vault;
use anyhow::Context;
use bytes::Bytes;
use std::sync::Arc;
use tokio::task::JoinHandle;
use touchbook_api::{Api, Fed, FeedError, QuoteFeed, QuoteSourceStanding};
use touchbook_engine::{chain, clock};
use touchbook_outbound::{
    Health, Key, Poller, Settings, Sink, SourceUrl, Standing, Stored, Unstored,
};

/// Holds how far each tenant's source was read.
const FOLDER: &str = "quote_source";
const NOT_READY: &str = "the client of the quote source could not be made; the log says why";

/// Where a source is, and what it is opened with.
pub(crate) struct Source {
    url: SourceUrl,
    key: Option<Key>,
}

impl Source {
    /// The source that is configured, if one is.
    ///
    /// # Errors
    /// When its key can't be one; the error does not repeat it.
    pub(crate) fn of(config: &Config, vault: &Vault) -> anyhow::Result<Option<Self>> {
        let Some(url) = config.quote_source.url.clone() else {
            return Ok(None);
        };
        let key = vault.quote_source_key();
        let key = key.map(|key| key.parse()).transpose();
        let key = key.context("the key of the quote source can't be used")?;
        Ok(Some(Self { url, key }))
    }

    /// Polls it until the service stops, which serves whether that is possible or not.
    pub(crate) fn poll(self, config: &Config, api: &Api) -> Option<JoinHandle<()>> {
        let configured = &config.quote_source;
        let tenant = configured.tenant.as_ref();
        let tenant = tenant.unwrap_or(&config.tenants.default_tenant).0.as_str();
        let folder = config.storage.data_dir.join(FOLDER);
        let settings = Settings {
            url: self.url,
            table: configured.table.clone(),
            key: self.key,
            interval: configured.interval,
            allow_private: configured.allow_private,
            checkpoint: folder.join(tenant).with_extension("json"),
        };
        let health = Arc::new(Health::default());
        let feed = Feed(QuoteFeed::new(api.clone(), tenant));
        let poller = Poller::new(settings, feed, Arc::clone(&health), clock::system());
        match poller {
            Ok(poller) => {
                api.watch_quote_source(move || standing(health.standing()));
                Some(tokio::spawn(poller.run(api.stopping().clone())))
            }
            Err(error) => {
                tracing::error!(error = chain(&error), "{NOT_READY}");
                api.watch_quote_source(|| QuoteSourceStanding::Failing {
                    reason: NOT_READY.to_owned(),
                    last_polled_at: None,
                });
                None
            }
        }
    }
}

struct Feed(QuoteFeed);

impl Sink for Feed {
    async fn store(&self, rows: Vec<Bytes>) -> Result<Stored, Unstored> {
        stored(self.0.take(rows).await)
    }

    fn mark(&self) -> Option<String> {
        self.0.mark()
    }

    fn confirms(&self, mark: &str) -> bool {
        self.0.confirms(mark)
    }

    async fn pass_by(&self, place: Bytes) -> Result<Stored, Unstored> {
        stored(self.0.pass_by(place).await)
    }
}

fn stored(fed: Result<Fed, FeedError>) -> Result<Stored, Unstored> {
    match fed {
        Ok(fed) => Ok(Stored {
            accepted: fed.accepted,
            duplicates: fed.duplicates,
            dead_letters: fed.dead_letters,
        }),
        Err(error) => Err(Unstored { code: error.code }),
    }
}

fn standing(standing: Standing) -> QuoteSourceStanding {
    match standing {
        Standing::Starting => QuoteSourceStanding::Starting,
        Standing::Ok { last_polled_at } => QuoteSourceStanding::Ok { last_polled_at },
        Standing::Failing {
            reason,
            last_polled_at,
        } => QuoteSourceStanding::Failing {
            reason,
            last_polled_at,
        },
    }
}
