//! How answers are put together: with the position they are of, and as JSON.

use crate::budget::Held;
use crate::limits::{ANSWER_ROW_BYTES, ANSWERS_BYTES_MAX, UNCOUNTED_BYTES};
use crate::problem::Problem;
use crate::state::Api;
use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use std::sync::Arc;

/// Up to which position everything is in an answer.
pub(crate) const POSITION_HEADER: HeaderName = HeaderName::from_static("touchbook-position");

/// What a handler that reads returns.
pub(crate) type Read<T> = Result<Stamped<Json<T>>, Problem>;

/// An answer together with the position that it is of.
pub(crate) struct Stamped<T>(pub u64, pub T);

impl<T: IntoResponse> IntoResponse for Stamped<T> {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        response
            .headers_mut()
            .insert(POSITION_HEADER, HeaderValue::from(self.0));
        response
    }
}

/// JSON that was written already.
pub(crate) struct JsonText(pub Vec<u8>);

impl IntoResponse for JsonText {
    fn into_response(self) -> Response {
        let json = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, json)], Body::from(self.0)).into_response()
    }
}

/// An answer that counts for as long as its asker has not taken it.
struct Untaken {
    bytes: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for Untaken {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What is held for one answer.
#[derive(Debug, Default)]
pub(crate) struct Share {
    answer: Option<Held>,
    /// The body that was answered.
    _body: Option<Held>,
}

impl Share {
    /// Sets aside what so many rows may need, before anything is written: whoever wrote something
    /// is told so. Rows that only the writer can know of are none of them: each is about an event
    /// of the body, which is held as long.
    pub(crate) fn of_write(api: &Api, rows: usize, body: Option<Held>) -> Result<Self, Problem> {
        let bytes = (rows * ANSWER_ROW_BYTES).saturating_sub(UNCOUNTED_BYTES);
        let answer = match bytes {
            0 => None,
            bytes => Some(api.answers().take(bytes).ok_or_else(too_many)?),
        };
        Ok(Self {
            answer,
            _body: body,
        })
    }

    fn of_read(api: &Api, bytes: usize) -> Result<Self, Problem> {
        let answer = Some(api.answers().take(bytes).ok_or_else(too_many)?);
        Ok(Self {
            answer,
            ..Self::default()
        })
    }

    /// The same share with the answer that it was taken for.
    pub(crate) fn with(self, answer: impl IntoResponse) -> Response {
        let mut response = answer.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }

    /// So many bytes, as far as there are that many.
    fn fit(mut self, api: &Api, bytes: usize) -> Self {
        let missing = bytes.saturating_sub(self.answer.as_ref().map_or(0, Held::bytes));
        if missing > 0 {
            api.answers().add(&mut self.answer, missing);
        } else if let Some(answer) = &mut self.answer {
            answer.shrink(bytes);
        }
        self
    }
}

fn too_many() -> Problem {
    Problem::too_many(format!(
        "answers of {ANSWERS_BYTES_MAX} bytes wait for who asked for them"
    ))
}

/// Lets no more large answers wait for their askers than there is room for. What was written is
/// answered all the same: batches have taken a [`Share`], and what else is written is answered in
/// less than [`UNCOUNTED_BYTES`].
pub(crate) async fn hold(State(api): State<Api>, request: Request, next: Next) -> Response {
    let is_read = request.method().is_safe();
    let mut response = next.run(request).await;
    let share = response.extensions_mut().remove::<Arc<Share>>();
    let bytes = response.body().size_hint().exact().unwrap_or_default();
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    if bytes <= UNCOUNTED_BYTES {
        return response;
    }
    let share = match is_read {
        true => Share::of_read(&api, bytes - UNCOUNTED_BYTES),
        false => {
            let share = share.and_then(Arc::into_inner).unwrap_or_default();
            Ok(share.fit(&api, bytes - UNCOUNTED_BYTES))
        }
    };
    match share {
        Ok(share) => held(response, share, bytes).await,
        Err(refused) => refused.into_response(),
    }
}

async fn held(response: Response, share: Share, bytes: usize) -> Response {
    let (parts, body) = response.into_parts();
    match axum::body::to_bytes(body, bytes).await {
        Ok(bytes) => {
            let untaken = Untaken {
                bytes,
                _share: share,
            };
            Response::from_parts(parts, Body::from(Bytes::from_owner(untaken)))
        }
        Err(error) => Problem::internal(&error).into_response(),
    }
}
