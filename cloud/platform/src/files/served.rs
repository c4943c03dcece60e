//! Files in requests and responses.

use std::convert::Infallible;

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    response::Response,
};
use http::{HeaderValue, header};
use process::openapi::{RouteDescription, RouteInput};

use super::{FileKind, FileRecord, FileRefusal};

/// A raw file. The sender's content type is ignored.
pub struct FileBody(pub Body);

impl<S: Sync> FromRequest<S> for FileBody {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        Ok(Self(request.into_body()))
    }
}

impl RouteInput for FileBody {
    fn describe_route(route: &mut RouteDescription) {
        route.takes_file(&FileKind::ALL.map(FileKind::as_str));
        route.add_refusal_codes(FileRefusal::CODES);
    }
}

/// Pictures are shown inline, other files downloaded. The common response headers forbid sniffing,
/// scripts and framing.
pub fn file_response(file: &FileRecord, body: Body) -> Response {
    let mut response = Response::new(body);
    let way = if file.kind.is_picture() {
        "inline"
    } else {
        "attachment"
    };
    let disposition = format!("{way}; filename=\"{}\"", file.kind.file_name());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(file.kind.as_str()),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(file.bytes));
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    // Another person may sign in at the same browser.
    let kept = HeaderValue::from_static(if file.kind == FileKind::Pdf {
        "no-store"
    } else {
        "private, max-age=300"
    });
    headers.insert(header::CACHE_CONTROL, kept);
    response
}
