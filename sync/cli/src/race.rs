//! Explains collisions: the winner, the rule, and why each loser lost.

use wire::{Action, LossReason, Sentence, TimelineEntry};

use crate::{
    age::{apart, moment},
    explain::{changed, is_lost_acceptance, way_of},
    look::Look,
    people::Cast,
    say,
};

/// Covers acceptances that match `concerns`; empty if none of them lost.
pub fn tell(
    timeline: &[TimelineEntry],
    cast: &Cast,
    look: &Look,
    concerns: impl Fn(&TimelineEntry) -> bool,
) -> String {
    let lost = timeline.iter().enumerate();
    let lost = lost.filter(|(_, entry)| is_lost_acceptance(entry) && concerns(entry));
    lost.map(|(index, loser)| {
        let winner = timeline[..index].iter().rev().find(|entry| won(entry));
        match winner.filter(|_| loser.was_beaten()) {
            Some(winner) => collision(winner, loser, cast, look),
            None => without_winner(loser, cast, look),
        }
    })
    .collect()
}

fn won(entry: &TimelineEntry) -> bool {
    entry.action == Some(Action::Accept) && changed(entry)
}

fn collision(winner: &TimelineEntry, loser: &TimelineEntry, cast: &Cast, look: &Look) -> String {
    let loser_name = cast.name(loser.actor);
    let mut lines = vec![look.say(say::race_won {
        first: cast.name(winner.actor).into(),
        first_way: way_of(winner, look).into(),
        second: (&loser_name).into(),
        second_way: way_of(loser, look).into(),
        why: LossReason::on_record(loser, winner.race_rule).to(look.language).into(),
    })];
    if let (Some(first), Some(second)) = (winner.hops.cloud_at, loser.hops.cloud_at) {
        lines.push(look.say(say::race_times {
            first: moment(first).into(),
            second: moment(second).into(),
            later: apart(second.since(first)).into(),
        }));
    }
    lines.extend(tapped_earlier(winner, loser, look));
    lines.push(look.say(say::race_no_mark { who: loser_name.into() }));
    lines.join("\n") + "\n"
}

/// Mentions an earlier tap on an offline edge, because that loss feels unfair.
fn tapped_earlier(winner: &TimelineEntry, loser: &TimelineEntry, look: &Look) -> Option<String> {
    let first = winner.hops.tapped_at.or(winner.hops.cloud_at)?;
    let tapped = loser.hops.tapped_at.filter(|tapped| *tapped < first)?;
    let by = apart(first.since(tapped)).into();
    Some(look.say(say::race_tapped_earlier { by }))
}

fn without_winner(loser: &TimelineEntry, cast: &Cast, look: &Look) -> String {
    let who = cast.name(loser.actor).into();
    let why = LossReason::on_record(loser, None).to(look.language).into();
    look.say(say::race_no_effect { who, why }) + "\n"
}
