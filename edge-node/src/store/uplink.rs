//! Reading runs of the log for the link. Only committed ops can be read here: the connection is not
//! the writer's [UP_AFTER_FSYNC].

use engine::edge::{OpRange, Run};
use rusqlite::{Connection, params};
use wire::{Chain, Hash};

use super::{
    book::chain_at,
    sql::{int, nat},
};

/// As many of the wanted ops as fit. A log that no longer holds the op before the wanted ones gives a run
/// that continues nothing, and the engine ends the session over it.
pub fn run(conn: &Connection, wanted: OpRange) -> rusqlite::Result<Run> {
    const EPOCH: &str = "SELECT epoch FROM edge WHERE one = 1";
    const OPS: &str = "SELECT bytes FROM log WHERE epoch = ? AND seq >= ? ORDER BY seq LIMIT ?";
    let epoch = conn.query_row(EPOCH, [], |row| nat(row, 0))?;
    let Some(before) = chain_at(conn, epoch, wanted.from.saturating_sub(1))? else {
        return Ok(Run { before: Chain { seq: 0, hash: Hash::ZERO }, ops: Vec::new() });
    };
    let mut statement = conn.prepare_cached(OPS)?;
    let mut rows = statement.query(params![int(epoch), int(wanted.from), wanted.ops_max])?;
    let (mut ops, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let op: Vec<u8> = row.get(0)?;
        bytes += op.len() as u64;
        let whatever_size = ops.is_empty() && wanted.first_whatever_size;
        if bytes > wanted.bytes_max && !whatever_size {
            break;
        }
        ops.push(op);
    }
    Ok(Run { before, ops })
}
