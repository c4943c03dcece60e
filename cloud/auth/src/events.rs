//! Events of auth: account registered, closed or readmitted, session revoked. They identify people
//! only by id.

use process::{clock::Clock, trace::TraceId};
use wire::{Event, EventType, ReadmissionEvent, Role, SessionId, UnixMillis, UserEvent, UserId};

pub fn build_user_event(
    kind: EventType,
    clock: &Clock,
    trace: &TraceId,
    user_id: UserId,
    role: Role,
    session_id: Option<SessionId>,
) -> Result<Event, serde_json::Error> {
    let body = UserEvent {
        user_id,
        role,
        session_id,
    };
    Event::new(
        clock.new_id().into(),
        kind,
        clock.now(),
        trace.as_str(),
        &body,
    )
}

pub fn build_session_revoked_event(
    clock: &Clock,
    trace: &TraceId,
    user_id: UserId,
    role: Role,
    session: SessionId,
) -> Result<Event, serde_json::Error> {
    let kind = EventType::SessionRevoked;
    build_user_event(kind, clock, trace, user_id, role, Some(session))
}

/// `at` is never before the start of the person's valid tokens, so event times order closings and
/// readmissions.
pub fn build_closed_event(
    clock: &Clock,
    trace: &TraceId,
    user_id: UserId,
    role: Role,
    at: UnixMillis,
) -> Result<Event, serde_json::Error> {
    let event = build_user_event(EventType::UserRevoked, clock, trace, user_id, role, None)?;
    Ok(Event { at, ..event })
}

pub fn build_readmitted_event(
    clock: &Clock,
    trace: &TraceId,
    body: &ReadmissionEvent,
) -> Result<Event, serde_json::Error> {
    let id = clock.new_id().into();
    let kind = EventType::UserReadmitted;
    Event::new(id, kind, clock.now(), trace.as_str(), body)
}
