//! Tokens that auth issues to people for the edges of one region. They give no access to the cloud.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CommandId, Region, Role, UserId};

/// A sign-in for the edges of one region.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct EdgeGrant {
    pub edge_token: String,
    pub region: Region,
    /// In seconds.
    pub expires_in: i64,
    pub user_id: UserId,
    pub role: Role,
    /// Keep it secret and send it with the next sign-in on this device. Present if `device` was
    /// sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// Exchanges a person's token for one that authorises a single command at the region's edges.
#[derive(Clone, Serialize, Deserialize)]
pub struct CommandTokenForm {
    pub token: String,
    pub region: Region,
    pub command: CommandId,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct CommandToken {
    pub token: String,
}
