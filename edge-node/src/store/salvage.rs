//! Salvages data that only this edge has from a damaged file: undecided commands with tokens, and
//! the answers, people and devices that the cloud does not send again. Orders are sent again.
//!
//! Invariants: an op is verified if the log's chain leads to it; a revoked person stays revoked if
//! the table or its guard has the row.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
};

use rusqlite::{Connection, OpenFlags, Row, types::Value};
use wire::{ChainHead, CommandId, CommandOp, Hash, Op, UserId};

use super::{
    EdgeIdentity,
    damage_error::DamageError,
    edge_row::read_edge_row,
    guarded_rows::{GuardedTable, read_trusted_rows},
    high_water::{self, MarkFile},
    sql::{hash, read_u64},
    standing::Alarm,
};

/// A command that the file has no outcome for.
#[derive(Debug)]
pub(crate) struct SalvagedCommand {
    pub epoch: u64,
    pub head: ChainHead,
    pub bytes: Vec<u8>,
    pub op: CommandOp,
    /// The chain leads to it.
    pub is_verified: bool,
    /// Of its answer, if that row is unharmed: the doubt, and the act that counts toward a limit.
    pub doubt: Value,
    pub act: Value,
}

/// The readable parts of a damaged file.
pub(crate) struct Salvage {
    pub identity: EdgeIdentity,
    pub epoch: u64,
    pub edge: Vec<Value>,
    pub undecided: Vec<SalvagedCommand>,
    pub log: BTreeMap<(u64, u64), LogRow>,
    /// Only an operator ends this.
    pub is_twin: bool,
    pub tables: Vec<(&'static GuardedTable, Vec<Vec<Value>>)>,
}

#[derive(Debug, Clone)]
pub(crate) struct LogRow {
    pub hash: Hash,
    pub bytes: Vec<u8>,
    pub is_verified: bool,
}

/// The first has the commands.
static TABLES: [GuardedTable; 5] = [
    GuardedTable {
        name: "commands",
        guard: "commands_guard",
        columns: "command_id, user_id, hash, order_id, device, epoch, seq, op_hash, verdict, \
                  doubt, fence, act, received_at, outcome",
        key: "command_id, user_id",
        is_union: false,
    },
    GuardedTable {
        name: "revoked",
        guard: "revoked_guard",
        columns: "kind, id, heard_at, at, tokens_since",
        key: "kind, id",
        is_union: true,
    },
    GuardedTable {
        name: "devices",
        guard: "devices_guard",
        columns: "device, user_id, used_at",
        key: "device",
        is_union: false,
    },
    GuardedTable {
        name: "known_people",
        guard: "known_people_guard",
        columns: "user_id, since, last",
        key: "user_id",
        is_union: false,
    },
    GuardedTable {
        name: "provider_marks",
        guard: "provider_marks_guard",
        columns: "user_id, version, verified",
        key: "user_id",
        is_union: false,
    },
];

/// Columns of the commands.
const COMMAND_ID: usize = 0;
const USER_ID: usize = 1;
const DOUBT: usize = 9;
const ACT: usize = 11;
const OUTCOME: usize = 13;

/// Reads a damaged file without changing it. `configured` is the edge that should own the file.
pub(crate) fn salvage_file(path: &Path, configured: &EdgeIdentity) -> Result<Salvage, DamageError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(DamageError::Open)?;
    let mark = high_water::read_mark_file(&high_water::path_for(path))?;
    let (identity, edge) = read_edge_row(&conn, configured)?;
    let log = read_log(&conn, &identity, edge.last());
    let epoch = match mark {
        MarkFile::Whole(mark) => mark.epoch,
        MarkFile::Missing | MarkFile::Torn => log.keys().next_back().map_or(1, |(epoch, _)| *epoch),
    };
    let mut tables: Vec<_> = TABLES
        .iter()
        .map(|table| (table, read_trusted_rows(&conn, table)))
        .collect();
    let undecided = find_undecided(&log, &tables[0].1);
    // A command without its op would be answered as stored, and would never reach the cloud.
    tables[0].1.retain(|row| row[OUTCOME] != Value::Null);
    Ok(Salvage {
        identity,
        epoch,
        edge,
        undecided,
        log,
        is_twin: was_twin(&conn),
        tables,
    })
}

/// The readable ops by place; those that the chain leads to are verified.
fn read_log(
    conn: &Connection,
    identity: &EdgeIdentity,
    start: Option<&Value>,
) -> BTreeMap<(u64, u64), LogRow> {
    const OPS: &str = "SELECT epoch, seq, hash, bytes FROM log NOT INDEXED";
    let mut log = BTreeMap::new();
    for order in ["ORDER BY epoch, seq", "ORDER BY epoch DESC, seq DESC"] {
        if read_ops(conn, &format!("{OPS} {order}"), &mut log) {
            break;
        }
    }
    let hashes = read_guarded_hashes(conn);
    let starts = read_starts(conn, identity, start);
    let places: Vec<(u64, u64)> = log.keys().copied().collect();
    for (epoch, seq) in places {
        let at = (epoch, seq);
        let before = (epoch, seq.saturating_sub(1));
        let start = (seq == 1).then(|| starts.get(&epoch)).flatten();
        let own = log.get(&before).map(|row| &row.hash);
        let befores = [own, hashes.get(&before), start];
        let Some(row) = log.get(&at) else { continue };
        let found = befores.into_iter().flatten().find_map(|hash| {
            let seq = seq.saturating_sub(1);
            let here = ChainHead { seq, hash: *hash }.append_op(&row.bytes).hash;
            (here == row.hash || hashes.get(&at) == Some(&here)).then_some(here)
        });
        if let (Some(hash), Some(row)) = (found, log.get_mut(&at)) {
            row.hash = hash;
            row.is_verified = true;
        }
    }
    log
}

/// False if damage ended it.
fn read_ops(conn: &Connection, text: &str, log: &mut BTreeMap<(u64, u64), LogRow>) -> bool {
    let Ok(mut statement) = conn.prepare(text) else {
        return false;
    };
    let Ok(mut rows) = statement.query([]) else {
        return false;
    };
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                // A row that cannot be read is damaged alone.
                log.extend(read_log_row(row));
            }
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

fn read_log_row(row: &Row<'_>) -> rusqlite::Result<((u64, u64), LogRow)> {
    let at = (read_u64(row, 0)?, read_u64(row, 1)?);
    let row = LogRow {
        hash: hash(row, 2)?,
        bytes: row.get(3)?,
        is_verified: false,
    };
    Ok((at, row))
}

fn read_guarded_hashes(conn: &Connection) -> HashMap<(u64, u64), Hash> {
    const HASHES: &str = "SELECT epoch, seq, hash FROM log INDEXED BY log_guard";
    let Ok(mut statement) = conn.prepare(HASHES) else {
        return HashMap::new();
    };
    let rows = statement.query_map([], |row| {
        Ok(((read_u64(row, 0)?, read_u64(row, 1)?), hash(row, 2)?))
    });
    rows.map_or_else(
        |_| HashMap::new(),
        |rows| rows.map_while(Result::ok).collect(),
    )
}

/// Returns the first chain hash of the first epoch and of the current one.
fn read_starts(
    conn: &Connection,
    identity: &EdgeIdentity,
    start: Option<&Value>,
) -> HashMap<u64, Hash> {
    let mut starts = HashMap::from([(1, ChainHead::start(&identity.edge_id).hash)]);
    let epoch = conn.query_row("SELECT epoch FROM edge WHERE one = 1", [], |row| {
        read_u64(row, 0)
    });
    let Some(Value::Blob(start)) = start else {
        return starts;
    };
    if let (Ok(epoch), Ok(start)) = (epoch, Hash::try_from(&start[..])) {
        starts.insert(epoch, start);
    }
    starts
}

/// True if the table or its guard has that alarm.
fn was_twin(conn: &Connection) -> bool {
    ["NOT INDEXED", "INDEXED BY alarm_guard"]
        .iter()
        .any(|source| {
            let text = format!("SELECT why FROM alarm {source}");
            let why: rusqlite::Result<String> = conn.query_row(&text, [], |row| row.get(0));
            why.is_ok_and(|why| why == Alarm::Twin.as_str())
        })
}

/// The commands without an outcome, by place; of one that was logged again the newest.
fn find_undecided(
    log: &BTreeMap<(u64, u64), LogRow>,
    commands: &[Vec<Value>],
) -> Vec<SalvagedCommand> {
    let decided: HashSet<(&[u8], &[u8])> = commands
        .iter()
        .filter_map(
            |row| match (&row[COMMAND_ID], &row[USER_ID], &row[OUTCOME]) {
                (Value::Blob(id), Value::Blob(user), Value::Blob(_)) => Some((&id[..], &user[..])),
                _ => None,
            },
        )
        .collect();
    let answers: HashMap<(&[u8], &[u8]), &Vec<Value>> = commands
        .iter()
        .filter_map(|row| match (&row[COMMAND_ID], &row[USER_ID]) {
            (Value::Blob(id), Value::Blob(user)) => Some(((&id[..], &user[..]), row)),
            _ => None,
        })
        .collect();
    let mut newest: HashMap<(CommandId, UserId), SalvagedCommand> = HashMap::new();
    for ((epoch, seq), row) in log {
        let Ok(Op::Command(op)) = Op::from_bytes(&row.bytes) else {
            continue;
        };
        let id = op.command.id;
        let user = op.actor.user_id;
        if decided.contains(&(&id.as_bytes()[..], &user.as_bytes()[..])) {
            continue;
        }
        let answer = answers.get(&(&id.as_bytes()[..], &user.as_bytes()[..]));
        let read_column = |column: usize| answer.map_or(Value::Null, |row| row[column].clone());
        let command = SalvagedCommand {
            epoch: *epoch,
            head: ChainHead {
                seq: *seq,
                hash: row.hash,
            },
            bytes: row.bytes.clone(),
            op,
            is_verified: row.is_verified,
            doubt: read_column(DOUBT),
            act: read_column(ACT),
        };
        let known = newest.get(&(id, user));
        if command.is_verified || known.is_none_or(|known| !known.is_verified) {
            newest.insert((id, user), command);
        }
    }
    let mut undecided: Vec<_> = newest.into_values().collect();
    undecided.sort_by_key(|command| (command.epoch, command.head.seq));
    undecided
}
