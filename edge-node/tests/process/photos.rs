//! Photos survive a kill at any moment of their upload.

use std::{net::SocketAddr, time::Duration};

use serde_json::Value;
use wire::{CommandBody, Hash, OrderId, PhotoRef, Role};

use crate::{
    Edge, command, free, settings,
    world::{PATIENCE, accept, cloud::Cloud, frame, id, order, until},
};

const PART_BYTES: usize = 4 * 1024;
/// The command that names the photo.
const START: u128 = 90_001;

/// A tablet that uploads one photo over HTTP.
#[derive(Clone)]
pub(crate) struct PhotoTablet {
    http: SocketAddr,
    token: String,
    path: String,
    picture: Vec<u8>,
}

impl PhotoTablet {
    /// Uploads this picture for the command of `start_order`.
    pub(crate) fn new(http: SocketAddr, token: &str, picture: Vec<u8>) -> Self {
        let hash = hash_picture(&picture);
        Self {
            http,
            path: format!("/photos/{}/{hash}", id(START)),
            token: token.to_owned(),
            picture,
        }
    }

    /// The start of order 1 that names the photo.
    pub(crate) fn start_order(&self) -> (u128, CommandBody) {
        let start = CommandBody::StartOrder {
            order_id: OrderId(id(1)),
            start_code: None,
            photos: vec![PhotoRef {
                hash: hash_picture(&self.picture),
                bytes: u32::try_from(self.picture.len()).unwrap(),
            }],
        };
        (START, start)
    }

    /// Bytes that the edge has, if it answers.
    async fn ask(&self) -> Option<Value> {
        let url = format!("http://{}{}", self.http, self.path);
        let client = process::client::Client::new();
        let token = Some(self.token.as_str());
        client
            .send_json(http::Method::GET, &url, token, None::<&()>, PATIENCE)
            .await
            .ok()
    }

    /// The edge's answer to a part, unless it dies over it.
    async fn upload(&self, offset: usize) -> Option<Value> {
        let end = (offset + PART_BYTES).min(self.picture.len());
        let part = self.picture[offset..end].to_vec();
        let url = format!("http://{}{}?offset={offset}", self.http, self.path);
        let request = http::Request::put(url)
            .header("authorization", format!("Bearer {}", self.token))
            .body(axum::body::Body::from(part))
            .unwrap();
        let client = process::client::Client::new();
        let answer = client.send_request(request).await.ok()?;
        if answer.status() == http::StatusCode::TOO_MANY_REQUESTS {
            // A person's pace: a call is allowed every 20 ms.
            tokio::time::sleep(Duration::from_millis(20)).await;
            return Some(serde_json::json!({ "have": offset }));
        }
        assert!(answer.status().is_success(), "{}", answer.status());
        let body = axum::body::to_bytes(answer.into_body(), 10_000)
            .await
            .ok()?;
        serde_json::from_slice(&body).ok()
    }

    /// Uploads until the edge dies or the photo is whole; returns the bytes that it has confirmed.
    pub(crate) async fn upload_while_it_lives(&self, mut have: usize) -> usize {
        while have < self.picture.len() {
            let Some(standing) = self.upload(have).await else {
                return have;
            };
            have = have_of(&standing);
        }
        have
    }
}

fn have_of(standing: &Value) -> usize {
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
        let frame = frame(command, &tablet.token, &body);
        let frame: Value = serde_json::from_slice(&frame).unwrap();
        let client = process::client::Client::new();
        let url = format!("http://{}/commands", tablet.http);
        let sending =
            client.send_json::<Value>(http::Method::POST, &url, None, Some(&frame), PATIENCE);
        assert_eq!(sending.await.unwrap()["verdict"], "provisional");
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
        let standing = until("the edge answers", || tablet.ask()).await;
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
    let standing = until("its standing, at a person's pace", || tablet.ask()).await;
    assert_eq!(standing["state"], "stored", "{standing}");
    let folder = std::fs::read_dir(data.path().join("photos")).unwrap();
    let files: Vec<_> = folder.map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(std::fs::read(&files[0]).unwrap() == tablet.picture);
}

fn hash_picture(picture: &[u8]) -> Hash {
    let digest = ring::digest::digest(&ring::digest::SHA256, picture);
    Hash::try_from(digest.as_ref()).unwrap()
}

async fn start_edge(data: &std::path::Path, gateway: SocketAddr, http: SocketAddr) -> Edge {
    let mqtt = free();
    let mut sets = settings(gateway, mqtt, free());
    sets.push(format!("edge.http_bind={http}"));
    Edge::run(command(data, &sets, &[]), &data.join("log"), mqtt).await
}
