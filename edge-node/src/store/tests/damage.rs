//! A damaged file is found, and what only this edge has is saved out of it.

mod killed_edge;

use std::path::PathBuf;

use rusqlite::types::Value;
use support::is_deep_run;

use super::{super::salvage::Salvage, *};

const PAGE: usize = 4096;
const COMMANDS: u128 = 60;

/// Of the places that a deep run damages, other runs damage one in so many.
fn share_of_places() -> usize {
    if is_deep_run() { 1 } else { 4 }
}

/// The bytes of a real edge's file: orders, decided and undecided commands, people and devices.
struct Written {
    data: TempDir,
    bytes: Vec<u8>,
    tables: Vec<Vec<Value>>,
    undecided: Vec<CommandId>,
}

impl Written {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let (store, _) = open(&data, 1).await;
        let keys = r#"{"keys": [{"kty": "OKP"}]}"#.to_owned();
        let hub = Some(HubKey([9; 32]));
        store.save_enrolment(keys, hub, NOW).await.unwrap();
        with_orders(&store, 1..=COMMANDS).await;
        let mut undecided = Vec::new();
        for n in 1..=COMMANDS {
            let command = 1_000 + n;
            let (stored, _, _) = entered(&store, entry(command, by(20 + n), accept(n))).await;
            if n % 3 == 0 {
                undecided.push(CommandId(id(command)));
                continue;
            }
            let applied = Outcome::new_applied(after(n, 2, Action::Accept, 20 + n), NOW);
            let number = u64::try_from(n).unwrap();
            let outcomes = vec![outcome(number, stored.head.seq, applied)];
            store.store_outcomes(number, outcomes, NOW).await.unwrap();
        }
        let told = (1..=40).map(|number| super::messages::message(1, number, Role::Customer, 21));
        store.save_messages(told.collect()).await.unwrap();
        store.save_messages_told(NOW).await.unwrap();
        let person = RevocationStatus::from_revocation(UserId(id(7)), NOW);
        let revoked = FeedChange::Revoked {
            version: 1,
            sessions: Vec::new(),
            users: vec![UserId(id(7))],
            person: Some(person),
            verification: None,
        };
        store.apply_changes(99, vec![revoked], NOW).await.unwrap();
        let owner = DeviceOwner {
            user_id: UserId(id(8)),
            used_at: NOW,
        };
        let device = crate::tests::device("t-1");
        store.save_device_use(device, owner).await.unwrap();
        store.scrub_deleted_data().unwrap();
        store.close();
        let path = path_in(data.path());
        let bytes = std::fs::read(&path).unwrap();
        let tables = read_everything(&path).unwrap();
        Self {
            data,
            bytes,
            tables,
            undecided,
        }
    }

    /// Writes the changed bytes, alone: no write-ahead log may mend them.
    fn damage(&self, change: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
        let path = path_in(self.data.path());
        for other in ["edge.db-wal", "edge.db-shm"] {
            let _ = std::fs::remove_file(path.with_file_name(other));
        }
        let mut bytes = self.bytes.clone();
        change(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The fault, or `None` if every row reads as it was written.
    fn find_or_prove_harmless(&self, path: &Path, what: &str) -> Option<String> {
        match check_file(path, || false) {
            FileCheck::Damaged(fault) => Some(fault),
            other @ (FileCheck::Unfinished | FileCheck::NewerProgram) => {
                panic!("{what}: {other:?}")
            }
            FileCheck::Sound => {
                let read = read_everything(path);
                let read = read.unwrap_or_else(|error| panic!("{what} is not found: {error}"));
                assert!(read == self.tables, "{what} is not found, and changes rows");
                None
            }
        }
    }
}

/// All rows of all tables, and the schema.
fn read_everything(path: &Path) -> rusqlite::Result<Vec<Vec<Value>>> {
    const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let conn = Connection::open(path)?;
    let mut names: Vec<String> = conn
        .prepare(TABLES)?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    names.push("sqlite_schema".to_owned());
    let mut all = Vec::new();
    for name in names {
        let mut statement = conn.prepare(&format!("SELECT * FROM {name} NOT INDEXED"))?;
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect())?;
        let mut rows: Vec<Vec<Value>> = rows.collect::<rusqlite::Result<_>>()?;
        // Where a page lies is no content.
        if name == "sqlite_schema" {
            rows.iter_mut().for_each(|row| row[3] = Value::Null);
        }
        all.extend(rows);
    }
    Ok(all)
}

#[derive(Debug, Default)]
struct FindingCounts {
    found: usize,
    /// Every row read as it was written.
    harmless: usize,
}

impl FindingCounts {
    fn count(&mut self, fault: Option<&String>) {
        match fault {
            Some(_) => self.found += 1,
            None => self.harmless += 1,
        }
    }
}

#[tokio::test]
async fn each_flipped_bit_is_found_or_harmless() {
    let written = Written::new().await;
    let mut findings = FindingCounts::default();
    // A step without common factor with the page's size reaches every part of a page.
    let places = (20..written.bytes.len()).step_by(509);
    for (n, at) in places.step_by(share_of_places()).enumerate() {
        let path = written.damage(|bytes| bytes[at] ^= 1 << (n % 8));
        let fault = written.find_or_prove_harmless(&path, &format!("a flipped bit at {at}"));
        findings.count(fault.as_ref());
    }
    let tried = findings.found + findings.harmless;
    // Most bytes of this file are free, or lie behind the end of a row.
    let share = share_of_places();
    assert!(
        tried >= 500 / share && findings.found >= 150 / share,
        "{findings:?}"
    );
}

#[tokio::test]
async fn a_changed_word_of_a_message_is_found() {
    let written = Written::new().await;
    let word = "坏".as_bytes();
    let bytes = &written.bytes;
    let places = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(word));
    let mut found = 0;
    for at in places {
        // Another letter.
        let path = written.damage(|bytes| bytes[at + 2] ^= 1);
        let fault = written.find_or_prove_harmless(&path, &format!("a letter at {at}"));
        found += usize::from(fault.is_some());
    }
    assert_eq!(found, 2 * 40, "each message and its guard");
}

#[tokio::test]
async fn each_torn_lost_or_misplaced_page_is_found_or_harmless() {
    let written = Written::new().await;
    let pages = written.bytes.len() / PAGE;
    let mut findings = FindingCounts::default();
    for page in 0..pages {
        let at = page * PAGE;
        let other = (page + 1) % pages * PAGE;
        let torn = written.damage(|bytes| bytes[at + PAGE / 2..at + PAGE].fill(0));
        let fault = written.find_or_prove_harmless(&torn, &format!("page {page} torn"));
        findings.count(fault.as_ref());
        let lost = written.damage(|bytes| bytes[at..at + PAGE].fill(0));
        let fault = written.find_or_prove_harmless(&lost, &format!("page {page} lost"));
        findings.count(fault.as_ref());
        let misplaced = written.damage(|bytes| bytes.copy_within(other..other + PAGE, at));
        let fault = written.find_or_prove_harmless(&misplaced, &format!("page {page} misplaced"));
        findings.count(fault.as_ref());
    }
    let short = written.damage(|bytes| bytes.truncate((pages - 1) * PAGE));
    let fault = written.find_or_prove_harmless(&short, "a short file");
    assert!(fault.is_some());
    let tried = findings.found + findings.harmless;
    assert!(tried >= 180 && findings.found >= 150, "{findings:?}");
}

#[tokio::test]
async fn what_only_this_edge_has_is_saved_out_of_a_damaged_file() {
    let written = Written::new().await;
    let pages = written.bytes.len() / PAGE;
    let mut rebuilt = 0;
    for page in 1..pages {
        let at = page * PAGE;
        let path = written.damage(|bytes| bytes[at + 64..at + PAGE].fill(0x5a));
        let what = format!("page {page}");
        if written.find_or_prove_harmless(&path, &what).is_none() {
            continue;
        }
        let Ok(salvage) = salvage_file(&path, &identity()) else {
            continue;
        };
        rebuilt += 1;
        if is_leaf(written.bytes[at]) {
            check_salvage(&written, &salvage, &what);
        }
        let to = written.data.path().join(format!("rebuilt-{page}"));
        std::fs::create_dir(&to).unwrap();
        let database = to.join("edge.db");
        let in_database = salvage.build_database(&database, NOW).unwrap();
        assert_eq!(check_file(&database, || false), FileCheck::Sound, "{what}");
        let report = read_report(&database).unwrap();
        assert_eq!(
            report.pending,
            u64::try_from(in_database).unwrap(),
            "{what}"
        );
        assert!(report.suspect, "{what}");
        assert_eq!(report.alarm.unwrap().why, "damaged", "{what}");
        assert_eq!(report.orders, 0, "{what}: the cloud sends them anew");
        assert_eq!(count_unanswered(&database), in_database, "{what}");
        assert_takes_commands(&to, &what).await;
    }
    assert!(rebuilt > 30, "{rebuilt} of {pages}");
}

/// A page that leads to others hides them; its tablets then send the commands again.
fn is_leaf(kind: u8) -> bool {
    matches!(kind, 0x0a | 0x0d)
}

/// A rebuilt edge goes on in its log while the cloud is away, and the file stays sound.
async fn assert_takes_commands(folder: &Path, what: &str) {
    let data = folder.join("opened");
    std::fs::create_dir_all(data.join("db")).unwrap();
    std::fs::copy(folder.join("edge.db"), path_in(&data)).unwrap();
    let (store, _) = Store::open(&data, identity(), BootNonce([9; 16]), NOW)
        .await
        .unwrap();
    for n in 1..=3 {
        let publish = CommandBody::PublishOrder {
            order_id: OrderId(id(6_000 + n)),
            order: draft(),
        };
        entered(&store, entry(5_000 + n, by(20), publish)).await;
    }
    store.close();
    let path = path_in(&data);
    assert_eq!(check_file(&path, || false), FileCheck::Sound, "{what}");
}

/// The commands that a repeat finds without an outcome.
fn count_unanswered(database: &Path) -> usize {
    const COUNT: &str = "SELECT count(*) FROM commands WHERE outcome IS NULL";
    let conn = Connection::open(database).unwrap();
    let count: u32 = conn.query_row(COUNT, [], |row| row.get(0)).unwrap();
    usize::try_from(count).unwrap()
}

/// Only what lay on the damaged page may lack; a command whose answer lay there counts again.
fn check_salvage(written: &Written, salvage: &Salvage, what: &str) {
    let saved: Vec<CommandId> = salvage
        .undecided
        .iter()
        .filter(|command| command.is_verified)
        .map(|command| command.op.command.id)
        .collect();
    let lost = written.undecided.iter().filter(|id| !saved.contains(id));
    let lost = lost.count();
    // A page holds at most so many ops, and an op after a lost one cannot be verified.
    assert!(lost <= 7, "{what}: {lost} undecided commands are lost");
}

#[tokio::test]
async fn a_check_that_runs_out_of_time_proves_nothing() {
    let written = Written::new().await;
    let path = written.damage(|_| {});
    assert_eq!(check_file(&path, || true), FileCheck::Unfinished);
    assert_eq!(check_file(&path, || false), FileCheck::Sound);
}

/// Whatever the damage changed of the edge's own row, its commands stay.
#[tokio::test]
async fn a_change_of_the_edges_own_row_keeps_no_command_from_being_saved() {
    const PAGES: &str = "SELECT rootpage FROM sqlite_schema WHERE name IN ('edge', 'edge_guard')";
    let written = Written::new().await;
    let pages: Vec<u32> = {
        let conn = Connection::open(path_in(written.data.path())).unwrap();
        let mut statement = conn.prepare(PAGES).unwrap();
        let numbers = statement.query_map([], |row| row.get(0)).unwrap();
        numbers.collect::<rusqlite::Result<_>>().unwrap()
    };
    let to = written.data.path().join("rebuilt.db");
    let mut found = 0;
    for page in pages {
        let end = usize::try_from(page).unwrap() * PAGE;
        // The rest of the page is free.
        let used = (end - PAGE..end).filter(|at| written.bytes[*at] != 0);
        for at in used.step_by(share_of_places()) {
            let what = format!("a flipped bit at {at}");
            let path = written.damage(|bytes| bytes[at] ^= 1 << (at % 8));
            if written.find_or_prove_harmless(&path, &what).is_none() {
                continue;
            }
            found += 1;
            let salvage = salvage_file(&path, &identity());
            let salvage = salvage.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(salvage.identity, identity(), "{what}");
            let in_database = salvage.build_database(&to, NOW).unwrap();
            assert_eq!(in_database, written.undecided.len(), "{what}");
            assert_eq!(check_file(&to, || false), FileCheck::Sound, "{what}");
            std::fs::remove_file(&to).unwrap();
        }
    }
    assert!(found > 300 / share_of_places(), "{found} found");
}

/// After a rollback to an older program, the log may have ops of a kind that it does not know.
#[tokio::test]
async fn an_op_of_a_newer_program_is_no_damage() {
    let written = Written::new().await;
    let path = path_in(written.data.path());
    let conn = Connection::open(&path).unwrap();
    let (epoch, seq, head): (i64, i64, Vec<u8>) = conn
        .query_row(
            "SELECT epoch, seq, hash FROM log ORDER BY epoch DESC, seq DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    let bytes = b"an op of another kind";
    let before = ChainHead {
        seq: u64::try_from(seq).unwrap(),
        hash: Hash::try_from(&head[..]).unwrap(),
    };
    let add = |hash: Hash| {
        conn.execute("DELETE FROM log WHERE seq = ?", [seq + 1])
            .unwrap();
        let text = "INSERT INTO log (epoch, seq, bytes, hash, kind, logged_at)
            VALUES (?, ?, ?, ?, 'new', 0)";
        let values = rusqlite::params![epoch, seq + 1, bytes, &hash.0[..]];
        conn.execute(text, values).unwrap();
    };
    add(before.append_op(bytes).hash);
    assert_eq!(check_file(&path, || false), FileCheck::NewerProgram);
    add(Hash::digest_bytes(b"another"));
    let finding = check_file(&path, || false);
    assert!(matches!(finding, FileCheck::Damaged(_)), "{finding:?}");
}
