//! The ops that a thief forges.

use uuid::Uuid;
use wire::{
    Actor, ChainHead, Command, CommandBody, CommandId, CommandOp, EarlierReceipt, Hash, Op,
    OrderId, OrderStatus, QuarantineWhy, Role, UnixMillis, Verdict,
};

use super::ThiefOp;
use crate::{cast, cloud::at, oracle::thief::Deed, plan::Trick, tokens, world::World};

const MINUTE_MS: u64 = 60 * 1_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
/// The lifetime left to a token on the disk.
const LIVE_MS: i64 = 72 * 60 * 60 * 1_000;

impl World {
    pub(super) fn forge_ops(&mut self, e: usize, what: Trick, pick: u64) -> Vec<ThiefOp> {
        match what {
            Trick::Release => {
                let fence = self.held_fence(e).unwrap_or(1);
                vec![ThiefOp {
                    op: Op::LeaseReleased { fence },
                    token: None,
                }]
            }
            Trick::Untapped | Trick::OtherRun => vec![self.forge_untapped_command(e, pick)],
            Trick::Revoked => self.forge_accept_by_revoked(e, pick).into_iter().collect(),
            Trick::OldToken | Trick::AfterAbsence | Trick::WrongClock => {
                vec![self.forge_with_expired_token(e, pick, false)]
            }
            Trick::MadeUpReceipt => vec![self.forge_with_expired_token(e, pick, true)],
        }
    }

    /// Uses the token of a person who signed in there recently.
    fn forge_untapped_command(&mut self, e: usize, pick: u64) -> ThiefOp {
        let people: Vec<usize> = (0..cast::TABLET_COUNT)
            .filter(|t| cast::home(*t) == e)
            .collect();
        let actor = cast::at_tablet(people[to_index(pick) % people.len()]);
        let body = self.body_for(e, actor, pick);
        let taken_at = at(self.now, 0).plus_ms(-millis(pick % HOUR_MS));
        let op = self.command(actor, body, taken_at);
        self.oracle.forges(op.command.id, Deed::default());
        let token = Some(tokens::issue(actor, at(0, 0).plus_ms(LIVE_MS)));
        ThiefOp {
            op: Op::Command(op),
            token,
        }
    }

    /// Uses a token that expired before the seed began.
    fn forge_with_expired_token(&mut self, e: usize, pick: u64, has_receipt: bool) -> ThiefOp {
        let actor = cast::at_tablet(e + cast::EDGE_COUNT * to_index(pick % 2));
        let body = self.body_for(e, actor, pick);
        let dead_for = self.random.between(10 * MINUTE_MS, 48 * HOUR_MS);
        let expires_at = at(0, 0).plus_ms(-millis(dead_for));
        let before_expiry = expires_at.plus_ms(-millis(self.random.between(1, HOUR_MS)));
        let claims_now = has_receipt && pick.is_multiple_of(3);
        let taken_at = if claims_now {
            at(self.now, 0)
        } else {
            before_expiry
        };
        let mut op = self.command(actor, body, taken_at);
        op.relogged = has_receipt.then(|| EarlierReceipt {
            edge: cast::edge(e),
            epoch: 1,
            at: ChainHead {
                seq: 900 + pick % 90,
                hash: Hash::digest_bytes(b"lost"),
            },
            verdict: Verdict::Provisional,
            fence: None,
            why: QuarantineWhy::EdgeRestored,
        });
        self.oracle.forges(
            op.command.id,
            Deed {
                by_dead_token: true,
                ..Deed::default()
            },
        );
        let token = Some(tokens::issue(actor, expires_at));
        ThiefOp {
            op: Op::Command(op),
            token,
        }
    }

    /// Forges a revoked provider's accept: firm if the edge holds its region, as if it had received
    /// no revocations.
    fn forge_accept_by_revoked(&mut self, e: usize, pick: u64) -> Option<ThiefOp> {
        let providers = (0..cast::TABLET_COUNT).map(cast::at_tablet);
        let revoked =
            |actor: &Actor| actor.role == Role::Provider && self.revoked.contains(&actor.user_id);
        let actor = providers.into_iter().find(revoked)?;
        let fence = self.held_fence(e);
        let body = CommandBody::AcceptOrder {
            order_id: self.pick_open_order(e, pick),
        };
        let mut op = self.command(actor, body, at(self.now, 0));
        (op.verdict, op.fence) = (fence.map_or(op.verdict, |_| Verdict::Firm), fence);
        op.revocations_version = Some(0);
        let version = self.sync_db.revoked_version(cast::region(e), actor.user_id);
        self.oracle.forges(
            op.command.id,
            Deed {
                by_revoked: version,
                ..Deed::default()
            },
        );
        let token = Some(tokens::issue(actor, at(0, 0).plus_ms(LIVE_MS)));
        Some(ThiefOp {
            op: Op::Command(op),
            token,
        })
    }

    fn command(&mut self, actor: Actor, body: CommandBody, received_at: UnixMillis) -> CommandOp {
        let id = CommandId(self.random.id());
        let device = None;
        let device_seq = None;
        let tapped_at = None;
        let trace = None;
        CommandOp {
            command: Command {
                id,
                body,
                device,
                device_seq,
                tapped_at,
                trace,
            },
            token_seq: 0,
            actor,
            verdict: Verdict::Provisional,
            fence: None,
            received_at,
            policy_version: None,
            rules_version: None,
            revocations_version: Some(0),
            relogged: None,
            cut_off: None,
        }
    }

    fn body_for(&self, e: usize, actor: Actor, pick: u64) -> CommandBody {
        let order_id = self.pick_open_order(e, pick);
        let reason = Some("because".to_owned());
        match (actor.role, pick % 5) {
            (Role::Admin, 0..3) => CommandBody::ApproveOrder { order_id },
            (Role::Customer, _) | (Role::Admin, _) => CommandBody::CancelOrder {
                order_id,
                reason,
                fee: None,
            },
            (_, 0..4) => CommandBody::AcceptOrder { order_id },
            _ => CommandBody::StartOrder {
                order_id,
                start_code: None,
                photos: Vec::new(),
            },
        }
    }

    /// One of the newest open orders, or an unknown one.
    fn pick_open_order(&self, e: usize, pick: u64) -> OrderId {
        let known = self.known.get(&cast::region(e));
        let is_open = |id: &&OrderId| {
            let order = self.order_db.orders.get(id).map(|standing| &standing.order);
            order.is_some_and(|order| order.status == OrderStatus::Pending)
        };
        let open: Vec<&OrderId> = known.into_iter().flatten().filter(is_open).collect();
        let newest = &open[open.len().saturating_sub(4)..];
        let any = OrderId(Uuid::from_u128(u128::from(pick)));
        newest
            .get(to_index(pick / 7) % newest.len().max(1))
            .map_or(any, |id| **id)
    }

    /// The fence under which the edge holds its region.
    fn held_fence(&self, e: usize) -> Option<u64> {
        let assignment = &self.sync_db.region(cast::region(e))?.assignment;
        (assignment.holder == Some(cast::edge(e))).then_some(assignment.fence)
    }
}

fn to_index(pick: u64) -> usize {
    usize::try_from(pick % 1_000_000).unwrap_or(0)
}

fn millis(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(0)
}
