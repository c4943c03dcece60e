//! Records of collisions for operators: lost acceptances, open cases, stored answers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Code, CommandId, OpPlace, OrderCode, OrderId, RaceRule, Region, Source, TimelineEntry,
    UnixMillis, UserId, Verdict,
};

/// An acceptance that an edge had answered and that lost in the cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LostAcceptance {
    /// Its place among all history entries; newer ones are higher.
    pub id: u64,
    pub order_id: OrderId,
    pub order_code: OrderCode,
    pub region: Region,
    /// Its entry in the order's history: person, time at each hop, and the rule as its code.
    #[serde(flatten)]
    pub entry: TimelineEntry,
    /// The order's provider at that time; absent if there was none.
    #[schema(required)]
    pub winner: Option<Winner>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Winner {
    pub user_id: UserId,
    pub source: Source,
    #[schema(required)]
    pub decided_at: Option<UnixMillis>,
    #[schema(required)]
    pub verdict: Option<Verdict>,
    #[serde(default)]
    #[schema(required)]
    pub race_rule: Option<RaceRule>,
}

/// A case for a person to look at; one for each order, person and kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseItem {
    /// Its place in the list; newer ones are higher.
    pub id: u64,
    pub order_id: OrderId,
    /// Absent if the order is gone.
    #[schema(required)]
    pub order_code: Option<OrderCode>,
    #[schema(required)]
    pub region: Option<Region>,
    pub user_id: UserId,
    /// `met_closed`, `revoked_meanwhile`, `unverified_holder`, `offline_rule`, `taken_back`,
    /// `revoked_holder`, `worked_in_vain`, `withdrew_before_fee`, `edge_distrusted`, or a kind of a
    /// newer service.
    pub kind: String,
    /// The id of the revocation's event if the kind is `revoked_holder`.
    pub command_id: CommandId,
    #[schema(required)]
    pub code: Option<Code>,
    pub at: UnixMillis,
    /// The admin who works on the case, or last did.
    #[serde(default)]
    #[schema(required)]
    pub taken_by: Option<UserId>,
    #[serde(default)]
    #[schema(required)]
    pub taken_at: Option<UnixMillis>,
    #[serde(default)]
    #[schema(required)]
    pub closed_by: Option<UserId>,
    /// Absent while the case is open.
    #[serde(default)]
    #[schema(required)]
    pub closed_at: Option<UnixMillis>,
    #[serde(default)]
    #[schema(required)]
    pub closed_why: Option<String>,
}

words! {
    /// The state of a case: an open one waits for a person.
    CaseState {
        Open "open",
        Closed "closed",
    }
}

/// The jobs that an admin withdrew from one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WithdrawnJobs {
    pub items: Vec<WithdrawnJob>,
    /// The provider had more jobs than one request withdraws: repeat the request.
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WithdrawnJob {
    pub order_id: OrderId,
    /// Absent if the order has gone meanwhile.
    #[schema(required)]
    pub order_code: Option<OrderCode>,
    /// Absent if it was withdrawn.
    #[schema(required)]
    pub code: Option<Code>,
}

/// The answer to a command, which is kept forever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommandAnswer {
    pub command_id: CommandId,
    /// Absent if no valid token named a person.
    #[schema(required)]
    pub user_id: Option<UserId>,
    pub applied: bool,
    #[schema(required)]
    pub code: Option<Code>,
    pub order_id: OrderId,
    /// The order's version at that time.
    #[schema(required)]
    pub order_version: Option<u64>,
    /// The op that it was decided for; absent for a request over HTTP.
    #[schema(required)]
    pub op: Option<OpPlace>,
    pub decided_at: UnixMillis,
}
