//! Owns the telling of a collision: who won, by which rule, and why each loser lost.

use wire::{Action, Code, Language, TimelineEntry, Verdict};

use crate::{
    age::{apart, moment},
    explain::{changed, is_lost_acceptance, way},
    look::Look,
    people::People,
};

/// Of those acceptances that are asked about; empty where none of them lost.
pub fn tell(
    timeline: &[TimelineEntry],
    people: &People,
    look: &Look,
    asked: impl Fn(&TimelineEntry) -> bool,
) -> String {
    let lost = timeline.iter().enumerate();
    let lost = lost.filter(|(_, entry)| is_lost_acceptance(entry) && asked(entry));
    lost.map(|(index, loser)| {
        let winner = timeline[..index].iter().rev().find(|entry| won(entry));
        match winner {
            Some(winner) if loser.code == Some(Code::OrderAlreadyAccepted) => {
                collision(winner, loser, people, look)
            }
            _ => no_winner(loser, people, look),
        }
    })
    .collect()
}

fn won(entry: &TimelineEntry) -> bool {
    entry.action == Some(Action::Accept) && changed(entry)
}

fn collision(
    winner: &TimelineEntry,
    loser: &TimelineEntry,
    people: &People,
    look: &Look,
) -> String {
    let (first, second) = (people.name(winner.actor), people.name(loser.actor));
    let (first_way, second_way) = (way(&winner.source, look), way(&loser.source, look));
    let rule = rule(winner, look);
    let times = times(winner, loser, look);
    let taps = tapped_earlier(winner, loser, look);
    match look.language {
        Language::English => format!(
            "Who won: {first} ({first_way}).\nWhy {second} lost ({second_way}): {rule}\n{times}{taps}\
             There is no penalty and no mark for {second} in this.\n"
        ),
        Language::Chinese => format!(
            "胜出：{first}（{first_way}）。\n{second}未能接单的原因（{second_way}）：{rule}\n{times}{taps}\
             {second}不会因此受到任何处罚或记录。\n"
        ),
    }
}

fn rule(winner: &TimelineEntry, look: &Look) -> &'static str {
    if winner.verdict == Some(Verdict::Firm) {
        return look.pick(
            "the winner's edge held the region's right to assign, and its answer was final when given.",
            "胜出者所在节点当时持有该区域的派单权，其答复一经给出即为最终结果。",
        );
    }
    look.pick(
        "the first acceptance to reach the cloud wins; the time of the tap does not decide.",
        "以最先到达云端的接单为准，点击时间不作为依据。",
    )
}

fn times(winner: &TimelineEntry, loser: &TimelineEntry, look: &Look) -> String {
    let (Some(first), Some(second)) = (winner.hops.cloud_at, loser.hops.cloud_at) else {
        return String::new();
    };
    let later = apart(second.since(first));
    match look.language {
        Language::English => format!(
            "The winner's was decided at {}, the other at {}, {later} later.\n",
            moment(first),
            moment(second)
        ),
        Language::Chinese => format!(
            "胜出者于 {} 作出决定，另一方于 {}，晚 {later}。\n",
            moment(first),
            moment(second)
        ),
    }
}

/// The case that feels unjust is the one to speak of: an earlier tap that was cut off.
fn tapped_earlier(winner: &TimelineEntry, loser: &TimelineEntry, look: &Look) -> String {
    let first = winner.hops.tapped_at.or(winner.hops.cloud_at);
    let (Some(first), Some(tapped)) = (first, loser.hops.tapped_at) else {
        return String::new();
    };
    if tapped >= first {
        return String::new();
    }
    let by = apart(first.since(tapped));
    match look.language {
        Language::English => format!(
            "The loser's device says it was tapped {by} earlier, but it could not reach the cloud then.\n"
        ),
        Language::Chinese => {
            format!("未成功一方的设备显示点击早了 {by}，但当时无法连接云端。\n")
        }
    }
}

fn no_winner(loser: &TimelineEntry, people: &People, look: &Look) -> String {
    let who = people.name(loser.actor);
    let why = loser.code.map_or("", |code| code.sentence(look.language));
    match look.language {
        Language::English => {
            format!(
                "Why {who}'s acceptance had no effect: {why}\nThere is no penalty for {who} in this.\n"
            )
        }
        Language::Chinese => {
            format!("{who}的接单未生效的原因：{why}\n{who}不会因此受到处罚。\n")
        }
    }
}
