//! The log files of a platform's processes, for messages about a failed process or test.

use std::{
    fs,
    path::{Path, PathBuf},
};

const TAIL_LINES_MAX: usize = 15;

/// Every log in the folder, by name.
pub fn all(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut logs: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    logs.sort();
    logs
}

pub fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(TAIL_LINES_MAX);
    let shown: Vec<String> = lines[from..]
        .iter()
        .map(|line| format!("    {line}"))
        .collect();
    format!("{}\n  ({})", shown.join("\n"), log.display())
}
