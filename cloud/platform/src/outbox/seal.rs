//! The job that reseals unsent and sent events that are plain or sealed with a former data key.

use super::store;
use crate::{Database, documents::DocumentsError, jobs::Job, sealing::TableResealer};

/// Batches per run; the next run continues.
const BATCHES_MAX: usize = 200;
/// Events inside documents checked per run. They leave within seconds while the bus is up.
const WAITING_MAX: usize = 1_000;

pub(crate) fn reseal_job(database: Database) -> Job {
    let walk = TableResealer::for_table("outbox");
    Job::new("seal_events", "35 */5 * * * *", move || {
        let database = database.clone();
        let walk = walk.clone();
        async move { Ok(reseal_events(&database, &walk).await?) }
    })
}

pub async fn reseal_events(
    database: &Database,
    walk: &TableResealer<i64>,
) -> Result<(), DocumentsError> {
    // Unsent events come first: the relay then stores them already sealed with the current key.
    if let Database::Mongo(mongo) = database {
        let sealed = mongo.reseal_events(WAITING_MAX).await?;
        process::metrics::SEALED_ANEW.add(["outbox"], sealed as u64);
    }
    let mut turn = walk.start_run(database.data_keys(), BATCHES_MAX).await;
    while let Some(after) = turn.next_position() {
        turn.record_batch(store::reseal_batch(database, after).await?);
    }
    Ok(())
}
