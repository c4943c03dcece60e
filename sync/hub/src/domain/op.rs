//! Parses a received op. The raw bytes are stored unchanged.

use wire::{CommandOp, LoggedBefore, Op, OpCommand, OpKind, OpPlace, OrderCode, OrderId, Region};

/// A received op. An unreadable one gets an outcome too, so it never blocks the log.
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

    /// The order that a command concerns. Ops on the same order are decided in sequence.
    pub fn order_id(&self) -> Option<OrderId> {
        match self {
            Self::Command(op) => Some(op.command.body.order_id()),
            _ => None,
        }
    }

    /// The parts shown to operators, without user-written text. `region` comes from the edge: an
    /// edge logs only commands on orders of its own region.
    pub fn operator_summary(&self, region: Region) -> (OpKind, Option<OpCommand>, Option<u64>) {
        match self {
            Self::Boot => (OpKind::Boot, None, None),
            Self::Token { .. } => (OpKind::Token, None, None),
            Self::Command(op) => (OpKind::Command, Some(describe_command(op, region)), None),
            Self::LeaseReleased { fence } => (OpKind::LeaseReleased, None, Some(*fence)),
            Self::Unknown => (OpKind::Unknown, None, None),
        }
    }
}

fn describe_command(op: &CommandOp, region: Region) -> OpCommand {
    let order_id = op.command.body.order_id();
    OpCommand {
        id: op.command.id,
        name: op.command.body.name().to_owned(),
        order_id,
        order_code: OrderCode::from_order_id(region, order_id),
        actor: op.actor,
        verdict: op.verdict,
        fence: op.fence,
        device: op.command.device.clone(),
        tapped_at: op.command.tapped_at,
        edge_at: op.received_at,
        logged_before: op.relogged.as_ref().map(|before| LoggedBefore {
            place: OpPlace {
                edge: before.edge.clone(),
                epoch: before.epoch,
                seq: before.at.seq,
            },
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
        assert_eq!(
            ReceivedOp::read(&token.to_bytes()),
            ReceivedOp::Token { token: "t".into() }
        );
    }
}
