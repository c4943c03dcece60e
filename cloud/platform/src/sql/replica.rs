//! A read replica, for large reads whose results may be a few seconds old.
//!
//! Invariants: a result is at most `AGE_MAX_MS` old, measured by a heartbeat that is written to the
//! primary every second and has reached the replica; if the replica has any problem, the primary
//! serves the query.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use process::{
    clock::Clock, config::SecretUrl, metrics, problem::format_error_chain, tasks::Tasks,
};
use tokio_util::sync::CancellationToken;

use super::{Row, Sql, SqlError, Statement, Val};
use crate::vals;

/// A replica that lags further is not used.
const AGE_MAX_MS: i64 = 5_000;
const BEAT: Duration = Duration::from_secs(1);
/// Bounds the wait for a replica that vanishes without closing connections.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// Serves reads that may be a few seconds old. Clones share the pools.
#[derive(Clone)]
pub struct ReplicaReader {
    own: Sql,
    copy: Option<ReadReplica>,
}

#[derive(Clone)]
struct ReadReplica {
    sql: Sql,
    clock: Clock,
    /// The replica may serve queries until this time.
    until: Arc<AtomicI64>,
}

impl ReplicaReader {
    pub fn without_replica(own: &Sql) -> Self {
        Self {
            own: own.clone(),
            copy: None,
        }
    }

    /// Also reads from the replica at this address, if not empty. A SQLite file cannot have one; a
    /// server's may be down.
    pub fn with_replica(
        own: &Sql,
        copy: &SecretUrl,
        tasks: &Tasks,
        clock: &Clock,
    ) -> Result<Self, SqlError> {
        if copy.reveal().is_empty() {
            return Ok(Self::without_replica(own));
        }
        if !own.is_mysql() {
            return Err(SqlError::CopyOfFile);
        }
        let sql = Sql::open_copy(copy.reveal())?.sealed_by(own.data_keys());
        let copy = ReadReplica {
            sql,
            clock: clock.clone(),
            until: Arc::default(),
        };
        tasks.spawn(
            "copy of the database",
            copy.clone().run_heartbeat(own.clone(), tasks.stop_token()),
        );
        Ok(Self {
            own: own.clone(),
            copy: Some(copy),
        })
    }

    /// Returns true if the replica would serve a query now.
    pub fn has_copy(&self) -> bool {
        self.copy.as_ref().is_some_and(ReadReplica::is_near)
    }

    /// Reads every row, at most a few seconds old; the text carries the LIMIT.
    pub async fn fetch_all<R: Row>(
        &self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<Vec<R>, SqlError> {
        let text = text.into();
        if let Some(copy) = self.copy.as_ref().filter(|copy| copy.is_near()) {
            let answer = copy.sql.fetch_all(text.clone(), values.clone());
            if let Some(answer) = copy.accept_or_suspend(answer).await {
                return Ok(answer);
            }
        }
        self.own.fetch_all(text, values).await
    }
}

impl ReadReplica {
    fn is_near(&self) -> bool {
        self.clock.now().0 < self.until.load(Ordering::Relaxed)
    }

    /// Returns the replica's result, or `None` on failure: then the primary serves the query, and
    /// the replica rests until its next heartbeat.
    async fn accept_or_suspend<T>(
        &self,
        answer: impl Future<Output = Result<T, SqlError>>,
    ) -> Option<T> {
        let failure = match tokio::time::timeout(ANSWER_LIMIT, answer).await {
            Ok(Ok(answer)) => {
                metrics::SQL_COPY_READS.add(["answered"], 1);
                return Some(answer);
            }
            Ok(Err(error)) => format_error_chain(&error),
            Err(_) => "the replica did not answer in time".to_owned(),
        };
        metrics::SQL_COPY_READS.add(["failed"], 1);
        self.until.store(0, Ordering::Relaxed);
        tracing::warn!(
            cause = failure,
            "The read replica failed; reading from the primary database"
        );
        None
    }

    /// Writes heartbeats to the primary and reads the latest that reached the replica.
    async fn run_heartbeat(self, own: Sql, stop: CancellationToken) {
        let mut was_near = None;
        loop {
            let beat = tokio::select! {
                beat = self.send_heartbeat(&own) => beat,
                () = stop.cancelled() => break,
            };
            let is_near = self.is_near();
            if was_near.replace(is_near) != Some(is_near) {
                log_replica_state(is_near, beat.err().as_ref());
            }
            tokio::select! {
                () = tokio::time::sleep(BEAT) => {}
                () = stop.cancelled() => break,
            }
        }
        self.sql.close().await;
    }

    async fn send_heartbeat(&self, own: &Sql) -> Result<(), SqlError> {
        let now = self.clock.now();
        own.exec("UPDATE beats SET at = ? WHERE at < ?", vals![now, now])
            .await?;
        let heard: Option<i64> = self
            .sql
            .fetch_optional("SELECT at FROM beats", Vec::new())
            .await?;
        self.until.store(
            heard.unwrap_or(0).saturating_add(AGE_MAX_MS),
            Ordering::Relaxed,
        );
        Ok(())
    }
}

fn log_replica_state(is_near: bool, error: Option<&SqlError>) {
    if is_near {
        tracing::info!("Exports and searches read from the read replica");
        return;
    }
    let cause = error.map_or_else(
        || "the replica lags behind".to_owned(),
        |error| format_error_chain(error),
    );
    tracing::warn!(
        cause,
        "The read replica is not used; reading from the primary database"
    );
}
