//! The hops of an order in order of time.
//!
//! Invariant: a hop that an edge or a device timed is never listed after the hop that followed it,
//! even if its clock is wrong. Cloud hops are in the order of the cloud's clock.

use wire::{
    Actor, ChannelDelivery, CommandId, EdgeId, EventId, FeedArrival, InboxArrival, OpOutcome,
    OpRecord, Role, TimelineEntry, TracedChange, TracedEvent, UnixMillis, words,
};

use super::sources::{HUB, TraceSources};
use crate::{
    explain::{
        order::{describe_entry, describe_storing},
        timeline::PersonNames,
    },
    say,
    style::{OutputStyle, role_word},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HopClock {
    /// The device's own clock, which nothing checks.
    Device,
    Edge(EdgeId),
    /// The hub and the services: machines with synchronised clocks.
    Cloud,
}

impl HopClock {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Device => "device",
            Self::Edge(edge) => edge.as_str(),
            Self::Cloud => "cloud",
        }
    }
}

words! {
    HopKind {
        Tapped "tapped",
        Logged "logged",
        Received "received",
        Decided "decided",
        OutcomeStored "outcome_stored",
        OutcomeTold "outcome_told",
        EventWritten "event_written",
        EventSent "event_sent",
        EventHandled "event_handled",
        Fed "fed",
        AtEdge "at_edge",
        InInbox "in_inbox",
        Read "read",
        Delivery "delivery",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TraceHop {
    /// Absent if it is known to have happened, but no longer when.
    pub at: Option<UnixMillis>,
    /// Its place in the order of time.
    pub sort_at: UnixMillis,
    pub clock: HopClock,
    /// Other clocks contradict this one.
    pub is_doubtful: bool,
    pub kind: HopKind,
    /// The part, edge or person where it happened.
    pub place: String,
    pub text: String,
    pub command_id: Option<CommandId>,
    pub event: Option<EventId>,
}

impl TraceHop {
    fn in_cloud(kind: HopKind, at: UnixMillis, place: impl Into<String>, text: String) -> Self {
        Self {
            at: Some(at),
            sort_at: at,
            clock: HopClock::Cloud,
            is_doubtful: false,
            kind,
            place: place.into(),
            text,
            command_id: None,
            event: None,
        }
    }

    /// Happened after `after`, at a time that the hub no longer remembers.
    fn without_time(self, after: UnixMillis) -> Self {
        Self {
            at: None,
            sort_at: after,
            ..self
        }
    }

    fn with_command(self, command_id: Option<CommandId>) -> Self {
        Self { command_id, ..self }
    }

    fn with_event(self, event: &TracedEvent) -> Self {
        Self {
            event: Some(event.id),
            command_id: event.command_id,
            ..self
        }
    }
}

pub(super) fn collect_hops(
    sources: &TraceSources,
    names: Option<&PersonNames>,
    style: &OutputStyle,
) -> Vec<TraceHop> {
    let mut hops = Vec::new();
    for entry in &sources.timeline {
        hops.extend(list_command_hops(entry, sources, names, style));
    }
    for event in sources.events.iter().flat_map(|events| &events.items) {
        hops.extend(list_event_hops(event, sources, names, style));
    }
    for change in sources.feed.iter().flat_map(|feed| &feed.changes) {
        hops.extend(list_feed_hops(change, style));
    }
    // Stable: hops of one moment stay in the order of cause and effect.
    hops.sort_by_key(|hop| hop.sort_at);
    hops
}

/// The way of one command: tablet, edge, hub, order service, and the outcome's way back.
fn list_command_hops(
    entry: &TimelineEntry,
    sources: &TraceSources,
    names: Option<&PersonNames>,
    style: &OutputStyle,
) -> Vec<TraceHop> {
    let op = sources.find_op(entry);
    let mut hops = Vec::new();
    let received_at = op.map(|op| op.received_at);
    let in_cloud_at = received_at.or(entry.hops.cloud_at);
    let edge = entry.edge.as_ref().zip(entry.hops.edge_at);
    let logged = edge.map(|(edge, at)| {
        let sort_at = in_cloud_at.map_or(at, |after| at.min(after));
        TraceHop {
            sort_at,
            is_doubtful: sort_at < at || sources.has_wrong_clock(edge),
            clock: HopClock::Edge(edge.clone()),
            ..TraceHop::in_cloud(
                HopKind::Logged,
                at,
                edge.as_str(),
                describe_storing(entry, style),
            )
        }
    });
    hops.extend(entry.hops.tapped_at.map(|at| {
        let after = logged.as_ref().map(|logged| logged.sort_at).or(in_cloud_at);
        let sort_at = after.map_or(at, |after| at.min(after));
        let device = op.and_then(|op| op.command.as_ref()?.device.as_ref());
        let place = device.map_or_else(
            || style.translate(say::trace_clock_device),
            ToString::to_string,
        );
        let text = style.translate(say::trace_tapped);
        TraceHop {
            sort_at,
            is_doubtful: sort_at < at,
            clock: HopClock::Device,
            ..TraceHop::in_cloud(HopKind::Tapped, at, place, text)
        }
    }));
    hops.extend(logged);
    hops.extend(op.map(|op| {
        let text = style.translate(say::trail_received);
        TraceHop::in_cloud(HopKind::Received, op.received_at, "hub", text)
    }));
    hops.extend(entry.hops.cloud_at.map(|at| {
        let text = match names {
            Some(names) => describe_entry(entry, names, style),
            None => style.translate(say::trace_decided),
        };
        TraceHop::in_cloud(HopKind::Decided, at, "order", text)
    }));
    if let Some((op, outcome)) = op.and_then(|op| Some((op, op.outcome.as_ref()?))) {
        hops.extend(list_outcome_hops(op, outcome, style));
    }
    hops.into_iter()
        .map(|hop| hop.with_command(Some(entry.command_id)))
        .collect()
}

fn list_outcome_hops(op: &OpRecord, outcome: &OpOutcome, style: &OutputStyle) -> Vec<TraceHop> {
    let edge = &op.place.edge;
    let stored = style.translate(say::trace_outcome { edge: edge.into() });
    let mut hops = vec![TraceHop::in_cloud(
        HopKind::OutcomeStored,
        outcome.stored_at,
        "hub",
        stored,
    )];
    if outcome.told == Some(true) || outcome.told_at.is_some() {
        let at = outcome.told_at.unwrap_or(outcome.stored_at);
        let text = style.translate(say::trace_told { edge: edge.into() });
        let told = TraceHop::in_cloud(HopKind::OutcomeTold, at, edge.as_str(), text);
        hops.push(match outcome.told_at {
            Some(_) => told,
            None => told.without_time(outcome.stored_at),
        });
    }
    hops
}

fn list_event_hops(
    event: &TracedEvent,
    sources: &TraceSources,
    names: Option<&PersonNames>,
    style: &OutputStyle,
) -> Vec<TraceHop> {
    let kind = &event.kind;
    let written = match event.order_version {
        Some(version) => style.translate(say::trace_written_with_version {
            event: kind.into(),
            version: version.into(),
        }),
        None => style.translate(say::trace_written { event: kind.into() }),
    };
    let mut hops = vec![TraceHop::in_cloud(
        HopKind::EventWritten,
        event.made_at,
        &event.part,
        written,
    )];
    hops.extend(event.sent_at.map(|at| {
        let text = style.translate(say::trace_sent { event: kind.into() });
        TraceHop::in_cloud(HopKind::EventSent, at, "bus", text)
    }));
    for consumer in &event.consumers {
        let Some(at) = consumer.at else { continue };
        // The hub adds the change to the feed in the same transaction, which has its own hop.
        if consumer.part == HUB && sources.find_change(event, at).is_some() {
            continue;
        }
        let text = style.translate(say::trace_handled {
            queue: (&consumer.queue).into(),
            event: kind.into(),
        });
        hops.push(TraceHop::in_cloud(
            HopKind::EventHandled,
            at,
            &consumer.part,
            text,
        ));
    }
    for arrival in &event.arrivals {
        hops.extend(list_arrival_hops(kind, arrival, names, style));
    }
    hops.into_iter().map(|hop| hop.with_event(event)).collect()
}

fn list_arrival_hops(
    event: &str,
    arrival: &InboxArrival,
    names: Option<&PersonNames>,
    style: &OutputStyle,
) -> Vec<TraceHop> {
    let who = describe_reader(arrival, names, style);
    let inbox = "notification";
    let arrived = style.translate(say::trace_inbox {
        who: (&who).into(),
        event: event.into(),
    });
    let mut hops = vec![TraceHop::in_cloud(
        HopKind::InInbox,
        arrival.at,
        inbox,
        arrived,
    )];
    for ChannelDelivery {
        channel,
        state,
        created_at,
        ..
    } in &arrival.deliveries
    {
        let text = style.translate(say::trace_delivery {
            channel: channel.into(),
            who: (&who).into(),
            event: event.into(),
            state: state.into(),
        });
        hops.push(TraceHop::in_cloud(
            HopKind::Delivery,
            *created_at,
            inbox,
            text,
        ));
    }
    hops.extend(arrival.read_at.map(|at| {
        let text = style.translate(say::trace_read {
            who: (&who).into(),
            event: event.into(),
        });
        TraceHop::in_cloud(HopKind::Read, at, inbox, text)
    }));
    hops
}

/// The person as the rest of the trace calls them.
fn describe_reader(
    arrival: &InboxArrival,
    names: Option<&PersonNames>,
    style: &OutputStyle,
) -> String {
    if arrival.role == Role::Admin {
        return style.translate(say::trace_admins);
    }
    let actor = Actor {
        user_id: arrival.user_id,
        role: arrival.role,
    };
    let known = names.filter(|names| names.list().any(|(_, id)| id == arrival.user_id));
    match known {
        Some(names) => names.name(actor),
        None => role_word(arrival.role, style),
    }
}

fn list_feed_hops(change: &TracedChange, style: &OutputStyle) -> Vec<TraceHop> {
    let region = change.region.into();
    let number = change.feed_seq.into();
    let text = match change.gone {
        true => style.translate(say::trace_fed_gone { region, number }),
        false => style.translate(say::trace_fed {
            region,
            number,
            version: change.version.into(),
        }),
    };
    let mut hops = vec![TraceHop::in_cloud(HopKind::Fed, change.at, "hub", text)];
    for FeedArrival {
        edge, reached, at, ..
    } in &change.edges
    {
        if !reached {
            continue;
        }
        let text = style.translate(say::trace_at_edge {
            edge: edge.into(),
            number: change.feed_seq.into(),
        });
        let known_at = at.unwrap_or(change.at);
        let arrived = TraceHop::in_cloud(HopKind::AtEdge, known_at, edge.as_str(), text);
        hops.push(match at {
            Some(_) => arrived,
            None => arrived.without_time(change.at),
        });
    }
    hops
}
