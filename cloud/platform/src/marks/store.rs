//! The SQL statements of verification status.

use wire::{ProviderVerification, UserId};

use crate::{
    row,
    sql::{Columns, Sql, SqlError, Tx},
    vals,
};

row! {
    struct MarkRow in provider_marks {
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
pub async fn apply_mark(
    tx: &mut Tx,
    verification: ProviderVerification,
) -> Result<VerificationChange, SqlError> {
    let ProviderVerification { user, .. } = verification;
    tx.insert_new(MarkRow {
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
    let known: Option<MarkRow> = tx
        .fetch_optional(MarkRow::select(lock), vals![user])
        .await?;
    let known = known.map_or(
        ProviderVerification {
            version: 0,
            verified: false,
            ..verification
        },
        MarkRow::into_mark,
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
pub async fn of_one(sql: &Sql, user: UserId) -> Result<Option<ProviderVerification>, SqlError> {
    let row: Option<MarkRow> = sql
        .fetch_optional(MarkRow::select("WHERE user_id = ?"), vals![user])
        .await?;
    Ok(row.map(MarkRow::into_mark))
}

pub async fn find_marks(
    tx: &mut Tx,
    users: impl IntoIterator<Item = UserId>,
) -> Result<Vec<ProviderVerification>, SqlError> {
    let text = MarkRow::select("WHERE user_id IN (");
    let rows = tx.all_named::<MarkRow>(text, &[], users, ")").await?;
    Ok(rows.into_iter().map(MarkRow::into_mark).collect())
}

impl MarkRow {
    fn into_mark(self) -> ProviderVerification {
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
