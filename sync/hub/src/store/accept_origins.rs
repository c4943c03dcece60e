//! The origin of each accept that was forwarded to a region's holder: where and when it was made
//! (table `put_accepts`). The holder logs it as its own op, which would hide that.
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
use crate::domain::op::AcceptOrigins;

const ANY_ORIGIN: &str = "SELECT command_id FROM put_accepts LIMIT 1";
const ORIGINS: &str =
    "SELECT command_id, user_id, made_at, taken_at FROM put_accepts WHERE command_id IN (";
const OLD_ORIGINS: &str =
    "SELECT command_id FROM put_accepts WHERE put_at < ? ORDER BY put_at LIMIT ?";
const DROP_ORIGINS: &str = "DELETE FROM put_accepts WHERE command_id IN (";

columns! {
    struct ForwardedAcceptRow<'a> in put_accepts {
        command_id: CommandId,
        user_id: UserId,
        made_at: &'a str,
        taken_at: UnixMillis,
        put_at: UnixMillis,
    }
}

impl Store {
    pub(crate) async fn record_forwarded_accept(
        &self,
        command_id: CommandId,
        user_id: UserId,
        made_at: &Source,
        taken_at: UnixMillis,
        put_at: UnixMillis,
    ) -> Result<()> {
        let made_at = &made_at.to_string();
        let row = ForwardedAcceptRow {
            command_id,
            user_id,
            made_at,
            taken_at,
            put_at,
        };
        self.sql.insert_new(row).await?;
        Ok(())
    }

    /// Costs one short query if no accept was ever forwarded to a holder.
    pub(crate) async fn find_accept_origins(&self, ids: &[CommandId]) -> Result<AcceptOrigins> {
        let mut origins = HashMap::new();
        if ids.is_empty()
            || self
                .sql
                .fetch_optional::<CommandId>(ANY_ORIGIN, vals![])
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

    pub(super) async fn set_accept_origins(&self, ops: &mut [OpRecord]) -> Result<()> {
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
    pub(crate) async fn drop_old_origins(&self, before: UnixMillis, limit: usize) -> Result<usize> {
        let ids: Vec<CommandId> = self
            .sql
            .fetch_all(OLD_ORIGINS, vals![before, limit])
            .await?;
        for part in split_batches(&ids, NAMES_MAX) {
            let values = part.iter().map(|id| Val::from(*id)).collect();
            self.sql
                .exec(in_list(DROP_ORIGINS, part.len(), ")"), values)
                .await?;
        }
        Ok(ids.len())
    }
}
