//! A disk that has what was synced, and an uncertain part of what was not.
//!
//! A synced new file also has its name. Other names, renamings and removals are uncertain until
//! their folder is synced, and become true in order.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use support::Draws;
use wire::CommandId;

use super::recording::Event;

const SECTOR_BYTES: usize = 512;

/// What became of the writes that were not synced.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    Discarded,
    /// Each sector is on the disk or not.
    Scattered,
    /// All but the last, of which the first sectors are on the disk.
    Torn,
    Kept,
}

impl Fate {
    pub(super) const ALL: [Self; 4] = [Self::Discarded, Self::Scattered, Self::Torn, Self::Kept];
}

#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

#[derive(Debug, Clone)]
enum NameChange {
    Rename { file: FileId, to: PathBuf },
    Remove(PathBuf),
}

type FileId = usize;

#[derive(Debug, Default)]
struct DiskFile {
    synced: Vec<u8>,
    unsynced: Vec<Change>,
    /// Where the next plain write goes.
    end: usize,
    is_named: bool,
}

#[derive(Debug)]
pub(super) struct Disk {
    data: PathBuf,
    files: Vec<DiskFile>,
    /// The names that running programs see, and those that are surely on the disk.
    names: HashMap<PathBuf, FileId>,
    synced_names: HashMap<PathBuf, FileId>,
    name_changes: Vec<NameChange>,
    /// Per thread, the file and how many of its changes the running sync includes.
    syncing: HashMap<String, (PathBuf, usize)>,
    acknowledged: Vec<CommandId>,
    decided: Vec<CommandId>,
    confirmed_bytes: usize,
}

impl Disk {
    pub(super) fn new(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            files: Vec::new(),
            names: HashMap::new(),
            synced_names: HashMap::new(),
            name_changes: Vec::new(),
            syncing: HashMap::new(),
            acknowledged: Vec::new(),
            decided: Vec::new(),
            confirmed_bytes: 0,
        }
    }

    pub(super) fn acknowledged(&self) -> &[CommandId] {
        &self.acknowledged
    }

    /// The commands whose decision a tablet has received.
    pub(super) fn decided(&self) -> &[CommandId] {
        &self.decided
    }

    /// How much of the photo, from its start, the edge has confirmed.
    pub(super) fn confirmed_bytes(&self) -> usize {
        self.confirmed_bytes
    }

    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Opened { file, is_emptied } => {
                let file = self.find_or_create(file);
                file.end = 0;
                if *is_emptied {
                    file.unsynced.push(Change::Truncate(0));
                }
            }
            Event::Written { file, at, bytes } => {
                let file = self.find_or_create(file);
                let at = at.unwrap_or(file.end);
                file.end = at + bytes.len();
                file.unsynced.push(Change::Write {
                    at,
                    bytes: bytes.clone(),
                });
            }
            Event::Truncated { file, length } => {
                let file = self.find_or_create(file);
                file.unsynced.push(Change::Truncate(*length));
            }
            Event::SyncBegan { file, thread } => self.begin_sync(file, thread),
            Event::SyncEnded { thread } => self.end_sync(thread),
            Event::Renamed { from, to } => {
                if let Some(file) = self.names.remove(from) {
                    self.names.insert(to.clone(), file);
                    self.name_changes.push(NameChange::Rename {
                        file,
                        to: to.clone(),
                    });
                    self.name_changes.push(NameChange::Remove(from.clone()));
                }
            }
            Event::Removed(path) => {
                self.names.remove(path);
                self.name_changes.push(NameChange::Remove(path.clone()));
            }
            Event::Acknowledged(command) => self.acknowledged.push(*command),
            Event::Decided(command) => self.decided.push(*command),
            Event::PhotoConfirmed(bytes) => {
                self.confirmed_bytes = self.confirmed_bytes.max(*bytes);
            }
        }
    }

    fn find_or_create(&mut self, path: &Path) -> &mut DiskFile {
        let next = self.files.len();
        let id = *self.names.entry(path.to_owned()).or_insert(next);
        if id == next {
            self.files.push(DiskFile::default());
        }
        &mut self.files[id]
    }

    fn begin_sync(&mut self, path: &Path, thread: &str) {
        let changes = self
            .names
            .get(path)
            .map_or(self.name_changes.len(), |id| self.files[*id].unsynced.len());
        self.syncing
            .insert(thread.to_owned(), (path.to_owned(), changes));
    }

    /// The sync of a folder makes its names last. Only one folder's names change here at a time.
    fn end_sync(&mut self, thread: &str) {
        let Some((path, changes)) = self.syncing.remove(thread) else {
            return;
        };
        let Some(id) = self.names.get(&path).copied() else {
            let changes = changes.min(self.name_changes.len());
            for change in self.name_changes.drain(..changes) {
                apply_name_change(&mut self.synced_names, &change);
            }
            return;
        };
        let file = &mut self.files[id];
        let changes = changes.min(file.unsynced.len());
        for change in file.unsynced.drain(..changes) {
            apply_change(&mut file.synced, &change);
        }
        if !file.is_named {
            file.is_named = true;
            self.synced_names.insert(path, id);
        }
    }

    /// Writes the files as they may look after a cut of power.
    pub(super) fn write_to(&self, folder: &Path, fate: Fate, seed: u64) {
        let mut dice = Draws::of(seed);
        let mut names = self.synced_names.clone();
        let name_changes = match fate {
            Fate::Discarded => 0,
            Fate::Scattered | Fate::Torn => dice.below(self.name_changes.len() + 1),
            Fate::Kept => self.name_changes.len(),
        };
        if !matches!(fate, Fate::Discarded) {
            let new = self
                .names
                .iter()
                .filter(|(_, id)| !self.files[**id].is_named);
            names.extend(new.map(|(path, id)| (path.clone(), *id)));
        }
        for change in &self.name_changes[..name_changes] {
            apply_name_change(&mut names, change);
        }
        for (path, id) in names {
            let to = folder.join(path.strip_prefix(&self.data).unwrap());
            // A running program shares this file's memory; it is made anew at each start.
            if to.to_string_lossy().ends_with("-shm") {
                continue;
            }
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, self.files[id].after_cut(fate, &mut dice)).unwrap();
        }
    }
}

impl DiskFile {
    fn after_cut(&self, fate: Fate, dice: &mut Draws) -> Vec<u8> {
        let mut content = self.synced.clone();
        let last = self.unsynced.len().saturating_sub(1);
        for (n, change) in self.unsynced.iter().enumerate() {
            match (fate, change) {
                (Fate::Discarded, _) => {}
                (Fate::Scattered, Change::Write { at, bytes }) => {
                    for (at, piece) in split_by_sectors(*at, bytes) {
                        if dice.below(2) == 1 {
                            write_at(&mut content, at, piece);
                        }
                    }
                }
                (Fate::Torn, Change::Write { at, bytes }) if n == last => {
                    let pieces = split_by_sectors(*at, bytes);
                    let kept = dice.below(pieces.len() + 1);
                    for (at, piece) in &pieces[..kept] {
                        write_at(&mut content, *at, piece);
                    }
                }
                (Fate::Scattered | Fate::Torn | Fate::Kept, _) => {
                    apply_change(&mut content, change)
                }
            }
        }
        content
    }
}

/// Sectors are written whole or not at all.
fn split_by_sectors(at: usize, bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let first = (SECTOR_BYTES - at % SECTOR_BYTES).min(bytes.len());
    let (head, rest) = bytes.split_at(first);
    let sectors = rest.chunks(SECTOR_BYTES).enumerate();
    let behind = sectors.map(|(n, piece)| (at + first + n * SECTOR_BYTES, piece));
    [(at, head)].into_iter().chain(behind).collect()
}

fn apply_change(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { at, bytes } => write_at(content, *at, bytes),
        Change::Truncate(length) => content.resize(*length, 0),
    }
}

fn write_at(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[at..end].copy_from_slice(bytes);
}

fn apply_name_change(names: &mut HashMap<PathBuf, FileId>, change: &NameChange) {
    match change {
        NameChange::Rename { file, to } => {
            names.insert(to.clone(), *file);
        }
        NameChange::Remove(path) => {
            names.remove(path);
        }
    }
}
