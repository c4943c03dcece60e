//! Runs the real binary on embedded stores in a temporary folder.

#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use http::Method;
use process::client::{Client, ClientError};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use support::{Api, eventually, samples::order_form};
use wire::Region;

const PASSWORD: &str = "correct horse battery";
const ADMIN: &str = "operator";
/// Only a failure takes this long.
const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn one_process_takes_an_order_from_publish_to_inbox() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let cloud = Cloud::start(&data);
    cloud.get("/health/ready", None).await.unwrap();
    make_admin(&data);

    let customer = cloud.newcomer("customer", "lin").await;
    let api = Api::new(cloud.url.as_str());
    let admin = api.sign_in(ADMIN, PASSWORD).await.unwrap();
    let provider = api.provider(&admin).await.unwrap().token;
    let admin = admin.token;
    let order = cloud
        .post(
            "/api/v1/orders",
            &customer,
            order_form(Region::North, "Mend the tap"),
        )
        .await
        .unwrap();
    assert_eq!(order["status"], "pending_review");
    let order = format!("/api/v1/orders/{}", order["order_id"].as_str().unwrap());
    cloud
        .post(&format!("{order}/approve"), &admin, json!({}))
        .await
        .unwrap();
    let accepted = cloud
        .post(&format!("{order}/accept"), &provider, json!({}))
        .await
        .unwrap();
    assert_eq!(accepted["status"], "accepted");

    let told = cloud.inbox(&customer, 3).await;
    assert_eq!(told, ["order.accepted", "order.approved", "order.created"]);
    assert_eq!(
        cloud.inbox(&provider, 2).await,
        ["order.accepted", "profile.verified"]
    );
}

#[tokio::test]
async fn what_was_done_is_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut cloud = Cloud::start(folder.path());
    let customer = cloud.newcomer("customer", "lin").await;
    let order = cloud
        .post(
            "/api/v1/orders",
            &customer,
            order_form(Region::North, "Mend the tap"),
        )
        .await
        .unwrap();
    cloud.child.kill().unwrap();
    cloud.child.wait().unwrap();

    let cloud = Cloud::start(folder.path());
    // The sign-in still works: the folder also holds the signing key.
    let path = format!("/api/v1/orders/{}", order["order_id"].as_str().unwrap());
    let known = cloud.get(&path, Some(&customer)).await.unwrap();
    assert_eq!(known["title"], order["order"]["title"]);
    assert_eq!(cloud.inbox(&customer, 1).await, ["order.created"]);
}

#[tokio::test]
async fn a_signal_stops_it_within_five_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let mut cloud = Cloud::start(folder.path());
    // An idle keep-alive connection must not delay the stop.
    cloud.get("/health/live", None).await.unwrap();
    let clock = process::clock::Clock::system();
    let asked = clock.elapsed();
    kill_process(Pid::from_child(&cloud.child), Signal::TERM).unwrap();
    let exit = cloud.child.wait().unwrap();
    assert!(exit.success(), "{exit}");
    assert!(clock.elapsed() - asked < Duration::from_secs(5));
}

#[tokio::test]
async fn a_process_that_stops_says_so_and_finishes_an_answer_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut cloud = Cloud::start(folder.path());
    let ready = format!("http://{}/health/ready", cloud.operator);
    let ask = async || {
        cloud
            .client
            .send_json::<Value>(Method::GET, &ready, None, None::<&()>, LIMIT)
            .await
    };
    assert_eq!(ask().await.unwrap(), json!({"status": "ready"}));

    let mut caller = TcpStream::connect(&cloud.address).unwrap();
    caller.set_read_timeout(Some(LIMIT)).unwrap();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    caller.write_all(head.as_bytes()).unwrap();
    let mut lines = BufReader::new(caller.try_clone().unwrap()).lines();
    // The server waits for the body.
    assert_eq!(lines.next().unwrap().unwrap(), "HTTP/1.1 100 Continue");
    assert_eq!(lines.next().unwrap().unwrap(), "");

    kill_process(Pid::from_child(&cloud.child), Signal::TERM).unwrap();
    eventually("it takes no more callers", LIMIT, async || {
        TcpStream::connect(&cloud.address).is_err().then_some(())
    })
    .await;
    let stops = ask().await.unwrap_err();
    assert_eq!(stops.status, Some(503), "{stops}");
    caller.write_all(b"{}").unwrap();
    assert_eq!(
        lines.next().unwrap().unwrap(),
        "HTTP/1.1 422 Unprocessable Entity"
    );
    let exit = cloud.child.wait().unwrap();
    assert!(exit.success(), "{exit}");
}

#[test]
fn its_folder_is_its_owners_alone_and_holds_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let _cloud = Cloud::start(&data);
    assert_eq!(
        std::fs::metadata(&data).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let second = ran(command(&data, "all").args(["--bind", "127.0.0.1:0"]));
    assert!(!second.status.success());
    assert!(
        said(&second).contains("another process uses the data folder"),
        "{}",
        said(&second)
    );
}

#[test]
fn a_taken_port_is_named_before_anything_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = ran(command(folder.path(), "all").args(["--bind", &address]));
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains(&format!("{address} is in use by another process")),
        "{}",
        said(&refused)
    );
    assert!(!folder.path().join("order.db").exists());
}

#[test]
fn a_part_alone_refuses_the_embedded_bus_and_an_old_schema() {
    let folder = tempfile::tempdir().unwrap();
    let refused = ran(command(folder.path(), "order").args(["--bind", "127.0.0.1:0"]));
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("an embedded bus works only for `all`"),
        "{}",
        said(&refused)
    );

    let broker = "platform.bus_url=amqp://127.0.0.1:1/%2f";
    let alone = [
        "--bind",
        "127.0.0.1:0",
        "--set",
        broker,
        "--set",
        "platform.operator_bind=",
    ];
    let refused = ran(command(folder.path(), "order").args(alone));
    assert!(
        said(&refused).contains("holdfast-cloud make-keys"),
        "{}",
        said(&refused)
    );
    let keys = folder.path().join("keys");
    assert!(
        ran(command(folder.path(), "make-keys").arg("--into").arg(&keys))
            .status
            .success()
    );
    for part in [
        "auth",
        "user",
        "order",
        "payment",
        "review",
        "notification",
        "hub",
    ] {
        let key = format!(
            "platform.service_key={}",
            keys.join(part).join("service.key").display()
        );
        let refused = ran(command(folder.path(), part)
            .args(alone)
            .args(["--set", &key]));
        assert!(!refused.status.success(), "{part}");
        assert!(
            said(&refused).contains("holdfast-cloud migrate"),
            "{part}: {}",
            said(&refused)
        );
    }
}

#[test]
fn migrate_may_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let migrated = ran(&mut command(folder.path(), "migrate"));
        assert!(migrated.status.success(), "{}", said(&migrated));
    }
}

#[test]
fn the_printed_configuration_holds_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "platform.bus_url=amqp://guest:sesame@rabbit/%2f";
    let printed = ran(command(folder.path(), "config").args(["--set", secret]));
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.status.success());
    assert!(text.contains("amqp://guest:***@rabbit/%2f"), "{text}");
    assert!(!text.contains("sesame"), "{text}");
    let parts = [
        "gateway",
        "auth",
        "user",
        "order",
        "payment",
        "review",
        "notification",
        "hub",
    ];
    for section in ["platform", "peers"].into_iter().chain(parts) {
        assert!(
            text.contains(&format!("[{section}]")),
            "{section} is missing from {text}"
        );
    }
}

#[test]
fn a_wrong_value_is_named_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let refused = ran(command(folder.path(), "config").args(["--set", "order.sql_ulr=x"]));
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("order.sql_ulr"),
        "{}",
        said(&refused)
    );
}

/// A running `holdfast-cloud all`, killed on drop.
struct Cloud {
    child: Child,
    address: String,
    operator: String,
    url: String,
    client: Client,
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Cloud {
    fn start(data: &Path) -> Self {
        let mut command = command(data, "all");
        command
            .args(["--bind", "127.0.0.1:0", "--log", "json"])
            .stderr(Stdio::piped());
        command.args(["--set", "platform.operator_bind=127.0.0.1:0"]);
        // Polling exceeds the usual rate limits.
        command.args(["--set", "gateway.per_user_per_minute=6000"]);
        command.args(["--set", "gateway.per_person_per_minute=6000"]);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut before = Vec::new();
        let mut operator = String::new();
        let address = loop {
            let Some(Ok(line)) = lines.next() else {
                panic!("it never was ready:\n{}", before.join("\n"))
            };
            let said: Value = serde_json::from_str(&line).unwrap_or_default();
            let address = || said["address"].as_str().unwrap().to_owned();
            if said["message"] == "ready" {
                break address();
            }
            if said["message"] == "The operator's port listens" {
                operator = address();
            }
            before.push(line);
        };
        // Forward later output for a failing test to show; an unread pipe would fill up.
        std::thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .for_each(|line| eprintln!("{line}"))
        });
        let url = format!("http://{address}");
        Self {
            child,
            address,
            operator,
            url,
            client: Client::new(),
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Result<Value, ClientError> {
        let url = format!("{}{path}", self.url);
        self.client
            .send_json(method, &url, token, body.as_ref(), LIMIT)
            .await
    }

    async fn get(&self, path: &str, token: Option<&str>) -> Result<Value, ClientError> {
        self.call(Method::GET, path, token, None).await
    }

    async fn post(&self, path: &str, token: &str, body: Value) -> Result<Value, ClientError> {
        self.call(Method::POST, path, Some(token), Some(body)).await
    }

    async fn newcomer(&self, role: &str, name: &str) -> String {
        let email = format!("{name}@example.org");
        let account = json!({"username": name, "email": email, "password": PASSWORD, "role": role});
        let path = "/api/v1/auth/register";
        self.call(Method::POST, path, None, Some(account))
            .await
            .unwrap();
        self.sign_in(name).await
    }

    async fn sign_in(&self, name: &str) -> String {
        let asked = json!({"username": name, "password": PASSWORD});
        let path = "/api/v1/auth/login";
        let granted = self
            .call(Method::POST, path, None, Some(asked))
            .await
            .unwrap();
        granted["access_token"].as_str().unwrap().to_owned()
    }

    /// The types of the person's notifications, newest first, once there are `expected`.
    async fn inbox(&self, token: &str, expected: usize) -> Vec<String> {
        let waiting = async {
            loop {
                let page = self
                    .get("/api/v1/notifications", Some(token))
                    .await
                    .unwrap();
                let items = page["items"].as_array().unwrap();
                if items.len() >= expected {
                    let kind = |item: &Value| item["type"].as_str().unwrap().to_owned();
                    return items.iter().map(kind).collect();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(LIMIT, waiting).await.unwrap()
    }
}

fn make_admin(data: &Path) {
    let mut command = command(data, "bootstrap-admin");
    command
        .args(["--username", ADMIN, "--password-stdin"])
        .stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    let mut id = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut id)
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(id.trim().len(), 36, "{id}");
}

fn command(data: &Path, subcommand: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast-cloud"));
    // Ignore the machine's own configuration.
    command
        .current_dir(data.parent().unwrap())
        .env_remove("HOLDFAST_CONFIG");
    command.arg("--data").arg(data).arg(subcommand);
    command
}

fn ran(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
