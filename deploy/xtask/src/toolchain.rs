//! Whether this machine can build at all, said before a build fails for reasons that are hard to
//! read.

use std::{fs, process::Command};

use crate::{Result, shell, workspace};

pub fn check() -> Result<()> {
    let wanted = wanted_version()?;
    let words = shell::output(Command::new("rustc").arg("--version"))
        .map_err(|_| format!("no Rust compiler: install Rust {wanted} or newer"))?;
    let found = words.split_whitespace().nth(1).unwrap_or_default();
    if numbers(found) < numbers(&wanted) {
        return Err(format!("Rust {found} is too old: install {wanted} or newer"));
    }
    if !shell::succeeds(Command::new("cc").arg("--version")) {
        return Err("no C compiler: install Debian's packages `gcc` and `libc6-dev`".into());
    }
    Ok(())
}

fn wanted_version() -> Result<String> {
    let manifest = fs::read_to_string(workspace::root()?.join("Cargo.toml"))
        .map_err(|e| format!("could not read Cargo.toml: {e}"))?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("rust-version"));
    let version = line.map(|rest| rest.trim_matches([' ', '=', '"']).to_owned());
    version.ok_or_else(|| "Cargo.toml names no rust-version".into())
}

/// `1.95.0-nightly` counts as `1.95.0`.
fn numbers(version: &str) -> Vec<u32> {
    let plain = version.split('-').next().unwrap_or_default();
    plain.split('.').filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn versions_compare_by_number() {
        assert!(numbers("1.100.0") > numbers("1.95"));
        assert!(numbers("1.95.0-nightly") >= numbers("1.95"));
        assert!(numbers("1.94.1") < numbers("1.95"));
    }
}
