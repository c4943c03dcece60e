//! The database schema. Never change a shipped migration; add a new one.

use rusqlite_migration::{M, Migrations};

use super::{customers, shares};

/// The number of migrations.
pub(super) const STEPS: u32 = 15;

pub(super) fn migrations() -> Migrations<'static> {
    Migrations::new(vec![
        M::up(include_str!("../../migrations/0001_first.sql")),
        M::up(include_str!("../../migrations/0002_right.sql")),
        M::up(include_str!("../../migrations/0003_epochs.sql")),
        M::up(include_str!("../../migrations/0004_snapshot.sql")),
        M::up(include_str!("../../migrations/0005_own_ids.sql")),
        M::up(include_str!("../../migrations/0006_feed_confirmed.sql")),
        M::up(include_str!("../../migrations/0007_hub_key.sql")),
        M::up_with_hook(include_str!("../../migrations/0008_shares.sql"), |tx| {
            Ok(shares::fill_workers(tx)?)
        }),
        M::up(include_str!("../../migrations/0009_people.sql")),
        M::up(include_str!("../../migrations/0010_code.sql")),
        M::up(include_str!("../../migrations/0011_readmitted.sql")),
        M::up(include_str!("../../migrations/0013_marks.sql")),
        M::up_with_hook(include_str!("../../migrations/0014_customers.sql"), |tx| {
            Ok(customers::fill_customers(tx)?)
        }),
        M::up(include_str!("../../migrations/0015_clock.sql")),
        M::up(include_str!("../../migrations/0016_cut_off.sql")),
    ])
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    #[test]
    fn every_migration_runs_on_an_empty_file_and_is_counted() {
        let mut file = Connection::open_in_memory().unwrap();
        super::migrations().to_latest(&mut file).unwrap();
        let steps = file.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0));
        assert_eq!(steps, Ok(super::STEPS));
    }
}
