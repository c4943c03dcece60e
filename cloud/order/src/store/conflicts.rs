//! Records for operators: lost acceptances, newest first, and the stored answers of a command id.

use std::collections::HashMap;

use platform::{
    sql::{Columns, NAMES_MAX, ReadError, Row, Statement, StoredRow, split_batches},
    vals,
};
use rules::StoredAnswer;
use wire::{
    Code, CommandAnswer, CommandId, LostAcceptance, OpPlace, OrderCode, OrderId, Region,
    TimelineEntry, Winner,
};

use super::{
    Store, StoreError,
    rows::{AnswerRow, LineRow},
};

/// Timeline entries scanned per page. Few of them are lost acceptances, but an index for these
/// would slow every order change.
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

/// A timeline entry after the extra columns of its row: its id, and its order's region.
struct LocatedTimelineRow<P> {
    place: P,
    line: LineRow,
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
        let closed = [Code::OrderCancelledMeanwhile, Code::OrderRejectedMeanwhile];
        let [cancelled, rejected] = closed.map(Code::as_str);
        let values = vals![before, from, cancelled, rejected, limit];
        let text = Statement::new("SELECT order_timeline.id, orders.location, ");
        let text = text.append_text(LineRow::LIST).append_text(LOST);
        let rows: Vec<LostAcceptanceRow> = self.sql.fetch_all(text, values).await?;
        let full = rows.len() == limit;
        let lost = self.with_winners(rows).await?;
        let next = if full {
            lost.last().map(|lost| lost.id)
        } else {
            Some(from)
        };
        Ok((lost, next.filter(|next| *next > 1)))
    }

    pub async fn answers_of(&self, id: CommandId) -> Result<Vec<CommandAnswer>, StoreError> {
        let text = AnswerRow::select("WHERE command_id = ? LIMIT ?");
        let rows: Vec<AnswerRow> = self.sql.fetch_all(text, vals![id, ANSWERS_MAX]).await?;
        Ok(rows.into_iter().map(command_answer_from_row).collect())
    }

    async fn with_winners(
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
            self.tell_ends(region, here.map(|lost| &mut lost.entry))
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
