//! Loads an order and explains it: its timeline in plain language with each hop, a collision's
//! winner, and why the others lost.
//!
//! Invariant: uses only the timeline; omits missing times.

use serde_json::{Value, json};
use wire::{
    Action, Code, EdgePromise, FenceEnding, Hops, Order, OrderCode, OrderId, Sentence, Source,
    TimelineEntry, UnixMillis, Verdict,
};

use crate::{
    explain::timeline::{
        self, PersonNames, deciding_edge, describe_answer, describe_entry_route,
        describe_right_end, has_changed_status,
    },
    gateway::{Gateway, ListPage},
    layout::replace_control_chars,
    output::{CommandFailure, ExitKind, Result},
    say,
    style::{OutputStyle, TextTone, format_moment},
};

pub(crate) struct OrderHistory {
    pub order: Order,
    pub timeline: Vec<TimelineEntry>,
    /// Ops at the region's edges that the cloud has not decided, according to the hub. `None` if
    /// the hub does not answer.
    pub pending: Option<u64>,
}

pub(crate) async fn load_order_history(gateway: &Gateway, name: &str) -> Result<OrderHistory> {
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

pub(crate) async fn load_order(gateway: &Gateway, name: &str) -> Result<Order> {
    let style = &gateway.style;
    if let Ok(id) = name.parse::<OrderId>() {
        return gateway.get(&format!("/api/v1/orders/{id}")).await;
    }
    let Some(code) = OrderCode::parse(name) else {
        // A usage error, because `wait` keeps waiting for a missing order.
        return Err(unknown_name_failure(name, ExitKind::Usage, style));
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
                    style,
                    say::unknown_code { code },
                );
            }
            let ids: Vec<String> = orders.iter().map(|order| order.id.to_string()).collect();
            let ids = ids.join(", ").into();
            let count = count.into();
            CommandFailure::from_sentence(
                ExitKind::Conflict,
                style,
                say::shared_code { count, code, ids },
            )
        })
}

pub(crate) fn unknown_name_failure(
    name: &str,
    exit: ExitKind,
    style: &OutputStyle,
) -> CommandFailure {
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

pub(crate) fn history_to_json(history: &OrderHistory, style: &OutputStyle) -> Value {
    json!({
        "order": history.order,
        "timeline": history.timeline,
        "pending_at_edges": history.pending,
        "explanation": render_history(history, style),
    })
}

pub(crate) fn render_history(history: &OrderHistory, style: &OutputStyle) -> String {
    let names = PersonNames::from_order(&history.order, &history.timeline, style);
    let mut out = render_heading(&history.order, style);
    for (index, entry) in history.timeline.iter().enumerate() {
        out.push('\n');
        out.push_str(&render_step(index + 1, entry, &names, style));
    }
    let races = timeline::describe_collisions(&history.timeline, &names, style, |_| true);
    if !races.is_empty() {
        out.push('\n');
        out.push_str(&races);
    }
    out.push('\n');
    out.push_str(&render_footer(history, &names, style));
    out
}

fn render_heading(order: &Order, style: &OutputStyle) -> String {
    let Order {
        id,
        code,
        location,
        price,
        ..
    } = order;
    let title = style.paint(TextTone::Heading, &replace_control_chars(&order.title));
    let status = order.status.into();
    let version = order.version.into();
    let state = style.translate(say::explain_state { status, version });
    let currency = order.currency.as_str();
    format!("{code}  {title}  {location}  {price} {currency}\n{id}  {state}\n")
}

fn render_step(
    number: usize,
    entry: &TimelineEntry,
    names: &PersonNames,
    style: &OutputStyle,
) -> String {
    let (tone, mark) = if is_refused(entry) {
        (TextTone::Bad, "x")
    } else {
        (TextTone::Good, "+")
    };
    let sentence = describe_entry(entry, names, style);
    let mut details: Vec<String> = list_hops(entry, style)
        .iter()
        .map(|(at, what)| format!("{}  {what}", format_moment(*at)))
        .collect();
    if let Some(reason) = &entry.reason {
        details.push(style.translate(say::explain_reason {
            reason: replace_control_chars(reason).into(),
        }));
    }
    if let Some(code) = entry.code.filter(|_| !is_erasure(entry)) {
        details.push(describe_answer(code, style));
    }
    let mut out = format!("{number:>3} {} {sentence}\n", style.paint(tone, mark));
    for line in details {
        out.push_str(&format!("      {line}\n"));
    }
    out
}

/// A successful payment also leaves the status unchanged; only a refusal has a code, and the
/// erasure of texts.
fn is_refused(entry: &TimelineEntry) -> bool {
    !has_changed_status(entry) && entry.code.is_some() && !is_erasure(entry)
}

fn is_erasure(entry: &TimelineEntry) -> bool {
    entry.code == Some(Code::AuthorDeleted)
}

pub(crate) fn describe_entry(
    entry: &TimelineEntry,
    names: &PersonNames,
    style: &OutputStyle,
) -> String {
    if let Some(status) = entry.payment_status {
        return style.translate(say::explain_payment {
            status: status.as_str().into(),
        });
    }
    if is_erasure(entry) {
        return style.translate(say::explain_erased);
    }
    let who = names.name(entry.actor).into();
    let way = describe_entry_route(entry, style).into();
    let action = entry.action.map_or("publish", Action::as_str).into();
    let state = style
        .translate(say::order_status {
            status: entry.to.into(),
        })
        .into();
    match is_refused(entry) {
        true => style.translate(say::explain_tried {
            who,
            way,
            action,
            state,
        }),
        false => style.translate(say::explain_did {
            who,
            way,
            action,
            state,
        }),
    }
}

fn list_hops(entry: &TimelineEntry, style: &OutputStyle) -> Vec<(UnixMillis, String)> {
    let Hops {
        tapped_at,
        edge_at,
        cloud_at,
    } = entry.hops;
    let mut hops = Vec::new();
    if let Some(at) = tapped_at {
        hops.push((at, style.translate(say::explain_tapped)));
    }
    hops.extend(list_promise_hops(entry, style));
    if let Some(at) = edge_at {
        hops.push((at, describe_storing(entry, style)));
    }
    if let Some(at) = cloud_at {
        if edge_at.is_none()
            && let Some(holder) = deciding_edge(entry)
        {
            let holder = holder.into();
            hops.push((at, style.translate(say::explain_put { holder })));
        }
        hops.push((at, describe_decision(entry, style)));
    }
    hops
}

/// Lists an earlier firm answer and the end of its right. Empty if this entry's answer is that
/// promise and was kept.
fn list_promise_hops(entry: &TimelineEntry, style: &OutputStyle) -> Vec<(UnixMillis, String)> {
    let Some(promise) = &entry.promise else {
        return Vec::new();
    };
    let EdgePromise {
        edge,
        epoch,
        fence,
        end,
        ..
    } = promise;
    let is_here = entry.edge.as_ref() == Some(edge) && entry.epoch == Some(*epoch);
    if is_here && promise.broken_by().is_none() {
        return Vec::new();
    }
    let promised = say::explain_promised {
        edge: edge.into(),
        epoch: (*epoch).into(),
        fence: (*fence).into(),
    };
    let answered = entry
        .hops
        .edge_at
        .filter(|_| !is_here)
        .map(|at| (at, style.translate(promised)));
    let ended = end.as_ref().map(|end| {
        let words = describe_right_end(end, style).into();
        (
            end.at,
            style.translate(say::explain_right_ended {
                edge: edge.into(),
                fence: (*fence).into(),
                end: words,
            }),
        )
    });
    let broken = promise
        .broken_by()
        .filter(|_| end.is_none())
        .and_then(FenceEnding::broken_promise);
    let broken = entry
        .hops
        .edge_at
        .zip(broken)
        .map(|(at, code)| (at, code.render_in(style.language)));
    answered.into_iter().chain(ended).chain(broken).collect()
}

fn describe_decision(entry: &TimelineEntry, style: &OutputStyle) -> String {
    match (deciding_edge(entry), entry.epoch, entry.seq) {
        (Some(edge), Some(epoch), Some(seq)) => style.translate(say::explain_decided_in_log {
            edge: edge.into(),
            epoch: epoch.into(),
            seq: seq.into(),
        }),
        _ => style.translate(say::explain_decided),
    }
}

pub(crate) fn describe_storing(entry: &TimelineEntry, style: &OutputStyle) -> String {
    if let (Source::Edge(edge), Some(holder)) = (&entry.source, deciding_edge(entry)) {
        return style.translate(say::explain_taken {
            edge: edge.into(),
            holder: holder.into(),
        });
    }
    let edge = entry.edge.as_ref().map_or("?", |edge| edge.as_str()).into();
    let verdict = entry.verdict.map_or("other", Verdict::as_str).into();
    let answered = style.translate(say::explain_verdict { verdict }).into();
    match (entry.epoch, entry.seq) {
        (Some(epoch), Some(seq)) => {
            let epoch = epoch.into();
            let seq = seq.into();
            style.translate(say::explain_stored {
                edge,
                seq,
                epoch,
                answered,
            })
        }
        _ => style.translate(say::explain_answered { edge, answered }),
    }
}

fn render_footer(history: &OrderHistory, names: &PersonNames, style: &OutputStyle) -> String {
    let mut out = style.translate(say::explain_people) + "\n";
    for (name, id) in names.list() {
        out.push_str(&format!(
            "  {}\n",
            style.format_labelled(&name, &id.to_string())
        ));
    }
    let region = history.order.location.into();
    let rest = match history.pending {
        Some(0) => return out,
        Some(count) => style.translate(say::explain_pending { region, count }),
        None => style.translate(say::explain_pending_unknown { region }),
    };
    out.push_str(&format!("\n{rest}\n"));
    out
}

#[cfg(test)]
mod tests;
