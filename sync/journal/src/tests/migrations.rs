//! Files of older and newer versions.

use super::*;

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let file = Connection::open(&path).unwrap();
    file.pragma_update(None, "user_version", 2).unwrap();
    let older = Migrations::new(vec![M::up("CREATE TABLE only (n INTEGER) STRICT")]);
    let make = |_: &Connection| Ok::<(), rusqlite::Error>(());
    let refused = Journal::open(&path, older, make, |_| ()).unwrap_err();
    assert!(crate::is_of_newer_version(&refused), "{refused}");
    assert!(
        refused.to_string().contains("Start that version again"),
        "{refused}"
    );
    assert!(
        std::error::Error::source(&refused).is_none(),
        "no library says more"
    );
}

#[tokio::test]
async fn a_second_migration_adds_to_a_file_with_rows() {
    let place = Place::new();
    let journal = place.open();
    note(&journal, "from before").await.unwrap();
    journal.close();

    let steps = vec![
        STEPS[0].clone(),
        M::up("ALTER TABLE notes ADD COLUMN read_at INTEGER NOT NULL DEFAULT 0"),
    ];
    let load = |conn: &Connection| Notes::make(conn, &Arc::default());
    let journal = Journal::open(place.path(), Migrations::new(steps), load, |_| {}).unwrap();
    let read = |conn: &Connection| {
        conn.query_row("SELECT text, read_at FROM notes", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        })
    };
    let row = journal.read(read).await.unwrap();
    assert_eq!(row, ("from before".to_owned(), 0));
    note(&journal, "from now").await.unwrap();
    assert_eq!(journal.read(counted).await.unwrap(), 2);
    journal.close();
}
