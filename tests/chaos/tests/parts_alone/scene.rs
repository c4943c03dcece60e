//! A platform on servers, and the readiness of its parts.

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderMap, Method, StatusCode};
use process::{
    client::{Client, json_request},
    parts::CloudPart,
};
use serde_json::Value;
use stack::{Part, Stack, probe};
use tokio::time::{Instant, sleep, timeout};

use super::SOON;

const ONE_ANSWER: Duration = Duration::from_secs(10);
/// A round makes eight parts look at their stores, on the processors that a starting server needs:
/// without a pause our questions kept RabbitMQ from starting.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(500);
/// A stopping part must also be seen in the short time between its port's end and its own.
const WHILE_STOPPING: Duration = Duration::from_millis(20);

pub(super) struct Scene {
    pub stack: Stack,
    client: Client,
}

/// A part's readiness at the operator's listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// The port is closed.
    Dead,
    /// The port accepts connections, but gives no answer.
    Silent,
    /// The missing dependencies; empty if the part is ready.
    Lacks(Vec<String>),
}

impl Told {
    pub(super) const READY: Self = Self::Lacks(Vec::new());

    pub(super) fn lack_of(names: impl IntoIterator<Item = &'static str>) -> Self {
        Self::Lacks(names.into_iter().map(str::to_owned).collect())
    }

    fn read(report: &Value) -> Self {
        let missing = report["missing"].as_array().into_iter().flatten();
        Self::Lacks(
            missing
                .filter_map(|one| one["name"].as_str().map(str::to_owned))
                .collect(),
        )
    }
}

pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Scene {
    pub(super) fn of(stack: Stack) -> Self {
        Self {
            stack,
            client: Client::new(),
        }
    }

    /// Waits until each part reports exactly this.
    pub(super) async fn every_part_tells(&self, expected: impl Fn(CloudPart) -> Told) {
        let all = CloudPart::ALL.iter();
        let expected: BTreeMap<_, _> = all.map(|part| (part.name(), expected(*part))).collect();
        let deadline = Instant::now() + SOON;
        loop {
            let mut told = BTreeMap::new();
            for part in CloudPart::ALL {
                told.insert(part.name(), self.told(*part).await);
            }
            if told == expected {
                return;
            }
            let in_time = Instant::now() < deadline;
            assert!(in_time, "expected {expected:?}, told {told:?}");
            sleep(BETWEEN_ROUNDS).await;
        }
    }

    pub(super) async fn told(&self, part: CloudPart) -> Told {
        let port = self.stack.layout().operator(part).unwrap();
        let asked = async {
            let live = self.ask(port, "/health/live", None).await?;
            let ready = self.ask(port, "/health/ready", None).await?;
            assert!(
                live.status.is_success(),
                "{part} does not live: {}",
                live.status
            );
            let told = Told::read(&ready.body);
            let is_ready = told == Told::READY;
            assert_eq!(
                ready.status.is_success(),
                is_ready,
                "{part}: {}",
                ready.body
            );
            assert_eq!(
                ready.body["status"] == "ready",
                is_ready,
                "{part}: {}",
                ready.body
            );
            Some(told)
        };
        match asked.await {
            Some(told) => told,
            None if probe::accepts(port).await => Told::Silent,
            None => Told::Dead,
        }
    }

    /// `None` if no answer comes.
    pub(super) async fn ask(&self, port: u16, path: &str, bearer: Option<&str>) -> Option<Answer> {
        let url = format!("http://127.0.0.1:{port}{path}");
        let request = json_request(Method::GET, &url, bearer, None::<&()>).unwrap();
        let asked = async {
            let (head, body) = self.client.send_request(request).await.ok()?.into_parts();
            let body = axum::body::to_bytes(body, 4 * 1024 * 1024).await.ok()?;
            let body = serde_json::from_slice(&body).ok()?;
            Some(Answer {
                status: head.status,
                headers: head.headers,
                body,
            })
        };
        timeout(ONE_ANSWER, asked).await.ok().flatten()
    }

    pub(super) fn port(&self, part: CloudPart) -> u16 {
        self.stack.layout().port(part).unwrap()
    }

    /// Stops a part like a supervisor. Once it accepts no more connections it must report "stop"
    /// until it is gone.
    pub(super) async fn ask_to_stop(&self, part: CloudPart) {
        let mut child = self.stack.child(Part::Alone(part)).unwrap().clone();
        let until_gone = async {
            loop {
                let is_shut = !probe::accepts(self.port(part)).await;
                match self.told(part).await {
                    Told::Dead => return,
                    Told::Silent => {}
                    told if is_shut => assert_eq!(told, Told::lack_of(["stop"]), "{part}"),
                    _ => {}
                }
                sleep(WHILE_STOPPING).await;
            }
        };
        let until_gone = timeout(SOON, until_gone);
        let (exit, gone) = tokio::join!(child.terminate(), until_gone);
        assert!(gone.is_ok(), "{part} is still there after {SOON:?}");
        assert!(exit.unwrap().is_success(), "{part}");
    }
}
