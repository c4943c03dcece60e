//! The scenes: each ends acceptances in its own ways, and lists the expected texts.

use chaos::{Second, operator};
use serde_json::json;
use stack::{EdgePlace, Ports, Stack};
use support::{Api, Person, eventually};
use wire::{Code, Language, OrderId, Region, Reply};

use super::{
    facts::{Fact, Surface},
    ground::{Ground, LIMIT, Provider, Tap},
};

/// The end of one acceptance.
pub(super) struct Fate {
    pub way: &'static str,
    pub order: OrderId,
    pub person: Person,
    /// The last answer of the edge that made it.
    pub reply: Option<Reply>,
    pub facts: Vec<Fact>,
    /// The kind of the person's inbox line.
    pub inbox: Option<&'static str>,
    /// True if it is listed among the lost acceptances.
    pub listed: bool,
    /// Further text of `explain`, in both languages.
    pub explained: Vec<(String, String)>,
}

/// A text of `status` or of a region's assignment, and the phrase it must contain.
pub(super) struct Said {
    pub way: &'static str,
    pub surface: Surface,
    pub language: Language,
    pub text: String,
    pub words: &'static str,
}

const LOST: Option<&str> = Some("order.acceptance_lost");

pub(super) fn lost(
    way: &'static str,
    by: &Provider,
    tap: &Tap,
    reply: Reply,
    facts: &[Fact],
) -> Fate {
    Fate {
        way,
        order: tap.order,
        person: by.person.clone(),
        reply: Some(reply),
        facts: facts.to_vec(),
        inbox: LOST,
        listed: true,
        explained: Vec::new(),
    }
}

/// No conflict lists it; the person finds this event in the inbox.
fn unlisted(fate: Fate, inbox: Option<&'static str>) -> Fate {
    Fate {
        inbox,
        listed: false,
        ..fate
    }
}

/// No edge holds the region. Its edge is cut off while others act.
pub(super) async fn first_come(stack: &Stack, api: &Api) -> (Vec<Fate>, Vec<Said>) {
    let ground = Ground::of(stack, api, Region::North).await;
    let port = ground.edge();
    let one = ground.provider().await;
    let other = ground.provider().await;
    let gone = ground.provider().await;
    let [raced, cancelled, kept, revoked] = ground.orders(&[port]).await;
    stack.cut(ground.region).await.unwrap();
    let mut taps = Vec::new();
    for order in [raced, cancelled, kept] {
        taps.push(ground.accepts(&one, port, order).await);
    }
    ground.accepts(&gone, port, revoked).await;
    ground.revokes(&gone).await;
    ground.accepts_at_portal(&other, raced).await;
    ground.cancels(cancelled).await;
    let said = status_says(
        stack,
        "gate closed",
        "NORTH: the gate is closed",
        "NORTH：闸口已关闭",
    )
    .await;
    stack.heal(ground.region).await.unwrap();
    let mut replies = Vec::new();
    for tap in &taps {
        replies.push(ground.decided(tap, port).await);
    }
    let [raced, cancelled, kept] = <[Reply; 3]>::try_from(replies).unwrap();
    ground.withdraws(taps[2].order).await;
    let fates = vec![
        lost(
            "another was first in the cloud",
            &one,
            &taps[0],
            raced,
            &[Fact::FirstInCloud],
        ),
        lost(
            "the order was cancelled",
            &one,
            &taps[1],
            cancelled,
            &[Fact::Cancelled],
        ),
        unlisted(
            lost(
                "it was confirmed",
                &one,
                &taps[2],
                kept.clone(),
                &[Fact::Confirmed],
            ),
            Some("order.accepted"),
        ),
        Fate {
            reply: None,
            facts: vec![Fact::Confirmed, Fact::Withdrawn],
            ..unlisted(
                lost("an admin withdrew it", &one, &taps[2], kept, &[]),
                Some("order.acceptance_withdrawn"),
            )
        },
        Fate {
            way: "its maker was revoked",
            order: revoked,
            person: gone.person.clone(),
            reply: None,
            facts: vec![Fact::Revoked],
            inbox: None,
            listed: true,
            explained: Vec::new(),
        },
    ];
    (fates, said)
}

/// An edge holds the region, and others go through its log. Then the right is given back twice.
pub(super) async fn through_the_holder(
    stack: &Stack,
    api: &Api,
    second: &EdgePlace,
) -> (Vec<Fate>, Vec<Said>) {
    let ground = Ground::of(stack, api, Region::East).await;
    let here = ground.edge();
    let there = second.http;
    let first = stack.layout().edge(ground.region).edge.clone();
    ground.held().await;
    let one = ground.provider().await;
    let other = ground.provider().await;
    let third = ground.provider().await;
    let [promised, logged, asked] = ground.orders(&[here, there]).await;

    let firm = ground.is_promised(&one, here, promised).await;
    ground.decided(&firm, here).await;
    let beaten = ground.accepts(&other, there, promised).await;
    let beaten_by_promise = ground.decided(&beaten, there).await;

    let winner = ground.accepts(&other, there, logged).await;
    let won = ground.decided(&winner, there).await;
    assert!(won.outcome.as_ref().unwrap().has_succeeded(), "{won:?}");
    let late = ground.accepts(&one, here, logged).await;
    let beaten_in_log = ground.decided(&late, here).await;

    let firm = ground.is_promised(&one, here, asked).await;
    ground.decided(&firm, here).await;
    ground.asks_at_portal(&third, asked).await;
    ground.until_told(&third, asked).await;

    given_back_twice(&ground, second).await;
    let edge = &second.edge;

    let through = |place: &str| {
        (
            format!("through the edge {place}, decided in the log of {first}"),
            format!("通过边缘节点 {place}，由 {first} 的日志决定"),
        )
    };
    let at_portal = (
        format!("through the cloud, decided in the log of {first}"),
        format!("通过云端，由 {first} 的日志决定"),
    );
    let fates = vec![
        Fate {
            explained: vec![through(edge)],
            ..lost(
                "the holder had promised it",
                &other,
                &beaten,
                beaten_by_promise,
                &[Fact::Promised],
            )
        },
        Fate {
            explained: vec![through(edge)],
            ..lost(
                "another stood first in the holder's log",
                &one,
                &late,
                beaten_in_log,
                &[Fact::FirstInLog],
            )
        },
        Fate {
            way: "a request at the portal met a promise",
            order: asked,
            person: third.person.clone(),
            reply: None,
            facts: vec![Fact::Promised],
            inbox: LOST,
            listed: true,
            explained: vec![at_portal],
        },
    ];
    (fates, Vec::new())
}

/// Gives the right back to another holder, then for another policy.
async fn given_back_twice(ground: &Ground<'_>, second: &EdgePlace) {
    ground
        .assign(json!({"policy": "exclusive", "holder": second.edge, "epoch": 1}))
        .await;
    ground.until_ended("reassigned").await;
    ground.until_firm(second.http).await;
    ground.assign(json!({"policy": "optimistic"})).await;
    ground.until_ended("policy_changed").await;
}

/// An operator takes the right back while its holder is cut off with promises.
pub(super) async fn taken_back(stack: &Stack, api: &Api) -> (Vec<Fate>, Vec<Said>) {
    let ground = Ground::of(stack, api, Region::South).await;
    let port = ground.edge();
    ground.held().await;
    let one = ground.provider().await;
    let other = ground.provider().await;
    let [closed, taken, cancelled] = ground.orders(&[port]).await;
    stack.cut(ground.region).await.unwrap();
    let met = ground.is_promised(&one, port, closed).await;
    ground.cancels(closed).await;
    stack.heal(ground.region).await.unwrap();
    let met_closed = ground.decided(&met, port).await;
    assert_eq!(
        met_closed.code,
        Some(Code::OrderCancelledMeanwhile),
        "{met_closed:?}"
    );

    stack.cut(ground.region).await.unwrap();
    let beaten = ground.is_promised(&one, port, taken).await;
    let gone = ground.is_promised(&one, port, cancelled).await;
    ground
        .assign(json!({"take_back": {"why": "the node was flooded"}}))
        .await;
    ground.accepts_at_portal(&other, taken).await;
    ground.cancels(cancelled).await;
    stack.heal(ground.region).await.unwrap();
    let taken = ground.decided(&beaten, port).await;
    let cancelled = ground.decided(&gone, port).await;
    assert_eq!(taken.code, Some(Code::RegionTakenBack), "{taken:?}");
    let record = (
        "taken back by an operator: the node was flooded".to_owned(),
        "被运营人员收回：the node was flooded".to_owned(),
    );
    let fates = vec![
        Fate {
            listed: false,
            ..lost(
                "a promise met a cancellation",
                &one,
                &met,
                met_closed,
                &[Fact::CancelledMeanwhile],
            )
        },
        Fate {
            explained: vec![record],
            ..lost(
                "a right was taken back, and another came first",
                &one,
                &beaten,
                taken,
                &[Fact::TakenBack, Fact::FirstInCloud],
            )
        },
        lost(
            "a right was taken back, and the order was cancelled",
            &one,
            &gone,
            cancelled,
            &[Fact::TakenBack, Fact::Cancelled],
        ),
    ];
    (fates, Vec::new())
}

/// A holder is restored from a copy without its promises; its tablets bring them back late.
pub(super) async fn restored(stack: &Stack, api: &Api) -> (Vec<Fate>, Vec<Said>) {
    let ground = Ground::of(stack, api, Region::West).await;
    let port = ground.edge();
    let edge = stack.layout().edge(ground.region).edge.clone();
    ground.held().await;
    let one = ground.provider().await;
    let other = ground.provider().await;
    let [taken, cancelled] = ground.orders(&[port]).await;
    stack.cut(ground.region).await.unwrap();
    let copied = ground.copied("db").await;
    let beaten = ground.is_promised(&one, port, taken).await;
    let gone = ground.is_promised(&one, port, cancelled).await;
    ground.restored(&copied, "db").await;
    stack.heal(ground.region).await.unwrap();
    ground.until_ended("edge_restored").await;
    ground.accepts_at_portal(&other, taken).await;
    ground.cancels(cancelled).await;
    let taken = ground.decided(&beaten, port).await;
    let cancelled = ground.decided(&gone, port).await;
    assert_eq!(taken.code, Some(Code::HolderRestored), "{taken:?}");
    let promise = (
        format!("edge {edge}: answered `firm` in epoch 1, under fence 1"),
        format!("边缘节点 {edge}：在第 1 代依据栅栏号 1 答复“确定”"),
    );
    let winner = ("Who won: provider ".to_owned(), "胜出：服务商".to_owned());
    let fates = vec![
        Fate {
            explained: vec![promise.clone(), winner],
            ..lost(
                "a holder was restored, and another came first",
                &one,
                &beaten,
                taken,
                &[Fact::Restored, Fact::FirstInCloud],
            )
        },
        Fate {
            explained: vec![promise],
            ..lost(
                "a holder was restored, and the order was cancelled",
                &one,
                &gone,
                cancelled,
                &[Fact::Restored, Fact::Cancelled],
            )
        },
    ];
    let said = status_says(
        stack,
        "restored",
        "west-1: it was restored from a copy",
        "west-1：该节点被从备份恢复",
    )
    .await;
    (fates, said)
}

/// A clone of the holder's machine makes a promise, and returns under another name.
pub(super) async fn cloned(stack: &Stack, api: &Api) -> (Vec<Fate>, Vec<Said>) {
    let ground = Ground::of(stack, api, Region::Mid).await;
    let here = ground.edge();
    ground.held().await;
    let one = ground.provider().await;
    let other = ground.provider().await;
    let [order] = ground.orders(&[here]).await;
    let data = ground.copied("").await;
    let mut ports = Ports::default();
    let mut copy = Second {
        name: stack.layout().edge(ground.region).edge.clone(),
        region: ground.region,
        data,
        // A free port: the clone must not reach the cloud.
        gateway_url: format!("http://127.0.0.1:{}", ports.free().unwrap()),
        http: ports.free().unwrap(),
        mqtt: ports.free().unwrap(),
        ws: ports.free().unwrap(),
    };
    let mut child = copy.start(stack, "mid-copy", None).await;
    let beaten = ground.is_promised(&other, copy.http, order).await;
    child.terminate().await.unwrap();
    ground.until_firm(here).await;
    let firm = ground.is_promised(&one, here, order).await;
    ground.decided(&firm, here).await;

    copy.gateway_url = stack.layout().gateway_url();
    let mut child = copy.start(stack, "mid-twin", None).await;
    eventually("the copy is found out", LIMIT, async || {
        let head = super::ground::at(copy.http);
        let head: serde_json::Value = head
            .call(http::Method::GET, "/api/head", None, None)
            .await
            .ok()?;
        (head["twin"] == true).then_some(())
    })
    .await;
    let said = status_says(
        stack,
        "twin",
        "mid-1: a second instance of it calls",
        "mid-1：该节点有第二个实例",
    )
    .await;
    child.terminate().await.unwrap();
    copy.name = "mid-2".to_owned();
    let (_, invited) = operator(stack).await.gets("enrol MID mid-2").unwrap();
    copy.start(stack, "mid-2", invited["code"].as_str()).await;
    let reply = ground.decided(&beaten, copy.http).await;
    let through = (
        "through the edge mid-2, decided in the log of mid-1".to_owned(),
        "通过边缘节点 mid-2，由 mid-1 的日志决定".to_owned(),
    );
    let fates = vec![Fate {
        explained: vec![through],
        ..lost(
            "a copy of the holder had promised it",
            &other,
            &beaten,
            reply,
            &[Fact::Cloned, Fact::Promised],
        )
    }];
    (fates, said)
}

/// The current `holdfast status` text, in both languages.
async fn status_says(
    stack: &Stack,
    way: &'static str,
    english: &'static str,
    chinese: &'static str,
) -> Vec<Said> {
    let operator = operator(stack).await;
    let lines = [
        (Language::English, "status", english),
        (Language::Chinese, "status --lang zh", chinese),
    ];
    lines
        .map(|(language, line, words)| {
            let text = operator.reads(line).unwrap().text;
            Said {
                way,
                surface: Surface::Status,
                language,
                text,
                words,
            }
        })
        .into()
}
