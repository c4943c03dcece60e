//! Opens the file store of an address. The HTTP client for S3 is the process's client, which trusts
//! the authorities of `tls.roots`.

use std::{
    path::PathBuf,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use http::Uri;
use hyper::body::{Frame, SizeHint};
use object_store::{
    RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    client::{
        ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest,
        HttpResponse, HttpResponseBody, HttpService,
    },
};
use process::{client::Client, trust::CertificateAuthorities};

use super::FilesError;

/// Many stores accept any region; S3 itself requires the right one.
const USUAL_REGION: &str = "us-east-1";
/// A failed call gets three retries within this time; then files are unavailable to the caller.
const RETRIES: usize = 3;
const RETRIED_FOR: Duration = Duration::from_secs(10);

/// The folder of `file:/a/folder`, `file:///a/folder` or `file:a/folder`.
pub(super) fn parse_folder(url: &str) -> Result<PathBuf, FilesError> {
    let path = url.strip_prefix("file:").ok_or(FilesError::Address(FORM))?;
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() {
        return Err(FilesError::Address("`file:` must name a folder"));
    }
    Ok(std::path::absolute(path)?)
}

pub(super) fn build_s3_store(
    url: &str,
    authorities: &CertificateAuthorities,
) -> Result<AmazonS3, FilesError> {
    let address = S3Address::read(url)?;
    let mut builder = AmazonS3Builder::new()
        .with_http_connector(S3Connector::with_authorities(authorities))
        .with_retry(RetryConfig {
            max_retries: RETRIES,
            retry_timeout: RETRIED_FOR,
            ..RetryConfig::default()
        })
        .with_bucket_name(address.bucket)
        .with_region(address.region)
        .with_access_key_id(address.key)
        .with_secret_access_key(address.secret);
    if let Some(endpoint) = address.endpoint {
        // Plain HTTP is for a store on this machine or in a private network.
        builder = builder
            .with_allow_http(endpoint.starts_with("http://"))
            .with_endpoint(endpoint);
    }
    Ok(builder.build()?)
}

const FORM: &str = "a file store address is file:/a/folder or s3://KEY:SECRET@bucket?region=R&endpoint=https://host";

#[derive(Debug, PartialEq, Eq)]
struct S3Address {
    key: String,
    secret: String,
    bucket: String,
    region: String,
    endpoint: Option<String>,
}

impl S3Address {
    fn read(url: &str) -> Result<Self, FilesError> {
        Self::parse_url(url).ok_or(FilesError::Address(FORM))
    }

    fn parse_url(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let authority = uri.authority()?.as_str();
        let (credentials, bucket) = authority.rsplit_once('@')?;
        let (key, secret) = credentials.split_once(':')?;
        if !matches!(uri.path(), "" | "/") || bucket.is_empty() || key.is_empty() {
            return None;
        }
        let mut address = Self {
            key: percent_decode(key)?,
            secret: percent_decode(secret)?,
            bucket: bucket.to_owned(),
            region: USUAL_REGION.to_owned(),
            endpoint: None,
        };
        for pair in uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=')?;
            let value = percent_decode(value)?;
            match name {
                "region" => address.region = value,
                "endpoint" => address.endpoint = Some(value),
                _ => return None,
            }
        }
        Some(address)
    }
}

/// S3 secrets contain slashes and pluses, which addresses write as `%2F` and `%2B`.
fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = after.get(..2)?;
        rest = &after[2..];
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[derive(Debug)]
pub(super) struct S3Connector(Client);

#[derive(Debug)]
struct S3HttpService(Client);

/// Covers the upload up to the response head; a part has at most five megabytes.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

type S3ResponseFuture<'call> =
    Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'call>>;

impl S3Connector {
    pub(super) fn with_authorities(authorities: &CertificateAuthorities) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_s3_names_all_that_a_call_needs() {
        let full = "s3://key:se%2Fcr%2Bet@bucket?region=eu-1&endpoint=http://127.0.0.1:9000";
        let read = S3Address::read(full).unwrap();
        assert_eq!(
            (read.key.as_str(), read.secret.as_str()),
            ("key", "se/cr+et")
        );
        assert_eq!(
            (read.bucket.as_str(), read.region.as_str()),
            ("bucket", "eu-1")
        );
        assert_eq!(read.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
        let short = S3Address::read("s3://key:secret@bucket").unwrap();
        assert_eq!(
            (short.region.as_str(), short.endpoint),
            (USUAL_REGION, None)
        );
        for bad in [
            "s3://bucket",
            "s3://key@bucket",
            "s3://key:secret@",
            "s3://key:secret@bucket/folder",
            "s3://key:secret@bucket?else=1",
            "s3://key:se%2@bucket",
            "s3:",
        ] {
            assert!(S3Address::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_folder_is_named_with_and_without_slashes() {
        for url in ["file:/var/lib/files", "file:///var/lib/files"] {
            assert_eq!(parse_folder(url).unwrap(), PathBuf::from("/var/lib/files"));
        }
        assert!(parse_folder("file:files").unwrap().is_absolute());
        for bad in ["file:", "file://", "/var/lib/files", "ftp://host"] {
            assert!(parse_folder(bad).is_err(), "{bad}");
        }
    }
}
