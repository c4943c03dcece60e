//! `holdfast explain`: finds an order by id or code, an op by place, a command by id or a conflict
//! by name, and explains it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use texts::Sentence;
use wire::{CommandId, OpPlace, Order, OrderCode, OrderId};

use crate::{
    conflicts::{self, Conflict},
    exit::{ExitKind, Failure, Result},
    explain::{self, OrderStory},
    gateway::{Gateway, ListPage, absent},
    look::Look,
    run::CommandOutput,
    say,
    table::printable,
    trail::{self, Trail},
};

enum Subject {
    Order(Box<OrderStory>),
    Trail(Trail),
    Conflict(Conflict, Option<Trail>),
}

pub async fn run(gateway: &Gateway, name: &str) -> Result<CommandOutput> {
    let (subject, look) = (find(gateway, name).await?, &gateway.look);
    let mut story = Value::Null;
    if look.json {
        story = subject.json(look);
        story["edge_keys"] = json!(edge_keys(gateway, &story).await);
    }
    Ok(CommandOutput::new(look, || story, || subject.render(look)))
}

/// Loads the public keys that verify the receipts. Skips keys that the gateway does not return: the
/// explanation is useful without them.
async fn edge_keys(gateway: &Gateway, story: &Value) -> BTreeMap<String, String> {
    #[derive(Deserialize)]
    struct EdgeKey {
        public_key: String,
    }
    let entries = ["timeline", "ops"].into_iter().filter_map(|list| story[list].as_array());
    let edges: BTreeSet<_> = entries.flatten().filter_map(|entry| entry["edge"].as_str()).collect();
    let mut keys = BTreeMap::new();
    for edge in edges {
        let path = format!("/api/v1/edges/{edge}/key");
        if let Ok(EdgeKey { public_key }) = gateway.get(&path).await {
            keys.insert(edge.to_owned(), public_key);
        }
    }
    keys
}

async fn find(gateway: &Gateway, name: &str) -> Result<Subject> {
    let look = &gateway.look;
    if let Ok(place) = name.parse::<OpPlace>() {
        let unknown = say::unknown_op { place: (&place).into() };
        return known(trail::of_op(gateway, &place).await?, unknown, look).map(Subject::Trail);
    }
    if let Ok(name) = name.parse::<conflicts::ConflictName>() {
        let unknown = say::unknown_conflict { name: name.into() };
        let conflict = known(conflicts::find(gateway, name).await?, unknown, look)?;
        let trail = trail::of_command(gateway, conflict.command_id()).await?;
        return Ok(Subject::Conflict(conflict, trail));
    }
    let Ok(id) = name.parse::<CommandId>() else {
        if OrderCode::parse(name).is_none() {
            return Err(names_nothing(name, ExitKind::NotFound, look));
        }
        return Ok(Subject::Order(Box::new(story(gateway, name).await?)));
    };
    if let Some(story) = absent(story(gateway, name).await)? {
        return Ok(Subject::Order(Box::new(story)));
    }
    let unknown = say::unknown_id { id: id.into() };
    known(trail::of_command(gateway, id).await?, unknown, look).map(Subject::Trail)
}

pub fn known<T>(found: Option<T>, unknown: impl Sentence, look: &Look) -> Result<T> {
    found.ok_or_else(|| Failure::with_step(ExitKind::NotFound, look, unknown))
}

impl Subject {
    fn render(&self, look: &Look) -> String {
        match self {
            Self::Order(story) => explain::render(story, look),
            Self::Trail(trail) => trail::render(trail, look),
            Self::Conflict(conflict, trail) => {
                let trail = trail.as_ref().map(|trail| trail::render(trail, look));
                format!("{}\n{}", conflicts::render_one(conflict, look), trail.unwrap_or_default())
            }
        }
    }

    fn json(&self, look: &Look) -> Value {
        match self {
            Self::Order(story) => explain::json(story, look),
            Self::Trail(trail) => trail::json(trail, look),
            Self::Conflict(conflict, trail) => {
                let mut value = trail.as_ref().map_or_else(|| json!({}), |t| trail::json(t, look));
                value["conflict"] = conflicts::one_json(conflict, look);
                value["explanation"] = json!(self.render(look));
                value
            }
        }
    }
}

pub async fn story(gateway: &Gateway, name: &str) -> Result<OrderStory> {
    let order = order(gateway, name).await?;
    let ListPage { items: timeline, .. } =
        gateway.get(&format!("/api/v1/orders/{}/timeline", order.id)).await?;
    let pending = pending(gateway, &order).await;
    Ok(OrderStory { order, timeline, pending })
}

pub async fn order(gateway: &Gateway, name: &str) -> Result<Order> {
    let look = &gateway.look;
    if let Ok(id) = name.parse::<OrderId>() {
        return gateway.get(&format!("/api/v1/orders/{id}")).await;
    }
    let Some(code) = OrderCode::parse(name) else {
        // A usage error, because `wait` keeps waiting for a missing order.
        return Err(names_nothing(name, ExitKind::Usage, look));
    };
    let found = gateway.list(&format!("/api/v1/admin/orders?code={code}&")).await?;
    <[Order; 1]>::try_from(found).map(|[order]| order).map_err(|orders| {
        let (code, count) = (code.into(), orders.len());
        if count == 0 {
            return Failure::with_step(ExitKind::NotFound, look, say::unknown_code { code });
        }
        let ids: Vec<String> = orders.iter().map(|order| order.id.to_string()).collect();
        let (ids, count) = (ids.join(", ").into(), count.into());
        Failure::with_step(ExitKind::Conflict, look, say::shared_code { count, code, ids })
    })
}

fn names_nothing(name: &str, exit: ExitKind, look: &Look) -> Failure {
    let name: String = printable(name).chars().take(60).collect();
    Failure::with_step(exit, look, say::not_a_name { name: name.into() })
}

/// Counts undecided ops at the region's edges. `None` if the hub does not answer: the explanation
/// is useful without it.
async fn pending(gateway: &Gateway, order: &Order) -> Option<u64> {
    let report = gateway.status().await.ok()?;
    let regions = report.regions.iter().filter(|region| region.region == order.location);
    Some(regions.flat_map(|region| &region.edges).map(|edge| u64::from(edge.pending)).sum())
}
