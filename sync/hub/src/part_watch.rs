//! Looks at the other parts of the cloud for the status report: how many dead letters each has, and
//! whether it is away.
//!
//! The hub needs no call to a part for this that it does not make anyway. Its own connection to the
//! bus counts the messages and the consumers of every queue. A part is away if a queue of it has no
//! consumer, and also if it is one of the three that the hub calls and does not answer there. The
//! rest is left out on purpose:
//!
//! - User, payment and notification may answer no request and still read their queues.
//! - On the embedded bus one process runs every part, the hub among them.
//! - The gateway has no queue. Without it every link is down, which the report says of each edge.
//! - The certificate of the gateway's address belongs to the proxy in front of it; no part sees it.

use std::time::Duration;

use futures::future::join_all;
use platform::{
    bus::{Bus, BusError, boxes_of, topology},
    upstream::Upstream,
};
use process::{clock::Clock, parts::CloudPart, tasks::Tasks};
use tokio::time::{sleep, timeout};

use crate::{
    domain::parts::{PartFinding, PartStates},
    polling::PollLoop,
};

/// A look asks the broker once or twice for each queue and exchange of the platform.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// While a part is away: a restart takes seconds.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

pub(crate) struct PartWatch {
    pub bus: Bus,
    pub clock: Clock,
    /// The parts that the hub calls.
    pub called: Vec<CalledPart>,
    pub states: PartStates,
}

pub(crate) struct CalledPart {
    pub part: CloudPart,
    pub upstream: Upstream,
}

impl PartWatch {
    /// While the broker is away, the report keeps what the last look found.
    pub(crate) fn start(self, tasks: &Tasks) {
        let mut poll_loop = PollLoop::new(tasks, "Could not look at the parts of the cloud yet");
        tasks.spawn("part_watch", async move {
            while poll_loop
                .next(self.look().await, self.wait_for_next())
                .await
            {}
        });
    }

    async fn wait_for_next(&self) {
        let mut parts = self.states.list_parts().into_iter();
        let is_away = parts.any(|part| part.away_since.is_some());
        sleep(if is_away { LOOK_AGAIN } else { LOOK_EVERY }).await;
    }

    async fn look(&self) -> Result<(), BusError> {
        let unreachable = self.find_unreachable().await;
        let mut findings = Vec::new();
        for part in CloudPart::behind_the_gateway() {
            let is_read = self.reads_its_queues(part).await?;
            findings.push(PartFinding {
                part: part.name(),
                dead_letters: self.count_dead_letters(part).await?,
                is_away: !is_read || unreachable.contains(&part),
            });
        }
        self.states.record_look(&findings, self.clock.now());
        Ok(())
    }

    async fn count_dead_letters(&self, part: CloudPart) -> Result<u64, BusError> {
        let mut sum = 0;
        for letter_box in boxes_of(part) {
            sum += match self.bus.count_waiting(&letter_box.queue_name()).await {
                // An undeclared queue has no dead letters.
                Err(BusError::UnknownQueue(_)) => 0,
                counted => counted?,
            };
        }
        Ok(sum)
    }

    async fn reads_its_queues(&self, part: CloudPart) -> Result<bool, BusError> {
        // This replica runs, whatever the others do.
        if part == CloudPart::Hub {
            return Ok(true);
        }
        for queue in topology::queues_of(part) {
            match self.bus.count_readers(queue.name).await {
                Ok(Some(0)) => return Ok(false),
                Ok(_) | Err(BusError::UnknownQueue(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// A part that answers with a refusal is not away.
    async fn find_unreachable(&self) -> Vec<CloudPart> {
        let asked = self.called.iter().map(async |called: &CalledPart| {
            let answer = timeout(ANSWERS_WITHIN, called.upstream.ping()).await;
            let is_away = match answer {
                Ok(Err(error)) => error.is_unreachable(),
                Ok(Ok(())) => false,
                Err(_) => true,
            };
            is_away.then_some(called.part)
        });
        join_all(asked).await.into_iter().flatten().collect()
    }
}
