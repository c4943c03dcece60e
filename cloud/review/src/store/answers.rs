//! Answers to edge commands, kept permanently: a repeated command gets its first answer, by any
//! path.

use platform::{
    StoreError,
    documents::{CollectionSchema, DocumentBody, millis},
};
use serde::{Deserialize, Serialize};
use wire::{Code, CommandId, Hash, OrderId, UnixMillis, UserId};

use super::ReviewStore;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRecord {
    pub user_id: UserId,
    pub order_id: OrderId,
    /// The hash of the command's body.
    pub hash: Hash,
    /// The position in the edge's log from which it was decided.
    pub op: String,
    /// The reason for refusing; `None` if a review was stored.
    #[serde(default)]
    pub code: Option<Code>,
    #[serde(with = "millis")]
    pub decided_at: UnixMillis,
}

impl DocumentBody for CommandRecord {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[],
        indexes: &[],
    };
}

impl ReviewStore {
    pub async fn find_answer(
        &self,
        command: CommandId,
    ) -> Result<Option<CommandRecord>, StoreError> {
        Ok(self.answers.get(command.0).await?.map(|kept| kept.body))
    }

    /// Stores an answer and returns the stored one, which may come from a faster replica.
    pub async fn store_answer(
        &self,
        command: CommandId,
        answer: CommandRecord,
    ) -> Result<CommandRecord, StoreError> {
        if self.answers.insert(command.0, &answer, &[]).await? {
            return Ok(answer);
        }
        let kept = self.find_answer(command).await?;
        kept.ok_or(StoreError::Contradiction(
            "the stored answer of a command is missing",
        ))
    }
}
