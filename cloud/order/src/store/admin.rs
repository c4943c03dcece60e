//! Records that admins work with: cases, lost acceptances, and the stored answers of a command id.
//! `firm_answers` has the promises of edges.
//!
//! Invariants: case items with the same order, person and kind form one case, and are taken and
//! closed together. A closed case stays closed and keeps its first reason; a new item of the same
//! kind opens a new one.

use std::collections::HashMap;

use platform::{
    row,
    sql::{
        Columns, KeyColumn, NAMES_MAX, ReadError, Row, SealedColumn, SealedTable, Statement,
        StoredRow, Tx, Val, split_batches,
    },
    transact, vals,
};
use rules::{CaseKind, StoredAnswer};
use wire::{
    CaseItem, CaseState, Code, CommandAnswer, CommandId, LostAcceptance, OpPlace, OrderCode,
    OrderId, Region, TimelineEntry, UnixMillis, UserId, Winner,
};

use super::{Store, StoreError, rows::AnswerRow, timeline_rows::LineRow};

const LIST_CASES: &str = "SELECT case_items.id, orders.location, case_items.order_id, case_items.user_id, \
    case_items.kind, case_items.command_id, case_items.code, case_items.at, case_items.taken_by, \
    case_items.taken_at, case_items.closed_by, case_items.closed_at, case_items.closed_why \
    FROM case_items LEFT JOIN orders ON orders.id = case_items.order_id";

const OPEN_ITEMS: &str = "SELECT id FROM case_items WHERE order_id = ? AND user_id = ? AND kind = ? \
    AND closed_at IS NULL";

const TAKE_CASE: &str =
    "UPDATE case_items SET taken_by = ?, taken_at = ? WHERE id = ? AND closed_at IS NULL";

const CLOSE_CASE: &str = "UPDATE case_items SET closed_by = ?, closed_at = ?, closed_why = ? \
    WHERE id = ? AND closed_at IS NULL";

const CASE_ID: &[KeyColumn] = &[KeyColumn::Number("id")];

const CLOSED_WHY: SealedColumn = SealedColumn::text("closed_why", "case_items.closed_why", CASE_ID);

pub(super) const CASES: SealedTable = SealedTable {
    label: "order.case_items",
    name: "case_items",
    key: CASE_ID,
    part: None,
    columns: &[CLOSED_WHY],
};

row! {
    struct ListedCase sealed by CASES {
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
        let text = Statement::new(LIST_CASES).append_text(" WHERE case_items.id < ?");
        let text = match state {
            None => text,
            Some(CaseState::Open) => text.append_text(" AND case_items.closed_at IS NULL"),
            Some(CaseState::Closed) => text.append_text(" AND case_items.closed_at IS NOT NULL"),
        };
        let text = text.append_text(" ORDER BY case_items.id DESC LIMIT ?");
        let values = vals![before.unwrap_or(u64::MAX), limit];
        let rows = self.sql.fetch_all::<ListedCase>(text, values).await?;
        rows.into_iter().map(ListedCase::into_case_item).collect()
    }

    /// The cases that these commands opened on these orders, oldest first.
    pub(super) async fn list_cases_of_commands(
        &self,
        commands: &[(OrderId, CommandId)],
    ) -> Result<Vec<CaseItem>, StoreError> {
        let mut cases = Vec::new();
        for part in split_batches(commands, NAMES_MAX) {
            let orders = part.iter().map(|(order_id, _)| Val::from(*order_id));
            let commands = part.iter().map(|(_, command_id)| Val::from(*command_id));
            let text = Statement::new(LIST_CASES)
                .append_text(" WHERE case_items.order_id IN (")
                .append_marks(part.len())
                .append_text(") AND case_items.command_id IN (")
                .append_marks(part.len())
                .append_text(") ORDER BY case_items.id");
            let rows: Vec<ListedCase> = self
                .sql
                .fetch_all(text, orders.chain(commands).collect())
                .await?;
            for row in rows {
                cases.push(row.into_case_item()?);
            }
        }
        Ok(cases)
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
                tx.exec(TAKE_CASE, vals![by, now, item]).await?;
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
                let context = CLOSED_WHY.context(&vals![item]);
                let sealed = tx.data_keys().seal_text(&context, why);
                tx.exec(CLOSE_CASE, vals![by, now, sealed, item]).await?;
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
    let text = Statement::new(LIST_CASES).append_text(" WHERE case_items.id = ?");
    let row: Option<ListedCase> = tx.fetch_optional(text, vals![id]).await?;
    row.map(ListedCase::into_case_item).transpose()
}

impl ListedCase {
    fn into_case_item(self) -> Result<CaseItem, StoreError> {
        let kind = self.kind.parse::<CaseKind>();
        kind.map_err(|_| StoreError::Unreadable("case_items.kind"))?;
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
            closed_why: self.closed_why,
        })
    }
}

/// Timeline entries scanned per page. Few of them are lost acceptances or firm answers, but an
/// index for these would slow every order change.
const LINES_SEARCHED_MAX: u64 = 20_000;

const NEWEST: &str = "SELECT COALESCE(MAX(id), 0) FROM order_timeline";

const LOST: &str = " FROM order_timeline JOIN orders ON orders.id = order_timeline.order_id \
    WHERE order_timeline.id < ? AND order_timeline.id >= ? AND action = 'accept' \
    AND from_status = to_status AND order_timeline.code IS NOT NULL \
    AND order_timeline.code NOT IN (?, ?) ORDER BY order_timeline.id DESC LIMIT ?";

const WON: &str = " FROM order_timeline WHERE action = 'accept' AND from_status <> to_status \
    AND order_id IN (";

/// Answers shown per id. More than a person has devices is abuse.
const ANSWERS_MAX: usize = 20;

/// The timeline entries that one page scans.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScannedLines {
    pub before: u64,
    pub from: u64,
}

impl ScannedLines {
    /// The start of the next page, if any. `last` is the last item of a full page.
    pub(super) fn next_page(self, last: Option<u64>) -> Option<u64> {
        Some(last.unwrap_or(self.from)).filter(|next| *next > 1)
    }
}

/// A timeline entry after the extra columns of its row, such as its id and its order's region.
pub(super) struct LocatedTimelineRow<P> {
    pub place: P,
    pub line: LineRow,
}

impl<P: Row> Row for LocatedTimelineRow<P> {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        Ok(Self {
            place: P::read(row)?,
            line: Row::read(row)?,
        })
    }
}

type LostAcceptanceRow = LocatedTimelineRow<(u64, Region)>;

type WinningAcceptanceRow = LocatedTimelineRow<u64>;

impl Store {
    /// Up to `limit` entries before `before`, and the start of the next page, if any.
    pub async fn lost_acceptances(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<LostAcceptance>, Option<u64>), StoreError> {
        let scanned = self.scanned_lines(before).await?;
        let closed = [Code::OrderCancelledMeanwhile, Code::OrderRejectedMeanwhile];
        let [cancelled, rejected] = closed.map(Code::as_str);
        let values = vals![scanned.before, scanned.from, cancelled, rejected, limit];
        let text = Statement::new("SELECT order_timeline.id, orders.location, ");
        let text = text.append_text(LineRow::LIST).append_text(LOST);
        let rows: Vec<LostAcceptanceRow> = self.sql.fetch_all(text, values).await?;
        let full = rows.len() == limit;
        let lost = self.add_winners(rows).await?;
        let last = lost.last().filter(|_| full).map(|lost| lost.id);
        Ok((lost, scanned.next_page(last)))
    }

    /// The entries to scan before this one, or at the end of the history.
    pub(super) async fn scanned_lines(
        &self,
        before: Option<u64>,
    ) -> Result<ScannedLines, StoreError> {
        let before = match before {
            Some(before) => before,
            None => {
                self.sql
                    .fetch_optional::<u64>(NEWEST, vals![])
                    .await?
                    .unwrap_or_default()
                    + 1
            }
        };
        let from = before.saturating_sub(LINES_SEARCHED_MAX).max(1);
        Ok(ScannedLines { before, from })
    }

    pub async fn list_answers(&self, id: CommandId) -> Result<Vec<CommandAnswer>, StoreError> {
        let text = AnswerRow::select("WHERE command_id = ? LIMIT ?");
        let rows: Vec<AnswerRow> = self.sql.fetch_all(text, vals![id, ANSWERS_MAX]).await?;
        Ok(rows.into_iter().map(command_answer_from_row).collect())
    }

    async fn add_winners(
        &self,
        rows: Vec<LostAcceptanceRow>,
    ) -> Result<Vec<LostAcceptance>, StoreError> {
        let mut won: HashMap<OrderId, Vec<(u64, Winner)>> = HashMap::new();
        for part in split_batches(&rows, NAMES_MAX) {
            let values = part.iter().map(|row| row.line.order_id.into()).collect();
            let text = Statement::new("SELECT order_timeline.id, ")
                .append_text(LineRow::LIST)
                .append_text(WON);
            let text = text
                .append_marks(part.len())
                .append_text(") ORDER BY order_timeline.id");
            for row in self
                .sql
                .fetch_all::<WinningAcceptanceRow>(text, values)
                .await?
            {
                let order_id = row.line.order_id;
                won.entry(order_id)
                    .or_default()
                    .push((row.place, winner_from_row(row.line)));
            }
        }
        let mut lost: Vec<LostAcceptance> = rows
            .into_iter()
            .map(|row| to_lost_acceptance(row, &won))
            .collect();
        for region in Region::ALL {
            let here = lost.iter_mut().filter(|lost| lost.region == region);
            self.fill_in_promise_ends(region, here.map(|lost| &mut lost.entry))
                .await?;
        }
        Ok(lost)
    }
}

fn to_lost_acceptance(
    row: LostAcceptanceRow,
    won: &HashMap<OrderId, Vec<(u64, Winner)>>,
) -> LostAcceptance {
    let (id, region) = row.place;
    let order_id = row.line.order_id;
    let mut earlier = won
        .get(&order_id)
        .into_iter()
        .flatten()
        .filter(|(won, _)| *won < id);
    let entry = TimelineEntry::from(row.line);
    // An acceptance lost for another reason may find the order with a provider, but that provider
    // is not a winner.
    let taken = entry.was_beaten();
    LostAcceptance {
        id,
        order_id,
        order_code: OrderCode::from_order_id(region, order_id),
        region,
        winner: earlier
            .next_back()
            .filter(|_| taken)
            .map(|(_, winner)| winner.clone()),
        entry,
    }
}

fn winner_from_row(line: LineRow) -> Winner {
    let entry = TimelineEntry::from(line);
    Winner {
        user_id: entry.actor.user_id,
        source: entry.source,
        decided_at: entry.hops.cloud_at,
        verdict: entry.verdict,
        race_rule: entry.race_rule,
    }
}

fn command_answer_from_row(row: AnswerRow) -> CommandAnswer {
    let answer = StoredAnswer::from(row);
    CommandAnswer {
        command_id: answer.command_id,
        user_id: answer.user_id,
        applied: answer.applied,
        code: answer.code,
        order_id: answer.order_id,
        order_version: answer.order_version,
        op: answer.op.map(|op| OpPlace {
            edge: op.edge,
            epoch: op.epoch,
            seq: op.seq,
        }),
        decided_at: answer.decided_at,
    }
}
