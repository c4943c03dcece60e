//! The ops in the log of a scripted edge.

use uuid::Uuid;
use wire::{
    Actor, BootNonce, Command, CommandBody, CommandId, CommandOp, ForwardedAcceptFrame, Op,
    OrderId, Role, UnixMillis, UserId, Verdict,
};

pub(crate) fn boot() -> Vec<u8> {
    Op::Boot {
        nonce: BootNonce([1; 16]),
        at: UnixMillis(5),
    }
    .to_bytes()
}

pub(crate) fn token(token: &str) -> Vec<u8> {
    Op::Token {
        token: token.into(),
    }
    .to_bytes()
}

/// The op that a holder logs for an accept put to it.
pub(crate) fn asked(ask: &ForwardedAcceptFrame, token_seq: u64) -> Vec<u8> {
    Op::Command(CommandOp {
        command: ask.command.clone(),
        token_seq,
        actor: ask.actor,
        verdict: Verdict::Provisional,
        fence: None,
        received_at: ask.taken_at,
        policy_version: None,
        rules_version: None,
        revocations_version: None,
        relogged: None,
        cut_off: None,
    })
    .to_bytes()
}

/// An accept of order `n` with the command id `n`.
pub(crate) fn accept(n: u128, token_seq: u64, received_at: UnixMillis) -> Vec<u8> {
    accept_on(n, n, token_seq, received_at)
}

/// The same for another order.
pub(crate) fn accept_on(n: u128, order: u128, token_seq: u64, received_at: UnixMillis) -> Vec<u8> {
    let actor = Actor {
        user_id: UserId(Uuid::from_u128(99)),
        role: Role::Provider,
    };
    Op::Command(CommandOp {
        command: Command {
            id: CommandId(Uuid::from_u128(n)),
            body: CommandBody::AcceptOrder {
                order_id: OrderId(Uuid::from_u128(order)),
            },
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: None,
        },
        token_seq,
        actor,
        verdict: Verdict::Provisional,
        fence: None,
        received_at,
        policy_version: None,
        rules_version: None,
        revocations_version: None,
        relogged: None,
        cut_off: None,
    })
    .to_bytes()
}
