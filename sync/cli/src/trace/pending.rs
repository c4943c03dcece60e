//! What has not happened yet, and where it waits.

use serde_json::{Value, json};
use wire::{EdgeId, LinkState, OpRecord, OpState, ReceiptState, TracedChange, TracedEvent, words};

use super::sources::TraceSources;
use crate::{
    queue::describe_state,
    say,
    style::{OutputStyle, format_moment},
};

words! {
    PendingKind {
        OpAtEdge "op_at_edge",
        OpAtHub "op_at_hub",
        AcceptAtHub "accept_at_hub",
        OutcomeAtHub "outcome_at_hub",
        EventInOutbox "event_in_outbox",
        EventUnhandled "event_unhandled",
        ChangeNotFed "change_not_fed",
        ChangeAtHub "change_at_hub",
        DeliveryWaiting "delivery_waiting",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PendingHop {
    pub kind: PendingKind,
    pub text: String,
    /// The edge that it waits for.
    pub edge: Option<EdgeId>,
}

impl PendingHop {
    fn new(kind: PendingKind, text: String) -> Self {
        Self {
            kind,
            text,
            edge: None,
        }
    }

    fn for_edge(self, edge: &EdgeId) -> Self {
        Self {
            edge: Some(edge.clone()),
            ..self
        }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({"what": self.kind.as_str(), "text": self.text, "edge": self.edge})
    }
}

/// In the order of an order's way.
pub(super) fn collect_pending(sources: &TraceSources, style: &OutputStyle) -> Vec<PendingHop> {
    let mut pending = list_at_edges(sources, style);
    let waiting = sources.feed.iter().flat_map(|feed| &feed.waiting);
    pending.extend(waiting.map(|op| {
        let (_, state) = describe_state(op.state, style);
        let text = style.translate(say::trace_op_waits {
            place: (&op.place).into(),
            state: state.trim_start_matches(['~', '!', '+', ' ']).into(),
        });
        PendingHop::new(PendingKind::OpAtHub, text).for_edge(&op.place.edge)
    }));
    pending.extend(sources.accepts.iter().map(|accept| {
        let text = style.translate(say::trace_accept_waits {
            id: accept.command_id.into(),
            region: accept.region.into(),
        });
        PendingHop::new(PendingKind::AcceptAtHub, text)
    }));
    pending.extend(sources.ops.iter().filter_map(|op| list_outcome(op, style)));
    for event in sources.events.iter().flat_map(|events| &events.items) {
        pending.extend(list_of_event(event, style));
    }
    pending.extend(list_unfed_version(sources, style));
    pending.extend(list_behind_edges(sources, style));
    pending
}

/// The hub cannot tell which order an op concerns before it has the op.
fn list_at_edges(sources: &TraceSources, style: &OutputStyle) -> Vec<PendingHop> {
    let behind = sources.edges().filter(|edge| edge.lag_up_ops > 0);
    let texts = behind.map(|known| {
        let text = style.translate(say::trace_ops_at_edge {
            edge: (&known.edge).into(),
            count: known.lag_up_ops,
        });
        PendingHop::new(PendingKind::OpAtEdge, text).for_edge(&known.edge)
    });
    texts.collect()
}

fn list_outcome(op: &OpRecord, style: &OutputStyle) -> Option<PendingHop> {
    if op.state != OpState::Decided || op.outcome.as_ref()?.told != Some(false) {
        return None;
    }
    let edge = &op.place.edge;
    let text = style.translate(say::trace_not_told {
        edge: edge.into(),
        place: (&op.place).into(),
    });
    Some(PendingHop::new(PendingKind::OutcomeAtHub, text).for_edge(edge))
}

fn list_of_event(event: &TracedEvent, style: &OutputStyle) -> Vec<PendingHop> {
    if event.sent_at.is_none() {
        let text = style.translate(say::trace_in_outbox {
            event: (&event.kind).into(),
            part: (&event.part).into(),
            since: format_moment(event.made_at).into(),
        });
        return vec![PendingHop::new(PendingKind::EventInOutbox, text)];
    }
    let mut pending = Vec::new();
    for consumer in &event.consumers {
        if consumer.state == ReceiptState::Waiting {
            let text = style.translate(say::trace_unhandled {
                queue: (&consumer.queue).into(),
                part: (&consumer.part).into(),
                event: (&event.kind).into(),
            });
            pending.push(PendingHop::new(PendingKind::EventUnhandled, text));
        }
    }
    let deliveries = event.arrivals.iter().flat_map(|one| &one.deliveries);
    for delivery in deliveries.filter(|delivery| delivery.state == "waiting") {
        let text = style.translate(say::trace_delivery_waits {
            channel: (&delivery.channel).into(),
            event: (&event.kind).into(),
            attempts: delivery.attempts.unsigned_abs(),
        });
        pending.push(PendingHop::new(PendingKind::DeliveryWaiting, text));
    }
    pending
}

/// The order's version is not in its region's feed.
fn list_unfed_version(sources: &TraceSources, style: &OutputStyle) -> Option<PendingHop> {
    let order = sources.order.as_ref()?;
    let mut changes = sources.feed.as_ref()?.changes.iter();
    let is_current =
        |change: &TracedChange| change.region == order.location && change.version >= order.version;
    if changes.any(is_current) {
        return None;
    }
    let text = style.translate(say::trace_not_fed {
        region: order.location.into(),
        version: order.version.into(),
    });
    Some(PendingHop::new(PendingKind::ChangeNotFed, text))
}

/// An edge that lacks the newest change of a region; it then lacks no older one for long.
fn list_behind_edges(sources: &TraceSources, style: &OutputStyle) -> Vec<PendingHop> {
    let changes = sources.feed.iter().flat_map(|feed| &feed.changes);
    let mut newest: Vec<&TracedChange> = Vec::new();
    for change in changes {
        newest.retain(|earlier| earlier.region != change.region);
        newest.push(change);
    }
    let mut pending = Vec::new();
    for change in newest {
        for arrival in change.edges.iter().filter(|arrival| !arrival.reached) {
            let link = match arrival.link {
                LinkState::Up => "up",
                LinkState::Down => "down",
                LinkState::Never => "never",
            };
            let text = style.translate(say::trace_not_at_edge {
                number: change.feed_seq.into(),
                region: change.region.into(),
                edge: (&arrival.edge).into(),
                link: link.into(),
            });
            let behind = PendingHop::new(PendingKind::ChangeAtHub, text);
            pending.push(behind.for_edge(&arrival.edge));
        }
    }
    pending
}
