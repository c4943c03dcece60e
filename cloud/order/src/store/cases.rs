//! Cases for a person to look at, newest first.

use platform::{
    row,
    sql::{Columns, Statement},
    vals,
};
use rules::CaseKind;
use wire::{CaseItem, Code, CommandId, OrderCode, OrderId, Region, UnixMillis, UserId};

use super::{Store, StoreError, rows::CaseRow};

row! {
    struct ListedCase {
        id: u64,
        location: Option<Region>,
        order_id: OrderId,
        user_id: UserId,
        kind: String,
        command_id: CommandId,
        code: Option<Code>,
        at: UnixMillis,
    }
}

impl Store {
    /// The items before `before`, at most `limit`, newest first.
    pub async fn cases(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<CaseItem>, StoreError> {
        let text =
            Statement::new("SELECT case_items.id, orders.location, ").then(CaseRow::LIST).then(
                " FROM case_items LEFT JOIN orders ON orders.id = case_items.order_id \
             WHERE case_items.id < ? ORDER BY case_items.id DESC LIMIT ?",
            );
        let values = vals![before.unwrap_or(u64::MAX), limit];
        let rows = self.sql.all::<ListedCase>(text, values).await?;
        rows.into_iter().map(ListedCase::item).collect()
    }
}

impl ListedCase {
    fn item(self) -> Result<CaseItem, StoreError> {
        let kind = self.kind.parse::<CaseKind>();
        kind.map_err(|_| StoreError::Unreadable("case_items.kind"))?;
        Ok(CaseItem {
            id: self.id,
            order_id: self.order_id,
            order_code: self.location.map(|region| OrderCode::of(region, self.order_id)),
            region: self.location,
            user_id: self.user_id,
            kind: self.kind,
            command_id: self.command_id,
            code: self.code,
            at: self.at,
        })
    }
}
