//! The job that seals anew the events of an outbox, or of documents and of those that have left
//! them, which are plain or of a former data key.

use super::store;
use crate::{Database, documents::DocumentsError, jobs::Job, sealing::SealWalk};

/// Batches of one turn; the next turn goes on.
const BATCHES_MAX: usize = 200;
/// Events inside documents that are looked at in one turn. They leave within seconds while the bus
/// is there.
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
    // Before those that have left: the relay seals by the present key what it keeps.
    if let Database::Mongo(mongo) = database {
        let sealed = mongo.reseal_events(WAITING_MAX).await?;
        process::metrics::SEALED_ANEW.add(["outbox"], sealed as u64);
    }
    let mut turn = walk.turn(database.data_keys(), BATCHES_MAX).await;
    while let Some(after) = turn.place() {
        turn.reached(store::reseal(database, after).await?);
    }
    Ok(())
}
