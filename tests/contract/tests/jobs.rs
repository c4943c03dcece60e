//! Jobs run once, however many replicas wake for them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use contract::{DocumentsArm, LIMIT, SqlArm, on_every_sql};
use mongodb::bson::{Document, doc};
use platform::{
    Database,
    documents::Documents,
    jobs::{self, Job, JobError},
    sql::Sql,
    vals,
};
use process::{clock::Clock, tasks::Tasks};
use support::eventually;

on_every_sql! {
    a_run_is_done_by_one_of_three_replicas,
    a_job_that_fails_runs_again_at_its_next_moment,
}

mod documents {
    use super::a_run_is_done_by_one_of_three_replicas_of_documents as body;

    contract::on_every_documents! { body }
}

const EVERY_SECOND: &str = "* * * * * *";

fn counting(count: &Arc<AtomicUsize>) -> Job {
    let count = count.clone();
    Job::new("counting", EVERY_SECOND, move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok(()) }
    })
}

async fn a_run_is_done_by_one_of_three_replicas(arm: SqlArm) {
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push((&Sql::open(&arm.url).await.unwrap()).into());
    }
    let count = runs_of(replicas).await;
    let slots = "SELECT COUNT(*), MAX(slot) - MIN(slot) FROM job_runs WHERE name = 'counting'";
    let (runs, span_ms): (i64, i64) = arm
        .sql
        .fetch_optional(slots, vals![])
        .await
        .unwrap()
        .unwrap();
    // One row per run, and at most one row per second.
    assert_eq!(usize::try_from(runs).unwrap(), count);
    assert!((runs - 1) * 1000 <= span_ms, "{runs} runs in {span_ms} ms");
}

async fn a_run_is_done_by_one_of_three_replicas_of_documents(arm: DocumentsArm) {
    arm.documents.migrate().await.unwrap();
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push((&Documents::open(&arm.url).await.unwrap()).into());
    }
    let count = runs_of(replicas).await;
    let runs = match &arm.documents {
        Documents::Mongo(_) => {
            let runs = arm.mongo().await.collection::<Document>("_job_runs");
            runs.count_documents(doc! {"_id.name": "counting"})
                .await
                .unwrap()
        }
        Documents::Sqlite(sql) => {
            let runs = "SELECT COUNT(*) FROM job_runs WHERE name = 'counting'";
            sql.fetch_optional::<u64>(runs, vals![])
                .await
                .unwrap()
                .unwrap()
        }
    };
    assert_eq!(usize::try_from(runs).unwrap(), count);
}

/// Runs a job every second on each replica, until it has run three times.
async fn runs_of(replicas: Vec<Database>) -> usize {
    let tasks = Tasks::new();
    let count = Arc::default();
    for replica in replicas {
        jobs::start(&tasks, replica, Clock::system(), vec![counting(&count)]).unwrap();
    }
    let some = async || (count.load(Ordering::SeqCst) >= 3).then_some(());
    eventually("three runs", LIMIT, some).await;
    tasks.shutdown(LIMIT).await;
    count.load(Ordering::SeqCst)
}

async fn a_job_that_fails_runs_again_at_its_next_moment(arm: SqlArm) {
    let tasks = Tasks::new();
    let count = Arc::<AtomicUsize>::default();
    let seen = count.clone();
    let failing = Job::new("failing", EVERY_SECOND, move || {
        seen.fetch_add(1, Ordering::SeqCst);
        async { Err("planted".into()) }
    });
    jobs::start(&tasks, &arm.sql, Clock::system(), vec![failing]).unwrap();
    let twice = async || (count.load(Ordering::SeqCst) >= 2).then_some(());
    eventually("two runs", LIMIT, twice).await;
    tasks.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_job_without_a_calendar_is_refused_by_name() {
    let arm = contract::sqlite().await;
    let job = Job::new("lost", "every now and then", || async { Ok(()) });
    let refused = jobs::start(&Tasks::new(), &arm.sql, Clock::system(), vec![job]);
    assert!(matches!(
        refused,
        Err(JobError::Calendar { name: "lost", .. })
    ));
}
