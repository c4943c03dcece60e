//! Photos of work: from a tablet to the edge over HTTP, and from there to the cloud.

mod sender;
mod seven_days;
mod slow_line;

use std::net::SocketAddr;

use holdfast_edge::{Config, RunningEdge, start};
use http::{Method, StatusCode};
use process::{clock::Clock, tokens::Signer};
use serde_json::{Value, json};
use support::files::name_photo;
use wire::{Code, CommandBody, CommandId, Hash, OrderId, Role};

use crate::world::{
    PATIENCE, accept, call, cloud::Cloud, config, cut_off, frame, get, id, order, until,
};

/// A region whose provider 20 has accepted and started a job that names these pictures.
struct PhotoRegion {
    cloud: Cloud,
    edge: RunningEdge,
    token: String,
    pictures: Vec<Vec<u8>>,
    _data: tempfile::TempDir,
}

/// The start that names the photos.
const START: u128 = 201;

impl PhotoRegion {
    async fn with(pictures: Vec<Vec<u8>>) -> Self {
        Self::at(Clock::system(), pictures, |config| config).await
    }

    async fn at(
        clock: Clock,
        pictures: Vec<Vec<u8>>,
        alter: impl FnOnce(Config) -> Config,
    ) -> Self {
        let (cloud, gateway) = Cloud::start_at(clock.clone()).await;
        Self::behind(gateway, cloud, clock, pictures, alter).await
    }

    async fn cut_off(&self) {
        cut_off(&self.cloud, self.edge.http).await;
    }

    /// Reaches its cloud over this address.
    async fn behind(
        gateway: SocketAddr,
        cloud: Cloud,
        clock: Clock,
        pictures: Vec<Vec<u8>>,
        alter: impl FnOnce(Config) -> Config,
    ) -> Self {
        let key = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
        cloud.seal_with(Some(&key));
        cloud.take_photos();
        (1..=2).for_each(|n| cloud.put(order(n, 1)));
        let data = tempfile::tempdir().unwrap();
        let config = alter(config(data.path(), &format!("http://{gateway}")));
        let edge = start(config, clock).await.unwrap();
        until("the feed", || async {
            cloud.last_ack().filter(|ack| ack.feed_cursor == 2)
        })
        .await;
        let token = cloud.people().token(Role::Provider, 20);
        let region = Self {
            cloud,
            edge,
            token,
            pictures,
            _data: data,
        };
        region.send(101, &accept(1)).await;
        region.send(START, &region.start_of(1)).await;
        region
    }

    fn start_of(&self, order: u128) -> CommandBody {
        let photos = self.pictures.iter().map(|picture| name_photo(picture));
        CommandBody::StartOrder {
            order_id: OrderId(id(order)),
            start_code: None,
            photos: photos.collect(),
        }
    }

    async fn send(&self, command: u128, body: &CommandBody) {
        let body = serde_json::from_slice(&frame(command, &self.token, body)).unwrap();
        let reply = call(self.edge.http, Method::POST, "/commands", None, Some(&body))
            .await
            .unwrap();
        assert_eq!(reply["verdict"], json!("provisional"), "{reply}");
    }

    async fn standing_of(&self, picture: &[u8]) -> Value {
        let path = path_of(START, name_photo(picture).hash);
        get(&self.edge, &path, Some(&self.token)).await.unwrap()
    }

    async fn upload(&self, picture: &[u8], offset: usize, part: &[u8]) -> Result<Value, Code> {
        let path = path_of(START, name_photo(picture).hash);
        self.upload_to(&path, Some(&self.token), offset, part).await
    }

    async fn upload_to(
        &self,
        path: &str,
        token: Option<&str>,
        offset: usize,
        part: &[u8],
    ) -> Result<Value, Code> {
        let url = format!("http://{}{path}?offset={offset}", self.edge.http);
        put(&url, token, part).await
    }

    async fn upload_whole(&self, picture: &[u8]) {
        let mut offset = 0;
        for part in picture.chunks(200_000) {
            self.upload(picture, offset, part).await.unwrap();
            offset += part.len();
        }
    }

    async fn until_sent(&self, picture: &[u8]) {
        until("the photo is sent", || async {
            let standing = self.standing_of(picture).await;
            (standing["state"] == "sent").then_some(())
        })
        .await;
        assert!(self.staged(picture) == picture);
    }

    fn staged(&self, picture: &[u8]) -> Vec<u8> {
        let hash = name_photo(picture).hash;
        self.cloud.staged_photo(CommandId(id(START)), hash)
    }
}

async fn put(url: &str, token: Option<&str>, part: &[u8]) -> Result<Value, Code> {
    let mut request = http::Request::put(url);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(axum::body::Body::from(part.to_vec())).unwrap();
    let client = process::client::Client::new();
    let answer = tokio::time::timeout(PATIENCE, client.send_request(request))
        .await
        .unwrap()
        .unwrap();
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), 100_000)
        .await
        .unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    if status == StatusCode::OK {
        return Ok(body);
    }
    let code: Code = serde_json::from_value(body["code"].clone()).unwrap();
    assert_eq!(status.as_u16(), code.status(), "{body}");
    Err(code)
}

fn path_of(command: u128, hash: Hash) -> String {
    format!("/photos/{}/{hash}", id(command))
}

fn picture(seed: usize, length: usize) -> Vec<u8> {
    (0..=250).cycle().skip(seed).take(length).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tablet_uploads_in_parts_and_learns_where_its_photo_is() {
    let picture = picture(1, 300_000);
    let region = PhotoRegion::with(vec![picture.clone()]).await;
    region.cut_off().await;
    let bytes = picture.len();
    let standing = region.standing_of(&picture).await;
    assert_eq!(
        standing,
        json!({"state": "missing", "have": 0, "bytes": bytes})
    );
    let part = region.upload(&picture, 0, &picture[..200_000]).await;
    let partial = json!({"state": "partial", "have": 200_000, "bytes": bytes});
    assert_eq!(part.unwrap(), partial);
    let elsewhere = region.upload(&picture, 100, &picture[100..200]).await;
    assert_eq!(elsewhere.unwrap(), partial);
    let rest = region.upload(&picture, 200_000, &picture[200_000..]).await;
    let stored = json!({"state": "stored", "have": bytes, "bytes": bytes});
    assert_eq!(rest.unwrap(), stored);
    let standing = get(&region.edge, "/standing", None).await.unwrap();
    let room = (1_u64 << 30) - 300_000;
    assert_eq!(
        standing["photos"],
        json!({"room_bytes": room, "waiting": 1})
    );

    region.cloud.heal();
    region.until_sent(&picture).await;
    let standing = get(&region.edge, "/standing", None).await.unwrap();
    let room = 1_u64 << 30;
    assert_eq!(
        standing["photos"],
        json!({"room_bytes": room, "waiting": 0})
    );
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_person_whose_command_names_a_photo_reaches_it() {
    let picture = picture(1, 1_000);
    let region = PhotoRegion::with(vec![picture.clone()]).await;
    let other = region.cloud.people().token(Role::Provider, 21);
    let expired = region.cloud.people().token_until(Role::Provider, 20, -1);
    let hash = name_photo(&picture).hash;
    let mine = region.token.as_str();
    let unnamed = Hash([7; 32]);
    for (token, command, hash, code) in [
        (None, START, hash, Code::InvalidToken),
        (Some("nonsense"), START, hash, Code::InvalidToken),
        (Some(expired.as_str()), START, hash, Code::TokenExpired),
        (Some(other.as_str()), START, hash, Code::PhotoNotNamed),
        (Some(mine), START, unnamed, Code::PhotoNotNamed),
        (Some(mine), 101, hash, Code::PhotoNotNamed),
        (Some(mine), 999, hash, Code::PhotoNotNamed),
    ] {
        let path = path_of(command, hash);
        let uploaded = region.upload_to(&path, token, 0, &picture).await;
        assert_eq!(uploaded, Err(code), "{path}");
        let shown = get(&region.edge, &path, token).await;
        assert_eq!(shown, Err(code.status()), "{path}");
    }
    assert_eq!(region.standing_of(&picture).await["state"], "missing");
    let nonsense = get(&region.edge, "/photos/1/2", Some(mine)).await;
    assert_eq!(nonsense, Err(404));
    assert_eq!(get(&region.edge, "/photos/1/2", None).await, Err(401));
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_is_wrong_is_refused_and_stores_nothing() {
    let picture = picture(1, 400_000);
    let region = PhotoRegion::with(vec![picture.clone()]).await;
    region.cut_off().await;
    for (part, code) in [
        (&picture[..256 * 1024 + 1], Code::BodyTooLarge),
        (&[], Code::MalformedBody),
    ] {
        let refused = region.upload(&picture, 0, part).await;
        assert_eq!(refused, Err(code));
    }
    assert_eq!(region.standing_of(&picture).await["state"], "missing");
    let whole = 256 * 1024;
    region.upload(&picture, 0, &picture[..whole]).await.unwrap();
    let wrong = vec![0; picture.len() - whole];
    let refused = region.upload(&picture, whole, &wrong).await;
    assert_eq!(refused, Err(Code::PhotoDamaged));
    assert_eq!(region.standing_of(&picture).await["have"], 0);
    region.upload_whole(&picture).await;
    assert_eq!(region.standing_of(&picture).await["state"], "stored");
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_room_a_photo_stays_on_its_tablet() {
    let pictures = vec![picture(1, 700_000), picture(2, 700_000)];
    let small = |config| Config {
        photo_room_mb: 1,
        ..config
    };
    let region = PhotoRegion::at(Clock::system(), pictures.clone(), small).await;
    region.cut_off().await;
    region.upload_whole(&pictures[0]).await;
    let refused = region.upload(&pictures[1], 0, b"x").await;
    assert_eq!(refused, Err(Code::PhotoRoomFull));
    assert_eq!(region.standing_of(&pictures[1]).await["state"], "missing");
    region.cloud.heal();
    region.until_sent(&pictures[0]).await;
    region.upload_whole(&pictures[1]).await;
    region.until_sent(&pictures[1]).await;
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_takes_no_photo() {
    let picture = picture(1, 1_000);
    let region = PhotoRegion::with(vec![picture.clone()]).await;
    region.edge.stop().await;
    let full = |config| Config {
        disk_floor_mib: u32::MAX,
        ..config
    };
    // Its commands were taken before the disk filled up.
    let config = full(config(region._data.path(), "http://127.0.0.1:9"));
    let edge = start(config, Clock::system()).await.unwrap();
    let standing = get(&edge, "/standing", None).await.unwrap();
    assert_eq!(standing["photos"]["room_bytes"], 0);
    let path = path_of(START, name_photo(&picture).hash);
    let url = format!("http://{}{path}?offset=0", edge.http);
    let refused = put(&url, Some(&region.token), &picture).await;
    assert_eq!(refused, Err(Code::StorageFull));
    edge.stop().await;
}
