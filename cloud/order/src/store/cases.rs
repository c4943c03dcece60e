//! Cases for admins: listed, taken, and closed with a reason.
//!
//! Invariants: items with the same order, person and kind form one case, and are taken and closed
//! together. A closed case stays closed and keeps its first reason; a new item of the same kind
//! opens a new one.

use platform::{
    row,
    sealing::{DataKeys, SealContext},
    sql::{Statement, Tx},
    transact, vals,
};
use rules::CaseKind;
use wire::{CaseItem, CaseState, Code, CommandId, OrderCode, OrderId, Region, UnixMillis, UserId};

use super::{Store, StoreError};

const LIST: &str = "SELECT case_items.id, orders.location, case_items.order_id, case_items.user_id, \
    case_items.kind, case_items.command_id, case_items.code, case_items.at, case_items.taken_by, \
    case_items.taken_at, case_items.closed_by, case_items.closed_at, case_items.closed_why \
    FROM case_items LEFT JOIN orders ON orders.id = case_items.order_id";
const OPEN_ITEMS: &str = "SELECT id FROM case_items WHERE order_id = ? AND user_id = ? AND kind = ? \
    AND closed_at IS NULL";
const TAKE: &str =
    "UPDATE case_items SET taken_by = ?, taken_at = ? WHERE id = ? AND closed_at IS NULL";
const CLOSE: &str = "UPDATE case_items SET closed_by = ?, closed_at = ?, closed_why = ? \
    WHERE id = ? AND closed_at IS NULL";
const COLUMN: &str = "case_items.closed_why";

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
        taken_by: Option<UserId>,
        taken_at: Option<UnixMillis>,
        closed_by: Option<UserId>,
        closed_at: Option<UnixMillis>,
        closed_why: Option<String>,
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseUpdateResult {
    Done(CaseItem),
    /// It was closed earlier and stays unchanged.
    Closed(CaseItem),
    Unknown,
}

enum OpenItems {
    Found(Vec<u64>),
    Unchangeable(CaseUpdateResult),
}

impl Store {
    /// Up to `limit` items before `before`, newest first.
    pub async fn list_cases(
        &self,
        state: Option<CaseState>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<CaseItem>, StoreError> {
        let text = Statement::new(LIST).append_text(" WHERE case_items.id < ?");
        let text = match state {
            None => text,
            Some(CaseState::Open) => text.append_text(" AND case_items.closed_at IS NULL"),
            Some(CaseState::Closed) => text.append_text(" AND case_items.closed_at IS NOT NULL"),
        };
        let text = text.append_text(" ORDER BY case_items.id DESC LIMIT ?");
        let values = vals![before.unwrap_or(u64::MAX), limit];
        let rows = self.sql.fetch_all::<ListedCase>(text, values).await?;
        rows.into_iter()
            .map(|row| row.into_case_item(self.data_keys()))
            .collect()
    }

    pub async fn find_case(&self, id: u64) -> Result<Option<CaseItem>, StoreError> {
        transact!(self.sql, tx => { read_case(tx, id).await })
    }

    /// Assigns the case to this admin, replacing any other.
    pub async fn take_case(&self, id: u64, by: UserId) -> Result<CaseUpdateResult, StoreError> {
        let now = self.clock.now();
        transact!(self.sql, tx => {
            let items = match open_items(tx, id).await? {
                OpenItems::Found(items) => items,
                OpenItems::Unchangeable(answer) => return Ok(answer),
            };
            for item in items {
                tx.exec(TAKE, vals![by, now, item]).await?;
            }
            updated_case(tx, id).await
        })
    }

    pub async fn close_case(
        &self,
        id: u64,
        by: UserId,
        why: &str,
    ) -> Result<CaseUpdateResult, StoreError> {
        let now = self.clock.now();
        transact!(self.sql, tx => {
            let items = match open_items(tx, id).await? {
                OpenItems::Found(items) => items,
                OpenItems::Unchangeable(answer) => return Ok(answer),
            };
            for item in items {
                let sealed = tx.data_keys().seal_text(&case_seal_place(item), why);
                tx.exec(CLOSE, vals![by, now, sealed, item]).await?;
            }
            updated_case(tx, id).await
        })
    }
}

/// The open items of the case with this item, or the reason the case cannot change.
async fn open_items(tx: &mut Tx, id: u64) -> Result<OpenItems, StoreError> {
    let Some(item) = read_case(tx, id).await? else {
        return Ok(OpenItems::Unchangeable(CaseUpdateResult::Unknown));
    };
    if item.closed_at.is_some() {
        return Ok(OpenItems::Unchangeable(CaseUpdateResult::Closed(item)));
    }
    let values = vals![item.order_id, item.user_id, item.kind.as_str()];
    let text = Statement::new(OPEN_ITEMS);
    let text = if tx.is_mysql() {
        text.append_text(" FOR UPDATE")
    } else {
        text
    };
    let items: Vec<u64> = tx.fetch_all(text, values).await?;
    if items.contains(&id) {
        return Ok(OpenItems::Found(items));
    }
    // Another admin was faster.
    let answer = match read_case(tx, id).await? {
        Some(item) => CaseUpdateResult::Closed(item),
        None => CaseUpdateResult::Unknown,
    };
    Ok(OpenItems::Unchangeable(answer))
}

async fn updated_case(tx: &mut Tx, id: u64) -> Result<CaseUpdateResult, StoreError> {
    Ok(read_case(tx, id)
        .await?
        .map_or(CaseUpdateResult::Unknown, CaseUpdateResult::Done))
}

async fn read_case(tx: &mut Tx, id: u64) -> Result<Option<CaseItem>, StoreError> {
    let text = Statement::new(LIST).append_text(" WHERE case_items.id = ?");
    let row: Option<ListedCase> = tx.fetch_optional(text, vals![id]).await?;
    row.map(|row| row.into_case_item(tx.data_keys()))
        .transpose()
}

pub(super) fn case_seal_place(item: u64) -> SealContext {
    SealContext::for_row(COLUMN, &item.to_be_bytes())
}

impl ListedCase {
    fn into_case_item(self, keys: &DataKeys) -> Result<CaseItem, StoreError> {
        let kind = self.kind.parse::<CaseKind>();
        kind.map_err(|_| StoreError::Unreadable("case_items.kind"))?;
        let closed_why = match self.closed_why {
            Some(why) => Some(keys.open_text(&case_seal_place(self.id), why)?),
            None => None,
        };
        Ok(CaseItem {
            id: self.id,
            order_id: self.order_id,
            order_code: self
                .location
                .map(|region| OrderCode::from_order_id(region, self.order_id)),
            region: self.location,
            user_id: self.user_id,
            kind: self.kind,
            command_id: self.command_id,
            code: self.code,
            at: self.at,
            taken_by: self.taken_by,
            taken_at: self.taken_at,
            closed_by: self.closed_by,
            closed_at: self.closed_at,
            closed_why,
        })
    }
}
