//! The transactions of order_db, in a sequence that explains them.
//!
//! A model transaction reads, decides, and commits some time later. Most find the same rows at
//! their commit and are placed there. A person's request reads without locks: a mere refusal may
//! commit after its reason has passed, and is placed at its read.

use std::collections::BTreeMap;

use rules::{
    AssignmentTransition, EventDraft, HolderEpoch, OfflineRules, OrderState, RequestedAssignment,
    StoredAnswer, Submission, Writes, decide_submissions,
};
use uuid::Uuid;
use wire::{
    EventId, FenceEnd, Lost, OpDecision, OrderId, Region, RegionAssignment, UnixMillis, UserId,
};

use crate::cloud::{OpenDecision, order_db::OrderDb};

/// All transactions, and the final state of order_db.
#[derive(Debug)]
pub struct OrderRecording {
    /// Each region's initial rules.
    pub first_rules: BTreeMap<Region, OfflineRules>,
    pub steps: Vec<OrderStep>,
    /// All outbox events.
    pub told: Vec<OutboxWord>,
    pub orders: BTreeMap<OrderId, OrderState>,
    pub answers: Vec<StoredAnswer>,
    pub regions: BTreeMap<Region, RegionAssignment>,
    /// Transactions placed at their read, not at their commit.
    pub stale: usize,
}

#[derive(Debug)]
pub struct OrderStep {
    pub at: UnixMillis,
    pub what: Transaction,
}

#[derive(Debug)]
pub enum Transaction {
    /// A run of an edge's log, or one request of a person, with everything that the model writes
    /// for it.
    Decided {
        submissions: Vec<Submission>,
        locks: bool,
        writes: Box<Writes>,
    },
    /// A requested change of a region's assignment, and the result.
    Assigned {
        region: Region,
        asked: AssignmentChange,
        now: Box<RegionAssignment>,
    },
}

#[derive(Debug, Clone)]
pub enum AssignmentChange {
    Wished(RequestedAssignment),
    TakenBack(FenceEnd),
    /// The same holder gets a new fence.
    Renewed {
        holder: HolderEpoch,
        fence: u64,
        end: FenceEnd,
        by: UserId,
    },
}

#[derive(Debug)]
pub enum OutboxWord {
    Order(Box<EventDraft>),
    Assigned(Region, Box<RegionAssignment>),
}

/// A transaction's place: the number of commits before it, and its position before or after those
/// that only read then.
type Place = (usize, bool, usize);

#[derive(Debug, Default)]
pub(crate) struct OrderNotes {
    steps: BTreeMap<Place, OrderStep>,
    committed: usize,
    stale: usize,
    /// The orders at the end of the run.
    orders: BTreeMap<OrderId, OrderState>,
}

impl OrderNotes {
    /// The number of transactions that a new reader sees.
    pub(crate) fn seen(&self) -> usize {
        self.committed
    }

    /// Records a transaction just before it is written.
    pub(crate) fn decides(&mut self, db: &OrderDb, deciding: &OpenDecision) {
        let requests = deciding.request.submissions.clone();
        let at = deciding.read_at;
        let here = decide_submissions(&db.snapshot(&requests, at), &requests);
        let is_stale = without_offers(&here) != without_offers(&deciding.writes);
        let locks = deciding.request.locks;
        let writes = Box::new(deciding.writes.clone());
        let step = OrderStep {
            at,
            what: Transaction::Decided {
                submissions: requests,
                locks,
                writes,
            },
        };
        self.committed += 1;
        self.stale += usize::from(is_stale);
        let place = if is_stale {
            (deciding.seen, true)
        } else {
            (self.committed, false)
        };
        self.steps.insert((place.0, place.1, self.committed), step);
    }

    /// Records an operator's written change.
    pub(crate) fn assigns(&mut self, region: Region, asked: AssignmentChange, at: UnixMillis) {
        self.committed += 1;
        let now = Box::default();
        let step = OrderStep {
            at,
            what: Transaction::Assigned { region, asked, now },
        };
        self.steps
            .insert((self.committed, false, self.committed), step);
    }

    pub(crate) fn ends(&mut self, db: &OrderDb) {
        let orders = db.orders.iter();
        self.orders = orders
            .map(|(id, standing)| (*id, OrderState::clone(standing)))
            .collect();
    }

    /// Repeats everything on an empty model, one transaction at a time. An answer that differs from
    /// the run's is an error. A loser's offers are taken from here.
    pub(crate) fn explained(self) -> Result<OrderRecording, String> {
        let mut db = OrderDb::default();
        let first = db.rights.regions.iter();
        let first_rules = first
            .map(|(region, now)| (*region, now.rules.clone()))
            .collect();
        let mut told = Vec::new();
        let mut steps: Vec<OrderStep> = self.steps.into_values().collect();
        for OrderStep { at, what } in &mut steps {
            match what {
                Transaction::Decided {
                    submissions: requests,
                    writes,
                    ..
                } => {
                    let here = decide_submissions(&db.snapshot(requests, *at), requests);
                    if without_offers(&here) != without_offers(writes) || db.fits(&here).is_err() {
                        return Err(format!(
                            "{requests:#?}
said {:#?}
alone {:#?}",
                            writes.answers, here.answers
                        ));
                    }
                    write(&mut db, &here, *at, &mut told);
                    **writes = here;
                }
                Transaction::Assigned { region, asked, now } => {
                    let before = db.rights.read(*region);
                    let turned = match asked.clone() {
                        AssignmentChange::Wished(wish) => before.apply_request(wish),
                        AssignmentChange::TakenBack(end) => before.taken_back(end),
                        AssignmentChange::Renewed {
                            holder: seat,
                            fence,
                            end,
                            by,
                        } => before.renew_right(&seat, fence, end, by),
                    };
                    if let Some(turned) = turned {
                        turn(&mut db, *region, &turned, *at, &mut told);
                    }
                    **now = db.rights.told(*region, &db.rights.read(*region));
                }
            }
        }
        let orders: BTreeMap<OrderId, OrderState> = db
            .orders
            .iter()
            .map(|(id, standing)| (*id, OrderState::clone(standing)))
            .collect();
        let now = |region| (region, db.rights.told(region, &db.rights.read(region)));
        let regions = Region::ALL.map(now).into();
        let answers = db.commands.into_values().collect();
        let stale = self.stale;
        if orders != self.orders {
            return Err("the orders are others in the end".to_owned());
        }
        Ok(OrderRecording {
            first_rules,
            steps,
            told,
            orders,
            answers,
            regions,
            stale,
        })
    }
}

fn write(db: &mut OrderDb, writes: &Writes, at: UnixMillis, told: &mut Vec<OutboxWord>) {
    let numbers = db.number_events(writes);
    db.write(writes, &numbers, |number| {
        EventId(Uuid::from_u128(number.into()))
    });
    told.extend(
        writes
            .events
            .iter()
            .map(|event| OutboxWord::Order(Box::new(event.clone()))),
    );
    for (region, turned) in &writes.turns {
        turn(db, *region, turned, at, told);
    }
}

fn turn(
    db: &mut OrderDb,
    region: Region,
    transition: &AssignmentTransition,
    at: UnixMillis,
    told: &mut Vec<OutboxWord>,
) {
    db.turn(region, transition, at, 0, EventId(Uuid::nil()));
    let now = db.rights.told(region, &db.rights.read(region));
    told.push(OutboxWord::Assigned(region, Box::new(now)));
}

/// A loser's offers are read without locks and may have changed since.
fn without_offers(writes: &Writes) -> Writes {
    let mut writes = writes.clone();
    let forget = |lost: &mut Option<Lost>| {
        if let Some(lost) = lost {
            lost.nearby.clear();
        }
    };
    for answer in &mut writes.answers {
        if let OpDecision::Decided(outcome) = answer {
            forget(&mut outcome.lost);
        }
    }
    writes
        .events
        .iter_mut()
        .for_each(|event| forget(&mut event.body.lost));
    writes
}
