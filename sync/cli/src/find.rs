//! Owns finding what an operator asks about, by what is at hand: an order by its id or the code read
//! aloud, an op by its place, a command by its id, a conflict by its name.

use serde::Deserialize;
use wire::{CommandId, Language, OpPlace, Order, OrderCode, OrderId, StatusReport, TimelineEntry};

use crate::{
    conflicts::{self, Conflict},
    exit::{Exit, Failure},
    explain::Story,
    gateway::{Gateway, absent},
    trail::{self, Trail},
};

pub enum Found {
    Order(Box<Story>),
    Trail(Trail),
    Conflict(Conflict, Option<Trail>),
}

pub async fn find(gateway: &Gateway, asked: &str) -> Result<Found, Failure> {
    if let Ok(place) = asked.parse::<OpPlace>() {
        let trail = trail::of_op(gateway, &place).await?;
        return trail
            .map(Found::Trail)
            .ok_or_else(|| trail::unknown_op(&place, gateway.language()));
    }
    if let Ok(name) = asked.parse::<conflicts::Name>() {
        let Some(conflict) = conflicts::find(gateway, name).await? else {
            return Err(unknown_conflict(gateway.language(), name));
        };
        let trail = trail::of_command(gateway, conflict.command_id()).await?;
        return Ok(Found::Conflict(conflict, trail));
    }
    let Ok(id) = asked.parse::<CommandId>() else {
        return Ok(Found::Order(Box::new(story(gateway, asked).await?)));
    };
    if let Some(story) = absent(story(gateway, asked).await)? {
        return Ok(Found::Order(Box::new(story)));
    }
    let trail = trail::of_command(gateway, id).await?;
    trail.map(Found::Trail).ok_or_else(|| unknown_id(gateway.language(), id))
}

#[derive(Deserialize)]
struct Timeline {
    items: Vec<TimelineEntry>,
}

/// Everything that is known of the order.
pub async fn story(gateway: &Gateway, asked: &str) -> Result<Story, Failure> {
    let order = order(gateway, asked).await?;
    let Timeline { items: timeline } =
        gateway.get(&format!("/api/v1/orders/{}/timeline", order.id)).await?;
    let pending = pending(gateway, &order).await;
    Ok(Story { order, timeline, pending })
}

pub async fn order(gateway: &Gateway, asked: &str) -> Result<Order, Failure> {
    if let Ok(id) = asked.parse::<OrderId>() {
        return gateway.get(&format!("/api/v1/orders/{id}")).await;
    }
    let Some(code) = OrderCode::parse(asked) else {
        return Err(not_an_order(gateway.language(), asked));
    };
    let found = gateway.list(&format!("/api/v1/admin/orders?code={code}")).await?;
    match <[Order; 1]>::try_from(found) {
        Ok([order]) => Ok(order),
        Err(orders) if orders.is_empty() => Err(unknown_code(gateway.language(), &code)),
        Err(orders) => Err(several(gateway.language(), &code, &orders)),
    }
}

/// What the region's edges still hold back. The story is worth telling without it, so a hub that
/// does not answer counts as none.
async fn pending(gateway: &Gateway, order: &Order) -> u64 {
    let Ok(report) = gateway.get::<StatusReport>("/api/v1/admin/status").await else { return 0 };
    let regions = report.regions.iter().filter(|region| region.region == order.location);
    regions.flat_map(|region| &region.edges).map(|edge| u64::from(edge.pending)).sum()
}

fn not_an_order(language: Language, asked: &str) -> Failure {
    let asked: String = crate::table::printable(asked).chars().take(60).collect();
    Failure::new(
        Exit::Usage,
        match language {
            Language::English => {
                format!(
                    "`{asked}` is no id, no code such as N-7F3K9Q, no op such as north-1/1/17, \
                     and no conflict such as lost-12"
                )
            }
            Language::Chinese => format!(
                "`{asked}` 不是编号，也不是短码（如 N-7F3K9Q）、操作位置（如 north-1/1/17）或冲突名称（如 lost-12）"
            ),
        },
    )
}

fn unknown_id(language: Language, id: CommandId) -> Failure {
    match language {
        Language::English => Failure::new(
            Exit::NotFound,
            format!("the cloud knows no order and no command {id}"),
        )
        .next_step(
            "what was done at a cut-off edge is known there first; try again once its link is up",
        ),
        Language::Chinese => {
            Failure::new(Exit::NotFound, format!("云端没有编号为 {id} 的订单或操作"))
                .next_step("断连节点上的操作先存于该节点；链路恢复后请重试")
        }
    }
}

fn unknown_conflict(language: Language, name: conflicts::Name) -> Failure {
    match language {
        Language::English => Failure::new(Exit::NotFound, format!("there is no conflict {name}"))
            .next_step("`holdfast conflicts` lists them"),
        Language::Chinese => Failure::new(Exit::NotFound, format!("没有名为 {name} 的冲突"))
            .next_step("运行 `holdfast conflicts` 查看所有冲突"),
    }
}

fn unknown_code(language: Language, code: &OrderCode) -> Failure {
    match language {
        Language::English => Failure::new(
            Exit::NotFound,
            format!("the cloud knows no order {code}"),
        )
        .next_step(
            "an order made at a cut-off edge is known there first; try again once its link is up",
        ),
        Language::Chinese => Failure::new(Exit::NotFound, format!("云端没有订单 {code}"))
            .next_step("在断连节点上创建的订单先存于该节点；链路恢复后请重试"),
    }
}

fn several(language: Language, code: &OrderCode, orders: &[Order]) -> Failure {
    let ids: Vec<String> = orders.iter().map(|order| order.id.to_string()).collect();
    let ids = ids.join(", ");
    match language {
        Language::English => {
            Failure::new(Exit::Conflict, format!("{} orders share the code {code}", orders.len()))
                .next_step(format!("name one by its id: {ids}"))
        }
        Language::Chinese => {
            Failure::new(Exit::Conflict, format!("有 {} 个订单使用短码 {code}", orders.len()))
                .next_step(format!("请使用订单编号：{ids}"))
        }
    }
}
