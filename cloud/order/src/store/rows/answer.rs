//! Rows of commands with their answers, and of cases.

use platform::{columns, row};
use rules::{OpIdentity, StoredAnswer};
use uuid::Uuid;
use wire::{Code, CommandId, EdgeId, Hash, OrderId, UnixMillis, UserId};

/// The user of an unauthenticated command, since a key column must not be null.
const NOBODY: UserId = UserId(Uuid::nil());

row! {
    pub struct AnswerRow in commands {
        command_id: CommandId,
        user_id: UserId,
        hash: Hash,
        applied: bool,
        code: Option<Code>,
        order_id: OrderId,
        order_version: Option<u64>,
        edge: Option<EdgeId>,
        epoch: Option<u64>,
        seq: Option<u64>,
        op_hash: Option<Hash>,
        decided_at: UnixMillis,
    }
}

impl From<&StoredAnswer> for AnswerRow {
    fn from(answer: &StoredAnswer) -> Self {
        let op = answer.op.as_ref();
        Self {
            command_id: answer.command_id,
            user_id: answer.user_id.unwrap_or(NOBODY),
            hash: answer.hash,
            applied: answer.applied,
            code: answer.code,
            order_id: answer.order_id,
            order_version: answer.order_version,
            edge: op.map(|op| op.edge.clone()),
            epoch: op.map(|op| op.epoch),
            seq: op.map(|op| op.seq),
            op_hash: op.map(|op| op.hash),
            decided_at: answer.decided_at,
        }
    }
}

impl From<AnswerRow> for StoredAnswer {
    fn from(row: AnswerRow) -> Self {
        let op = match (row.edge, row.epoch, row.seq, row.op_hash) {
            (Some(edge), Some(epoch), Some(seq), Some(hash)) => Some(OpIdentity {
                edge,
                epoch,
                seq,
                hash,
            }),
            _ => None,
        };
        Self {
            command_id: row.command_id,
            user_id: Some(row.user_id).filter(|user| *user != NOBODY),
            hash: row.hash,
            applied: row.applied,
            code: row.code,
            order_id: row.order_id,
            order_version: row.order_version,
            op,
            decided_at: row.decided_at,
        }
    }
}

columns! {
    pub struct CaseRow in case_items {
        pub order_id: OrderId,
        pub user_id: UserId,
        pub kind: &'static str,
        pub command_id: CommandId,
        pub code: Option<Code>,
        pub at: UnixMillis,
    }
}
