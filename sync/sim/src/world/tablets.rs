//! The tablets: a command stays on the device until it is decided, and is resent until it is
//! answered. Mirrors the provider app.

mod moving;

use std::collections::BTreeMap;

use planted::is_planted;
use wire::{
    Actor, CmdFrame, Code, CommandBody, CommandId, EdgeId, Hop, OrderId, Receipt, Reply,
    UnixMillis, Verdict,
};

use super::{World, WorldEvent, messages::EdgeHead, words};
use crate::{bug::Bug, cast, cloud::at, plan::Intent, random::Random, tokens};

const GRANT_MS: i64 = 72 * 60 * 60 * 1_000;
const ACCESS_MS: i64 = 60 * 60 * 1_000;
const AGAIN_AFTER_MS: u64 = 6_000;

/// A device's storage. It survives every fault.
pub(crate) struct Tablet {
    pub actor: Actor,
    /// The machine it belongs to, and the one in range.
    pub home: usize,
    pub at_edge: usize,
    /// Lost, or permanently broken.
    pub is_gone: bool,
    pub clock_error_ms: i64,
    token: String,
    token_ms: i64,
    pub items: Vec<TabletItem>,
    /// Its newest receipt from each edge, and the edge's last run and epoch.
    seen: BTreeMap<EdgeId, Receipt>,
    heads: BTreeMap<EdgeId, EdgeHead>,
}

pub(crate) struct TabletItem {
    pub id: CommandId,
    pub body: CommandBody,
    pub tapped_at: UnixMillis,
    /// The machines it was sent to, and their edges at that time.
    pub sent_to: Vec<usize>,
    asked: Vec<EdgeId>,
    pub receipt: Option<Receipt>,
    pub is_decided: bool,
    /// Set once every edge it was sent to has refused it.
    pub not_taken: Option<Code>,
    refused_by: Vec<usize>,
    tries: u32,
    /// Its next try is scheduled.
    will_be_tried: bool,
    /// For the bug that treats the broker's acknowledgement as the edge's.
    forgotten: bool,
}

impl Tablet {
    pub(crate) fn new(number: usize, random: &mut Random) -> Self {
        let actor = cast::at_tablet(number);
        let token_ms = if random.chance(500) {
            GRANT_MS
        } else {
            ACCESS_MS
        };
        Self {
            actor,
            home: cast::home(number),
            at_edge: cast::home(number),
            is_gone: false,
            clock_error_ms: 0,
            token: tokens::issue(actor, at(0, 0).plus_ms(token_ms)),
            token_ms,
            items: Vec::new(),
            seen: BTreeMap::new(),
            heads: BTreeMap::new(),
        }
    }

    /// The newest order accepted here.
    pub(crate) fn accepted(&self) -> Option<OrderId> {
        self.items.iter().rev().find_map(|item| match item.body {
            CommandBody::AcceptOrder { order_id } => Some(order_id),
            _ => None,
        })
    }
}

impl TabletItem {
    pub(crate) fn is_done(&self) -> bool {
        self.is_decided || self.not_taken.is_some() || self.forgotten
    }
}

impl World {
    pub(crate) fn tap(&mut self, drawn: usize, intent: Intent, pick: u64) {
        let t = self.fitting_tablet(drawn, intent);
        let actor = self.tablets[t].actor;
        let region = cast::region(cast::home(t));
        let accepted = self.tablets[t].accepted();
        let reused = match intent {
            Intent::ReuseId => self.tablets[t].items.last().map(|item| item.id),
            _ => None,
        };
        let body = self.body(actor, region, accepted, intent, pick);
        let id = reused.unwrap_or_else(|| CommandId(self.random.id()));
        self.taps(t, id, body, pick);
    }

    pub(crate) fn taps(&mut self, t: usize, id: CommandId, body: CommandBody, pick: u64) {
        let tapped_at = at(self.now, self.tablets[t].clock_error_ms);
        self.note(12, pick, |world| {
            let n = world.tablets[t].items.len();
            format!("tablet {t} taps {} (item {n})", body.name())
        });
        self.counts.tapped(body.name());
        if self.poisons_next > 0 {
            self.poisons_next -= 1;
            self.poison.insert(id);
        }
        self.tablets[t].items.push(TabletItem {
            id,
            body,
            tapped_at,
            sent_to: Vec::new(),
            asked: Vec::new(),
            receipt: None,
            is_decided: false,
            not_taken: None,
            refused_by: Vec::new(),
            tries: 0,
            will_be_tried: true,
            forgotten: false,
        });
        let item = self.tablets[t].items.len() - 1;
        self.later(0, WorldEvent::Try { tablet: t, item });
    }

    /// Sends the command unless it is decided, and schedules the next try.
    pub(crate) fn tablet_tries(&mut self, t: usize, i: usize) {
        if self.tablets[t].items[i].is_done() || self.tablets[t].is_gone {
            self.tablets[t].items[i].will_be_tried = false;
            return;
        }
        let answered = self.tablets[t].items[i].receipt.is_some();
        // With a receipt it waits for the outcome or for another run of the edge. At the end, when
        // everything works, every waiting tablet retries.
        if !answered || self.has_healed {
            self.sends(t, i);
            self.tries_elsewhere(t, i);
        }
        let tablet = &self.tablets[t];
        let tries = u64::from(tablet.items[i].tries);
        let wait = if answered {
            self.soon(6_000, 12_000)
        } else {
            self.soon(800, 1_600) * tries.min(6)
        };
        self.later(wait, WorldEvent::Try { tablet: t, item: i });
    }

    fn sends(&mut self, t: usize, i: usize) {
        let e = self.tablets[t].at_edge;
        if is_planted(Bug::NewIdPerTry) {
            self.tablets[t].items[i].id = CommandId(self.random.id());
        }
        let keeps_firm = !is_planted(Bug::KeepFirmReceipt);
        let tablet = &mut self.tablets[t];
        let item = &mut tablet.items[i];
        // Counted even if it is not sent, for the way back.
        item.tries += 1;
        let firm_at = item
            .receipt
            .as_ref()
            .filter(|receipt| receipt.verdict == Verdict::Firm);
        let name = self.edges[e].edge_id.clone();
        let elsewhere = firm_at.is_some_and(|receipt| receipt.edge != name);
        if keeps_firm && elsewhere {
            return;
        }
        self.oracle.sends_nowhere_else(self.now, item.id, elsewhere);
        if !item.sent_to.contains(&e) {
            item.sent_to.push(e);
        }
        let repeat = if is_planted(Bug::OnlyFirstCounts) {
            item.asked.first().is_some_and(|first| *first != name)
        } else {
            item.asked.iter().any(|asked| *asked != name)
        };
        if !item.asked.contains(&name) {
            item.asked.push(name.clone());
        }
        if item.asked.len() > 1 {
            self.oracle
                .is_repeated((item.id, tablet.actor.user_id, item.body.hash()));
        }
        let frame = CmdFrame {
            v: CmdFrame::VERSION,
            id: item.id,
            device_seq: i as u64,
            tapped_at: item.tapped_at,
            seen: tablet.seen.get(&name).cloned(),
            receipt: item.receipt.clone(),
            repeat,
            token: tablet.token.clone(),
            body: item.body.clone(),
        };
        // The broker has it; the rest is unknown.
        item.forgotten = is_planted(Bug::PubackIsEnough);
        let tries = item.tries;
        let arrivals = self.radio(e);
        self.say(|world| {
            let name = &world.edges[e].edge_id;
            format!(
                "    tablet {t} > {name}: item {i}, try {tries}{}",
                radio_words(&arrivals)
            )
        });
        for takes in arrivals {
            let frame = Box::new(frame.clone());
            self.later(
                takes,
                WorldEvent::AtEdge {
                    edge: e,
                    tablet: t,
                    frame,
                },
            );
        }
    }

    pub(crate) fn reply_to_tablet(&mut self, e: usize, t: usize, reply: Reply) {
        let arrivals = self.radio(e);
        self.say(|world| {
            let name = &world.edges[e].edge_id;
            let says = words::reply(&reply);
            format!("    tablet {t} < {name}: {says}{}", radio_words(&arrivals))
        });
        for takes in arrivals {
            let reply = Box::new(reply.clone());
            self.later(
                takes,
                WorldEvent::AtTablet {
                    tablet: t,
                    edge: e,
                    reply,
                },
            );
        }
    }

    pub(crate) fn tablet_hears(&mut self, t: usize, e: usize, reply: Reply) {
        // A tablet that has moved to another edge is out of this one's range.
        if self.tablets[t].at_edge != e || self.tablets[t].is_gone {
            return;
        }
        let copy = &self.edges[cast::copy_of(e)];
        let disturbed = self.edges[e].restored_at.is_some() || copy.is_there;
        let Some(id) = reply.command_id else { return };
        let Some(i) = self.meant_item(t, e, id, &reply) else {
            return;
        };
        let tablet = &mut self.tablets[t];
        if let Some(receipt) = &reply.receipt {
            let edge = receipt.edge.clone();
            let newest = tablet.seen.entry(edge).or_insert_with(|| receipt.clone());
            if (newest.epoch, newest.seq) < (receipt.epoch, receipt.seq) {
                *newest = receipt.clone();
            }
        }
        let item = &mut tablet.items[i];
        let done_before = item.is_decided;
        match reply.hop {
            Hop::Stored if reply.verdict == Verdict::NotTaken => {
                self.hears_not_taken(t, i, e, &reply)
            }
            Hop::Stored | Hop::Decided => {
                item.not_taken = None;
                let before = item.receipt.clone();
                let firmer = before.as_ref().is_none_or(|receipt| {
                    receipt.verdict != Verdict::Firm
                        || reply
                            .receipt
                            .as_ref()
                            .is_some_and(|new| new.edge == receipt.edge)
                });
                if firmer {
                    item.receipt.clone_from(&reply.receipt);
                }
                let alone = item.sent_to.len() == 1;
                let firm = reply
                    .receipt
                    .as_ref()
                    .filter(|new| new.verdict == Verdict::Firm);
                let firm =
                    firm.filter(|_| before.as_ref().map(|b| b.verdict) != Some(Verdict::Firm));
                let told_firm = firm.map(|receipt| (receipt.command_id, receipt.fence));
                item.is_decided |= reply.hop == Hop::Decided;
                // An earlier copy was refused and this one was taken: wait for it again.
                let goes_on = !item.is_done() && !item.will_be_tried;
                item.will_be_tried |= goes_on;
                if goes_on {
                    self.later(AGAIN_AFTER_MS, WorldEvent::Try { tablet: t, item: i });
                }
                if let Some((id, fence)) = told_firm {
                    let Tablet { actor, items, .. } = &self.tablets[t];
                    let whose = (id, actor.user_id, items[i].body.hash());
                    self.oracle.heard_firm(whose, fence, alone);
                }
                let before = before.as_ref();
                let now = reply.receipt.as_ref();
                self.oracle.tablet_heard(self.now, before, now, disturbed);
            }
        }
        if let (Some(outcome), false) = (&reply.outcome, done_before) {
            let says = words::outcome(outcome);
            self.note(13, t as u64, |_| {
                format!("tablet {t} hears of item {i}: {says}")
            });
        }
    }

    fn hears_not_taken(&mut self, t: usize, i: usize, e: usize, reply: &Reply) {
        let now = self.now;
        let Some(code) = reply.code else { return };
        let is_misuse = self.shares_its_id(t, i) && code == Code::CommandIdReused;
        let tablet = &mut self.tablets[t];
        let item = &mut tablet.items[i];
        if is_misuse {
            // Another edge may have taken it. A person who used the id twice gets the final refusal
            // here.
            item.not_taken = Some(code);
            return;
        }
        if item.receipt.is_some() {
            return;
        }
        match code {
            // Resend until the disk has room.
            Code::StorageFull | Code::TooManyRequests => {}
            Code::TokenExpired => {
                // Sign in again, without any action by the person.
                let expires_at = at(now, 0).plus_ms(tablet.token_ms);
                tablet.token = tokens::issue(tablet.actor, expires_at);
            }
            code => {
                item.refused_by.push(e);
                // Until all of them have refused it, one of them may have it.
                if item
                    .sent_to
                    .iter()
                    .all(|edge| item.refused_by.contains(edge))
                {
                    item.not_taken = Some(code);
                }
            }
        }
    }

    fn shares_its_id(&self, t: usize, i: usize) -> bool {
        let items = &self.tablets[t].items;
        items.iter().filter(|item| item.id == items[i].id).count() > 1
    }

    /// The item of a reply. If a broken app used an id twice, only the edge's file distinguishes
    /// the two.
    fn meant_item(&self, t: usize, e: usize, id: CommandId, reply: &Reply) -> Option<usize> {
        let items = self.tablets[t]
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| item.id == id);
        let same: Vec<(usize, &TabletItem)> = items.collect();
        if same.len() < 2 {
            return same.first().map(|(i, _)| *i);
        }
        let key = (id, self.tablets[t].actor.user_id);
        let stored = self.edges[e]
            .file
            .commands
            .get(&key)
            .map(|stored| stored.hash);
        let is_stored = |item: &TabletItem| Some(item.body.hash()) == stored;
        if stored.is_none() {
            let open = same.iter().filter(|(_, item)| !item.is_done());
            let unheard = open.clone().find(|(_, item)| !item.refused_by.contains(&e));
            return unheard.or(open.clone().next()).map(|(i, _)| *i);
        }
        let refused = reply.code == Some(Code::CommandIdReused) && reply.outcome.is_none();
        let meant = same.iter().filter(|(_, item)| is_stored(item) != refused);
        let open = meant.clone().find(|(_, item)| !item.is_done());
        open.or(meant.clone().next()).map(|(i, _)| *i)
    }

    fn resends_all(&mut self, t: usize) {
        for i in 0..self.tablets[t].items.len() {
            if !self.tablets[t].items[i].is_done() {
                self.sends(t, i);
            }
        }
    }

    /// The delay of each copy of a radio message; empty if it is lost.
    fn radio(&mut self, e: usize) -> Vec<u64> {
        self.faults_at();
        if !self.faults.disturbs_radio(e) {
            return vec![self.soon(2, 12)];
        }
        let copies = match self.random.below(10) {
            0..3 => 0,
            3..8 => 1,
            _ => 2,
        };
        (0..copies).map(|_| self.random.between(2, 2_500)).collect()
    }
}

fn radio_words(arrivals: &[u64]) -> &'static str {
    match arrivals.len() {
        0 => " (lost)",
        1 => "",
        _ => " (twice)",
    }
}
