//! Owns `holdfast wait`: looks at the platform until everything asked for is so, or time is up.
//!
//! Invariant: it ends with 0 only when one look found every condition met, and with 8 it says what was
//! still missing.

use std::{str::FromStr, time::Duration};

use process::clock::Clock;
use serde_json::{Value, json};
use wire::{
    ChecksumState, EdgeStatus, Language, LinkState, OrderStatus, Region, RegionStatus,
    StatusReport, UnixMillis,
};

use crate::{
    age::{self, some},
    exit::{Exit, Failure},
    find,
    gateway::{Gateway, absent},
    look::Look,
};

/// Something to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Every enrolled edge is connected.
    LinksUp,
    /// Every edge, of one region or of all, is connected, has no work left and agrees with the cloud.
    Synced(Option<Region>),
    /// Nothing waits for a decision, at an edge or at the hub.
    Drained,
    Order {
        order: String,
        status: OrderStatus,
    },
}

/// Why something is no condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCondition {
    Form,
    Region,
    Status,
}

impl NoCondition {
    pub fn sentence(self, language: Language) -> String {
        let statuses = || OrderStatus::ALL.iter().map(|known| known.as_str()).collect::<Vec<_>>();
        match (self, language) {
            (Self::Form, Language::English) => {
                "expected one of: links-up, synced, synced=REGION, drained, order=ID:STATUS".into()
            }
            (Self::Form, Language::Chinese) => {
                "应为以下之一：links-up、synced、synced=REGION、drained、order=ID:STATUS".into()
            }
            (Self::Region, Language::English) => {
                "expected synced=REGION with NORTH, SOUTH, EAST, WEST or MID".into()
            }
            (Self::Region, Language::Chinese) => {
                "应为 synced=REGION，其中区域为 NORTH、SOUTH、EAST、WEST 或 MID".into()
            }
            (Self::Status, Language::English) => {
                format!("expected order=ID:STATUS with one of: {}", statuses().join(", "))
            }
            (Self::Status, Language::Chinese) => {
                format!("应为 order=ID:STATUS，其中状态为以下之一：{}", statuses().join("、"))
            }
        }
    }
}

impl std::fmt::Display for NoCondition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence(Language::English))
    }
}

impl std::error::Error for NoCondition {}

impl FromStr for Condition {
    type Err = NoCondition;

    fn from_str(text: &str) -> Result<Self, NoCondition> {
        match text.split_once('=') {
            None => match text {
                "links-up" => Ok(Self::LinksUp),
                "synced" => Ok(Self::Synced(None)),
                "drained" => Ok(Self::Drained),
                _ => Err(NoCondition::Form),
            },
            Some(("synced", region)) => {
                let region = region.parse().map_err(|_| NoCondition::Region)?;
                Ok(Self::Synced(Some(region)))
            }
            Some(("order", rest)) => {
                let (order, status) = rest.rsplit_once(':').ok_or(NoCondition::Status)?;
                let status: OrderStatus = status.parse().map_err(|_| NoCondition::Status)?;
                Ok(Self::Order { order: order.to_owned(), status })
            }
            Some(_) => Err(NoCondition::Form),
        }
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::LinksUp => f.write_str("links-up"),
            Self::Synced(None) => f.write_str("synced"),
            Self::Synced(Some(region)) => write!(f, "synced={region}"),
            Self::Drained => f.write_str("drained"),
            Self::Order { order, status } => write!(f, "order={order}:{status}"),
        }
    }
}

/// Between two looks. The hub itself hears of an edge about once a second, and the gateway answers one
/// person a hundred times a minute on one route.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A look that is not answered by then is given up for the next, however long there is to wait.
const LOOK_MAX: Duration = Duration::from_secs(30);

/// What is left for the last look, so that hardly anything that still comes in time is missed.
const LAST_LOOK: Duration = Duration::from_millis(500);

pub async fn run(
    gateway: &Gateway,
    conditions: &[Condition],
    within: Duration,
) -> Result<Duration, Failure> {
    let clock = Clock::system();
    let start = clock.elapsed();
    let spent = || clock.elapsed().saturating_sub(start);
    let mut missing = vec![not_looked(gateway.language()).to_owned()];
    loop {
        let left = within.saturating_sub(spent()).min(LOOK_MAX);
        let mut later = None;
        match tokio::time::timeout(left, look(gateway, conditions)).await {
            Ok(Ok(found)) if found.is_empty() => return Ok(spent()),
            Ok(Ok(found)) => missing = found,
            // A platform that is just starting, or a gateway that is: it is waited for like the rest.
            Ok(Err(failure)) if passes(&failure) => {
                later = failure.retry_after;
                missing = vec![failure.sentence];
            }
            Ok(Err(failure)) => return Err(failure),
            Err(_) => {}
        }
        let left = within.saturating_sub(spent());
        if left <= LAST_LOOK {
            return Err(too_late(gateway.language(), within, missing));
        }
        // Who was told to come later comes no sooner, also not for a last look.
        let pause = LOOK_EVERY.min(left - LAST_LOOK).max(later.unwrap_or_default());
        tokio::time::sleep(pause.min(left)).await;
        if pause >= left {
            return Err(too_late(gateway.language(), within, missing));
        }
    }
}

/// Whether the platform may well answer the next look: it is out of reach, or asked too often.
fn passes(failure: &Failure) -> bool {
    matches!(failure.exit, Exit::Unreachable | Exit::TimedOut) || failure.is_too_often()
}

/// What is still missing, a sentence each.
async fn look(gateway: &Gateway, conditions: &[Condition]) -> Result<Vec<String>, Failure> {
    let language = gateway.language();
    let mut missing = Vec::new();
    let mut report = None;
    for condition in conditions {
        if let Condition::Order { order, status } = condition {
            missing.extend(of_order(gateway, order, *status).await?);
            continue;
        }
        let report: &StatusReport = match &report {
            Some(report) => report,
            None => report.insert(gateway.get("/api/v1/admin/status").await?),
        };
        missing.extend(of_report(report, condition, language));
    }
    missing.dedup();
    Ok(missing)
}

async fn of_order(
    gateway: &Gateway,
    asked: &str,
    status: OrderStatus,
) -> Result<Option<String>, Failure> {
    let order = absent(find::order(gateway, asked).await)?;
    let (asked, language) = (crate::table::printable(asked), gateway.language());
    Ok(match (order, language) {
        (Some(order), _) if order.status == status => None,
        (Some(order), Language::English) => {
            Some(format!("order {} is {}, not {status}", order.code, order.status))
        }
        (Some(order), Language::Chinese) => {
            Some(format!("订单 {} 的状态为 {}，而非 {status}", order.code, order.status))
        }
        (None, Language::English) => Some(format!("the cloud knows no order {asked} yet")),
        (None, Language::Chinese) => Some(format!("云端尚无订单 {asked}")),
    })
}

fn of_report(report: &StatusReport, condition: &Condition, language: Language) -> Vec<String> {
    let wanted = match condition {
        Condition::Synced(Some(only)) => Some(*only),
        _ => None,
    };
    let regions = report.regions.iter();
    let regions = regions.filter(|region| wanted.is_none_or(|wanted| region.region == wanted));
    let asks = regions.clone().filter(|_| *condition == Condition::Drained);
    let asks = asks.filter_map(|region| asks_wait(region, language));
    let edges = regions.flat_map(|region| region.edges.iter().map(move |edge| (region, edge)));
    let mut missing: Vec<String> = edges
        .flat_map(|(region, edge)| of_edge(region, edge, condition, report.now, language))
        .chain(asks)
        .collect();
    let enrolled = report.regions.iter().any(|region| {
        !region.edges.is_empty() && wanted.is_none_or(|wanted| region.region == wanted)
    });
    if !enrolled {
        missing.push(match language {
            Language::English => "no edge is enrolled".to_owned(),
            Language::Chinese => "没有登记任何边缘节点".to_owned(),
        });
    }
    missing
}

fn asks_wait(region: &RegionStatus, language: Language) -> Option<String> {
    let (name, waiting) = (region.region.as_str(), region.asks_waiting);
    (waiting > 0).then(|| match language {
        Language::English => {
            let waiting = some(waiting, "accept of the portal is", "accepts of the portal are");
            format!("{name}: {waiting} not decided")
        }
        Language::Chinese => format!("{name}：门户有 {waiting} 个接单未作决定"),
    })
}

fn of_edge(
    region: &RegionStatus,
    edge: &EdgeStatus,
    condition: &Condition,
    now: UnixMillis,
    language: Language,
) -> Vec<String> {
    let name = edge.edge.as_str();
    let (connected, quiet, agreed) = match condition {
        Condition::LinksUp => (true, false, false),
        Condition::Synced(_) => (true, true, true),
        // Of an edge that is cut off nobody knows what it holds.
        Condition::Drained => (true, true, false),
        Condition::Order { .. } => (false, false, false),
    };
    let mut missing = Vec::new();
    if connected && edge.link != LinkState::Up {
        let since = edge.since.map(|at| age::duration(now.since(at).max(0)));
        missing.push(not_up(name, region.region, since, language));
    }
    let waiting = u64::from(edge.pending).max(edge.lag_up_ops + edge.undecided);
    if quiet && waiting > 0 {
        missing.push(match language {
            Language::English => {
                let waiting = some(waiting, "operation is", "operations are");
                format!("{name}: {waiting} not decided")
            }
            Language::Chinese => format!("{name}：有 {waiting} 个操作未作决定"),
        });
    }
    let behind = edge.lag_down_changes + edge.lag_down_outcomes;
    if agreed && behind > 0 {
        missing.push(match language {
            Language::English => {
                let behind = some(behind, "change has", "changes have");
                format!("{name}: {behind} not reached it")
            }
            Language::Chinese => format!("{name}：有 {behind} 项变更尚未到达"),
        });
    }
    if agreed && edge.link == LinkState::Up && edge.checksum != ChecksumState::Match {
        missing.push(match language {
            Language::English => format!("{name}: its orders do not equal the cloud's yet"),
            Language::Chinese => format!("{name}：其订单与云端尚不一致"),
        });
    }
    missing
}

fn not_up(name: &str, region: Region, since: Option<String>, language: Language) -> String {
    match (since, language) {
        (Some(since), Language::English) => {
            format!("{name} of {region}: the link has been down for {since}")
        }
        (None, Language::English) => format!("{name} of {region}: it has never been heard of"),
        (Some(since), Language::Chinese) => format!("{region} 的 {name}：链路已断开 {since}"),
        (None, Language::Chinese) => format!("{region} 的 {name}：从未连接"),
    }
}

fn not_looked(language: Language) -> &'static str {
    match language {
        Language::English => "the platform has not answered",
        Language::Chinese => "平台没有回应",
    }
}

fn too_late(language: Language, within: Duration, missing: Vec<String>) -> Failure {
    let seconds = within.as_secs();
    let failure = match language {
        Language::English => {
            Failure::new(Exit::TimedOut, format!("not everything was so within {seconds} s"))
                .next_step("`holdfast status` tells more; `--timeout` waits longer")
        }
        Language::Chinese => Failure::new(Exit::TimedOut, format!("{seconds} 秒内未全部满足"))
            .next_step("运行 `holdfast status` 了解详情；用 `--timeout` 延长等待"),
    };
    failure.missing(missing)
}

pub fn json(conditions: &[Condition], waited: Duration) -> Value {
    let conditions: Vec<String> = conditions.iter().map(ToString::to_string).collect();
    json!({"conditions": conditions, "met": true, "waited_ms": waited.as_millis()})
}

pub fn render(conditions: &[Condition], waited: Duration, look: &Look) -> String {
    let conditions: Vec<String> = conditions.iter().map(ToString::to_string).collect();
    let (conditions, waited) = (conditions.join(", "), waited.as_secs_f64());
    match look.language {
        Language::English => format!("+ {conditions}: so, after {waited:.1} s\n"),
        Language::Chinese => format!("+ {conditions}：已满足，用时 {waited:.1} 秒\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_reads_back_and_what_is_none_does_not() {
        for text in ["links-up", "synced", "synced=EAST", "drained", "order=N-7F3K9Q:accepted"] {
            let read: Condition = text.parse().unwrap();
            assert_eq!(read.to_string(), text);
        }
        for bad in ["", "up", "synced=", "synced=NOWHERE", "order=x", "order=x:lost", "links-up=1"]
        {
            assert!(bad.parse::<Condition>().is_err(), "{bad}");
        }
    }
}
