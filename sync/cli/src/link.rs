//! Owns `holdfast link cut|heal`: the gate of one region at the hub.

use serde_json::{Value, json};
use wire::Region;

use crate::{args::LinkAction, exit::Failure, gateway::Gateway, run::CommandOutput, say};

pub async fn run(
    gateway: &Gateway,
    action: LinkAction,
    region: Region,
) -> Result<CommandOutput, Failure> {
    let (gate, done) = match action {
        LinkAction::Cut => ("closed", gateway.look.done(say::link_cut { region: region.into() })),
        LinkAction::Heal => ("open", gateway.look.done(say::link_healed { region: region.into() })),
    };
    let path = format!("/api/v1/admin/regions/{region}");
    let answer: Value = gateway.put(&path, &json!({"gate": gate})).await?;
    Ok(CommandOutput::new(&gateway.look, || answer, || done))
}
