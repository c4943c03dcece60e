//! Opens and closes the ports and keys that the parts share.

use std::{
    fs::{DirBuilder, File},
    os::unix::fs::DirBuilderExt,
    path::Path,
    time::Duration,
};

use anyhow::Context;
use platform::{
    Ground,
    bus::Bus,
    cache::Cache,
    sealing::{self, DataKeys},
};
use process::{
    clock::Clock,
    parts::{CloudPart, StoreKind},
    tasks::Tasks,
    tokens::{Keys, ServiceKey},
};

use crate::settings::{Platform, Settings};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the bus may take to let go.
const CLOSE: Duration = Duration::from_millis(300);

pub async fn open(
    platform: &Platform,
    service_key: ServiceKey,
    data_keys: DataKeys,
) -> anyhow::Result<Ground> {
    let bus = Bus::open_sealed(platform.bus_url.reveal(), &data_keys).await;
    let bus = bus.context("`platform.bus_url`")?;
    let cache = Cache::open(platform.cache_url.reveal()).context("`platform.cache_url`")?;
    Ok(Ground {
        clock: Clock::system(),
        tasks: Tasks::new(),
        bus,
        cache,
        keys: Keys::empty(),
        service_key,
        sent_kept: DAY * u32::from(platform.sent_events_kept_days.get()),
        data_keys,
        dispute_ms: platform.dispute_ms,
    })
}

/// The keys of a part's store. In a data folder a missing file is made; on servers replicas share
/// one, so that an operator makes it.
pub fn data_keys(part: CloudPart, settings: &Settings) -> anyhow::Result<DataKeys> {
    let Platform { data_keys, seal, .. } = &settings.platform;
    if settings.place.data.is_some() {
        let keys = DataKeys::load_or_create(data_keys, *seal);
        return keys
            .context("`platform.data_keys`: could not get the keys that seal personal data");
    }
    if part.store() == StoreKind::Nothing {
        return Ok(DataKeys::none());
    }
    DataKeys::load(data_keys, *seal).context(
        "`platform.data_keys`: a part on servers seals personal data by keys that its replicas share; \
         `holdfast-cloud make-keys --into DIR` makes them beside the key of each part",
    )
}

/// Makes the keys of each part's store in its folder, where there are none yet.
pub fn make_data_keys(folder: &Path) -> anyhow::Result<()> {
    for part in CloudPart::ALL.iter().filter(|part| part.store() != StoreKind::Nothing) {
        sealing::make(&folder.join(part.name()).join("data.keys"))?;
    }
    Ok(())
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
