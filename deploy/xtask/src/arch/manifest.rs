//! The workspace as `cargo metadata` sees it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Result, workspace};

/// A crate of ours.
pub struct Member {
    pub name: String,
    /// Relative to the root of the repository.
    pub folder: PathBuf,
    pub dependencies: Vec<Dependency>,
}

pub struct Dependency {
    pub name: String,
    /// What the manifest calls it, where that is something else.
    pub rename: Option<String>,
    pub kind: String,
    /// Whether it stands in this repository.
    pub is_ours: bool,
}

/// Dependencies of every kind: normal, dev, build and those of one platform only.
pub fn members(root: &Path) -> Result<Vec<Member>> {
    let metadata = workspace::metadata(root)?;
    list(&metadata["packages"]).iter().map(|package| member(root, package)).collect()
}

/// This crate, which is a workspace of its own.
pub fn own() -> Member {
    let folder = PathBuf::from("deploy/xtask");
    Member { name: "xtask".into(), folder, dependencies: Vec::new() }
}

fn member(root: &Path, package: &Value) -> Result<Member> {
    let name = text(&package["name"]);
    let manifest = PathBuf::from(text(&package["manifest_path"]));
    let folder = manifest
        .parent()
        .and_then(|folder| folder.strip_prefix(root).ok())
        .ok_or_else(|| format!("`{name}` stands outside the repository"))?;
    let dependencies = list(&package["dependencies"]).iter().map(|dependency| Dependency {
        name: text(&dependency["name"]),
        rename: dependency["rename"].as_str().map(str::to_owned),
        kind: dependency["kind"].as_str().unwrap_or("normal").to_owned(),
        is_ours: dependency["path"].is_string(),
    });
    Ok(Member { name, folder: folder.to_owned(), dependencies: dependencies.collect() })
}

impl Member {
    /// The name it has in Rust.
    pub fn ident(&self) -> String {
        self.name.replace('-', "_")
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
