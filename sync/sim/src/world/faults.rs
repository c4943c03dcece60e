//! The active faults.

use std::collections::BTreeMap;

use super::{World, WorldEvent};
use crate::{
    cast,
    oracle::thief::ClockFault,
    plan::{Fault, FaultKind, Side, StepKind},
};

/// The lasting faults and their end times; a second one of a kind may extend the first.
#[derive(Default)]
pub(crate) struct Faults {
    until: BTreeMap<(FaultKind, usize), u64>,
    /// The tablets that a step moved to another edge.
    roaming: BTreeMap<usize, usize>,
    now: u64,
}

impl Faults {
    fn on(&self, kind: FaultKind, who: usize) -> bool {
        self.until
            .get(&(kind, who))
            .is_some_and(|until| *until > self.now)
    }

    /// Time since one of these last disturbed a machine's link.
    pub(crate) fn quiet_for(&self, machine: usize, now: u64) -> u64 {
        const LINK: [FaultKind; 7] = [
            FaultKind::Partition,
            FaultKind::Delay,
            FaultKind::Loss,
            FaultKind::Reorder,
            FaultKind::Duplicates,
            FaultKind::Strays,
            FaultKind::Corruption,
        ];
        let until = LINK
            .iter()
            .filter_map(|kind| self.until.get(&(*kind, machine)));
        now.saturating_sub(until.max().copied().unwrap_or(0))
    }

    pub(crate) fn partition(&self, edge: usize) -> Option<u64> {
        let until = self.until.get(&(FaultKind::Partition, edge)).copied();
        until.filter(|until| *until > self.now)
    }

    pub(crate) fn delays(&self, edge: usize) -> bool {
        self.on(FaultKind::Delay, edge)
    }

    pub(crate) fn loses(&self, edge: usize) -> bool {
        self.on(FaultKind::Loss, edge)
    }

    pub(crate) fn doubles(&self, edge: usize) -> bool {
        self.on(FaultKind::Duplicates, edge)
    }

    pub(crate) fn reorders(&self, edge: usize) -> bool {
        self.on(FaultKind::Reorder, edge)
    }

    pub(crate) fn strays(&self, edge: usize) -> bool {
        self.on(FaultKind::Strays, edge)
    }

    pub(crate) fn corrupts(&self, edge: usize) -> bool {
        self.on(FaultKind::Corruption, edge)
    }

    pub(crate) fn disturbs_radio(&self, edge: usize) -> bool {
        self.on(FaultKind::Radio, edge)
    }
}

impl World {
    pub(crate) fn step(&mut self, n: usize) {
        self.faults.now = self.now;
        let step = self.plan.steps[n].clone();
        match step.what {
            StepKind::Tap {
                tablet,
                intent,
                pick,
            } => self.tap(tablet, intent, pick),
            StepKind::Desk {
                person,
                intent,
                pick,
            } => self.at_desk(person, intent, pick),
            StepKind::Mischief { what, pick } => self.stranger_does(what, pick),
            StepKind::Forges { on, what, pick } => self.forges(on, what, pick),
            StepKind::Keyless { on, lasts_ms } => self.is_keyless_for(on, lasts_ms),
            StepKind::Steals { on, gone } => self.steals(on, gone),
            StepKind::Tricks { what, pick } => self.tricks(what, pick),
            StepKind::Disables { on, since } => self.disables(on, since),
            StepKind::NewKey { on, keeps_log } => self.gets_new_key(on, keeps_log),
            StepKind::Does { who, intent, order } => self.does(who, intent, order),
            StepKind::Catch(catch) => self.net.catches.push(catch),
            StepKind::Fault(fault) => {
                self.counts.fault(fault.kind);
                self.note(1, fault.kind as u64, |_| {
                    let Fault {
                        kind, on, lasts_ms, ..
                    } = fault;
                    format!("FAULT {} (on {on}, {lasts_ms} ms)", kind.name())
                });
                self.strike(n, fault);
            }
        }
    }

    fn strike(&mut self, n: usize, fault: Fault) {
        let Fault {
            kind, on, lasts_ms, ..
        } = fault;
        if lasts_ms > 0 {
            let until = self.now + lasts_ms;
            let known = self.faults.until.entry((kind, on)).or_default();
            *known = until.max(*known);
            self.later(lasts_ms, WorldEvent::Lifted(n));
        }
        match kind {
            FaultKind::Cut => self.cut(on),
            FaultKind::HalfOpen => self.half_open(on, fault.size),
            FaultKind::GateShut => self.set_gate(cast::region(on), false),
            FaultKind::Roaming => {
                let who = self.roam(on);
                self.faults.roaming.insert(n, who);
            }
            FaultKind::EdgeKilled => self.edge_dies(on, lasts_ms, false),
            FaultKind::PowerCut => self.edge_dies(on, lasts_ms, true),
            FaultKind::EdgeKilledInCommit => {
                self.edges[on].disk.crashes_in_commit = Some(lasts_ms);
            }
            FaultKind::DiskFull => self.edges[on].disk.is_full = true,
            FaultKind::DiskSlow => self.edges[on].disk.is_slow = true,
            FaultKind::ClockJump => self.clock_jumps(&fault),
            FaultKind::ReplicaKilled => self.replica_dies(on, lasts_ms, fault.size),
            FaultKind::TakeOver => self.half_open(on, 0),
            FaultKind::OwnerDown => self.order_dies(lasts_ms),
            FaultKind::OwnerKilledInCommit => self.orders.crashes_in_commit = Some(lasts_ms),
            FaultKind::AnswersLost => self.orders.answers_are_lost = true,
            FaultKind::LateCommits => self.orders.commits_late = true,
            FaultKind::BusDown => self.bus.is_down = true,
            FaultKind::BusRepeats => self.bus.repeats = true,
            FaultKind::Compaction => self.feeds_are_compacted(),
            FaultKind::Partition
            | FaultKind::Delay
            | FaultKind::Loss
            | FaultKind::Duplicates
            | FaultKind::Reorder
            | FaultKind::Strays
            | FaultKind::Corruption
            | FaultKind::Radio
            | FaultKind::LateFeed => {}
            FaultKind::RulesChange => self.changes_rules(&fault),
            FaultKind::DatabaseRestored | FaultKind::MachineRestored => self.restored(n, &fault),
            FaultKind::EdgeCloned => self.cloned(&fault),
            FaultKind::MarkLost => self.mark_lost(&fault),
            FaultKind::EdgeSuspended => self.suspended(on, lasts_ms),
            FaultKind::TabletLost => self.tablet_is_lost(on),
            FaultKind::Poison => self.poisons_next += 1,
            FaultKind::EventsLost => self.loses_next += 1,
            FaultKind::ViewDamaged => self.view_is_damaged(fault.on, fault.size),
            FaultKind::FeedAnew => self.feed_begins_anew(cast::region(on)),
            FaultKind::StrangeOrder => self.strange_order_comes(&fault),
            FaultKind::TakeBack => self.takes_back(on),
            FaultKind::PolicyChange => self.changes_policy(&fault),
            FaultKind::Revocation => self.revokes(on),
        }
    }

    pub(crate) fn lift(&mut self, n: usize) {
        self.faults.now = self.now;
        let StepKind::Fault(Fault { kind, on, .. }) = self.plan.steps[n].what else {
            return;
        };
        if self.faults.on(kind, on) {
            return;
        }
        match kind {
            FaultKind::GateShut => self.set_gate(cast::region(on), true),
            FaultKind::Roaming => {
                if let Some(who) = self.faults.roaming.remove(&n) {
                    self.go_home(who);
                }
            }
            FaultKind::DiskFull => self.edges[on].disk.is_full = false,
            FaultKind::DiskSlow => self.edges[on].disk.is_slow = false,
            FaultKind::AnswersLost => self.orders.answers_are_lost = false,
            FaultKind::LateCommits => self.orders.commits_late = false,
            FaultKind::BusDown => {
                self.bus.is_down = false;
                self.later(0, WorldEvent::Delivers);
            }
            FaultKind::BusRepeats => self.bus.repeats = false,
            _ => {}
        }
    }

    /// Everything works from here on.
    pub(crate) fn heal(&mut self) {
        let now = self.now;
        // They are over, but stay on record.
        self.faults.now = now;
        self.faults
            .until
            .values_mut()
            .for_each(|until| *until = now.min(*until));
        self.faults.roaming.clear();
        self.has_healed = true;
        self.note(2, 0, |_| "all faults are lifted".to_owned());
        cast::REGIONS
            .iter()
            .for_each(|region| self.set_gate(*region, true));
        (0..cast::DEVICE_COUNT).for_each(|tablet| self.go_home(tablet));
        // A frozen machine stays frozen for a while, because its events are already queued for that
        // time.
        for edge in &mut self.edges {
            edge.disk.is_full = false;
            edge.disk.is_slow = false;
            edge.disk.crashes_in_commit = None;
            edge.clock_error_ms = 0;
        }
        self.tablets
            .iter_mut()
            .for_each(|tablet| tablet.clock_error_ms = 0);
        self.replicas
            .iter_mut()
            .for_each(|replica| replica.clock_error_ms = 0);
        self.orders.clock_error_ms = 0;
        self.orders.crashes_in_commit = None;
        self.orders.answers_are_lost = false;
        self.orders.commits_late = false;
        self.bus.is_down = false;
        self.bus.repeats = false;
        self.loses_next = 0;
        self.later(0, WorldEvent::Delivers);
        self.ends_rights_later();
        self.later(1_000, WorldEvent::IsItSilent);
    }

    /// Returns true if an active fault strikes this time: now and then, or always in a directed
    /// schedule.
    pub(crate) fn strikes(&mut self, in_a_thousand: u64) -> bool {
        self.plan.tuning.every || self.random.chance(in_a_thousand)
    }

    pub(crate) fn feeds_late(&self) -> bool {
        self.faults.on(FaultKind::LateFeed, 0)
    }

    pub(crate) fn faults_at(&mut self) {
        self.faults.now = self.now;
    }

    /// One end of the newest connection disappears without notice to the other.
    fn half_open(&mut self, edge: usize, size: u64) {
        let Some(conn) = self.net.conns.iter().rposition(|c| c.edge == edge) else {
            return;
        };
        if size.is_multiple_of(2) {
            if self.net.conns[conn].edge_open {
                self.close(conn, Side::Edge, true);
                self.link_ends(edge, conn, "the connection broke");
            }
        } else if self.net.conns[conn].hub_open {
            self.close(conn, Side::Hub, true);
            self.hub_session_ends(conn);
        }
    }

    /// A copy that starts without a network.
    pub(crate) fn cut_off(&mut self, machine: usize, lasts_ms: u64) {
        self.faults
            .until
            .insert((FaultKind::Partition, machine), self.now + lasts_ms);
    }

    fn clock_jumps(&mut self, fault: &Fault) {
        let by = fault.jump_ms();
        let mut n = fault.on;
        if n < cast::EDGE_COUNT {
            self.edges[n].clock_error_ms += by;
            self.oracle.clock_fails(ClockFault::OfEdge);
            return;
        }
        n -= cast::EDGE_COUNT;
        if n < cast::TABLET_COUNT {
            self.tablets[n].clock_error_ms += by;
            return;
        }
        n -= cast::TABLET_COUNT;
        match self.replicas.get_mut(n) {
            Some(replica) => {
                replica.clock_error_ms += by;
                let ahead = replica.clock_error_ms > 0;
                let fault = if ahead {
                    ClockFault::HubAhead
                } else {
                    ClockFault::HubBehind
                };
                self.oracle.clock_fails(fault);
            }
            None => self.orders.clock_error_ms += by,
        }
    }
}
