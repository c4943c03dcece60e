//! The job that seals anew the events of an outbox, or of documents, which are plain or of a former data key.

use super::store;
use crate::{Database, documents::DocumentsError, jobs::Job, sealing::SealWalk};

/// Batches of one turn; the next turn goes on.
const BATCHES_MAX: usize = 200;
/// Events inside documents that are looked at in one turn. They leave within seconds while the bus is there.
const WAITING_MAX: usize = 1_000;

pub(crate) fn job(database: Database) -> Job {
    let walk = SealWalk::of("outbox");
    Job::new("seal_events", "35 */5 * * * *", move || {
        let (database, walk) = (database.clone(), walk.clone());
        async move { Ok(seal(&database, &walk).await?) }
    })
}

/// One turn of it.
pub async fn seal(database: &Database, walk: &SealWalk<i64>) -> Result<(), DocumentsError> {
    match database {
        Database::Sql(sql) => {
            let mut turn = walk.turn(sql.data_keys(), BATCHES_MAX).await;
            while let Some(after) = turn.place() {
                turn.reached(store::reseal(sql, after).await?);
            }
        }
        Database::Mongo(mongo) => {
            let sealed = mongo.reseal_events(WAITING_MAX).await?;
            process::metrics::SEALED_ANEW.add(["outbox"], sealed as u64);
        }
    }
    Ok(())
}
