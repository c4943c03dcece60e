//! Changes an edge's database under it, as a failing disk does, also while the edge runs.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use holdfast_edge::path_in;
use rusqlite::Connection;

use super::order;

const PAGE: usize = 4096;

/// Changes one letter of an order's title, which a read does not notice.
pub(crate) fn change_one_letter(data: &Path) {
    empty_write_ahead_log(data);
    let bytes = fs::read(path_in(data)).unwrap();
    let title = order(1, 1).title.into_bytes();
    let mut titles = bytes.windows(title.len());
    let at = titles.position(|window| window == title).unwrap();
    overwrite_database(data, at, &[bytes[at] ^ 1]);
}

/// Spoils the page that leads to all rows of a table, which a read notices.
pub(crate) fn spoil_table(data: &Path, table: &str) {
    const ROOT: &str = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
    let database = empty_write_ahead_log(data);
    let root = database.query_row(ROOT, [table], |row| row.get(0));
    let root: u32 = root.unwrap();
    let at = (usize::try_from(root).unwrap() - 1) * PAGE;
    overwrite_database(data, at, &[0x5a; PAGE]);
}

/// Otherwise the log has the pages too. A running edge forgets the pages that it remembers.
fn empty_write_ahead_log(data: &Path) -> Connection {
    const EMPTY: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
    let database = Connection::open(path_in(data)).unwrap();
    let is_busy: bool = database.query_row(EMPTY, [], |row| row.get(0)).unwrap();
    assert!(!is_busy, "the write-ahead log is in use");
    database
}

fn overwrite_database(data: &Path, at: usize, bytes: &[u8]) {
    let file: File = OpenOptions::new().write(true).open(path_in(data)).unwrap();
    file.write_all_at(bytes, at.try_into().unwrap()).unwrap();
}

/// A file or folder of an edge whose name begins like this.
pub(crate) fn find_by_prefix(data: &Path, prefix: &str) -> Option<PathBuf> {
    let mut entries = fs::read_dir(data).unwrap().flatten();
    let found = entries.find(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    found.map(|entry| entry.path())
}

/// The commands that the edge saved before it replaced its database.
pub(crate) fn read_saved_commands(data: &Path) -> String {
    let saved = find_by_prefix(data, "undecided-").expect("nothing was saved");
    fs::read_to_string(saved).unwrap()
}
