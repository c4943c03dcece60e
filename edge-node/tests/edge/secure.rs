//! An edge's listeners over TLS, and pages that are not its own.

use std::{net::SocketAddr, path::Path, sync::Arc};

use axum::body::Body;
use holdfast_edge::{Config, ListenerError, StartError, start};
use http::{Method, Request, StatusCode};
use process::{
    client::{Client, ClientError},
    clock::Clock,
    tasks::Tasks,
    trust::client_config_trusting,
};
use serde_json::{Value, json};
use support::{Authority, ServerIdentity};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::tungstenite::{self, client::IntoClientRequest};
use wire::Role;

use crate::world::{PATIENCE, accept, cloud::Cloud, config, frame, order, tablet::Tablet, until};

pub(crate) const NAME: &str = "localhost";

/// Writes a certificate and its key as the files of these names.
fn write_identity(folder: &Path, identity: &ServerIdentity, chain: &str, key: &str) {
    std::fs::write(folder.join(key), &identity.key).unwrap();
    std::fs::write(folder.join(chain), &identity.certificate).unwrap();
}

pub(crate) fn with_own_certificate(folder: &Path, authority: &Authority, config: Config) -> Config {
    let identity = authority.server(NAME).unwrap();
    write_identity(folder, &identity, "chain.pem", "key.pem");
    Config {
        certificate: folder.join("chain.pem"),
        certificate_key: folder.join("key.pem"),
        ..config
    }
}

pub(crate) fn client(authority: &Authority) -> Client {
    Client::with_tls(client_config_trusting(authority.pem().as_bytes()).unwrap())
}

async fn standing(client: &Client, port: u16) -> Result<Value, ClientError> {
    let url = format!("https://{NAME}:{port}/standing");
    client
        .send_json(Method::GET, &url, None, None::<&()>, PATIENCE)
        .await
}

/// Fails unless the server shows a certificate for that name that the authority issued.
async fn connect_tls(
    at: SocketAddr,
    authority: &Authority,
    name: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let config = client_config_trusting(authority.pem().as_bytes()).unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(at).await?;
    let name = name.to_owned().try_into().unwrap();
    connector.connect(name, stream).await
}

/// Everything that a plain request is answered with, until the server closes the connection.
async fn answer_in_plain_text(at: SocketAddr) -> Vec<u8> {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let mut answer = Vec::new();
    let exchange = async {
        // Fails if the server has closed the connection before.
        let _ = stream
            .write_all(b"GET /standing HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await;
        let _ = stream.read_to_end(&mut answer).await;
    };
    tokio::time::timeout(PATIENCE, exchange).await.unwrap();
    answer
}

/// A local address whose one connection goes on to the edge over TLS: the clients of these tests
/// speak plain text.
async fn open_tls_bridge(tasks: &Tasks, to: SocketAddr, authority: &Arc<Authority>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let authority = Arc::clone(authority);
    let stop = tasks.stop_token();
    tasks.spawn_once("bridge", async move {
        let bridging = async {
            let (mut near, _) = listener.accept().await.unwrap();
            let mut far = connect_tls(to, &authority, NAME).await.unwrap();
            // Fails once either side has gone.
            let _ = copy_bidirectional(&mut near, &mut far).await;
        };
        tokio::select! {
            () = bridging => {}
            () = stop.cancelled() => {}
        }
    });
    at
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_an_own_certificate_tablets_connect_over_tls_alone() {
    let (cloud, gateway) = Cloud::start().await;
    cloud.put(order(1, 1));
    let data = tempfile::tempdir().unwrap();
    let authority = Arc::new(Authority::new().unwrap());
    let own = config(data.path(), &format!("http://{gateway}"));
    let own = with_own_certificate(data.path(), &authority, own);
    let edge = start(own, Clock::system()).await.unwrap();
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == 1)
    })
    .await;

    let said = standing(&client(&authority), edge.http.port()).await;
    assert_eq!(said.unwrap()["plain_listeners"], false);
    for at in [edge.http, edge.mqtt.unwrap(), edge.ws.unwrap()] {
        let answer = answer_in_plain_text(at).await;
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
        assert!(connect_tls(at, &authority, "other.local").await.is_err());
        let stranger = Authority::new().unwrap();
        assert!(connect_tls(at, &stranger, NAME).await.is_err());
    }

    let tasks = Tasks::new();
    let token = cloud.people().token(Role::Provider, 20);
    let mqtt = open_tls_bridge(&tasks, edge.mqtt.unwrap(), &authority).await;
    let mut tablet = Tablet::of(mqtt, "t-1", &token, 20).await;
    tablet.send(frame(101, &token, &accept(1))).await;
    assert!(tablet.reply().await.receipt.is_some());
    for to in [edge.http, edge.ws.unwrap()] {
        let at = open_tls_bridge(&tasks, to, &authority).await;
        let opened = open_websocket(at, None).await;
        assert!(opened.is_ok(), "{opened:?}");
    }
    edge.stop().await;
    tasks.shutdown(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replaced_certificate_is_shown_without_a_restart() {
    let (_cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let before = Authority::new().unwrap();
    let own = config(data.path(), &format!("http://{gateway}"));
    let own = with_own_certificate(data.path(), &before, own);
    let edge = start(own, Clock::system()).await.unwrap();
    let port = edge.http.port();
    assert!(standing(&client(&before), port).await.is_ok());

    let after = Authority::new().unwrap();
    assert!(standing(&client(&after), port).await.is_err());
    let renewed = after.server(NAME).unwrap();
    write_identity(data.path(), &renewed, "chain.pem", "key.pem");
    until("the new certificate", || async {
        standing(&client(&after), port).await.ok()
    })
    .await;
    assert!(connect_tls(edge.mqtt.unwrap(), &after, NAME).await.is_ok());
    edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn until_a_certificate_is_issued_a_listener_answers_nothing_and_readiness_says_why() {
    let (_cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    let exposed = Config {
        http_bind: "0.0.0.0:0".into(),
        mqtt_bind: "0.0.0.0:0".into(),
        ..config(data.path(), &format!("http://{gateway}"))
    };
    let edge = start(exposed, Clock::system()).await.unwrap();
    let http: SocketAddr = ([127, 0, 0, 1], edge.http.port()).into();
    let mqtt: SocketAddr = ([127, 0, 0, 1], edge.mqtt.unwrap().port()).into();
    for at in [http, mqtt] {
        assert_eq!(answer_in_plain_text(at).await, b"");
        assert!(connect_tls(at, &authority, NAME).await.is_err());
    }
    let missing = missing_certificate(edge.operator.unwrap()).await;
    assert!(missing.unwrap().starts_with("no certificate yet"));

    // Each session makes a key for a request if there is none: it must not replace the one below.
    let key = data.path().join("certificate-key.pem");
    until("a key of the edge's own", || async {
        key.exists().then_some(())
    })
    .await;
    let issued = authority.server(NAME).unwrap();
    write_identity(
        data.path(),
        &issued,
        "certificate.pem",
        "certificate-key.pem",
    );
    until("the issued certificate", || async {
        connect_tls(http, &authority, NAME).await.ok()
    })
    .await;
    assert!(connect_tls(mqtt, &authority, NAME).await.is_ok());
    assert_eq!(missing_certificate(edge.operator.unwrap()).await, None);
    edge.stop().await;
}

/// Why the readiness report calls the certificate missing.
async fn missing_certificate(operator: SocketAddr) -> Option<String> {
    let (_, report) = request(operator, Method::GET, "/health/ready", &[]).await;
    let missing = report["missing"].as_array().cloned().unwrap_or_default();
    let found = missing.iter().find(|one| one["name"] == "certificate")?;
    found["why"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_text_reaches_other_machines_only_if_allowed_and_the_hub_is_told() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let plain = Config {
        http_bind: "0.0.0.0:0".into(),
        plain_listeners: true,
        ..config(data.path(), &format!("http://{gateway}"))
    };
    let edge = start(plain, Clock::system()).await.unwrap();
    let at: SocketAddr = ([127, 0, 0, 1], edge.http.port()).into();
    let (status, said) = request(at, Method::GET, "/standing", &[]).await;
    assert_eq!(
        (status, &said["plain_listeners"]),
        (StatusCode::OK, &json!(true))
    );
    until("a session", || async { cloud.hellos().pop() }).await;
    assert_eq!(cloud.hellos()[0].plain_listeners, Some(true));
    edge.stop().await;
}

#[tokio::test]
async fn half_of_a_certificate_is_refused_at_start() {
    let data = tempfile::tempdir().unwrap();
    let half = Config {
        certificate: data.path().join("chain.pem"),
        ..config(data.path(), "https://cloud.example")
    };
    let refused = start(half, Clock::system()).await.err().unwrap();
    assert!(
        matches!(
            refused,
            StartError::Listener(ListenerError::HalfOfCertificate)
        ),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_page_changes_nothing_and_opens_no_socket() {
    let (_cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let listed = "https://kiosk.example";
    let config = Config {
        origins: vec![listed.into()],
        ..config(data.path(), &format!("http://{gateway}"))
    };
    let edge = start(config, Clock::system()).await.unwrap();
    let own = format!("http://{}", edge.http);
    let foreign = "https://evil.example";
    for (method, path) in [
        (Method::POST, "/commands"),
        (Method::POST, "/session"),
        (Method::DELETE, "/session"),
    ] {
        let from_foreign = [("origin", foreign)];
        let (status, said) = request(edge.http, method.clone(), path, &from_foreign).await;
        assert_eq!(
            (status, &said["code"]),
            (StatusCode::FORBIDDEN, &json!("foreign_page"))
        );
        for origin in [Some(&*own), Some(listed), None] {
            let headers: Vec<_> = origin
                .map(|origin| ("origin", origin))
                .into_iter()
                .collect();
            let (_, said) = request(edge.http, method.clone(), path, &headers).await;
            assert_ne!(said["code"], "foreign_page", "{method} {path} {origin:?}");
        }
    }
    let (status, _) = request(edge.http, Method::GET, "/standing", &[("origin", foreign)]).await;
    assert_eq!(status, StatusCode::OK);

    for at in [edge.http, edge.ws.unwrap()] {
        let refused = open_websocket(at, Some(foreign)).await;
        assert_eq!(refused, Err(StatusCode::FORBIDDEN));
        let page = format!("http://{at}");
        for origin in [Some(&*page), Some(listed), None] {
            assert_eq!(open_websocket(at, origin).await, Ok(()), "{origin:?}");
        }
    }
    edge.stop().await;
}

async fn request(
    at: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, Value) {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://{at}{path}"))
        .header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from("{}")).unwrap();
    let response = Client::new().send_request(request).await.unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// Opens MQTT over WebSocket, or returns the status of the refusal.
async fn open_websocket(at: SocketAddr, origin: Option<&str>) -> Result<(), StatusCode> {
    let mut request = format!("ws://{at}/mqtt").into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", "mqtt".parse().unwrap());
    if let Some(origin) = origin {
        headers.insert("origin", origin.parse().unwrap());
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok(_) => Ok(()),
        Err(tungstenite::Error::Http(refusal)) => Err(refusal.status()),
        Err(error) => panic!("{error}"),
    }
}
