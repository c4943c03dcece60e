//! An op as an operator sees it: its state at the hub and the times of its hops. The hub and the
//! command line share this shape.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;

use crate::{
    Actor, CommandId, DeviceId, EdgeId, Hash, OrderCode, OrderId, Outcome, Region, Source,
    UnixMillis, UserId, Verdict,
};

words! {
    /// The state of an op at the hub.
    OpState {
        /// It is queued and will be decided without help.
        Received "received",
        /// It waits for the holder of its region.
        HeldRegion "held_region",
        /// Its owner failed on it even when it came alone, so it waits for a person.
        NeedsOperator "needs_operator",
        /// Its owner is unavailable.
        Parked "parked",
        Decided "decided",
        /// Its epoch ended before it was decided, and this op never will be.
        LeftBehind "left_behind",
    }
    or Unrecognised "unrecognised"
}

impl OpState {
    /// The states that wait for a decision; those that need a person come first.
    pub const WAITING: [Self; 4] = [
        Self::NeedsOperator,
        Self::HeldRegion,
        Self::Parked,
        Self::Received,
    ];
}

words! {
    OpKind {
        Boot "boot",
        Token "token",
        Command "command",
        LeaseReleased "lease_released",
    }
    or
    /// The hub cannot read it, or a newer hub wrote it.
    Unknown "unknown"
}

/// The name of an op: `north-1/1/17`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpPlace {
    pub edge: EdgeId,
    pub epoch: u64,
    pub seq: u64,
}

impl fmt::Display for OpPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.edge, self.epoch, self.seq)
    }
}

impl FromStr for OpPlace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected EDGE/EPOCH/SEQ, such as north-1/1/17";
        let mut parts = text.split('/');
        let (edge, epoch, seq) = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(edge), Some(epoch), Some(seq), None) => (edge, epoch, seq),
            _ => return Err(wrong),
        };
        Ok(Self {
            edge: edge.parse().map_err(|_| wrong)?,
            epoch: epoch.parse().map_err(|_| wrong)?,
            seq: seq.parse().map_err(|_| wrong)?,
        })
    }
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpRecord {
    #[serde(flatten)]
    pub place: OpPlace,
    pub region: Region,
    pub hash: Hash,
    pub kind: OpKind,
    pub state: OpState,
    /// How often its owner failed on it alone.
    pub failures: u64,
    /// When the hub had the op on disk, by the hub's clock.
    pub received_at: UnixMillis,
    /// Present for a command.
    pub command: Option<OpCommand>,
    /// The fence that a released right gives back.
    pub fence: Option<u64>,
    pub outcome: Option<OpOutcome>,
    /// The later op with the same command, if this op was left behind and there is one.
    pub again: Option<OpPlace>,
}

/// The logged command, without people's texts.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpCommand {
    pub id: CommandId,
    #[serde(rename = "type")]
    pub name: String,
    pub order_id: OrderId,
    pub order_code: OrderCode,
    pub actor: Actor,
    pub verdict: Verdict,
    /// The fence under which a firm answer was given.
    pub fence: Option<u64>,
    pub device: Option<DeviceId>,
    /// The device's clock.
    pub tapped_at: Option<UnixMillis>,
    /// The edge's clock.
    pub edge_at: UnixMillis,
    /// Where it was first logged, if that epoch has ended, with the answer given there.
    pub logged_before: Option<LoggedBefore>,
    /// Where it was made, if it was put to this edge as the region's holder.
    pub made_at: Option<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoggedBefore {
    #[serde(flatten)]
    pub place: OpPlace,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpOutcome {
    /// Its number among the outcomes of its edge and epoch.
    pub number: u64,
    /// When the hub had the outcome on disk, by the hub's clock.
    pub stored_at: UnixMillis,
    /// True if the edge has acknowledged it; unknown for an ended epoch.
    #[schema(required)]
    pub told: Option<bool>,
    pub outcome: Outcome,
}

/// A portal accept that is put to its region's holder until it is decided.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WaitingAsk {
    pub command_id: CommandId,
    pub user_id: UserId,
    pub region: Region,
    /// Absent if the hub cannot read the command.
    pub order_id: Option<OrderId>,
    pub order_code: Option<OrderCode>,
    /// It waits for its region's holder or for an operator.
    #[serde(default = "held_region")]
    #[schema(required)]
    pub state: OpState,
    /// How often it failed alone.
    #[serde(default)]
    #[schema(required)]
    pub failures: u64,
    pub taken_at: UnixMillis,
}

/// Hubs that omit the state have no other one.
fn held_region() -> OpState {
    OpState::HeldRegion
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ops_name_reads_back_and_what_is_none_does_not() {
        let place = OpPlace {
            edge: EdgeId::new("north-1").unwrap(),
            epoch: 2,
            seq: 17,
        };
        assert_eq!(place.to_string().parse(), Ok(place));
        for bad in [
            "",
            "north-1",
            "north-1/1",
            "north-1/1/x",
            "North/1/1",
            "north-1/1/1/1",
            "//",
        ] {
            assert!(bad.parse::<OpPlace>().is_err(), "{bad}");
        }
    }

    #[test]
    fn states_and_kinds_of_a_newer_hub_are_read_as_such() {
        assert_eq!(
            serde_json::from_str(r#""frozen""#).ok(),
            Some(OpState::Unrecognised)
        );
        assert_eq!(
            serde_json::from_str(r#""merge""#).ok(),
            Some(OpKind::Unknown)
        );
        for state in OpState::WAITING {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
