//! `GET /api/v1/pages/{page}`: the text of the portal's help, terms or privacy page.

use std::sync::Arc;

use axum::{Extension, extract::State};
use http::{HeaderMap, StatusCode, header};
use process::{
    openapi::ApiDocument,
    problem::{Json, Problem},
    routes::{GET, OPEN, route},
};
use serde_json::json;
use wire::{Code, Language};

use crate::{
    call::CanonicalPath,
    routes::SITE_PAGE,
    site_pages::{SitePage, SitePageText},
    state::Gateway,
};

const PREFIX: &str = "/api/v1/pages/";

pub(super) async fn show_site_page(
    State(gateway): State<Arc<Gateway>>,
    Extension(CanonicalPath(path)): Extension<CanonicalPath>,
    headers: HeaderMap,
) -> Result<Json<SitePageText>, Problem> {
    let name = path.strip_prefix(PREFIX).unwrap_or(&path);
    let page = SitePage::from_name(name).ok_or(Code::NotFound)?;
    let wanted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    let language = wanted.map(Language::from_accept).unwrap_or_default();
    let text = gateway
        .site_pages
        .find_text(page, language)
        .ok_or(Code::NotFound)?;
    Ok(Json(text.clone()))
}

pub(super) fn add_route(document: ApiDocument) -> ApiDocument {
    document.with_public_route(
        "sitePage",
        route(GET, SITE_PAGE, OPEN),
        "Read the help, the terms or the privacy page, in the language of `Accept-Language` if it \
         is written in it",
        |route| {
            let page = json!({ "type": "string", "enum": ["help", "terms", "privacy"] });
            route.add_parameter("path", "page", true, page, "");
            route.answers_json::<SitePageText>(StatusCode::OK);
            route.add_refusal_codes(&[Code::NotFound]);
        },
    )
}
