//! Scheduled jobs. Every replica wakes at the same time; the first to claim a run executes it.
//!
//! Invariant: a job runs at most once per due time, across all replicas. A failed or crashed run is
//! not retried: the next run does the remaining work.

use std::{borrow::Cow, future::Future, pin::Pin, sync::Arc, time::Duration};

use process::{clock::Clock, metrics, tasks::Tasks};
use tokio::sync::mpsc;
use tokio_cron_scheduler::{
    Job as ScheduledJob, JobScheduler, JobSchedulerError, job::job_data::JobStoredData,
};
use tracing::Instrument;

use crate::{
    ledger::{
        Database,
        store::{claims, idempotency_keys, outbox::reseal_events},
    },
    sealing::TableResealer,
    sql::{Sql, SqlResealer, events},
};

/// Names the calendar, in a job's format.
#[cfg(debug_assertions)]
const CALENDAR_VARIABLE: &str = "HOLDFAST_JOBS_AT";

pub type JobResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;
type JobFn = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = JobResult> + Send>> + Send + Sync>;

/// Work due by a cron schedule, in UTC: second, minute, hour, day of month, month, day of week.
#[derive(Clone)]
pub struct Job {
    name: &'static str,
    cron: Cow<'static, str>,
    run: JobFn,
}

#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error("the schedule `{cron}` of the job `{name}` is not a cron expression")]
    Calendar {
        name: &'static str,
        cron: Cow<'static, str>,
    },
}

/// Further runs are skipped until their next due time.
const WAITING_MAX: usize = 64;
/// The pause before the scheduler's start is retried.
const RESTART: Duration = Duration::from_secs(10);

impl Job {
    pub fn new<F, W>(name: &'static str, cron: impl Into<Cow<'static, str>>, run: F) -> Self
    where
        F: Fn() -> W + Send + Sync + 'static,
        W: Future<Output = JobResult> + Send + 'static,
    {
        Self {
            name,
            cron: cron.into(),
            run: Arc::new(move || Box::pin(run())),
        }
    }

    /// Reseals values that are plain or under a former data key.
    pub fn reseal(name: &'static str, cron: &'static str, resealer: SqlResealer) -> Self {
        Self::new(name, cron, move || {
            let resealer = resealer.clone();
            async move { Ok(resealer.run().await?) }
        })
    }
}

/// Runs the jobs, and those that clean up and seal the platform's tables, until the tasks stop.
pub fn start(
    tasks: &Tasks,
    database: impl Into<Database>,
    clock: Clock,
    jobs: Vec<Job>,
) -> Result<(), JobError> {
    start_runner(tasks, database.into(), clock, jobs)
}

fn start_runner(
    tasks: &Tasks,
    database: Database,
    clock: Clock,
    mut jobs: Vec<Job>,
) -> Result<(), JobError> {
    // MongoDB expires its collections automatically.
    if let Database::Sql(sql) = &database {
        jobs.push(cleanup_job(sql.clone(), clock.clone()));
    }
    jobs.push(reseal_job(database.clone()));
    let planned = jobs.into_iter().map(|job| {
        let job = match test_calendar() {
            Some(cron) => Job {
                cron: cron.into(),
                ..job
            },
            None => job,
        };
        let calendar = CronSchedule::read(&job.cron).ok_or_else(|| JobError::Calendar {
            name: job.name,
            cron: job.cron.clone(),
        })?;
        Ok((job, calendar))
    });
    let planned = planned.collect::<Result<_, JobError>>()?;
    let runner = JobRunner {
        tasks: tasks.clone(),
        database,
        clock,
        planned,
    };
    tasks.spawn("jobs", runner.run());
    Ok(())
}

/// The scheduler's job record. Only the scheduler parses the cron text, so due times match its
/// wake-ups.
struct CronSchedule(JobStoredData);

impl CronSchedule {
    fn read(cron: &str) -> Option<Self> {
        ScheduledJob::new(cron, |_, _| {})
            .ok()?
            .job_data()
            .ok()
            .map(Self)
    }

    /// When a job was last due, in Unix milliseconds: identical on every replica. The scheduler
    /// stores only the next time, and overwrites it while the job starts.
    fn due_at(&self, clock: &Clock) -> Option<i64> {
        // The scheduler counts in whole seconds, as cron does.
        let now = u64::try_from(clock.now().0.div_euclid(1000)).ok()?;
        let now = JobStoredData {
            next_tick: now,
            ..self.0.clone()
        }
        .next_tick_utc()?;
        let due = self
            .0
            .schedule()?
            .find_previous_occurrence(&now, true)
            .ok()?;
        Some(due.timestamp_millis())
    }
}

struct JobRunner {
    tasks: Tasks,
    database: Database,
    clock: Clock,
    planned: Vec<(Job, CronSchedule)>,
}

impl JobRunner {
    async fn run(self) {
        let stop = self.tasks.stop_token();
        let (due, mut next) = mpsc::channel(WAITING_MAX);
        let mut scheduler = loop {
            match self.start_scheduler(&due).await {
                Ok(scheduler) => break scheduler,
                Err(error) => {
                    tracing::error!(%error, "Could not start the job scheduler; retrying")
                }
            }
            tokio::select! {
                () = tokio::time::sleep(RESTART) => {}
                () = stop.cancelled() => return,
            }
        };
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(index) = next.recv() => self.spawn_run(index),
            }
        }
        if let Err(error) = scheduler.shutdown().await {
            tracing::debug!(%error, "Could not stop the job scheduler");
        }
    }

    async fn start_scheduler(
        &self,
        due: &mpsc::Sender<usize>,
    ) -> Result<JobScheduler, JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        for (index, (job, _)) in self.planned.iter().enumerate() {
            let due = due.clone();
            let name = job.name;
            let scheduled = ScheduledJob::new(&*job.cron, move |_, _| {
                if due.try_send(index).is_err() {
                    tracing::warn!(
                        job = name,
                        "Skipped a run of job `{name}`: too many runs are waiting"
                    );
                }
            })?;
            scheduler.add(scheduled).await?;
        }
        scheduler.start().await?;
        Ok(scheduler)
    }

    fn spawn_run(&self, index: usize) {
        let Some((job, calendar)) = self.planned.get(index) else {
            return;
        };
        let Some(due_at) = calendar.due_at(&self.clock) else {
            return;
        };
        let job = job.clone();
        let database = self.database.clone();
        let clock = self.clock.clone();
        let span = tracing::info_span!("job", job = job.name);
        let work = async move {
            match claims::claim_run(&database, job.name, due_at, clock.now()).await {
                Ok(true) => record_result(job.name, (job.run)().await),
                // Another replica runs it.
                Ok(false) => {}
                Err(error) => record_result(job.name, Err(error.into())),
            }
        };
        self.tasks.spawn_once("job", work.instrument(span));
    }
}

fn record_result(name: &'static str, result: JobResult) {
    let word = if result.is_ok() { "done" } else { "failed" };
    metrics::JOB_RUNS.add([name, word], 1);
    match result {
        Ok(()) => tracing::debug!("Job `{name}` finished"),
        Err(error) => tracing::error!(error, "Job `{name}` failed"),
    }
}

/// Deletes old rows of the platform's tables: inbox entries older than any event can be,
/// idempotency keys after two days, job runs after a week. A separate job deletes sent events.
fn cleanup_job(sql: Sql, clock: Clock) -> Job {
    Job::new("tidy", "0 17 * * * *", move || {
        let sql = sql.clone();
        let now = clock.now();
        async move {
            events::purge_expired(&sql, now).await?;
            idempotency_keys::purge_expired(&sql, now).await?;
            claims::purge_old_runs(&sql, now).await?;
            Ok(())
        }
    })
}

/// Reseals unsent and sent events that are plain or sealed with a former data key.
fn reseal_job(database: Database) -> Job {
    let walk = TableResealer::for_table("outbox");
    Job::new("seal_events", "35 */5 * * * *", move || {
        let database = database.clone();
        let walk = walk.clone();
        async move { Ok(reseal_events(&database, &walk).await?) }
    })
}

/// One calendar for all jobs of the process, because a test cannot wait for minutes or a night.
/// Only in builds with debug assertions.
#[cfg(debug_assertions)]
fn test_calendar() -> Option<&'static str> {
    static NAMED: std::sync::LazyLock<Option<String>> = std::sync::LazyLock::new(read_calendar);
    NAMED.as_deref()
}

#[cfg(not(debug_assertions))]
const fn test_calendar() -> Option<&'static str> {
    None
}

#[cfg(debug_assertions)]
fn read_calendar() -> Option<String> {
    let cron = std::env::var(CALENDAR_VARIABLE)
        .ok()
        .filter(|cron| !cron.is_empty())?;
    tracing::warn!(cron, "All jobs of this process run on one test schedule");
    Some(cron)
}
