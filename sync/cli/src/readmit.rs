//! Owns `holdfast readmit`: an operator has taken note of an edge that was restored.

use serde_json::Value;
use wire::EdgeId;

use crate::{exit::Failure, gateway::Gateway, run::CommandOutput, say};

pub async fn run(gateway: &Gateway, edge: &EdgeId) -> Result<CommandOutput, Failure> {
    let answer: Value = gateway.post(&format!("/api/v1/admin/edges/{edge}/readmit")).await?;
    let done = || gateway.look.done(say::readmitted { edge: edge.into() });
    Ok(CommandOutput::new(&gateway.look, || answer, done))
}
