//! `holdfast explain`: finds an order by id or code, an op by place, a command by id or a conflict
//! by name, and explains it.

mod command;
pub(crate) mod order;
pub(crate) mod timeline;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{CommandId, OpPlace, OrderCode};

use command::CommandHistory;
use order::{OrderHistory, load_order_history, unknown_name_failure};

use crate::{
    conflicts::{self, Conflict},
    gateway::{Gateway, none_if_not_found, require_found},
    output::{CommandOutput, ExitKind, Result},
    say,
    style::OutputStyle,
    values::ConflictName,
};

enum ExplainedItem {
    Order(Box<OrderHistory>),
    Trail(CommandHistory),
    Conflict(Conflict, Option<CommandHistory>),
}

pub(crate) async fn explain_item(gateway: &Gateway, name: &str) -> Result<CommandOutput> {
    let subject = find_item(gateway, name).await?;
    let style = &gateway.style;
    let mut story = Value::Null;
    if style.json {
        story = subject.to_json(style);
        story["edge_keys"] = json!(edge_keys(gateway, &story).await);
    }
    Ok(CommandOutput::new(
        style,
        || story,
        || subject.render_text(style),
    ))
}

/// Loads the public keys that verify the receipts. Skips keys that the gateway does not return: the
/// explanation is useful without them.
async fn edge_keys(gateway: &Gateway, story: &Value) -> BTreeMap<String, String> {
    #[derive(Deserialize)]
    struct EdgeKey {
        public_key: String,
    }
    let entries = ["timeline", "ops"]
        .into_iter()
        .filter_map(|list| story[list].as_array());
    let edges: BTreeSet<_> = entries
        .flatten()
        .filter_map(|entry| entry["edge"].as_str())
        .collect();
    let mut keys = BTreeMap::new();
    for edge in edges {
        let path = format!("/api/v1/edges/{edge}/key");
        if let Ok(EdgeKey { public_key }) = gateway.get(&path).await {
            keys.insert(edge.to_owned(), public_key);
        }
    }
    keys
}

async fn find_item(gateway: &Gateway, name: &str) -> Result<ExplainedItem> {
    let style = &gateway.style;
    if let Ok(place) = name.parse::<OpPlace>() {
        let unknown = say::unknown_op {
            place: (&place).into(),
        };
        return require_found(command::find_by_op(gateway, &place).await?, unknown, style)
            .map(ExplainedItem::Trail);
    }
    if let Ok(name) = name.parse::<ConflictName>() {
        let unknown = say::unknown_conflict { name: name.into() };
        let conflict = require_found(
            conflicts::find_conflict(gateway, name).await?,
            unknown,
            style,
        )?;
        let trail = command::find_by_command(gateway, conflict.command_id()).await?;
        return Ok(ExplainedItem::Conflict(conflict, trail));
    }
    let Ok(id) = name.parse::<CommandId>() else {
        if OrderCode::parse(name).is_none() {
            return Err(unknown_name_failure(name, ExitKind::NotFound, style));
        }
        return Ok(ExplainedItem::Order(Box::new(
            load_order_history(gateway, name).await?,
        )));
    };
    if let Some(story) = none_if_not_found(load_order_history(gateway, name).await)? {
        return Ok(ExplainedItem::Order(Box::new(story)));
    }
    let unknown = say::unknown_id { id: id.into() };
    require_found(command::find_by_command(gateway, id).await?, unknown, style)
        .map(ExplainedItem::Trail)
}

impl ExplainedItem {
    fn render_text(&self, style: &OutputStyle) -> String {
        match self {
            Self::Order(story) => order::render_history(story, style),
            Self::Trail(trail) => command::render_history(trail, style),
            Self::Conflict(conflict, trail) => {
                let trail = trail
                    .as_ref()
                    .map(|trail| command::render_history(trail, style));
                format!(
                    "{}\n{}",
                    conflicts::render_conflict(conflict, style),
                    trail.unwrap_or_default()
                )
            }
        }
    }

    fn to_json(&self, style: &OutputStyle) -> Value {
        match self {
            Self::Order(story) => order::history_to_json(story, style),
            Self::Trail(trail) => command::history_to_json(trail, style),
            Self::Conflict(conflict, trail) => {
                let mut value = trail
                    .as_ref()
                    .map_or_else(|| json!({}), |t| command::history_to_json(t, style));
                value["conflict"] = conflicts::conflict_to_json(conflict, style);
                value["explanation"] = json!(self.render_text(style));
                value
            }
        }
    }
}
