//! The events of auth: an account was made or closed, a session was revoked. They name people by id alone.

use process::{clock::Clock, trace::TraceId};
use wire::{Event, EventType, Role, SessionId, UserEvent, UserId};

pub fn user_registered(clock: &Clock, trace: &TraceId, user_id: UserId, role: Role) -> Event {
    event(clock, trace, EventType::UserRegistered, UserEvent { user_id, role, session_id: None })
}

pub fn session_revoked(
    clock: &Clock,
    trace: &TraceId,
    user_id: UserId,
    role: Role,
    session: SessionId,
) -> Event {
    let body = UserEvent { user_id, role, session_id: Some(session) };
    event(clock, trace, EventType::SessionRevoked, body)
}

pub fn user_revoked(clock: &Clock, trace: &TraceId, user_id: UserId, role: Role) -> Event {
    event(clock, trace, EventType::UserRevoked, UserEvent { user_id, role, session_id: None })
}

fn event(clock: &Clock, trace: &TraceId, kind: EventType, body: UserEvent) -> Event {
    Event {
        id: clock.new_id().into(),
        kind,
        version: 1,
        at: clock.now(),
        trace: trace.as_str().to_owned(),
        // Two ids and a word always have a JSON form.
        body: serde_json::to_value(body).unwrap_or_default(),
    }
}
