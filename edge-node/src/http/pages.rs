//! The files of the provider's app, which a tablet loads from the edge that it speaks to.

use axum::response::{IntoResponse, Response};
use http::Request;
use process::{carried_pages, pages::Pages, problem::Problem};
use wire::Code;

carried_pages!(AppFiles, "app/dist");

/// The answer to a request that no route took.
pub async fn page(request: Request<axum::body::Body>) -> Response {
    let page = Pages::of::<AppFiles>().answer(&request);
    page.unwrap_or_else(|| Problem::new(Code::NotFound).into_response())
}
