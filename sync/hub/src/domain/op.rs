//! A received op, parsed from the raw bytes, which are stored unchanged; and the origins of
//! accepts: the place each was made before the hub sent it to its region's holder.

use std::collections::HashMap;

use engine::trusted_time::OpArrival;
use wire::{
    Action, BatchBody, BatchOp, CommandId, CommandOp, Hash, LoggedBefore, Op, OpCommand, OpKind,
    OpPlace, OrderCode, OrderId, Region, Source, UnixMillis, UserId, Verdict,
};

/// A received op. An unreadable one gets an outcome too, so it never blocks the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReceivedOp {
    Boot,
    Token { token: String },
    Command(Box<CommandOp>),
    LeaseReleased { fence: u64 },
    Unknown,
}

impl ReceivedOp {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        match Op::from_bytes(bytes) {
            Ok(Op::Boot { .. }) => Self::Boot,
            Ok(Op::Token { token }) => Self::Token { token },
            Ok(Op::Command(command)) => Self::Command(Box::new(command)),
            Ok(Op::LeaseReleased { fence }) => Self::LeaseReleased { fence },
            Err(_) => Self::Unknown,
        }
    }

    /// The order that a command concerns. Ops on the same order are decided in sequence.
    pub(crate) fn order_id(&self) -> Option<OrderId> {
        match self {
            Self::Command(op) => Some(op.command.body.order_id()),
            _ => None,
        }
    }

    /// The parts shown to operators, without user-written text. `region` comes from the edge: an
    /// edge logs only commands on orders of its own region.
    pub(crate) fn operator_summary(
        &self,
        region: Region,
    ) -> (OpKind, Option<OpCommand>, Option<u64>) {
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UndecidedOp {
    pub seq: u64,
    pub hash: Hash,
    /// How often the op failed alone.
    pub failures: u32,
    pub read: ReceivedOp,
    pub arrival: OpArrival,
    /// The op arrived after the time from which an operator distrusts the edge.
    pub distrusted: bool,
}

/// Identifies an accept: command ids are unique per user.
pub(crate) type AcceptKey = (CommandId, UserId);

/// The origin and the time of each accept that was forwarded to a holder.
#[derive(Debug, Default)]
pub(crate) struct AcceptOrigins(pub HashMap<AcceptKey, (Source, UnixMillis)>);

impl AcceptOrigins {
    /// `None` if the user sent the command to that log directly: then the log's timestamp differs.
    pub(crate) fn origin_of(
        &self,
        accept_key: AcceptKey,
        received_at: UnixMillis,
    ) -> Option<&Source> {
        let (made_at, taken_at) = self.0.get(&accept_key)?;
        (*taken_at == received_at).then_some(made_at)
    }

    /// Sets the origin on each of these ops of the run.
    pub(crate) fn name(&self, batch_ops: &mut [BatchOp], run: &[UndecidedOp]) {
        let mut run = run.iter();
        for op in batch_ops {
            let BatchBody::Command { evidence, .. } = &mut op.body else {
                continue;
            };
            // Both are in log order.
            let Some(due) = run.find(|due| due.seq == op.seq) else {
                return;
            };
            let ReceivedOp::Command(logged) = &due.read else {
                continue;
            };
            let name = (logged.command.id, logged.actor.user_id);
            evidence.made_at = self.origin_of(name, logged.received_at).cloned();
        }
    }
}

/// The accepts of a run that may have been forwarded to their edge: a holder logs those as
/// provisional, never as firm.
pub(crate) fn list_maybe_forwarded(run: &[UndecidedOp]) -> Vec<CommandId> {
    let put = run.iter().filter_map(|due| match &due.read {
        ReceivedOp::Command(op) => {
            let accepts = op.command.body.order_action() == Some(Action::Accept);
            (accepts && op.verdict == Verdict::Provisional).then_some(op.command.id)
        }
        _ => None,
    });
    put.collect()
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
