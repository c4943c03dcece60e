//! Photos survive a kill at any moment of their upload.

#[path = "photos/job.rs"]
mod job;
#[path = "photos/kills.rs"]
mod kills;
#[path = "photos/tablet_process.rs"]
mod tablet_process;

use std::{net::SocketAddr, time::Duration};

use process::client::Client;
use serde_json::Value;
use support::files::name_photo;
use tokio::time::timeout;
use wire::{Code, CommandBody, OrderId, Role};

use crate::{
    Edge, command, free, settings,
    world::{PATIENCE, accept, cloud::Cloud, frame, id, order, until},
};

/// Not whole blocks: a disk that becomes full takes some of a part.
pub(crate) const PART_BYTES: usize = 5_000;
/// The command that names the photo.
pub(crate) const START: u128 = 90_001;

/// A tablet that uploads one photo over HTTP.
#[derive(Clone)]
pub(crate) struct PhotoTablet {
    client: Client,
    http: SocketAddr,
    token: String,
    path: String,
    pub picture: Vec<u8>,
}

impl PhotoTablet {
    /// Uploads this picture for the command of `start_order`.
    pub(crate) fn new(http: SocketAddr, token: &str, picture: Vec<u8>) -> Self {
        Self::of_command(START, http, token, picture)
    }

    /// Uploads this picture for that command.
    fn of_command(command: u128, http: SocketAddr, token: &str, picture: Vec<u8>) -> Self {
        let hash = name_photo(&picture).hash;
        Self {
            client: Client::new(),
            http,
            path: format!("/photos/{}/{hash}", id(command)),
            token: token.to_owned(),
            picture,
        }
    }

    /// The start of order 1 that names the photo.
    pub(crate) fn start_order(&self) -> (u128, CommandBody) {
        let start = CommandBody::StartOrder {
            order_id: OrderId(id(1)),
            start_code: None,
            photos: vec![name_photo(&self.picture)],
        };
        (START, start)
    }

    /// The edge's reply, if it answers.
    pub(crate) async fn send_command(&self, command: u128, body: &CommandBody) -> Option<Value> {
        let frame = frame(command, &self.token, body);
        let frame: Value = serde_json::from_slice(&frame).unwrap();
        let url = format!("http://{}/commands", self.http);
        let client = &self.client;
        let sending = client.send_json(http::Method::POST, &url, None, Some(&frame), PATIENCE);
        sending.await.ok()
    }

    /// Where the photo is. `None` if the edge does not answer.
    pub(crate) async fn find_standing(&self) -> Option<Result<Value, Code>> {
        self.call(http::Method::GET, &self.path, Vec::new()).await
    }

    /// The edge's answer to the part from this offset on, unless it dies over it.
    async fn upload(&self, offset: usize) -> Option<Value> {
        Some(self.send_next_part(offset).await?.unwrap())
    }

    pub(crate) async fn send_next_part(&self, offset: usize) -> Option<Result<Value, Code>> {
        let end = (offset + PART_BYTES).min(self.picture.len());
        let part = self.picture[offset..end].to_vec();
        let path = format!("{}?offset={offset}", self.path);
        self.call(http::Method::PUT, &path, part).await
    }

    /// Repeats the call at a person's pace: one is allowed every 20 ms.
    async fn call(
        &self,
        method: http::Method,
        path: &str,
        body: Vec<u8>,
    ) -> Option<Result<Value, Code>> {
        let calling = async {
            loop {
                let answer = self.call_once(&method, path, body.clone()).await?;
                if answer != Err(Code::TooManyRequests) {
                    return Some(answer);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, calling)
            .await
            .unwrap_or_else(|_| panic!("no answer to {method} {path}"))
    }

    async fn call_once(
        &self,
        method: &http::Method,
        path: &str,
        body: Vec<u8>,
    ) -> Option<Result<Value, Code>> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.http))
            .header("authorization", format!("Bearer {}", self.token))
            .body(axum::body::Body::from(body))
            .unwrap();
        let answer = self.client.send_request(request).await.ok()?;
        let is_success = answer.status().is_success();
        let body = axum::body::to_bytes(answer.into_body(), 10_000)
            .await
            .ok()?;
        let body: Value = serde_json::from_slice(&body).ok()?;
        if is_success {
            return Some(Ok(body));
        }
        Some(Err(serde_json::from_value(body["code"].clone()).unwrap()))
    }

    /// Uploads until the edge dies or the photo is whole; returns the bytes that it has confirmed.
    pub(crate) async fn upload_while_it_lives(&self, mut have: usize) -> usize {
        while have < self.picture.len() {
            let Some(standing) = self.upload(have).await else {
                return have;
            };
            let confirmed = have_of(&standing);
            assert!(confirmed > have, "no progress: {standing}");
            have = confirmed;
        }
        have
    }
}

pub(crate) fn have_of(standing: &Value) -> usize {
    usize::try_from(standing["have"].as_u64().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_confirmed_byte_of_a_photo_outlives_a_kill_at_any_moment() {
    let (cloud, gateway) = Cloud::start().await;
    cloud.put(order(1, 1));
    let data = tempfile::tempdir().unwrap();
    let picture: Vec<u8> = (0..=250).cycle().take(4_000_000).collect();
    let token = cloud.people().token(Role::Provider, 20);
    let tablet = PhotoTablet::new(free(), &token, picture);
    let mut edge = start_edge(data.path(), gateway, tablet.http).await;
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == 1)
    })
    .await;
    cloud.cut();
    for (command, body) in [(101, accept(1)), tablet.start_order()] {
        let reply = tablet.send_command(command, &body).await.unwrap();
        assert_eq!(reply["verdict"], "provisional");
    }

    let mut confirmed = 0;
    let mut interrupted = 0;
    for round in 0..6_u64 {
        let uploading = tablet.upload_while_it_lives(confirmed);
        let killing = async {
            tokio::time::sleep(Duration::from_millis(40 + 37 * round)).await;
            edge.signal("-KILL");
        };
        (confirmed, ()) = tokio::join!(uploading, killing);
        edge.child.wait().unwrap();
        edge = start_edge(data.path(), gateway, tablet.http).await;
        let standing = until("the edge answers", || tablet.find_standing()).await;
        let standing = standing.unwrap();
        let have = have_of(&standing);
        assert!(
            have >= confirmed,
            "{confirmed} bytes were confirmed, {have} are left"
        );
        interrupted += u32::from(have < tablet.picture.len());
        confirmed = have;
    }
    assert!(interrupted >= 3, "{interrupted} kills came in the middle");
    assert_eq!(
        tablet.upload_while_it_lives(confirmed).await,
        tablet.picture.len()
    );
    let standing = tablet.find_standing().await.unwrap().unwrap();
    assert_eq!(standing["state"], "stored", "{standing}");
    let folder = std::fs::read_dir(data.path().join("photos")).unwrap();
    let files: Vec<_> = folder.map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(std::fs::read(&files[0]).unwrap() == tablet.picture);
}

pub(crate) async fn start_edge(
    data: &std::path::Path,
    gateway: SocketAddr,
    http: SocketAddr,
) -> Edge {
    start_edge_with(data, gateway, http, None).await
}

/// Starts it with one more setting.
pub(crate) async fn start_edge_with(
    data: &std::path::Path,
    gateway: SocketAddr,
    http: SocketAddr,
    set: Option<&str>,
) -> Edge {
    let mqtt = free();
    let mut sets = settings(gateway, mqtt, free());
    sets.push(format!("edge.http_bind={http}"));
    sets.extend(set.map(str::to_owned));
    Edge::run(command(data, &sets, &[]), &data.join("log"), mqtt).await
}
