//! An S3 emulator that accepts any key and forgets everything at its end: moto's server, for test
//! runs only.

use std::time::Duration;

use anyhow::Result;

use super::{Ground, ServerCertificate};
use crate::{Child, binaries, probe};

pub(super) async fn start(ground: &Ground<'_>, port: u16) -> Result<Child> {
    let library = binaries::moto()?;
    ground.folder_of("s3")?;
    let spec = ground
        .spec("s3", binaries::debian("python3", "python3")?, 2_000)
        .env("PYTHONPATH", library.display().to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args([
            "-m",
            "moto.server",
            "-H",
            "127.0.0.1",
            "-p",
            &port.to_string(),
        ])
        .args(ground.tls.iter().flat_map(|tls| {
            let ServerCertificate { chain, key } = &tls.certificate;
            [
                "-c".to_owned(),
                chain.display().to_string(),
                "-k".into(),
                key.display().to_string(),
            ]
        }));
    ground.supervisor.spawn(spec).await
}

pub(super) async fn ready(child: &Child, port: u16) -> Result<()> {
    probe::until(child, Duration::from_secs(60), || probe::accepts(port)).await
}
