//! A seed's plan: the acts of people, edges, the adapter, the bus and the machines, in order. An
//! act that fits nothing is skipped, so any subset of a plan is a plan.

use std::collections::BTreeSet;

use sim::Random;

/// Each number selects among the available items, modulo their count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    // people at the portal: the order, and the idempotency key
    Accept(u8, u8),
    Withdraw(u8),
    WithdrawByAdmin(u8),
    Start(u8),
    Complete(u8),
    Preview(u8),
    Cancel(u8),
    CancelByAdmin(u8),
    /// Repeats an earlier command.
    Again(u8),
    /// The service may crash half way; the customer then repeats with the same key.
    Pay(u8, u8, bool),
    AskBack(u8, u8, Fraction),
    Grant(u8, Fraction),
    Refuse(u8),
    Goodwill(u8),
    SendAnew(u8),
    PayByHand(u8),
    Compensate(u8),
    // an edge that was cut off
    EdgeStart(u8),
    EdgeComplete(u8),
    EdgeWithdraw(u8),
    EdgeSync(SyncFate),
    // the payment service's jobs
    Work(u8, CallFate),
    Tick(u8),
    Payout,
    Pull,
    Statement,
    // the adapter and its customers
    AdapterPays(u8, i8),
    AdapterDeclines(u8),
    AdapterDone(u8),
    AdapterFails(u8),
    AdapterReturns(u8),
    /// The adapter breaks its contract.
    PaidThoughClosed(u8),
    Chargeback(u8, Fraction),
    Reversal(u8),
    AdapterFee(u8),
    /// A late call reaches the adapter, or a late answer reaches us.
    LateCall(u8),
    LateReply(u8),
    /// True, replayed or forged.
    Callback(u8),
    // the bus
    Relay(u8, bool),
    Deliver(u8, u8, bool),
    DeadLetter(u8, u8),
    // the second step of a cancel, under the bug that splits it
    FinishCancel,
    Minutes(u16),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fraction {
    All,
    Half,
}

/// How far a call to the adapter gets before a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFate {
    Answered,
    CallLost,
    CallLate,
    ReplyLost,
    ReplyLate,
    /// The worker dies after the call.
    Crash,
}

/// How far an edge's log gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncFate {
    Answered,
    /// The payment service is unreachable.
    PaymentsAway,
    /// The log is decided, but the answers are lost and the edge resubmits it.
    AnswersLost,
}

/// The work that the region's rule lets start unpaid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnpaidWork {
    No,
    AnyAtEdge,
    /// Only orders at or below the first order's price.
    SmallAtEdge,
    /// Payment follows the work.
    Anywhere,
}

/// The fixed parameters of a run, and its acts.
#[derive(Debug, Clone)]
pub struct MoneyPlan {
    pub seed: u64,
    pub orders: u8,
    pub unpaid: UnpaidWork,
    pub acts: Vec<Act>,
}

impl MoneyPlan {
    pub fn from_seed(seed: u64) -> Self {
        let mut random = Random::seeded(seed);
        let orders = 1 + u8::try_from(random.below(2)).unwrap_or(0);
        let unpaid = match random.below(1_000) {
            0..150 => UnpaidWork::AnyAtEdge,
            150..250 => UnpaidWork::SmallAtEdge,
            250..350 => UnpaidWork::Anywhere,
            _ => UnpaidWork::No,
        };
        let faults = *random.pick(&[0, 100, 250, 500]);
        let count = 60 + random.below(120);
        let mut acts: Vec<Act> = (0..orders).map(|order| Act::Accept(order, order)).collect();
        acts.extend((0..count).map(|_| draw_act(&mut random, faults)));
        Self {
            seed,
            orders,
            unpaid,
            acts,
        }
    }

    /// The plan reduced to the acts at these indices.
    #[must_use]
    pub fn keep_acts(&self, keep: &BTreeSet<usize>) -> Self {
        let acts = self
            .acts
            .iter()
            .enumerate()
            .filter(|(n, _)| keep.contains(n));
        Self {
            acts: acts.map(|(_, act)| *act).collect(),
            ..self.clone()
        }
    }
}

fn draw_act(random: &mut Random, faults: u64) -> Act {
    let faulty = random.chance(faults);
    let n = random.next().to_le_bytes()[0];
    match random.below(100) {
        0..16 => Act::Relay(n, faulty),
        16..38 => match faulty && random.chance(300) {
            true => Act::DeadLetter(n, random.next().to_le_bytes()[0]),
            // In order unless faults are on.
            false => {
                let place = if faulty {
                    random.next().to_le_bytes()[0]
                } else {
                    0
                };
                Act::Deliver(n, place, faulty && random.chance(400))
            }
        },
        38..50 => Act::Work(n, draw_call_fate(random, faulty)),
        50..59 => draw_adapter_act(random, n, faulty),
        59..62 => {
            if random.chance(500) {
                Act::LateCall(n)
            } else {
                Act::LateReply(n)
            }
        }
        62..64 => Act::Callback(n),
        64..69 => draw_job_act(random, n),
        69..76 => Act::Minutes(*random.pick(&[1, 5, 31, 31, 600, 1_440, 4_400])),
        76..82 => draw_edge_act(random, n, faulty),
        _ => draw_person_act(random, n, faulty),
    }
}

fn draw_call_fate(random: &mut Random, faulty: bool) -> CallFate {
    let fates = [
        CallFate::CallLost,
        CallFate::CallLate,
        CallFate::ReplyLost,
        CallFate::ReplyLate,
        CallFate::Crash,
    ];
    if faulty {
        *random.pick(&fates)
    } else {
        CallFate::Answered
    }
}

fn draw_adapter_act(random: &mut Random, n: u8, faulty: bool) -> Act {
    match random.below(21) {
        0..8 => Act::AdapterPays(
            n,
            if faulty {
                *random.pick(&[-1, 0, 0, 1])
            } else {
                0
            },
        ),
        8 => Act::AdapterDeclines(n),
        9..14 => Act::AdapterDone(n),
        14..16 => Act::AdapterFails(n),
        16 => Act::AdapterReturns(n),
        17 => {
            if faulty {
                Act::PaidThoughClosed(n)
            } else {
                Act::AdapterDone(n)
            }
        }
        18 => Act::Chargeback(n, draw_fraction(random)),
        19 => Act::AdapterFee(n),
        _ => Act::Reversal(n),
    }
}

fn draw_job_act(random: &mut Random, n: u8) -> Act {
    match random.below(6) {
        0..3 => Act::Tick(n),
        3 => Act::Payout,
        4 => Act::Pull,
        _ => Act::Statement,
    }
}

fn draw_edge_act(random: &mut Random, n: u8, faulty: bool) -> Act {
    let broken = [SyncFate::PaymentsAway, SyncFate::AnswersLost];
    match random.below(9) {
        0..2 => Act::EdgeStart(n),
        2..4 => Act::EdgeComplete(n),
        4 => Act::EdgeWithdraw(n),
        _ if faulty => Act::EdgeSync(*random.pick(&broken)),
        _ => Act::EdgeSync(SyncFate::Answered),
    }
}

fn draw_fraction(random: &mut Random) -> Fraction {
    if random.chance(600) {
        Fraction::All
    } else {
        Fraction::Half
    }
}

fn draw_person_act(random: &mut Random, n: u8, faulty: bool) -> Act {
    let key = u8::try_from(random.below(4)).unwrap_or(0);
    match random.below(64) {
        0..20 => Act::Pay(n, key, faulty),
        20..24 => Act::Accept(n, key),
        24..26 => Act::Withdraw(n),
        26..31 => Act::Start(n),
        31..36 => Act::Complete(n),
        36..40 => Act::Preview(n),
        40..43 => Act::Cancel(n),
        43 => Act::CancelByAdmin(n),
        44..48 => Act::AskBack(n, key, draw_fraction(random)),
        48..51 => Act::Grant(n, draw_fraction(random)),
        51..53 => Act::Refuse(n),
        53 => Act::Goodwill(n),
        54..56 => Act::SendAnew(n),
        56 => Act::PayByHand(n),
        57 => Act::Compensate(n),
        58..60 => Act::FinishCancel,
        60 => Act::WithdrawByAdmin(n),
        _ => Act::Again(n),
    }
}
