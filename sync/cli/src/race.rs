//! Explains collisions: the winner, the rule, and why each loser lost.

use wire::{Action, LossReason, Sentence, TimelineEntry};

use crate::{
    age::{format_gap, format_moment},
    explain::{describe_entry_route, has_changed_status, is_lost_acceptance},
    look::OutputStyle,
    people::PersonNames,
    say,
};

/// Covers acceptances that match `concerns`; empty if none of them lost.
pub fn describe_collisions(
    timeline: &[TimelineEntry],
    names: &PersonNames,
    style: &OutputStyle,
    concerns: impl Fn(&TimelineEntry) -> bool,
) -> String {
    let lost = timeline.iter().enumerate();
    let lost = lost.filter(|(_, entry)| is_lost_acceptance(entry) && concerns(entry));
    lost.map(|(index, loser)| {
        let winner = timeline[..index]
            .iter()
            .rev()
            .find(|entry| is_winning_acceptance(entry));
        match winner.filter(|_| loser.was_beaten()) {
            Some(winner) => describe_collision(winner, loser, names, style),
            None => describe_loss(loser, names, style),
        }
    })
    .collect()
}

fn is_winning_acceptance(entry: &TimelineEntry) -> bool {
    entry.action == Some(Action::Accept) && has_changed_status(entry)
}

fn describe_collision(
    winner: &TimelineEntry,
    loser: &TimelineEntry,
    names: &PersonNames,
    style: &OutputStyle,
) -> String {
    let loser_name = names.name(loser.actor);
    let mut lines = vec![
        style.translate(say::race_won {
            first: names.name(winner.actor).into(),
            first_way: describe_entry_route(winner, style).into(),
            second: (&loser_name).into(),
            second_way: describe_entry_route(loser, style).into(),
            why: LossReason::from_timeline_entry(loser, winner.race_rule)
                .render_in(style.language)
                .into(),
        }),
    ];
    if let (Some(first), Some(second)) = (winner.hops.cloud_at, loser.hops.cloud_at) {
        lines.push(style.translate(say::race_times {
            first: format_moment(first).into(),
            second: format_moment(second).into(),
            later: format_gap(second.ms_since(first)).into(),
        }));
    }
    lines.extend(tapped_earlier(winner, loser, style));
    lines.push(style.translate(say::race_no_mark {
        who: loser_name.into(),
    }));
    lines.join("\n") + "\n"
}

/// Mentions an earlier tap on an offline edge, because that loss feels unfair.
fn tapped_earlier(
    winner: &TimelineEntry,
    loser: &TimelineEntry,
    style: &OutputStyle,
) -> Option<String> {
    let first = winner.hops.tapped_at.or(winner.hops.cloud_at)?;
    let tapped = loser.hops.tapped_at.filter(|tapped| *tapped < first)?;
    let by = format_gap(first.ms_since(tapped)).into();
    Some(style.translate(say::race_tapped_earlier { by }))
}

fn describe_loss(loser: &TimelineEntry, names: &PersonNames, style: &OutputStyle) -> String {
    let who = names.name(loser.actor).into();
    let why = LossReason::from_timeline_entry(loser, None)
        .render_in(style.language)
        .into();
    style.translate(say::race_no_effect { who, why }) + "\n"
}
