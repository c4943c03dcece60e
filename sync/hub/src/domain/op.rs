//! Reads a received op. The bytes are kept as they came.

use wire::{CommandOp, LoggedBefore, Op, OpCommand, OpKind, OpPlace, OrderCode, OrderId, Region};

/// A received op. One that cannot be read gets an answer too, so that it stops nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceivedOp {
    Boot,
    Token { token: String },
    Command(Box<CommandOp>),
    LeaseReleased { fence: u64 },
    Unknown,
}

impl ReceivedOp {
    pub fn read(bytes: &[u8]) -> Self {
        match Op::from_bytes(bytes) {
            Ok(Op::Boot { .. }) => Self::Boot,
            Ok(Op::Token { token }) => Self::Token { token },
            Ok(Op::Command(command)) => Self::Command(Box::new(command)),
            Ok(Op::LeaseReleased { fence }) => Self::LeaseReleased { fence },
            Err(_) => Self::Unknown,
        }
    }

    /// The order that a command is about: ops on one order wait behind each other.
    pub fn order_id(&self) -> Option<OrderId> {
        match self {
            Self::Command(op) => Some(op.command.body.order_id()),
            _ => None,
        }
    }

    /// The part that an operator is shown: kind, command and fence. People's own words are not in
    /// it. `region` is its edge's: an edge logs only what concerns orders of its own region.
    pub fn summary(&self, region: Region) -> (OpKind, Option<OpCommand>, Option<u64>) {
        match self {
            Self::Boot => (OpKind::Boot, None, None),
            Self::Token { .. } => (OpKind::Token, None, None),
            Self::Command(op) => (OpKind::Command, Some(command(op, region)), None),
            Self::LeaseReleased { fence } => (OpKind::LeaseReleased, None, Some(*fence)),
            Self::Unknown => (OpKind::Unknown, None, None),
        }
    }
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
        made_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_op_are_an_unknown_op() {
        for bytes in [&b""[..], b"\x82\x18\x63\x80", b"rubbish"] {
            assert_eq!(ReceivedOp::read(bytes), ReceivedOp::Unknown);
        }
        let token = Op::Token { token: "t".into() };
        assert_eq!(ReceivedOp::read(&token.to_bytes()), ReceivedOp::Token { token: "t".into() });
    }
}
