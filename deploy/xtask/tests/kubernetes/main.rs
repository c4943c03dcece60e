//! The manifests of `deploy/kubernetes` agree with `docker-compose.yml`, have the forms of
//! Kubernetes itself, and start each part as production requires. They have never run on a cluster.
//!
//! Invariant: each rule finds violations. The tests break one place of the real files at a time and
//! expect a finding there.

#![allow(clippy::unwrap_used)]

mod forms;
mod pods;
mod production;
mod same_as_compose;
mod tree;

use tree::Tree;

#[test]
fn the_manifests_keep_every_rule() {
    assert_eq!(Tree::real().findings(), Vec::<String>::new());
}

/// Replaces this text of a file and expects that finding.
fn check(file: &str, from: &str, to: &str, says: &str) {
    let mut tree = Tree::real();
    tree.replace(file, from, to);
    let findings = tree.findings();
    assert!(
        findings.iter().any(|finding| finding.contains(says)),
        "{file}: {to:?}: {findings:#?}"
    );
}

fn check_without(file: &str, says: &str) {
    let mut tree = Tree::real();
    tree.remove(file);
    let findings = tree.findings();
    assert!(
        findings.iter().any(|finding| finding.contains(says)),
        "no {file}: {findings:#?}"
    );
}

#[test]
fn a_field_that_kubernetes_does_not_know_is_found() {
    let probe = "auth.yaml: Deployment `auth`: .spec.template.spec.containers[0].readynessProbe";
    check("auth.yaml", "readinessProbe:", "readynessProbe:", probe);
    check(
        "auth.yaml",
        "maxSurge: 1",
        "maxSurges: 1",
        ".spec.strategy.rollingUpdate.maxSurges",
    );
    check(
        "networks.yaml",
        "endPort: 8007",
        "lastPort: 8007",
        "lastPort",
    );
    check(
        "gateway.yaml",
        "averageUtilization: 70",
        "averageUse: 70",
        "averageUse",
    );
    check(
        "ingress.yaml",
        "ingressClassName:",
        "className:",
        "Ingress `gateway`: .spec.className",
    );
    check(
        "mongodb.yaml",
        "clusterIP: None",
        "clusterIp: None",
        "clusterIp",
    );
    check(
        "migrate.yaml",
        "backoffLimit: 3",
        "backOffLimit: 3",
        "backOffLimit",
    );
}

#[test]
fn a_value_of_another_kind_and_a_missing_field_are_found() {
    check(
        "auth.yaml",
        "minReadySeconds: 5",
        "minReadySeconds: soon",
        "invalid type",
    );
    check(
        "auth.yaml",
        "timeoutSeconds: 4,",
        "timeoutSeconds: [4],",
        "invalid type",
    );
    let selector = "  selector: { matchLabels: { app.kubernetes.io/name: auth } }\n  template:";
    check(
        "auth.yaml",
        selector,
        "  template:",
        "Deployment `auth`: .spec.selector",
    );
    check(
        "redis.yaml",
        "kind: Service",
        "kind: Servant",
        "`v1 Servant` is no kind",
    );
    check(
        "auth.yaml",
        "apiVersion: policy/v1",
        "apiVersion: policy/v1beta1",
        "is no kind",
    );
    check(
        "auth.yaml",
        "replicas: 2",
        "replicas: 2\n  replicas: 3",
        "duplicate",
    );
}

#[test]
fn a_part_without_its_manifest_and_a_file_that_is_not_listed_are_found() {
    check_without("review.yaml", "there is no Deployment `review`");
    check_without("redis.yaml", "there is no StatefulSet `redis`");
    check_without("migrate.yaml", "there is no Job `migrate`");
    check_without("review.yaml", "`review.yaml` is listed and not there");
    check(
        "kustomization.yaml",
        "  - hub.yaml\n",
        "",
        "`hub.yaml` is not listed",
    );
    check(
        "kustomization.yaml",
        "  - ../docker\n",
        "",
        "`../docker` is not listed",
    );
    check(
        "kustomization.yaml",
        "name: settings",
        "name: setting",
        "no ConfigMap `settings`",
    );
    let scripts = "../docker/kustomization.yaml";
    check(
        scripts,
        "redis.sh",
        "rabbitmq.sh",
        "ConfigMap `redis` has no `redis.sh`",
    );
    check(
        "../../docker-compose.yml",
        "\n  hub:\n",
        "\n  bub:\n",
        "no service `hub`",
    );
}

#[test]
fn a_part_that_runs_alone_or_goes_at_once_is_found() {
    check(
        "auth.yaml",
        "replicas: 2",
        "replicas: 1",
        "`auth`: fewer than two replicas",
    );
    check(
        "order.yaml",
        "minReplicas: 2",
        "minReplicas: 1",
        "`order`: fewer than two replicas",
    );
    check(
        "order.yaml",
        "kind: Deployment, name: order",
        "kind: Deployment, name: other",
        "`order`: fewer",
    );
    check(
        "hub.yaml",
        "maxUnavailable: 0",
        "maxUnavailable: 1",
        "`hub`: an update makes a gap",
    );
    check(
        "hub.yaml",
        "PeriodSeconds: 30",
        "PeriodSeconds: 9",
        "`hub`: it is killed while it stops",
    );
    check(
        "user.yaml",
        "kind: PodDisruptionBudget",
        "kind: Service",
        "no PodDisruptionBudget",
    );
    check(
        "user.yaml",
        "labels: { app.kubernetes.io/name: user }\nspec:\n  maxUn",
        "spec:\n  maxUn",
        "user.yaml has something of another name",
    );
    check(
        "user.yaml",
        "topologyKey: kubernetes.io/hostname",
        "topologyKey: none",
        "`user`: nothing spreads it",
    );
}

#[test]
fn a_probe_that_restarts_a_part_for_its_store_is_found() {
    let live = "livenessProbe: { httpGet: { path: /health,";
    let ready = "livenessProbe: { httpGet: { path: /health/ready,";
    check(
        "order.yaml",
        live,
        ready,
        "`order`: livenessProbe asks `/health/ready`",
    );
    check(
        "order.yaml",
        "{ path: /health/ready,",
        "{ path: /health,",
        "readinessProbe asks `/health`",
    );
    let ready = ready.replace("liveness", "readiness");
    let says = "`gateway`: readinessProbe asks `/health/ready`";
    check(
        "gateway.yaml",
        "readinessProbe: { httpGet: { path: /health,",
        &ready,
        says,
    );
    check(
        "order.yaml",
        "startupProbe:",
        "#",
        "`order`: no startupProbe",
    );
}

#[test]
fn a_pod_with_any_right_is_found() {
    for file in [
        "auth.yaml",
        "gateway.yaml",
        "migrate.yaml",
        "mongodb.yaml",
        "redis.yaml",
    ] {
        check(
            file,
            "runAsNonRoot: true",
            "runAsNonRoot: false",
            "runAsNonRoot",
        );
        check(
            file,
            "automountServiceAccountToken: false",
            "",
            "automountServiceAccountToken",
        );
        check(file, "enableServiceLinks: false", "", "enableServiceLinks");
        check(
            file,
            "readOnlyRootFilesystem: true",
            "",
            "readOnlyRootFilesystem",
        );
        check(file, "drop: [ALL]", "drop: [KILL]", "capabilities");
        check(
            file,
            "type: RuntimeDefault",
            "type: Unconfined",
            "seccompProfile",
        );
        check(file, "limits:", "claims: [] #", "limits");
    }
    check("auth.yaml", "runAsUser: 10001", "runAsUser: 0", "runAsUser");
    check(
        "auth.yaml",
        "secretName: keys-auth",
        "secretName: keys-hub",
        "`auth`: another part's keys",
    );
    check(
        "namespace.yaml",
        "enforce: restricted",
        "enforce: baseline",
        "namespace",
    );
}

#[test]
fn an_image_or_a_port_of_another_kind_is_found() {
    check(
        "redis.yaml",
        "@sha256:c",
        "@sha256:d",
        "`redis`: its image is not that of docker-compose.yml",
    );
    check(
        "auth.yaml",
        "image: holdfast",
        "image: busybox",
        "`auth`: its image",
    );
    check(
        "auth.yaml",
        "containerPort: 8000",
        "containerPort: 8001",
        "`auth`: no port 8000",
    );
    check(
        "auth.yaml",
        "0.0.0.0:8000",
        "0.0.0.0:8001",
        "`auth`: it does not listen at 8000",
    );
    check(
        "auth.yaml",
        "port: 8000, target",
        "port: 80, target",
        "`auth`: its Service",
    );
    check(
        "auth.yaml",
        "0.0.0.0:9000",
        "0.0.0.0:9001",
        "`auth`: its operator's port",
    );
    check(
        "settings.env",
        "http://hub:8007",
        "http://hub:8008",
        "HOLDFAST__PEERS__HUB",
    );
}

#[test]
fn a_setting_or_a_password_of_another_part_is_found() {
    check(
        "auth.yaml",
        "key: AUTH_SQL_PASSWORD",
        "key: HUB_SQL_PASSWORD",
        "HOLDFAST__AUTH__SQL_URL",
    );
    check(
        "auth.yaml",
        "key: AUTH_BUS_PASSWORD",
        "key: AUTH_BUS",
        "`AUTH_BUS` is no password",
    );
    check(
        "auth.yaml",
        "name: BUS_PASSWORD\n",
        "name: B\n",
        "$(BUS_PASSWORD) is not set before",
    );
    check(
        "user.yaml",
        "/user_db?",
        "/review_db?",
        "HOLDFAST__USER__DOCUMENTS_URL",
    );
    check(
        "hub.yaml",
        "HUB__SIGNING_KEY",
        "HUB__SIGNING",
        "`HOLDFAST__HUB__SIGNING` is no setting",
    );
    check(
        "settings.env",
        "GATEWAY__PUBLIC_ORIGIN",
        "GATEWAY__ORIGIN",
        "is no setting",
    );
    check(
        "redis.yaml",
        "name: HUB_CACHE_PASSWORD",
        "name: HUB_CACHE",
        "`redis`: HUB_CACHE",
    );
    check(
        "../docker/passwords.sh",
        "HUB_BUS",
        "HUB_BUSS",
        "`HUB_BUSS_PASSWORD` is nobody's",
    );
    check(
        "user.yaml",
        "name: files,",
        "name: other,",
        "`other` is no Secret",
    );
    check(
        "mongodb.yaml",
        "secretName: mongodb-key",
        "secretName: key",
        "makes no Secret `key`",
    );
    check(
        "secrets.sh",
        "secret files ",
        "secret file ",
        "makes no Secret `files`",
    );
}

#[test]
fn a_pod_on_another_network_is_found() {
    let sql = "        network.holdfast/sql: client\n";
    check(
        "gateway.yaml",
        "        network.holdfast/queues: client\n",
        sql,
        "`gateway`: its networks",
    );
    check("auth.yaml", sql, "", "`auth`: its networks");
    check(
        "mariadb.yaml",
        "holdfast/sql: server",
        "holdfast/sql: client",
        "`mariadb`: its networks",
    );
    check(
        "networks.yaml",
        "name: nothing-else",
        "name: nothing",
        "nothing-else",
    );
    check(
        "networks.yaml",
        "podSelector: {}\n  policyTypes: [Ingress, Egress]",
        "podSelector: {}\n  policyTypes: [Egress]",
        "nothing-else",
    );
    check(
        "networks.yaml",
        "port: 3306",
        "port: 3307",
        "`mariadb`: no policy opens 3306",
    );
}
