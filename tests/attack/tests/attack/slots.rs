//! Connections, request heads and buffers before sign-in. No request reaches a store, so separate
//! platforms use embedded stores.

use std::time::Duration;

use attack::{AttackedPlatform, HttpCall, PATIENCE, Station, during};
use process::clock::Clock;
use stack::{Child, Signal, Spec, binaries};
use support::eventually;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

const LIVE: &str = "/health/live";
/// Bound on an honest answer during the flood. An idle machine takes a few milliseconds.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

async fn lives(port: u16) -> bool {
    let station = Station::fresh();
    let asked = timeout(ANSWERED_WITHIN, station.ask(port, &HttpCall::get(LIVE))).await;
    matches!(asked, Ok(Ok(answer)) if answer.status == 200)
}

/// Opens up to `count` silent sockets from one address.
async fn silent(from: Station, port: u16, count: usize) -> Vec<TcpStream> {
    let mut sockets = Vec::with_capacity(count);
    for _ in 0..count {
        match timeout(Duration::from_secs(1), from.connect(port)).await {
            Ok(Ok(socket)) => sockets.push(socket),
            _ => break,
        }
    }
    sockets
}

/// Returns true if the peer closes the connection in time, after any bytes.
async fn ends_within(socket: &mut TcpStream, time: Duration) -> bool {
    let read = async {
        let mut bytes = [0; 4096];
        while matches!(socket.read(&mut bytes).await, Ok(1..)) {}
    };
    timeout(time, read).await.is_ok()
}

fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("its size");
    line.split_whitespace()
        .nth(1)
        .expect("a number")
        .parse()
        .expect("a number")
}

#[tokio::test]
async fn a_stranger_holds_every_connection_with_idle_sockets() {
    let platform = AttackedPlatform::on_files().await;
    for port in [platform.gateway(), platform.edge().http] {
        let sockets = silent(Station::fresh(), port, 4_200).await;
        let asked = async {
            for _ in 0..5 {
                assert!(lives(port).await, "an honest person is not answered");
            }
        };
        let act = async || {
            if lives(port).await {
                Ok(())
            } else {
                Err("silent".to_owned())
            }
        };
        let ((), experience) = during(asked, Duration::from_millis(20), act).await;
        println!("beside {} idle sockets: {experience}", sockets.len());
        assert_eq!(experience.refused(), 0);
    }
}

#[tokio::test]
async fn a_stranger_keeps_tablets_from_the_broker_with_idle_sockets() {
    let platform = AttackedPlatform::on_files().await;
    let mqtt = platform.edge().mqtt;
    let ws = platform.edge().ws;
    let _sockets = (
        silent(Station::fresh(), mqtt, 2_100).await,
        silent(Station::fresh(), ws, 2_100).await,
    );
    for port in [mqtt, ws] {
        let mut late = Station::fresh().connect(port).await.unwrap();
        // A listening server closes the connection at once on nonsense. The broker first reads as
        // many bytes as the second byte announces, so send more.
        let nonsense = format!("GET / {}\r\n\r\n", "a".repeat(99));
        late.write_all(nonsense.as_bytes()).await.unwrap();
        assert!(
            ends_within(&mut late, ANSWERED_WITHIN).await,
            "nobody hears port {port}"
        );
    }
}

#[tokio::test]
async fn a_stranger_fills_the_memory_with_heads_that_never_end() {
    let platform = AttackedPlatform::on_files().await;
    let edge = platform.edge();
    let pid = platform.stack.ready_file().pids[&edge.edge];
    let before = resident_kb(pid);
    let filler = vec![b'a'; 300 * 1024];
    let mut heads = Vec::new();
    for station in std::iter::repeat_with(Station::fresh).take(8) {
        for mut socket in silent(station, edge.http, 100).await {
            // A server that has read enough may stop reading.
            let said = async {
                socket
                    .write_all(b"GET / HTTP/1.1\r\nhost: edge\r\nx-long: ")
                    .await?;
                socket.write_all(&filler).await
            };
            let _refused_early = timeout(Duration::from_millis(200), said).await;
            heads.push(socket);
        }
    }
    let during = resident_kb(pid);
    drop(heads);
    assert!(lives(edge.http).await);
    let after = resident_kb(pid);
    println!("800 half-heads: {before} KB before, {during} KB during, {after} KB after");
    assert!(
        during < before + 64 * 1024,
        "{before} KB became {during} KB"
    );
}

#[tokio::test]
async fn a_stranger_sends_a_head_of_a_hundred_kilobytes() {
    let platform = AttackedPlatform::shared().await;
    let long = "a".repeat(100 * 1024);
    for port in [platform.gateway(), platform.edge().http, platform.edge().ws] {
        let call = HttpCall::get(LIVE).header("x-long", long.clone());
        let answer = Station::fresh().ask(port, &call).await;
        // The rest of the head may hit a closed socket, which loses the answer.
        assert!(
            answer.as_ref().map_or(true, |answer| answer.status == 431),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_stranger_says_a_head_letter_by_letter() {
    let platform = AttackedPlatform::shared().await;
    for port in [platform.gateway(), platform.edge().http] {
        let socket = Station::fresh().connect(port).await.unwrap();
        let (mut hear, mut say) = socket.into_split();
        let talking = async {
            loop {
                if say.write_all(b"G").await.is_err() {
                    return;
                }
                sleep(Duration::from_millis(500)).await;
            }
        };
        let mut word = [0; 64];
        let ended = tokio::select! {
            read = timeout(Duration::from_secs(20), hear.read(&mut word)) => read.is_ok(),
            () = talking => true,
        };
        assert!(ended, "the head may take for ever at {port}");
    }
}

#[tokio::test]
async fn a_reader_who_never_reads_keeps_his_place() {
    let platform = AttackedPlatform::shared().await;
    let port = platform.edge().http;
    let mut socket = Station::fresh().connect(port).await.unwrap();
    let ask = b"GET /openapi.json HTTP/1.1\r\nhost: edge\r\n\r\n";
    let clock = Clock::system();
    let started = clock.elapsed();
    // Sends more than the system's buffers hold, until the server closes.
    let ended = async {
        loop {
            let asked = timeout(Duration::from_secs(1), socket.write_all(ask)).await;
            match asked {
                Ok(Ok(())) => sleep(Duration::from_millis(5)).await,
                Ok(Err(_)) => return,
                Err(_) => {}
            }
        }
    };
    let ended = timeout(Duration::from_secs(50), ended).await;
    assert!(ended.is_ok(), "the answers wait for ever");
    println!(
        "ended after {} s",
        clock.elapsed().saturating_sub(started).as_secs()
    );
}

#[tokio::test]
async fn a_stranger_makes_the_broker_keep_an_unfinished_greeting() {
    let platform = AttackedPlatform::shared().await;
    let mut socket = Station::fresh()
        .connect(platform.edge().mqtt)
        .await
        .unwrap();
    // A CONNECT of 80,000 bytes without its last ones.
    socket.write_all(&[0x10, 0x80, 0xf1, 0x04]).await.unwrap();
    let _refused_early = socket.write_all(&[0; 60_000]).await;
    assert!(
        ends_within(&mut socket, Duration::from_secs(5)).await,
        "60 KB are kept"
    );
}

/// Restarts the edge on its data with a limit of about a thousand files.
async fn with_few_files(platform: &AttackedPlatform) -> Child {
    let edge = platform.edge();
    let part = stack::Part::Edge(edge.region);
    platform.stack.kill9(part).await.expect("an end");
    let layout = platform.stack.layout();
    let binary = binaries::own("holdfast-edge")
        .expect("the binary")
        .display()
        .to_string();
    let at = |port: u16| format!("127.0.0.1:{port}");
    let spec = Spec::new(
        "edge-with-few-files",
        "/bin/sh",
        layout.log("edge-with-few-files"),
    )
    .args(["-c", "ulimit -n 1024; exec \"$0\"", binary.as_str()])
    .stop_with(Signal::Term, 2_000)
    .env("HOLDFAST__EDGE__NAME", &edge.edge)
    .env("HOLDFAST__EDGE__REGION", edge.region.as_str())
    .env("HOLDFAST__EDGE__GATEWAY_URL", &edge.gateway_url)
    .env(
        "HOLDFAST__EDGE__DATA",
        layout.edge_folder(edge).display().to_string(),
    )
    .env("HOLDFAST__EDGE__HTTP_BIND", at(edge.http))
    .env("HOLDFAST__EDGE__MQTT_BIND", at(edge.mqtt))
    .env("HOLDFAST__EDGE__WS_BIND", at(edge.ws));
    let child = platform
        .stack
        .supervisor()
        .spawn(spec)
        .await
        .expect("an edge");
    eventually("the edge runs again", PATIENCE, async || {
        lives(edge.http).await.then_some(())
    })
    .await;
    child
}

#[tokio::test]
async fn a_stranger_uses_up_the_files_of_an_edge() {
    let platform = AttackedPlatform::on_files().await;
    let _edge = with_few_files(&platform).await;
    let edge = platform.edge();
    let mut held = Vec::new();
    for port in [edge.http, edge.mqtt, edge.ws] {
        for station in std::iter::repeat_with(Station::fresh).take(4) {
            held.extend(silent(station, port, 120).await);
        }
    }
    for _ in 0..5 {
        assert!(lives(edge.http).await, "an honest person is not answered");
    }
    drop(held);
    assert!(lives(edge.http).await);
}
