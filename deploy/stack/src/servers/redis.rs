//! A Redis without persistence: it never holds the only record of anything.

use std::time::Duration;

use anyhow::Result;

use super::{Ground, ServerCertificate};
use crate::{Child, binaries, probe};

pub(super) async fn start(ground: &Ground<'_>, port: u16) -> Result<Child> {
    let folder = ground.folder_of("redis")?;
    let program = binaries::debian("redis-server", "redis-server")?;
    let spec = ground
        .spec("redis", program, 2_000)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--dir"])
        .args([folder.display().to_string()])
        .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
        .args(ground.tls.iter().flat_map(|tls| {
            let ServerCertificate { chain, key } = &tls.certificate;
            [
                "--tls-port".to_owned(),
                tls.redis.to_string(),
                "--tls-cert-file".to_owned(),
                chain.display().to_string(),
                "--tls-key-file".to_owned(),
                key.display().to_string(),
                "--tls-auth-clients".to_owned(),
                "no".to_owned(),
            ]
        }));
    ground.supervisor.spawn(spec).await
}

pub(super) async fn ready(child: &Child, port: u16) -> Result<()> {
    probe::until(child, Duration::from_secs(20), || async move {
        probe::first_words(port, b"PING\r\n")
            .await
            .is_some_and(|said| said.starts_with(b"+PONG"))
    })
    .await
}
