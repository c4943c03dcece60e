//! The SQL statements of verification status.

use wire::{ProviderMark, UserId};

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
pub enum MarkEffect {
    /// The person became verified, or ceased to be.
    Turned,
    /// Nothing changed, or only the version.
    Known,
}

/// Locks the row before reading it, so that two updates of one person run in sequence.
pub async fn take(tx: &mut Tx, mark: ProviderMark) -> Result<MarkEffect, SqlError> {
    let ProviderMark { user, .. } = mark;
    tx.insert_new(MarkRow { user_id: user, version: 0, verified: false }).await?;
    let lock = if tx.is_mysql() { "WHERE user_id = ? FOR UPDATE" } else { "WHERE user_id = ?" };
    let known: Option<MarkRow> = tx.one(MarkRow::select(lock), vals![user]).await?;
    let known = known.map_or(ProviderMark { version: 0, verified: false, ..mark }, MarkRow::mark);
    let newest = known.joined(mark);
    if newest != known {
        tx.exec(PUT, vals![newest.version, newest.verified, user]).await?;
    }
    let turned = newest.verified != known.verified;
    Ok(if turned { MarkEffect::Turned } else { MarkEffect::Known })
}

/// `None` before the first status arrives.
pub async fn of_one(sql: &Sql, user: UserId) -> Result<Option<ProviderMark>, SqlError> {
    let row: Option<MarkRow> = sql.one(MarkRow::select("WHERE user_id = ?"), vals![user]).await?;
    Ok(row.map(MarkRow::mark))
}

pub async fn of(
    tx: &mut Tx,
    users: impl IntoIterator<Item = UserId>,
) -> Result<Vec<ProviderMark>, SqlError> {
    let text = MarkRow::select("WHERE user_id IN (");
    let rows = tx.all_named::<MarkRow>(text, &[], users, ")").await?;
    Ok(rows.into_iter().map(MarkRow::mark).collect())
}

impl MarkRow {
    fn mark(self) -> ProviderMark {
        let Self { user_id: user, version, verified } = self;
        ProviderMark { user, version, verified }
    }
}
