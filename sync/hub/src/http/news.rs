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

use super::state::Routes;
use crate::news::{self, FeedPlace};

pub(super) async fn stream(
    State(hub): State<Routes>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let seat = hub.news.seat()?;
    let last = request.headers().get(LAST_EVENT_ID).and_then(|last| last.to_str().ok());
    let from = last.and_then(|last| last.parse::<FeedPlace>().ok());
    let listener = hub.news.listen(&caller, from).await?;
    let (sender, response) = sse::answer();
    let tasks = &hub.sessions.tasks;
    let stop = request.extensions().get::<ProcessStop>().map(|ProcessStop(stop)| stop.clone());
    let stop = stop.unwrap_or_else(|| tasks.token());
    let left_ms =
        UnixMillis(caller.claims.exp.saturating_mul(1_000)).since(hub.sessions.clock.now());
    let left = Duration::from_millis(left_ms.unsigned_abs());
    tasks.spawn_once("stream", async move {
        tokio::select! {
            () = news::tell(listener, &sender) => {}
            () = stop.cancelled() => {}
            () = sleep(left) => {}
        }
        drop(seat);
    });
    Ok(response)
}
