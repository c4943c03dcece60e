//! The files, and all findings in them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde::Deserialize;
use serde_json::Value;

use crate::{forms, production, same_as_compose};

/// From the root of the repository.
const FOLDER: &str = "deploy/kubernetes";
const KUSTOMIZATION: &str = "kustomization.yaml";
const SCRIPTS: &str = "../docker/kustomization.yaml";
pub const COMPOSE: &str = "../../docker-compose.yml";
pub const EXAMPLE: &str = "../../.env.example";
pub const PASSWORDS: &str = "../docker/passwords.sh";
pub const SECRETS: &str = "secrets.sh";
pub const SETTINGS: &str = "settings.env";
const PARTS: &str = "../../protocol/process/src/parts.rs";
/// Files that are not manifests.
const BESIDE: [&str; 3] = [KUSTOMIZATION, SETTINGS, SECRETS];

/// Texts by their paths from the folder of the manifests.
pub struct Tree(BTreeMap<String, String>);

/// A document of one of the files.
pub struct Manifest {
    pub file: String,
    pub value: Value,
}

/// A part of the cloud, from the product's table.
pub struct Part {
    pub name: String,
    pub port: u64,
}

impl Manifest {
    pub fn kind(&self) -> &str {
        self.value["kind"].as_str().unwrap_or_default()
    }

    pub fn name(&self) -> &str {
        self.value["metadata"]["name"].as_str().unwrap_or_default()
    }
}

impl Tree {
    pub fn real() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(FOLDER);
        let entries = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        let own = entries.map(|name| name.into_string().unwrap());
        let others = [SCRIPTS, COMPOSE, EXAMPLE, PASSWORDS, PARTS].map(str::to_owned);
        let read = |path: String| {
            let text = fs::read_to_string(folder.join(&path)).unwrap();
            (path, text)
        };
        Self(own.chain(others).map(read).collect())
    }

    pub fn replace(&mut self, file: &str, from: &str, to: &str) {
        let text = self.0.get_mut(file).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        *text = text.replacen(from, to, 1);
    }

    pub fn remove(&mut self, file: &str) {
        assert!(self.0.remove(file).is_some(), "there is no {file}");
    }

    pub fn text(&self, file: &str) -> &str {
        &self.0[file]
    }

    pub fn findings(&self) -> Vec<String> {
        let mut findings = Vec::new();
        let manifests = self.manifests(&mut findings);
        findings.extend(manifests.iter().filter_map(forms::wrong));
        findings.extend(self.lists());
        findings.extend(production::check(self, &manifests));
        findings.extend(same_as_compose::check(self, &manifests));
        findings
    }

    fn own(&self) -> impl Iterator<Item = (&str, &str)> {
        let manifests = |file: &str| !file.contains('/') && !BESIDE.contains(&file);
        self.0
            .iter()
            .map(|(file, text)| (file.as_str(), text.as_str()))
            .filter(move |(file, _)| manifests(file))
    }

    fn manifests(&self, findings: &mut Vec<String>) -> Vec<Manifest> {
        let mut manifests = Vec::new();
        for (file, text) in self.own() {
            for document in yaml_serde::Deserializer::from_str(text) {
                match yaml(document) {
                    Ok(value) => manifests.push(Manifest {
                        file: file.to_owned(),
                        value,
                    }),
                    Err(error) => findings.push(format!("{file}: {error}")),
                }
            }
        }
        manifests
    }

    /// A YAML file that is not a manifest.
    pub fn document(&self, file: &str) -> Value {
        yaml(yaml_serde::Deserializer::from_str(self.text(file))).unwrap()
    }

    pub fn parts(&self) -> Vec<Part> {
        let table = self
            .text(PARTS)
            .lines()
            .skip_while(|line| !line.contains("macro_rules! services"));
        let services = table.take_while(|line| *line != "}").filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [_, name, port, ..] = words.as_slice() else {
                return None;
            };
            Some(Part {
                name: (*name).to_owned(),
                port: port.parse().ok()?,
            })
        });
        let gateway = self
            .text(PARTS)
            .lines()
            .find_map(|line| line.split_once("Self::Gateway => 8"));
        let digits = gateway.unwrap().1.split(' ').next().unwrap();
        let port = format!("8{digits}");
        let gateway = Part {
            name: "gateway".to_owned(),
            port: port.parse().unwrap(),
        };
        services.chain([gateway]).collect()
    }

    /// The settings of a file of lines `NAME=VALUE`.
    pub fn settings(&self, file: &str) -> BTreeMap<String, String> {
        let lines = self
            .text(file)
            .lines()
            .filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once('='));
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// The ConfigMaps generated from files, with the names of those files.
    pub fn config_maps(&self) -> BTreeMap<String, BTreeSet<String>> {
        let [own, scripts] = [KUSTOMIZATION, SCRIPTS].map(|file| self.document(file));
        let made = [&own, &scripts].map(|of| of["configMapGenerator"].as_array().unwrap());
        let files = |map: &Value| {
            let files =
                ["files", "envs"].map(|key| map[key].as_array().cloned().unwrap_or_default());
            files
                .concat()
                .iter()
                .map(|file| file.as_str().unwrap().to_owned())
                .collect()
        };
        let maps = made.into_iter().flatten();
        maps.map(|map| (map["name"].as_str().unwrap().to_owned(), files(map)))
            .collect()
    }

    /// The kustomization lists every manifest and the scripts, and nothing else.
    fn lists(&self) -> Vec<String> {
        let listed = self.document(KUSTOMIZATION);
        let listed = listed["resources"].as_array().unwrap().iter();
        let listed: BTreeSet<&str> = listed.map(|name| name.as_str().unwrap()).collect();
        let there: BTreeSet<&str> = self
            .own()
            .map(|(file, _)| file)
            .chain(["../docker"])
            .collect();
        let lost = there
            .difference(&listed)
            .map(|file| format!("`{file}` is not listed"));
        let gone = listed
            .difference(&there)
            .map(|file| format!("`{file}` is listed and not there"));
        lost.chain(gone).collect()
    }
}

/// As JSON, with merge keys applied.
fn yaml(document: yaml_serde::Deserializer<'_>) -> Result<Value, String> {
    let mut value = yaml_serde::Value::deserialize(document).map_err(|error| error.to_string())?;
    value.apply_merge().map_err(|error| error.to_string())?;
    serde_json::to_value(value).map_err(|error| error.to_string())
}
