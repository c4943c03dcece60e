//! A large file passes through real processes: gateway, user service, file store, and back.

use axum::body::{Body, Bytes};
use futures::{StreamExt, stream};
use http::{Method, Request, StatusCode, header};
use process::{client::Client, parts::CloudPart};
use serde_json::Value;
use stack::{Layout, Part, Stack, Stores, Wishes};
use support::{Api, test_servers};
use wire::Role;

/// The size limit of a document.
const LARGE: usize = 20 * 1024 * 1024;
const SMALL: usize = 256 * 1024;
/// Holding the whole file in memory anywhere would exceed this. The store takes parts of 5 MiB.
const GROWTH_KB_MAX: u64 = 16 * 1024;
const PARTS: [Part; 2] = [
    Part::Alone(CloudPart::Gateway),
    Part::Alone(CloudPart::User),
];

/// A document of that size without repetitive content.
fn document(bytes: usize) -> Bytes {
    let head = b"%PDF-1.4\n% ";
    let end = b"\n%%EOF\n";
    let filling =
        (0..bytes - head.len() - end.len()).map(|n| b'a' + u8::try_from(n * n % 26).unwrap());
    head.iter()
        .copied()
        .chain(filling)
        .chain(end.iter().copied())
        .collect()
}

fn peak_kb(stack: &Stack, part: Part) -> u64 {
    let pid = stack.child(part).unwrap().pid().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

struct Sender {
    gateway: String,
    token: String,
    client: Client,
}

impl Sender {
    async fn ask(&self, method: Method, path: &str, body: Body) -> http::Response<Body> {
        let asked = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.gateway));
        let asked = asked.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        self.client
            .send_request(asked.body(body).unwrap())
            .await
            .unwrap()
    }

    /// Uploads a document in pieces and reads it back.
    async fn pass(&self, document: &Bytes) {
        let pieces = document
            .chunks(16 * 1024)
            .map(Bytes::copy_from_slice)
            .collect::<Vec<_>>();
        let pieces = stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>));
        let body = Body::from_stream(pieces);
        let taken = self
            .ask(Method::POST, "/api/v1/users/me/documents", body)
            .await;
        let status = taken.status();
        let told = axum::body::to_bytes(taken.into_body(), 64 * 1024)
            .await
            .unwrap();
        let told: Value = serde_json::from_slice(&told).unwrap();
        assert_eq!(status, StatusCode::CREATED, "{told}");
        assert_eq!(told["bytes"], document.len());
        let path = format!("/api/v1/files/{}", told["id"].as_str().unwrap());
        let read = self.ask(Method::GET, &path, Body::empty()).await;
        assert_eq!(read.status(), StatusCode::OK);
        let mut body = read.into_body().into_data_stream();
        let mut at = 0;
        while let Some(piece) = body.next().await {
            let piece = piece.unwrap();
            assert!(
                document[at..].starts_with(&piece),
                "byte for byte, from {at} on"
            );
            at += piece.len();
        }
        assert_eq!(at, document.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_of_twenty_megabytes_passes_gateway_and_user_service_in_little_memory() {
    // One edge suffices, because files bypass the edges.
    let layout = Layout::temporary(Stores::Real).unwrap().with_one_edge();
    let wishes = Wishes::default().on(test_servers());
    let stack = Stack::start(layout, &wishes).await.unwrap();
    let api = Api::new(stack.layout().gateway_url());
    let token = api.newcomer(Role::Provider).await.unwrap().token;
    let sender = Sender {
        gateway: stack.layout().gateway_url(),
        token,
        client: Client::new(),
    };
    // Warms up one-time allocations.
    sender.pass(&document(SMALL)).await;
    let before = PARTS.map(|part| peak_kb(&stack, part));
    sender.pass(&document(LARGE)).await;
    for (part, before) in PARTS.into_iter().zip(before) {
        let grown = peak_kb(&stack, part) - before;
        println!("{part} grew by {grown} kB from {before} kB");
        assert!(grown < GROWTH_KB_MAX, "{part} grew by {grown} kB");
    }
    stack.stop().await.unwrap();
}
