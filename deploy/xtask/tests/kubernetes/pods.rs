//! The pods of the manifests: their containers, and the environment of each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::tree::{Manifest, SETTINGS, Tree};

/// A Deployment, a StatefulSet or a Job.
pub struct Workload<'m> {
    pub manifest: &'m Manifest,
}

impl<'m> Workload<'m> {
    pub fn all(manifests: &'m [Manifest]) -> Vec<Self> {
        let runs =
            |manifest: &&Manifest| matches!(manifest.kind(), "Deployment" | "StatefulSet" | "Job");
        manifests
            .iter()
            .filter(runs)
            .map(|manifest| Self { manifest })
            .collect()
    }

    pub fn named(manifests: &'m [Manifest], kind: &str, name: &str) -> Option<Self> {
        named(manifests, kind, name).map(|manifest| Self { manifest })
    }

    pub fn name(&self) -> &str {
        self.manifest.name()
    }

    pub fn spec(&self) -> &'m Value {
        &self.manifest.value["spec"]
    }

    pub fn pod(&self) -> &'m Value {
        &self.spec()["template"]["spec"]
    }

    pub fn labels(&self) -> &'m Value {
        &self.spec()["template"]["metadata"]["labels"]
    }

    /// The main container.
    pub fn container(&self) -> &'m Value {
        &self.pod()["containers"][0]
    }

    pub fn containers(&self) -> impl Iterator<Item = &'m Value> {
        ["initContainers", "containers"]
            .into_iter()
            .flat_map(|kind| list(&self.pod()[kind]))
    }

    /// Its variables, with `${KEY:?}` for a password of that name, as in docker-compose.yml, and
    /// `SECRET/KEY` for another Secret, followed by the faults. Leaves out the variables that are
    /// used only inside others.
    pub fn environment(&self, tree: &Tree) -> (BTreeMap<String, String>, Vec<String>) {
        let mut all = BTreeMap::new();
        let mut faults = Vec::new();
        for from in list(&self.container()["envFrom"]) {
            if from["configMapRef"]["name"] == "settings" {
                all.extend(tree.settings(SETTINGS));
            }
        }
        let mut inner = BTreeSet::new();
        for variable in list(&self.container()["env"]) {
            let name = text(&variable["name"]).to_owned();
            let of = &variable["valueFrom"]["secretKeyRef"];
            let value = match (&variable["value"], text(&of["name"]), text(&of["key"])) {
                (Value::String(value), ..) => {
                    let mut value = value.clone();
                    while let Some(other) = named_inside(&value) {
                        let known = all.get(&other).cloned().unwrap_or_else(|| {
                            faults.push(format!("$({other}) is not set before {name}"));
                            String::new()
                        });
                        value = value.replace(&format!("$({other})"), &known);
                        inner.insert(other);
                    }
                    value
                }
                (_, "passwords", key) => format!("${{{key}:?}}"),
                (_, secret, key) => format!("{secret}/{key}"),
            };
            all.insert(name, value);
        }
        all.retain(|name, _| !inner.contains(name));
        (all, faults)
    }
}

/// The variable in the first `$(NAME)`.
fn named_inside(value: &str) -> Option<String> {
    let (name, _) = value.split_once("$(")?.1.split_once(')')?;
    Some(name.to_owned())
}

pub fn named<'m>(manifests: &'m [Manifest], kind: &str, name: &str) -> Option<&'m Manifest> {
    manifests
        .iter()
        .find(|manifest| manifest.kind() == kind && manifest.name() == name)
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
