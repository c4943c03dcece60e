//! `holdfast explain`: finds an order by id or code, an op by place, a command by id or a conflict
//! by name, and explains it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use texts::Sentence;
use wire::{CommandId, OpPlace, Order, OrderCode, OrderId};

use crate::{
    conflicts::{self, Conflict},
    exit::{CommandFailure, ExitKind, Result},
    explain::{self, OrderHistory},
    gateway::{Gateway, ListPage, none_if_not_found},
    look::OutputStyle,
    run::CommandOutput,
    say,
    table::replace_control_chars,
    trail::{self, CommandHistory},
};

enum ExplainedItem {
    Order(Box<OrderHistory>),
    Trail(CommandHistory),
    Conflict(Conflict, Option<CommandHistory>),
}

pub async fn run(gateway: &Gateway, name: &str) -> Result<CommandOutput> {
    let subject = find_item(gateway, name).await?;
    let look = &gateway.style;
    let mut story = Value::Null;
    if look.json {
        story = subject.to_json(look);
        story["edge_keys"] = json!(edge_keys(gateway, &story).await);
    }
    Ok(CommandOutput::new(
        look,
        || story,
        || subject.render_text(look),
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
    let look = &gateway.style;
    if let Ok(place) = name.parse::<OpPlace>() {
        let unknown = say::unknown_op {
            place: (&place).into(),
        };
        return require_found(trail::find_by_op(gateway, &place).await?, unknown, look)
            .map(ExplainedItem::Trail);
    }
    if let Ok(name) = name.parse::<conflicts::ConflictName>() {
        let unknown = say::unknown_conflict { name: name.into() };
        let conflict = require_found(
            conflicts::find_conflict(gateway, name).await?,
            unknown,
            look,
        )?;
        let trail = trail::find_by_command(gateway, conflict.command_id()).await?;
        return Ok(ExplainedItem::Conflict(conflict, trail));
    }
    let Ok(id) = name.parse::<CommandId>() else {
        if OrderCode::parse(name).is_none() {
            return Err(unknown_name_failure(name, ExitKind::NotFound, look));
        }
        return Ok(ExplainedItem::Order(Box::new(
            load_order_history(gateway, name).await?,
        )));
    };
    if let Some(story) = none_if_not_found(load_order_history(gateway, name).await)? {
        return Ok(ExplainedItem::Order(Box::new(story)));
    }
    let unknown = say::unknown_id { id: id.into() };
    require_found(trail::find_by_command(gateway, id).await?, unknown, look)
        .map(ExplainedItem::Trail)
}

pub fn require_found<T>(
    found: Option<T>,
    unknown: impl Sentence,
    style: &OutputStyle,
) -> Result<T> {
    found.ok_or_else(|| CommandFailure::from_sentence(ExitKind::NotFound, style, unknown))
}

impl ExplainedItem {
    fn render_text(&self, style: &OutputStyle) -> String {
        match self {
            Self::Order(story) => explain::render_history(story, style),
            Self::Trail(trail) => trail::render_history(trail, style),
            Self::Conflict(conflict, trail) => {
                let trail = trail
                    .as_ref()
                    .map(|trail| trail::render_history(trail, style));
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
            Self::Order(story) => explain::history_to_json(story, style),
            Self::Trail(trail) => trail::history_to_json(trail, style),
            Self::Conflict(conflict, trail) => {
                let mut value = trail
                    .as_ref()
                    .map_or_else(|| json!({}), |t| trail::history_to_json(t, style));
                value["conflict"] = conflicts::conflict_to_json(conflict, style);
                value["explanation"] = json!(self.render_text(style));
                value
            }
        }
    }
}

pub async fn load_order_history(gateway: &Gateway, name: &str) -> Result<OrderHistory> {
    let order = load_order(gateway, name).await?;
    let ListPage {
        items: timeline, ..
    } = gateway
        .get(&format!("/api/v1/orders/{}/timeline", order.id))
        .await?;
    let pending = count_pending_ops(gateway, &order).await;
    Ok(OrderHistory {
        order,
        timeline,
        pending,
    })
}

pub async fn load_order(gateway: &Gateway, name: &str) -> Result<Order> {
    let look = &gateway.style;
    if let Ok(id) = name.parse::<OrderId>() {
        return gateway.get(&format!("/api/v1/orders/{id}")).await;
    }
    let Some(code) = OrderCode::parse(name) else {
        // A usage error, because `wait` keeps waiting for a missing order.
        return Err(unknown_name_failure(name, ExitKind::Usage, look));
    };
    let found = gateway
        .list(&format!("/api/v1/admin/orders?code={code}&"))
        .await?;
    <[Order; 1]>::try_from(found)
        .map(|[order]| order)
        .map_err(|orders| {
            let code = code.into();
            let count = orders.len();
            if count == 0 {
                return CommandFailure::from_sentence(
                    ExitKind::NotFound,
                    look,
                    say::unknown_code { code },
                );
            }
            let ids: Vec<String> = orders.iter().map(|order| order.id.to_string()).collect();
            let ids = ids.join(", ").into();
            let count = count.into();
            CommandFailure::from_sentence(
                ExitKind::Conflict,
                look,
                say::shared_code { count, code, ids },
            )
        })
}

fn unknown_name_failure(name: &str, exit: ExitKind, style: &OutputStyle) -> CommandFailure {
    let name: String = replace_control_chars(name).chars().take(60).collect();
    CommandFailure::from_sentence(exit, style, say::not_a_name { name: name.into() })
}

/// Counts undecided ops at the region's edges. `None` if the hub does not answer: the explanation
/// is useful without it.
async fn count_pending_ops(gateway: &Gateway, order: &Order) -> Option<u64> {
    let report = gateway.fetch_status().await.ok()?;
    let regions = report
        .regions
        .iter()
        .filter(|region| region.region == order.location);
    Some(
        regions
            .flat_map(|region| &region.edges)
            .map(|edge| u64::from(edge.pending))
            .sum(),
    )
}
