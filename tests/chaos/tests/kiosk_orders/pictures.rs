//! The photos: taken, uploaded to the cut-off edge in parts, and compared with what the cloud has.

use axum::body::{Body, Bytes, to_bytes};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use support::{
    Person, eventually,
    files::{name_photo, png},
};
use wire::{Action, CommandId, OrderId, PhotoRef};

use crate::{
    LIMIT,
    order::{KioskOrder, SentCommand},
    scene::Scene,
};

/// Small enough that most photos take several parts.
const PART_BYTES: usize = 6 * 1024;
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Sides of the pictures, in pixels. No two pictures have the same size.
const SIDE_MIN: u32 = 40;
const WIDTHS: u32 = 60;
/// The parts of a JPEG file that state its size.
const FRAMES: [u8; 3] = [0xc0, 0xc1, 0xc2];

/// A photo on the disk of a tablet or of the kiosk.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub bytes: Vec<u8>,
    pub named: PhotoRef,
    width: u32,
    height: u32,
}

impl Picture {
    /// Another number gives a picture of another size.
    pub(crate) fn take(number: u32) -> Self {
        let width = SIDE_MIN + number % WIDTHS;
        let height = SIDE_MIN + number / WIDTHS;
        let bytes = png(width, height);
        Self {
            named: name_photo(&bytes),
            bytes,
            width,
            height,
        }
    }

    /// The cloud re-encodes photos of a job and keeps those of the work as they are.
    fn is_kept_as(&self, kept: &[u8], of_job: bool) -> bool {
        if of_job {
            read_jpeg_size(kept) == Some((self.width, self.height))
        } else {
            kept == self.bytes
        }
    }
}

impl Scene {
    /// Uploads a photo that a stored command names.
    pub(crate) async fn upload_photo(
        &self,
        sender: &Person,
        command: CommandId,
        picture: &Picture,
    ) {
        let mut standing = json!({"have": 0});
        while standing["state"] != "stored" {
            let have = usize::try_from(standing["have"].as_u64().unwrap()).unwrap();
            let end = picture.bytes.len().min(have + PART_BYTES);
            let part = &picture.bytes[have..end];
            let path = format!("/photos/{command}/{}?offset={have}", picture.named.hash);
            let next = eventually("the edge takes a part of a photo", LIMIT, async || {
                self.put_part(sender, &path, part).await
            })
            .await;
            assert!(
                next["have"].as_u64() > standing["have"].as_u64(),
                "{next} after {standing}"
            );
            standing = next;
        }
    }

    /// `None` if the edge takes too many parts at the moment.
    async fn put_part(&self, sender: &Person, path: &str, part: &[u8]) -> Option<Value> {
        let request = Request::builder()
            .method(Method::PUT)
            .uri(format!("{}{path}", self.edge.gateway()))
            .header("authorization", format!("Bearer {}", sender.token))
            .body(Body::from(part.to_vec()))
            .unwrap();
        let (status, body) = self.send_raw(request).await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            return None;
        }
        assert_eq!(status, StatusCode::OK, "{path}: {body:?}");
        Some(serde_json::from_slice(&body).unwrap())
    }

    async fn get_photo(&self, order: OrderId, picture: &Picture) -> (StatusCode, Bytes) {
        let hash = picture.named.hash;
        let gateway = self.api.gateway();
        let request = Request::builder()
            .uri(format!("{gateway}/api/v1/orders/{order}/photos/{hash}"))
            .header("authorization", format!("Bearer {}", self.admin.token))
            .body(Body::empty())
            .unwrap();
        self.send_raw(request).await
    }

    async fn send_raw(&self, request: Request<Body>) -> (StatusCode, Bytes) {
        let answer = self.client.send_request(request).await.unwrap();
        let (head, body) = answer.into_parts();
        let body = to_bytes(body, ANSWER_BYTES_MAX).await.unwrap();
        (head.status, body)
    }

    /// Waits until the cloud has answered for every photo at the edge.
    pub(crate) async fn until_photos_sent(&self) {
        self.until_standing("the cloud has every photo", |standing| {
            standing["photos"]["waiting"] == 0
        })
        .await;
    }

    /// The number of photos at the edge that the cloud lacks.
    pub(crate) async fn count_waiting_photos(&self) -> u64 {
        eventually("the edge counts its photos", LIMIT, async || {
            let standing: Value = self
                .edge
                .call(Method::GET, "/standing", None, None)
                .await
                .ok()?;
            standing["photos"]["waiting"].as_u64()
        })
        .await
    }

    /// The order has its own photos, each whole and under the command that names it, and no other.
    pub(crate) async fn check_photos(&self, order: &KioskOrder, stranger: &KioskOrder) {
        let mut expected = Vec::new();
        for sent in &order.sent {
            for picture in order.plan.pictures(sent.step.action) {
                self.check_photo_at_edge(order, sent, picture).await;
                self.check_kept_photo(order, sent, picture).await;
                expected.push(name_line(sent, picture));
            }
        }
        let path = format!("/api/v1/orders/{}/photos", order.id);
        let listed: Value = self
            .api
            .call(Method::GET, &path, Some(&self.admin), None)
            .await
            .unwrap();
        let listed = listed["items"].as_array().unwrap();
        let arrived = listed.iter().all(|photo| photo["arrived_at"].is_string());
        assert!(arrived, "{}: {listed:?}", order.describe());
        let listed: Vec<Value> = listed
            .iter()
            .map(|photo| {
                let names = ["command_id", "hash", "bytes", "taken"];
                json!(names.map(|name| &photo[name]))
            })
            .collect();
        assert_eq!(listed, expected, "{}", order.describe());
        for picture in stranger.plan.pictures(None) {
            let (status, _) = self.get_photo(order.id, picture).await;
            assert_eq!(
                status,
                StatusCode::NOT_FOUND,
                "a photo of {} at {}",
                stranger.describe(),
                order.describe()
            );
        }
    }

    async fn check_photo_at_edge(&self, order: &KioskOrder, sent: &SentCommand, photo: &Picture) {
        let sender = self.seat_of(order, sent.step.action).tablet.person();
        let path = format!("/photos/{}/{}", sent.command, photo.named.hash);
        let standing: Value = self
            .edge
            .call(Method::GET, &path, Some(sender), None)
            .await
            .unwrap();
        assert_eq!(
            standing["state"],
            "sent",
            "{}: {standing}",
            order.describe()
        );
    }

    async fn check_kept_photo(&self, order: &KioskOrder, sent: &SentCommand, picture: &Picture) {
        let (status, kept) = self.get_photo(order.id, picture).await;
        assert_eq!(status, StatusCode::OK, "{}: {kept:?}", order.describe());
        let of_job = sent.step.action.is_none();
        assert!(
            picture.is_kept_as(&kept, of_job),
            "{}: other bytes than {:?} named",
            order.describe(),
            sent.step.action
        );
    }
}

/// A photo as the cloud lists it.
fn name_line(sent: &SentCommand, picture: &Picture) -> Value {
    let taken = match sent.step.action {
        None => "job",
        Some(Action::Start) => "before",
        Some(_) => "after",
    };
    let PhotoRef { hash, bytes } = picture.named;
    json!([sent.command, hash, bytes, taken])
}

/// Width and height by the file's frame header; `None` if it is no JPEG file.
fn read_jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let [0xff, kind, high, low, ..] = rest else {
            return None;
        };
        let number = |at: usize| {
            Some(u32::from_be_bytes([
                0,
                0,
                *rest.get(at)?,
                *rest.get(at + 1)?,
            ]))
        };
        if FRAMES.contains(kind) {
            return Some((number(7)?, number(5)?));
        }
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        rest = rest.get(2 + length..)?;
    }
}
