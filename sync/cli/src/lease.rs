//! Owns `holdfast lease`: how a region assigns its orders, which edge holds the right to, and taking
//! that right back on record.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::{
    AssignmentEvent, EdgeId, FenceRecord, Language, Policy, Region, RegionAssignment, StatusReport,
};

use crate::{
    age,
    args::LeaseAction,
    exit::{Exit, Failure},
    gateway::Gateway,
    look::Look,
    status,
    table::printable,
};

/// How a region assigns, as the order service tells it.
#[derive(Debug, Deserialize)]
struct Record {
    #[serde(flatten)]
    now: AssignmentEvent,
    wanted: Option<Wanted>,
    /// Newest first.
    fences: Vec<FenceRecord>,
}

/// What comes once the holder has given the right back.
#[derive(Debug, Deserialize)]
struct Wanted {
    policy: Policy,
    holder: Option<EdgeId>,
}

/// So many past rights are shown.
const FENCES_SHOWN: usize = 5;

pub async fn run(gateway: &Gateway, action: &LeaseAction) -> Result<Value, Failure> {
    match action {
        LeaseAction::Show { region } => gateway.get(&path(*region)).await,
        LeaseAction::Set { region, policy, holder } => {
            let asked = wish(gateway, *region, *policy, holder.as_ref()).await?;
            gateway.put(&path(*region), &asked).await
        }
        LeaseAction::TakeBack { region, why } => {
            gateway.put(&path(*region), &json!({"take_back": {"why": why}})).await
        }
    }
}

pub fn render(value: &Value, look: &Look) -> serde_json::Result<String> {
    let record = Record::deserialize(value)?;
    let AssignmentEvent { region, assignment } = &record.now;
    let mut text = format!("{region}: {}\n", standing(assignment, look));
    if let Some(wanted) = &record.wanted {
        text.push_str(&waiting(wanted, look));
    }
    for fence in record.fences.iter().take(FENCES_SHOWN) {
        text.push_str(&past(fence, look));
    }
    Ok(text)
}

fn path(region: Region) -> String {
    format!("/api/v1/admin/assignments/{region}")
}

/// The right is granted to one epoch of an edge, and the operator names the edge: the epoch is the one
/// that its status shows now.
async fn wish(
    gateway: &Gateway,
    region: Region,
    policy: Policy,
    holder: Option<&EdgeId>,
) -> Result<Value, Failure> {
    #[derive(Serialize)]
    struct Wish<'a> {
        policy: Policy,
        #[serde(skip_serializing_if = "Option::is_none")]
        holder: Option<&'a EdgeId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        epoch: Option<u64>,
    }
    let epoch = match holder {
        None => None,
        Some(edge) => Some(epoch_of(gateway, region, edge).await?),
    };
    serde_json::to_value(Wish { policy, holder, epoch }).map_err(|error| gateway.unreadable(&error))
}

async fn epoch_of(gateway: &Gateway, region: Region, edge: &EdgeId) -> Result<u64, Failure> {
    let report: StatusReport = gateway.get("/api/v1/admin/status").await?;
    let here = report.regions.iter().find(|status| status.region == region);
    let found = here.and_then(|status| status.edges.iter().find(|known| known.edge == *edge));
    found.map(|known| known.epoch).ok_or_else(|| match gateway.language() {
        Language::English => {
            Failure::new(Exit::NotFound, format!("no edge {edge} is enrolled in {region}"))
                .next_step("`holdfast edges` lists them")
        }
        Language::Chinese => {
            Failure::new(Exit::NotFound, format!("{region} 没有名为 {edge} 的节点"))
                .next_step("运行 `holdfast edges` 查看所有节点")
        }
    })
}

fn standing(now: &RegionAssignment, look: &Look) -> String {
    let policy = status::policy_word(now.policy, look);
    match (&now.holder, look.language) {
        (Some(holder), Language::English) => {
            format!("{policy}, held by {holder} (epoch {}, fence {})", now.epoch, now.fence)
        }
        (Some(holder), Language::Chinese) => {
            format!("{policy}，由 {holder} 持有（第 {} 代，栅栏号 {}）", now.epoch, now.fence)
        }
        (None, Language::English) => format!("{policy}; no edge holds the right to assign"),
        (None, Language::Chinese) => format!("{policy}；没有节点持有派单权"),
    }
}

fn waiting(wanted: &Wanted, look: &Look) -> String {
    let policy = status::policy_word(wanted.policy, look);
    let holder = wanted.holder.as_ref();
    match look.language {
        Language::English => {
            let holder = holder.map(|edge| format!(", held by {edge}")).unwrap_or_default();
            format!(
                "  waits for the holder to give the right back, then: {policy}{holder}\n\
                 \x20   Next: if the holder is lost, `holdfast lease take-back REGION --why TEXT`\n"
            )
        }
        Language::Chinese => {
            let holder = holder.map(|edge| format!("，由 {edge} 持有")).unwrap_or_default();
            format!(
                "  等待持有节点交还派单权，之后：{policy}{holder}\n\
                 \x20   下一步：若该节点已无法联系，运行 `holdfast lease take-back REGION --why TEXT`\n"
            )
        }
    }
}

fn past(record: &FenceRecord, look: &Look) -> String {
    let FenceRecord { fence, holder, granted_at, end, .. } = record;
    let from = age::moment(*granted_at);
    let ended = match end {
        None => look.pick("stands", "有效").to_owned(),
        Some(end) => {
            let why = end.why.as_deref().map(|why| format!(": {}", printable(why)));
            format!("{} {}{}", age::moment(end.at), end.how, why.unwrap_or_default())
        }
    };
    match look.language {
        Language::English => format!("  fence {fence}  {holder}  from {from}  {ended}\n"),
        Language::Chinese => format!("  栅栏号 {fence}  {holder}  始于 {from}  {ended}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: Look = Look { language: Language::English, terminal: false, colour: false };

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
        let text = render(&record(), &ENGLISH).unwrap();
        assert_eq!(
            text,
            "NORTH: exclusive, held by north-1 (epoch 1, fence 2)\n\
             \x20 waits for the holder to give the right back, then: optimistic\n\
             \x20   Next: if the holder is lost, `holdfast lease take-back REGION --why TEXT`\n\
             \x20 fence 1  north-1  from 2025-11-24 16:00:00.000Z  \
             2025-11-24 17:00:00.000Z taken_back: it burnt\n"
        );
        let chinese = Look { language: Language::Chinese, ..ENGLISH };
        assert!(render(&record(), &chinese).unwrap().contains("由 north-1 持有"));
    }

    #[test]
    fn an_answer_of_another_form_is_an_error() {
        assert!(render(&json!({"region": "NORTH"}), &ENGLISH).is_err());
    }
}
