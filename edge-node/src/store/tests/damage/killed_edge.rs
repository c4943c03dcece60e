//! Damage of the files around the database: the write-ahead log and the high-water mark.

use std::ops::RangeInclusive;

use super::*;

/// SQLite ends the write-ahead log at its first damaged frame, and says nothing.
#[tokio::test]
async fn what_a_damaged_write_ahead_log_loses_is_missed() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, 1..=COMMANDS).await;
    accept_orders(&store, 1..=COMMANDS).await;
    let killed = KilledEdge::copy(data.path());
    let complete = store.load_position().await.unwrap().head;
    store.close();
    let length = killed.log.len();
    assert!(length > 100 * PAGE, "the log holds something: {length}");
    let mut tried = 0;
    let mut missed = 0;
    for (n, at) in (0..length).step_by(length / 300).enumerate() {
        let what = format!("a flipped bit at {at}");
        let mut damaged = killed.clone();
        damaged.log[at] ^= 1 << (n % 8);
        missed += usize::from(is_loss_missed(&damaged, complete, &what).await);
        tried += 1;
    }
    assert!(tried >= 300, "{tried} tried");
    assert_eq!(missed, tried, "each loses at least the last commit");
}

const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const FRAME: usize = FRAME_HEADER + PAGE;
const SECTOR: usize = 512;
/// After the write-ahead log began again.
const LATER_COMMANDS: u128 = 6;

/// The write-ahead log began again, so old frames lie under the new ones.
#[tokio::test]
async fn what_a_torn_frame_of_the_write_ahead_log_loses_is_missed() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, 1..=COMMANDS).await;
    accept_orders(&store, 1..=COMMANDS - LATER_COMMANDS).await;
    let old = KilledEdge::copy(data.path()).log;
    begin_log_again(data.path());
    accept_orders(&store, COMMANDS - LATER_COMMANDS + 1..=COMMANDS).await;
    let killed = KilledEdge::copy(data.path());
    let complete = store.load_position().await.unwrap().head;
    store.close();
    let new_frames = count_frames(&killed.log);
    assert_eq!(
        killed.log.len(),
        old.len(),
        "old frames lie under all new ones"
    );
    let mut missed = 0;
    for frame in 0..new_frames {
        let at = LOG_HEADER + frame * FRAME;
        // Sectors are written whole: the tear is behind one of those of the frame.
        let tear = at - at % SECTOR + SECTOR * (1 + frame % 8);
        let is_rest_old = frame / 8 % 2 == 0;
        let end = if is_rest_old {
            killed.log.len()
        } else {
            at + FRAME
        };
        let what = format!("frame {frame} torn at {tear}, old until {end}");
        let mut torn = killed.clone();
        torn.log[tear..end].copy_from_slice(&old[tear..end]);
        missed += usize::from(is_loss_missed(&torn, complete, &what).await);
    }
    assert!(new_frames >= 80, "{new_frames} frames");
    // A page may be the same as the old one behind the tear.
    let harmless = new_frames - missed;
    assert!(
        harmless < new_frames / 10,
        "{harmless} of {new_frames} are harmless"
    );
}

async fn accept_orders(store: &Store, orders: RangeInclusive<u128>) {
    for n in orders {
        entered(store, entry(1_000 + n, by(20 + n), accept(n))).await;
    }
}

/// The next commit overwrites the write-ahead log from its beginning.
fn begin_log_again(data: &Path) {
    const RESTART: &str = "PRAGMA wal_checkpoint(RESTART)";
    let conn = Connection::open(path_in(data)).unwrap();
    let is_busy: bool = conn.query_row(RESTART, [], |row| row.get(0)).unwrap();
    assert!(!is_busy, "the write-ahead log is in use");
}

/// The frames since the write-ahead log began again: they have the salt of its header.
fn count_frames(log: &[u8]) -> usize {
    let salt = &log[16..24];
    let mut frames = log[LOG_HEADER..].chunks_exact(FRAME);
    let first_old = frames.position(|frame| frame[8..16] != *salt);
    first_old.expect("all frames are new")
}

/// Starts an edge on these files. It has all ops, or it knows that some are gone.
async fn is_loss_missed(files: &KilledEdge, complete: ChainHead, what: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    files.write_to(folder.path());
    let path = path_in(folder.path());
    assert_eq!(check_file(&path, || false), FileCheck::Sound, "{what}");
    let (store, alarm) = open(&folder, 2).await;
    let head = store.load_position().await.unwrap().head;
    // The boot op follows the commands.
    let is_complete = head.seq == complete.seq + 1;
    assert_eq!(is_complete, alarm.is_none(), "{what}: {alarm:?}");
    store.close();
    alarm.is_some()
}

/// An edge that cannot read its mark may have been restored.
#[tokio::test]
async fn a_damaged_mark_makes_the_edge_suspect_and_loses_nothing() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, 1..=3).await;
    accept_orders(&store, 1..=3).await;
    let killed = KilledEdge::copy(data.path());
    let complete = store.load_position().await.unwrap().head;
    store.close();
    let length = killed.mark.len();
    let flipped = (0..length).map(|at| {
        let mut damaged = killed.clone();
        damaged.mark[at] ^= 1 << (at % 8);
        damaged
    });
    let torn = (0..length).map(|at| {
        let mut damaged = killed.clone();
        damaged.mark.truncate(at);
        damaged
    });
    for damaged in flipped.chain(torn) {
        let what = format!("{:02x?}", damaged.mark);
        let folder = tempfile::tempdir().unwrap();
        damaged.write_to(folder.path());
        let (store, alarm) = open(&folder, 2).await;
        assert_eq!(alarm, Some(Alarm::NoMark), "{what}");
        let head = store.load_position().await.unwrap().head;
        // The boot op follows the commands.
        assert_eq!(head.seq, complete.seq + 1, "{what}");
        store.close();
    }
}

/// The files of an edge whose process was killed.
#[derive(Clone)]
struct KilledEdge {
    database: Vec<u8>,
    log: Vec<u8>,
    mark: Vec<u8>,
}

impl KilledEdge {
    fn copy(data: &Path) -> Self {
        let database = path_in(data);
        let read = |path: PathBuf| std::fs::read(path).unwrap();
        Self {
            log: read(database.with_file_name("edge.db-wal")),
            database: read(database),
            mark: read(data.join("high-water")),
        }
    }

    fn write_to(&self, data: &Path) {
        let database = path_in(data);
        std::fs::create_dir(data.join("db")).unwrap();
        std::fs::write(database.with_file_name("edge.db-wal"), &self.log).unwrap();
        std::fs::write(database, &self.database).unwrap();
        std::fs::write(data.join("high-water"), &self.mark).unwrap();
    }
}
