//! The bytes of an op in a frame of a thousand, plain and packed.

use anyhow::Result;
use process::clock::Clock;
use uuid::{Builder, Uuid, Variant, Version};
use wire::{
    Actor, BootNonce, ChainHead, Command, CommandBody, CommandId, CommandOp, DeviceId, Frame, Hash,
    LinkSessionId, Op, OpsFrame, OrderId, Role, UnixMillis, UserId, Verdict,
};

const OPS: u64 = 1_000;
/// A quiet region: an accept every half minute, for orders of the last day.
const APART_MS: u64 = 30_000;
const DAY_MS: u64 = 24 * 3_600_000;

/// Measures accepts, the most frequent op, from tablets of ten people. Their times are random, and
/// so are the orders' ids over the last day: times closer together would pack better than in a real
/// outage.
pub(crate) fn print(clock: &Clock) -> Result<()> {
    let people: Vec<UserId> = (0..10).map(|_| UserId(clock.new_id())).collect();
    let mut now = u64::try_from(clock.now().0)?;
    let mut ops = Vec::new();
    for n in 0..OPS {
        now += draw(2 * APART_MS);
        let person = usize::try_from(draw(10))?;
        let op = Op::Command(CommandOp {
            command: Command {
                id: CommandId(id(now)),
                body: CommandBody::AcceptOrder {
                    order_id: OrderId(id(now - draw(DAY_MS))),
                },
                device: Some(DeviceId::new(format!("tablet-{person}"))?),
                device_seq: Some(n),
                tapped_at: Some(millis(now)),
                trace: None,
            },
            token_seq: 2 + person as u64,
            actor: Actor {
                user_id: people[person],
                role: Role::Provider,
            },
            verdict: Verdict::Provisional,
            fence: None,
            received_at: millis(now + draw(40)),
            policy_version: Some(3),
            rules_version: Some(1),
            revocations_version: Some(0),
            relogged: None,
            cut_off: Some(true),
        });
        ops.push(op.to_bytes());
    }
    let alone: usize = ops.iter().map(Vec::len).sum();
    let end = ChainHead {
        seq: 0,
        hash: Hash::ZERO,
    }
    .append_ops(ops.iter().map(Vec::as_slice));
    let up = OpsFrame {
        link_session: LinkSessionId {
            term: 1,
            nonce: BootNonce([7; 16]),
        },
        epoch: 1,
        first_seq: 1,
        prev_hash: Hash::ZERO,
        hash: end.hash,
        ops: ops.into_iter().map(Into::into).collect(),
        packed: None,
    };
    println!(
        "an accept of {OPS}: {:.1} bytes in the log, {:.1} in a plain frame, {:.1} packed (aim: at most 32)",
        per_op(alone),
        per_op(Frame::Up(up.clone()).to_bytes().len()),
        per_op(Frame::Up(up.into_packed()).to_bytes().len())
    );
    Ok(())
}

fn draw(end: u64) -> u64 {
    u64::from_le_bytes(process::random::draw_bytes()) % end
}

/// An id as a device would make it at that time.
fn id(at_ms: u64) -> Uuid {
    let random = u128::from_le_bytes(process::random::draw_bytes());
    let bytes = (u128::from(at_ms) << 80 | random >> 48).to_be_bytes();
    let id = Builder::from_bytes(bytes).with_variant(Variant::RFC4122);
    id.with_version(Version::SortRand).into_uuid()
}

fn millis(ms: u64) -> UnixMillis {
    UnixMillis(ms.cast_signed())
}

fn per_op(bytes: usize) -> f64 {
    u32::try_from(bytes).map_or(0.0, f64::from) / 1_000.0
}
