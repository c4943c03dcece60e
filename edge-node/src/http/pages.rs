//! The provider's app, served to tablets by their edge.

use axum::response::{IntoResponse, Response};
use http::Request;
use process::{carried_pages, pages::Pages, problem::Problem};
use wire::Code;

carried_pages!(AppFiles, "app/dist");

/// The fallback for requests that match no route.
pub async fn serve_page(request: Request<axum::body::Body>) -> Response {
    let page = Pages::from_embedded::<AppFiles>().answer_request(&request);
    page.unwrap_or_else(|| Problem::new(Code::NotFound).into_response())
}
