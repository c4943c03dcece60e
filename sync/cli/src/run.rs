//! One function a command: ask the gateway, then put the answer into JSON or into words.

use std::time::Duration;

use serde_json::{Value, json};
use wire::{EdgeId, Region, StatusReport};

use crate::{
    args::{Cli, Command, LeaseAction, LinkAction, QueueAction, Stopped},
    conflicts, edges, enrol,
    exit::{Exit, Failure},
    explain,
    find::{self, Found},
    gateway::Gateway,
    lease, link,
    look::Look,
    queue, readmit, status, trail,
    wait::{self, Condition},
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

    fn of(as_json: bool, json: impl FnOnce() -> Value, text: impl FnOnce() -> String) -> Self {
        if as_json { Self::json(&json()) } else { Self::text(text()) }
    }
}

pub async fn run(cli: &Cli, look: &Look) -> Result<Answer, Failure> {
    let gateway = Gateway::find(&cli.common, look.language)?;
    let as_json = cli.common.json;
    match &cli.command {
        Command::Status => status(&gateway, as_json, look).await,
        Command::Edges => edges(&gateway, as_json, look).await,
        Command::Queue { edge, limit, action: None } => {
            queue(&gateway, edge.as_ref(), usize::from(*limit), as_json, look).await
        }
        Command::Queue { action: Some(action), .. } => retry(&gateway, action, as_json, look).await,
        Command::Conflicts { limit, cursor } => {
            let page = conflicts::page(&gateway, usize::from(*limit), *cursor).await?;
            Ok(Answer::of(
                as_json,
                || conflicts::json(&page, look),
                || conflicts::render(&page, look),
            ))
        }
        Command::Explain { what } => explain(&gateway, what, as_json, look).await,
        Command::Enrol { region, name } => enrol(&gateway, *region, name, as_json, look).await,
        Command::Wait { conditions } => {
            wait_for(&gateway, conditions, cli.common.wait_timeout(), as_json, look).await
        }
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
    let listed = edges::gather(gateway).await?;
    Ok(Answer::of(as_json, || edges::json(&listed), || edges::render(&listed, look)))
}

async fn queue(
    gateway: &Gateway,
    edge: Option<&EdgeId>,
    limit: usize,
    as_json: bool,
    look: &Look,
) -> Result<Answer, Failure> {
    let queue = queue::gather(gateway, edge, limit).await?;
    Ok(Answer::of(as_json, || queue::json(&queue, look), || queue::render(&queue, look)))
}

async fn retry(
    gateway: &Gateway,
    action: &QueueAction,
    as_json: bool,
    look: &Look,
) -> Result<Answer, Failure> {
    let QueueAction::Retry { what, seq, epoch } = action;
    match Stopped::read(what, *seq, look.language)? {
        Stopped::Op(edge, seq) => {
            let answer = queue::retry(gateway, &edge, seq, *epoch).await?;
            Ok(Answer::of(as_json, || answer, || queue::render_retry(&edge, seq, look)))
        }
        Stopped::Ask(id) => {
            let answer = queue::retry_asks(gateway, id).await?;
            Ok(Answer::of(as_json, || answer, || queue::render_retry_asks(id, look)))
        }
    }
}

async fn explain(
    gateway: &Gateway,
    asked: &str,
    as_json: bool,
    look: &Look,
) -> Result<Answer, Failure> {
    let found = find::find(gateway, asked).await?;
    Ok(Answer::of(as_json, || explained_json(&found, look), || explained(&found, look)))
}

fn explained(found: &Found, look: &Look) -> String {
    match found {
        Found::Order(story) => explain::render(story, look),
        Found::Trail(trail) => trail::render(trail, look),
        Found::Conflict(conflict, trail) => {
            let trail = trail.as_ref().map(|trail| trail::render(trail, look));
            format!("{}\n{}", conflicts::render_one(conflict, look), trail.unwrap_or_default())
        }
    }
}

fn explained_json(found: &Found, look: &Look) -> Value {
    match found {
        Found::Order(story) => json!({
            "order": story.order,
            "timeline": story.timeline,
            "pending_at_edges": story.pending,
            "explanation": explain::render(story, &Look { colour: false, ..*look }),
        }),
        Found::Trail(trail) => trail::json(trail, look),
        Found::Conflict(conflict, trail) => {
            let mut value = trail.as_ref().map_or_else(|| json!({}), |t| trail::json(t, look));
            value["conflict"] = conflicts::one_json(conflict, look);
            value["explanation"] = json!(explained(found, &Look { colour: false, ..*look }));
            value
        }
    }
}

async fn enrol(
    gateway: &Gateway,
    region: Region,
    name: &EdgeId,
    as_json: bool,
    look: &Look,
) -> Result<Answer, Failure> {
    let answer = enrol::run(gateway, region, name).await?;
    if as_json {
        return Ok(Answer::json(&answer));
    }
    let text = enrol::render(&answer, name, look).map_err(|error| gateway.unreadable(&error))?;
    Ok(Answer::text(text))
}

async fn wait_for(
    gateway: &Gateway,
    conditions: &[Condition],
    within: Duration,
    as_json: bool,
    look: &Look,
) -> Result<Answer, Failure> {
    let waited = wait::run(gateway, conditions, within).await?;
    Ok(Answer::of(
        as_json,
        || wait::json(conditions, waited),
        || wait::render(conditions, waited, look),
    ))
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
