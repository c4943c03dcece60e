//! A service's copy of providers' verification status, which admins set in the user service. The
//! table `provider_marks` comes with the service's migrations.
//!
//! Invariant: the newest profile version wins, so a redelivered or late event changes nothing.

pub use store::{VerificationChange, apply_verification, find_verification, find_verifications};

use serde::Deserialize;
use wire::{Event, Exchange, ProfileEvent, ProviderVerification};

use crate::{
    consume::{EventHandler, HandleError},
    sql::Sql,
    transact,
};

/// A consumer of profile events that only updates this copy.
pub struct ProviderVerificationConsumer {
    pub sql: Sql,
}

impl EventHandler for ProviderVerificationConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if let Some(verification) = verification_from_event(event)? {
            let taken: Result<_, HandleError> = transact!(self.sql, tx => { Ok(store::apply_verification(tx, verification).await?) });
            taken?;
        }
        Ok(())
    }
}

/// `None` if the event is not about a provider's profile.
pub fn verification_from_event(event: &Event) -> Result<Option<ProviderVerification>, HandleError> {
    if event.kind.exchange() != Exchange::User {
        return Ok(None);
    }
    Ok(ProviderVerification::from_profile_event(
        &ProfileEvent::deserialize(&event.body)?,
    ))
}

/// The SQL statements of verification status.
mod store {
    use wire::{ProviderVerification, UserId};

    use crate::{
        row,
        sql::{Columns, Sql, SqlError, Tx},
        vals,
    };

    row! {
        struct VerificationRow in provider_marks {
            user_id: UserId,
            version: u64,
            verified: bool,
        }
    }

    const PUT: &str = "UPDATE provider_marks SET version = ?, verified = ? WHERE user_id = ?";

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum VerificationChange {
        /// The person became verified, or ceased to be.
        Turned,
        /// Nothing changed, or only the version.
        Known,
    }

    /// Locks the row before reading it, so that two updates of one person run in sequence.
    pub async fn apply_verification(
        tx: &mut Tx,
        verification: ProviderVerification,
    ) -> Result<VerificationChange, SqlError> {
        let ProviderVerification { user, .. } = verification;
        tx.insert_new(VerificationRow {
            user_id: user,
            version: 0,
            verified: false,
        })
        .await?;
        let lock = if tx.is_mysql() {
            "WHERE user_id = ? FOR UPDATE"
        } else {
            "WHERE user_id = ?"
        };
        let known: Option<VerificationRow> = tx
            .fetch_optional(VerificationRow::select(lock), vals![user])
            .await?;
        let known = known.map_or(
            ProviderVerification {
                version: 0,
                verified: false,
                ..verification
            },
            VerificationRow::into_verification,
        );
        let newest = known.merge_with(verification);
        if newest != known {
            tx.exec(PUT, vals![newest.version, newest.verified, user])
                .await?;
        }
        let turned = newest.verified != known.verified;
        Ok(if turned {
            VerificationChange::Turned
        } else {
            VerificationChange::Known
        })
    }

    /// `None` before the first status arrives.
    pub async fn find_verification(
        sql: &Sql,
        user: UserId,
    ) -> Result<Option<ProviderVerification>, SqlError> {
        let row: Option<VerificationRow> = sql
            .fetch_optional(VerificationRow::select("WHERE user_id = ?"), vals![user])
            .await?;
        Ok(row.map(VerificationRow::into_verification))
    }

    pub async fn find_verifications(
        tx: &mut Tx,
        users: impl IntoIterator<Item = UserId>,
    ) -> Result<Vec<ProviderVerification>, SqlError> {
        let text = VerificationRow::select("WHERE user_id IN (");
        let rows = tx
            .all_named::<VerificationRow>(text, &[], users, ")")
            .await?;
        Ok(rows
            .into_iter()
            .map(VerificationRow::into_verification)
            .collect())
    }

    impl VerificationRow {
        fn into_verification(self) -> ProviderVerification {
            let Self {
                user_id: user,
                version,
                verified,
            } = self;
            ProviderVerification {
                user,
                version,
                verified,
            }
        }
    }
}
