//! A platform with a private authority's certificate: the gateway speaks TLS only. An edge and
//! `holdfast` work if they trust the authority; others refuse to connect. The edge's tablets trust
//! the cloud's own authority, which has issued the certificate of its listeners.

#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use process::trust::{TlsConfig, trust_authorities};
use serde_json::Value;
use stack::binaries;
use support::{Api, Authority, Person, eventually};
use wire::{OrderStatus, Region, Role};

const ADMIN: &str = "operator";
const PASSWORD: &str = "correct horse battery";

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_and_an_operator_work_over_tls_with_a_private_authority() {
    let folder = Folder(stack::temporary::folder().unwrap());
    let authority = Authority::new().unwrap();
    let identity = authority.server("localhost").unwrap();
    folder.write("roots.pem", authority.pem());
    folder.write("chain.pem", &identity.certificate);
    folder.write("key.pem", &identity.key);
    let roots = folder.0.join("roots.pem");
    trust_authorities(&TlsConfig {
        roots: roots.clone(),
    })
    .unwrap();

    let cloud = cloud(&folder.0);
    let api = Api::new(&cloud.url);
    let admin = api.sign_in(ADMIN, PASSWORD).await.unwrap();
    let stranger = holdfast(&cloud.url, &admin, None, "status");
    let said = String::from_utf8_lossy(&stranger.stderr).into_owned();
    assert!(
        !stranger.status.success() && said.contains("not of an authority that is trusted here"),
        "{said}"
    );

    let enrolled = holdfast(
        &cloud.url,
        &admin,
        Some(&roots),
        "enrol NORTH north-1 --json",
    );
    assert!(
        enrolled.status.success(),
        "{}",
        String::from_utf8_lossy(&enrolled.stderr)
    );
    let invitation: Value = serde_json::from_slice(&enrolled.stdout).unwrap();
    let edge = edge(&folder.0, &cloud.url, invitation["code"].as_str().unwrap());
    let line = "wait --for links-up --for synced=NORTH --timeout 30";
    let linked = holdfast(&cloud.url, &admin, Some(&roots), line);
    assert!(
        linked.status.success(),
        "{}",
        String::from_utf8_lossy(&linked.stderr)
    );

    let customer = api.newcomer(Role::Customer).await.unwrap();
    let published = api
        .publish(&customer, Region::North, "Mend the tap")
        .await
        .unwrap();
    assert_eq!(published.status, OrderStatus::PendingReview);

    let shop_ca = holdfast(&cloud.url, &admin, Some(&roots), "edges ca --json");
    let shop_ca: Value = serde_json::from_slice(&shop_ca.stdout).unwrap();
    folder.write("shop-ca.pem", shop_ca["certificate"].as_str().unwrap());
    let trusting = eventually("the edge shows its certificate", PATIENCE, async || {
        let answer = tablet(&edge.url, Some(&folder.0.join("shop-ca.pem")));
        answer.status.success().then_some(answer)
    });
    let standing: Value = serde_json::from_slice(&trusting.await.stdout).unwrap();
    assert_eq!(standing["edge"], "north-1");
    assert_eq!(standing["plain_listeners"], false);
    let stranger = tablet(&edge.url, None);
    assert_eq!(stranger.status.code(), Some(UNTRUSTED), "{stranger:?}");
    let plain = tablet(&edge.url.replace("https:", "http:"), None);
    assert!(!plain.status.success(), "{plain:?}");
}

#[test]
fn a_certificate_without_an_https_origin_is_refused_with_the_reason() {
    let folder = Folder(stack::temporary::folder().unwrap());
    let refused = program("holdfast-cloud")
        .args([
            "all",
            "--bind",
            "127.0.0.1:0",
            "--set",
            "gateway.tls_certificate=chain.pem",
        ])
        .args(["--set", "gateway.tls_key=key.pem", "--data"])
        .arg(folder.0.join("cloud"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("gateway.public_origin"),
        "{said}"
    );
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.0.join(name), content).unwrap();
    }
}

/// A process that ends with the test.
struct Running {
    child: Child,
    url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(name: &str) -> Command {
    Command::new(binaries::own(name).unwrap())
}

fn cloud(folder: &Path) -> Running {
    let data = folder.join("cloud");
    let file = |name: &str| folder.join(name).display().to_string();
    let mut child = program("holdfast-cloud")
        .args(["all", "--bind", "127.0.0.1:0", "--log", "json", "--data"])
        .arg(&data)
        .args([
            "--set",
            "platform.operator_bind=",
            "--set",
            "gateway.public_origin=https://localhost",
        ])
        .args([
            "--set",
            &format!("gateway.tls_certificate={}", file("chain.pem")),
        ])
        .args(["--set", &format!("gateway.tls_key={}", file("key.pem"))])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let address = await_address(&mut child, "ready", "address");
    let mut bootstrap = program("holdfast-cloud")
        .args([
            "bootstrap-admin",
            "--username",
            ADMIN,
            "--password-stdin",
            "--data",
        ])
        .arg(&data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(bootstrap.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    assert!(bootstrap.wait().unwrap().success());
    let port = address.rsplit(':').next().unwrap();
    Running {
        child,
        url: format!("https://localhost:{port}"),
    }
}

/// The exit code of curl for a certificate that it does not trust.
const UNTRUSTED: i32 = 60;
const PATIENCE: Duration = Duration::from_secs(20);

/// A tablet in the shop, which finds the edge by the shop's name.
fn tablet(edge: &str, roots: Option<&Path>) -> Output {
    let (_, port) = edge.rsplit_once(':').unwrap();
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--fail", "--max-time", "10"]);
    command.args(["--resolve", &format!("shop.test:{port}:127.0.0.1")]);
    if let Some(roots) = roots {
        command.arg("--cacert").arg(roots);
    }
    command.arg(format!("{edge}/standing")).output().unwrap()
}

fn edge(folder: &Path, gateway: &str, code: &str) -> Running {
    let mut command = program("holdfast-edge");
    for (name, value) in [
        ("EDGE__NAME", "north-1"),
        ("EDGE__REGION", "NORTH"),
        ("EDGE__GATEWAY_URL", gateway),
        ("EDGE__ENROLMENT_CODE", code),
        // Other machines reach it, so it speaks TLS.
        ("EDGE__HTTP_BIND", "0.0.0.0:0"),
        ("EDGE__NAMES", "[\"shop.test\"]"),
        ("EDGE__ANNOUNCE", "false"),
        ("EDGE__MQTT_BIND", "127.0.0.1:0"),
        ("EDGE__WS_BIND", "127.0.0.1:0"),
        ("EDGE__OPERATOR_BIND", ""),
    ] {
        command.env(format!("HOLDFAST__{name}"), value);
    }
    command.env("HOLDFAST__EDGE__DATA", folder.join("north-1"));
    command.env("HOLDFAST__TLS__ROOTS", folder.join("roots.pem"));
    let logging = command.args(["--log", "json"]).stderr(Stdio::piped());
    let mut child = logging.spawn().unwrap();
    let address = await_address(&mut child, "Edge `north-1` is running", "http");
    let (_, port) = address.rsplit_once(':').unwrap();
    Running {
        child,
        url: format!("https://shop.test:{port}"),
    }
}

/// Waits for the log line that tells the address, and prints all later lines.
fn await_address(child: &mut Child, message: &str, field: &str) -> String {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = loop {
        let line = lines.next().expect("it never was ready").unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        if said["message"] == message {
            break said[field].as_str().unwrap().to_owned();
        }
    };
    std::thread::spawn(move || {
        lines
            .map_while(Result::ok)
            .for_each(|line| eprintln!("{line}"))
    });
    address
}

fn holdfast(gateway: &str, admin: &Person, roots: Option<&Path>, line: &str) -> Output {
    let mut command = program("holdfast");
    command
        .args(line.split(' '))
        .env("HOLDFAST_URL", gateway)
        .env("LC_ALL", "C.UTF-8");
    command.env("HOLDFAST_TOKEN", admin.token.as_str());
    if let Some(roots) = roots {
        command.env("HOLDFAST__TLS__ROOTS", roots);
    }
    command.output().unwrap()
}
