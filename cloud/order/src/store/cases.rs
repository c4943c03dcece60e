//! Cases for a person to look at, newest first.

use platform::{
    sql::{Columns, Statement},
    vals,
};
use rules::CaseKind;
use sqlx::FromRow;
use wire::{CaseItem, CommandId, OrderCode, OrderId, UnixMillis, UserId};

use super::{
    Store, StoreError,
    rows::{self, CaseRow},
};

#[derive(FromRow)]
struct ListedCase {
    id: i64,
    location: Option<String>,
    #[sqlx(flatten)]
    case: CaseRow,
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
        let Self { id, location, case } = self;
        let kind: CaseKind = rows::read(&case.kind, "case_items.kind")?;
        let order_id = OrderId(case.order_id);
        let region = location.as_deref().map(rows::region).transpose()?;
        Ok(CaseItem {
            id: rows::count(id, "case_items.id")?,
            order_id,
            order_code: region.map(|region| OrderCode::of(region, order_id)),
            region,
            user_id: UserId(case.user_id),
            kind: kind.as_str().to_owned(),
            command_id: CommandId(case.command_id),
            code: case.code.as_deref().map(rows::code),
            at: UnixMillis(case.at),
        })
    }
}
