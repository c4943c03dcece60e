//! `holdfast wait`: polls the platform until every condition is met or time is up.
//!
//! Invariant: exits with 0 only if one poll found every condition met; exits with 8 and names every
//! unmet condition.

use std::time::Duration;

use process::clock::Clock;
use serde_json::json;
use wire::{
    ChecksumState, EdgeListItem, EdgeStatus, LinkState, OrderStatus, RegionStatus, StatusReport,
    UnixMillis,
};

use crate::{
    explain::order,
    gateway::{Gateway, none_if_not_found},
    layout::replace_control_chars,
    output::{CommandFailure, CommandOutput, ExitKind, Result},
    say,
    style::{self, OutputStyle},
    values::WaitCondition,
};

/// Pause between polls. The hub gets an edge's state about once a second; the gateway allows one
/// person 100 requests a minute per route.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Abandons a poll without an answer and starts the next one.
const LOOK_MAX: Duration = Duration::from_secs(30);

/// Reserves time for a last poll, to catch late changes.
const LAST_LOOK: Duration = Duration::from_millis(500);

pub(crate) async fn wait_for_conditions(
    gateway: &Gateway,
    conditions: &[WaitCondition],
    within: Duration,
) -> Result<CommandOutput> {
    let waited = wait_until_met(gateway, conditions, within).await?;
    let names: Vec<String> = conditions.iter().map(ToString::to_string).collect();
    let met = gateway.style.translate(say::wait_met {
        conditions: names.join(", ").into(),
        seconds: format!("{:.1}", waited.as_secs_f64()).into(),
    });
    Ok(CommandOutput::new(
        &gateway.style,
        || json!({"conditions": names, "met": true, "waited_ms": waited.as_millis()}),
        || met + "\n",
    ))
}

async fn wait_until_met(
    gateway: &Gateway,
    conditions: &[WaitCondition],
    within: Duration,
) -> Result<Duration> {
    let clock = Clock::system();
    let start = clock.elapsed();
    let deadline = start.saturating_add(within);
    let mut missing = vec![gateway.style.translate(say::wait_no_answer)];
    loop {
        let left = deadline.saturating_sub(clock.elapsed()).min(LOOK_MAX);
        let mut later = None;
        match tokio::time::timeout(left, list_unmet(gateway, conditions)).await {
            Ok(Ok(found)) if found.is_empty() => {
                return Ok(clock.elapsed().saturating_sub(start));
            }
            Ok(Ok(found)) => missing = found,
            // The platform or gateway may still be starting, so keep waiting.
            Ok(Err(failure)) if is_transient(&failure) => {
                later = failure.retry_after;
                missing = vec![failure.sentence];
            }
            Ok(Err(failure)) => return Err(failure),
            Err(_) => {}
        }
        let left = deadline.saturating_sub(clock.elapsed());
        if left <= LAST_LOOK {
            return Err(timeout_failure(&gateway.style, within, missing));
        }
        // Respect retry-after, even if that skips the last poll.
        let pause = LOOK_EVERY
            .min(left - LAST_LOOK)
            .max(later.unwrap_or_default());
        tokio::time::sleep(pause.min(left)).await;
        if pause >= left {
            return Err(timeout_failure(&gateway.style, within, missing));
        }
    }
}

/// True if the next poll may succeed: the platform is unreachable or limits our rate.
fn is_transient(failure: &CommandFailure) -> bool {
    matches!(failure.exit, ExitKind::Unreachable | ExitKind::TimedOut) || failure.is_rate_limited()
}

async fn list_unmet(gateway: &Gateway, conditions: &[WaitCondition]) -> Result<Vec<String>> {
    let mut missing = Vec::new();
    let mut report = None;
    for condition in conditions {
        if let WaitCondition::Order { order, status } = condition {
            missing.extend(check_order(gateway, order, *status).await?);
            continue;
        }
        let report: &StatusReport = match &report {
            Some(report) => report,
            None => report.insert(gateway.fetch_status().await?),
        };
        missing.extend(check_report(report, condition, &gateway.style));
        if *condition == WaitCondition::LinksUp {
            missing.extend(check_unused_codes(gateway, report.now).await?);
        }
    }
    missing.dedup();
    Ok(missing)
}

async fn check_order(
    gateway: &Gateway,
    name: &str,
    expected: OrderStatus,
) -> Result<Option<String>> {
    let order = none_if_not_found(order::load_order(gateway, name).await)?;
    Ok(match order {
        Some(order) if order.status == expected => None,
        Some(order) => Some(gateway.style.translate(say::wait_order {
            code: order.code.into(),
            status: order.status.into(),
            expected: expected.into(),
        })),
        None => Some(gateway.style.translate(say::wait_no_order {
            name: replace_control_chars(name).into(),
        })),
    })
}

/// Lists edges with a valid, unused code; the report covers only enrolled edges.
async fn check_unused_codes(gateway: &Gateway, now: UnixMillis) -> Result<Vec<String>> {
    let edges: Vec<EdgeListItem> = gateway.list("/api/v1/admin/edges?").await?;
    let invited = edges
        .iter()
        .filter(|item| item.code_expires_at.is_some_and(|at| at > now));
    let missing = invited.map(|item| {
        let edge = (&item.status.edge).into();
        let region = item.region.into();
        gateway
            .style
            .translate(say::wait_code_unused { edge, region })
    });
    Ok(missing.collect())
}

fn check_report(
    report: &StatusReport,
    condition: &WaitCondition,
    style: &OutputStyle,
) -> Vec<String> {
    let only = match condition {
        WaitCondition::Synced(only) => *only,
        _ => None,
    };
    let regions: Vec<&RegionStatus> = report
        .regions
        .iter()
        .filter(|region| only.is_none_or(|only| region.region == only))
        .collect();
    let mut missing = Vec::new();
    for region in &regions {
        for edge in &region.edges {
            missing.extend(check_edge(region, edge, condition, report.now, style));
        }
    }
    for status in &regions {
        if *condition == WaitCondition::Drained && status.asks_waiting > 0 {
            missing.push(style.translate(say::wait_asks {
                region: status.region.into(),
                count: status.asks_waiting,
            }));
        }
    }
    if regions.iter().all(|region| region.edges.is_empty()) {
        missing.push(style.translate(say::no_edge_enrolled));
    }
    missing
}

fn check_edge(
    region: &RegionStatus,
    status: &EdgeStatus,
    condition: &WaitCondition,
    now: UnixMillis,
    style: &OutputStyle,
) -> Vec<String> {
    let (connected, quiet, agreed) = match condition {
        WaitCondition::LinksUp => (true, false, false),
        WaitCondition::Synced(_) => (true, true, true),
        // An offline edge's remaining work is unknown.
        WaitCondition::Drained => (true, true, false),
        WaitCondition::Order { .. } => (false, false, false),
    };
    let region = region.region.into();
    let mut missing = Vec::new();
    if connected && status.link != LinkState::Up {
        missing.push(match status.since {
            Some(at) => {
                let age = style::format_duration(now.ms_since(at).max(0)).into();
                style.translate(say::wait_link_down {
                    edge: (&status.edge).into(),
                    region,
                    age,
                })
            }
            None => style.translate(say::wait_link_never {
                edge: (&status.edge).into(),
                region,
            }),
        });
    }
    let waiting = u64::from(status.pending).max(status.lag_up_ops + status.undecided);
    if quiet && waiting > 0 {
        missing.push(style.translate(say::wait_ops {
            edge: (&status.edge).into(),
            count: waiting,
        }));
    }
    let behind = status.lag_down_changes + status.lag_down_outcomes;
    if agreed && behind > 0 {
        missing.push(style.translate(say::wait_behind {
            edge: (&status.edge).into(),
            count: behind,
        }));
    }
    if agreed && status.link == LinkState::Up && status.checksum != ChecksumState::Match {
        missing.push(style.translate(say::wait_orders_differ {
            edge: (&status.edge).into(),
        }));
    }
    missing
}

fn timeout_failure(style: &OutputStyle, within: Duration, missing: Vec<String>) -> CommandFailure {
    let sentence = say::wait_too_late {
        seconds: within.as_secs().into(),
    };
    CommandFailure {
        missing: missing.into(),
        ..CommandFailure::from_sentence(ExitKind::TimedOut, style, sentence)
    }
}
