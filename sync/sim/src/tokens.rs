//! Tokens as plain text: person and expiry. Signatures are assumed valid; expiry is simulated.

use uuid::Uuid;
use wire::{Actor, Code, Role, UnixMillis, UserId};

pub(crate) fn issue(actor: Actor, expires_at: UnixMillis) -> String {
    format!(
        "{} {} {}",
        actor.user_id,
        actor.role.as_number(),
        expires_at.0
    )
}

pub(crate) fn verify(token: &str, at: UnixMillis) -> Result<Actor, Code> {
    let (actor, expires_at) = read(token).ok_or(Code::InvalidToken)?;
    if at < expires_at {
        Ok(actor)
    } else {
        Err(Code::TokenExpired)
    }
}

pub(crate) fn read(token: &str) -> Option<(Actor, UnixMillis)> {
    let mut parts = token.split(' ');
    let user_id = UserId(Uuid::parse_str(parts.next()?).ok()?);
    let role = Role::from_number(parts.next()?.parse().ok()?)?;
    Some((
        Actor { user_id, role },
        UnixMillis(parts.next()?.parse().ok()?),
    ))
}
