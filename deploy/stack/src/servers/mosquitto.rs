//! A Mosquitto without authentication: tokens inside the commands protect its traffic.

use std::time::Duration;

use anyhow::Result;

use super::{Ground, runs_as_root, write};
use crate::{Child, binaries, probe};

pub(super) async fn start(ground: &Ground<'_>, port: u16) -> Result<Child> {
    let program = binaries::debian("mosquitto", "mosquitto")?;
    let folder = ground.folder_of("mosquitto")?;
    let config = folder.join("mosquitto.conf");
    write(
        &config,
        &format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\n\
             persistence_location {}/\nautosave_interval 1\nautosave_on_changes false\n\
             max_queued_messages 0\nset_tcp_nodelay true\n{}",
            folder.display(),
            // As root it would switch to another user, who cannot reach a private folder.
            if runs_as_root() { "user root\n" } else { "" },
        ),
    )?;
    let spec = ground
        .spec("mosquitto", program, 2_000)
        .args(["-c".into(), config.display().to_string()]);
    ground.supervisor.spawn(spec).await
}

pub(super) async fn ready(child: &Child, port: u16) -> Result<()> {
    probe::until(child, Duration::from_secs(20), || probe::accepts(port)).await
}
