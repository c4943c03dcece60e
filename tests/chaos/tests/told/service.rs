//! Edges that an operator takes out of service, and the fate of their ops.

use chaos::{Second, operator};
use serde_json::json;
use stack::{EdgePlace, Part, Ports, Stack};
use support::{Api, Proxy, Wire, eventually};
use wire::{Code, EdgeStatus, Language, LinkState, OrderId, Region};

use super::{
    facts::{Fact, Surface},
    ground::{Ground, LIMIT},
    scenes::{Fate, Said, lost},
};

/// Covers everything that an edge here has ever sent.
const SINCE: &str = "1h";

/// One acceptance of the edge is decided, another waits for the region's holder. Then an operator
/// distrusts both, and the tablet moves to the region's other edge.
pub(super) async fn distrusted(
    stack: &Stack,
    api: &Api,
    place: &EdgePlace,
) -> (Vec<Fate>, Vec<Said>) {
    let ground = Ground::of(stack, api, Region::South).await;
    let here = ground.edge();
    let there = place.http;
    ground.assign(json!({"policy": "optimistic"})).await;
    let one = ground.provider().await;
    let other = ground.provider().await;
    let [decided, waiting] = ground.orders(&[here, there]).await;
    let kept = ground.accepts(&one, there, decided).await;
    let confirmed = ground.decided(&kept, there).await;
    ground.held().await;
    stack.terminate(Part::Edge(ground.region)).await.unwrap();
    let beaten = ground.accepts(&other, there, waiting).await;
    eventually("the acceptance waits for the holder", LIMIT, async || {
        let report = stack.status().await.ok()?;
        let mut edges = report.regions.iter().flat_map(|region| &region.edges);
        edges
            .any(|edge| edge.edge.as_str() == place.edge && edge.held > 0)
            .then_some(())
    })
    .await;
    disable(stack, &place.edge).await;
    stack.restart(Part::Edge(ground.region)).await.unwrap();
    let refused = ground.decided(&beaten, here).await;
    assert_eq!(refused.code, Some(Code::EdgeNotTrusted), "{refused:?}");
    let fates = vec![
        lost(
            "its edge was not trusted any more",
            &other,
            &beaten,
            refused,
            &[Fact::NotTrusted],
        ),
        Fate {
            inbox: Some("order.accepted"),
            listed: false,
            ..lost(
                "decided before its edge was disabled",
                &one,
                &kept,
                confirmed,
                &[Fact::Confirmed],
            )
        },
    ];
    let mut said = case(stack, kept.order).await;
    said.extend(
        out_of_service(
            stack,
            &place.edge,
            ("disabled by an operator", "已被运营人员停用"),
        )
        .await,
    );
    said.extend(session_ends(stack, &place.edge).await);
    (fates, said)
}

/// A holder promised two orders to a tablet while cut off from the cloud. An operator disables it.
/// One order goes to another provider, the other is cancelled. The edge returns with a new key and
/// submits its promises.
pub(super) async fn disabled(stack: &Stack, api: &Api) -> (Vec<Fate>, Vec<Said>) {
    let ground = Ground::of(stack, api, Region::North).await;
    let wire = Proxy::to(format!("127.0.0.1:{}", stack.layout().gateway))
        .await
        .unwrap();
    let edge = beside(stack, "north-2", format!("http://{}", wire.address()));
    let operator = operator(stack).await;
    let (_, invited) = operator.gets("enrol NORTH north-2").unwrap();
    let mut child = edge.start(stack, "north-2", invited["code"].as_str()).await;
    eventually("the edge has called", LIMIT, async || {
        let report = stack.status().await.ok()?;
        let mut edges = report.regions.iter().flat_map(|region| &region.edges);
        let is_up =
            |edge: &EdgeStatus| edge.edge.as_str() == "north-2" && edge.link == LinkState::Up;
        edges.any(is_up).then_some(())
    })
    .await;
    ground
        .assign(json!({"policy": "exclusive", "holder": "north-2", "epoch": 1}))
        .await;
    ground.until_firm(edge.http).await;
    let one = ground.provider().await;
    let other = ground.provider().await;
    let [taken, cancelled] = ground.orders(&[edge.http]).await;
    wire.set(Wire::Cut);
    let beaten = ground.is_promised(&one, edge.http, taken).await;
    let gone = ground.is_promised(&one, edge.http, cancelled).await;
    disable(stack, "north-2").await;
    ground.until_ended("edge_disabled").await;
    ground.accepts_at_portal(&other, taken).await;
    ground.cancels(cancelled).await;
    child.terminate().await.unwrap();
    wire.set(Wire::Passes);
    let (_, key) = operator.gets("edges rekey north-2").unwrap();
    edge.start(stack, "north-2-again", key["code"].as_str())
        .await;
    let taken = ground.decided(&beaten, edge.http).await;
    let cancelled = ground.decided(&gone, edge.http).await;
    assert_eq!(taken.code, Some(Code::HolderDisabled), "{taken:?}");
    let fates = vec![
        lost(
            "a holder was disabled, and another came first",
            &one,
            &beaten,
            taken,
            &[Fact::Disabled, Fact::FirstInCloud],
        ),
        lost(
            "a holder was disabled, and the order was cancelled",
            &one,
            &gone,
            cancelled,
            &[Fact::Disabled, Fact::Cancelled],
        ),
    ];
    (fates, Vec::new())
}

fn beside(stack: &Stack, name: &str, gateway_url: String) -> Second {
    let mut ports = Ports::default();
    let mut free = || ports.free().unwrap();
    Second {
        name: name.to_owned(),
        region: Region::North,
        data: stack.layout().folder.join(name),
        gateway_url,
        http: free(),
        mqtt: free(),
        ws: free(),
    }
}

/// Retires an edge. Everything it sent stands.
pub(super) async fn retired(stack: &Stack, edge: &str) -> Vec<Said> {
    let operator = operator(stack).await;
    operator
        .gets(&format!("edges retire {edge} --why closed"))
        .unwrap();
    out_of_service(stack, edge, ("~ retired", "~ 已退役")).await
}

async fn disable(stack: &Stack, edge: &str) {
    let operator = operator(stack).await;
    let line = format!("edges disable {edge} --since {SINCE} --why stolen");
    let (_, told) = operator.gets(&line).unwrap();
    assert_eq!(told["settled"], true, "{told}");
}

/// The decided acceptance stands and becomes a case.
async fn case(stack: &Stack, order: OrderId) -> Vec<Said> {
    let operator = operator(stack).await;
    [
        (
            Language::English,
            "en",
            "after the moment from which it is no longer trusted",
        ),
        (Language::Chinese, "zh-CN", "在不再受信任之后发来"),
    ]
    .into_iter()
    .map(|(language, wanted, words)| {
        let (_, page) = operator
            .gets(&format!("conflicts --limit 100 --lang {wanted}"))
            .unwrap();
        let mut items = page["items"].as_array().unwrap().iter();
        let is_it = |item: &&serde_json::Value| {
            item["type"] == "case" && item["order_id"] == order.to_string()
        };
        let item = items
            .find(is_it)
            .unwrap_or_else(|| panic!("no case of {order}: {page}"));
        let text = item["rule"].as_str().unwrap().to_owned();
        let way = "decided before its edge was disabled";
        Said {
            way,
            surface: Surface::Conflicts,
            language,
            text,
            words,
        }
    })
    .collect()
}

/// The edge leaves the status. The list of all edges shows the reason, and the record the admin.
async fn out_of_service(
    stack: &Stack,
    edge: &str,
    (english, chinese): (&'static str, &'static str),
) -> Vec<Said> {
    let operator = operator(stack).await;
    let way = "an edge out of service";
    let mut said = Vec::new();
    for (language, wanted, words) in [
        (Language::English, "en", english),
        (Language::Chinese, "zh-CN", chinese),
    ] {
        let read = |line: &str| {
            operator
                .reads(&format!("{line} --lang {wanted}"))
                .unwrap()
                .text
        };
        let status = read("status");
        assert!(!status.contains(edge), "it is in service by: {status}");
        let all = read("edges --retired");
        let row = all
            .lines()
            .find(|row| row.starts_with(edge))
            .unwrap()
            .to_owned();
        said.push(Said {
            way,
            surface: Surface::Edges,
            language,
            text: row,
            words,
        });
    }
    said
}

/// The hub ends the session with this reason, and refuses new ones.
async fn session_ends(stack: &Stack, edge: &str) -> Vec<Said> {
    let log = stack
        .layout()
        .folder
        .join("logs")
        .join(format!("{edge}.log"));
    let words = "the hub refused this edge (edge_disabled)";
    let text = eventually("the edge hears why its session ended", LIMIT, async || {
        std::fs::read_to_string(&log)
            .ok()
            .filter(|text| text.contains(words))
    })
    .await;
    let surface = Surface::Edges;
    let language = Language::English;
    vec![Said {
        way: "the end of a session",
        surface,
        language,
        text,
        words,
    }]
}
