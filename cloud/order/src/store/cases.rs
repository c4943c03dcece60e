//! What a person has to look at, newest first.

use platform::vals;
use rules::CaseKind;
use serde::Serialize;
use uuid::Uuid;
use wire::{Code, CommandId, OrderId, UnixMillis, UserId};

use super::{Store, StoreError, rows};

/// One item; those of one order, person and kind are one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    /// Its place in the list.
    pub id: u64,
    pub order_id: OrderId,
    pub user_id: UserId,
    pub kind: String,
    pub command_id: CommandId,
    pub code: Option<Code>,
    pub at: UnixMillis,
}

type CaseRow = (i64, Uuid, Uuid, String, Uuid, Option<String>, i64);

impl Store {
    /// The items before `before`, at most `limit`, newest first.
    pub async fn cases(&self, before: Option<u64>, limit: usize) -> Result<Vec<Case>, StoreError> {
        const CASES: &str = "SELECT id, order_id, user_id, kind, command_id, code, at \
            FROM case_items WHERE id < ? ORDER BY id DESC LIMIT ?";
        let before = before.unwrap_or(u64::MAX);
        let rows = self.sql.all::<CaseRow>(CASES, vals![before, limit]).await?;
        rows.into_iter().map(case).collect()
    }
}

fn case(row: CaseRow) -> Result<Case, StoreError> {
    let (id, order_id, user_id, kind, command_id, code, at) = row;
    let kind: CaseKind = rows::read(&kind, "case_items.kind")?;
    Ok(Case {
        id: rows::count(id, "case_items.id")?,
        order_id: OrderId(order_id),
        user_id: UserId(user_id),
        kind: kind.as_str().to_owned(),
        command_id: CommandId(command_id),
        code: code.as_deref().map(rows::code),
        at: UnixMillis(at),
    })
}
