//! Requests whose head or body two parsers may end at different places.

use attack::{AttackedPlatform, PATIENCE, Station};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use wire::Role;

use super::ADMINS;

#[tokio::test]
async fn one_request_hides_another_from_the_gateway() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let hidden = format!("GET {ADMINS} HTTP/1.1\r\nhost: x\r\nx-user-role: admin\r\n\r\n");
    let head = "POST /api/v1/auth/verify-token HTTP/1.1\r\nhost: x\r\n";
    for framing in [
        format!(
            "content-length: {}\r\ntransfer-encoding: chunked\r\n",
            hidden.len() + 5
        ),
        format!("content-length: 0\r\ncontent-length: {}\r\n", hidden.len()),
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n".to_owned(),
        "transfer-encoding: xchunked\r\n".to_owned(),
        "transfer-encoding : chunked\r\n".to_owned(),
        "content-length: +5\r\n".to_owned(),
        // Two parsers could disagree on the end of the body: one uses the length, the other the
        // chunks.
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n".to_owned(),
        "content-length: 4\r\ntransfer-encoding:\tchunked\r\n".to_owned(),
        "content-length: 4\r\ntransfer-encoding: gzip, chunked\r\n".to_owned(),
        "content-length: 4\r\ntransfer-encoding: chunked, identity\r\n".to_owned(),
        "content-length: 4\r\ntransfer-encoding: \"chunked\"\r\n".to_owned(),
        "content-length: 4\r\nx: y\r\n transfer-encoding: chunked\r\n".to_owned(),
        "x: y\r\n content-length: 0\r\ncontent-length: 5\r\n".to_owned(),
        "content-length: 5, 5\r\n".to_owned(),
        "content-length: 5\r\ncontent-length: 5\r\ncontent-length: 50\r\n".to_owned(),
        "content-length: 0x5\r\n".to_owned(),
        "content-length: -1\r\n".to_owned(),
        "content-length: 99999999999999999999\r\n".to_owned(),
        "content-length:\u{b}5\r\n".to_owned(),
        "content-length\u{0}: 5\r\n".to_owned(),
        "content-length: 5\rtransfer-encoding: chunked\r\n".to_owned(),
        "x: y\ntransfer-encoding: chunked\ncontent-length: 4\n".to_owned(),
        "x: y\u{0}\r\ntransfer-encoding: xchunked\r\n".to_owned(),
    ] {
        let bytes = format!("{head}{framing}connection: close\r\n\r\n0\r\n\r\n{hidden}");
        let said = send_bytes(customer.station, platform.gateway(), &bytes).await;
        assert!(said.matches("HTTP/1.1 ").count() <= 1, "{framing}: {said}");
        assert!(!said.contains("HTTP/1.1 2"), "{framing}: {said}");
    }
}

/// A proxy in front may read another host, or other headers, than the gateway.
#[tokio::test]
async fn a_request_names_no_host_or_two_or_hides_a_header_behind_a_lone_line_feed() {
    let platform = AttackedPlatform::shared().await;
    let station = Station::fresh();
    let second = "GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\nx: y\r\n";
    for port in [platform.gateway(), platform.edge().http] {
        for (head, is_refused) in [
            ("GET / HTTP/1.1\r\nhost: a\r\n", false),
            ("GET / HTTP/1.0\r\n", false),
            ("GET / HTTP/1.1\r\n", true),
            ("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n", true),
            ("GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n", true),
            ("GET / HTTP/1.1\r\nhost: a, b\r\n", true),
            ("GET / HTTP/1.1\r\nhost:\r\n", true),
            ("GET / HTTP/1.1\nhost: a\r\n", true),
            ("GET / HTTP/1.1\r\nhost: a\n", true),
            (
                "GET / HTTP/1.1\r\nhost: a\nauthorization: Bearer x\r\n",
                true,
            ),
            (second, true),
        ] {
            let bytes = format!("{head}connection: close\r\n\r\n");
            let said = send_bytes(station, port, &bytes).await;
            assert!(said.starts_with("HTTP/1."), "{head:?}: {said}");
            assert_eq!(
                said.matches("HTTP/1.1 400 ").count() == 1,
                is_refused,
                "{head:?}: {said}"
            );
        }
    }
}

/// Chunks that parsers may count differently. Bytes behind the first end are never a request.
#[tokio::test]
async fn a_chunk_hides_a_request_from_the_gateway() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let hidden = format!("GET {ADMINS} HTTP/1.1\r\nhost: x\r\nx-user-role: admin\r\n\r\n");
    let head = "POST /api/v1/auth/verify-token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        transfer-encoding: chunked\r\n";
    for (port, chunks) in [
        "2\n{}\n0\n\n",
        "2\r\n{}0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        "10000000000000002\r\n{}\r\n0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "2 x\r\n{}\r\n0\r\n\r\n",
        "2;a=\"\n0\r\n\r\n",
        "2\r{}\r\n0\r\n\r\n",
    ]
    .into_iter()
    .flat_map(|chunks| [platform.gateway(), platform.edge().http].map(|port| (port, chunks)))
    {
        let bytes = format!("{head}connection: close\r\n\r\n{chunks}{hidden}");
        let said = send_bytes(customer.station, port, &bytes).await;
        assert!(said.matches("HTTP/1.1 ").count() <= 1, "{chunks:?}: {said}");
        assert!(
            !said.contains("HTTP/1.1 2") && !said.contains("HTTP/1.1 5"),
            "{chunks:?}: {said}"
        );
    }
}

/// Sends bytes as they are, and returns everything that comes back.
async fn send_bytes(station: Station, port: u16, bytes: &str) -> String {
    let mut stream = station.connect(port).await.expect("a connection");
    stream
        .write_all(bytes.as_bytes())
        .await
        .expect("it is sent");
    let mut said = Vec::new();
    let _closed = timeout(PATIENCE, stream.read_to_end(&mut said))
        .await
        .expect("an end");
    String::from_utf8_lossy(&said).into_owned()
}
