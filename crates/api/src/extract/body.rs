//! Bodies: of a known kind, of a bounded size, arriving in time.

use crate::budget::{Budget, Held};
use crate::limits::{
    BODIES_BYTES_MAX, BODY_BYTES_MAX, BODY_WAIT_BUSY_MAX, BODY_WAIT_MAX, DELIVERY_BYTES_MAX,
    DROPPED_BYTES_MAX, UNCOUNTED_BYTES,
};
use crate::problem::Problem;
use crate::state::Api;
use axum::body::{BodyDataStream, HttpBody};
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use futures::StreamExt;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::time::Duration;
use touchbook_events as events;
use touchbook_events::limits::BATCH_BYTES_MAX;

/// What a body says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// `application/json`: an object or an array.
    Json,
    /// `application/cloudevents+json`: one event.
    CloudEvent,
    /// `application/cloudevents-batch+json`: an array.
    CloudEventBatch,
    /// `application/x-ndjson`: one event a line.
    Ndjson,
}

impl MediaType {
    const NAMES: [(&'static str, Self); 5] = [
        ("application/json", Self::Json),
        ("application/cloudevents+json", Self::CloudEvent),
        ("application/cloudevents-batch+json", Self::CloudEventBatch),
        ("application/x-ndjson", Self::Ndjson),
        ("application/ndjson", Self::Ndjson),
    ];

    fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let essence = value.split(';').next().unwrap_or_default().trim();
        let known = Self::NAMES
            .iter()
            .find(|(name, _)| essence.eq_ignore_ascii_case(name));
        known.map(|(_, media_type)| *media_type)
    }
}

/// A body of events.
pub(crate) struct Body {
    pub media_type: MediaType,
    pub bytes: Bytes,
    /// For as long as the bytes are there.
    pub held: Option<Held>,
}

impl FromRequest<Api> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let known = MediaType::of(request.headers());
        let media_type = known
            .ok_or_else(|| unsupported(MediaType::NAMES.iter().map(|(name, _)| *name).collect()))?;
        let (bytes, held) = collect(request, BATCH_BYTES_MAX, api.bodies(), wait_max(api)).await?;
        Ok(Self {
            media_type,
            bytes,
            held,
        })
    }
}

impl<T: DeserializeOwned> OptionalFromRequest<Api> for JsonBody<T> {
    type Rejection = Problem;

    /// No body is one that does not say what it is.
    async fn from_request(request: Request, api: &Api) -> Result<Option<Self>, Problem> {
        if !request.headers().contains_key(header::CONTENT_TYPE) {
            return Ok(None);
        }
        <Self as FromRequest<Api>>::from_request(request, api)
            .await
            .map(Some)
    }
}

/// One JSON object, read as `T`: 400 where it is no JSON, 422 where it is no `T`.
pub(crate) struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Api> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        if MediaType::of(request.headers()) != Some(MediaType::Json) {
            return Err(unsupported(vec!["application/json"]));
        }
        let (bytes, _held) = collect(request, BODY_BYTES_MAX, api.bodies(), wait_max(api)).await?;
        let begins_with = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        if begins_with == Some(&b'[') {
            // serde would take an array's items for the members of an object, one by one.
            serde_json::from_slice::<IgnoredAny>(&bytes)
                .map_err(|error| events::Problem::not_json(&bytes, &error))?;
            return Err(events::Problem::invalid("", "must be an object, is an array").into());
        }
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let read = serde_path_to_error::deserialize(&mut reader)
            .map_err(|error| events::Problem::from_path_error(&bytes, &error))?;
        reader
            .end()
            .map_err(|error| events::Problem::not_json(&bytes, &error))?;
        Ok(Self(read))
    }
}

/// What another system sent, whatever it says that it is, and what is held of it.
pub(crate) struct DeliveryBody(pub Bytes, pub Option<Held>);

impl FromRequest<Api> for DeliveryBody {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let collected = collect(request, DELIVERY_BYTES_MAX, api.bodies(), wait_max(api));
        collected.await.map(|(bytes, held)| Self(bytes, held))
    }
}

pub(crate) fn unsupported(allowed: Vec<&'static str>) -> Problem {
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let detail = "say with `Content-Type` what the body is";
    Problem::new(status, "unsupported_media_type", detail).allowing(allowed)
}

/// What is compressed could be of any size once it is not.
pub(crate) fn refuse_encoded(headers: &HeaderMap) -> Result<(), Problem> {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    if encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let detail = "bodies are read as they are: send them without `Content-Encoding`";
    Err(Problem::new(status, "unsupported_encoding", detail).allowing(["identity"]))
}

/// Who keeps a connection without saying more makes room where these run short.
pub(crate) fn wait_max(api: &Api) -> Duration {
    match api.connections().are_few() {
        true => BODY_WAIT_BUSY_MAX,
        false => BODY_WAIT_MAX,
    }
}

/// The whole body; not copied when it came in one piece.
async fn collect(
    request: Request,
    bytes_max: usize,
    budget: &Budget,
    wait_max: Duration,
) -> Result<(Bytes, Option<Held>), Problem> {
    refuse_encoded(request.headers())?;
    // Whoever asks first has sent nothing yet.
    let asks_first = request.headers().contains_key(header::EXPECT);
    let body = request.into_body();
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > bytes_max && asks_first {
        return Err(too_large(bytes_max as u64));
    }
    let arriving = Arriving {
        announced,
        bytes_max,
        budget,
        held: None,
        counted: 0,
    };
    let collected = async {
        let mut pieces = body.into_data_stream();
        let joined = arriving.join(&mut pieces).await;
        if joined.is_err() {
            drop_rest(pieces).await;
        }
        joined
    };
    match tokio::time::timeout(wait_max, collected).await {
        Ok(collected) => collected,
        Err(_) => {
            let detail = format!("the body did not arrive in {} s", wait_max.as_secs());
            Err(Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "body_timed_out",
                detail,
            ))
        }
    }
}

async fn drop_rest(mut pieces: BodyDataStream) {
    let mut dropped = 0;
    while let Some(Ok(piece)) = pieces.next().await {
        dropped += piece.len();
        if dropped > DROPPED_BYTES_MAX {
            break;
        }
    }
}

/// A body on its way.
struct Arriving<'a> {
    announced: usize,
    bytes_max: usize,
    budget: &'a Budget,
    held: Option<Held>,
    /// What of it is held.
    counted: usize,
}

impl Arriving<'_> {
    async fn join(mut self, pieces: &mut BodyDataStream) -> Result<(Bytes, Option<Held>), Problem> {
        if self.announced > self.bytes_max {
            return Err(too_large(self.bytes_max as u64));
        }
        let mut first = Bytes::new();
        let mut rest: Option<Vec<u8>> = None;
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| {
                Problem::unreadable("unreadable_body", "the body broke off before its end")
            })?;
            let so_far = rest.as_ref().map_or(first.len(), Vec::len);
            self.admit(so_far + piece.len())?;
            match &mut rest {
                Some(all) => self.append(all, &piece),
                None if first.is_empty() => first = piece,
                None => {
                    let mut all = Vec::new();
                    self.append(&mut all, &first);
                    self.append(&mut all, &piece);
                    rest = Some(all);
                }
            }
        }
        Ok((rest.map_or(first, Bytes::from), self.held))
    }

    /// Makes room for twice what was admitted at most: whoever announces much may send little.
    fn append(&self, all: &mut Vec<u8>, piece: &[u8]) {
        let needed = all.len() + piece.len();
        if needed > all.capacity() {
            let end = match self.announced {
                0 => self.bytes_max,
                announced => announced,
            };
            let room = (2 * all.capacity()).min(end).max(needed);
            all.reserve_exact(room - all.len());
        }
        all.extend_from_slice(piece);
    }

    /// Whether it may have so many bytes, on its own and beside all others.
    fn admit(&mut self, bytes: usize) -> Result<(), Problem> {
        if bytes > self.bytes_max {
            return Err(too_large(self.bytes_max as u64));
        }
        let more = bytes.saturating_sub(UNCOUNTED_BYTES + self.counted);
        if more > 0 && !self.budget.add(&mut self.held, more) {
            let detail = format!("bodies of {BODIES_BYTES_MAX} bytes are being read already");
            return Err(Problem::too_many(detail));
        }
        self.counted += more;
        Ok(())
    }
}

pub(crate) fn too_large(bytes_max: u64) -> Problem {
    let detail = format!("the body may have at most {bytes_max} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use std::io;

    type Piece = io::Result<Bytes>;

    async fn read(pieces: impl futures::Stream<Item = Piece> + Send + 'static) -> (u16, String) {
        let body = axum::body::Body::from_stream(pieces);
        match collect(Request::new(body), 10, &Budget::new(0), BODY_WAIT_MAX).await {
            Ok((bytes, _)) => (200, String::from_utf8(bytes.to_vec()).unwrap()),
            Err(problem) => (problem.status().as_u16(), problem.of_item(0).r#type),
        }
    }

    fn pieces(texts: &[&'static str]) -> impl futures::Stream<Item = Piece> + Send + use<> {
        let pieces: Vec<Piece> = texts.iter().map(|text| Ok(Bytes::from(*text))).collect();
        stream::iter(pieces)
    }

    #[tokio::test]
    async fn pieces_are_joined_up_to_the_limit() {
        assert_eq!(read(pieces(&[])).await, (200, String::new()));
        assert_eq!(read(pieces(&["one"])).await, (200, "one".to_owned()));
        assert_eq!(
            read(pieces(&["one", "", "two", "four"])).await,
            (200, "onetwofour".to_owned())
        );
        let too_large = (413, "/problems/body_too_large".to_owned());
        assert_eq!(read(pieces(&["one", "two", "three"])).await, too_large);
        let endless = stream::repeat_with(|| Ok(Bytes::from(vec![0; 1 << 20])));
        assert_eq!(read(endless).await, too_large, "and not read to its end");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let slow = pieces(&["one"]).chain(stream::pending());
        assert_eq!(
            read(slow).await,
            (408, "/problems/body_timed_out".to_owned())
        );
        let broken = pieces(&["one"]).chain(stream::iter([Err(io::ErrorKind::BrokenPipe.into())]));
        assert_eq!(
            read(broken).await,
            (400, "/problems/unreadable_body".to_owned())
        );
    }

    #[test]
    fn no_room_is_made_for_what_is_only_announced() {
        const ANNOUNCED: usize = 8 << 20;
        const PIECE: &[u8] = &[b'x'; 10_000];
        let arriving = Arriving {
            announced: ANNOUNCED,
            bytes_max: ANNOUNCED,
            budget: &Budget::new(0),
            held: None,
            counted: 0,
        };
        let mut all = Vec::new();
        while all.len() + PIECE.len() <= ANNOUNCED {
            arriving.append(&mut all, PIECE);
            assert!(all.capacity() <= 2 * all.len() && all.capacity() <= ANNOUNCED);
        }
    }

    #[tokio::test]
    async fn large_bodies_are_held_within_a_budget() {
        const PIECE: &[u8] = &[b'x'; UNCOUNTED_BYTES];
        let budget = Budget::new(2 * UNCOUNTED_BYTES);
        let body = |pieces| {
            let pieces = stream::repeat_with(|| Piece::Ok(PIECE.into())).take(pieces);
            Request::new(axum::body::Body::from_stream(pieces))
        };
        let collected =
            async |pieces| collect(body(pieces), usize::MAX, &budget, BODY_WAIT_MAX).await;
        let first = collected(3).await.unwrap();
        assert_eq!(first.0.len(), 3 * UNCOUNTED_BYTES);
        let refused = collected(2).await.unwrap_err();
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        collected(1).await.expect("small ones are not counted");
        drop(first);
        collected(2).await.unwrap();
    }
}
