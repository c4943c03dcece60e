//! The events of auth: an account was made or closed, a session was revoked. They name people by id alone.

use process::{clock::Clock, trace::TraceId};
use wire::{Event, EventType, Role, SessionId, UserEvent, UserId};

pub fn of(
    kind: EventType,
    clock: &Clock,
    trace: &TraceId,
    user_id: UserId,
    role: Role,
    session_id: Option<SessionId>,
) -> Result<Event, serde_json::Error> {
    let body = UserEvent { user_id, role, session_id };
    Event::new(clock.new_id().into(), kind, clock.now(), trace.as_str(), &body)
}
