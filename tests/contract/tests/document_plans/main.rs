//! Every operation that people and events cause in the stores of inboxes, reviews and profiles uses
//! an index, even among many unrelated documents. MongoDB's profiler records each executed plan of
//! a whole run, with the number of examined keys and documents. For SQLite, sqlx reports each
//! statement, and the test requests its plan from the engine.

#![allow(clippy::unwrap_used)]

mod notices;
mod profiles;
#[path = "../plans/recorder.rs"]
mod recorder;
mod reviews;

use contract::DocumentsArm;
use futures::TryStreamExt;
use mongodb::bson::{Document, doc};
use platform::{
    documents::Documents,
    sql::{ReadError, Row, Sql, StoredRow},
};
use uuid::Uuid;
use wire::{UnixMillis, UserId};

/// In the future: MongoDB removes expired documents by its clock, even during a test.
const AT: UnixMillis = UnixMillis(4_000_000_000_000);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// Unrelated documents of each kind.
const OTHERS: std::ops::Range<u128> = 1_000..1_060;
/// Limit on index keys and on documents that one operation examines: the relevant ones and a few in
/// between.
const LOOKED_AT_MAX: i64 = 20;

#[tokio::test]
async fn every_operation_on_documents_uses_an_index_on_mongodb() {
    let arm = contract::documents_on_mongodb().await;
    migrate(&arm).await;
    fill(&arm).await;
    let database = arm.mongo().await;
    let profile = async |level: i32| {
        database
            .run_command(doc! { "profile": level })
            .await
            .unwrap()
    };
    profile(2).await;
    run(&arm).await;
    // A deliberate scan, to prove that scans are detected.
    let people = database.collection::<Document>("customer_profiles");
    assert!(
        people
            .find_one(doc! { "nothing": 1 })
            .await
            .unwrap()
            .is_none()
    );
    profile(0).await;

    let kept = database.collection::<Document>("system.profile");
    let kept: Vec<Document> = kept
        .find(doc! {})
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let planned: Vec<&Document> = kept
        .iter()
        .filter(|one| one.contains_key("planSummary"))
        .collect();
    assert!(planned.len() > 80, "only {} plans were kept", planned.len());
    let slow: Vec<&&Document> = planned.iter().filter(|one| is_slow(one)).collect();
    assert_eq!(slow.len(), 1, "{slow:#?}");
    assert!(slow[0].to_string().contains("nothing"), "{slow:#?}");
    assert!(
        looked_at(slow[0], "docsExamined") > LOOKED_AT_MAX,
        "{slow:#?}"
    );

    let adds_up = |one: &&&Document| {
        let command = one.get_document("command");
        command.is_ok_and(|of| of.get_str("aggregate").is_ok_and(|name| name == "reviews"))
    };
    let sums: Vec<&&Document> = planned.iter().filter(adds_up).collect();
    assert!(!sums.is_empty());
    for one in sums {
        assert_eq!(
            looked_at(one, "docsExamined"),
            0,
            "a rating is in its index: {one}"
        );
    }
}

/// An aggregation sorts a few sums, but a query sorts everything it found.
fn is_slow(kept: &Document) -> bool {
    let sorts = kept.get_bool("hasSortStage").unwrap_or_default();
    let sums = kept
        .get_document("command")
        .is_ok_and(|command| command.contains_key("aggregate"));
    kept.get_str("planSummary").unwrap().contains("COLLSCAN")
        || (sorts && !sums)
        || ["keysExamined", "docsExamined"]
            .iter()
            .any(|of| looked_at(kept, of) > LOOKED_AT_MAX)
}

fn looked_at(kept: &Document, of: &str) -> i64 {
    kept.get_i64(of)
        .or_else(|_| kept.get_i32(of).map(i64::from))
        .unwrap_or_default()
}

#[tokio::test]
async fn every_statement_on_documents_uses_an_index_on_sqlite() {
    let recorder = recorder::installed();
    let arm = contract::documents_on_sqlite().await;
    migrate(&arm).await;
    let before = recorder.statements();
    run(&arm).await;
    let Documents::Sqlite(sql) = &arm.documents else {
        panic!("it is SQLite")
    };
    let mut looked_at = 0;
    let mut scans = Vec::new();
    for text in recorder
        .statements()
        .into_iter()
        .filter(|text| !before.contains(text))
    {
        looked_at += 1;
        scans.extend(scans_of(sql, &text).await);
    }
    assert!(looked_at > 40, "only {looked_at} statements were seen");
    assert_eq!(scans, Vec::<String>::new());
    for whole in [
        "SELECT COUNT(*) FROM reviews WHERE body = ?",
        "SELECT t.id FROM reviews t WHERE t.body > ? ORDER BY t.body LIMIT ?",
    ] {
        assert!(
            !scans_of(sql, whole).await.is_empty(),
            "a scan would be seen"
        );
    }
}

/// The plan steps that read a whole table, or sort.
async fn scans_of(sql: &Sql, text: &str) -> Vec<String> {
    let asked = format!("EXPLAIN QUERY PLAN {}", text.replace('?', "'1'")).leak();
    let steps: Vec<PlanStep> = sql.fetch_all(&*asked, Vec::new()).await.unwrap();
    // A log of everything is read in index order, up to the page size.
    let is_page = text.contains(" WHERE 1 ORDER BY ") && text.contains(" LIMIT ");
    let slow = |step: &PlanStep| {
        let scans = step.0.starts_with("SCAN ") && !step.0.starts_with("SCAN (subquery");
        let in_order = is_page && step.0.contains(" USING INDEX ");
        (scans && !in_order) || step.0.contains("TEMP B-TREE")
    };
    steps
        .into_iter()
        .filter(slow)
        .map(|step| format!("{}: {text}", step.0))
        .collect()
}

struct PlanStep(String);

impl Row for PlanStep {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        Ok(Self(row.get("detail")?))
    }
}

async fn migrate(arm: &DocumentsArm) {
    notices::migrate(&arm.documents).await;
    reviews::store(&arm.documents).migrate().await.unwrap();
    profiles::store(&arm.documents).migrate().await.unwrap();
}

async fn fill(arm: &DocumentsArm) {
    notices::fill(&arm.documents).await;
    reviews::fill(&reviews::store(&arm.documents)).await;
    profiles::fill(&profiles::store(&arm.documents)).await;
}

async fn run(arm: &DocumentsArm) {
    notices::run(&arm.documents).await;
    reviews::run(&reviews::store(&arm.documents)).await;
    profiles::run(&profiles::store(&arm.documents)).await;
}

fn user(n: u128) -> UserId {
    UserId(id(n))
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x100 + n)
}
