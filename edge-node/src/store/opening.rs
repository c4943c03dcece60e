//! Opening the file: is it this edge's, is it the one the last answer came from, and the boot op that
//! stands before any command or Hello of this run [BOOT_OP].

use std::{io, path::Path};

use process::defect::{Defect, planted};
use rusqlite::{Connection, OptionalExtension, params};
use wire::{BootNonce, Chain, EdgeId, Hash, Op, Region, UnixMillis};

use super::{
    alarm, append,
    book::{Book, chain_at},
    high_water::{self, Found, Mark},
    sql::{int, parsed},
};

/// Whose file it is to be.
#[derive(Debug, Clone)]
pub struct Identity {
    pub name: EdgeId,
    pub region: Region,
}

#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("the data folder is that of edge `{0}`, and this is edge `{1}`")]
    OtherEdge(EdgeId, EdgeId),
    #[error("the data folder is that of region {0}, and this edge is to be of {1}")]
    OtherRegion(Region, Region),
    #[error("could not read whose the data folder is")]
    Sql(#[from] rusqlite::Error),
    #[error("could not write the first high-water mark")]
    Mark(#[source] io::Error),
}

const FIRST_EPOCH: u64 = 1;

/// The state of a file that is this edge's. A file that is new gets its first mark here, so that a
/// crash between its first commit and that commit's mark is not taken for a restore.
pub(super) fn load(
    conn: &Connection,
    identity: &Identity,
    found: Found,
) -> Result<Book, IdentityError> {
    identify(conn, identity)?;
    let book = <Book as journal::State>::load(conn)?;
    if book.head.seq == 0 && !matches!(found, Found::Mark(_)) {
        book.mark_now().map_err(IdentityError::Mark)?;
    }
    Ok(book)
}

/// Writes whose file this is, the first time, and refuses another's.
fn identify(conn: &Connection, identity: &Identity) -> Result<(), IdentityError> {
    const FIND: &str = "SELECT name, region FROM edge WHERE one = 1";
    const INSERT: &str = "INSERT INTO edge (one, name, region, epoch, start_hash, digest)
        VALUES (1, ?, ?, ?, ?, ?)";
    let read = |row: &rusqlite::Row<'_>| Ok((parsed::<EdgeId>(row, 0)?, parsed(row, 1)?));
    match conn.query_row(FIND, [], read).optional()? {
        Some((name, _)) if name != identity.name => {
            Err(IdentityError::OtherEdge(name, identity.name.clone()))
        }
        Some((_, region)) if region != identity.region => {
            Err(IdentityError::OtherRegion(region, identity.region))
        }
        Some(_) => Ok(()),
        None => {
            conn.execute(
                INSERT,
                params![
                    identity.name.as_str(),
                    identity.region.as_str(),
                    int(FIRST_EPOCH),
                    &Chain::start(&identity.name).hash.0[..],
                    &Hash::ZERO.0[..],
                ],
            )?;
            Ok(())
        }
    }
}

/// What the high-water file says of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspicion {
    None,
    /// The file is missing beside a log that is not empty, or torn.
    NoMark,
    /// The log ends before the mark.
    Older,
    /// The log has another op at the mark.
    Different,
}

/// What was found before this run wrote its own mark.
pub(super) fn find_mark(database: &Path) -> io::Result<Found> {
    high_water::find(&high_water::path_for(database))
}

fn suspicion(conn: &Connection, book: &Book, found: Found) -> rusqlite::Result<Suspicion> {
    let Mark { epoch, head } = match found {
        Found::Mark(mark) => mark,
        Found::Missing | Found::Torn if book.head.seq == 0 => return Ok(Suspicion::None),
        Found::Missing | Found::Torn => return Ok(Suspicion::NoMark),
    };
    if epoch < book.epoch || planted(Defect::HighWaterIgnored) {
        return Ok(Suspicion::None);
    }
    if epoch > book.epoch || head.seq > book.head.seq {
        return Ok(Suspicion::Older);
    }
    // What is no longer kept was settled long ago.
    let here = chain_at(conn, epoch, head.seq)?;
    let same = here.is_none_or(|here| here == head);
    Ok(if same { Suspicion::None } else { Suspicion::Different })
}

/// The first write of a run. Once suspect, the edge stays so until a quarantine gives it a new epoch.
pub(super) fn boot(
    conn: &Connection,
    book: &mut Book,
    found: Found,
    nonce: BootNonce,
    now: UnixMillis,
) -> rusqlite::Result<Suspicion> {
    let suspicion = suspicion(conn, book, found)?;
    if let Some(alarm) = suspicion.into() {
        alarm::raise(conn, book, alarm, now)?;
    }
    append::append(conn, book, &Op::Boot { nonce, at: now }, now)?;
    book.save(conn)?;
    Ok(suspicion)
}
