//! The answers to edges' commands, kept for ever: a command that comes again, by whatever way,
//! hears what it heard.

use platform::{
    StoreError,
    documents::{DocumentBody, Shape, millis},
};
use serde::{Deserialize, Serialize};
use wire::{Code, CommandId, Hash, OrderId, UnixMillis, UserId};

use super::ReviewStore;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRecord {
    pub user_id: UserId,
    pub order_id: OrderId,
    /// Of the command's body.
    pub hash: Hash,
    /// The place in its edge's log from which it was decided.
    pub op: String,
    /// The reason of a refusal; none where a review came of it.
    #[serde(default)]
    pub code: Option<Code>,
    #[serde(with = "millis")]
    pub decided_at: UnixMillis,
}

impl DocumentBody for CommandRecord {
    const SHAPE: Shape = Shape { fields: &[], indexes: &[] };
}

impl ReviewStore {
    pub async fn answer_to(&self, command: CommandId) -> Result<Option<CommandRecord>, StoreError> {
        Ok(self.answers.get(command.0).await?.map(|kept| kept.body))
    }

    /// Keeps an answer, and returns the one that is kept: another replica may have been first.
    pub async fn keep_answer(
        &self,
        command: CommandId,
        answer: CommandRecord,
    ) -> Result<CommandRecord, StoreError> {
        if self.answers.insert(command.0, &answer, &[]).await? {
            return Ok(answer);
        }
        let kept = self.answer_to(command).await?;
        kept.ok_or(StoreError::Contradiction("an answer that was kept is gone"))
    }
}
