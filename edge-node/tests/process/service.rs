//! An edge under systemd.

use std::{os::unix::net::UnixDatagram, time::Duration};

use crate::{Edge, command, free, settings, world::cloud::Cloud};

fn receive(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 1024];
    let length = socket.recv(&mut buffer).unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn systemd_learns_that_the_edge_is_ready_alive_and_stopping() {
    let (_cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mqtt = free();
    let mut service = command(data.path(), &settings(gateway, mqtt, free()), &[]);
    service.env("NOTIFY_SOCKET", &path);
    service.env("WATCHDOG_USEC", "300000");
    let mut edge = Edge::run(service, &data.path().join("log"), mqtt).await;
    let mut signs_of_life = 0;
    let mut is_ready = false;
    while !is_ready || signs_of_life < 2 {
        let heard = receive(&socket);
        is_ready |= heard.starts_with("READY=1");
        signs_of_life += u32::from(heard.trim_end() == "WATCHDOG=1");
    }
    edge.signal("-TERM");
    while receive(&socket).trim_end() != "STOPPING=1" {}
    assert!(edge.child.wait().unwrap().success());
}
