//! The honest people of a flooded platform. Each performs four acts a second.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use attack::{
    AttackedPlatform, Experience, HttpAnswer, HttpCall, MqttGreeting, MqttLine, PASSWORD, PATIENCE,
    Somebody, Station, during,
};
use platform::{sql::Sql, vals};
use process::clock::Clock;
use serde_json::{Value, json};
use stack::Part;
use support::{eventually, samples::order_form};
use wire::{OrderId, Region, Role};

/// Keeps each endpoint below its limit of a hundred requests a minute per person.
const PAUSE: Duration = Duration::from_millis(250);

pub(crate) const WHO: [&str; 4] = ["customer", "provider", "edge", "operator"];

pub(crate) struct Honest<'a> {
    platform: &'a AttackedPlatform,
    pub customer: Somebody,
    pub operator: Somebody,
    provider: Somebody,
    /// Taps on a tablet.
    tapper: Somebody,
    /// Checks the edge's link.
    passer_by: Station,
    order: OrderId,
    /// True once an operator has shut the region's gate.
    is_cut: AtomicBool,
    turns: [AtomicUsize; 4],
}

type Outcome = Result<(), String>;

impl<'a> Honest<'a> {
    pub(crate) async fn of(platform: &'a AttackedPlatform) -> Self {
        let customer = platform.somebody(Role::Customer).await;
        let order = customer.publish(Region::North, "Mend the tap").await;
        Self {
            platform,
            customer,
            operator: platform.admin().await,
            provider: platform.provider().await,
            tapper: platform.somebody(Role::Customer).await,
            passer_by: Station::fresh(),
            order,
            is_cut: AtomicBool::new(false),
            turns: Default::default(),
        }
    }

    /// Makes the tapper an established person: the cloud applies one of their commands, and the
    /// edge's records are backdated by two days.
    pub(crate) async fn has_tapped_for_two_days(&self) {
        const OLDER: &str = "UPDATE known_people SET since = since - ?, last = last - ?";
        const TWO_DAYS_MS: i64 = 2 * 24 * 60 * 60 * 1_000;
        let command = self.command();
        eventually("the cloud has applied his command", PATIENCE, async || {
            (self.send(&command).await.ok()?["hop"] == "decided").then_some(())
        })
        .await;
        let stack = &self.platform.stack;
        let data = stack.layout().edge_folder(self.platform.edge());
        let edge = Part::Edge(Region::North);
        stack.terminate(edge).await.expect("an end");
        let file = format!("sqlite:{}", data.join("db/edge.db").display());
        let file = Sql::open(&file).await.expect("the edge's file");
        let older = file.exec(OLDER, vals![TWO_DAYS_MS, TWO_DAYS_MS]).await;
        assert_eq!(
            older.expect("an older file"),
            1,
            "he is the only one so far"
        );
        file.close().await;
        stack.restart(edge).await.expect("an edge that is ready");
    }

    /// Cuts the region off. From then on the edge may be unlinked.
    pub(crate) async fn are_cut_off(&self) {
        self.platform
            .stack
            .cut(Region::North)
            .await
            .expect("a gate that is shut");
        self.is_cut.store(true, Relaxed);
    }

    pub(crate) async fn work_during<T>(
        &self,
        flood: impl Future<Output = T>,
    ) -> (T, [Experience; 4]) {
        let customer = during(flood, PAUSE, async || self.customer().await);
        let provider = during(customer, PAUSE, async || self.provider().await);
        let edge = during(provider, PAUSE, async || self.edge().await);
        let operator = during(edge, PAUSE, async || self.operator().await);
        let ((((result, customer), provider), edge), operator) = operator.await;
        (result, [customer, provider, edge, operator])
    }

    async fn customer(&self) -> Outcome {
        let get = |path: &str| self.customer.ask(HttpCall::get(path));
        let answer = match self.turn(0) % 10 {
            0 => {
                let Somebody {
                    station, username, ..
                } = &self.customer;
                let signed = self.platform.sign_in(*station, username, PASSWORD).await;
                return signed.map(drop).map_err(|refusal| refused(&refusal));
            }
            1 | 6 => {
                self.customer
                    .ask(
                        HttpCall::post("/api/v1/orders")
                            .json(&order_form(Region::North, "Mend the tap")),
                    )
                    .await
            }
            2 | 7 => get(&format!("/api/v1/orders/{}", self.order)).await,
            3 | 8 => get("/api/v1/notifications").await,
            _ => get("/api/v1/orders").await,
        };
        granted(answer)
    }

    async fn provider(&self) -> Outcome {
        let Somebody {
            station,
            edge_token,
            ..
        } = &self.provider;
        let edge = self.platform.edge();
        match self.turn(1) % 4 {
            0 => granted(
                self.provider
                    .ask(HttpCall::get("/api/v1/orders/available"))
                    .await,
            ),
            1 => {
                let call = HttpCall::get("/board").bearer(edge_token);
                granted(station.ask(edge.http, &call).await)
            }
            2 => {
                let greeting = MqttGreeting::of("honest-tablet", edge_token);
                match MqttLine::open(*station, edge.mqtt, &greeting).await {
                    Ok((0, _)) => Ok(()),
                    Ok((code, _)) => Err(format!("the broker refuses: {code}")),
                    Err(error) => Err(error.to_string()),
                }
            }
            _ => granted(
                self.provider
                    .ask(HttpCall::get("/api/v1/notifications"))
                    .await,
            ),
        }
    }

    /// Checks that the edge is linked, unless cut off, and takes a command.
    async fn edge(&self) -> Outcome {
        if self.turn(2).is_multiple_of(2) {
            self.is_linked().await
        } else {
            self.tap().await
        }
    }

    async fn is_linked(&self) -> Outcome {
        let head = self
            .passer_by
            .ask(self.platform.edge().http, &HttpCall::get("/api/head"))
            .await;
        let head = head.map_err(|error| error.to_string())?;
        let is_well = head.json()["link_up"] == true || self.is_cut.load(Relaxed);
        if is_well && head.status == 200 {
            Ok(())
        } else {
            Err(head.text())
        }
    }

    async fn tap(&self) -> Outcome {
        let reply = self.send(&self.command()).await?;
        if reply["receipt"].is_object() {
            Ok(())
        } else {
            Err(reply.to_string())
        }
    }

    fn command(&self) -> Value {
        let clock = Clock::system();
        let order = order_form(Region::North, "Mend the tap");
        let body = json!({"type": "publish_order", "order_id": clock.new_id(), "order": order});
        json!({
            "v": 1, "id": clock.new_id(), "device_seq": 1, "tapped_at": clock.now(),
            "token": self.tapper.edge_token, "body": body,
        })
    }

    async fn send(&self, command: &Value) -> Result<Value, String> {
        let call = HttpCall::post("/commands").json(command);
        let answer = self
            .tapper
            .station
            .ask(self.platform.edge().http, &call)
            .await;
        answer
            .map(|answer| answer.json())
            .map_err(|error| error.to_string())
    }

    async fn operator(&self) -> Outcome {
        let path = match self.turn(3) % 4 {
            0 => "/api/v1/admin/status",
            1 => "/api/v1/admin/orders",
            2 => "/api/v1/admin/edges",
            _ => "/api/v1/admin/cases",
        };
        granted(self.operator.ask(HttpCall::get(path)).await)
    }

    fn turn(&self, who: usize) -> usize {
        self.turns[who].fetch_add(1, Relaxed)
    }
}

fn granted(answer: std::io::Result<HttpAnswer>) -> Outcome {
    match answer {
        Ok(answer) if answer.status < 300 => Ok(()),
        Ok(answer) => Err(refused(&answer)),
        Err(error) => Err(error.to_string()),
    }
}

fn refused(answer: &HttpAnswer) -> String {
    format!("{} {}", answer.status, answer.code())
}
