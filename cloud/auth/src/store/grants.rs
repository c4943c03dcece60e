//! Device grants, which are sessions. A tablet has one per person and region; a person has a
//! bounded number. A new grant ends its tablet's previous one, and the oldest beyond the bound.

use platform::{outbox, transact, vals};
use wire::{DeviceId, Event, Region, SessionId, UnixMillis};

use super::{SessionEnding, Store, StoreError, UserSession, sessions::SessionKind};

/// People have few tablets. The ninth replaces the first.
const OF_ONE_PERSON_MAX: usize = 8;

const OTHERS: &str = "SELECT id, device, region FROM sessions \
    WHERE user_id = ? AND kind = ? AND id <> ? AND revoked_at IS NULL AND expires_at > ? \
    ORDER BY created_at DESC, id DESC";

impl Store {
    /// Ends the grants that `new` replaces, and returns them.
    pub async fn end_replaced_grants(
        &self,
        new: &UserSession,
        now: UnixMillis,
        event_of: impl Fn(SessionId) -> Result<Event, serde_json::Error>,
    ) -> Result<Vec<SessionId>, StoreError> {
        transact!(self.sql, tx => {
            let values = vals![new.user_id, SessionKind::DeviceGrant, new.id, now];
            let others: Vec<(SessionId, Option<DeviceId>, Option<Region>)> =
                tx.fetch_all(OTHERS, values).await?;
            let (mut kept, mut ended, mut events) = (1, Vec::new(), Vec::new());
            for (session, device, region) in others {
                let same = (&device, region) == (&new.device, new.region);
                if !same && kept < OF_ONE_PERSON_MAX {
                    kept += 1;
                } else if Self::end_session(tx, session, now, SessionEnding::Replaced).await? {
                    events.push(event_of(session)?);
                    ended.push(session);
                }
            }
            outbox::store::add_all(tx, &events).await?;
            Ok(ended)
        })
    }

    pub async fn add_session(&self, session: &UserSession) -> Result<(), StoreError> {
        transact!(self.sql, tx => {
            tx.insert(session.clone()).await?;
            Ok(())
        })
    }
}
