//! Acceptances that lost, newest first, and the answers that stand stored under a command id.

use std::collections::HashMap;

use platform::{
    sql::{NAMES_MAX, in_list, parts},
    vals,
};
use sqlx::FromRow;
use uuid::Uuid;
use wire::{Code, CommandAnswer, CommandId, LostAcceptance, OpPlace, OrderCode, OrderId, Winner};

use super::{
    Store, StoreError,
    rows::{self, AnswerRow, LineRow},
};

/// Lines of history that one page looks through: those that lost are few among them, and an index over
/// them all would be written with every change of every order.
const LINES_SEARCHED_MAX: u64 = 20_000;

const NEWEST: &str = "SELECT COALESCE(MAX(id), 0) FROM order_timeline";
const LOST: &str = "SELECT t.id, t.order_id, o.location, t.version, t.action, t.actor_id, \
    t.actor_role, t.from_status, t.to_status, t.code, t.reason, t.tapped_at, t.edge_at, \
    t.cloud_at, t.command_id, t.source, t.edge, t.epoch, t.seq, t.verdict \
    FROM order_timeline t JOIN orders o ON o.id = t.order_id \
    WHERE t.id < ? AND t.id >= ? AND t.action = 'accept' AND t.from_status = t.to_status \
    AND t.code IS NOT NULL AND t.code NOT IN (?, ?) ORDER BY t.id DESC LIMIT ?";
const WON: &str = "SELECT order_id, id, version, action, actor_id, actor_role, from_status, \
    to_status, code, reason, tapped_at, edge_at, cloud_at, command_id, source, edge, epoch, seq, \
    verdict FROM order_timeline WHERE action = 'accept' AND from_status <> to_status \
    AND order_id IN (";
const ANSWERS: &str = "SELECT command_id, user_id, hash, applied, code, order_id, order_version, \
    edge, epoch, seq, op_hash, decided_at FROM commands WHERE command_id = ? LIMIT ?";

/// Answers under one id that are told; more than a person has devices is somebody's game.
const ANSWERS_MAX: usize = 20;

#[derive(FromRow)]
struct LostRow {
    id: i64,
    order_id: Uuid,
    location: String,
    #[sqlx(flatten)]
    line: LineRow,
}

#[derive(FromRow)]
struct WonRow {
    order_id: Uuid,
    id: i64,
    #[sqlx(flatten)]
    line: LineRow,
}

impl Store {
    /// Those before `before`, at most `limit`, and where the next page begins, if there is one.
    pub async fn lost_acceptances(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<LostAcceptance>, Option<u64>), StoreError> {
        let before = match before {
            Some(before) => before,
            None => {
                let row: Option<(i64,)> = self.sql.one(NEWEST, vals![]).await?;
                rows::count(row.map_or(0, |(id,)| id), "order_timeline.id")? + 1
            }
        };
        let from = before.saturating_sub(LINES_SEARCHED_MAX).max(1);
        let closed = [Code::OrderCancelledMeanwhile, Code::OrderRejectedMeanwhile];
        let [cancelled, rejected] = closed.map(Code::as_str);
        let values = vals![before, from, cancelled, rejected, limit];
        let rows: Vec<LostRow> = self.sql.all(LOST, values).await?;
        let full = rows.len() == limit;
        let lost = self.with_winners(rows).await?;
        let next = if full { lost.last().map(|lost| lost.id) } else { Some(from) };
        Ok((lost, next.filter(|next| *next > 1)))
    }

    pub async fn answers_of(&self, id: CommandId) -> Result<Vec<CommandAnswer>, StoreError> {
        let rows: Vec<AnswerRow> = self.sql.all(ANSWERS, vals![id, ANSWERS_MAX]).await?;
        rows.into_iter()
            .map(|row| {
                let answer = row.answer()?;
                Ok(CommandAnswer {
                    command_id: answer.command_id,
                    user_id: answer.user_id,
                    applied: answer.applied,
                    code: answer.code,
                    order_id: answer.order_id,
                    order_version: answer.order_version,
                    op: answer.op.map(|op| OpPlace { edge: op.edge, epoch: op.epoch, seq: op.seq }),
                    decided_at: answer.decided_at,
                })
            })
            .collect()
    }

    async fn with_winners(&self, rows: Vec<LostRow>) -> Result<Vec<LostAcceptance>, StoreError> {
        let mut won: HashMap<Uuid, Vec<(i64, Winner)>> = HashMap::new();
        for part in parts(&rows, NAMES_MAX) {
            let values = part.iter().map(|row| OrderId(row.order_id).into()).collect();
            let found: Vec<WonRow> =
                self.sql.all(in_list(WON, part.len(), ") ORDER BY id"), values).await?;
            for row in found {
                let winner = winner(row.line)?;
                won.entry(row.order_id).or_default().push((row.id, winner));
            }
        }
        rows.into_iter().map(|row| lost(row, &won)).collect()
    }
}

fn lost(
    row: LostRow,
    won: &HashMap<Uuid, Vec<(i64, Winner)>>,
) -> Result<LostAcceptance, StoreError> {
    let region = rows::region(&row.location)?;
    let order_id = OrderId(row.order_id);
    let mut earlier = won.get(&row.order_id).into_iter().flatten().filter(|(id, _)| *id < row.id);
    let entry = row.line.entry()?;
    // Whoever lost for another reason than a winner may still find the order in somebody's hands.
    let taken = entry.code == Some(Code::OrderAlreadyAccepted);
    Ok(LostAcceptance {
        id: rows::count(row.id, "order_timeline.id")?,
        order_id,
        order_code: OrderCode::of(region, order_id),
        region,
        winner: earlier.next_back().filter(|_| taken).map(|(_, winner)| winner.clone()),
        entry,
    })
}

fn winner(line: LineRow) -> Result<Winner, StoreError> {
    let entry = line.entry()?;
    Ok(Winner {
        user_id: entry.actor.user_id,
        source: entry.source,
        decided_at: entry.hops.cloud_at,
        verdict: entry.verdict,
    })
}
