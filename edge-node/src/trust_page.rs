//! The page in the clear that shows how a device comes to trust this shop's certificate, and that
//! checks whether it does. It has a separate listener, because a device that does not trust the
//! shop yet can open nothing else without a warning.
//!
//! Invariant: this listener shows only what is public, and takes nothing from its callers.

mod authority;
mod html;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, path::PathBuf};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header, uri::Authority};
use process::{
    pages,
    problem::{Problem, log_fault},
    web,
};
use wire::{Code, Language};

use crate::{context::EdgeContext, store::EdgeIdentity};

use authority::ShopAuthority;
use html::{DeviceKind, SCRIPT, STYLE, ShopCertificate, TrustDocument, build_file_name};

#[derive(Clone)]
pub(crate) struct TrustPage {
    pub identity: EdgeIdentity,
    /// The names by which tablets reach the edge, the preferred one first.
    pub names: Vec<String>,
    /// The edge answers to `EDGE.local`.
    pub is_announced: bool,
    /// The operator's own certificate is in use, not one from the cloud.
    pub has_own_certificate: bool,
    /// The app's port.
    pub app_port: u16,
    /// This page's port.
    pub port: u16,
    pub data: PathBuf,
}

const PATH: &str = "/trust";

/// The image that the page loads over TLS.
pub(crate) const CHECK_PATH: &str = "/trust/ok";

const NAME: &str = "trust";

impl TrustPage {
    /// `app` and `page` are the addresses of the two listeners.
    pub(crate) fn new(context: &EdgeContext, app: SocketAddr, page: SocketAddr) -> Self {
        let config = &context.config;
        Self {
            identity: context.identity.clone(),
            names: config.names.clone(),
            is_announced: config.announce && !app.ip().is_loopback(),
            has_own_certificate: context.security.has_own_certificate,
            app_port: app.port(),
            port: page.port(),
            data: config.data.clone(),
        }
    }

    pub(crate) fn into_router(self) -> Router {
        let router = Router::new()
            .route("/", get(show_page))
            .route(PATH, get(show_page))
            .route("/trust/ca.crt", get(send_certificate))
            .route("/trust/ca.pem", get(send_pem))
            .route("/trust/holdfast.mobileconfig", get(send_profile))
            .fallback(redirect_to_page)
            .with_state(self);
        web::with_security_headers(web::with_standard_layers(router, NAME))
    }

    /// The names under which a device may reach the app, the preferred one first.
    fn list_names(&self, request_headers: &HeaderMap) -> Vec<String> {
        let local = format!("{}.local", self.identity.edge_id);
        let mut names: Vec<String> = self.names.clone();
        if self.is_announced {
            names.push(local.clone());
        }
        names.extend(read_requested_host(request_headers));
        names.retain(|name| is_plain_name(name));
        if names.is_empty() {
            names.push(local);
        }
        let mut seen = Vec::new();
        for name in names {
            if !seen.contains(&name) {
                seen.push(name);
            }
        }
        seen
    }

    async fn load_certificate(&self) -> Result<ShopCertificate, Problem> {
        if self.has_own_certificate {
            return Ok(ShopCertificate::OperatorsOwn);
        }
        let authority = self.load_authority().await?;
        Ok(authority.map_or(ShopCertificate::Awaited, ShopCertificate::Issued))
    }

    async fn load_authority(&self) -> Result<Option<ShopAuthority>, Problem> {
        let loaded = ShopAuthority::load(&self.data).await;
        loaded.map_err(|error| log_fault("Could not read the shop's authority", error))
    }

    /// `None` if there is no certificate to install.
    async fn load_download(&self) -> Result<Option<ShopAuthority>, Problem> {
        match self.has_own_certificate {
            true => Ok(None),
            false => self.load_authority().await,
        }
    }
}

async fn show_page(
    State(page): State<TrustPage>,
    uri: Uri,
    request_headers: HeaderMap,
) -> Result<Response, Problem> {
    let certificate = page.load_certificate().await?;
    let names = page.list_names(&request_headers);
    let origins: Vec<String> = names
        .iter()
        .map(|name| build_origin("https", name, page.app_port))
        .collect();
    let preferred = names.first().map(String::as_str).unwrap_or_default();
    let address = format!("{}{PATH}", build_origin("http", preferred, page.port));
    let agent = read_text_header(&request_headers, header::USER_AGENT);
    let device = find_query_value(&uri, "device").and_then(DeviceKind::from_name);
    let document = TrustDocument {
        edge: &page.identity.edge_id,
        region: page.identity.region,
        certificate: &certificate,
        origins: &origins,
        address: &address,
        language: choose_language(&uri, &request_headers),
        device: device.unwrap_or_else(|| DeviceKind::from_user_agent(agent)),
    };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::VARY, "accept-language, user-agent"),
    ];
    let response = (headers, document.render()).into_response();
    Ok(pages::mark_page_in_the_clear(
        response,
        build_content_policy(&origins)?,
    ))
}

async fn send_certificate(State(page): State<TrustPage>) -> Result<Response, Problem> {
    let Some(authority) = page.load_download().await? else {
        return Ok(redirect_to_page().await);
    };
    let name = build_file_name(&page.identity.edge_id, DeviceKind::Android);
    Ok(send_file(
        "application/x-x509-ca-cert",
        &name,
        authority.der,
    ))
}

async fn send_pem(State(page): State<TrustPage>) -> Result<Response, Problem> {
    let Some(authority) = page.load_download().await? else {
        return Ok(redirect_to_page().await);
    };
    let name = build_file_name(&page.identity.edge_id, DeviceKind::Linux);
    let pem = authority.to_pem().into_bytes();
    Ok(send_file("application/x-pem-file", &name, pem))
}

async fn send_profile(
    State(page): State<TrustPage>,
    uri: Uri,
    request_headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(authority) = page.load_download().await? else {
        return Ok(redirect_to_page().await);
    };
    let edge = &page.identity.edge_id;
    let profile = authority.to_profile(edge, choose_language(&uri, &request_headers));
    let name = build_file_name(edge, DeviceKind::Ios);
    Ok(send_file(
        "application/x-apple-aspen-config",
        &name,
        profile.into_bytes(),
    ))
}

fn send_file(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, bytes).into_response()
}

async fn redirect_to_page() -> Response {
    Redirect::to(PATH).into_response()
}

/// Answers the page's check on the app's own listener: a device that loads this image over TLS
/// trusts the shop.
pub(crate) async fn answer_check(_: Request) -> Response {
    const IMAGE: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"/>";
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    pages::mark_shared((headers, IMAGE).into_response())
}

fn choose_language(uri: &Uri, request_headers: &HeaderMap) -> Language {
    let accepted = read_text_header(request_headers, header::ACCEPT_LANGUAGE);
    Language::from_accept(find_query_value(uri, "lang").unwrap_or(accepted))
}

fn find_query_value<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let mut pairs = uri
        .query()?
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

fn read_text_header(headers: &HeaderMap, name: HeaderName) -> &str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

/// The host by which the request came, without its port.
fn read_requested_host(request_headers: &HeaderMap) -> Option<String> {
    let authority: Authority = read_text_header(request_headers, header::HOST)
        .parse()
        .ok()?;
    Some(authority.host().to_ascii_lowercase())
}

/// A content policy can name DNS names and IPv4 addresses, but no IPv6 address.
fn is_plain_name(name: &str) -> bool {
    const NAME_BYTES_MAX: usize = 253;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(is_plain)
}

fn build_origin(scheme: &str, name: &str, port: u16) -> String {
    match (scheme, port) {
        ("https", 443) | ("http", 80) => format!("{scheme}://{name}"),
        _ => format!("{scheme}://{name}:{port}"),
    }
}

/// The page's own style and script, and images from the app's origins: nothing else.
fn build_content_policy(origins: &[String]) -> Result<HeaderValue, Problem> {
    let style = hash_source(STYLE);
    let script = hash_source(SCRIPT);
    let origins = origins.join(" ");
    let policy = format!(
        "default-src 'none'; style-src '{style}'; script-src '{script}'; img-src {origins}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    );
    HeaderValue::from_str(&policy).map_err(|_| Problem::new(Code::Internal))
}

fn hash_source(source: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, source.as_bytes());
    format!("sha256-{}", STANDARD.encode(digest.as_ref()))
}
