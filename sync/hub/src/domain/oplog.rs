//! What an operator is told of an op, from its bytes.

use wire::{CommandOp, LoggedBefore, OpCommand, OpKind, OpPlace, OrderCode, Region};

use super::intake::Read;

/// What a received op is, and what of it an operator is shown. What people wrote in it stays out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub kind: OpKind,
    pub command: Option<OpCommand>,
    pub fence: Option<u64>,
}

/// `region` is its edge's: what an edge logs is about orders of its own region.
pub fn show(read: &Read, region: Region) -> Shown {
    let (kind, command, fence) = match read {
        Read::Boot => (OpKind::Boot, None, None),
        Read::Token { .. } => (OpKind::Token, None, None),
        Read::Command(op) => (OpKind::Command, Some(command(op, region)), None),
        Read::LeaseReleased { fence } => (OpKind::LeaseReleased, None, Some(*fence)),
        Read::Unknown => (OpKind::Unknown, None, None),
    };
    Shown { kind, command, fence }
}

fn command(op: &CommandOp, region: Region) -> OpCommand {
    let order_id = op.command.body.order_id();
    OpCommand {
        id: op.command.id,
        name: op.command.body.name().to_owned(),
        order_id,
        order_code: OrderCode::of(region, order_id),
        actor: op.actor,
        verdict: op.verdict,
        fence: op.fence,
        device: op.command.device.clone(),
        tapped_at: op.command.tapped_at,
        edge_at: op.received_at,
        logged_before: op.relogged.as_ref().map(|before| LoggedBefore {
            place: OpPlace { edge: before.edge.clone(), epoch: before.epoch, seq: before.at.seq },
            verdict: before.verdict,
        }),
    }
}
