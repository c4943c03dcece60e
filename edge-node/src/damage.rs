//! Finds damage of the database before anything is answered from it, at each start and each night,
//! and replaces a damaged database by a new one with what it still had.
//!
//! Invariants: the undecided commands are saved in a file before the database is replaced. The
//! damaged database stays in the data folder. A crash in between leaves the old database or the
//! new one.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::Duration,
};

use process::clock::Clock;
use tokio_util::sync::CancellationToken;
use wire::UnixMillis;

use crate::{
    config::Config,
    context::{DamageFound, EdgeContext},
    data_folder::OWNER_ALONE,
    schedule::Schedule,
    store::{DamageError, EdgeIdentity, FileCheck, check_file, path_in, salvage_file},
};

const DATABASE: &str = "db";
const REBUILT: &str = "db.rebuilt";
const DAMAGED: &str = "db.damaged-";
/// Its presence makes the next start check the whole database: damage was met, and the start must
/// find it again.
const SUSPECTED: &str = "db.suspected";
/// Earlier ones are deleted: a failing disk must not fill itself with copies.
const DAMAGED_KEPT: usize = 2;
/// The nightly check begins at this minute of its hour.
const CHECK_MINUTE: u8 = 41;

/// Checks the database, for a limited time unless damage was met before, and replaces it if it is
/// damaged.
pub(crate) async fn check_at_start(
    config: &Config,
    identity: &EdgeIdentity,
    clock: &Clock,
) -> Result<(), DamageError> {
    finish_replacement(&config.data)?;
    let limit = if config.data.join(SUSPECTED).exists() {
        Duration::MAX
    } else {
        Duration::from_secs(config.start_check_seconds.into())
    };
    let started = clock.elapsed();
    let timer = clock.clone();
    let is_over = move || timer.elapsed().saturating_sub(started) >= limit;
    match check_in_background(path_in(&config.data), is_over).await {
        FileCheck::Sound => forget_suspicion(&config.data)?,
        FileCheck::Unfinished => tracing::info!("The check of the database goes on at night"),
        FileCheck::Damaged(fault) => {
            tracing::error!(fault, data = %config.data.display(), "The database is damaged");
            replace_damaged_database(&config.data, identity, clock.now())?;
            forget_suspicion(&config.data)?;
        }
        FileCheck::NewerProgram => return Err(DamageError::NewerProgram),
    }
    Ok(())
}

pub(crate) async fn check_each_night(context: EdgeContext, stop: CancellationToken) {
    let mut nights = Schedule::each_day(&context.clock, context.config.check_hour, CHECK_MINUTE);
    loop {
        tokio::select! {
            () = nights.wait_for_next() => {}
            () = stop.cancelled() => return,
        }
        check_running_edge(&context, stop.clone()).await;
    }
}

/// Checks the whole database of a running edge; damage stops it.
async fn check_running_edge(context: &EdgeContext, stop: CancellationToken) {
    let path = path_in(&context.config.data);
    match check_in_background(path, move || stop.is_cancelled()).await {
        FileCheck::Sound => tracing::info!("The database is sound"),
        FileCheck::Unfinished => tracing::warn!("The check of the database did not finish"),
        FileCheck::NewerProgram => {
            tracing::error!("The log of this edge contains ops of a newer version of holdfast-edge")
        }
        FileCheck::Damaged(fault) => raise_damage(context, fault),
    }
}

/// Stops the edge: it must not answer from this file.
pub(crate) fn raise_damage(context: &EdgeContext, fault: String) {
    if context.damage.borrow().is_none() {
        tracing::error!(fault, "The database is damaged: this edge stops");
        remember_suspicion(&context.config.data);
        context.damage.send_replace(Some(DamageFound(fault)));
    }
}

/// Makes the next start check the whole database.
pub(crate) fn remember_suspicion(data: &Path) {
    let marked = File::create(data.join(SUSPECTED)).and_then(|_| sync_folder(data));
    if let Err(error) = marked {
        tracing::error!(%error, "Could not note that the database is damaged");
    }
}

fn forget_suspicion(data: &Path) -> io::Result<()> {
    match fs::remove_file(data.join(SUSPECTED)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

async fn check_in_background(
    path: PathBuf,
    is_over: impl FnMut() -> bool + Send + 'static,
) -> FileCheck {
    let check = tokio::task::spawn_blocking(move || check_file(&path, is_over));
    check.await.unwrap_or(FileCheck::Unfinished)
}

fn replace_damaged_database(
    data: &Path,
    identity: &EdgeIdentity,
    now: UnixMillis,
) -> Result<(), DamageError> {
    let lock = journal::lock_file(&path_in(data))?;
    let salvage = salvage_file(&path_in(data), identity)?;
    if salvage.identity != *identity {
        return Err(DamageError::OtherEdge);
    }
    let undecided = salvage.undecided.len();
    let saved = data.join(format!("undecided-{}.json", now.0));
    if undecided > 0 {
        salvage.save_undecided(&saved, now)?;
    }
    let rebuilt = data.join(REBUILT);
    if rebuilt.exists() {
        fs::remove_dir_all(&rebuilt)?;
    }
    DirBuilder::new().mode(OWNER_ALONE).create(&rebuilt)?;
    let database = rebuilt.join("edge.db");
    let in_database = salvage.build_database(&database, now)?;
    if let FileCheck::Damaged(fault) = check_file(&database, || false) {
        return Err(DamageError::RebuiltDamaged(fault));
    }
    sync_folder(&rebuilt)?;
    let damaged = data.join(format!("{DAMAGED}{}", now.0));
    fs::rename(data.join(DATABASE), &damaged)?;
    fs::rename(&rebuilt, data.join(DATABASE))?;
    sync_folder(data)?;
    drop(lock);
    delete_older_copies(data)?;
    tracing::error!(
        undecided,
        in_database,
        damaged = %damaged.display(),
        saved = (undecided > 0).then(|| saved.display().to_string()),
        "Made a new database from the damaged one. The cloud sends the orders anew. Check the disk \
         of this machine, or replace it"
    );
    Ok(())
}

/// A crash may have come between the two renamings.
fn finish_replacement(data: &Path) -> io::Result<()> {
    let has_moved_away = fs::read_dir(data)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| is_damaged_copy(&entry.path()));
    let rebuilt = data.join(REBUILT);
    if has_moved_away && rebuilt.exists() && !data.join(DATABASE).exists() {
        fs::rename(rebuilt, data.join(DATABASE))?;
        sync_folder(data)?;
    }
    Ok(())
}

fn delete_older_copies(data: &Path) -> io::Result<()> {
    let mut copies = Vec::new();
    for entry in fs::read_dir(data)? {
        let path = entry?.path();
        if is_damaged_copy(&path) {
            copies.push(path);
        }
    }
    // The names end in milliseconds with the same number of digits.
    copies.sort();
    let surplus = copies.len().saturating_sub(DAMAGED_KEPT);
    copies.iter().take(surplus).try_for_each(fs::remove_dir_all)
}

fn is_damaged_copy(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().starts_with(DAMAGED)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Saves the undecided commands of an edge in a file, also from a damaged database. Returns how many
/// there are.
pub fn rescue_commands(config: &Config, to: &Path, now: UnixMillis) -> Result<usize, DamageError> {
    let identity = EdgeIdentity::from_config(config)?;
    let salvage = salvage_file(&path_in(&config.data), &identity)?;
    salvage.save_undecided(to, now)?;
    Ok(salvage.undecided.len())
}
