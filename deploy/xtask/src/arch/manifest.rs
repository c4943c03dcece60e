//! The crates of the workspace and their dependencies.

use std::path::{Path, PathBuf};

use crate::{
    Result,
    workspace::{self, Dependency, Package},
};

pub struct Member {
    pub name: String,
    /// Relative to the root of the repository.
    pub folder: PathBuf,
    pub dependencies: Vec<Dependency>,
}

pub fn members(root: &Path) -> Result<Vec<Member>> {
    workspace::metadata(root)?
        .packages
        .into_iter()
        .map(|package| member(root, package))
        .collect()
}

/// This crate, which has a separate workspace.
pub fn own() -> Member {
    let folder = PathBuf::from("deploy/xtask");
    Member {
        name: "xtask".into(),
        folder,
        dependencies: Vec::new(),
    }
}

fn member(root: &Path, package: Package) -> Result<Member> {
    let Package {
        name,
        manifest_path,
        dependencies,
    } = package;
    let folder = manifest_path
        .parent()
        .and_then(|folder| folder.strip_prefix(root).ok());
    let folder = folder
        .ok_or_else(|| format!("`{name}` is outside the repository"))?
        .to_owned();
    Ok(Member {
        name,
        folder,
        dependencies,
    })
}

impl Member {
    /// The crate's identifier in Rust.
    pub fn ident(&self) -> String {
        self.name.replace('-', "_")
    }
}
