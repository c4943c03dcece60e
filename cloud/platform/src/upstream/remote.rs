//! A service in another process. Hop-by-hop headers are not forwarded. An upgraded connection is
//! copied both ways until either end closes or this process stops.

use axum::body::Body;
use http::{
    HeaderMap, HeaderName, Request, Response, StatusCode, Uri, Version, header,
    uri::{Authority, PathAndQuery, Scheme},
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use process::{client::Client, metrics, tasks::Tasks};
use tokio::io::copy_bidirectional;
use tracing::Instrument;

use super::{HEAD_LIMIT, UpstreamError};

#[derive(Clone)]
pub struct RemoteService {
    client: Client,
    scheme: Scheme,
    authority: Authority,
    tasks: Tasks,
}

/// Hop-by-hop headers (RFC 9110) that an upgrade does not need.
const HOP_BY_HOP: [HeaderName; 7] = [
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
];
const OF_AN_UPGRADE: [HeaderName; 2] = [header::CONNECTION, header::UPGRADE];

impl RemoteService {
    pub(super) fn new(base: &str, tasks: &Tasks) -> Result<Self, UpstreamError> {
        let uri: Uri = base
            .parse()
            .map_err(|_| UpstreamError::Request(format!("`{base}` is not an address").into()))?;
        let parts = uri.into_parts();
        match (parts.scheme, parts.authority) {
            (Some(scheme), Some(authority)) => Ok(Self {
                client: Client::new(),
                scheme,
                authority,
                tasks: tasks.clone(),
            }),
            _ => {
                let why = format!("`{base}` is not of the form http://host:port");
                Err(UpstreamError::Request(why.into()))
            }
        }
    }

    pub(super) async fn call(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Body>, UpstreamError> {
        let result = match tokio::time::timeout(HEAD_LIMIT, self.send_request(request)).await {
            Ok(result) => result,
            Err(_) => Err(UpstreamError::TimedOut),
        };
        if result.is_err() {
            metrics::UPSTREAM_FAULTS.add([self.authority.as_str()], 1);
        }
        result
    }

    async fn send_request(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, UpstreamError> {
        let from_client = request.extensions_mut().remove::<OnUpgrade>();
        let upgrade = from_client.filter(|_| is_upgrade(request.headers()));
        self.rewrite_uri(&mut request)?;
        match upgrade {
            // An upgrade needs the `OF_AN_UPGRADE` headers.
            Some(_) => HOP_BY_HOP
                .iter()
                .for_each(|name| drop(request.headers_mut().remove(name))),
            None => strip_hop_by_hop(request.headers_mut()),
        }
        let answer = self.client.send_request(request).await;
        let mut response = answer.map_err(|error| UpstreamError::Unreachable(Box::new(error)))?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            if let Some(from_client) = upgrade {
                let from_service = hyper::upgrade::on(&mut response);
                self.pass_through(from_client, from_service);
            }
        } else {
            strip_hop_by_hop(response.headers_mut());
        }
        Ok(response)
    }

    fn rewrite_uri(&self, request: &mut Request<Body>) -> Result<(), UpstreamError> {
        let path = request.uri().path_and_query().cloned();
        let uri = Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path.unwrap_or(PathAndQuery::from_static("/")))
            .build();
        *request.uri_mut() = uri.map_err(|error| UpstreamError::Request(Box::new(error)))?;
        *request.version_mut() = Version::HTTP_11;
        // This process is the client of the new connection; the service is addressed by its own
        // name.
        request.headers_mut().remove(header::HOST);
        request.extensions_mut().clear();
        Ok(())
    }

    fn pass_through(&self, client: OnUpgrade, service: OnUpgrade) {
        let stop = self.tasks.stop_token();
        let work = async move {
            let (client, service) = match tokio::try_join!(client, service) {
                Ok(ends) => ends,
                Err(error) => {
                    tracing::debug!(%error, "Could not upgrade a connection");
                    return;
                }
            };
            let mut client = TokioIo::new(client);
            let mut service = TokioIo::new(service);
            tokio::select! {
                copied = copy_bidirectional(&mut client, &mut service) => {
                    if let Err(error) = copied {
                        tracing::debug!(%error, "A passed-through connection broke");
                    }
                }
                () = stop.cancelled() => {}
            }
        };
        self.tasks
            .spawn_once("upstream-connection", work.in_current_span());
    }
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE)
}

/// Removes hop-by-hop headers, including those that `Connection` names.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let values = headers.get_all(header::CONNECTION).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> = texts
        .flat_map(|text| text.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP).chain(&OF_AN_UPGRADE) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn headers_of_the_connection_end_with_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Extra"),
            ("x-extra", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("accept", "*/*"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        strip_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().collect::<Vec<_>>(), [header::ACCEPT]);
    }
}
