//! The promises of `Sql`, the same on SQLite and MariaDB.

use std::{sync::Arc, time::Duration};

use contract::{SqlArm, THINGS, on_every_sql};
use futures::future::join_all;
use platform::{
    row,
    sql::{Sql, SqlError, Statement, in_list},
    transact, vals,
};
use process::clock::Clock;
use stack::{Ports, Supervisor, binaries, servers::ClusteredMariaDb};
use tokio::sync::Barrier;
use uuid::Uuid;

on_every_sql! {
    values_read_back_as_they_were_written,
    a_second_row_with_the_same_key_is_refused_without_its_value,
    a_block_that_fails_leaves_nothing,
    one_of_24_racing_providers_wins_and_the_others_see_who,
    transactions_that_read_and_then_write_all_commit,
    a_deadlock_is_tried_again,
    a_block_is_not_tried_again_for_its_own_refusal,
    an_update_that_changes_nothing_counts_its_row,
    a_list_and_a_bulk_insert_carry_their_values,
    a_read_outside_sees_what_was_committed_before,
    replicas_may_migrate_at_the_same_time,
    an_unmigrated_database_is_refused_by_name,
    a_second_migration_adds_to_a_database_with_rows,
    tables_of_the_next_version_will_do_and_those_of_a_later_one_will_not,
}

row! {
    #[derive(Debug, PartialEq)]
    struct Thing {
        id: Uuid,
        name: String,
        status: String,
        holder: Option<Uuid>,
        amount: i64,
        photo: Option<Vec<u8>>,
        note: Option<String>,
    }
}

const ADD: &str = "INSERT INTO things (id, name, status, holder, amount, photo, note) \
    VALUES (?, ?, ?, ?, ?, ?, ?)";
const THING: &str = "SELECT id, name, status, holder, amount, photo, note FROM things WHERE id = ?";

fn id() -> Uuid {
    Clock::system().new_id()
}

async fn add(sql: &Sql, name: &str) -> Uuid {
    let id = id();
    sql.exec(
        ADD,
        vals![
            id,
            name,
            "pending",
            None::<Uuid>,
            0,
            None::<Vec<u8>>,
            None::<String>
        ],
    )
    .await
    .unwrap();
    id
}

async fn thing(sql: &Sql, id: Uuid) -> Thing {
    sql.fetch_optional(THING, vals![id]).await.unwrap().unwrap()
}

async fn values_read_back_as_they_were_written(arm: SqlArm) {
    let written = Thing {
        id: id(),
        name: "Ünïcødé 北区 🛠".to_owned(),
        status: "pending".to_owned(),
        holder: Some(id()),
        amount: i64::MIN,
        photo: Some(vec![0, 255, 128, 0]),
        note: Some("ab'\"\\%?".repeat(20_000)),
    };
    let w = &written;
    let values = vals![
        w.id, &w.name, &w.status, w.holder, w.amount, &w.photo, &w.note
    ];
    arm.sql.exec(ADD, values).await.unwrap();
    assert_eq!(thing(&arm.sql, written.id).await, written);

    let empty = add(&arm.sql, "empty").await;
    let read = thing(&arm.sql, empty).await;
    assert_eq!((read.holder, read.photo, read.note), (None, None, None));
    let unknown: Option<Thing> = arm.sql.fetch_optional(THING, vals![id()]).await.unwrap();
    assert_eq!(unknown, None);
}

async fn a_second_row_with_the_same_key_is_refused_without_its_value(arm: SqlArm) {
    add(&arm.sql, "somebody@example.org").await;
    let values = vals![
        id(),
        "somebody@example.org",
        "pending",
        None::<Uuid>,
        0,
        None::<Vec<u8>>,
        None::<String>
    ];
    let error = arm.sql.exec(ADD, values).await.unwrap_err();
    assert!(
        error.is_duplicate_key() && !error.is_contention() && !error.is_unavailable(),
        "{error}"
    );
    assert!(error.to_string().contains("name"), "{error}");
    assert!(!format!("{error:?}").contains("somebody"), "{error:?}");
}

async fn a_block_that_fails_leaves_nothing(arm: SqlArm) {
    let thing = add(&arm.sql, "kept").await;
    let result: Result<(), anyhow::Error> = transact!(arm.sql, tx => {
        tx.exec("UPDATE things SET amount = 5 WHERE id = ?", vals![thing]).await?;
        let seen: Option<i64> =
            tx.fetch_optional("SELECT amount FROM things WHERE id = ?", vals![thing]).await?;
        assert_eq!(seen, Some(5));
        anyhow::bail!("changed my mind")
    });
    assert_eq!(result.unwrap_err().to_string(), "changed my mind");
    assert_eq!(self::thing(&arm.sql, thing).await.amount, 0);
}

async fn one_of_24_racing_providers_wins_and_the_others_see_who(arm: SqlArm) {
    for round in 0..5 {
        let thing = add(&arm.sql, &format!("race {round}")).await;
        let racers = (0..24).map(|_| {
            let sql = arm.sql.clone();
            async move { accept(&sql, thing).await.unwrap() }
        });
        let answers = join_all(racers).await;
        let winners: Vec<_> = answers.iter().filter(|(won, ..)| *won).collect();
        assert_eq!(winners.len(), 1);
        // READ COMMITTED: the loser of the guarded update sees the current row.
        assert!(
            answers
                .iter()
                .all(|(_, me, holder)| *holder == Some(winners[0].1) || *me == winners[0].1)
        );
        assert_eq!(
            self::thing(&arm.sql, thing).await.holder,
            Some(winners[0].1)
        );
    }
}

/// The result, the caller, and the holder of the thing.
async fn accept(sql: &Sql, thing: Uuid) -> Result<(bool, Uuid, Option<Uuid>), SqlError> {
    let me = id();
    transact!(sql, tx => {
        let before: Option<Thing> = tx.fetch_optional(THING, vals![thing]).await?;
        assert!(before.is_some());
        let accept = "UPDATE things SET status = 'accepted', holder = ? \
            WHERE id = ? AND status = 'pending'";
        let won = tx.exec(accept, vals![me, thing]).await? == 1;
        let after: Option<Thing> = tx.fetch_optional(THING, vals![thing]).await?;
        Ok((won, me, after.and_then(|thing| thing.holder)))
    })
}

async fn transactions_that_read_and_then_write_all_commit(arm: SqlArm) {
    let thing = add(&arm.sql, "counter").await;
    let writers = (0..50).map(|_| {
        let sql = arm.sql.clone();
        async move {
            let result: Result<(), SqlError> = transact!(sql, tx => {
                let read = if tx.is_mysql() {
                    "SELECT amount FROM things WHERE id = ? FOR UPDATE"
                } else {
                    "SELECT amount FROM things WHERE id = ?"
                };
                let amount: i64 = tx.fetch_optional(read, vals![thing]).await?.unwrap();
                tx.exec("UPDATE things SET amount = ? WHERE id = ?", vals![amount + 1, thing])
                    .await?;
                Ok(())
            });
            result
        }
    });
    assert!(
        join_all(writers)
            .await
            .into_iter()
            .all(|result| result.is_ok())
    );
    assert_eq!(self::thing(&arm.sql, thing).await.amount, 50);
}

async fn a_deadlock_is_tried_again(arm: SqlArm) {
    let a = add(&arm.sql, "a").await;
    let b = add(&arm.sql, "b").await;
    let both_hold_one = Arc::new(Barrier::new(2));
    let lock_both = |first: Uuid, second: Uuid| {
        let sql = arm.sql.clone();
        let both_hold_one = both_hold_one.clone();
        async move {
            let result: Result<(), SqlError> = transact!(sql, tx => {
                let add = "UPDATE things SET amount = amount + 1 WHERE id = ?";
                tx.exec(add, vals![first]).await?;
                // SQLite lets only one of them reach this point at a time.
                let _ = tokio::time::timeout(Duration::from_millis(300), both_hold_one.wait()).await;
                tx.exec(add, vals![second]).await?;
                Ok(())
            });
            result.unwrap();
        }
    };
    tokio::join!(lock_both(a, b), lock_both(b, a));
    assert_eq!(thing(&arm.sql, a).await.amount, 2);
    assert_eq!(thing(&arm.sql, b).await.amount, 2);
}

async fn a_block_is_not_tried_again_for_its_own_refusal(arm: SqlArm) {
    add(&arm.sql, "taken").await;
    let mut runs = 0;
    let result: Result<(), SqlError> = transact!(arm.sql, tx => {
        runs += 1;
        let values = vals![id(), "taken", "pending", None::<Uuid>, 0, None::<Vec<u8>>,
            None::<String>];
        tx.exec(ADD, values).await?;
        Ok(())
    });
    assert!(result.unwrap_err().is_duplicate_key());
    assert_eq!(runs, 1);
}

async fn an_update_that_changes_nothing_counts_its_row(arm: SqlArm) {
    let thing = add(&arm.sql, "still").await;
    let same = "UPDATE things SET amount = 0 WHERE id = ?";
    assert_eq!(arm.sql.exec(same, vals![thing]).await.unwrap(), 1);
    assert_eq!(arm.sql.exec(same, vals![id()]).await.unwrap(), 0);
}

async fn a_list_and_a_bulk_insert_carry_their_values(arm: SqlArm) {
    let things: Vec<Uuid> = (0..100).map(|_| id()).collect();
    let insert = Statement::new("INSERT INTO things (id, name, status, amount) VALUES ")
        .append_repeated("(?, ?, 'pending', ?)", ", ", things.len());
    let mut values = Vec::new();
    for (number, id) in things.iter().enumerate() {
        values.extend(vals![*id, format!("bulk {number}"), number]);
    }
    assert_eq!(arm.sql.exec(insert, values).await.unwrap(), 100);
    let wanted = &things[10..20];
    let text = in_list(
        "SELECT amount FROM things WHERE id IN (",
        wanted.len(),
        ") ORDER BY id",
    );
    let values = wanted.iter().map(|id| (*id).into()).collect();
    let amounts: Vec<i64> = arm.sql.fetch_all(text, values).await.unwrap();
    assert_eq!(amounts, (10..20).collect::<Vec<_>>());
}

async fn a_read_outside_sees_what_was_committed_before(arm: SqlArm) {
    for number in 0..50 {
        let thing = add(&arm.sql, &format!("seen {number}")).await;
        assert_eq!(self::thing(&arm.sql, thing).await.id, thing);
    }
}

async fn replicas_may_migrate_at_the_same_time(arm: SqlArm) {
    let replicas = (0..4).map(|_| async {
        let replica = Sql::open(&arm.url).await.unwrap();
        replica.migrate(&THINGS).await
    });
    for result in join_all(replicas).await {
        result.unwrap();
    }
    arm.sql.check_schema(&THINGS).await.unwrap();
}

async fn an_unmigrated_database_is_refused_by_name(arm: SqlArm) {
    arm.sql.check_schema(&THINGS).await.unwrap();
    let forget = "DELETE FROM _sqlx_migrations WHERE version = 1";
    arm.sql.exec(forget, vals![]).await.unwrap();
    let error = arm.sql.check_schema(&THINGS).await.unwrap_err().to_string();
    assert!(
        error.contains("0001 things") && error.contains("holdfast-cloud migrate"),
        "{error}"
    );
    arm.sql
        .exec("DROP TABLE _ground_migrations", vals![])
        .await
        .unwrap();
    let error = arm.sql.check_schema(&THINGS).await.unwrap_err().to_string();
    assert!(error.contains("0001 platform"), "{error}");
}

async fn a_second_migration_adds_to_a_database_with_rows(arm: SqlArm) {
    const WEIGHT: &str = "SELECT weight_g, weighed_by FROM things WHERE id = ?";
    const WEIGH: &str = "UPDATE things SET weight_g = 5, weighed_by = ? WHERE id = ?";
    type Weight = (i64, Option<Uuid>);
    let former = contract::with_first_migration(&arm).await;
    let sql = &former.sql;
    let thing = add(sql, "from before").await;
    let error = sql.check_schema(&THINGS).await.unwrap_err().to_string();
    assert!(
        error.contains("0002 weights") && error.contains("holdfast-cloud migrate"),
        "{error}"
    );

    sql.migrate(&THINGS).await.unwrap();
    sql.check_schema(&THINGS).await.unwrap();
    assert_eq!(self::thing(sql, thing).await.name, "from before");
    let weight: Option<Weight> = sql.fetch_optional(WEIGHT, vals![thing]).await.unwrap();
    assert_eq!(weight, Some((0, None)), "an old row has the defaults");

    let weigher = id();
    sql.exec(WEIGH, vals![weigher, thing]).await.unwrap();
    sql.migrate(&THINGS).await.unwrap();
    let weight: Option<Weight> = sql.fetch_optional(WEIGHT, vals![thing]).await.unwrap();
    assert_eq!(
        weight,
        Some((5, Some(weigher))),
        "a repeated migration changes nothing"
    );
}

async fn tables_of_the_next_version_will_do_and_those_of_a_later_one_will_not(arm: SqlArm) {
    let step = async |version: i64| {
        const STEP: &str = "INSERT INTO _sqlx_migrations \
            (version, description, success, checksum, execution_time) VALUES (?, 'next', 1, ?, 0)";
        arm.sql
            .exec(STEP, vals![version, vec![0_u8]])
            .await
            .unwrap();
    };
    step(900).await;
    arm.sql.check_schema(&THINGS).await.unwrap();
    arm.sql.migrate(&THINGS).await.unwrap();
    step(901).await;
    for refused in [
        arm.sql.check_schema(&THINGS).await,
        arm.sql.migrate(&THINGS).await,
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(
            error.contains("more than one step newer") && error.contains("0900"),
            "{error}"
        );
    }
    let between = "UPDATE _sqlx_migrations SET version = 0 WHERE version = 900";
    arm.sql.exec(between, vals![]).await.unwrap();
    arm.sql
        .exec("DELETE FROM _sqlx_migrations WHERE version = 901", vals![])
        .await
        .unwrap();
    let error = arm.sql.check_schema(&THINGS).await.unwrap_err();
    assert!(
        matches!(error, SqlError::Newer { .. }),
        "another history: {error}"
    );
}

#[tokio::test]
async fn an_address_of_no_known_kind_is_refused() {
    assert!(matches!(
        Sql::open("postgres://host/db").await,
        Err(SqlError::Address)
    ));
}

#[tokio::test]
async fn a_server_with_several_writers_is_refused_with_the_reason() {
    let folder = stack::temporary::folder().unwrap();
    let supervisor = Supervisor::start(&binaries::supervisor().unwrap()).unwrap();
    supervisor.remove_at_end(&folder).unwrap();
    let mut ports = Ports::default();
    let clustered = ClusteredMariaDb::start(&supervisor, &folder, &mut ports)
        .await
        .unwrap();

    let refused = Sql::open(&format!("{}/mysql", clustered.address))
        .await
        .err()
        .unwrap();
    assert!(
        refused
            .to_string()
            .contains("several writers (wsrep_on=ON)"),
        "{refused}"
    );
    assert!(!refused.is_unavailable(), "waiting does not mend it");
    supervisor.stop(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_away_is_told_apart_from_a_refusal() {
    let error = Sql::open("mysql://root:secret@127.0.0.1:9/db")
        .await
        .err()
        .unwrap();
    assert!(error.is_unavailable(), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}
