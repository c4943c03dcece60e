//! Jobs run once, however many replicas wake for them.

#![allow(clippy::unwrap_used)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use contract::{LIMIT, SqlArm, on_every_sql};
use platform::{
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

const EVERY_SECOND: &str = "* * * * * *";

fn counting(count: &Arc<AtomicUsize>) -> Job {
    let count = count.clone();
    Job::new("counting", EVERY_SECOND, move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok(()) }
    })
}

async fn a_run_is_done_by_one_of_three_replicas(arm: SqlArm) {
    let (tasks, count) = (Tasks::new(), Arc::default());
    for _ in 0..3 {
        let replica = Sql::open(&arm.url).await.unwrap();
        jobs::start(&tasks, &replica, Clock::system(), vec![counting(&count)]).unwrap();
    }
    let some = async || (count.load(Ordering::SeqCst) >= 3).then_some(());
    eventually("three runs", LIMIT, some).await;
    tasks.shutdown(LIMIT).await;
    let slots = "SELECT COUNT(*), MAX(slot) - MIN(slot) FROM job_runs WHERE name = 'counting'";
    let (runs, span_ms): (i64, i64) = arm.sql.one(slots, vals![]).await.unwrap().unwrap();
    // A run for each row, and a row at most for each second.
    assert_eq!(usize::try_from(runs).unwrap(), count.load(Ordering::SeqCst));
    assert!((runs - 1) * 1000 <= span_ms, "{runs} runs in {span_ms} ms");
}

async fn a_job_that_fails_runs_again_at_its_next_moment(arm: SqlArm) {
    let (tasks, count) = (Tasks::new(), Arc::<AtomicUsize>::default());
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
    assert!(matches!(refused, Err(JobError::Calendar { name: "lost", .. })));
}
