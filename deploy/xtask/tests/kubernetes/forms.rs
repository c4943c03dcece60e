//! The types of Kubernetes itself. A document is parsed as its kind and written again: each
//! difference is an unknown field, or a missing required one.

use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    autoscaling::v2::HorizontalPodAutoscaler,
    batch::v1::Job,
    core::v1::{Namespace, Service},
    networking::v1::{Ingress, NetworkPolicy},
    policy::v1::PodDisruptionBudget,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::tree::Manifest;

/// The error in its form.
pub fn wrong(manifest: &Manifest) -> Option<String> {
    let value = &manifest.value;
    let version = value["apiVersion"].as_str().unwrap_or_default();
    let wrong = match (version, manifest.kind()) {
        ("apps/v1", "Deployment") => differs_as::<Deployment>(value),
        ("apps/v1", "StatefulSet") => differs_as::<StatefulSet>(value),
        ("autoscaling/v2", "HorizontalPodAutoscaler") => {
            differs_as::<HorizontalPodAutoscaler>(value)
        }
        ("batch/v1", "Job") => differs_as::<Job>(value),
        ("v1", "Namespace") => differs_as::<Namespace>(value),
        ("v1", "Service") => differs_as::<Service>(value),
        ("networking.k8s.io/v1", "Ingress") => differs_as::<Ingress>(value),
        ("networking.k8s.io/v1", "NetworkPolicy") => differs_as::<NetworkPolicy>(value),
        ("policy/v1", "PodDisruptionBudget") => differs_as::<PodDisruptionBudget>(value),
        (version, kind) => Some(format!(
            "`{version} {kind}` is no kind that these manifests use"
        )),
    };
    wrong.map(|wrong| {
        format!(
            "{}: {} `{}`: {wrong}",
            manifest.file,
            manifest.kind(),
            manifest.name()
        )
    })
}

fn differs_as<K: Serialize + DeserializeOwned>(value: &Value) -> Option<String> {
    match serde_json::from_value::<K>(value.clone()) {
        Ok(read) => differs("", value, &serde_json::to_value(read).unwrap()),
        Err(error) => Some(error.to_string()),
    }
}

/// The first difference.
fn differs(place: &str, written: &Value, read: &Value) -> Option<String> {
    match (written, read) {
        (Value::Object(written), Value::Object(read)) => {
            let missing = read.keys().find(|key| !written.contains_key(*key));
            let known = written.iter().find_map(|(key, value)| {
                let place = format!("{place}.{key}");
                match read.get(key) {
                    Some(read) => differs(&place, value, read),
                    None => Some(format!("{place} is not known")),
                }
            });
            known.or_else(|| missing.map(|key| format!("{place}.{key} is missing")))
        }
        (Value::Array(written), Value::Array(read)) if written.len() == read.len() => {
            let mut pairs = written.iter().zip(read).enumerate();
            pairs
                .find_map(|(at, (written, read))| differs(&format!("{place}[{at}]"), written, read))
        }
        _ => (written != read).then(|| format!("{place}: {written} is read as {read}")),
    }
}
