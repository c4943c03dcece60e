//! What an op weighs in a frame of a thousand.

use anyhow::Result;
use process::clock::Clock;
use wire::{
    Actor, BootNonce, Chain, Command, CommandBody, CommandId, CommandOp, DeviceId, Frame, Hash, Op,
    OrderId, Role, Standing, Up, UserId, Verdict,
};

const OPS: u64 = 1_000;

/// Accepts, which are what most ops are, from tablets of ten people.
pub fn print(clock: &Clock) -> Result<()> {
    let people: Vec<UserId> = (0..10).map(|_| UserId(clock.new_id())).collect();
    let mut ops = Vec::new();
    for n in 0..OPS {
        let person = usize::try_from(n)? % people.len();
        let op = Op::Command(CommandOp {
            command: Command {
                id: CommandId(clock.new_id()),
                body: CommandBody::AcceptOrder { order_id: OrderId(clock.new_id()) },
                device: Some(DeviceId::new(format!("tablet-{person}"))?),
                device_seq: Some(n),
                tapped_at: Some(clock.now()),
                trace: None,
            },
            token_seq: 2 + person as u64,
            actor: Actor { user_id: people[person], role: Role::Provider },
            verdict: Verdict::Provisional,
            fence: None,
            received_at: clock.now(),
            policy_version: Some(3),
            rules_version: Some(1),
            revocations_version: Some(0),
            relogged: None,
        });
        ops.push(op.to_bytes());
    }
    let alone: usize = ops.iter().map(Vec::len).sum();
    let end = Chain { seq: 0, hash: Hash::ZERO }.through(ops.iter().map(Vec::as_slice));
    let frame = Frame::Up(Up {
        standing: Standing { term: 1, nonce: BootNonce([7; 16]) },
        epoch: 1,
        first_seq: 1,
        prev_hash: Hash::ZERO,
        hash: end.hash,
        ops: ops.into_iter().map(Into::into).collect(),
    });
    println!(
        "an accept of {OPS}: {:.1} bytes in the log, {:.1} in the frame (aim: at most 32)",
        per_op(alone),
        per_op(frame.to_bytes().len())
    );
    Ok(())
}

fn per_op(bytes: usize) -> f64 {
    u32::try_from(bytes).map_or(0.0, f64::from) / 1_000.0
}
