//! What a directory's service answers, to compare.

use super::image::{Image, OTHER};
use crate::load;
use crate::service::{Service, TENANT};
use reqwest::Method;
use serde_json::Value;

/// Customers whose timelines are compared.
const CUSTOMERS: u64 = 8;
/// Records that are compared byte for byte.
const RAW: [u64; 5] = [2, 700, 1_500, 2_900, 3_010];

pub(super) struct Answers {
    answers: Vec<Answer>,
    digests: Value,
}

struct Answer {
    tenant: &'static str,
    path: String,
    body: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Compared {
    Equal,
    /// Some were refused with an error, and the others are equal.
    SomeRefused,
}

impl Answers {
    pub(super) async fn of(image: &Image) -> Self {
        let service = Service::start_in(image.copy(), &[]);
        let digests = service.digests().await;
        let mut answers = Vec::new();
        for (tenant, path) in paths(&service).await {
            let (status, body) = ask(&service, tenant, &path).await;
            assert_eq!(status, 200, "{path}: {body}");
            answers.push(Answer { tenant, path, body });
        }
        Self { answers, digests }
    }

    /// An answer that differs is an error.
    pub(super) async fn compare(&self, service: &Service) -> Result<Compared, String> {
        let mut compared = Compared::Equal;
        for answer in &self.answers {
            let (status, body) = ask(service, answer.tenant, &answer.path).await;
            if status >= 500 {
                compared = Compared::SomeRefused;
            } else if body != answer.body {
                let (tenant, path) = (answer.tenant, &answer.path);
                return Err(format!(
                    "{path} of {tenant} is answered otherwise: {body:.300}"
                ));
            }
        }
        if compared == Compared::Equal && service.digests().await != self.digests {
            return Err("a projection's digest differs".to_owned());
        }
        Ok(compared)
    }
}

async fn ask(service: &Service, tenant: &str, path: &str) -> (u16, String) {
    let answer = service
        .request_as(tenant, Method::GET, path)
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn paths(service: &Service) -> Vec<(&'static str, String)> {
    let head = service.caught_up().await;
    let pages = (0..=head / 500).map(|page| page * 500);
    let pages = pages.map(|after| format!("/api/v1/ledger/events?after={after}&limit=500"));
    let mut paths: Vec<_> = pages.map(|path| (TENANT, path)).collect();
    for tenant in [OTHER, "_node"] {
        paths.push((tenant, "/api/v1/ledger/events?limit=500".to_owned()));
    }
    for position in RAW {
        paths.push((TENANT, format!("/api/v1/events/{position}/raw")));
    }
    let named = (0..CUSTOMERS).map(|number| load::customer(4 * number));
    for name in named.chain(["long:1".to_owned()]) {
        let path = format!("/api/v1/customers/external_id:{name}/timeline?limit=100");
        paths.push((TENANT, path));
    }
    paths
}
