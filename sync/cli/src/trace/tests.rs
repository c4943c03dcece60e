//! Clocks that disagree, and hops whose time is forgotten.

use serde_json::json;
use wire::{Language, OrderEventTrace, OrderFeedTrace, TimelineEntry};

use super::*;
use crate::trace::hops::HopKind;

const START: UnixMillis = UnixMillis(1_764_000_000_000);

fn at(seconds: i64) -> UnixMillis {
    START.plus_ms(seconds * 1_000)
}

/// An acceptance that an edge logged by its clock, which the hub received an hour after the tap and
/// the order service decided at once.
fn sources(logged_at: UnixMillis) -> TraceSources {
    let person = "0192f5d4-0000-7000-8000-000000000002";
    let actor = json!({"user_id": person, "role": "provider"});
    let entry: TimelineEntry = serde_json::from_value(json!({
        "version": 3, "action": "accept", "actor": actor, "from": "pending", "to": "accepted",
        "code": null, "reason": null,
        "hops": {"tapped_at": at(0), "edge_at": logged_at, "cloud_at": at(3_601)},
        "command_id": person, "source": "north-1", "edge": "north-1", "epoch": 1, "seq": 17,
        "verdict": "provisional",
    }))
    .unwrap();
    let op = serde_json::from_value(json!({
        "edge": "north-1", "epoch": 1, "seq": 17, "region": "NORTH", "hash": "0".repeat(64),
        "kind": "command", "state": "decided", "failures": 0, "received_at": at(3_600),
        "outcome": {
            "number": 16, "stored_at": at(3_602), "told": true,
            "outcome": {"kind": "applied", "decided_at": at(3_601)},
        },
    }))
    .unwrap();
    TraceSources {
        id: person.parse().unwrap(),
        order: None,
        timeline: vec![entry],
        status: None,
        events: None,
        feed: None,
        ops: vec![op],
        accepts: Vec::new(),
        unanswered: Vec::new(),
    }
}

fn trace(sources: TraceSources) -> OrderTrace {
    let style = OutputStyle::for_pipe(Language::English);
    OrderTrace {
        hops: collect_hops(&sources, None, &style),
        pending: collect_pending(&sources, &style),
        sources,
    }
}

fn kinds(trace: &OrderTrace) -> Vec<HopKind> {
    trace.hops.iter().map(|hop| hop.kind).collect()
}

const WAY: [HopKind; 6] = [
    HopKind::Tapped,
    HopKind::Logged,
    HopKind::Received,
    HopKind::Decided,
    HopKind::OutcomeStored,
    HopKind::OutcomeTold,
];

#[test]
fn a_tap_is_followed_in_the_order_of_cause_and_effect() {
    let trace = trace(sources(at(1)));
    assert_eq!(kinds(&trace), WAY);
    let doubtful = trace.hops.iter().filter(|hop| hop.is_doubtful);
    assert_eq!(doubtful.count(), 0);
    let text = trace.render_text(None, &OutputStyle::for_pipe(Language::English));
    assert!(
        text.contains("2025-11-24 17:00:00.000Z\t~59m 59s\tcloud\thub\treceived by the hub"),
        "{text}"
    );
}

#[test]
fn an_edge_whose_clock_is_ahead_stands_before_the_hub_and_is_doubted() {
    let trace = trace(sources(at(7_200)));
    assert_eq!(kinds(&trace), WAY);
    let doubtful: Vec<HopKind> = trace
        .hops
        .iter()
        .filter(|hop| hop.is_doubtful)
        .map(|hop| hop.kind)
        .collect();
    assert_eq!(doubtful, [HopKind::Logged]);
    let text = trace.render_text(None, &OutputStyle::for_pipe(Language::English));
    assert!(text.contains("\tnorth-1 ?\tnorth-1\t"), "{text}");
    assert!(
        text.contains("\t?\tcloud\thub\treceived by the hub"),
        "{text}"
    );
    assert!(text.contains("? behind a clock"), "{text}");
}

#[test]
fn a_hop_whose_time_is_forgotten_is_shown_without_one() {
    let mut sources = sources(at(1));
    let feed: OrderFeedTrace = serde_json::from_value(json!({
        "waiting": [],
        "changes": [{
            "region": "NORTH", "feed_seq": 7, "version": 3, "gone": false, "at": at(3_603),
            "edges": [{"edge": "north-1", "reached": true, "link": "up"}],
        }],
    }))
    .unwrap();
    sources.feed = Some(feed);
    let trace = trace(sources);
    let last = trace.hops.last().unwrap();
    assert_eq!((last.kind, last.at), (HopKind::AtEdge, None));
    let text = trace.render_text(None, &OutputStyle::for_pipe(Language::English));
    assert!(
        text.contains("-\t-\tcloud\tnorth-1\tnorth-1 has change 7"),
        "{text}"
    );
    assert!(text.contains("+ nothing is on its way any more"), "{text}");
}

#[test]
fn a_part_that_handles_an_event_in_the_moment_of_the_feed_has_its_hop() {
    let mut sources = sources(at(1));
    let events: OrderEventTrace =
        serde_json::from_value(json!({ "missing": [], "more": false, "items": [{
            "id": "0192f5d4-0000-7000-8000-000000000003", "type": "order.accepted", "part": "order",
            "order_version": 3, "made_at": at(3_601), "sent_at": at(3_602), "arrivals": [],
            "consumers": [
                {"queue": "payment_queue", "part": "payment", "state": "handled", "at": at(3_603)},
                {"queue": "feed_queue", "part": "hub", "state": "handled", "at": at(3_603)},
            ],
        }]}))
        .unwrap();
    let feed: OrderFeedTrace = serde_json::from_value(json!({
        "waiting": [],
        "changes": [{
            "region": "NORTH", "feed_seq": 7, "version": 3, "gone": false, "at": at(3_603),
            "edges": [],
        }],
    }))
    .unwrap();
    sources.events = Some(events);
    sources.feed = Some(feed);
    let trace = trace(sources);
    let handled = trace.hops.iter();
    let handled = handled.filter(|hop| hop.kind == HopKind::EventHandled);
    let places: Vec<&str> = handled.map(|hop| hop.place.as_str()).collect();
    assert_eq!(places, ["payment"]);
}
