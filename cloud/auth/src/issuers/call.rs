//! One bounded request to an issuer.

use std::{pin::Pin, time::Duration};

use axum::{
    body::Body,
    http::{self, Request, Response},
};
use http_body_util::{BodyExt, Limited};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use process::{client::Client, problem::chain};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

/// Time for one answer. A sign-in needs four at most, and the gateway waits for 20 s.
const LIMIT: Duration = Duration::from_secs(4);
/// A document, a key set or a token is some thousand bytes.
const BYTES_MAX: usize = 128 * 1024;
/// Requests of a kind to one issuer under way. Further ones wait their turn, within the time for an
/// answer.
const AT_ONCE_MAX: usize = 16;

/// An issuer gave no answer of use. The word is for the log; a person hears the issuer's label
/// alone.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct IssuerAway(pub String);

pub struct IssuerLine {
    client: Client,
    exchanges: Semaphore,
    /// Apart, so that codes that lead nowhere keep nobody from the issuer's keys.
    reads: Semaphore,
}

impl IssuerLine {
    pub fn new() -> Self {
        let turns = || Semaphore::new(AT_ONCE_MAX);
        Self { client: Client::new(), exchanges: turns(), reads: turns() }
    }

    /// The answer, whatever its status. A redirection is an answer like others.
    async fn ask(
        &self,
        turns: &Semaphore,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, IssuerAway> {
        let exchange = async {
            let _turn = turns.acquire().await.map_err(away)?;
            let answer = self.client.request(request.map(Body::from)).await;
            let (head, body) = answer.map_err(away)?.into_parts();
            let body = Limited::new(body, BYTES_MAX).collect().await;
            let body = body
                .map_err(|error| IssuerAway(format!("its answer broke off: {error}")))?
                .to_bytes()
                .to_vec();
            Ok(Response::from_parts(head, body))
        };
        let late = |_| IssuerAway("no answer in time".to_owned());
        tokio::time::timeout(LIMIT, exchange).await.map_err(late)?
    }

    pub async fn read<T: DeserializeOwned>(
        &self,
        address: &str,
        bearer: Option<&str>,
    ) -> Result<T, IssuerAway> {
        let mut request = Request::get(address).header(http::header::ACCEPT, "application/json");
        if let Some(token) = bearer {
            request = request.header(http::header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Vec::new()).map_err(away)?;
        let answer = self.ask(&self.reads, request).await?;
        if answer.status() != http::StatusCode::OK {
            return Err(IssuerAway(format!("{} answered {}", path(address), answer.status())));
        }
        serde_json::from_slice(answer.body()).map_err(|error| {
            IssuerAway(format!("{} is not what was expected: {error}", path(address)))
        })
    }
}

impl<'c> AsyncHttpClient<'c> for IssuerLine {
    type Error = IssuerAway;
    // The compiler cannot tell of an unnamed future here that it may move between threads.
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, IssuerAway>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(&self.exchanges, request))
    }
}

/// With its causes.
fn away(error: impl std::error::Error) -> IssuerAway {
    IssuerAway(chain(&error))
}

fn path(address: &str) -> &str {
    address.split('?').next().unwrap_or_default()
}
