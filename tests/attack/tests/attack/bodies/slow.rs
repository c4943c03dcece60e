//! Bodies that come a byte at a time.

use std::time::Duration;

use attack::{AttackedPlatform, PATIENCE, Station};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use wire::{Region, Role};

/// A request times out after thirty seconds.
const SLOW_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_body_that_comes_a_byte_at_a_time_holds_a_route_or_blames_the_platform() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let edge = platform.edge().http;
    let gateway = platform.gateway();
    let slow = [
        (gateway, "POST", "/api/v1/auth/login"),
        (gateway, "POST", "/api/v1/session"),
        (gateway, "POST", "/api/v1/orders"),
        (gateway, "PUT", "/api/v1/users/me/photo"),
        (edge, "POST", "/commands"),
        (edge, "POST", "/session"),
    ];
    let token = &customer.person.token;
    let drips = slow.map(|(port, method, path)| async move {
        let mut stream = Station::fresh().connect(port).await.expect("a connection");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\
             origin: http://127.0.0.1:{port}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: 1000\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("a head");
        let (mut reader, mut writer) = stream.split();
        let mut said = Vec::new();
        let dripping = async {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                // The answer stands even if the server stops reading.
                let _refused = writer.write_all(b" ").await;
            }
        };
        let reading = async { timeout(SLOW_WITHIN, reader.read_to_end(&mut said)).await };
        tokio::select! {
            () = dripping => unreachable!("it drips for ever"),
            ended = reading => drop(ended.unwrap_or_else(|_| panic!("{path} holds on"))),
        }
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.starts_with("HTTP/1.1 408 "), "{method} {path}: {said}");
        assert!(
            said.contains("\"code\":\"body_too_slow\""),
            "{method} {path}: {said}"
        );
    });
    let honest = async {
        let asked = timeout(PATIENCE, customer.publish(Region::North, "Meanwhile")).await;
        asked.expect("an honest person is served beside them");
    };
    tokio::join!(futures::future::join_all(drips), honest);
}
