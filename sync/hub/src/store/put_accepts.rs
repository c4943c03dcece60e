//! Origins of accepts that are put to their region's holder, which logs each as its own op.
//!
//! Invariant: the origin is stored before the accept goes out, and the first origin stays.

use std::collections::HashMap;

use platform::{
    columns,
    sql::{NAMES_MAX, Val, in_list, split_batches},
    vals,
};
use wire::{CommandId, OpRecord, Source, UnixMillis, UserId};

use super::{Result, Store};
use crate::domain::origins::AcceptOrigins;

const ANY: &str = "SELECT command_id FROM put_accepts LIMIT 1";
const ORIGINS: &str =
    "SELECT command_id, user_id, made_at, taken_at FROM put_accepts WHERE command_id IN (";
const OLD: &str = "SELECT command_id FROM put_accepts WHERE put_at < ? ORDER BY put_at LIMIT ?";
const DROP: &str = "DELETE FROM put_accepts WHERE command_id IN (";

columns! {
    struct PutAcceptRow<'a> in put_accepts {
        command_id: CommandId,
        user_id: UserId,
        made_at: &'a str,
        taken_at: UnixMillis,
        put_at: UnixMillis,
    }
}

impl Store {
    pub async fn note_put(
        &self,
        command_id: CommandId,
        user_id: UserId,
        made_at: &Source,
        taken_at: UnixMillis,
        put_at: UnixMillis,
    ) -> Result<()> {
        let made_at = &made_at.to_string();
        let row = PutAcceptRow {
            command_id,
            user_id,
            made_at,
            taken_at,
            put_at,
        };
        self.sql.insert_new(row).await?;
        Ok(())
    }

    /// Costs one short query if no accept was ever put to a holder.
    pub async fn find_accept_origins(&self, ids: &[CommandId]) -> Result<AcceptOrigins> {
        let mut origins = HashMap::new();
        if ids.is_empty()
            || self
                .sql
                .fetch_optional::<CommandId>(ANY, vals![])
                .await?
                .is_none()
        {
            return Ok(AcceptOrigins(origins));
        }
        for part in split_batches(ids, NAMES_MAX) {
            let values = part.iter().map(|id| Val::from(*id)).collect();
            let text = in_list(ORIGINS, part.len(), ")");
            let rows: Vec<(CommandId, UserId, Source, UnixMillis)> =
                self.sql.fetch_all(text, values).await?;
            for (id, user, made_at, taken_at) in rows {
                origins.insert((id, user), (made_at, taken_at));
            }
        }
        Ok(AcceptOrigins(origins))
    }

    pub(super) async fn tell_origins(&self, ops: &mut [OpRecord]) -> Result<()> {
        let commands = ops.iter().filter_map(|op| op.command.as_ref());
        let ids: Vec<CommandId> = commands.map(|command| command.id).collect();
        let origins = self.find_accept_origins(&ids).await?;
        for command in ops.iter_mut().filter_map(|op| op.command.as_mut()) {
            let name = (command.id, command.actor.user_id);
            command.made_at = origins.origin_of(name, command.edge_at).cloned();
        }
        Ok(())
    }

    /// Forgets up to `limit` origins older than any op, and returns their number.
    pub async fn drop_old_origins(&self, before: UnixMillis, limit: usize) -> Result<usize> {
        let ids: Vec<CommandId> = self.sql.fetch_all(OLD, vals![before, limit]).await?;
        for part in split_batches(&ids, NAMES_MAX) {
            let values = part.iter().map(|id| Val::from(*id)).collect();
            self.sql
                .exec(in_list(DROP, part.len(), ")"), values)
                .await?;
        }
        Ok(ids.len())
    }
}
