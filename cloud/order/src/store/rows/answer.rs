//! Commands with their answers, and cases for a person to look at.

use platform::{columns, sql::bigint};
use rules::{NewCase, OpName, StoredAnswer};
use sqlx::FromRow;
use uuid::Uuid;
use wire::{CommandId, OrderId, UnixMillis, UserId};

use super::{code, count, edge_id, hash};
use crate::store::StoreError;

/// Stands for the user of a command that nobody vouches for: a part of a key must not be empty.
const NOBODY: Uuid = Uuid::nil();

columns! {
    #[derive(FromRow)]
    pub struct AnswerRow in commands {
        command_id: Uuid,
        user_id: Uuid,
        hash: Vec<u8>,
        applied: i64,
        code: Option<String>,
        order_id: Uuid,
        order_version: Option<i64>,
        edge: Option<String>,
        epoch: Option<i64>,
        seq: Option<i64>,
        op_hash: Option<Vec<u8>>,
        decided_at: i64,
    }
}

impl From<&StoredAnswer> for AnswerRow {
    fn from(answer: &StoredAnswer) -> Self {
        let op = answer.op.as_ref();
        Self {
            command_id: answer.command_id.0,
            user_id: answer.user_id.map_or(NOBODY, |user| user.0),
            hash: answer.hash.0.to_vec(),
            applied: answer.applied.into(),
            code: answer.code.map(|code| code.as_str().to_owned()),
            order_id: answer.order_id.0,
            order_version: answer.order_version.map(bigint),
            edge: op.map(|op| op.edge.as_str().to_owned()),
            epoch: op.map(|op| bigint(op.epoch)),
            seq: op.map(|op| bigint(op.seq)),
            op_hash: op.map(|op| op.hash.0.to_vec()),
            decided_at: answer.decided_at.0,
        }
    }
}

impl AnswerRow {
    pub fn answer(self) -> Result<StoredAnswer, StoreError> {
        let op = match (self.edge, self.epoch, self.seq, self.op_hash) {
            (Some(edge), Some(epoch), Some(seq), Some(op_hash)) => Some(OpName {
                edge: edge_id(edge)?,
                epoch: count(epoch, "commands.epoch")?,
                seq: count(seq, "commands.seq")?,
                hash: hash(&op_hash, "commands.op_hash")?,
            }),
            _ => None,
        };
        let order_version = self.order_version.map(|n| count(n, "commands.order_version"));
        Ok(StoredAnswer {
            command_id: CommandId(self.command_id),
            user_id: (self.user_id != NOBODY).then_some(UserId(self.user_id)),
            hash: hash(&self.hash, "commands.hash")?,
            applied: self.applied != 0,
            code: self.code.as_deref().map(code),
            order_id: OrderId(self.order_id),
            order_version: order_version.transpose()?,
            op,
            decided_at: UnixMillis(self.decided_at),
        })
    }
}

columns! {
    #[derive(FromRow)]
    pub struct CaseRow in case_items {
        pub order_id: Uuid,
        pub user_id: Uuid,
        pub kind: String,
        pub command_id: Uuid,
        pub code: Option<String>,
        pub at: i64,
    }
}

impl CaseRow {
    pub fn of(item: &NewCase, at: UnixMillis) -> Self {
        Self {
            order_id: item.order_id.0,
            user_id: item.user_id.0,
            kind: item.kind.as_str().to_owned(),
            command_id: item.command_id.0,
            code: item.code.map(|code| code.as_str().to_owned()),
            at: at.0,
        }
    }
}
