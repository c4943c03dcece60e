//! One function a command: ask the gateway, then put the answer into JSON or into words.

use serde_json::{Value, json};
use wire::{EdgeId, Region, StatusReport};

use crate::{
    args::{Cli, Command, LeaseAction, LinkAction},
    edges::{self, Enrolled},
    exit::{Exit, Failure},
    explain, find,
    gateway::Gateway,
    lease, link,
    look::Look,
    readmit, status,
};

/// What a run leaves behind.
pub struct Answer {
    pub exit: Exit,
    pub out: String,
    pub err: String,
}

impl Answer {
    fn text(out: String) -> Self {
        Self { exit: Exit::Ok, out, err: String::new() }
    }

    fn json(value: &Value) -> Self {
        Self::text(format!("{value:#}\n"))
    }
}

pub async fn run(cli: &Cli, look: &Look) -> Result<Answer, Failure> {
    let gateway = Gateway::find(&cli.common, look.language)?;
    let as_json = cli.common.json;
    match &cli.command {
        Command::Status => status(&gateway, as_json, look).await,
        Command::Edges => edges(&gateway, as_json, look).await,
        Command::Explain { order } => explain(&gateway, order, as_json, look).await,
        Command::Readmit { edge } => readmit(&gateway, edge, as_json, look).await,
        Command::Link { action, region } => link(&gateway, *action, *region, as_json, look).await,
        Command::Lease { action } => lease(&gateway, action, as_json, look).await,
    }
}

async fn status(gateway: &Gateway, as_json: bool, look: &Look) -> Result<Answer, Failure> {
    let report: StatusReport = gateway.get("/api/v1/admin/status").await?;
    let healthy = report.complaints().is_empty();
    let exit = if healthy { Exit::Ok } else { Exit::Degraded };
    if as_json {
        let value = status::json(&report, look).map_err(|error| gateway.unreadable(&error))?;
        return Ok(Answer { exit, ..Answer::json(&value) });
    }
    let (rows, verdict) = (status::rows(&report, look), status::verdict(&report, look));
    // A person reads both; a pipe gets the rows alone, and the words beside it.
    let (out, err) = match look.terminal {
        true => (format!("{rows}\n{verdict}"), String::new()),
        false => (rows, verdict),
    };
    Ok(Answer { exit, out, err })
}

async fn edges(gateway: &Gateway, as_json: bool, look: &Look) -> Result<Answer, Failure> {
    let edges: Vec<Enrolled> = gateway.list("/api/v1/admin/edges?limit=200").await?;
    if as_json {
        return Ok(Answer::json(&json!({"items": edges})));
    }
    Ok(Answer::text(edges::render(&edges, look)))
}

async fn explain(
    gateway: &Gateway,
    asked: &str,
    as_json: bool,
    look: &Look,
) -> Result<Answer, Failure> {
    let story = find::story(gateway, asked).await?;
    if as_json {
        return Ok(Answer::json(&json!({
            "order": story.order,
            "timeline": story.timeline,
            "pending_at_edges": story.pending,
            "explanation": explain::render(&story, &Look { colour: false, ..*look }),
        })));
    }
    Ok(Answer::text(explain::render(&story, look)))
}

async fn readmit(
    gateway: &Gateway,
    edge: &EdgeId,
    as_json: bool,
    look: &Look,
) -> Result<Answer, Failure> {
    let answer = readmit::run(gateway, edge).await?;
    if as_json {
        return Ok(Answer::json(&answer));
    }
    Ok(Answer::text(readmit::render(edge, look)))
}

async fn link(
    gateway: &Gateway,
    action: LinkAction,
    region: Region,
    as_json: bool,
    look: &Look,
) -> Result<Answer, Failure> {
    let answer = link::run(gateway, action, region).await?;
    if as_json {
        return Ok(Answer::json(&answer));
    }
    Ok(Answer::text(link::render(action, region, look)))
}

async fn lease(
    gateway: &Gateway,
    action: &LeaseAction,
    as_json: bool,
    look: &Look,
) -> Result<Answer, Failure> {
    let answer = lease::run(gateway, action).await?;
    if as_json {
        return Ok(Answer::json(&answer));
    }
    let text = lease::render(&answer, look).map_err(|error| gateway.unreadable(&error))?;
    Ok(Answer::text(text))
}
