//! Serves an app's files to browsers: names, content types, caching, compressed copies, deep links,
//! and the policy of its pages: only their own files run or load, and only the two named Trusted
//! Types policies can create script.
//!
//! Invariant: paths for programs, such as `/api`, never answer with a page.

use std::borrow::Cow;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
/// Used by `carried_pages!`.
#[doc(hidden)]
pub use rust_embed;
use rust_embed::RustEmbed;

/// The files of one app. A release binary embeds them; a debug binary reads them from their folder.
#[derive(Clone, Copy)]
pub struct Pages {
    find: fn(&str) -> Option<PageFile>,
}

/// One embedded file that programs read.
#[derive(Clone)]
pub struct EmbeddedFile(PageFile);

#[derive(Clone)]
struct PageFile {
    bytes: Cow<'static, [u8]>,
    sha256: [u8; 32],
}

/// The copy of a file that a browser accepts.
struct NegotiatedFile {
    file: PageFile,
    encoding: Option<&'static str>,
}

const INDEX: &str = "index.html";

const UNBUILT: &str = include_str!("pages/unbuilt.html");

/// Names here change with the content.
const NAMED_BY_CONTENT: &str = "assets/";

const KEPT_FOR_EVER: &str = "public, max-age=31536000, immutable";

const ASKED_EACH_TIME: &str = "no-cache";

/// First path segments reserved for programs.
const NO_PAGES: [&str; 8] = [
    "api",
    "asyncapi.json",
    "health",
    "internal",
    "link",
    "metrics",
    "openapi.json",
    "verify-token",
];

/// Smaller first.
const COPIES: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// Declares a type that embeds a folder, relative to the crate. The crate's `build.rs` calls
/// `embed` with the same folder name.
#[macro_export]
macro_rules! carried_pages {
    ($name:ident, $folder:literal) => {
        #[derive($crate::pages::rust_embed::RustEmbed)]
        #[crate_path = "process::pages::rust_embed"]
        #[folder = $folder]
        #[allow_missing = true]
        struct $name;
    };
}

impl Pages {
    pub fn from_embedded<E: RustEmbed>() -> Self {
        Self {
            find: find_embedded::<E>,
        }
    }

    /// Answers unmatched requests; `None` unless they request a page.
    pub fn answer_request<B>(&self, request: &Request<B>) -> Option<Response> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let path = to_relative_path(request.uri().path())?;
        let headers = request.headers();
        match self.choose_copy(path, headers) {
            Some(sent) if !path.is_empty() => Some(sent.build_response(path, headers)),
            _ if path.is_empty() || is_deep_link(path, headers) => Some(self.index(path, headers)),
            _ => None,
        }
    }

    /// A folder with a separate page, such as the kiosk's, answers for all paths below it.
    fn index(&self, path: &str, headers: &HeaderMap) -> Response {
        let first = path.split('/').next().unwrap_or_default();
        let own = self.choose_copy(&format!("{first}/{INDEX}"), headers);
        own.or_else(|| self.choose_copy(INDEX, headers))
            .map_or_else(answer_unbuilt, |sent| sent.build_response(INDEX, headers))
    }

    fn choose_copy(&self, path: &str, headers: &HeaderMap) -> Option<NegotiatedFile> {
        let file = (self.find)(path)?;
        let copies = COPIES
            .iter()
            .filter(|(encoding, _)| accepts_encoding(headers, encoding));
        let copy = copies.filter_map(|(encoding, ending)| {
            let file = (self.find)(&format!("{path}{ending}"))?;
            Some(NegotiatedFile {
                file,
                encoding: Some(*encoding),
            })
        });
        copy.take(1).next().or(Some(NegotiatedFile {
            file,
            encoding: None,
        }))
    }
}

impl EmbeddedFile {
    pub fn from_json(bytes: &'static [u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest.as_ref());
        Self(PageFile {
            bytes: bytes.into(),
            sha256,
        })
    }

    pub fn build_response(&self, asked: &HeaderMap) -> Response {
        NegotiatedFile {
            file: self.0.clone(),
            encoding: None,
        }
        .build_response("openapi.json", asked)
    }
}

impl NegotiatedFile {
    fn build_response(self, path: &str, asked: &HeaderMap) -> Response {
        let tag = self.file.entity_tag();
        let known = is_known(asked, &tag);
        let (status, body) = if known {
            (StatusCode::NOT_MODIFIED, Body::empty())
        } else {
            (StatusCode::OK, Body::from(self.file.bytes))
        };
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        let fixed = HeaderValue::from_static;
        let lasts = path.starts_with(NAMED_BY_CONTENT);
        let caching = if lasts {
            KEPT_FOR_EVER
        } else {
            ASKED_EACH_TIME
        };
        headers.insert(header::CACHE_CONTROL, fixed(caching));
        headers.insert(header::VARY, fixed("accept, accept-encoding"));
        headers.insert(header::ETAG, tag);
        if !known {
            headers.insert(header::CONTENT_TYPE, fixed(content_type_of(path)));
            if let Some(encoding) = self.encoding {
                headers.insert(header::CONTENT_ENCODING, fixed(encoding));
            }
        }
        mark_page(response)
    }
}

impl PageFile {
    /// Each copy of a file has different bytes, so a separate tag.
    fn entity_tag(&self) -> HeaderValue {
        let hex = self.sha256[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>();
        HeaderValue::from_str(&format!("\"{hex}\"")).unwrap_or(HeaderValue::from_static("\"\""))
    }
}

fn find_embedded<E: RustEmbed>(path: &str) -> Option<PageFile> {
    let file = E::get(path)?;
    Some(PageFile {
        sha256: file.metadata.sha256_hash(),
        bytes: file.data,
    })
}

/// `None` if the path is written unusually or reserved for programs.
fn to_relative_path(path: &str) -> Option<&str> {
    let path = path.strip_prefix('/')?;
    let first = path.split('/').next().unwrap_or_default();
    let is_fine = path.is_empty() || path.trim_end_matches('/').split('/').all(is_plain_part);
    (is_fine && !path.ends_with("//") && !NO_PAGES.contains(&first)).then_some(path)
}

fn is_plain_part(part: &str) -> bool {
    let has_plain_characters = part
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_~@.".contains(c));
    has_plain_characters && !part.is_empty() && !part.starts_with('.')
}

/// True if a browser accepts HTML and the path does not look like a file.
fn is_deep_link(path: &str, headers: &HeaderMap) -> bool {
    let last = path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    !last.contains('.')
        && header_list_items(headers, header::ACCEPT).any(|kind| item_accepts(kind, "text/html"))
}

fn accepts_encoding(headers: &HeaderMap, encoding: &str) -> bool {
    header_list_items(headers, header::ACCEPT_ENCODING).any(|offer| item_accepts(offer, encoding))
}

/// True if the list item names `wanted` without refusing it by `q=0`.
fn item_accepts(item: &str, wanted: &str) -> bool {
    let mut parts = item.split(';').map(str::trim);
    let named = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case(wanted));
    named && !parts.any(refuses_item)
}

fn refuses_item(parameter: &str) -> bool {
    let weight = parameter
        .strip_prefix("q=")
        .and_then(|weight| weight.parse::<f32>().ok());
    weight.is_some_and(|weight| weight <= 0.0)
}

fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    header_list_items(headers, header::IF_NONE_MATCH)
        .any(|known| known == "*" || known.trim_start_matches("W/").as_bytes() == tag.as_bytes())
}

/// The items of a list header.
fn header_list_items(headers: &HeaderMap, name: http::HeaderName) -> impl Iterator<Item = &str> {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

fn answer_unbuilt() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HTML),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept"),
    ];
    mark_page((StatusCode::SERVICE_UNAVAILABLE, headers, UNBUILT).into_response())
}

const HTML: &str = "text/html; charset=utf-8";

const KINDS: [(&str, &str); 16] = [
    ("html", HTML),
    ("js", "text/javascript; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("webmanifest", "application/manifest+json"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("ico", "image/x-icon"),
    ("woff2", "font/woff2"),
    ("txt", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
];

fn content_type_of(path: &str) -> &'static str {
    let ending = path.rsplit('.').next().unwrap_or_default();
    let known = KINDS
        .iter()
        .find(|(known, _)| ending.eq_ignore_ascii_case(known));
    known.map_or("application/octet-stream", |(_, kind)| kind)
}

const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; \
    worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types vue holdfast";

pub const POLICY: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // With `no-referrer`, some browsers also hide the origin of a page's own requests.
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        PERMISSIONS_POLICY,
        "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

pub(crate) const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// For pages that may use the device's position, if the person allows it.
pub(crate) const PERMISSIONS_WITH_POSITION: &str =
    "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()";

/// Selects the security headers of an answer that is not data.
#[derive(Clone)]
pub(crate) enum AnswerMark {
    /// A file of an app.
    Page,
    /// A page that may use the device's position.
    PageWithPosition,
    /// A page over plain HTTP, with a separate content policy.
    PageInTheClear(HeaderValue),
    /// A file that pages of other origins may load.
    Shared,
}

/// Marks an answer as a page's file, for the security headers of `web`.
fn mark_page(response: Response) -> Response {
    mark_answer(response, AnswerMark::Page)
}

/// Lets an app's page use the device's position. Other answers keep their headers.
pub fn allow_position(mut response: Response) -> Response {
    match take_answer_mark(&mut response) {
        Some(AnswerMark::Page) => mark_answer(response, AnswerMark::PageWithPosition),
        Some(other) => mark_answer(response, other),
        None => response,
    }
}

/// Marks an answer as a page over plain HTTP that is not one of an app's files. Its content policy
/// replaces that of the apps.
pub fn mark_page_in_the_clear(response: Response, content_policy: HeaderValue) -> Response {
    mark_answer(response, AnswerMark::PageInTheClear(content_policy))
}

/// Marks an answer that pages of other origins may load as a file, such as an image.
pub fn mark_shared(response: Response) -> Response {
    mark_answer(response, AnswerMark::Shared)
}

fn mark_answer(mut response: Response, mark: AnswerMark) -> Response {
    response.extensions_mut().insert(mark);
    response
}

pub(crate) fn take_answer_mark(response: &mut Response) -> Option<AnswerMark> {
    response.extensions_mut().remove::<AnswerMark>()
}

#[cfg(test)]
mod tests;
