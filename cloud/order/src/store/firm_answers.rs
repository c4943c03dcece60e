//! The firm answers of edges, for operators: the promises that edges made, mostly while cut off,
//! and the result of each. For information only; a case requires a decision.

use std::collections::HashMap;

use platform::{
    sql::{Columns, Statement, Val},
    vals,
};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{
    CaseItem, CommandId, EdgeId, FirmAnswer, OrderCode, OrderId, OrderStatus, Region,
    TimelineEntry, UnixMillis, UserId,
};

use super::{
    Store, StoreError,
    admin::{LocatedTimelineRow, ScannedLines},
    timeline_rows::LineRow,
};

/// Each database keeps the order of its join. It could otherwise begin at all orders of a region.
const JOIN_OF_SQLITE: &str = " FROM order_timeline CROSS JOIN orders";
const JOIN_OF_MYSQL: &str = " FROM order_timeline STRAIGHT_JOIN orders";

const FIRM: &str = " ON orders.id = order_timeline.order_id \
    WHERE order_timeline.id < ? AND order_timeline.id >= ? AND promise_edge IS NOT NULL";

const NEWEST_FIRST: &str = " ORDER BY order_timeline.id DESC LIMIT ?";

const DECIDED_AT: &str = "SELECT cloud_at FROM order_timeline WHERE id >= ? ORDER BY id LIMIT 1";

/// Transactions that run at the same time may number their entries in another order than their
/// times. None runs this long.
const TRANSACTION_MS_MAX: i64 = 3_600_000;

type FirmAnswerRow = LocatedTimelineRow<(u64, Region, OrderStatus)>;

/// Filters of the list; absent ones admit everything.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub struct FirmAnswerQuery {
    pub region: Option<Region>,
    /// The edge that gave the answer.
    pub edge: Option<EdgeId>,
    /// Answers on which the cloud decided at or after this moment.
    pub from: Option<UnixMillis>,
    /// Answers on which the cloud decided before this moment.
    pub until: Option<UnixMillis>,
}

impl Store {
    /// Up to `limit` answers before `before`, newest first, and the start of the next page, if any.
    pub async fn list_firm_answers(
        &self,
        query: &FirmAnswerQuery,
        before: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<FirmAnswer>, Option<u64>), StoreError> {
        let scanned = self.scanned_lines(before).await?;
        let (text, values) = self.build_list_query(query, scanned, limit);
        let rows: Vec<FirmAnswerRow> = self.sql.fetch_all(text, values).await?;
        let mut answers: Vec<FirmAnswer> = rows.into_iter().map(to_firm_answer).collect();
        for region in Region::ALL {
            let here = answers.iter_mut().filter(|answer| answer.region == region);
            self.fill_in_promise_ends(region, here.map(|answer| &mut answer.entry))
                .await?;
        }
        self.add_cases(&mut answers).await?;
        let last = answers.last().map(|answer| answer.id);
        let last = last.filter(|_| answers.len() == limit);
        if last.is_none() && self.begins_before(scanned, query.from).await? {
            return Ok((answers, None));
        }
        Ok((answers, scanned.next_page(last)))
    }

    /// True if the rest of the history is older than the list may show.
    async fn begins_before(
        &self,
        scanned: ScannedLines,
        from: Option<UnixMillis>,
    ) -> Result<bool, StoreError> {
        let Some(from) = from else { return Ok(false) };
        let oldest = self
            .sql
            .fetch_optional::<Option<UnixMillis>>(DECIDED_AT, vals![scanned.from])
            .await?;
        Ok(oldest
            .flatten()
            .is_some_and(|at| at < from.plus_ms(-TRANSACTION_MS_MAX)))
    }

    async fn add_cases(&self, answers: &mut [FirmAnswer]) -> Result<(), StoreError> {
        let commands: Vec<(OrderId, CommandId)> = answers
            .iter()
            .map(|answer| (answer.order_id, answer.entry.command_id))
            .collect();
        let mut cases: HashMap<(OrderId, CommandId, UserId), Vec<CaseItem>> = HashMap::new();
        for case in self.list_cases_of_commands(&commands).await? {
            let command = (case.order_id, case.command_id, case.user_id);
            cases.entry(command).or_default().push(case);
        }
        for answer in answers {
            let entry = &answer.entry;
            let command = (answer.order_id, entry.command_id, entry.actor.user_id);
            answer.cases = cases.remove(&command).unwrap_or_default();
        }
        Ok(())
    }

    fn build_list_query(
        &self,
        query: &FirmAnswerQuery,
        scanned: ScannedLines,
        limit: usize,
    ) -> (Statement, Vec<Val>) {
        let join = if self.sql.is_mysql() {
            JOIN_OF_MYSQL
        } else {
            JOIN_OF_SQLITE
        };
        let columns = "SELECT order_timeline.id, orders.location, orders.status, ";
        let mut text = Statement::new(columns)
            .append_text(LineRow::LIST)
            .append_text(join)
            .append_text(FIRM);
        let mut values = vals![scanned.before, scanned.from];
        let filters = [
            (" AND orders.location = ?", query.region.map(Val::from)),
            (" AND promise_edge = ?", query.edge.as_ref().map(Val::from)),
            (" AND cloud_at >= ?", query.from.map(Val::from)),
            (" AND cloud_at < ?", query.until.map(Val::from)),
        ];
        for (condition, value) in filters {
            let Some(value) = value else { continue };
            text = text.append_text(condition);
            values.push(value);
        }
        values.push(limit.into());
        (text.append_text(NEWEST_FIRST), values)
    }
}

fn to_firm_answer(row: FirmAnswerRow) -> FirmAnswer {
    let (id, region, order_status) = row.place;
    let order_id = row.line.order_id;
    FirmAnswer {
        id,
        order_id,
        order_code: OrderCode::from_order_id(region, order_id),
        region,
        order_status,
        entry: TimelineEntry::from(row.line),
        cases: Vec::new(),
    }
}
