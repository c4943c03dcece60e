//! `holdfast-edge backup` copies an edge to a folder while it runs, and `holdfast-edge restore`
//! starts an edge's data folder from such a copy.
//!
//! Invariants: the copy has no high-water mark, so an edge that starts from it knows that it was
//! restored. A backup that broke off has no database and is refused.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use crate::{
    certificates::{ISSUED_CHAIN, ISSUED_KEY, SHOP_CA},
    data_folder::{KEY, OWNER_ALONE, create_data_folder, pending_key_path},
    receipts::FORMER_KEYS,
    store::{CopyError, EdgeIdentity, check_database, copy_database, path_in},
};

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("there is no edge in {}: edge.data may name another folder", .0.display())]
    NoEdge(PathBuf),
    #[error("{} has no backup of an edge, or only a part of one", .0.display())]
    NoBackup(PathBuf),
    #[error("{} exists already; a backup makes its own folder", .0.display())]
    Exists(PathBuf),
    #[error(
        "{} has an edge already. Move that folder away and keep it until the restored edge works", .0.display()
    )]
    HasEdge(PathBuf),
    #[error(transparent)]
    Owner(#[from] OwnerError),
    #[error("could not copy {}", .0.display())]
    Copy(PathBuf, #[source] io::Error),
    #[error(transparent)]
    Database(#[from] CopyError),
}

/// SQLite leaves files of the user who opens a database, which its owner then cannot write.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} belongs to another user. Run this as that user: sudo -u '{owner}' holdfast-edge ...", folder.display()
)]
pub struct OwnerError {
    folder: PathBuf,
    owner: String,
}

/// The files of a data folder besides its database. Not all of them exist at each edge.
fn list_files() -> [PathBuf; 6] {
    let key = PathBuf::from(KEY);
    let pending = pending_key_path(&key);
    [
        key,
        pending,
        FORMER_KEYS.into(),
        ISSUED_CHAIN.into(),
        ISSUED_KEY.into(),
        SHOP_CA.into(),
    ]
}

/// Copies the edge in `data` into the new folder `to`. The database comes last.
pub fn back_up(data: &Path, to: &Path) -> Result<EdgeIdentity, BackupError> {
    let database = path_in(data);
    if !database.is_file() {
        return Err(BackupError::NoEdge(data.into()));
    }
    check_owner(data)?;
    let created = DirBuilder::new().mode(OWNER_ALONE).create(to);
    created.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(to.into()),
        _ => BackupError::Copy(to.into(), error),
    })?;
    copy_files(data, to)?;
    let copied = path_in(to);
    create_parent(&copied)?;
    let partial = copied.with_extension("partial");
    let identity = copy_database(&database, &partial)?;
    finish_database(&partial, &copied)?;
    Ok(identity)
}

/// Copies the backup `from` into the data folder, which must have no edge yet. The database comes
/// last and whole, so a start after a crash finds either no edge or all of it.
pub fn restore_backup(from: &Path, data: &Path) -> Result<EdgeIdentity, BackupError> {
    let backup = path_in(from);
    if !backup.is_file() {
        return Err(BackupError::NoBackup(from.into()));
    }
    if path_in(data).exists() {
        return Err(BackupError::HasEdge(data.into()));
    }
    let identity = check_database(&backup)?;
    if data.exists() {
        check_owner(data)?;
    }
    create_data_folder(data).map_err(|error| BackupError::Copy(data.into(), error))?;
    copy_files(from, data)?;
    let database = path_in(data);
    create_parent(&database)?;
    let partial = database.with_extension("partial");
    copy_file(&backup, &partial)?;
    finish_database(&partial, &database)?;
    Ok(identity)
}

fn copy_files(from: &Path, to: &Path) -> Result<(), BackupError> {
    for file in list_files() {
        let source = from.join(&file);
        if source.exists() {
            copy_file(&source, &to.join(&file))?;
        }
    }
    sync_folder(to)
}

/// Keeps the permissions.
fn copy_file(from: &Path, to: &Path) -> Result<(), BackupError> {
    fs::copy(from, to).map_err(|error| BackupError::Copy(from.into(), error))?;
    sync_file(to)
}

fn create_parent(database: &Path) -> Result<(), BackupError> {
    let folder = database.parent().unwrap_or(Path::new("."));
    create_data_folder(folder).map_err(|error| BackupError::Copy(folder.into(), error))
}

/// Gives the whole database its name, and syncs the folders that lead to it.
fn finish_database(partial: &Path, database: &Path) -> Result<(), BackupError> {
    sync_file(partial)?;
    fs::rename(partial, database).map_err(|error| BackupError::Copy(database.into(), error))?;
    database
        .ancestors()
        .skip(1)
        .take(3)
        .try_for_each(sync_folder)
}

fn sync_folder(folder: &Path) -> Result<(), BackupError> {
    if folder.as_os_str().is_empty() {
        return Ok(());
    }
    sync_file(folder)
}

fn sync_file(path: &Path) -> Result<(), BackupError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| BackupError::Copy(path.into(), error))
}

/// Only the owner of a data folder may open its database.
pub fn check_owner(data: &Path) -> Result<(), OwnerError> {
    let Ok(folder) = fs::metadata(data) else {
        return Ok(());
    };
    if folder.uid() == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    Err(OwnerError {
        folder: data.into(),
        owner: find_user_name(folder.uid()),
    })
}

/// `sudo` takes `#NUMBER` for a user without a name here.
fn find_user_name(uid: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("#{uid}"))
}
