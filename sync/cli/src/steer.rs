//! Commands that change one thing at the hub: a region's gate or a restored edge.

use serde_json::json;
use wire::{EdgeId, Region};

use crate::{
    args::LinkAction,
    edges,
    exit::Result,
    find::known,
    gateway::{Gateway, absent},
    run::CommandOutput,
    say,
};

pub async fn link(gateway: &Gateway, action: LinkAction, region: Region) -> Result<CommandOutput> {
    let gate = match action {
        LinkAction::Cut => "closed",
        LinkAction::Heal => "open",
    };
    let path = format!("/api/v1/admin/regions/{region}");
    let (answer, region) = (gateway.put(&path, &json!({"gate": gate})).await?, region.into());
    Ok(match action {
        LinkAction::Cut => CommandOutput::done(gateway, answer, say::link_cut { region }),
        LinkAction::Heal => CommandOutput::done(gateway, answer, say::link_healed { region }),
    })
}

/// Records that an operator noted the restored edge.
pub async fn readmit(gateway: &Gateway, edge: &EdgeId) -> Result<CommandOutput> {
    let before = edges::find_edge(gateway, edge).await?;
    let answer = gateway.post(&format!("/api/v1/admin/edges/{edge}/readmit"), None).await;
    let unknown = say::unknown_edge { edge: edge.into() };
    let answer = known(absent(answer)?, unknown, &gateway.look)?;
    let was_well = before.is_some_and(|item| {
        item.status.quarantine.is_none() && item.status.needs_operator_at.is_none()
    });
    let edge = edge.into();
    Ok(match was_well {
        true => CommandOutput::done(gateway, answer, say::readmitted_nothing { edge }),
        false => CommandOutput::done(gateway, answer, say::readmitted { edge }),
    })
}
