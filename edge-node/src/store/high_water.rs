//! The high-water file records the end of the log at the last answer. It lies outside the
//! database's folder, so a database restored from a backup does not match it and is detected [HWM].
//!
//! Invariant: it is written after each commit and before the reply, and synced once a second.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use wire::{ChainHead, Hash};

const LEN: usize = 8 + 8 + 32 + 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HighWaterMark {
    pub epoch: u64,
    pub head: ChainHead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkFile {
    Missing,
    /// Truncated, or with a wrong checksum.
    Torn,
    Whole(HighWaterMark),
}

#[derive(Debug)]
pub(super) struct HighWaterFile {
    file: File,
}

/// For `data/db/edge.db` this is `data/high-water`.
pub(super) fn path_for(database: &Path) -> PathBuf {
    let folder = database
        .parent()
        .and_then(Path::parent)
        .unwrap_or(Path::new("."));
    folder.join("high-water")
}

pub(super) fn read_mark_file(path: &Path) -> io::Result<MarkFile> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(read(&bytes).map_or(MarkFile::Torn, MarkFile::Whole)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(MarkFile::Missing),
        Err(error) => Err(error),
    }
}

impl HighWaterFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        Ok(Self { file })
    }

    /// Writes the whole record at once; the checksum reveals a torn write.
    pub(super) fn write(&self, mark: HighWaterMark) -> io::Result<()> {
        let mut bytes = [0; LEN];
        bytes[..8].copy_from_slice(&mark.epoch.to_be_bytes());
        bytes[8..16].copy_from_slice(&mark.head.seq.to_be_bytes());
        bytes[16..48].copy_from_slice(&mark.head.hash.0);
        let sum = Hash::digest_bytes(&bytes[..48]);
        bytes[48..].copy_from_slice(&sum.0);
        self.file.write_all_at(&bytes, 0)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn read(bytes: &[u8]) -> Option<HighWaterMark> {
    let bytes: &[u8; LEN] = bytes.try_into().ok()?;
    let hash = Hash::try_from(&bytes[16..48]).ok()?;
    let fits = Hash::digest_bytes(&bytes[..48]).0[..] == bytes[48..];
    let mark = HighWaterMark {
        epoch: read_number(bytes, 0)?,
        head: ChainHead {
            seq: read_number(bytes, 8)?,
            hash,
        },
    };
    fits.then_some(mark)
}

fn read_number(bytes: &[u8; LEN], at: usize) -> Option<u64> {
    let bytes = bytes[at..at + 8].try_into().ok()?;
    Some(u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back_and_a_torn_file_is_known_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_for(&folder.path().join("db/edge.db"));
        assert_eq!(path, folder.path().join("high-water"));
        assert_eq!(read_mark_file(&path).unwrap(), MarkFile::Missing);
        let mark = HighWaterMark {
            epoch: 3,
            head: ChainHead {
                seq: 9,
                hash: Hash::digest_bytes(b"x"),
            },
        };
        let file = HighWaterFile::open(&path).unwrap();
        file.write(HighWaterMark { epoch: 1, ..mark }).unwrap();
        file.write(mark).unwrap();
        assert_eq!(read_mark_file(&path).unwrap(), MarkFile::Whole(mark));

        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(read_mark_file(&path).unwrap(), MarkFile::Torn);
        std::fs::write(&path, &bytes[..30]).unwrap();
        assert_eq!(read_mark_file(&path).unwrap(), MarkFile::Torn);
    }
}
