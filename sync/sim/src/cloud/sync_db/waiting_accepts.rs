//! Accepts forwarded to their region's holder. Mirrors `sync/hub/src/store/waiting_accepts.rs`.

use std::collections::BTreeSet;

use planted::is_planted;
use wire::{Action, ForwardedAccept, Op, Region, UnixMillis};

use super::{OpStage, SyncDb};
use crate::{bug::Bug, cast};

#[derive(Debug, Clone)]
pub struct PortalAsk {
    pub accept: ForwardedAccept,
    pub taken_at: UnixMillis,
}

/// The state of a person's accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitNotice {
    Waits,
    HolderAway,
    IdReused,
}

impl SyncDb {
    /// The edge that holds a region in its current epoch.
    pub fn holder(&self, region: Region) -> Option<usize> {
        let holder = self.regions.get(&region)?.assignment.holder.clone()?;
        (0..cast::MACHINE_COUNT).find(|&e| cast::edge(e) == holder)
    }

    pub fn ask(&mut self, ask: PortalAsk, in_reach: bool) -> WaitNotice {
        let accept = &ask.accept;
        if let Some(known) = self.asks.get(&accept.command.id) {
            let known = &known.accept;
            let same = known.command.body.hash() == accept.command.body.hash()
                && known.actor.user_id == accept.actor.user_id;
            return if same {
                WaitNotice::Waits
            } else {
                WaitNotice::IdReused
            };
        }
        if !in_reach {
            return WaitNotice::HolderAway;
        }
        self.asks.insert(accept.command.id, ask);
        WaitNotice::Waits
    }

    /// The accepts for this edge, portal accepts first. Empty unless it holds its region.
    pub fn asks_for(&self, e: usize) -> Vec<PortalAsk> {
        let region = self.edges[e].region;
        if self.holder(region) != Some(e) {
            return Vec::new();
        }
        let portal = self.asks.values().filter(|ask| ask.accept.region == region);
        let mut portal: Vec<PortalAsk> = portal.cloned().collect();
        portal.sort_by_key(|ask| (ask.taken_at, ask.accept.command.id));
        let others = self.edges.iter().enumerate();
        let others = others.filter(|(other, edge)| *other != e && edge.region == region);
        let mut held: Vec<(UnixMillis, usize, u64, PortalAsk)> = Vec::new();
        for (other, edge) in others {
            let mut behind = BTreeSet::new();
            for (seq, op) in edge.undecided_ops() {
                // An accept may not overtake a waiting op.
                let first = op.order().is_none_or(|order| behind.insert(order));
                let distrusted = edge.distrusts(edge.epoch, op.arrival.received_at);
                let due = first || is_planted(Bug::AskOvertakes);
                if op.state != OpStage::Held || distrusted || !due {
                    continue;
                }
                let Some(Op::Command(read)) = op.read.as_deref() else {
                    continue;
                };
                if read.command.body.order_action() != Some(Action::Accept) {
                    continue;
                }
                let token = match self.token(other, read.token_seq).as_deref() {
                    Some(Op::Token { token }) => token.clone(),
                    _ => String::new(),
                };
                let command = read.command.clone();
                let actor = read.actor;
                let accept = ForwardedAccept {
                    region,
                    command,
                    actor,
                    token,
                };
                let ask = PortalAsk {
                    accept,
                    taken_at: read.received_at,
                };
                held.push((op.arrival.received_at, other, *seq, ask));
            }
        }
        held.sort_by_key(|(at, other, seq, _)| (*at, *other, *seq));
        portal
            .into_iter()
            .chain(held.into_iter().map(|(.., ask)| ask))
            .collect()
    }
}
