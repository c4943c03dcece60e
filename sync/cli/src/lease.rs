//! `holdfast lease`: a region's policy and lease holder, and taking a lease back on record.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{AssignmentEvent, EdgeId, FenceRecord, Policy, Region, RegionAssignment};

use crate::{
    age,
    args::LeaseAction,
    edges,
    exit::{ExitKind, Failure, Result},
    explain::right_ended,
    gateway::Gateway,
    look::Look,
    run::CommandOutput,
    say,
    status::policy_word,
};

/// A region's policy and leases, from the order service.
#[derive(Debug, Deserialize)]
struct Record {
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

pub async fn run(gateway: &Gateway, action: &LeaseAction) -> Result<CommandOutput> {
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
                let report = gateway.status().await?;
                let epoch = edges::epoch_of(&report, edge, Some(*region), &gateway.look)?;
                body["holder"] = json!(edge);
                body["epoch"] = json!(epoch);
            }
            gateway.put(&path, &body).await?
        }
        LeaseAction::TakeBack { why, .. } => {
            let now: Value = gateway.get(&path).await?;
            let held = Record::deserialize(&now).map_err(|_| gateway.unreadable())?;
            if held.now.assignment.holder.is_none() {
                return Ok(nothing_to_take(gateway, *region, now));
            }
            gateway.put(&path, &json!({"take_back": {"why": why}})).await?
        }
    };
    let text = match gateway.look.json {
        true => String::new(),
        false => render(&answer, &gateway.look).map_err(|_| gateway.unreadable())?,
    };
    Ok(CommandOutput::new(&gateway.look, || answer, || text))
}

/// Refuses a disabled edge, which could not use the right.
async fn check_in_service(gateway: &Gateway, edge: &EdgeId) -> Result<()> {
    let item = edges::find_edge(gateway, edge).await?;
    match item.is_some_and(|item| item.disabled_at.is_some()) {
        true => {
            let sentence = say::holder_is_disabled { edge: edge.into() };
            Err(Failure::with_step(ExitKind::Conflict, &gateway.look, sentence))
        }
        false => Ok(()),
    }
}

fn nothing_to_take(gateway: &Gateway, region: Region, record: Value) -> CommandOutput {
    CommandOutput::done(gateway, record, say::lease_nothing_to_take { region: region.into() })
}

fn render(answer: &Value, look: &Look) -> serde_json::Result<String> {
    let record = Record::deserialize(answer)?;
    let AssignmentEvent { region, assignment } = &record.now;
    let mut text = look.labelled(region.as_str(), &in_force(assignment, look)) + "\n";
    if let Some(next) = &record.next {
        let take_back = look.next(say::lease_take_back.plain(look.language));
        text += &format!("  {}\n    {take_back}\n", in_waiting(next, look));
    }
    for fence in record.fences.iter().take(FENCES_SHOWN) {
        text += &format!("  {}\n", past(fence, look));
    }
    Ok(text)
}

fn in_force(now: &RegionAssignment, look: &Look) -> String {
    let policy = policy_word(now.policy, look).into();
    let Some(holder) = &now.holder else { return look.say(say::lease_free { policy }) };
    let (epoch, fence) = (now.epoch.into(), now.fence.into());
    look.say(say::lease_held { policy, holder: holder.into(), epoch, fence })
}

fn in_waiting(next: &NextPolicy, look: &Look) -> String {
    let policy = policy_word(next.policy, look).into();
    match &next.holder {
        Some(holder) => look.say(say::lease_waits_holder { policy, holder: holder.into() }),
        None => look.say(say::lease_waits { policy }),
    }
}

fn past(record: &FenceRecord, look: &Look) -> String {
    let end = match &record.end {
        None => look.say(say::lease_stands),
        Some(end) => {
            let (at, end) = (age::moment(end.at).into(), right_ended(end, look).into());
            look.say(say::lease_ended { at, end })
        }
    };
    let (fence, holder) = (record.fence.into(), (&record.holder).into());
    look.say(say::lease_past {
        fence,
        holder,
        from: age::moment(record.granted_at).into(),
        end: end.into(),
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
        let text = render(&record(), &Look::plain(Language::English)).unwrap();
        assert_eq!(
            text,
            "NORTH: exclusive, held by north-1 (epoch 1, fence 2)\n\
             \x20 waits for the holder to give the right back, then: optimistic\n\
             \x20   Next: if the holder is lost, `holdfast lease take-back REGION --why TEXT`\n\
             \x20 fence 1  north-1  from 2025-11-24 16:00:00.000Z  \
             to 2025-11-24 17:00:00.000Z, taken back by an operator: it burnt\n"
        );
        let chinese = Look::plain(Language::Chinese);
        assert!(render(&record(), &chinese).unwrap().contains("由 north-1 持有"));
    }

    #[test]
    fn an_answer_of_another_form_is_an_error() {
        assert!(render(&json!({"region": "NORTH"}), &Look::plain(Language::English)).is_err());
    }
}
