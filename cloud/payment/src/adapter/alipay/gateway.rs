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
    answer::{AlipayAnswer, AnswerError},
    fields::Fields,
    keys::{AlipayKey, MerchantKey, Unsigned},
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
    Unsigned(#[from] Unsigned),
    #[error("the request could not be made")]
    Form(#[from] axum::http::Error),
    #[error("the gateway is away")]
    Away(#[from] ClientError),
    #[error("the gateway gave no answer in time")]
    Late(#[from] tokio::time::error::Elapsed),
    #[error("the answer broke off")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the gateway answered with status {0}")]
    Status(u16),
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

impl AlipayGateway {
    pub async fn ask(
        &self,
        method: &str,
        business: &Value,
    ) -> Result<AlipayAnswer, AlipayCallError> {
        let form = self.request(method, business).signed(&self.own)?;
        // The URL declares the form's charset.
        let request = Request::post(format!("{}?charset=utf-8", self.address))
            .header(header::CONTENT_TYPE, FORM)
            .body(Body::from(form))?;
        let json = tokio::time::timeout(self.answer_within, self.exchange(request)).await??;
        Ok(AlipayAnswer::read(&json, method, &self.alipay)?)
    }

    /// A signed link for a person to open.
    pub fn link(&self, request: Fields) -> Result<String, Unsigned> {
        Ok(format!("{}?{}", self.address, request.signed(&self.own)?))
    }

    /// The fields of every request.
    pub fn request(&self, method: &str, business: &Value) -> Fields {
        Fields::default()
            .with("app_id", self.app_id.as_str())
            .with("method", method)
            .with("format", "JSON")
            .with("charset", "utf-8")
            .with("timestamp", beijing(self.clock.now()))
            .with("version", "1.0")
            .with("biz_content", business.to_string())
    }

    async fn exchange(&self, request: Request<Body>) -> Result<String, AlipayCallError> {
        let (head, body) = self.client.request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let bytes = body.map_err(AlipayCallError::Broken)?.to_bytes();
        if !head.status.is_success() {
            return Err(AlipayCallError::Status(head.status.as_u16()));
        }
        let text = String::from_utf8(bytes.into());
        text.map_err(|_| AlipayCallError::Answer(AnswerError::Unreadable))
    }
}

/// `2025-11-24 23:20:00`.
pub fn beijing(at: UnixMillis) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(BEIJING_HOURS));
    at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
