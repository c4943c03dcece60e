//! `GET /internal/stream`: changes that a user may see. The gateway calls it on their behalf and
//! watches their session.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    response::Response,
};
use process::{
    problem::Problem,
    sse::{self, LAST_EVENT_ID, ProcessStop},
    tokens::Caller,
};
use tokio::time::sleep;
use wire::UnixMillis;

use super::state::HubState;
use crate::news::{self, FeedPosition};

pub(super) async fn open_news_stream(
    State(hub): State<HubState>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let seat = hub.news.reserve_stream()?;
    let last = request
        .headers()
        .get(LAST_EVENT_ID)
        .and_then(|last| last.to_str().ok());
    let from = last.and_then(|last| last.parse::<FeedPosition>().ok());
    let listener = hub.news.open_listener(&caller, from).await?;
    let (sender, response) = sse::open_stream();
    let tasks = &hub.sessions.tasks;
    let stop = request
        .extensions()
        .get::<ProcessStop>()
        .map(|ProcessStop(stop)| stop.clone());
    let stop = stop.unwrap_or_else(|| tasks.stop_token());
    let left_ms =
        UnixMillis(caller.claims.exp.saturating_mul(1_000)).ms_since(hub.sessions.clock.now());
    let left = Duration::from_millis(left_ms.unsigned_abs());
    tasks.spawn_once("stream", async move {
        tokio::select! {
            () = news::stream_updates(listener, &sender) => {}
            () = stop.cancelled() => {}
            () = sleep(left) => {}
        }
        drop(seat);
    });
    Ok(response)
}
