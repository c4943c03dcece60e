//! What a person has to look at, newest first.

use platform::vals;
use rules::CaseKind;
use uuid::Uuid;
use wire::{CaseItem, CommandId, OrderCode, OrderId, UnixMillis, UserId};

use super::{Store, StoreError, rows};

type CaseRow = (i64, Uuid, Uuid, String, Uuid, Option<String>, i64, Option<String>);

impl Store {
    /// The items before `before`, at most `limit`, newest first.
    pub async fn cases(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<CaseItem>, StoreError> {
        const CASES: &str = "SELECT c.id, c.order_id, c.user_id, c.kind, c.command_id, c.code, \
            c.at, o.location FROM case_items c LEFT JOIN orders o ON o.id = c.order_id \
            WHERE c.id < ? ORDER BY c.id DESC LIMIT ?";
        let before = before.unwrap_or(u64::MAX);
        let rows = self.sql.all::<CaseRow>(CASES, vals![before, limit]).await?;
        rows.into_iter().map(case).collect()
    }
}

fn case(row: CaseRow) -> Result<CaseItem, StoreError> {
    let (id, order_id, user_id, kind, command_id, code, at, location) = row;
    let kind: CaseKind = rows::read(&kind, "case_items.kind")?;
    let order_id = OrderId(order_id);
    let region = location.as_deref().map(rows::region).transpose()?;
    Ok(CaseItem {
        id: rows::count(id, "case_items.id")?,
        order_id,
        order_code: region.map(|region| OrderCode::of(region, order_id)),
        region,
        user_id: UserId(user_id),
        kind: kind.as_str().to_owned(),
        command_id: CommandId(command_id),
        code: code.as_deref().map(rows::code),
        at: UnixMillis(at),
    })
}
