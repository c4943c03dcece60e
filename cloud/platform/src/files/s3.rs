//! The HTTP client for S3: the process's client, which trusts the authorities of `tls.roots`.

use std::{
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use process::{client::Client, trust::CertificateAuthorities};

#[derive(Debug)]
pub struct S3Connector(Client);

#[derive(Debug)]
struct S3HttpService(Client);

/// Covers the upload up to the response head; a part has at most five megabytes.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

type S3ResponseFuture<'call> =
    Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'call>>;

impl S3Connector {
    pub fn with_authorities(authorities: &CertificateAuthorities) -> Self {
        Self(Client::with_tls((*authorities.client_config()).clone()))
    }
}

impl HttpConnector for S3Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(S3HttpService(self.0.clone())))
    }
}

/// The trait uses `async_trait`, spelled out here.
impl HttpService for S3HttpService {
    fn call<'service, 'call>(&'service self, request: HttpRequest) -> S3ResponseFuture<'call>
    where
        'service: 'call,
        Self: 'call,
    {
        Box::pin(async {
            let asked = self.0.send_request(request.map(Body::new));
            let answer = tokio::time::timeout(ANSWER_WITHIN, asked).await;
            let answer = answer.map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?;
            let answer = answer.map_err(|error| HttpError::new(HttpErrorKind::Connect, error))?;
            Ok(answer.map(|body| HttpResponseBody::new(SharedBody(Mutex::new(body)))))
        })
    }
}

/// Makes a body `Sync`, as the library requires. Only one thread reads it, so the lock never
/// blocks.
struct SharedBody(Mutex<Body>);

impl SharedBody {
    fn body_mut(self: Pin<&mut Self>) -> Pin<&mut Body> {
        Pin::new(
            self.get_mut()
                .0
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl HttpBody for SharedBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        self.body_mut()
            .poll_frame(context)
            .map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error))
    }

    fn size_hint(&self) -> SizeHint {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .size_hint()
    }
}
