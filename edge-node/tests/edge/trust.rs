//! The listener of the page in the clear, on a whole edge.

use std::num::NonZeroUsize;

use holdfast_edge::{Config, RunningEdge, start};
use process::clock::Clock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::world::{cloud::Cloud, config};

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n";

struct Shop {
    edge: RunningEdge,
    data: tempfile::TempDir,
    _cloud: Cloud,
}

impl Shop {
    async fn open(alter: impl FnOnce(Config) -> Config) -> Self {
        let (cloud, gateway) = Cloud::start().await;
        let data = tempfile::tempdir().unwrap();
        let config = Config {
            trust_bind: "127.0.0.1:0".to_owned(),
            ..config(data.path(), &format!("http://{gateway}"))
        };
        let edge = start(alter(config), Clock::system()).await.unwrap();
        Self {
            edge,
            data,
            _cloud: cloud,
        }
    }
}

/// Sends one request and keeps the connection.
async fn send(at: std::net::SocketAddr, path: &str) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(at).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: shop.test\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    Ok(stream)
}

/// The answer's head; empty if the connection was closed unread.
async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

async fn ask(at: std::net::SocketAddr, path: &str) -> String {
    read_head(&mut send(at, path).await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_listener_serves_the_page_and_the_authority_once_it_is_there() {
    let shop = Shop::open(|config| config).await;
    let at = shop.edge.trust_page.unwrap();
    let page = ask(at, "/trust").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("frame-ancestors 'none'"), "{page}");
    let none_yet = ask(at, "/trust/ca.crt").await;
    assert!(none_yet.starts_with("HTTP/1.1 303"), "{none_yet}");
    std::fs::write(shop.data.path().join("shop-ca.pem"), CERTIFICATE).unwrap();
    let certificate = ask(at, "/trust/ca.crt").await;
    assert!(certificate.starts_with("HTTP/1.1 200"), "{certificate}");
    let elsewhere = ask(at, "/board").await;
    assert!(elsewhere.starts_with("HTTP/1.1 303"), "{elsewhere}");
    assert!(elsewhere.contains("location: /trust\r\n"), "{elsewhere}");
    shop.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_app_has_the_image_that_the_page_may_load() {
    let shop = Shop::open(|config| config).await;
    let image = ask(shop.edge.http, "/trust/ok").await;
    assert!(image.starts_with("HTTP/1.1 200"), "{image}");
    assert!(image.contains("content-type: image/svg+xml\r\n"), "{image}");
    let shared = "cross-origin-resource-policy: cross-origin\r\n";
    assert!(image.contains(shared), "{image}");
    shop.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_counts_in_the_same_share_of_connections_as_the_app() {
    let share = NonZeroUsize::new(2).unwrap();
    let shop = Shop::open(|config| Config {
        connections_per_address: share,
        ..config
    })
    .await;
    let at = shop.edge.trust_page.unwrap();
    let mut held = Vec::new();
    for _ in 0..share.get() {
        let mut stream = send(shop.edge.http, "/standing").await.unwrap();
        assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 200"));
        held.push(stream);
    }
    let refused = match send(at, "/trust").await {
        Ok(mut stream) => read_head(&mut stream).await,
        Err(_) => String::new(),
    };
    assert_eq!(refused, "");
    shop.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_address_there_is_no_page() {
    let shop = Shop::open(|config| Config {
        trust_bind: String::new(),
        ..config
    })
    .await;
    assert!(shop.edge.trust_page.is_none());
    shop.edge.stop().await;
}
