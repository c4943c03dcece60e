//! Every flood at ten times its limit, while a customer, a provider, an edge and an operator go on working.

use std::{fmt::Write, time::Duration};

use attack::{AttackedPlatform, Experience, HttpCall, Somebody, Station, during};
use futures::future::join_all;
use serde_json::json;
use tokio::{io::AsyncWriteExt, time::sleep};
use wire::{Region, Role};

/// Long enough for ten acts of each honest person.
const LASTS: Duration = Duration::from_secs(8);
/// Below a hundred a minute, the default limit of one person at one endpoint.
const PAUSE: Duration = Duration::from_millis(700);
/// On a busy machine of two processors.
const P99_MAX: Duration = Duration::from_secs(4);

struct Honest {
    customer: Somebody,
    provider: Somebody,
    operator: Somebody,
}

struct Flood<'a> {
    name: &'static str,
    /// How many strangers act at once, all from one address.
    at_once: usize,
    /// The pause of each between two acts.
    pause: Duration,
    act: Act<'a>,
}

enum Act<'a> {
    Nothing,
    Ask(u16, HttpCall),
    /// Opens a socket, sends these bytes, and keeps it.
    Hold(u16, &'a [u8]),
}

impl Flood<'_> {
    async fn run(&self) {
        let from = Station::fresh();
        let strangers = (0..self.at_once).map(async |_| {
            let mut held = Vec::new();
            loop {
                match &self.act {
                    Act::Nothing => {}
                    Act::Ask(port, call) => drop(from.ask(*port, call).await),
                    Act::Hold(port, bytes) => {
                        if let Ok(mut stream) = from.connect(*port).await {
                            let _closed = stream.write_all(bytes).await;
                            held.push(stream);
                        }
                    }
                }
                sleep(self.pause).await;
            }
        });
        // They never end by themselves.
        let _over: Result<Vec<()>, _> = tokio::time::timeout(LASTS, join_all(strangers)).await;
    }
}

async fn asks(somebody: &Somebody, path: &str) -> Result<(), String> {
    match somebody.ask(HttpCall::get(path)).await {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => Err(format!("{} {}", answer.status, answer.code())),
        Err(error) => Err(error.kind().to_string()),
    }
}

async fn edge_is_linked(platform: &AttackedPlatform, from: Station) -> Result<(), String> {
    let answer = from.ask(platform.edge().http, &HttpCall::get("/api/head")).await;
    match answer {
        Ok(answer) if answer.json()["link_up"] == true => Ok(()),
        Ok(answer) => Err(format!("{} {}", answer.status, answer.text())),
        Err(error) => Err(error.kind().to_string()),
    }
}

async fn live_through(
    platform: &AttackedPlatform,
    honest: &Honest,
    flood: &Flood<'_>,
) -> [(&'static str, Experience); 4] {
    let from = Station::fresh();
    let customer =
        during(flood.run(), PAUSE, async || asks(&honest.customer, "/api/v1/orders").await);
    let provider =
        during(customer, PAUSE, async || asks(&honest.provider, "/api/v1/orders/available").await);
    let operator =
        during(provider, PAUSE, async || asks(&honest.operator, "/api/v1/admin/status").await);
    let edge = during(operator, PAUSE, async || edge_is_linked(platform, from).await);
    let (((((), customer), provider), operator), edge) = edge.await;
    [("customer", customer), ("provider", provider), ("operator", operator), ("edge", edge)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_keeps_honest_people_from_their_work() {
    attack::many_files();
    let platform = AttackedPlatform::fresh().await;
    let honest = Honest {
        customer: platform.somebody(Role::Customer).await,
        provider: platform.somebody(Role::Provider).await,
        operator: platform.admin().await,
    };
    honest.customer.publish(Region::North, "Mend the tap").await;
    let greedy = platform.somebody(Role::Provider).await;
    let token = greedy.edge_token.clone();
    let (gateway, edge) = (platform.gateway(), platform.edge().http);
    let login = json!({"username": "nobody-here", "password": "a-wrong-password"});
    let command = json!({"v": 1, "token": token, "body": {"type": "accept_order"}});
    let (fast, ms) = (Duration::from_millis(20), Duration::from_millis);
    let floods = [
        Flood { name: "quiet", at_once: 1, pause: LASTS, act: Act::Nothing },
        // 3,000 a minute, where one address has 300.
        Flood {
            name: "link",
            at_once: 1,
            pause: fast,
            act: Act::Ask(gateway, HttpCall::get("/link").bearer("a.b.c")),
        },
        Flood {
            name: "logins",
            at_once: 8,
            pause: ms(160),
            act: Act::Ask(gateway, HttpCall::post("/api/v1/auth/login").json(&login)),
        },
        Flood { name: "idle sockets", at_once: 16, pause: ms(40), act: Act::Hold(gateway, b"") },
        Flood {
            name: "half-heads",
            at_once: 16,
            pause: ms(40),
            act: Act::Hold(edge, b"GET /board HTTP/1.1\r\nhost: x\r\nx-half: "),
        },
        Flood {
            name: "board",
            at_once: 40,
            pause: Duration::ZERO,
            act: Act::Ask(edge, HttpCall::get("/board").bearer(&token)),
        },
        Flood {
            name: "commands",
            at_once: 16,
            pause: Duration::ZERO,
            act: Act::Ask(edge, HttpCall::post("/commands").json(&command)),
        },
    ];
    let mut table = String::new();
    let mut broken = Vec::new();
    for flood in &floods {
        for (who, experience) in live_through(&platform, &honest, flood).await {
            writeln!(table, "{:<13} {who:<9} {experience}", flood.name).unwrap();
            let is_late = experience.percentile(99) > P99_MAX;
            if experience.refused() > 0 || is_late || experience.count() == 0 {
                broken.push(format!("{} spoils it for the {who}", flood.name));
            }
        }
        // A flood counts against the minute in which it came.
        println!("{table}");
        table.clear();
    }
    assert_eq!(broken, Vec::<String>::new());
}
