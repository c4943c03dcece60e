//! What the parts of a process share: the bus, the cache, the keys and the data folder.

use std::{
    fs::{DirBuilder, File},
    os::unix::fs::DirBuilderExt,
    path::Path,
    time::Duration,
};

use anyhow::Context;
use platform::{
    ServiceContext,
    bus::Bus,
    cache::Cache,
    sealing::{self, DataKeys},
    web_push,
};
use process::{
    clock::Clock,
    parts::{CloudPart, StoreKind},
    tasks::Tasks,
    tokens::{ServiceKey, TokenKeys},
};

use crate::settings::{PlatformConfig, Settings};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long closing the bus may take.
const CLOSE: Duration = Duration::from_millis(300);

pub(crate) async fn open_context(
    platform: &PlatformConfig,
    service_key: ServiceKey,
    data_keys: DataKeys,
) -> anyhow::Result<ServiceContext> {
    let bus = Bus::open_sealed(platform.bus_url.reveal(), &data_keys).await;
    let bus = bus.context("`platform.bus_url`")?;
    let cache = Cache::open(platform.cache_url.reveal()).context("`platform.cache_url`")?;
    Ok(ServiceContext {
        clock: Clock::system(),
        tasks: Tasks::new(),
        bus,
        cache,
        keys: TokenKeys::empty(),
        service_key,
        sent_kept: DAY * u32::from(platform.sent_events_kept_days.get()),
        data_keys,
        dispute_ms: platform.dispute_ms,
    })
}

/// The data keys of a part's store. A data folder gets a missing key file; replicas on servers
/// share one, which an operator creates.
pub(crate) fn load_data_keys(part: CloudPart, settings: &Settings) -> anyhow::Result<DataKeys> {
    let PlatformConfig {
        data_keys, seal, ..
    } = &settings.platform;
    if settings.place.data.is_some() {
        let keys = DataKeys::load_or_create(data_keys, *seal);
        return keys.context(
            "`platform.data_keys`: could not load or create the keys that seal personal data",
        );
    }
    if part.store() == StoreKind::Nothing {
        return Ok(DataKeys::without_keys());
    }
    DataKeys::load(data_keys, *seal).context(
        "`platform.data_keys`: could not load the keys that seal personal data, which all replicas of a part \
         share; `holdfast-cloud make-keys --into DIR` creates them next to the key of each part",
    )
}

/// Creates missing data keys of each part's store in its folder.
pub(crate) fn create_data_keys(folder: &Path) -> anyhow::Result<()> {
    for part in CloudPart::ALL
        .iter()
        .filter(|part| part.store() != StoreKind::Nothing)
    {
        sealing::create_if_missing(&folder.join(part.name()).join("data.keys"))?;
    }
    Ok(())
}

/// Creates the missing key by which push services recognise the platform.
pub(crate) fn create_push_key(folder: &Path) -> anyhow::Result<()> {
    let own = folder.join(CloudPart::Notification.name());
    Ok(web_push::create_if_missing(
        &own.join(notification::PUSH_KEY_FILE),
    )?)
}

pub(crate) async fn close_context(context: ServiceContext) {
    if tokio::time::timeout(CLOSE, context.bus.close())
        .await
        .is_err()
    {
        tracing::warn!("The bus did not close in time; every message that it confirmed is on disk");
    }
}

/// Creates the configured data folder, readable only by its owner because it holds keys.
pub(crate) fn create_data_folder(settings: &Settings) -> anyhow::Result<()> {
    let Some(data) = &settings.place.data else {
        return Ok(());
    };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.with_context(|| format!("could not create the data folder {}", data.display()))
}

/// Locks the data folder against a second process while the returned file is open: the embedded bus
/// has one writer.
pub(crate) fn lock_data_folder(settings: &Settings) -> anyhow::Result<Option<File>> {
    create_data_folder(settings)?;
    let Some(data) = &settings.place.data else {
        return Ok(None);
    };
    let shown = data.display();
    let lock = File::create(data.join("lock"))
        .with_context(|| format!("could not write to the data folder {shown}"))?;
    lock.try_lock()
        .with_context(|| format!("another process uses the data folder {shown}"))?;
    Ok(Some(lock))
}
