//! Cases for admins: listed, taken, and closed with a reason.
//!
//! Invariants: items with the same order, person and kind form one case, and are taken and closed
//! together. A closed case stays closed and keeps its first reason; a new item of the same kind
//! opens a new one.

use platform::{
    row,
    sealing::{DataKeys, SealPlace},
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
pub enum CaseTurn {
    Done(CaseItem),
    /// It was closed earlier and stays unchanged.
    Closed(CaseItem),
    Unknown,
}

impl Store {
    /// Up to `limit` items before `before`, newest first.
    pub async fn cases(
        &self,
        state: Option<CaseState>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<CaseItem>, StoreError> {
        let text = Statement::new(LIST).then(" WHERE case_items.id < ?");
        let text = match state {
            None => text,
            Some(CaseState::Open) => text.then(" AND case_items.closed_at IS NULL"),
            Some(CaseState::Closed) => text.then(" AND case_items.closed_at IS NOT NULL"),
        };
        let text = text.then(" ORDER BY case_items.id DESC LIMIT ?");
        let values = vals![before.unwrap_or(u64::MAX), limit];
        let rows = self.sql.all::<ListedCase>(text, values).await?;
        rows.into_iter().map(|row| row.item(self.data_keys())).collect()
    }

    pub async fn case(&self, id: u64) -> Result<Option<CaseItem>, StoreError> {
        transact!(self.sql, tx => { case(tx, id).await })
    }

    /// Assigns the case to this admin, replacing any other.
    pub async fn take_case(&self, id: u64, by: UserId) -> Result<CaseTurn, StoreError> {
        let now = self.clock.now();
        transact!(self.sql, tx => {
            let items = match open_items(tx, id).await? {
                Ok(items) => items,
                Err(turn) => return Ok(turn),
            };
            for item in items {
                tx.exec(TAKE, vals![by, now, item]).await?;
            }
            done(tx, id).await
        })
    }

    pub async fn close_case(&self, id: u64, by: UserId, why: &str) -> Result<CaseTurn, StoreError> {
        let now = self.clock.now();
        transact!(self.sql, tx => {
            let items = match open_items(tx, id).await? {
                Ok(items) => items,
                Err(turn) => return Ok(turn),
            };
            for item in items {
                let sealed = tx.data_keys().seal_text(&place(item), why);
                tx.exec(CLOSE, vals![by, now, sealed, item]).await?;
            }
            done(tx, id).await
        })
    }
}

/// The open items of the case with this item, or the reason the case cannot change.
async fn open_items(tx: &mut Tx, id: u64) -> Result<Result<Vec<u64>, CaseTurn>, StoreError> {
    let Some(item) = case(tx, id).await? else { return Ok(Err(CaseTurn::Unknown)) };
    if item.closed_at.is_some() {
        return Ok(Err(CaseTurn::Closed(item)));
    }
    let values = vals![item.order_id, item.user_id, item.kind.as_str()];
    let text = Statement::new(OPEN_ITEMS);
    let text = if tx.is_mysql() { text.then(" FOR UPDATE") } else { text };
    let items: Vec<u64> = tx.all(text, values).await?;
    if items.contains(&id) {
        return Ok(Ok(items));
    }
    // Another admin was faster.
    Ok(Err(case(tx, id).await?.map_or(CaseTurn::Unknown, CaseTurn::Closed)))
}

async fn done(tx: &mut Tx, id: u64) -> Result<CaseTurn, StoreError> {
    Ok(case(tx, id).await?.map_or(CaseTurn::Unknown, CaseTurn::Done))
}

async fn case(tx: &mut Tx, id: u64) -> Result<Option<CaseItem>, StoreError> {
    let text = Statement::new(LIST).then(" WHERE case_items.id = ?");
    let row: Option<ListedCase> = tx.one(text, vals![id]).await?;
    row.map(|row| row.item(tx.data_keys())).transpose()
}

pub(super) fn place(item: u64) -> SealPlace {
    SealPlace::of(COLUMN, &item.to_be_bytes())
}

impl ListedCase {
    fn item(self, keys: &DataKeys) -> Result<CaseItem, StoreError> {
        let kind = self.kind.parse::<CaseKind>();
        kind.map_err(|_| StoreError::Unreadable("case_items.kind"))?;
        let opened = |why| keys.open_text(&place(self.id), why);
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
            taken_by: self.taken_by,
            taken_at: self.taken_at,
            closed_by: self.closed_by,
            closed_at: self.closed_at,
            closed_why: self.closed_why.map(opened).transpose()?,
        })
    }
}
