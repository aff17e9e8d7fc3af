//! Webhooks: what other systems push, and can't be told what is wrong with.

use crate::auth::webhook::{KEY_PARAMETER, Knock, secret_of};
use crate::delivery::{Delivery, Shape};
use crate::extract::{DeliveryBody, Params, Query, Values};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::delivery::{Delivered, WebhookInfo};
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use std::convert::Infallible;
use touchbook_events::catalogue::access::WebhookKind;
use touchbook_ingest::{meta, webhook};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(describe_timeline_webhook, deliver_timeline))
        .routes(routes!(deliver_call))
        .routes(routes!(confirm_meta, deliver_meta))
        .routes(routes!(deliver_shopify))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeyParams {
    /// `<tenant>_<prefix>`, the open part of the webhook's key, where deliveries are signed.
    #[param(example = "default_3f9c1a2b4d5e")]
    key: Option<String>,
}

impl Params for KeyParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        Ok(Self {
            key: values.text(KEY_PARAMETER)?,
        })
    }
}

/// The head of a request, which signatures are about.
pub(crate) struct Head(Parts);

impl<S: Send + Sync> FromRequestParts<S> for Head {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.clone()))
    }
}

/// Takes a delivery, and answers 202 where something of it could only be kept.
async fn take(
    api: &Api,
    kind: WebhookKind,
    shape: Shape,
    params: &KeyParams,
    Head(parts): Head,
    DeliveryBody(body, _held): DeliveryBody,
) -> Result<Response, Problem> {
    let knock = Knock {
        kind,
        parts: &parts,
        body: &body,
        key: params.key.as_deref(),
    };
    let caller = knock.admit(api).await?;
    let delivery = Delivery::new(shape, body, &parts.headers)?;
    let delivered = caller.deliver_or_keep(api, delivery).await?;
    let status = match delivered.dead_letters.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::ACCEPTED,
    };
    Ok((status, Json(delivered)).into_response())
}

/// Describe the timeline's webhook
#[utoipa::path(
    get,
    path = "/api/webhooks/timeline",
    tag = "mission",
    responses((status = 200, description = "What it takes", body = WebhookInfo)),
)]
pub(crate) async fn describe_timeline_webhook(Query(()): Query<()>) -> Json<WebhookInfo> {
    Json(WebhookInfo {
        endpoint: Shape::Timeline.route(),
        method: "POST",
        authentication: "`Authorization: Bearer` with the webhook's key or secret, or a signature \
                         as Standard Webhooks has it",
        supported_types: webhook::TYPES.to_vec(),
    })
}

/// Deliver to the timeline
///
/// `type` is one of those that the `GET` answers, `data` the object. What can't be used is kept as
/// it came, as a dead letter, and answered 202.
#[utoipa::path(
    post,
    path = "/api/webhooks/timeline",
    tag = "mission",
    params(KeyParams),
    request_body(content((serde_json::Value = "application/json"))),
    responses(
        (status = 200, description = "Stored, or stored already", body = Delivered),
        (status = 202, description = "Kept, since it can't be used", body = Delivered),
    ),
)]
pub(crate) async fn deliver_timeline(
    State(api): State<Api>,
    Query(params): Query<KeyParams>,
    head: Head,
    body: DeliveryBody,
) -> Result<Response, Problem> {
    take(
        &api,
        WebhookKind::Timeline,
        Shape::Timeline,
        &params,
        head,
        body,
    )
    .await
}

/// Deliver a call
///
/// What an AI call system knows of a call; everything but `call_id` may be absent.
#[utoipa::path(
    post,
    path = "/api/integrations/call-system",
    tag = "mission",
    params(KeyParams),
    request_body(content((serde_json::Value = "application/json"))),
    responses(
        (status = 200, description = "Stored, or stored already", body = Delivered),
        (status = 202, description = "Kept, since it can't be used", body = Delivered),
    ),
)]
pub(crate) async fn deliver_call(
    State(api): State<Api>,
    Query(params): Query<KeyParams>,
    head: Head,
    body: DeliveryBody,
) -> Result<Response, Problem> {
    take(
        &api,
        WebhookKind::CallSystem,
        Shape::CallSystem,
        &params,
        head,
        body,
    )
    .await
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConfirmParams {
    /// `<tenant>_<prefix>`, the open part of the webhook's key.
    key: Option<String>,
    #[param(rename = "hub.mode")]
    mode: Option<String>,
    #[param(rename = "hub.verify_token")]
    verify_token: Option<String>,
    #[param(rename = "hub.challenge")]
    challenge: Option<String>,
}

impl Params for ConfirmParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        Ok(Self {
            key: values.text(KEY_PARAMETER)?,
            mode: values.text("hub.mode")?,
            verify_token: values.text("hub.verify_token")?,
            challenge: values.text("hub.challenge")?,
        })
    }
}

/// Confirm Meta's subscription
///
/// Answers `hub.challenge` where `hub.verify_token` is the webhook's secret.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks/meta",
    tag = "webhooks",
    params(ConfirmParams),
    responses((status = 200, description = "The challenge", body = str)),
)]
pub(crate) async fn confirm_meta(
    State(api): State<Api>,
    Query(params): Query<ConfirmParams>,
) -> Result<String, Problem> {
    let secret = secret_of(&api, WebhookKind::Meta, params.key.as_deref()).unwrap_or_default();
    let challenge = meta::challenge(
        params.mode.as_deref(),
        params.verify_token.as_deref(),
        params.challenge.as_deref(),
        &secret,
    );
    challenge.map(str::to_owned).ok_or_else(|| {
        let detail = "`hub.verify_token` is not the webhook's secret";
        Problem::new(StatusCode::FORBIDDEN, "not_confirmed", detail)
    })
}

/// Deliver what Meta tells
///
/// Mentions, comments and posts of Instagram and of Facebook pages, signed with
/// `X-Hub-Signature-256`. Changes that can't be used are kept one by one.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/meta",
    tag = "webhooks",
    params(KeyParams),
    request_body(content((serde_json::Value = "application/json"))),
    responses(
        (status = 200, description = "Stored, or stored already", body = Delivered),
        (status = 202, description = "Kept, as far as it can't be used", body = Delivered),
    ),
)]
pub(crate) async fn deliver_meta(
    State(api): State<Api>,
    Query(params): Query<KeyParams>,
    head: Head,
    body: DeliveryBody,
) -> Result<Response, Problem> {
    take(&api, WebhookKind::Meta, Shape::Meta, &params, head, body).await
}

/// Deliver an order of Shopify
///
/// `orders/create` and `orders/updated`, signed with `X-Shopify-Hmac-Sha256`.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/shopify",
    tag = "webhooks",
    params(KeyParams),
    request_body(content((serde_json::Value = "application/json"))),
    responses(
        (status = 200, description = "Stored, or stored already", body = Delivered),
        (status = 202, description = "Kept, since it can't be used", body = Delivered),
    ),
)]
pub(crate) async fn deliver_shopify(
    State(api): State<Api>,
    Query(params): Query<KeyParams>,
    head: Head,
    body: DeliveryBody,
) -> Result<Response, Problem> {
    take(
        &api,
        WebhookKind::Shopify,
        Shape::Shopify,
        &params,
        head,
        body,
    )
    .await
}
