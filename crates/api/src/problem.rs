//! One way to refuse: every answer that is no success is a [`Problem`].

use crate::auth::guard::NOT_ALLOWED;
use crate::limits::RETRY_AFTER;
use crate::wire::problem::{ItemProblem, ProblemDetails};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::error::Error;
use std::time::Duration;
use touchbook_engine::{JobError, ReadError, SubmitError, WaitError, chain};
use touchbook_events as events;

/// Media type of every problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// A refusal on its way out.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    retry_after: Option<Duration>,
    details: Box<ProblemDetails>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        let details = ProblemDetails {
            r#type: format!("/problems/{code}"),
            title: title(code),
            status: status.as_u16(),
            detail: detail.into(),
            pointer: None,
            allowed: Vec::new(),
            position: None,
            errors: Vec::new(),
        };
        Self {
            status,
            retry_after: None,
            details: Box::new(details),
        }
    }

    /// 400: the request can't be read.
    pub(crate) fn unreadable(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 400 for what a query parameter says.
    pub(crate) fn of_parameter(name: &str, problem: events::Problem) -> Self {
        let detail = format!("`{name}`: {}", problem.detail);
        Self::unreadable("invalid_parameter", detail).allowing(problem.allowed)
    }

    /// 404, in the same words for what does not exist and what is another tenant's.
    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is nothing of that name here",
        )
    }

    /// 429: as many requests as may wait do so already.
    pub(crate) fn too_many(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail)
            .retry_after(RETRY_AFTER)
    }

    /// 503: right, but not now.
    pub(crate) fn unavailable(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after(RETRY_AFTER)
    }

    /// 500: the log says why, the caller learns nothing of the inside.
    pub(crate) fn internal(error: &(dyn Error + 'static)) -> Self {
        tracing::error!(error = chain(error), "a request failed");
        Self::failed()
    }

    pub(crate) fn failed() -> Self {
        let detail = "the service failed to answer; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail)
    }

    pub(crate) fn detail(&self) -> &str {
        &self.details.detail
    }

    /// Its stable name.
    pub(crate) fn code(&self) -> &str {
        let r#type = self.details.r#type.as_str();
        r#type.strip_prefix("/problems/").unwrap_or(r#type)
    }

    pub(crate) fn is_fault_of_ours(&self) -> bool {
        self.status.is_server_error()
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    #[must_use]
    pub(crate) fn at(mut self, pointer: impl Into<String>) -> Self {
        self.details.pointer = Some(pointer.into());
        self
    }

    #[must_use]
    pub(crate) fn allowing(mut self, allowed: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.details.allowed = allowed.into_iter().map(Into::into).collect();
        self
    }

    #[must_use]
    pub(crate) fn position(mut self, position: Option<u64>) -> Self {
        self.details.position = position;
        self
    }

    #[must_use]
    pub(crate) fn errors(mut self, errors: Vec<ItemProblem>) -> Self {
        self.details.errors = errors;
        self
    }

    #[must_use]
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Moves a pointer out of the event that a body was made into, back to the body's own members.
    #[must_use]
    pub(crate) fn pointing_into_body(mut self, prefixes: &[&str]) -> Self {
        let inner = self.details.pointer.as_deref().and_then(|pointer| {
            let inner = prefixes
                .iter()
                .find_map(|prefix| pointer.strip_prefix(prefix));
            inner.filter(|inner| !inner.is_empty()).map(str::to_owned)
        });
        self.details.pointer = inner;
        self
    }

    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The same problem as that of item `index` of a batch.
    pub(crate) fn of_item(self, index: usize) -> ItemProblem {
        let details = *self.details;
        ItemProblem {
            index,
            r#type: details.r#type,
            title: details.title,
            status: details.status,
            detail: details.detail,
            pointer: details.pointer,
            allowed: details.allowed,
            position: details.position,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let json = serde_json::to_vec(&self.details).expect("a problem is JSON");
        let mut response = Response::new(Body::from(json));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

impl From<events::Problem> for Problem {
    fn from(problem: events::Problem) -> Self {
        let status = match problem.code {
            _ if problem.is_unreadable() => StatusCode::BAD_REQUEST,
            "unknown_action" => StatusCode::BAD_REQUEST,
            NOT_ALLOWED => StatusCode::FORBIDDEN,
            "event_too_large" | "payload_too_large" | "batch_too_costly" => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            "version_registered" => StatusCode::CONFLICT,
            "ledger_damaged" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let made = Self::new(status, problem.code, problem.detail).allowing(problem.allowed);
        if problem.pointer.is_empty() {
            made
        } else {
            made.at(problem.pointer)
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        let detail = error.to_string();
        match error {
            SubmitError::Busy { retry_after } => Self::too_many(detail).retry_after(retry_after),
            SubmitError::TooLarge { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "batch_too_large", detail)
            }
            SubmitError::Refused(problem) => problem.into(),
            SubmitError::Unavailable { .. } => Self::unavailable("writes_unavailable", detail),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        Self::internal(&error)
    }
}

impl From<WaitError> for Problem {
    fn from(error: WaitError) -> Self {
        let detail = error.to_string();
        match error {
            WaitError::Ahead { .. } => Self::unreadable("position_ahead", detail),
            WaitError::Stalled { .. } => Self::unavailable("projection_failed", detail),
            WaitError::TimedOut { applied, .. } => {
                Self::unavailable("not_yet_applied", detail).position(Some(applied))
            }
        }
    }
}

impl From<JobError> for Problem {
    fn from(error: JobError) -> Self {
        let detail = error.to_string();
        match error {
            JobError::UnknownProjection { allowed } => {
                Self::new(StatusCode::NOT_FOUND, "unknown_projection", detail).allowing(allowed)
            }
            JobError::Stopping => Self::unavailable("stopping", detail),
            JobError::Running(_) => Self::new(StatusCode::CONFLICT, "already_running", detail),
        }
    }
}

/// `unknown_type` reads "Unknown type".
fn title(code: &str) -> String {
    let mut title = code.replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_go_right_later_says_when() {
        let half_a_second = Duration::from_millis(500);
        let reason = || "the disk is full".to_owned();
        for (problem, status, retry_after) in [
            (
                SubmitError::Busy {
                    retry_after: half_a_second,
                }
                .into(),
                429,
                Some("1"),
            ),
            (
                SubmitError::Unavailable { reason: reason() }.into(),
                503,
                Some("1"),
            ),
            (SubmitError::TooLarge { detail: reason() }.into(), 413, None),
            (
                SubmitError::Refused(events::Problem::invalid("/id", "bad")).into(),
                422,
                None,
            ),
            (
                WaitError::Ahead {
                    position: 9,
                    head: 5,
                }
                .into(),
                400,
                None,
            ),
            (
                WaitError::TimedOut {
                    position: 9,
                    applied: 5,
                }
                .into(),
                503,
                Some("1"),
            ),
            (
                WaitError::Stalled {
                    projection: "customers",
                    reason: reason(),
                }
                .into(),
                503,
                Some("1"),
            ),
        ] {
            let problem: Problem = problem;
            let response = problem.into_response();
            assert_eq!(response.status(), status);
            let said = response.headers().get(header::RETRY_AFTER);
            assert_eq!(said.map(|value| value.to_str().unwrap()), retry_after);
        }
    }

    #[test]
    fn a_pointer_leads_into_the_body_that_was_sent() {
        let prefixes = ["/data/customer", "/data"];
        for (of_event, of_body) in [
            ("/data/customer/email", "/email"),
            ("/data/name", "/name"),
            ("/time", ""),
        ] {
            let problem = Problem::from(events::Problem::invalid(of_event, "bad"));
            let details = problem.pointing_into_body(&prefixes).details;
            assert_eq!(
                details.pointer.as_deref(),
                Some(of_body).filter(|text| !text.is_empty())
            );
        }
    }
}
