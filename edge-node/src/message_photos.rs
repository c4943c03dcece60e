//! The pictures of messages, as the cloud has told them, for the readers at this edge.
//!
//! Invariants: a file is here only while a message here names it; the files are a copy of the
//! cloud's, which may be deleted and requested again. The newest 1,000 that messages name are kept,
//! and beyond 256 MiB no further one is requested: its readers are told that it is on its way.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, DirBuilder, File},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use process::{clock::Clock, problem::format_error_chain};
use wire::{MessagePhotoPart, MessagePhotoPlace};

use crate::{
    config::Config,
    store::{MessagePhotoKey, MessagePhotoState},
};

#[derive(Clone)]
pub(crate) struct MessagePhotos(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    clock: Clock,
    index: Mutex<PhotoIndex>,
}

#[derive(Default)]
struct PhotoIndex {
    /// The sizes of the files.
    kept: BTreeMap<MessagePhotoKey, u64>,
    coming: Option<ComingPhoto>,
    rests: BTreeMap<MessagePhotoKey, Rest>,
    /// The cloud never gets them. Asked again after a restart.
    refused: BTreeSet<MessagePhotoKey>,
}

/// The picture that is being requested, with its first bytes. One is in memory at a time.
struct ComingPhoto {
    key: MessagePhotoKey,
    body: Vec<u8>,
}

#[derive(Default, Clone, Copy)]
struct Rest {
    until: Duration,
    count: u32,
}

/// The folder inside the data folder.
const FOLDER: &str = "message-photos";
const OWNER_ALONE: u32 = 0o700;
const ENDING: &str = "jpg";
/// A file that a stop has interrupted.
const UNFINISHED: &str = "part";
const ROOM_BYTES: u64 = 256 << 20;
/// A photo that has not reached the cloud, or that could not be read there.
const REST_FIRST: Duration = Duration::from_secs(5);
const REST_MAX: Duration = Duration::from_mins(5);

impl MessagePhotos {
    /// Empty until `load_folder`.
    pub(crate) fn new(config: &Config, clock: &Clock) -> Self {
        Self(Arc::new(Inner {
            folder: config.data.join(FOLDER),
            clock: clock.clone(),
            index: Mutex::default(),
        }))
    }

    /// Reads the folder. Runs once, at the start.
    pub(crate) fn load_folder(&self) -> io::Result<()> {
        let entries = match fs::read_dir(&self.0.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            match name.to_str().and_then(parse_name) {
                Some(key) => {
                    let bytes = entry.metadata()?.len();
                    self.lock_index().kept.insert(key, bytes);
                }
                None => fs::remove_file(entry.path())?,
            }
        }
        Ok(())
    }

    pub(crate) fn find_state(&self, key: &MessagePhotoKey) -> MessagePhotoState {
        let index = self.lock_index();
        if index.kept.contains_key(key) {
            MessagePhotoState::Here
        } else if index.refused.contains(key) {
            MessagePhotoState::Refused
        } else {
            MessagePhotoState::Coming
        }
    }

    /// The next part of the picture that is being requested.
    pub(crate) fn find_next_part(&self) -> Option<MessagePhotoPlace> {
        self.lock_index()
            .coming
            .as_ref()
            .map(ComingPhoto::next_place)
    }

    /// Begins with the first of these pictures that is not here and is due.
    pub(crate) fn begin_next(&self, named: &[MessagePhotoKey]) -> Option<MessagePhotoPlace> {
        let now = self.0.clock.elapsed();
        let mut index = self.lock_index();
        if index.kept.values().sum::<u64>() >= ROOM_BYTES {
            return None;
        }
        let due = named.iter().find(|key| index.is_due(key, now))?;
        let coming = ComingPhoto {
            key: *due,
            body: Vec::new(),
        };
        let place = coming.next_place();
        index.coming = Some(coming);
        Some(place)
    }

    /// Gives the picture up for now.
    pub(crate) fn pause(&self) {
        let now = self.0.clock.elapsed();
        let mut index = self.lock_index();
        if let Some(coming) = index.coming.take() {
            index.rests.entry(coming.key).or_default().pause(now);
        }
    }

    /// Adds a part to the picture, and stores it once it is whole.
    pub(crate) async fn take_part(&self, part: MessagePhotoPart) {
        let whole = {
            let mut index = self.lock_index();
            let Some(coming) = index.coming.as_mut() else {
                return;
            };
            if part.place != coming.next_place() {
                return;
            }
            if part.is_refused {
                let key = coming.key;
                index.coming = None;
                index.refused.insert(key);
                return;
            }
            coming.body.extend_from_slice(&part.body);
            let have = coming.body.len() as u64;
            match have.cmp(&u64::from(part.bytes)) {
                std::cmp::Ordering::Equal if have > 0 => index.coming.take(),
                std::cmp::Ordering::Less if !part.body.is_empty() => return,
                _ => None,
            }
        };
        let Some(whole) = whole else {
            return self.pause();
        };
        let key = whole.key;
        let bytes = whole.body.len() as u64;
        let folder = self.0.folder.clone();
        let written = run_blocking(move || write_file(&folder, &key, &whole.body)).await;
        let now = self.0.clock.elapsed();
        let mut index = self.lock_index();
        match written {
            Ok(()) => {
                index.rests.remove(&key);
                index.kept.insert(key, bytes);
            }
            Err(error) => {
                index.rests.entry(key).or_default().pause(now);
                drop(index);
                let cause = format_error_chain(&error);
                tracing::warn!(cause, "Could not store the photo of a message");
            }
        }
    }

    /// `None` if it is not here.
    pub(crate) async fn read(&self, key: MessagePhotoKey) -> io::Result<Option<Vec<u8>>> {
        if self.find_state(&key) != MessagePhotoState::Here {
            return Ok(None);
        }
        let path = path_of(&self.0.folder, &key, ENDING);
        match run_blocking(move || fs::read(path)).await {
            Ok(body) => Ok(Some(body)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.lock_index().kept.remove(&key);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes every file that no message names any more.
    pub(crate) async fn remove_unnamed(&self, named: &[MessagePhotoKey]) {
        let named: BTreeSet<MessagePhotoKey> = named.iter().copied().collect();
        let gone: Vec<MessagePhotoKey> = {
            let mut index = self.lock_index();
            index.rests.retain(|key, _| named.contains(key));
            index.refused.retain(|key| named.contains(key));
            index.coming.take_if(|coming| !named.contains(&coming.key));
            let kept = index.kept.keys();
            kept.filter(|key| !named.contains(key)).copied().collect()
        };
        for key in gone {
            let path = path_of(&self.0.folder, &key, ENDING);
            match run_blocking(move || fs::remove_file(path)).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    let cause = format_error_chain(&error);
                    tracing::warn!(cause, "Could not remove the photo of a message");
                }
                _ => {
                    self.lock_index().kept.remove(&key);
                }
            }
        }
    }

    fn lock_index(&self) -> MutexGuard<'_, PhotoIndex> {
        self.0.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PhotoIndex {
    fn is_due(&self, key: &MessagePhotoKey, now: Duration) -> bool {
        let rests = self.rests.get(key).is_some_and(|rest| rest.until > now);
        !rests && !self.kept.contains_key(key) && !self.refused.contains(key)
    }
}

impl ComingPhoto {
    fn next_place(&self) -> MessagePhotoPlace {
        MessagePhotoPlace {
            order_id: self.key.order_id,
            number: self.key.number,
            offset: u32::try_from(self.body.len()).unwrap_or(u32::MAX),
        }
    }
}

impl Rest {
    fn pause(&mut self, now: Duration) {
        let factor = 1 << self.count.min(10);
        self.until = now + REST_FIRST.saturating_mul(factor).min(REST_MAX);
        self.count = self.count.saturating_add(1);
    }
}

/// Returns once the file is on the disk.
fn write_file(folder: &Path, key: &MessagePhotoKey, body: &[u8]) -> io::Result<()> {
    if !folder.is_dir() {
        DirBuilder::new().mode(OWNER_ALONE).create(folder)?;
    }
    let unfinished = path_of(folder, key, UNFINISHED);
    let mut file = File::create(&unfinished)?;
    file.write_all(body)?;
    file.sync_all()?;
    fs::rename(unfinished, path_of(folder, key, ENDING))?;
    File::open(folder)?.sync_all()
}

fn path_of(folder: &Path, key: &MessagePhotoKey, ending: &str) -> PathBuf {
    let MessagePhotoKey {
        order_id,
        number,
        hash,
    } = key;
    folder.join(format!("{order_id}.{number}.{hash}.{ending}"))
}

fn parse_name(name: &str) -> Option<MessagePhotoKey> {
    let mut words = name.split('.');
    let key = MessagePhotoKey {
        order_id: words.next()?.parse().ok()?,
        number: words.next()?.parse().ok()?,
        hash: words.next()?.parse().ok()?,
    };
    let is_whole = words.next()? == ENDING && words.next().is_none();
    is_whole.then_some(key)
}

/// Keeps file work off the threads that answer.
async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(error.into()))
}

#[cfg(test)]
mod tests;
