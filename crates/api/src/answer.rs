//! How answers are put together: with the position they are of, and as JSON.

use crate::problem::Problem;
use axum::Json;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

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
