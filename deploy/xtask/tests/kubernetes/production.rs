//! The production requirements of each part: two replicas, updates without a gap, probes that never
//! restart a part because of a store, and no unused rights.

use serde_json::{Value, json};

use crate::{
    pods::{Workload, list, named, text},
    tree::{Manifest, Part, SETTINGS, Tree},
};

const NAME: &str = "app.kubernetes.io/name";
/// A part's stop takes less than five seconds.
const STOPS_WITHIN_S: i64 = 5;
const PROBES: [&str; 3] = ["startupProbe", "readinessProbe", "livenessProbe"];

pub fn check(tree: &Tree, manifests: &[Manifest]) -> Vec<String> {
    let mut findings = Vec::new();
    for part in tree.parts() {
        let Some(workload) = Workload::named(manifests, "Deployment", &part.name) else {
            findings.push(format!("there is no Deployment `{}`", part.name));
            continue;
        };
        let rules = [replicas, updates, probes, ports, keys, spread];
        let found = rules
            .iter()
            .flat_map(|rule| rule(tree, manifests, &part, &workload));
        findings.extend(found.map(|what| format!("`{}`: {what}", part.name)));
    }
    for workload in Workload::all(manifests) {
        let found = rights(&workload)
            .into_iter()
            .chain(names(manifests, &workload));
        findings.extend(found.map(|what| format!("`{}`: {what}", workload.name())));
    }
    let namespace =
        named(manifests, "Namespace", "holdfast").map(|found| &found.value["metadata"]["labels"]);
    let enforced = namespace.map(|labels| &labels["pod-security.kubernetes.io/enforce"]);
    if enforced != Some(&json!("restricted")) {
        findings.push("the namespace takes pods with rights".to_owned());
    }
    findings
}

fn replicas(_: &Tree, manifests: &[Manifest], _: &Part, part: &Workload<'_>) -> Vec<String> {
    let scales = |found: &&Manifest| {
        let target = &found.value["spec"]["scaleTargetRef"];
        found.kind() == "HorizontalPodAutoscaler"
            && (text(&target["kind"]), text(&target["name"])) == ("Deployment", part.name())
    };
    let least = match manifests.iter().find(scales) {
        // An apply would reset the autoscaler's value.
        Some(_) if !part.spec()["replicas"].is_null() => {
            return vec!["two say its replicas".into()];
        }
        Some(scaler) => &scaler.value["spec"]["minReplicas"],
        None => &part.spec()["replicas"],
    };
    let few = least.as_i64().is_none_or(|least| least < 2);
    few.then(|| "fewer than two replicas".to_owned())
        .into_iter()
        .collect()
}

fn updates(_: &Tree, _: &[Manifest], _: &Part, part: &Workload<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let update = json!({ "maxUnavailable": 0, "maxSurge": 1 });
    if part.spec()["strategy"] != json!({ "type": "RollingUpdate", "rollingUpdate": update }) {
        found.push("an update makes a gap".to_owned());
    }
    let sleep = list(&part.container()["lifecycle"]["preStop"]["exec"]["command"])
        .map(text)
        .collect::<Vec<_>>();
    let rest = match sleep.as_slice() {
        ["sleep", seconds] => seconds.parse().unwrap_or_default(),
        _ => 0,
    };
    let grace = part.pod()["terminationGracePeriodSeconds"]
        .as_i64()
        .unwrap_or_default();
    if rest == 0 {
        found.push("it stops while it is still asked".to_owned());
    }
    if grace <= rest + STOPS_WITHIN_S {
        found.push("it is killed while it stops".to_owned());
    }
    found
}

fn probes(_: &Tree, _: &[Manifest], _: &Part, part: &Workload<'_>) -> Vec<String> {
    let ready = match part.name() {
        // Its `/health` names every missing part.
        "gateway" => "/health",
        _ => "/health/ready",
    };
    let paths = PROBES.into_iter().zip(["/health", ready, "/health"]);
    let wrong = paths.filter_map(|(probe, path)| {
        let asked = &part.container()[probe];
        let get = json!({ "path": path, "port": "http" });
        match &asked["httpGet"]["path"] {
            Value::String(_) if asked["httpGet"] == get => None,
            Value::String(path) => Some(format!("{probe} asks `{path}`")),
            _ => Some(format!("no {probe}")),
        }
    });
    wrong.collect()
}

fn ports(tree: &Tree, manifests: &[Manifest], table: &Part, part: &Workload<'_>) -> Vec<String> {
    let name = part.name();
    let port = table.port;
    let operator = table.port + 1000;
    let mut found = Vec::new();
    let open: Vec<_> = list(&part.container()["ports"]).cloned().collect();
    for (name, port) in [("http", port), ("operator", operator)] {
        if !open.contains(&json!({ "name": name, "containerPort": port })) {
            found.push(format!("no port {port}"));
        }
    }
    let command = json!(["holdfast-cloud", name, "--bind", format!("0.0.0.0:{port}")]);
    if part.container()["command"] != command {
        found.push(format!("it does not listen at {port}"));
    }
    let service = named(manifests, "Service", name).map(|service| &service.value["spec"]["ports"]);
    if service != Some(&json!([{ "name": "http", "port": port, "targetPort": "http" }])) {
        found.push(format!("its Service does not lead to {port}"));
    }
    let (environment, _) = part.environment(tree);
    if environment.get("HOLDFAST__PLATFORM__OPERATOR_BIND") != Some(&format!("0.0.0.0:{operator}"))
    {
        found.push(format!("its operator's port is not {operator}"));
    }
    let peer = format!("HOLDFAST__PEERS__{}", name.to_uppercase());
    let address = format!("http://{name}:{port}");
    if name != "gateway" && tree.settings(SETTINGS).get(&peer) != Some(&address) {
        found.push(format!("{peer} is not {address}"));
    }
    found
}

/// Each part gets its keys alone, as read-only files.
fn keys(_: &Tree, _: &[Manifest], _: &Part, part: &Workload<'_>) -> Vec<String> {
    let secrets = list(&part.pod()["volumes"]).filter(|volume| !volume["secret"].is_null());
    let names: Vec<_> = secrets
        .map(|volume| text(&volume["secret"]["secretName"]))
        .collect();
    let own = format!("keys-{}", part.name());
    (names != [own.as_str()])
        .then(|| "another part's keys, or none".to_owned())
        .into_iter()
        .collect()
}

fn spread(_: &Tree, manifests: &[Manifest], _: &Part, part: &Workload<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let own = json!({ "matchLabels": { NAME: part.name() } });
    let spread = |rule: &Value| {
        rule["topologyKey"] == "kubernetes.io/hostname" && rule["labelSelector"] == own
    };
    if !list(&part.pod()["topologySpreadConstraints"]).any(spread) {
        found.push("nothing spreads it over nodes".to_owned());
    }
    let budget =
        named(manifests, "PodDisruptionBudget", part.name()).map(|found| &found.value["spec"]);
    match budget {
        Some(budget) if budget["selector"] == own && budget["maxUnavailable"] == 1 => {}
        _ => found.push("no PodDisruptionBudget keeps one of it".to_owned()),
    }
    found
}

/// Every document of a file has the name of its workload, and selects its pods.
fn names(manifests: &[Manifest], workload: &Workload<'_>) -> Vec<String> {
    let name = workload.name();
    let own = json!({ NAME: name });
    let mut found = Vec::new();
    if workload.labels()[NAME] != name || workload.container()["name"] != name {
        found.push("its pods have another name".to_owned());
    }
    let is_job = workload.manifest.kind() == "Job";
    if !is_job && workload.spec()["selector"] != json!({ "matchLabels": own }) {
        found.push("it selects other pods".to_owned());
    }
    let service =
        named(manifests, "Service", name).map(|service| &service.value["spec"]["selector"]);
    if !is_job && service != Some(&own) {
        found.push("no Service leads to its pods".to_owned());
    }
    let of_its_file = manifests
        .iter()
        .filter(|other| other.file == workload.manifest.file);
    if of_its_file
        .into_iter()
        .any(|other| other.value["metadata"]["labels"] != own)
    {
        found.push(format!(
            "{} has something of another name",
            workload.manifest.file
        ));
    }
    found
}

fn rights(workload: &Workload<'_>) -> Vec<String> {
    let pod = workload.pod();
    let user = if workload.container()["image"] == "holdfast" {
        10_001
    } else {
        999
    };
    let of_the_pod = [
        (
            "automountServiceAccountToken",
            &pod["automountServiceAccountToken"],
            json!(false),
        ),
        (
            "enableServiceLinks",
            &pod["enableServiceLinks"],
            json!(false),
        ),
        (
            "runAsNonRoot",
            &pod["securityContext"]["runAsNonRoot"],
            json!(true),
        ),
        (
            "runAsUser",
            &pod["securityContext"]["runAsUser"],
            json!(user),
        ),
        (
            "runAsGroup",
            &pod["securityContext"]["runAsGroup"],
            json!(user),
        ),
        (
            "seccompProfile",
            &pod["securityContext"]["seccompProfile"],
            json!({ "type": "RuntimeDefault" }),
        ),
    ];
    let alone = json!({
        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] },
    });
    let mut found: Vec<String> = Vec::new();
    found.extend(
        of_the_pod
            .into_iter()
            .filter(|(_, is, must)| *is != must)
            .map(|(name, ..)| name.to_owned()),
    );
    for container in workload.containers() {
        let keys = alone.as_object().into_iter().flatten();
        let wrong =
            keys.filter(|(key, value)| container["securityContext"][key.as_str()] != **value);
        found.extend(wrong.map(|(key, _)| key.clone()));
        for kind in ["requests", "limits"] {
            for of in ["cpu", "memory"] {
                if text(&container["resources"][kind][of]).is_empty() {
                    found.push(format!("no {kind} of {of}"));
                }
            }
        }
    }
    found
}
