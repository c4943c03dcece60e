//! Commands that change one thing at the hub: a region's gate or a restored edge.

use serde_json::json;
use wire::{EdgeId, Region};

use crate::{
    args::LinkAction,
    edges,
    exit::Result,
    find::require_found,
    gateway::{Gateway, none_if_not_found},
    run::CommandOutput,
    say,
};

pub async fn set_gate(
    gateway: &Gateway,
    action: LinkAction,
    region: Region,
) -> Result<CommandOutput> {
    let gate = match action {
        LinkAction::Cut => "closed",
        LinkAction::Heal => "open",
    };
    let path = format!("/api/v1/admin/regions/{region}");
    let answer = gateway.put_json(&path, &json!({"gate": gate})).await?;
    let region = region.into();
    Ok(match action {
        LinkAction::Cut => CommandOutput::from_answer(gateway, answer, say::link_cut { region }),
        LinkAction::Heal => {
            CommandOutput::from_answer(gateway, answer, say::link_healed { region })
        }
    })
}

/// Records that an operator noted the restored edge.
pub async fn readmit_edge(gateway: &Gateway, edge: &EdgeId) -> Result<CommandOutput> {
    let before = edges::find_edge(gateway, edge).await?;
    let answer = gateway
        .post_json(&format!("/api/v1/admin/edges/{edge}/readmit"), None)
        .await;
    let unknown = say::unknown_edge { edge: edge.into() };
    let answer = require_found(none_if_not_found(answer)?, unknown, &gateway.style)?;
    let was_well = before.is_some_and(|item| {
        item.status.quarantine.is_none() && item.status.needs_operator_at.is_none()
    });
    let edge = edge.into();
    Ok(match was_well {
        true => CommandOutput::from_answer(gateway, answer, say::readmitted_nothing { edge }),
        false => CommandOutput::from_answer(gateway, answer, say::readmitted { edge }),
    })
}
