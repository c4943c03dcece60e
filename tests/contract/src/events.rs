//! Events for tests.

use process::clock::Clock;
use wire::{Event, EventId, EventType};

pub fn event(kind: EventType) -> Event {
    event_of(kind, 0)
}

pub fn event_of(kind: EventType, number: usize) -> Event {
    let clock = Clock::system();
    Event {
        id: EventId(clock.new_id()),
        kind,
        version: 1,
        at: clock.now(),
        trace: process::trace::TraceId::random().into(),
        body: serde_json::json!({ "number": number, "text": "北区 🛠" }),
    }
}

pub fn ids(events: &[Event]) -> Vec<EventId> {
    events.iter().map(|event| event.id).collect()
}
