//! `holdfast lease` and `link`: a region's policy and lease holder, taking a lease back on record,
//! and the region's gate.

use clap::{Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::{Value, json};
use wire::{AssignmentEvent, EdgeId, FenceRecord, Policy, Region, RegionAssignment};

use crate::{
    edges,
    explain::timeline::describe_right_end,
    gateway::Gateway,
    output::{CommandFailure, CommandOutput, ExitKind, Result},
    say,
    style::{self, OutputStyle, policy_word},
};

#[derive(Debug, Subcommand)]
pub enum LeaseAction {
    Show {
        region: Region,
    },
    Set {
        region: Region,
        #[arg(long)]
        policy: Policy,
        #[arg(long, value_name = "EDGE")]
        holder: Option<EdgeId>,
    },
    TakeBack {
        region: Region,
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LinkAction {
    Cut,
    Heal,
}

/// A region's policy and leases, from the order service.
#[derive(Debug, Deserialize)]
struct LeaseRecord {
    #[serde(flatten)]
    now: AssignmentEvent,
    /// Takes effect after the holder returns its right.
    #[serde(rename = "wanted")]
    next: Option<NextPolicy>,
    /// Newest first.
    fences: Vec<FenceRecord>,
}

#[derive(Debug, Deserialize)]
struct NextPolicy {
    policy: Policy,
    holder: Option<EdgeId>,
}

const FENCES_SHOWN: usize = 5;

pub(crate) async fn run_lease_action(
    gateway: &Gateway,
    action: &LeaseAction,
) -> Result<CommandOutput> {
    let (LeaseAction::Show { region }
    | LeaseAction::Set { region, .. }
    | LeaseAction::TakeBack { region, .. }) = action;
    let path = format!("/api/v1/admin/assignments/{region}");
    let answer: Value = match action {
        LeaseAction::Show { .. } => gateway.get(&path).await?,
        LeaseAction::Set { policy, holder, .. } => {
            let mut body = json!({"policy": policy});
            if let Some(edge) = holder {
                check_in_service(gateway, edge).await?;
                // The right goes to one epoch: the current one in the edge's status.
                let report = gateway.fetch_status().await?;
                let epoch = edges::find_epoch(&report, edge, Some(*region), &gateway.style)?;
                body["holder"] = json!(edge);
                body["epoch"] = json!(epoch);
            }
            gateway.put_json(&path, &body).await?
        }
        LeaseAction::TakeBack { why, .. } => {
            let now: Value = gateway.get(&path).await?;
            let held = LeaseRecord::deserialize(&now).map_err(|_| gateway.unreadable_failure())?;
            if held.now.assignment.holder.is_none() {
                return Ok(report_nothing_to_take(gateway, *region, now));
            }
            gateway
                .put_json(&path, &json!({"take_back": {"why": why}}))
                .await?
        }
    };
    let text = match gateway.style.json {
        true => String::new(),
        false => render_lease(&answer, &gateway.style).map_err(|_| gateway.unreadable_failure())?,
    };
    Ok(CommandOutput::new(&gateway.style, || answer, || text))
}

/// Refuses a disabled edge, which could not use the right.
async fn check_in_service(gateway: &Gateway, edge: &EdgeId) -> Result<()> {
    let item = edges::find_edge(gateway, edge).await?;
    match item.is_some_and(|item| item.disabled_at.is_some()) {
        true => {
            let sentence = say::holder_is_disabled { edge: edge.into() };
            Err(CommandFailure::from_sentence(
                ExitKind::Conflict,
                &gateway.style,
                sentence,
            ))
        }
        false => Ok(()),
    }
}

fn report_nothing_to_take(gateway: &Gateway, region: Region, record: Value) -> CommandOutput {
    CommandOutput::from_answer(
        &gateway.style,
        record,
        say::lease_nothing_to_take {
            region: region.into(),
        },
    )
}

fn render_lease(answer: &Value, style: &OutputStyle) -> serde_json::Result<String> {
    let record = LeaseRecord::deserialize(answer)?;
    let AssignmentEvent { region, assignment } = &record.now;
    let mut text =
        style.format_labelled(region.as_str(), &describe_current_lease(assignment, style)) + "\n";
    if let Some(next) = &record.next {
        let take_back = style.format_next_step(say::lease_take_back.text_in(style.language));
        text += &format!("  {}\n    {take_back}\n", describe_next_policy(next, style));
    }
    for fence in record.fences.iter().take(FENCES_SHOWN) {
        text += &format!("  {}\n", describe_past_lease(fence, style));
    }
    Ok(text)
}

fn describe_current_lease(now: &RegionAssignment, style: &OutputStyle) -> String {
    let policy = policy_word(now.policy, style).into();
    let Some(holder) = &now.holder else {
        return style.translate(say::lease_free { policy });
    };
    let epoch = now.epoch.into();
    let fence = now.fence.into();
    style.translate(say::lease_held {
        policy,
        holder: holder.into(),
        epoch,
        fence,
    })
}

fn describe_next_policy(next: &NextPolicy, style: &OutputStyle) -> String {
    let policy = policy_word(next.policy, style).into();
    match &next.holder {
        Some(holder) => style.translate(say::lease_waits_holder {
            policy,
            holder: holder.into(),
        }),
        None => style.translate(say::lease_waits { policy }),
    }
}

fn describe_past_lease(record: &FenceRecord, style: &OutputStyle) -> String {
    let end = match &record.end {
        None => style.translate(say::lease_stands),
        Some(end) => {
            let at = style::format_moment(end.at).into();
            let end = describe_right_end(end, style).into();
            style.translate(say::lease_ended { at, end })
        }
    };
    let fence = record.fence.into();
    let holder = (&record.holder).into();
    style.translate(say::lease_past {
        fence,
        holder,
        from: style::format_moment(record.granted_at).into(),
        end: end.into(),
    })
}

pub(crate) async fn set_gate(
    gateway: &Gateway,
    action: LinkAction,
    region: Region,
) -> Result<CommandOutput> {
    let gate = match action {
        LinkAction::Cut => "closed",
        LinkAction::Heal => "open",
    };
    let path = format!("/api/v1/admin/regions/{region}");
    let answer = gateway.put_json(&path, &json!({"gate": gate})).await?;
    let region = region.into();
    Ok(match action {
        LinkAction::Cut => {
            CommandOutput::from_answer(&gateway.style, answer, say::link_cut { region })
        }
        LinkAction::Heal => {
            CommandOutput::from_answer(&gateway.style, answer, say::link_healed { region })
        }
    })
}

#[cfg(test)]
mod tests {
    use wire::Language;

    use super::*;

    fn record() -> Value {
        json!({
            "region": "NORTH",
            "assignment": {
                "policy_version": 4, "policy": "exclusive", "holder": "north-1", "epoch": 1,
                "fence": 2, "release_asked": true, "digest": null, "rules_version": 1,
            },
            "wanted": {"policy": "optimistic", "holder": null, "epoch": null},
            "fences": [{
                "region": "NORTH", "fence": 1, "holder": "north-1", "epoch": 1,
                "granted_at": "2025-11-24T16:00:00Z",
                "granted_by": "00000000-0000-0000-0000-000000000001",
                "end": {"at": "2025-11-24T17:00:00Z", "how": "taken_back", "why": "it\nburnt"},
            }],
            "changes": [],
        })
    }

    #[test]
    fn a_region_tells_who_holds_it_what_waits_and_how_earlier_rights_ended() {
        let text = render_lease(&record(), &OutputStyle::for_pipe(Language::English)).unwrap();
        assert_eq!(
            text,
            "NORTH: exclusive, held by north-1 (epoch 1, fence 2)\n\
             \x20 waits for the holder to give the right back, then: optimistic\n\
             \x20   Next: if the holder is lost, `holdfast lease take-back REGION --why TEXT`\n\
             \x20 fence 1  north-1  from 2025-11-24 16:00:00.000Z  \
             to 2025-11-24 17:00:00.000Z, taken back by an operator: it burnt\n"
        );
        let chinese = OutputStyle::for_pipe(Language::Chinese);
        assert!(
            render_lease(&record(), &chinese)
                .unwrap()
                .contains("由 north-1 持有")
        );
    }

    #[test]
    fn an_answer_of_another_form_is_an_error() {
        assert!(
            render_lease(
                &json!({"region": "NORTH"}),
                &OutputStyle::for_pipe(Language::English)
            )
            .is_err()
        );
    }
}
