//! Makes a new database from a damaged one's readable parts, and a file of undecided commands.
//!
//! Invariants: the new database is suspect, so the cloud gives the edge a new epoch before it takes
//! an op, and sends the orders again. Only verified commands with their tokens go into it; the file
//! has all of them.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rusqlite::{Connection, params, params_from_iter};
use serde_json::json;
use wire::{Hash, Op, UnixMillis};

use super::{
    damage_error::DamageError,
    edge_row::EDGE,
    log::op_kind,
    opening::{migrations, move_commands_behind},
    salvage::{LogRow, Salvage, SalvagedCommand},
    sql::to_sql_int,
    standing::Alarm,
    stored_commands::{StoredCommand, insert_command},
};

impl Salvage {
    /// Fills the new database `to`. Returns how many undecided commands it has.
    pub(crate) fn build_database(&self, to: &Path, now: UnixMillis) -> Result<usize, DamageError> {
        let mut conn = Connection::open(to)?;
        migrations().to_latest(&mut conn)?;
        let filling = conn.transaction()?;
        self.insert_edge(&filling, now)?;
        for (table, rows) in &self.tables {
            let marks = vec!["?"; table.columns.split(',').count()].join(", ");
            let text = format!(
                "INSERT OR IGNORE INTO {} ({}) VALUES ({marks})",
                table.name, table.columns
            );
            let mut statement = filling.prepare(&text)?;
            for row in rows {
                statement.execute(params_from_iter(row))?;
            }
        }
        self.insert_log(&filling, now)?;
        let mut count = 0;
        for command in &self.undecided {
            if command.is_verified && self.has_token_of(command) {
                insert_undecided(&filling, command)?;
                count += 1;
            }
        }
        filling.commit()?;
        conn.close().map_err(|(_, error)| error)?;
        File::open(to)?.sync_all()?;
        Ok(count)
    }

    fn insert_edge(&self, conn: &Connection, now: UnixMillis) -> rusqlite::Result<()> {
        const ALARM: &str = "INSERT INTO alarm (one, why, since) VALUES (1, ?, ?)";
        const STATE: &str = "UPDATE edge SET epoch = ?, suspect = 1 WHERE one = 1";
        let text = format!(
            "INSERT INTO edge (one, {}, epoch, digest) VALUES (1, ?, ?, ?, ?, ?, ?, ?, 1, x'{}')",
            EDGE.columns,
            "00".repeat(Hash::ZERO.0.len())
        );
        conn.execute(&text, params_from_iter(&self.edge))?;
        conn.execute(STATE, [to_sql_int(self.epoch)])?;
        let alarm = if self.is_twin {
            Alarm::Twin
        } else {
            Alarm::Damaged
        };
        conn.execute(ALARM, params![alarm.as_str(), now.0])?;
        Ok(())
    }

    /// Copies the verified ops, so that a later check finds the chain between them, and moves decided
    /// commands behind the last one out of its way: the edge numbers its next ops from there.
    fn insert_log(&self, conn: &Connection, now: UnixMillis) -> rusqlite::Result<()> {
        const OP: &str = "INSERT INTO log (epoch, seq, bytes, hash, kind, logged_at)
            VALUES (?, ?, ?, ?, ?, ?)";
        let mut head = 0;
        for ((epoch, seq), row) in &self.log {
            let Ok(op) = Op::from_bytes(&row.bytes) else {
                continue;
            };
            if !row.is_verified {
                continue;
            }
            let epoch_of_row = to_sql_int(*epoch);
            let place = to_sql_int(*seq);
            let hash = &row.hash.0[..];
            let values = params![epoch_of_row, place, row.bytes, hash, op_kind(&op), now.0];
            conn.execute(OP, values)?;
            if *epoch == self.epoch {
                head = *seq;
            }
        }
        move_commands_behind(conn, self.epoch, head)
    }

    /// Without its token the cloud would reject a command. Then the tablet sends both again.
    fn has_token_of(&self, command: &SalvagedCommand) -> bool {
        self.find_token(command).is_some()
    }

    fn find_token(&self, command: &SalvagedCommand) -> Option<&LogRow> {
        let at = (command.epoch, command.op.token_seq);
        let row = self.log.get(&at).filter(|row| row.is_verified)?;
        matches!(Op::from_bytes(&row.bytes), Ok(Op::Token { .. })).then_some(row)
    }

    /// Saves the undecided commands for a person who carries them to another machine. Only the
    /// owner may read the file: it has people's tokens.
    pub(crate) fn save_undecided(&self, to: &Path, now: UnixMillis) -> Result<(), DamageError> {
        let commands: Vec<_> = self
            .undecided
            .iter()
            .map(|command| self.describe_command(command))
            .collect();
        let rescued = json!({
            "edge": self.identity.edge_id, "region": self.identity.region, "saved_at": now,
            "commands": commands,
        });
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(to)?;
        serde_json::to_writer_pretty(&mut file, &rescued).map_err(io::Error::from)?;
        file.write_all(b"\n")?;
        Ok(file.sync_all()?)
    }

    fn describe_command(&self, command: &SalvagedCommand) -> serde_json::Value {
        let SalvagedCommand {
            epoch,
            head,
            bytes,
            op,
            is_verified,
            ..
        } = command;
        let token = self
            .find_token(command)
            .map(|row| STANDARD.encode(&row.bytes));
        json!({
            "epoch": epoch, "seq": head.seq, "hash": head.hash, "verified": is_verified,
            "command_id": op.command.id, "body": op.command.body, "user_id": op.actor.user_id,
            "role": op.actor.role, "received_at": op.received_at, "verdict": op.verdict,
            "op": STANDARD.encode(bytes), "token_op": token,
        })
    }
}

fn insert_undecided(conn: &Connection, command: &SalvagedCommand) -> rusqlite::Result<()> {
    // The row of the damaged file may be at an older place.
    const FORGET: &str = "DELETE FROM commands WHERE command_id = ? AND user_id = ?";
    const COMPLETE: &str = "UPDATE commands SET doubt = ?, act = ?
        WHERE command_id = ? AND user_id = ?";
    let op = &command.op;
    let id = &op.command.id.as_bytes()[..];
    let user = &op.actor.user_id.as_bytes()[..];
    conn.execute(FORGET, params![id, user])?;
    let stored = StoredCommand::from_op(op, command.epoch, command.head);
    insert_command(conn, &stored, op.received_at, "")?;
    conn.execute(COMPLETE, params![command.doubt, command.act, id, user])?;
    Ok(())
}
