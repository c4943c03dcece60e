//! The data folder at a start: the edge's key, its database, and perhaps another edge's name in it.
//! Also the reasons why an edge does not start.

use std::{
    fs::{DirBuilder, Permissions},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use process::{
    clock::Clock,
    tokens::{Signer, SignerError},
};
use wire::{BootNonce, CERTIFICATE_NAMES_MAX, CodeError, NameError};

use crate::{
    callers::CallerError,
    config::Config,
    disk_ladder::DiskLadderError,
    listeners::ListenerError,
    mqtt::MqttError,
    store::{
        DamageError, EdgeIdentity, OpenError, RenameError, Store, is_enrolled, rename_twin_file,
        twin_of,
    },
};

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("edge.name: {0}")]
    Name(#[from] NameError),
    #[error("edge.gateway_url: expected http:// or https://")]
    GatewayUrl,
    #[error(
        "edge.gateway_url is plain http:// to another machine: anyone on the network path could \
         read the traffic. Use https://, or set edge.plain_link=true if the path is protected by \
         other means"
    )]
    PlainLine,
    #[error("edge.names has more than {CONFIGURED_NAMES_MAX} names")]
    TooManyNames,
    #[error(transparent)]
    DiskLadder(#[from] DiskLadderError),
    #[error("edge.hub_key")]
    HubKey(#[source] CodeError),
    #[error("this edge is not enrolled; give it a code as edge.enrolment_code")]
    NotEnrolled,
    #[error("could not use the data folder {}", .0.display())]
    Data(PathBuf, #[source] std::io::Error),
    #[error(
        "the disk that holds the data folder {} is full. Free some space and start the edge again; \
         no stored data is lost ({stopped_at})", data.display()
    )]
    FullDisk { data: PathBuf, stopped_at: String },
    #[error(
        "the database in {} is damaged. Move the folder away and keep it, restore its last backup, \
         and start the edge again; without a backup, start with an empty folder, another edge.name \
         and a code from `holdfast enrol REGION NAME` ({stopped_at})", data.display()
    )]
    Damaged { data: PathBuf, stopped_at: String },
    #[error(transparent)]
    Damage(#[from] DamageError),
    #[error(
        "the database in {} was written by a newer version of holdfast-edge. Start that version \
         again. To downgrade, restore a backup from before the upgrade and start while the cloud \
         can be reached; it restores what is missing", .0.display()
    )]
    NewerVersion(PathBuf),
    #[error(
        "this edge is enrolled, but its key {} is missing. Restore the file from a backup; without \
         one, start the edge with a new code from `holdfast edges rotate NAME` as \
         edge.enrolment_code", .0.display()
    )]
    KeyMissing(PathBuf),
    #[error(transparent)]
    Key(#[from] SignerError),
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error(transparent)]
    Rename(#[from] RenameError),
    #[error("could not read the edge's database")]
    Read(#[from] journal::JournalError),
    #[error(transparent)]
    Mqtt(#[from] MqttError),
    #[error(transparent)]
    Listener(#[from] ListenerError),
    #[error(transparent)]
    Caller(#[from] CallerError),
}

pub(crate) const KEY: &str = "edge.key";
/// One name of a certificate is the edge's own.
pub(crate) const CONFIGURED_NAMES_MAX: usize = CERTIFICATE_NAMES_MAX - 1;
pub(crate) const OWNER_ALONE: u32 = 0o700;

/// The hub identifies an enrolled edge by its key, so replacing a lost key requires a code.
pub(crate) fn load_key(config: &Config, key: &Path) -> Result<Signer, StartError> {
    if key.exists() || !is_enrolled(&config.data)? {
        return Ok(Signer::load_or_create(key)?);
    }
    if config.enrolment_code.is_empty() {
        return Err(StartError::KeyMissing(key.to_owned()));
    }
    // Enrolment with the code uses this pending key, and promotes it on success.
    Ok(Signer::load_or_create(pending_key_path(key))?)
}

/// Restricts the folder to its owner, even one from an earlier version: it holds personal data and
/// this edge's key.
pub(crate) fn create_data_folder(data: &Path) -> std::io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(OWNER_ALONE)
        .create(data)?;
    std::fs::set_permissions(data, Permissions::from_mode(OWNER_ALONE))
}

/// Gives a twin (a copy of another edge) with a code and a new name its own key.
pub(crate) async fn rename_twin(
    data: &Path,
    identity: &EdgeIdentity,
    nonce: BootNonce,
    clock: &Clock,
) -> Result<(), StartError> {
    let Some(from) = twin_of(data, identity)? else {
        return Ok(());
    };
    // Move the key first: once the file has its new name, this step never runs again, and the edge
    // would use the other edge's key. NotFound: an earlier start moved it, then stopped.
    match std::fs::rename(data.join(KEY), data.join(format!("{KEY}.{from}"))) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(StartError::Data(data.into(), source));
        }
        Ok(()) | Err(_) => {}
    }
    if let Some(renamed) = rename_twin_file(data, identity, nonce, clock.now()).await? {
        let name = &identity.edge_id;
        let from = renamed.from;
        let relogged = renamed.relogged;
        tracing::warn!(edge = %name, %from, relogged, "This copy of `{from}` is now `{name}`");
    }
    Ok(())
}

pub(crate) async fn open_store(
    data: &Path,
    identity: &EdgeIdentity,
    nonce: BootNonce,
    clock: &Clock,
) -> Result<Store, StartError> {
    let (store, suspicion) = Store::open(data, identity.clone(), nonce, clock.now()).await?;
    if let Some(suspicion) = suspicion {
        tracing::error!(
            edge = %identity.edge_id, ?suspicion,
            "The log does not match the last answer that this edge gave; this edge is suspect"
        );
    }
    if let Some((alarm, since)) = store.find_alarm().await? {
        tracing::error!(edge = %identity.edge_id, %alarm, %since, "{}", alarm.sentence());
    }
    Ok(store)
}

/// Path of a new key until the hub has accepted it.
pub(crate) fn pending_key_path(key: &Path) -> PathBuf {
    key.with_extension("key.new")
}
