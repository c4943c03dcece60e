//! Accepts from the portal that wait for the holder of their region, and the repeated attempts to
//! decide them. Mirrors `sync/hub/src/work/waiting_accepts.rs`.

use rules::{Attempt, Origin, Submission};

use super::AGAIN_AFTER_MS;
use crate::{
    cloud::{DecisionRequest, Requester},
    world::{World, WorldEvent},
};

impl World {
    /// Held ops may be free now.
    pub(crate) fn retry_held_ops(&mut self, r: usize) {
        self.replicas[r].turns += 1;
        self.start_edge_workers(r);
        let run = self.replicas[r].run;
        self.later(
            0,
            WorldEvent::HandsIn {
                replica: r,
                run,
                again: false,
            },
        );
    }

    pub(crate) fn retry_waiting_accepts(&mut self, r: usize, run: u32, again: bool) {
        if self.replicas[r].run != run || !self.replicas[r].is_running {
            return;
        }
        let db = &self.sync_db;
        let waiting = db.asks.values().map(|ask| {
            let revoked = db
                .revoked_version(ask.accept.region, ask.accept.actor.user_id)
                .is_some();
            (ask.accept.clone(), revoked)
        });
        for (accept, revoked) in waiting.collect::<Vec<_>>() {
            let id = accept.command.id;
            let actor = Some(accept.actor);
            let origin = Origin::Waited { revoked };
            let attempt = Attempt {
                command: accept.command,
                actor,
                verification: None,
                origin,
            };
            let requests = vec![Submission::Command(Box::new(attempt))];
            let by = Requester::Waiting { replica: r, id };
            let takes = self.soon(1, 8);
            let asked = DecisionRequest {
                by,
                submissions: requests,
                locks: false,
                asked_at: self.now,
            };
            self.later(takes, WorldEvent::Asks(Box::new(asked)));
        }
        if again {
            self.later(
                AGAIN_AFTER_MS,
                WorldEvent::HandsIn {
                    replica: r,
                    run,
                    again: true,
                },
            );
        }
    }
}
