//! Opens and closes the ports and keys that the parts share.

use std::{
    fs::{DirBuilder, File},
    os::unix::fs::DirBuilderExt,
    time::Duration,
};

use anyhow::Context;
use platform::{Ground, bus::Bus, cache::Cache};
use process::{
    clock::Clock,
    tasks::Tasks,
    tokens::{Keys, ServiceKey},
};

use crate::settings::{Platform, Settings};

/// How long the bus may take to let go.
const CLOSE: Duration = Duration::from_millis(300);

pub async fn open(platform: &Platform, service_key: ServiceKey) -> anyhow::Result<Ground> {
    let bus = Bus::open(platform.bus_url.reveal()).await.context("`platform.bus_url`")?;
    let cache = Cache::open(platform.cache_url.reveal()).context("`platform.cache_url`")?;
    Ok(Ground {
        clock: Clock::system(),
        tasks: Tasks::new(),
        bus,
        cache,
        keys: Keys::empty(),
        service_key,
    })
}

pub async fn close(ground: Ground) {
    if tokio::time::timeout(CLOSE, ground.bus.close()).await.is_err() {
        tracing::warn!("The bus did not let go in time; what it confirmed is on disk");
    }
}

/// Makes the data folder, where there is one, for its owner alone: it holds keys.
pub fn make_data(settings: &Settings) -> anyhow::Result<()> {
    let Some(data) = &settings.place.data else { return Ok(()) };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.with_context(|| format!("could not make the data folder {}", data.display()))
}

/// Keeps a second process off the data folder for as long as the file is open: the embedded bus has
/// one writer.
pub fn hold_data(settings: &Settings) -> anyhow::Result<Option<File>> {
    make_data(settings)?;
    let Some(data) = &settings.place.data else { return Ok(None) };
    let shown = data.display();
    let lock = File::create(data.join("lock"))
        .with_context(|| format!("could not write to the data folder {shown}"))?;
    lock.try_lock().with_context(|| format!("another process uses the data folder {shown}"))?;
    Ok(Some(lock))
}
