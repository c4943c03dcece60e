//! Tablets that move between edges, learn that their edge has changed, or are gone for good.

use crate::{
    cast,
    world::{World, messages::EdgeHead},
};

const ELSEWHERE_EVERY: u32 = 4;

impl World {
    /// Another edge may have the answer. Once everything works, every waiting tablet returns there
    /// and retries; with a firm receipt, at the edge that gave it.
    pub(super) fn tries_elsewhere(&mut self, t: usize, i: usize) {
        let item = &self.tablets[t].items[i];
        if !self.has_healed || !item.tries.is_multiple_of(ELSEWHERE_EVERY) {
            return;
        }
        let by = item.receipt.as_ref().map(|receipt| &receipt.edge);
        let may_know = |m: &usize| {
            let node = &self.edges[*m];
            node.is_there && (item.sent_to.contains(m) || by == Some(&node.edge_id))
        };
        let others: Vec<usize> = (0..cast::MACHINE_COUNT).filter(may_know).collect();
        if others.is_empty() {
            return;
        }
        let turn = usize::try_from(item.tries / ELSEWHERE_EVERY).unwrap_or(0);
        let next = others[turn % others.len()];
        if next != self.tablets[t].at_edge {
            self.moves(t, next);
        }
    }

    /// Moves a tablet that is waiting, if there is one.
    pub(crate) fn roam(&mut self, t: usize) -> usize {
        let around = (0..cast::TABLET_COUNT).map(|k| (t + k) % cast::TABLET_COUNT);
        let waits = |t: &usize| {
            let tablet = &self.tablets[*t];
            let elsewhere = cast::neighbour(tablet.home).is_some() && !tablet.is_gone;
            elsewhere && tablet.items.iter().any(|item| !item.is_done())
        };
        let t = around.into_iter().find(waits).unwrap_or(t);
        if let Some(other) = cast::neighbour(self.tablets[t].home) {
            self.moves(t, other);
        }
        t
    }

    pub(crate) fn go_home(&mut self, t: usize) {
        let home = self.tablets[t].home;
        if self.tablets[t].at_edge != home {
            self.moves(t, home);
        }
    }

    pub(crate) fn moves(&mut self, t: usize, m: usize) {
        self.tablets[t].at_edge = m;
        self.head_to(t, m);
        self.resends_all(t);
    }

    /// Another run or epoch of the edge may have lost earlier ops.
    pub(crate) fn tablet_sees_head(&mut self, t: usize, m: usize, head: EdgeHead) {
        if self.tablets[t].at_edge != m || self.tablets[t].is_gone {
            return;
        }
        let name = self.edges[m].edge_id.clone();
        let before = self.tablets[t].heads.insert(name, head);
        if before.is_some_and(|before| before != head) {
            self.counts.heads_turned += 1;
            self.resends_all(t);
        }
    }

    /// Prefers a tablet with receipts.
    pub(crate) fn tablet_is_lost(&mut self, t: usize) {
        let around = (0..cast::TABLET_COUNT).map(|k| (t + k) % cast::TABLET_COUNT);
        let holds = |t: &usize| {
            let items = &self.tablets[*t].items;
            items
                .iter()
                .any(|item| item.receipt.is_some() && !item.is_done())
        };
        let t = around.into_iter().find(holds).unwrap_or(t);
        self.tablets[t].is_gone = true;
        self.note(30, t as u64, |_| format!("tablet {t} is gone for good"));
        let held: Vec<_> = self.tablets[t].items.iter().map(|item| item.id).collect();
        for id in held {
            let known = self.edges.iter().any(|node| node.file.knows(id));
            if !known && !self.sync_db.knows(id) {
                self.oracle.may_be_lost.insert(id);
            }
        }
    }
}
