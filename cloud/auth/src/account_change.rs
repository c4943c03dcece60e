//! Changes of an account that end its other sessions in the same transaction.

use process::trace::TraceId;
use wire::{Event, EventType, Role, SessionId, UserId};

use crate::{
    service::{Service, build_session_revoked_event, build_user_event},
    session_cache::PendingRevocation,
    store::{OtherSessionsRevocation, SessionEnding},
};

/// Spans the store's transaction: begin before it, and finish with its result. If it is dropped
/// instead, the next refill of the blacklist repairs what the cache may have missed.
#[must_use]
pub struct AccountChange<'s> {
    service: &'s Service,
    trace: &'s TraceId,
    role: Role,
    /// For the store.
    pub revocation: OtherSessionsRevocation,
    pending: PendingRevocation,
}

impl Service {
    pub fn begin_account_change<'s>(
        &'s self,
        user: UserId,
        role: Role,
        except: Option<SessionId>,
        why: SessionEnding,
        trace: &'s TraceId,
    ) -> AccountChange<'s> {
        AccountChange {
            service: self,
            trace,
            role,
            revocation: OtherSessionsRevocation {
                user,
                except,
                at: self.clock.now(),
                why,
            },
            pending: self.sessions.begin_revocation(),
        }
    }
}

impl AccountChange<'_> {
    pub fn build_event(&self, session: SessionId) -> Result<Event, serde_json::Error> {
        let user = self.revocation.user;
        build_session_revoked_event(&self.service.clock, self.trace, user, self.role, session)
    }

    /// Notifies the owner, or the admins, of the change itself.
    pub fn build_notice(&self, kind: EventType) -> Result<Event, serde_json::Error> {
        let user = self.revocation.user;
        build_user_event(kind, &self.service.clock, self.trace, user, self.role, None)
    }

    /// Blacklists the ended sessions, and returns their number.
    pub async fn finish(self, ended: &[SessionId]) -> usize {
        self.service
            .blacklist_ended(self.pending, ended, self.revocation.at)
            .await;
        ended.len()
    }

    /// The store refused, so no session ended.
    pub fn cancel(self) {
        self.pending.mark_reported();
    }

    /// Returns `None` if the store refused.
    pub async fn finish_if_made(self, ended: Option<Vec<SessionId>>) -> Option<usize> {
        match ended {
            Some(ended) => Some(self.finish(&ended).await),
            None => {
                self.cancel();
                None
            }
        }
    }
}
