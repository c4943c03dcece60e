//! Operators: a region's policy, take-backs, revocations. Each request to the order service is
//! repeated until it is done. Mirrors `cloud/order/src/store/assignments.rs`.

use std::collections::BTreeMap;

use rules::{HolderEpoch, NextAssignment, RequestedAssignment};
use wire::{
    Amount, ApprovalRule, Currency, FenceEnd, FenceEnding, OfflineRules, Policy, PriceCap, Region,
    ServiceType, UnixMillis, UserId,
};

use super::{OperatorEvent, World, WorldEvent};
use crate::{
    cast,
    cloud::{self, BusNews, at},
    plan::{Fault, GOOD_STANDING_ONLY},
    recorder::AssignmentChange,
};

#[derive(Default)]
pub(crate) struct Operator {
    asked: Vec<(Region, OperatorAct)>,
    pub waiting: usize,
    pub has_ended_all: bool,
    /// Time at which the cause of a command's failure was repaired.
    put_right: BTreeMap<wire::CommandId, u64>,
}

#[derive(Clone)]
pub(super) enum OperatorAct {
    Wishes(RequestedAssignment),
    TakesBack,
    /// Sent by the hub, not by an operator: the holder's view disagreed with its grant under this
    /// fence.
    Renews(HolderEpoch, u64),
}

/// Longer than a failure takes to reach the hub.
const ANSWER_TAKES_MS: u64 = 10;
/// Rights end this long after everything works again.
const ENDS_AFTER_MS: u64 = 15_000;

impl World {
    /// Changes a policy and its holder, or the rules, depending on the fault's size.
    pub(crate) fn changes_policy(&mut self, fault: &Fault) {
        let region = cast::region(fault.on);
        let by = admin();
        let epoch = self.sync_db.edges[fault.on].epoch;
        let exclusive = || {
            let holder = Some(HolderEpoch {
                edge: cast::edge(fault.on),
                epoch,
            });
            Some(NextAssignment {
                policy: Policy::Exclusive,
                holder,
                by,
            })
        };
        let optimistic = || {
            Some(NextAssignment {
                policy: Policy::Optimistic,
                holder: None,
                by,
            })
        };
        let unpaid_start = fault.size.is_multiple_of(2);
        let wish = match fault.size % 10 {
            0..3 => RequestedAssignment {
                right: exclusive(),
                rules: None,
            },
            3..6 => RequestedAssignment {
                right: exclusive(),
                rules: Some(rules(fault.size, unpaid_start)),
            },
            6 | 7 => RequestedAssignment {
                right: optimistic(),
                rules: None,
            },
            8 => RequestedAssignment {
                right: None,
                rules: Some(rules(fault.size, unpaid_start)),
            },
            _ => {
                let rules = OfflineRules {
                    unpaid_start,
                    ..OfflineRules::default()
                };
                RequestedAssignment {
                    right: None,
                    rules: Some(rules),
                }
            }
        };
        self.operator_asks(region, OperatorAct::Wishes(wish));
    }

    /// Changes the offline rules, depending on the fault's size.
    pub(crate) fn changes_rules(&mut self, fault: &Fault) {
        let unpaid_start = fault.size.is_multiple_of(2);
        let rules = match fault.size % 3 {
            0 => OfflineRules {
                unpaid_start,
                ..OfflineRules::default()
            },
            _ => rules(fault.size, unpaid_start),
        };
        let wish = RequestedAssignment {
            right: None,
            rules: Some(rules),
        };
        self.operator_asks(cast::region(fault.on), OperatorAct::Wishes(wish));
    }

    pub(crate) fn takes_back(&mut self, e: usize) {
        self.operator_asks(cast::region(e), OperatorAct::TakesBack);
    }

    /// Revokes a provider: every region's feed reports it.
    pub(crate) fn revokes(&mut self, tablet: usize) {
        let user = cast::at_tablet(tablet).user_id;
        for region in cast::REGIONS {
            let id = wire::EventId(self.random.id());
            let what = BusNews::Revoked(region, user);
            self.bus.queue.push_back(cloud::BusEvent { id, what });
        }
        self.revoked.insert(user);
        self.later(0, WorldEvent::Delivers);
    }

    /// An op has failed alone too often. An operator examines it, may repair the cause, and
    /// readmits it.
    pub(crate) fn op_stops(&mut self, e: usize, seq: u64) {
        self.counts.stopped += 1;
        let name = cast::edge(e);
        self.note(24, seq, |_| format!("op {seq} of {name} needs an operator"));
        let command = self.sync_db.edges[e]
            .ops
            .get(&seq)
            .and_then(|op| op.command_id());
        // The same command in another log may have been repaired while this failure was in transit.
        let just_now = |at: &u64| self.now - at <= ANSWER_TAKES_MS;
        let poisoned = command.is_some_and(|id| {
            self.poison.contains(&id) || self.operator.put_right.get(&id).is_some_and(just_now)
        });
        self.oracle.stopped(self.now, e, seq, poisoned);
        let again = self.soon(2_000, 15_000);
        let epoch = self.sync_db.edges[e].epoch;
        self.later(
            again,
            WorldEvent::Operator(OperatorEvent::LetsGo {
                edge: e,
                epoch,
                seq,
            }),
        );
    }

    pub(crate) fn lets_go(&mut self, e: usize, epoch: u64, seq: u64) {
        let row = &self.sync_db.edges[e];
        let op = row.ops.get(&seq).filter(|_| row.epoch == epoch);
        let Some(id) = op.and_then(|op| op.command_id()) else {
            return;
        };
        let put_right = self.has_healed || self.random.chance(700);
        if put_right && self.poison.remove(&id) {
            self.operator.put_right.insert(id, self.now);
        }
        if self.sync_db.let_go(e, seq) {
            self.counts.let_go += 1;
            (0..cast::REPLICA_COUNT).for_each(|r| self.start_edge_workers(r));
        }
    }

    /// Releases all regions some time after everything works again, so that all ops are decided.
    pub(crate) fn ends_rights_later(&mut self) {
        self.later(
            ENDS_AFTER_MS,
            WorldEvent::Operator(OperatorEvent::RightsEnd),
        );
    }

    pub(crate) fn rights_end(&mut self) {
        for region in cast::REGIONS {
            let right = Some(NextAssignment {
                policy: Policy::Optimistic,
                holder: None,
                by: admin(),
            });
            self.operator_asks(
                region,
                OperatorAct::Wishes(RequestedAssignment { right, rules: None }),
            );
        }
        self.operator.has_ended_all = true;
    }

    pub(super) fn operator_asks(&mut self, region: Region, does: OperatorAct) {
        self.operator.asked.push((region, does));
        self.operator.waiting += 1;
        let n = self.operator.asked.len() - 1;
        self.later(0, WorldEvent::Operator(OperatorEvent::Operates { n }));
    }

    /// One transaction with an exclusive lock on the region's row: it waits for those that share
    /// it.
    pub(crate) fn operates(&mut self, n: usize) {
        let (region, does) = self.operator.asked[n].clone();
        let shared = self
            .orders
            .open
            .values()
            .any(|tx| tx.regions.contains(&region));
        if !self.orders.is_running || shared {
            let again = self.soon(20, 400);
            self.later(again, WorldEvent::Operator(OperatorEvent::Operates { n }));
            return;
        }
        self.operator.waiting -= 1;
        let now = at(self.now, self.orders.clock_error_ms);
        let before = self.order_db.rights.read(region);
        let over = |wish: &RequestedAssignment| {
            let seat = wish.right.as_ref().and_then(|right| right.holder.as_ref());
            seat.is_some_and(|seat| self.order_db.rights.is_over(seat))
        };
        let asked = match does {
            // That edge has begun another epoch: the operator gets a refusal.
            OperatorAct::Wishes(wish) if over(&wish) => return,
            OperatorAct::Wishes(wish) => AssignmentChange::Wished(wish),
            OperatorAct::TakesBack => {
                let how = FenceEnding::TakenBack;
                let why = Some("it is away".to_owned());
                AssignmentChange::TakenBack(FenceEnd {
                    at: now,
                    how,
                    by: Some(admin()),
                    why,
                })
            }
            OperatorAct::Renews(seat, fence) => {
                let Some(by) = self.order_db.rights.granted_by(region, fence) else {
                    return;
                };
                let end = FenceEnd {
                    at: now,
                    how: FenceEnding::Renewed,
                    by: None,
                    why: None,
                };
                AssignmentChange::Renewed {
                    holder: seat,
                    fence,
                    end,
                    by,
                }
            }
        };
        if let Some(recorder) = &mut self.recorder {
            recorder.order.assigns(region, asked.clone(), now);
        }
        let turned = match asked {
            AssignmentChange::Wished(wish) => before.apply_request(wish),
            AssignmentChange::TakenBack(end) => before.taken_back(end),
            AssignmentChange::Renewed {
                holder: seat,
                fence,
                end,
                by,
            } => before.renew_right(&seat, fence, end, by),
        };
        let Some(turned) = turned else { return };
        self.oracle
            .operator_turned(self.now, region, &before, &turned);
        let ended = turned.ended.as_ref().map(|(_, end)| end.how);
        self.counts.take_backs += u64::from(ended == Some(FenceEnding::TakenBack));
        self.counts.grants_renewed += u64::from(ended == Some(FenceEnding::Renewed));
        self.turns(region, &turned, now);
        let run = self.orders.run;
        self.later(1, WorldEvent::Relays { run });
    }

    /// Writes a change of a region's assignment, and its event.
    pub(crate) fn turns(
        &mut self,
        region: Region,
        transition: &rules::AssignmentTransition,
        at: UnixMillis,
    ) {
        let number = self.order_db.next_number + 1;
        self.order_db.next_number = number;
        self.turns_as(region, transition, number, at);
    }

    /// `at` is its transaction's clock reading.
    pub(crate) fn turns_as(
        &mut self,
        region: Region,
        transition: &rules::AssignmentTransition,
        number: u64,
        at: UnixMillis,
    ) {
        let id = self.event_id(number);
        self.counts.record_transition(transition);
        self.order_db.turn(region, transition, at, number, id);
        self.note(20, transition.after.policy_version, |_| {
            let after = &transition.after;
            let holder = after.holder.as_ref().map_or("nobody", wire::EdgeId::as_str);
            let policy = after.policy.as_str();
            let fence = after.fence;
            let asked = if after.wanted.is_some() {
                ", asked to give it back"
            } else {
                ""
            };
            format!("{region} is {policy}: {holder} holds it (fence {fence}{asked})")
        });
    }
}

pub(super) fn admin() -> UserId {
    cast::at_desk(cast::DESK_COUNT - 1).user_id
}

/// Customers in good standing may publish more; now and then only they may.
fn rules(size: u64, unpaid_start: bool) -> OfflineRules {
    let up_to = |price_max| {
        let price_max = Amount::from_minor(price_max).ok()?;
        let service_types = ServiceType::ALL.to_vec();
        Some(ApprovalRule {
            price_max,
            currency: Currency::Cny,
            service_types,
        })
    };
    let approval = match size % 40 {
        GOOD_STANDING_ONLY => None,
        other if other % 20 < 10 => up_to(30_000),
        _ => up_to(100_000),
    };
    let approval_in_good_standing = up_to(100_000);
    let address_at_start = false;
    let small = Amount::from_minor(30_000)
        .ok()
        .filter(|_| !unpaid_start && size % 4 == 1);
    let unpaid_start_max = small.map(|price_max| PriceCap {
        price_max,
        currency: Currency::Cny,
    });
    let afterwards = size
        .is_multiple_of(5)
        .then_some(ServiceType::CleaningRepair);
    OfflineRules {
        unpaid_start,
        approval,
        address_at_start,
        approval_in_good_standing,
        unpaid_start_max,
        paid_afterwards: afterwards.into_iter().collect(),
    }
}
