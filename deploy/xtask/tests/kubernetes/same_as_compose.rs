//! Each manifest agrees with its service in `docker-compose.yml`: image, settings, passwords and
//! networks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    pods::{Workload, list, named, text},
    tree::{COMPOSE, EXAMPLE, Manifest, PASSWORDS, SECRETS, SETTINGS, Tree},
};

/// `secrets.sh` makes the keys here.
const MADE_BEFORE: &str = "keys";
/// The set has three members here.
const MEMBERS: &str = "mongodb-0.mongodb:27017,mongodb-1.mongodb:27017,mongodb-2.mongodb:27017";
/// Settings of only one of the two: addresses behind a proxy, and monitoring.
const ONLY_HERE: [&str; 6] = [
    "HOLDFAST_LOG_FORMAT",
    "HOLDFAST__PLATFORM__OPERATOR_BIND",
    "HOLDFAST__PLATFORM__CONNECTIONS_PER_ADDRESS",
    "HOLDFAST__AUTH__PORTAL_ORIGIN",
    "HOLDFAST__GATEWAY__PUBLIC_ORIGIN",
    "HOLDFAST__GATEWAY__TRUSTED_PROXIES",
];
const NETWORK: &str = "network.holdfast/";
/// Not a network of containers, but the route to S3.
const OUTSIDE: &str = "outside";

pub fn check(tree: &Tree, manifests: &[Manifest]) -> Vec<String> {
    let compose = tree.document(COMPOSE);
    let services = compose["services"].as_object().unwrap();
    let mut findings = Vec::new();
    for (name, service) in services.iter().filter(|(name, _)| *name != MADE_BEFORE) {
        let kind = match (name.as_str(), text(&service["image"])) {
            ("migrate", _) => "Job",
            (_, "holdfast") => "Deployment",
            _ => "StatefulSet",
        };
        let Some(workload) = Workload::named(manifests, kind, name) else {
            findings.push(format!("there is no {kind} `{name}`"));
            continue;
        };
        let rules = [image, environment, networks, config_maps];
        let found = rules.iter().flat_map(|rule| rule(tree, service, &workload));
        findings.extend(found.map(|what| format!("`{name}`: {what}")));
    }
    let unknown = Workload::all(manifests)
        .into_iter()
        .filter(|found| !services.contains_key(found.name()));
    findings.extend(
        unknown.map(|found| format!("docker-compose.yml has no service `{}`", found.name())),
    );
    findings.extend(settings(tree, manifests));
    findings.extend(secrets(tree, manifests));
    findings.extend(passwords(tree, manifests));
    findings.extend(policies(manifests));
    findings
}

fn image(_: &Tree, service: &Value, workload: &Workload<'_>) -> Vec<String> {
    let differs = |container: &&Value| container["image"] != service["image"];
    let wrong = workload.containers().find(differs);
    wrong
        .map(|_| "its image is not that of docker-compose.yml".to_owned())
        .into_iter()
        .collect()
}

fn environment(tree: &Tree, service: &Value, workload: &Workload<'_>) -> Vec<String> {
    let (here, mut found) = workload.environment(tree);
    let there = service["environment"].as_object().into_iter().flatten();
    let there: BTreeMap<&str, &str> = there
        .map(|(name, value)| (name.as_str(), text(value)))
        .collect();
    let kept = here
        .iter()
        .filter(|(name, _)| !ONLY_HERE.contains(&name.as_str()));
    let here: BTreeMap<&str, String> = kept
        .map(|(name, value)| (name.as_str(), value.replace(MEMBERS, "mongodb:27017")))
        .collect();
    for name in here.keys().chain(there.keys()).collect::<BTreeSet<_>>() {
        let is_same = match (here.get(name), there.get(name)) {
            // A folder works on one machine; replicas need a bucket, whose key is a secret.
            (Some(here), Some(there)) if name.ends_with("__FILES_URL") => {
                there.starts_with("file:")
                    && *here == format!("files/{}_FILES_URL", workload.name().to_uppercase())
            }
            (Some(here), Some(there)) => here == there,
            _ => false,
        };
        if !is_same {
            found.push(format!("{name} is not as in docker-compose.yml"));
        }
    }
    found
}

fn networks(_: &Tree, service: &Value, workload: &Workload<'_>) -> Vec<String> {
    let role = |network: &str| match (workload.manifest.kind(), network) {
        ("StatefulSet", _) => "server",
        (_, "sql" | "documents" | "queues") => "client",
        _ => "member",
    };
    let there: BTreeSet<(&str, &str)> = list(&service["networks"])
        .map(|name| (text(name), role(text(name))))
        .collect();
    let labels = workload.labels().as_object().into_iter().flatten();
    let here = labels.filter_map(|(name, value)| Some((name.strip_prefix(NETWORK)?, text(value))));
    let here: BTreeSet<(&str, &str)> = here.filter(|(name, _)| *name != OUTSIDE).collect();
    (here != there)
        .then(|| format!("its networks are {here:?}, not {there:?}"))
        .into_iter()
        .collect()
}

/// Each ConfigMap that it reads is made, and from the same scripts.
fn config_maps(tree: &Tree, service: &Value, workload: &Workload<'_>) -> Vec<String> {
    let made = tree.config_maps();
    let mut found = Vec::new();
    let volumes: BTreeMap<&str, &str> = list(&workload.pod()["volumes"])
        .filter_map(|volume| Some((text(&volume["name"]), volume["configMap"]["name"].as_str()?)))
        .collect();
    let settings = workload.containers().flat_map(|of| list(&of["envFrom"]));
    let settings = settings.map(|from| text(&from["configMapRef"]["name"]));
    for map in volumes
        .values()
        .copied()
        .chain(settings)
        .filter(|map| !made.contains_key(*map))
    {
        found.push(format!("there is no ConfigMap `{map}`"));
    }
    let mut mounted = BTreeSet::new();
    for mount in workload
        .containers()
        .flat_map(|of| list(&of["volumeMounts"]))
    {
        let Some(map) = volumes.get(text(&mount["name"])) else {
            continue;
        };
        let Some(files) = made.get(*map) else {
            continue;
        };
        match text(&mount["subPath"]) {
            "" => mounted.extend(files.iter().cloned()),
            file if files.contains(file) => {
                mounted.insert(file.to_owned());
            }
            file => found.push(format!("ConfigMap `{map}` has no `{file}`")),
        }
    }
    let there = list(&service["volumes"])
        .filter_map(|volume| text(volume).strip_prefix("./deploy/docker/"));
    for script in there.filter_map(|volume| volume.split(':').next()) {
        if !mounted.contains(script) {
            found.push(format!("`{script}` is not mounted"));
        }
    }
    found
}

/// Each Secret that a pod reads is made by `secrets.sh`.
fn secrets(tree: &Tree, manifests: &[Manifest]) -> Vec<String> {
    let mut read = BTreeSet::new();
    for workload in Workload::all(manifests) {
        let volumes =
            list(&workload.pod()["volumes"]).map(|volume| &volume["secret"]["secretName"]);
        let variables = workload.containers().flat_map(|of| list(&of["env"]));
        let variables = variables.map(|of| &of["valueFrom"]["secretKeyRef"]["name"]);
        read.extend(volumes.chain(variables).filter_map(Value::as_str));
    }
    // The Secrets of the parts' keys follow from the existing folders.
    let others = read.into_iter().filter(|name| !name.starts_with("keys-"));
    let lost = others.filter(|name| !tree.text(SECRETS).contains(&format!("\nsecret {name} ")));
    lost.map(|name| format!("secrets.sh makes no Secret `{name}`"))
        .collect()
}

/// Every setting exists in the product.
fn settings(tree: &Tree, manifests: &[Manifest]) -> Vec<String> {
    let known = tree.settings(EXAMPLE);
    let of_pods = Workload::all(manifests)
        .into_iter()
        .flat_map(|workload| workload.environment(tree).0);
    let names = of_pods.chain(tree.settings(SETTINGS)).map(|(name, _)| name);
    let names: BTreeSet<String> = names
        .filter(|name| name.starts_with("HOLDFAST__"))
        .collect();
    let unknown = names.into_iter().filter(|name| !known.contains_key(name));
    unknown
        .map(|name| format!("`{name}` is no setting of .env.example"))
        .collect()
}

/// `passwords.sh` makes each requested password, and each of them is used.
fn passwords(tree: &Tree, manifests: &[Manifest]) -> Vec<String> {
    let (_, names) = tree.text(PASSWORDS).split_once("for name in ").unwrap();
    let (names, _) = names.split_once("; do").unwrap();
    let names = names.split_whitespace().filter(|word| *word != "\\");
    let made: BTreeSet<String> = names.map(|name| format!("{name}_PASSWORD")).collect();
    let mut asked = BTreeSet::new();
    let mut found = Vec::new();
    let containers = Workload::all(manifests);
    for variable in containers
        .iter()
        .flat_map(Workload::containers)
        .flat_map(|of| list(&of["env"]))
    {
        let of = &variable["valueFrom"]["secretKeyRef"];
        match (of["name"].as_str(), text(&of["key"])) {
            (None, _) => {}
            (Some("passwords"), key) => {
                asked.insert(key.to_owned());
            }
            (Some("files"), "USER_FILES_URL" | "ORDER_FILES_URL" | "REVIEW_FILES_URL") => {}
            (Some(other), key) => found.push(format!("`{other}` is no Secret with a `{key}`")),
        }
    }
    found.extend(
        asked
            .difference(&made)
            .map(|key| format!("`{key}` is no password of passwords.sh")),
    );
    found.extend(
        made.difference(&asked)
            .map(|key| format!("`{key}` is nobody's")),
    );
    found
}

/// Everything not allowed is denied, and each server opens its port to its clients alone.
fn policies(manifests: &[Manifest]) -> Vec<String> {
    let mut found = Vec::new();
    let nothing =
        named(manifests, "NetworkPolicy", "nothing-else").map(|policy| &policy.value["spec"]);
    if nothing != Some(&json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] })) {
        found.push("no policy nothing-else denies what the others do not allow".to_owned());
    }
    for server in Workload::all(manifests)
        .into_iter()
        .filter(|found| found.manifest.kind() == "StatefulSet")
    {
        let labels = server.labels().as_object().into_iter().flatten();
        let network = labels
            .filter_map(|(name, _)| name.strip_prefix(NETWORK))
            .next()
            .unwrap_or_default();
        let port = server.container()["ports"][0]["containerPort"]
            .as_i64()
            .unwrap_or_default();
        let one = |role: &str| json!({ "matchLabels": { format!("{NETWORK}{network}"): role } });
        let opens = |end: &str, policy: &str, own: &str, other: &str| {
            let spec = named(manifests, "NetworkPolicy", &format!("{network}-{policy}"))
                .map(|found| &found.value["spec"]);
            spec.is_some_and(|spec| {
                let direction = if end == "from" { "ingress" } else { "egress" };
                let rule = &spec[direction][0];
                let ports = list(&rule["ports"])
                    .any(|open| open["port"] == port && open["protocol"] == "TCP");
                let whom: Vec<&Value> = list(&rule[end]).map(|peer| &peer["podSelector"]).collect();
                let only = whom
                    .iter()
                    .all(|peer| **peer == one("client") || **peer == one("server"));
                spec["podSelector"] == one(own) && ports && only && whom.contains(&&one(other))
            })
        };
        if !opens("from", "servers", "server", "client")
            || !opens("to", "clients", "client", "server")
        {
            found.push(format!(
                "`{}`: no policy opens {port} to its clients alone",
                server.name()
            ));
        }
    }
    found
}
