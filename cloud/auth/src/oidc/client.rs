//! A bounded request to an issuer.

use std::{pin::Pin, time::Duration};

use axum::{
    body::Body,
    http::{self, Request, Response, Uri},
};
use http_body_util::{BodyExt, Limited};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use process::{
    client::{Client, is_guarded},
    problem::format_error_chain,
};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

/// Timeout of one answer. A sign-in needs four at most, and the gateway waits for 20 s.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(4);
/// A document, key set or token has some thousand bytes.
const ANSWER_BYTES_MAX: usize = 128 * 1024;
/// Concurrent requests of one kind to an issuer. Further ones wait for a permit, within
/// `ANSWER_TIMEOUT`.
const REQUESTS_AT_ONCE_MAX: usize = 16;

/// The issuer gave no usable answer. The text is for the log; people only see the issuer's label.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct IssuerUnavailable(pub String);

pub(super) struct IssuerClient {
    client: Client,
    exchanges: Semaphore,
    /// Separate permits, so that exchanges of bogus codes cannot block reading its keys.
    reads: Semaphore,
}

impl IssuerClient {
    pub(super) fn new() -> Self {
        Self {
            client: Client::new(),
            exchanges: Semaphore::new(REQUESTS_AT_ONCE_MAX),
            reads: Semaphore::new(REQUESTS_AT_ONCE_MAX),
        }
    }

    /// Returns the answer regardless of its status; redirects are not followed.
    async fn send_request(
        &self,
        permits: &Semaphore,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, IssuerUnavailable> {
        let exchange = async {
            let _permit = permits.acquire().await.map_err(to_issuer_unavailable)?;
            let answer = self.client.send_request(request.map(Body::from)).await;
            let (head, body) = answer.map_err(to_issuer_unavailable)?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            let body = body
                .map_err(|error| {
                    IssuerUnavailable(format!("could not read its whole answer: {error}"))
                })?
                .to_bytes()
                .to_vec();
            Ok(Response::from_parts(head, body))
        };
        tokio::time::timeout(ANSWER_TIMEOUT, exchange)
            .await
            .map_err(|_| IssuerUnavailable("it did not answer in time".to_owned()))?
    }

    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        address: &str,
        bearer: Option<&str>,
    ) -> Result<T, IssuerUnavailable> {
        let mut request = Request::get(address).header(http::header::ACCEPT, "application/json");
        if let Some(token) = bearer {
            request = request.header(http::header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Vec::new()).map_err(to_issuer_unavailable)?;
        let answer = self.send_request(&self.reads, request).await?;
        if answer.status() != http::StatusCode::OK {
            return Err(IssuerUnavailable(format!(
                "{} answered {}",
                strip_query(address),
                answer.status()
            )));
        }
        serde_json::from_slice(answer.body()).map_err(|error| {
            IssuerUnavailable(format!(
                "could not parse the answer of {}: {error}",
                strip_query(address)
            ))
        })
    }
}

impl<'c> AsyncHttpClient<'c> for IssuerClient {
    type Error = IssuerUnavailable;
    // The compiler cannot prove an unnamed future `Send` here.
    type Future =
        Pin<Box<dyn Future<Output = Result<HttpResponse, IssuerUnavailable>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send_request(&self.exchanges, request))
    }
}

/// Includes the error's causes.
fn to_issuer_unavailable(error: impl std::error::Error) -> IssuerUnavailable {
    IssuerUnavailable(format_error_chain(&error))
}

fn strip_query(address: &str) -> &str {
    address.split('?').next().unwrap_or_default()
}

/// Also applies `is_guarded` to addresses that an issuer names. A remote issuer must not lead us to
/// a plain service on this machine.
pub(super) fn is_guarded_by(issuer: &str, address: &str) -> bool {
    is_guarded(address) && (is_https(address) || !is_https(issuer))
}

fn is_https(address: &str) -> bool {
    address
        .parse::<Uri>()
        .is_ok_and(|uri| uri.scheme_str() == Some("https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_elsewhere_leads_to_no_plain_service_of_this_machine() {
        let far = "https://a.example";
        let here = "http://127.0.0.1:3000";
        assert!(is_guarded_by(far, "https://b.example/token"));
        assert!(is_guarded_by(here, "http://127.0.0.1:3000/token"));
        assert!(is_guarded_by(here, "https://b.example/token"));
        for open in [
            "http://127.0.0.1:3000/token",
            "http://localhost/keys",
            "http://[::1]:1",
        ] {
            assert!(!is_guarded_by(far, open), "{open}");
        }
        assert!(!is_guarded_by(here, "http://b.example/token"));
    }
}
