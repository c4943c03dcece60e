//! Owns work done by the clock. Every replica wakes at the same moment; the one that first writes the
//! moment down does the work.
//!
//! Invariant: a job runs at most once for each moment it was due at, however many replicas there are.
//! A run that fails, or whose process dies, is not repeated: the next moment does what was left.

mod store;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use chrono::DateTime;
use croner::{
    Cron,
    parser::{CronParser, Seconds},
};
use process::{clock::Clock, metrics, tasks::Tasks};
use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job as Scheduled, JobScheduler, JobSchedulerError};
use tracing::Instrument;

use crate::sql::Sql;

pub type JobResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;
type Run = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = JobResult> + Send>> + Send + Sync>;

/// Work that is due by a calendar, in UTC: second, minute, hour, day of month, month, day of week.
#[derive(Clone)]
pub struct Job {
    name: &'static str,
    cron: &'static str,
    run: Run,
}

#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error("the job `{name}` has no calendar: `{cron}`")]
    Calendar { name: &'static str, cron: &'static str },
}

/// Runs that are due while this many wait for their turn are left to the next moment.
const WAITING_MAX: usize = 64;
/// How often a scheduler that does not start is tried again.
const RESTART: Duration = Duration::from_secs(10);

impl Job {
    pub fn new<F, W>(name: &'static str, cron: &'static str, run: F) -> Self
    where
        F: Fn() -> W + Send + Sync + 'static,
        W: Future<Output = JobResult> + Send + 'static,
    {
        Self { name, cron, run: Arc::new(move || Box::pin(run())) }
    }

    /// The moment it was last due at, in Unix milliseconds: the same on every replica.
    fn due_at(&self, calendar: &Cron, clock: &Clock) -> Option<i64> {
        // The calendar knows whole seconds, and would carry a fraction over into its answer.
        let now = DateTime::from_timestamp(clock.now().0.div_euclid(1000), 0)?;
        calendar.find_previous_occurrence(&now, true).ok().map(|due| due.timestamp_millis())
    }
}

/// Runs the jobs, and the tidying of the platform's own tables, until the tasks stop.
pub fn start(tasks: &Tasks, sql: &Sql, clock: Clock, jobs: Vec<Job>) -> Result<(), JobError> {
    let mut known = vec![tidy(sql.clone(), clock.clone())];
    known.extend(jobs);
    let mut planned = Vec::with_capacity(known.len());
    for job in known {
        let calendar =
            calendar(job.cron).ok_or(JobError::Calendar { name: job.name, cron: job.cron })?;
        planned.push((job, calendar));
    }
    let runner = Runner { tasks: tasks.clone(), sql: sql.clone(), clock, planned };
    tasks.spawn("jobs", runner.run());
    Ok(())
}

struct Runner {
    tasks: Tasks,
    sql: Sql,
    clock: Clock,
    planned: Vec<(Job, Cron)>,
}

impl Runner {
    async fn run(self) {
        let stop = self.tasks.token();
        let (due, mut next) = mpsc::channel(WAITING_MAX);
        let mut scheduler = loop {
            match self.scheduler(&due).await {
                Ok(scheduler) => break scheduler,
                Err(error) => tracing::error!(%error, "The scheduler of jobs does not start"),
            }
            tokio::select! {
                () = tokio::time::sleep(RESTART) => {}
                () = stop.cancelled() => return,
            }
        };
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(index) = next.recv() => self.begin(index),
            }
        }
        if let Err(error) = scheduler.shutdown().await {
            tracing::debug!(%error, "The scheduler of jobs was gone already");
        }
    }

    async fn scheduler(
        &self,
        due: &mpsc::Sender<usize>,
    ) -> Result<JobScheduler, JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        for (index, (job, _)) in self.planned.iter().enumerate() {
            let (due, name) = (due.clone(), job.name);
            let scheduled = Scheduled::new(job.cron, move |_, _| {
                if due.try_send(index).is_err() {
                    tracing::warn!(job = name, "Job `{name}` is left to its next moment");
                }
            })?;
            scheduler.add(scheduled).await?;
        }
        scheduler.start().await?;
        Ok(scheduler)
    }

    fn begin(&self, index: usize) {
        let Some((job, calendar)) = self.planned.get(index) else { return };
        let Some(due_at) = job.due_at(calendar, &self.clock) else { return };
        let (job, sql, clock) = (job.clone(), self.sql.clone(), self.clock.clone());
        let span = tracing::info_span!("job", job = job.name);
        let work = async move {
            match store::claim(&sql, job.name, due_at, clock.now()).await {
                Ok(true) => finish(job.name, (job.run)().await),
                // Another replica does it.
                Ok(false) => {}
                Err(error) => finish(job.name, Err(error.into())),
            }
        };
        self.tasks.spawn_once("job", work.instrument(span));
    }
}

fn finish(name: &'static str, result: JobResult) {
    let word = if result.is_ok() { "done" } else { "failed" };
    metrics::JOB_RUNS.add([name, word], 1);
    match result {
        Ok(()) => tracing::debug!("Job `{name}` done"),
        Err(error) => tracing::error!(error, "Job `{name}` failed"),
    }
}

fn calendar(cron: &str) -> Option<Cron> {
    // Read as the scheduler reads it.
    CronParser::builder().seconds(Seconds::Required).dom_and_dow(true).build().parse(cron).ok()
}

/// Removes what the platform's tables need no more: sent events after a day, inbox rows after longer
/// than any queue or dead letter is kept, runs of jobs after a week.
fn tidy(sql: Sql, clock: Clock) -> Job {
    Job::new("tidy", "0 17 * * * *", move || {
        let (sql, now) = (sql.clone(), clock.now());
        async move {
            crate::outbox::store::purge(&sql, now).await?;
            crate::inbox::store::purge(&sql, now).await?;
            store::purge(&sql, now).await?;
            Ok(())
        }
    })
}
