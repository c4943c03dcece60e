//! Anti-entropy: compares every region's feed with its owner, and the edges' views with the feed.
//! Mirrors `sync/hub/src/feed/compare.rs`, `feed/edge_repair.rs` and `domain/compare.rs`.
//!
//! Like the real one, a comparison takes time: find differences, pause for events in transit, read
//! the owner, read the feed, and repair, each in a separate transaction.

use planted::is_planted;
use rules::HolderEpoch;
use wire::{Order, OrderId, Region, RegionAssignment};

use super::{
    World, WorldEvent,
    messages::{Comparison, FollowUp, Suspect, SuspectVerdict},
};
use crate::{bug::Bug, cast, cloud::rights::FIRST_VERSION};

const EVERY_MS: u64 = 10_000;
/// A difference may be an event in transit.
const SETTLE_MS: u64 = 5_000;
const LOOK_MS: u64 = 5_000;
const RENEW_AGAIN_AFTER_MS: u64 = 10_000;
const COMPARE_AGAIN_AFTER_MS: u64 = 10_000;

impl World {
    /// One replica compares all regions periodically.
    pub(crate) fn compares(&mut self) {
        self.later(EVERY_MS, WorldEvent::Compares);
        let up = (0..cast::REPLICA_COUNT).find(|&r| self.replicas[r].is_running);
        let Some(replica) = up.filter(|_| !is_planted(Bug::OwnerNotCompared)) else {
            return;
        };
        for region in cast::REGIONS {
            self.compare(replica, region, FollowUp::Nothing);
        }
    }

    fn compare(&mut self, replica: usize, region: Region, then: FollowUp) {
        if !self.orders.is_running {
            return;
        }
        self.counts.comparisons += 1;
        let found = self.suspects(region);
        let assigns = self.assigns_behind(region).map(|ours| ours.policy_version);
        let run = self.replicas[replica].run;
        let nothing = found.is_empty() && assigns.is_none();
        let verdicts = Vec::new();
        let comparison = Comparison {
            replica,
            run,
            region,
            found,
            assigns,
            verdicts,
            then,
        };
        if !nothing {
            return self.later(SETTLE_MS, WorldEvent::OwnerIsRead(Box::new(comparison)));
        }
        self.goes_on(comparison);
    }

    /// The orders with different versions, or at only one end.
    fn suspects(&self, region: Region) -> Vec<Suspect> {
        let Some(row) = self.sync_db.region(region) else {
            return Vec::new();
        };
        let here = |id| row.newest.get(&id).filter(|known| known.member.is_some());
        let here = |id| here(id).map(|known| known.version);
        let orders = self
            .order_db
            .orders
            .values()
            .map(|standing| &standing.order);
        let theirs = orders.filter(|order| order.location == region);
        let behind = theirs
            .map(|order| {
                (
                    order,
                    Suspect {
                        id: order.id,
                        ours: here(order.id),
                    },
                )
            })
            .filter(|(order, suspect)| suspect.ours != Some(order.version))
            .map(|(_, suspect)| suspect);
        let unknown = row
            .newest
            .keys()
            .filter(|id| !self.order_db.orders.contains_key(id));
        let gone = unknown
            .map(|id| Suspect {
                id: *id,
                ours: here(*id),
            })
            .filter(|suspect| suspect.ours.is_some());
        behind.chain(gone).collect()
    }

    /// The feed's assignment if its owner has a newer one. An initial assignment is never sent.
    fn assigns_behind(&self, region: Region) -> Option<&RegionAssignment> {
        let ours = &self.sync_db.region(region)?.assignment;
        let theirs = self.order_db.rights.regions.get(&region)?.policy_version;
        (theirs > ours.policy_version && theirs > FIRST_VERSION).then_some(ours)
    }

    /// Returns true if the feeds have exactly their owner's orders.
    pub(crate) fn feeds_have_all(&self) -> bool {
        cast::REGIONS.iter().all(|region| {
            self.assigns_behind(*region).is_none() && self.suspects(*region).is_empty()
        })
    }

    fn is_alive(&self, comparison: &Comparison) -> bool {
        let replica = &self.replicas[comparison.replica];
        replica.is_running && replica.run == comparison.run
    }

    /// Reads the owner for the differences. No repairs happen while events wait in the outbox.
    pub(crate) fn owner_is_read(&mut self, mut comparison: Box<Comparison>) {
        let unsent = self.order_db.outbox.values().any(|row| !row.is_sent);
        if !self.is_alive(&comparison) || !self.orders.is_running || unsent {
            return;
        }
        let orders = &self.order_db.orders;
        let words = comparison.found.iter().map(|suspect| {
            let order = orders
                .get(&suspect.id)
                .map(|standing| standing.order.clone());
            (*suspect, order)
        });
        let words: Vec<(Suspect, Option<Order>)> = words.collect();
        let verdicts = words
            .into_iter()
            .filter_map(|(suspect, owner)| self.judge(comparison.region, suspect, owner));
        comparison.verdicts = verdicts.collect();
        let takes = if self.plan.tuning.every {
            200
        } else {
            self.soon(0, 60)
        };
        self.later(takes, WorldEvent::FeedIsMended(comparison));
    }

    fn judge(
        &self,
        region: Region,
        suspect: Suspect,
        owner: Option<Order>,
    ) -> Option<SuspectVerdict> {
        let row = self.sync_db.region(region)?;
        let known = row
            .newest
            .get(&suspect.id)
            .filter(|known| known.member.is_some());
        let ours = known.map(|known| known.version);
        if ours != suspect.ours {
            // The feed has moved on: leave it to a later comparison.
            return None;
        }
        match (owner, ours) {
            (None, Some(ours)) => Some(SuspectVerdict::Gone(suspect.id, ours)),
            (Some(order), ours) if ours.is_none_or(|ours| order.version > ours) => {
                Some(SuspectVerdict::Behind(Box::new(order)))
            }
            _ => None,
        }
    }

    /// Repairs are ordinary feed changes.
    pub(crate) fn feed_is_mended(&mut self, comparison: Box<Comparison>) {
        if !self.is_alive(&comparison) {
            return;
        }
        let region = comparison.region;
        if self
            .sync_db
            .region(region)
            .is_some_and(|row| row.locked_by.is_some())
        {
            return self.later(2, WorldEvent::FeedIsMended(comparison));
        }
        for verdict in &comparison.verdicts {
            let (id, number) = match verdict {
                SuspectVerdict::Behind(order) => (order.id, self.sync_db.repair_order(order)),
                SuspectVerdict::Gone(id, version) => {
                    (*id, self.sync_db.feed_gone(region, *id, *version))
                }
            };
            if number.is_some() {
                self.is_repaired(region, verdict, id);
            }
        }
        self.assignment_is_mended(&comparison);
        self.replica_sees_region(comparison.replica, region);
        self.goes_on(*comparison);
    }

    fn is_repaired(&mut self, region: Region, verdict: &SuspectVerdict, id: OrderId) {
        let lost = match verdict {
            SuspectVerdict::Behind(order) => self.was_lost(|event| {
                event
                    .order()
                    .is_some_and(|told| told.id == id && told.version == order.version)
            }),
            SuspectVerdict::Gone(..) => self.oracle.is_strange(id),
        };
        match verdict {
            SuspectVerdict::Behind(_) => self.counts.orders_repaired += 1,
            SuspectVerdict::Gone(..) => self.counts.orders_gone += 1,
        }
        self.note(31, region.index().into(), |_| {
            format!(
                "{region}'s feed is repaired: order {}",
                super::orders::short(id.0)
            )
        });
        self.oracle
            .repaired(self.now, lost, || format!("order {id} of {region}"));
        self.oracle.fed(self.now, &self.sync_db, region);
    }

    fn assignment_is_mended(&mut self, comparison: &Comparison) {
        let region = comparison.region;
        let ours = self.assigns_behind(region).map(|ours| ours.policy_version);
        if !self.orders.is_running || comparison.assigns.is_none() || ours != comparison.assigns {
            return;
        }
        let rights = &self.order_db.rights;
        let word = rights
            .regions
            .get(&region)
            .map(|now| rights.told(region, now));
        let Some(word) = word else { return };
        if self.sync_db.repair_assignment(region, &word).is_none() {
            return;
        }
        self.counts.assignments_repaired += 1;
        self.note(32, word.policy_version, |_| {
            format!("how {region} assigns is repaired")
        });
        let version = word.policy_version;
        let lost = self.was_lost(|event| event.assigns(region) == Some(version));
        self.oracle
            .repaired(self.now, lost, || format!("how {region} assigns"));
        self.oracle.fed(self.now, &self.sync_db, region);
        self.retry_held_ops(comparison.replica);
    }

    /// Returns true if an event was dropped or is in transit.
    fn was_lost(&self, is: impl Fn(&crate::cloud::BusEvent) -> bool) -> bool {
        let unsent = self.order_db.outbox.values().filter(|row| !row.is_sent);
        let under_way = unsent.map(|row| &row.event).chain(&self.bus.queue);
        let mut under_way = under_way.chain(
            self.bus
                .unconfirmed
                .values()
                .map(|delivery| &delivery.event),
        );
        self.oracle.lost.iter().any(&is) || under_way.any(is)
    }

    /// Each replica checks the edges' reports.
    pub(crate) fn looks_at_edges(&mut self, r: usize, run: u32) {
        if self.replicas[r].run != run || !self.replicas[r].is_running {
            return;
        }
        self.later(LOOK_MS, WorldEvent::LooksAtEdges { replica: r, run });
        let skips = is_planted(Bug::DigestNotCompared);
        let differ = (0..cast::MACHINE_COUNT).filter(|&e| !skips && self.sync_db.differs(e));
        let differing = differ.collect();
        let before = std::mem::replace(&mut self.replicas[r].differing, differing);
        let twice = before.intersection(&self.replicas[r].differing).copied();
        for e in twice.collect::<Vec<_>>() {
            self.repairs_edge(r, e);
        }
        self.looks_who_is_ahead(r);
        for e in 0..cast::MACHINE_COUNT {
            if let Some(fence) = self.sync_db.unproven(e, &cast::edge(e)) {
                self.renews_soon(r, e, fence);
            }
        }
    }

    /// An edge ahead of a complete feed that it has read to the end has lost data.
    fn looks_who_is_ahead(&mut self, r: usize) {
        let skips = is_planted(Bug::AheadNotCompared);
        let ahead = (0..cast::MACHINE_COUNT).filter(|&e| !skips && self.sync_db.is_ahead(e));
        let ahead = ahead.collect();
        let before = std::mem::replace(&mut self.replicas[r].ahead, ahead);
        for region in cast::REGIONS {
            let twice = before.intersection(&self.replicas[r].ahead).copied();
            let twice: Vec<usize> = twice.filter(|e| cast::region(*e) == region).collect();
            let lately = self.replicas[r].compared.get(&region);
            let lately = lately.is_some_and(|at| self.now < at + COMPARE_AGAIN_AFTER_MS);
            let Some(end) = self.sync_db.region(region).map(|row| row.feed_seq) else {
                continue;
            };
            if !twice.is_empty() && !lately {
                self.replicas[r].compared.insert(region, self.now);
                self.compare(r, region, FollowUp::Repairs(twice, end));
            }
        }
    }

    fn repairs_edge(&mut self, r: usize, e: usize) {
        if !self.sync_db.ask_repair(e, self.now) {
            return;
        }
        self.counts.edges_repaired += 1;
        let name = cast::edge(e);
        self.note(33, e as u64, |_| {
            format!("{name} differs from the cloud: it gets an image")
        });
        self.oracle.repairs_edge(self.now, e, cast::region(e));
        self.nudge(r, e);
    }

    /// The view of a holder disagreed with its grant. Repairs the feed, then the edge, then renews
    /// the grant.
    fn renews_soon(&mut self, r: usize, e: usize, fence: u64) {
        let region = cast::region(e);
        let lately = self.replicas[r].renewed.get(&region);
        if lately.is_some_and(|at| self.now < at + RENEW_AGAIN_AFTER_MS) {
            return;
        }
        let seat = HolderEpoch {
            edge: cast::edge(e),
            epoch: self.sync_db.edges[e].epoch,
        };
        self.compare(r, region, FollowUp::Renews(e, seat, fence));
    }

    fn goes_on(&mut self, comparison: Comparison) {
        let Comparison {
            replica: r,
            region,
            then,
            ..
        } = comparison;
        match then {
            FollowUp::Nothing => {}
            FollowUp::Renews(e, _, _) if self.sync_db.is_mismatch(e) == Some(true) => {
                self.repairs_edge(r, e);
            }
            FollowUp::Renews(_, seat, fence) => {
                self.replicas[r].renewed.insert(region, self.now);
                self.renewal_is_asked(region, seat, fence);
            }
            FollowUp::Repairs(edges, end) => {
                if self
                    .sync_db
                    .region(region)
                    .is_some_and(|row| row.feed_seq == end)
                {
                    edges.into_iter().for_each(|e| self.repairs_edge(r, e));
                }
            }
        }
    }
}
