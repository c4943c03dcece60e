//! The routes that the gateway answers itself, and their OpenAPI descriptions.
//!
//! `tests/contract/tests/openapi.rs` merges the descriptions of all parts into
//! `cloud/gateway/openapi.json`.

mod dead_letters;
mod order_events;
mod order_page;
mod session;
mod site_page;
mod stream;

use std::sync::Arc;

use axum::{
    extract::State,
    handler::Handler,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, StatusCode};
use process::{
    openapi::ApiDocument,
    problem::Problem,
    routes::{GET, OPEN, route},
    trace::RequestTrace,
};
use serde_json::json;
use wire::Code;

use crate::{
    NAME,
    call::{CanonicalPath, RoutedRequest},
    caller::{RequestCaller, VerifiedCaller},
    routes::{
        DEAD_LETTER_BOXES, DEAD_LETTERS, DROP_DEAD_LETTERS, OPENAPI_DOCUMENT, ORDER_EVENTS,
        ORDER_PAGE, REDRIVE_DEAD_LETTERS, REPLAYS, SESSION, SESSION_BY_CODE, SESSION_BY_FACTOR,
        SESSION_BY_OIDC, SITE_PAGE, UPDATE_STREAM,
    },
    state::Gateway,
};

/// Runs the handler of one of the gateway's own routes.
pub(crate) async fn answer_own_route(
    gateway: Arc<Gateway>,
    call: RoutedRequest,
    caller: Option<Arc<VerifiedCaller>>,
) -> Response {
    let RoutedRequest {
        mut request,
        route,
        path,
        trace,
    } = call;
    let extensions = request.extensions_mut();
    extensions.insert(RequestTrace(trace));
    extensions.insert(CanonicalPath(path));
    if let Some(caller) = caller {
        extensions.insert(RequestCaller(caller));
    }
    match (&route.method, route.path) {
        (&Method::GET, OPENAPI_DOCUMENT) => show_document.call(request, gateway).await,
        (&Method::GET, SITE_PAGE) => site_page::show_site_page.call(request, gateway).await,
        (&Method::POST, SESSION) => session::sign_in_by_password.call(request, gateway).await,
        (&Method::POST, SESSION_BY_CODE) => session::sign_in_by_code.call(request, gateway).await,
        (&Method::POST, SESSION_BY_FACTOR) => {
            session::sign_in_by_factor.call(request, gateway).await
        }
        (&Method::POST, SESSION_BY_OIDC) => session::sign_in_by_oidc.call(request, gateway).await,
        (&Method::GET, SESSION) => session::show_session.call(request, gateway).await,
        (&Method::DELETE, SESSION) => session::sign_out.call(request, gateway).await,
        (&Method::GET, UPDATE_STREAM) => stream::open_stream.call(request, gateway).await,
        (&Method::GET, ORDER_PAGE) => order_page::show_order_page.call(request, gateway).await,
        (&Method::GET, ORDER_EVENTS) => {
            order_events::list_order_events.call(request, gateway).await
        }
        (&Method::GET, DEAD_LETTER_BOXES) => dead_letters::list_boxes.call(request, gateway).await,
        (&Method::GET, DEAD_LETTERS)
        | (&Method::POST, REDRIVE_DEAD_LETTERS | DROP_DEAD_LETTERS) => {
            dead_letters::forward_box_request
                .call(request, gateway)
                .await
        }
        (&Method::GET, REPLAYS) => dead_letters::list_replays.call(request, gateway).await,
        (&Method::POST, REPLAYS) => dead_letters::request_replay.call(request, gateway).await,
        _ => Problem::new(Code::NotFound).into_response(),
    }
}

async fn show_document(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Response {
    gateway.document.build_response(&headers)
}

/// Declares the routes above.
pub fn api_document() -> ApiDocument {
    let document = session::add_routes(ApiDocument::for_part(NAME));
    let document = stream::add_route(document);
    let document = dead_letters::add_routes(document);
    let document = order_page::add_route(document);
    let document = order_events::add_route(document);
    let document = site_page::add_route(document);
    let shown = route(GET, OPENAPI_DOCUMENT, OPEN);
    document.with_public_route("document", shown, "Read this document", |route| {
        let any = json!({ "type": "object" });
        route.answers_with(StatusCode::OK, "application/json", &any);
    })
}
