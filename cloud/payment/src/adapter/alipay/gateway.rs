//! Calls to Alipay's gateway, each signed by us and answered with Alipay's signature.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, header},
};
use http_body_util::{BodyExt, Limited};
use process::{
    client::{Client, ClientError},
    clock::Clock,
};
use serde_json::Value;
use wire::UnixMillis;

use super::{
    answer::{AlipayAnswer, AlipayAnswerError},
    fields::AlipayFields,
    keys::{AlipayKey, MerchantKey, SigningFailed},
};

/// Longer answers are rejected.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
const FORM: &str = "application/x-www-form-urlencoded;charset=utf-8";
/// Alipay uses Beijing time.
const BEIJING_HOURS: i8 = 8;

pub struct AlipayGateway {
    pub client: Client,
    pub address: String,
    pub app_id: String,
    pub own: MerchantKey,
    pub alipay: AlipayKey,
    pub clock: Clock,
    pub answer_within: Duration,
}

/// The call failed, so its outcome is unknown.
#[derive(Debug, thiserror::Error)]
pub enum AlipayCallError {
    #[error(transparent)]
    Unsigned(#[from] SigningFailed),
    #[error("could not build the request")]
    Form(#[from] axum::http::Error),
    #[error("the gateway is unreachable")]
    Away(#[from] ClientError),
    #[error("the gateway did not answer in time")]
    Late(#[from] tokio::time::error::Elapsed),
    #[error("the connection broke before the answer was complete")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the gateway answered with status {0}")]
    Status(u16),
    #[error(transparent)]
    Answer(#[from] AlipayAnswerError),
}

impl AlipayGateway {
    pub async fn call_method(
        &self,
        method: &str,
        business: &Value,
    ) -> Result<AlipayAnswer, AlipayCallError> {
        let form = self.build_request(method, business).sign_form(&self.own)?;
        // The URL declares the form's charset.
        let request = Request::post(format!("{}?charset=utf-8", self.address))
            .header(header::CONTENT_TYPE, FORM)
            .body(Body::from(form))?;
        let json = tokio::time::timeout(self.answer_within, self.send_request(request)).await??;
        Ok(AlipayAnswer::read(&json, method, &self.alipay)?)
    }

    /// A signed link for a person to open.
    pub fn sign_link(&self, request: AlipayFields) -> Result<String, SigningFailed> {
        Ok(format!(
            "{}?{}",
            self.address,
            request.sign_form(&self.own)?
        ))
    }

    /// The fields of every request.
    pub fn build_request(&self, method: &str, business: &Value) -> AlipayFields {
        AlipayFields::default()
            .with_field("app_id", self.app_id.as_str())
            .with_field("method", method)
            .with_field("format", "JSON")
            .with_field("charset", "utf-8")
            .with_field("timestamp", format_beijing_time(self.clock.now()))
            .with_field("version", "1.0")
            .with_field("biz_content", business.to_string())
    }

    async fn send_request(&self, request: Request<Body>) -> Result<String, AlipayCallError> {
        let (head, body) = self.client.send_request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let bytes = body.map_err(AlipayCallError::Broken)?.to_bytes();
        if !head.status.is_success() {
            return Err(AlipayCallError::Status(head.status.as_u16()));
        }
        let text = String::from_utf8(bytes.into());
        text.map_err(|_| AlipayCallError::Answer(AlipayAnswerError::Unreadable))
    }
}

/// `2025-11-24 23:20:00`.
pub fn format_beijing_time(at: UnixMillis) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(BEIJING_HOURS));
    at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
