//! Deployment: operator ports, internal routes, files and servers.

use std::{
    net::TcpListener,
    process::{Command, Output, id},
};

use attack::{AttackedPlatform, HttpCall, PATIENCE, Station};
use process::{clock::Clock, parts::CloudPart};
use serde_json::json;
use stack::{Ports, Spec, binaries};
use support::{eventually, servers};

/// The files that operators deploy.
const DATABASES: &str = include_str!("../../../../deploy/docker/databases.sql");
const COMPOSE: &str = include_str!("../../../../docker-compose.yml");
const PASSWORD: &str = "stolen";

#[tokio::test]
async fn a_stranger_reads_the_metrics() {
    let platform = AttackedPlatform::shared().await;
    let layout = platform.stack.layout();
    for public in [platform.gateway(), platform.edge().http] {
        for path in [
            "/metrics",
            "/metrics/",
            "//metrics",
            "/health/../metrics",
            "/%6detrics",
        ] {
            let answer = Station::fresh()
                .ask(public, &HttpCall::get(path))
                .await
                .unwrap();
            assert!(answer.status >= 400, "{path}: {}", answer.text());
            assert!(!answer.text().contains("holdfast_http"), "{path}");
        }
    }
    // The operator reads them on the machine itself.
    for operator in [
        layout.operator(CloudPart::Gateway).unwrap(),
        platform.edge().operator,
    ] {
        let answer = Station::fresh()
            .ask(operator, &HttpCall::get("/metrics"))
            .await;
        assert!(
            answer
                .unwrap()
                .text()
                .contains("holdfast_http_requests_total")
        );
    }
}

#[tokio::test]
async fn a_stranger_learns_what_an_edge_misses() {
    let platform = AttackedPlatform::shared().await;
    let mut ports = Ports::default();
    let http = ports.free().unwrap();
    let operator = ports.free().unwrap();
    // This edge waits for a missing gateway, so it is not ready.
    let nowhere = ports.free().unwrap();
    let layout = platform.stack.layout();
    let program = binaries::own("holdfast-edge").unwrap();
    let spec = Spec::new("lonely-1", program, layout.log("lonely-1"))
        .env("HOLDFAST__EDGE__NAME", "lonely-1")
        .env(
            "HOLDFAST__EDGE__GATEWAY_URL",
            format!("http://127.0.0.1:{nowhere}"),
        )
        .env(
            "HOLDFAST__EDGE__DATA",
            layout.folder.join("lonely-1").display().to_string(),
        )
        .env("HOLDFAST__EDGE__ENROLMENT_CODE", "a-code")
        .env("HOLDFAST__EDGE__HTTP_BIND", format!("127.0.0.1:{http}"))
        .env(
            "HOLDFAST__EDGE__OPERATOR_BIND",
            format!("127.0.0.1:{operator}"),
        )
        .env("HOLDFAST__EDGE__MQTT_BIND", "127.0.0.1:0")
        .env("HOLDFAST__EDGE__WS_BIND", "127.0.0.1:0");
    let mut edge = platform.stack.supervisor().spawn(spec).await.unwrap();
    let ask = async |port| {
        eventually("the edge answers", PATIENCE, async || {
            Station::fresh()
                .ask(port, &HttpCall::get("/health/ready"))
                .await
                .ok()
        })
        .await
    };
    let public = ask(http).await;
    assert_eq!(
        (public.status, public.json()),
        (503, json!({ "status": "not_ready" }))
    );
    let told = ask(operator).await.json();
    assert_eq!(told["missing"][0]["name"], "keys", "{told}");
    edge.kill9().await.unwrap();
}

#[test]
fn somebody_on_the_way_reads_an_operators_token() {
    // Not a loopback address, though it reaches this machine.
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let contexts = stack::temporary::folder().unwrap();
    let ran = Command::new(binaries::own("holdfast").unwrap())
        .args(["--lang", "en", "--timeout", "1", "--url", &url, "status"])
        .env("HOLDFAST_TOKEN", "an-admins-token")
        .env("HOLDFAST_CONTEXT_DIR", &contexts)
        .output()
        .unwrap();
    std::fs::remove_dir_all(contexts).unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(2), "{said}");
    assert!(said.contains("unprotected"), "{said}");
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nobody has called");
}

#[test]
fn a_stolen_password_of_one_service_opens_anothers_tables() {
    let parts = [
        ("auth", "auth_db"),
        ("order", "order_db"),
        ("payment", "payment_db"),
        ("hub", "sync_db"),
    ];
    // Unique names, because other tests run on the same server.
    let suffix = format!("_{}", id());
    let own = |text: &str| text.replace("_db", &format!("_db{suffix}"));
    let settings = parts
        .map(|(part, _)| format!("SET @{part}_password = '{PASSWORD}';"))
        .concat();
    let statements = own(DATABASES).replace("`@`%`", &format!("{suffix}`@`%`"));
    done("root", &format!("{settings}{statements}"));
    for (_, schema) in parts {
        let table = format!("{}.secrets", own(schema));
        done(
            "root",
            &format!("CREATE TABLE {table} (word INT); INSERT INTO {table} VALUES (7)"),
        );
    }
    for (part, schema) in parts {
        let thief = match user_in_the_url_of(part) {
            "root" => "root".to_owned(),
            user => format!("{user}{suffix}"),
        };
        let read = |schema: &str| sql(&thief, &format!("SELECT word FROM {}.secrets", own(schema)));
        assert!(read(schema).status.success(), "{part} reads its own");
        for (_, foreign) in parts.iter().filter(|(_, other)| *other != schema) {
            let ran = read(foreign);
            assert!(!ran.status.success(), "{part} reads {foreign}: {ran:?}");
        }
        for of_all in ["SELECT user FROM mysql.user", "CREATE DATABASE thiefs_db"] {
            assert!(!sql(&thief, of_all).status.success(), "{part}: {of_all}");
        }
    }
    for (part, schema) in parts {
        done(
            "root",
            &format!(
                "DROP DATABASE {}; DROP USER `{part}{suffix}`@`%`",
                own(schema)
            ),
        );
    }
}

/// The database user in the part's URL.
fn user_in_the_url_of(part: &str) -> &'static str {
    let name = format!("HOLDFAST__{}__SQL_URL:", part.to_uppercase());
    let url = COMPOSE
        .lines()
        .find_map(|line| line.trim().strip_prefix(&name));
    let rest = url
        .and_then(|url| url.split_once("mysql://"))
        .expect("a URL in the file")
        .1;
    rest.split([':', '@']).next().expect("a user")
}

fn done(user: &str, statements: &str) {
    let ran = sql(user, statements);
    assert!(
        ran.status.success(),
        "{statements}: {}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

fn sql(user: &str, statements: &str) -> Output {
    let port = servers().mysql.rsplit(':').next().expect("a port");
    let password = if user == "root" { "" } else { PASSWORD };
    Command::new("mariadb")
        .args([
            "--protocol=tcp",
            "--host=127.0.0.1",
            "--port",
            port,
            "--user",
            user,
        ])
        .args(["--batch", "--execute", statements])
        .env("MYSQL_PWD", password)
        .output()
        .expect("the server's client")
}

#[tokio::test]
async fn a_stolen_key_of_one_part_speaks_as_another() {
    let platform = AttackedPlatform::shared().await;
    let order = platform.stack.layout().port(CloudPart::Order).unwrap();
    let batch = json!({ "edge": "north-1", "region": "NORTH", "epoch": 1, "ops": [] });
    let as_the_hub = async |thief: CloudPart| {
        let token = platform
            .service_key(thief)
            .issue_token("hub", "order", &Clock::system());
        let call = HttpCall::post("/internal/ops").bearer(&token).json(&batch);
        Station::fresh().ask(order, &call).await.unwrap()
    };
    assert_eq!(
        as_the_hub(CloudPart::Hub).await.status,
        200,
        "the hub itself"
    );
    for thief in CloudPart::ALL
        .iter()
        .copied()
        .filter(|part| *part != CloudPart::Hub)
    {
        let answer = as_the_hub(thief).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "invalid_token"),
            "{thief}"
        );
    }
}
