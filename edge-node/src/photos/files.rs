//! The files of the photo folder. A photo begins as `.part`, becomes `.photo` once it is whole, and
//! ends as an empty marker: `.sent`, or `.refused-CODE`.
//!
//! Invariants: the folder is the only record of photos, so a file name holds everything: command,
//! hash, order, size and state. A state changes by one rename, and counts once the folder is
//! synced.

use std::{
    fmt,
    fs::{self, DirBuilder, File, FileTimes},
    io,
    os::unix::fs::{DirBuilderExt, FileExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use planted::{Defect, is_planted};
use ring::digest::{SHA256, digest};
use wire::{Code, Hash, UnixMillis};

use crate::store::NamedPhoto;

#[derive(Debug)]
pub(super) struct PhotoFolder(PathBuf);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PhotoFileKind {
    Part,
    Whole,
    Sent,
    Refused(Code),
}

/// A file found in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PhotoFile {
    pub named: NamedPhoto,
    pub kind: PhotoFileKind,
    pub length: u64,
    pub changed_at: UnixMillis,
}

/// The folder inside the data folder.
const FOLDER: &str = "photos";
const OWNER_ALONE: u32 = 0o700;
const REFUSED: &str = "refused-";

impl PhotoFolder {
    pub(super) fn in_data(data: &Path) -> Self {
        Self(data.join(FOLDER))
    }

    /// Files with other names are left alone.
    pub(super) fn list(&self) -> io::Result<Vec<PhotoFile>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let Some((named, kind)) = name.to_str().and_then(parse_name) else {
                tracing::warn!(file = %entry.path().display(), "This file is not a photo's");
                continue;
            };
            let about = entry.metadata()?;
            files.push(PhotoFile {
                named,
                kind,
                length: about.len(),
                changed_at: to_unix_millis(about.modified()?),
            });
        }
        Ok(files)
    }

    /// Writes behind the first `offset` bytes, and returns once all of it is on the disk.
    pub(super) fn write_part(
        &self,
        named: &NamedPhoto,
        offset: u32,
        body: &[u8],
        now: UnixMillis,
    ) -> io::Result<()> {
        if offset == 0 {
            self.create()?;
        }
        let path = self.path_of(named, PhotoFileKind::Part);
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        // An earlier write that failed may have left more.
        file.set_len(offset.into())?;
        file.write_all_at(body, offset.into())?;
        file.set_times(times_at(now))?;
        if is_planted(Defect::PhotoPartsNotSynced) {
            return Ok(());
        }
        file.sync_all()?;
        if offset == 0 {
            self.sync()?;
        }
        Ok(())
    }

    /// Cuts a part to its first bytes.
    pub(super) fn cut_part(&self, named: &NamedPhoto, length: u32) -> io::Result<()> {
        let path = self.path_of(named, PhotoFileKind::Part);
        File::options()
            .write(true)
            .open(path)?
            .set_len(length.into())
    }

    /// The SHA-256 of the file. Holds a whole photo in memory.
    pub(super) fn hash(&self, named: &NamedPhoto, kind: PhotoFileKind) -> io::Result<Option<Hash>> {
        let bytes = fs::read(self.path_of(named, kind))?;
        Ok(Hash::try_from(digest(&SHA256, &bytes).as_ref()).ok())
    }

    pub(super) fn read_chunk(
        &self,
        named: &NamedPhoto,
        offset: u32,
        length: usize,
    ) -> io::Result<Vec<u8>> {
        let file = File::open(self.path_of(named, PhotoFileKind::Whole))?;
        let mut chunk = vec![0; length];
        file.read_exact_at(&mut chunk, offset.into())?;
        Ok(chunk)
    }

    /// Makes a photo whole that has arrived.
    pub(super) fn finish_part(&self, named: &NamedPhoto) -> io::Result<()> {
        self.rename(named, PhotoFileKind::Part, PhotoFileKind::Whole)?;
        self.sync()
    }

    /// Replaces a whole photo by an empty marker. A stop between the two steps leaves a marker with
    /// the photo's bytes, which `empty_marker` removes.
    pub(super) fn mark(
        &self,
        named: &NamedPhoto,
        marker: PhotoFileKind,
        now: UnixMillis,
    ) -> io::Result<()> {
        self.rename(named, PhotoFileKind::Whole, marker)?;
        self.sync()?;
        self.empty_marker(named, marker, now)
    }

    pub(super) fn empty_marker(
        &self,
        named: &NamedPhoto,
        marker: PhotoFileKind,
        now: UnixMillis,
    ) -> io::Result<()> {
        let path = self.path_of(named, marker);
        let file = File::options().write(true).open(path)?;
        file.set_len(0)?;
        file.set_times(times_at(now))?;
        file.sync_all()
    }

    pub(super) fn remove(&self, named: &NamedPhoto, kind: PhotoFileKind) -> io::Result<()> {
        match fs::remove_file(self.path_of(named, kind)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.and_then(|()| self.sync()),
        }
    }

    fn rename(&self, named: &NamedPhoto, from: PhotoFileKind, to: PhotoFileKind) -> io::Result<()> {
        fs::rename(self.path_of(named, from), self.path_of(named, to))
    }

    fn create(&self) -> io::Result<()> {
        if self.0.is_dir() {
            return Ok(());
        }
        DirBuilder::new().mode(OWNER_ALONE).create(&self.0)?;
        match self.0.parent() {
            Some(data) => File::open(data)?.sync_all(),
            None => Ok(()),
        }
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }

    fn path_of(&self, named: &NamedPhoto, kind: PhotoFileKind) -> PathBuf {
        let NamedPhoto {
            command_id,
            hash,
            order_id,
            bytes,
        } = named;
        self.0
            .join(format!("{command_id}.{hash}.{order_id}.{bytes}.{kind}"))
    }
}

impl fmt::Display for PhotoFileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part => f.write_str("part"),
            Self::Whole => f.write_str("photo"),
            Self::Sent => f.write_str("sent"),
            Self::Refused(code) => write!(f, "{REFUSED}{code}"),
        }
    }
}

fn parse_name(name: &str) -> Option<(NamedPhoto, PhotoFileKind)> {
    let mut words = name.split('.');
    let named = NamedPhoto {
        command_id: words.next()?.parse().ok()?,
        hash: words.next()?.parse().ok()?,
        order_id: words.next()?.parse().ok()?,
        bytes: words.next()?.parse().ok()?,
    };
    let kind = match words.next()? {
        "part" => PhotoFileKind::Part,
        "photo" => PhotoFileKind::Whole,
        "sent" => PhotoFileKind::Sent,
        marker => PhotoFileKind::Refused(marker.strip_prefix(REFUSED)?.parse().ok()?),
    };
    words.next().is_none().then_some((named, kind))
}

fn times_at(now: UnixMillis) -> FileTimes {
    let since_1970 = Duration::from_millis(u64::try_from(now.0).unwrap_or_default());
    FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + since_1970)
}

fn to_unix_millis(time: SystemTime) -> UnixMillis {
    let since_1970 = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    UnixMillis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}
