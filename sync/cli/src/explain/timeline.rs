//! Explains the entries of a timeline: the person, route and answer of each, and the winner of a
//! collision with the reason.
//!
//! Bare ids are hard to follow, so people are named `the customer`, `provider A`, `provider B`.

use wire::{
    Action, Actor, Code, EdgeId, FenceEnd, LossReason, Order, Role, Sentence, Source,
    TimelineEntry, UserId,
};

use crate::{
    layout::replace_control_chars,
    say,
    style::{OutputStyle, format_gap, format_moment, role_word},
};

pub(crate) struct PersonNames {
    style: OutputStyle,
    /// In order of first appearance.
    known: Vec<Actor>,
    customer: Actor,
}

impl PersonNames {
    pub(crate) fn from_order(
        order: &Order,
        timeline: &[TimelineEntry],
        style: &OutputStyle,
    ) -> Self {
        let customer = Actor {
            user_id: order.customer_id,
            role: Role::Customer,
        };
        let provider = order.provider_id.map(|user_id| Actor {
            user_id,
            role: Role::Provider,
        });
        let mut known = vec![customer];
        for actor in timeline.iter().map(|entry| entry.actor).chain(provider) {
            if !known.contains(&actor) {
                known.push(actor);
            }
        }
        Self {
            style: *style,
            known,
            customer,
        }
    }

    pub(crate) fn name(&self, actor: Actor) -> String {
        if actor == self.customer {
            return self.style.translate(say::the_customer);
        }
        let mut alike = self.known.iter().filter(|other| other.role == actor.role);
        let place = alike.position(|other| *other == actor).unwrap_or(0);
        let role = role_word(actor.role, &self.style).into();
        self.style.translate(say::person {
            role,
            letter: format_letter(place).into(),
        })
    }

    pub(crate) fn list(&self) -> impl Iterator<Item = (String, UserId)> {
        self.known
            .iter()
            .map(|actor| (self.name(*actor), actor.user_id))
    }
}

/// A to Z, then the number: a hundred providers may compete for one order.
fn format_letter(place: usize) -> String {
    match u8::try_from(place) {
        Ok(n @ 0..26) => char::from(b'A' + n).to_string(),
        _ => (place + 1).to_string(),
    }
}

/// Describes the final answer with its stable code.
pub(crate) fn describe_answer(code: Code, style: &OutputStyle) -> String {
    style.translate(say::answer {
        answer: describe_code(code, style).into(),
    })
}

pub(crate) fn describe_code(code: Code, style: &OutputStyle) -> String {
    let sentence = code.sentence_in(style.language).into();
    style.translate(say::coded {
        sentence,
        code: code.into(),
    })
}

/// True if the entry changed the order's status; failed attempts are on the timeline too.
pub(crate) fn has_changed_status(entry: &TimelineEntry) -> bool {
    entry.from != Some(entry.to)
}

pub(crate) fn is_lost_acceptance(entry: &TimelineEntry) -> bool {
    entry.action == Some(Action::Accept)
        && !has_changed_status(entry)
        && !matches!(
            entry.code,
            None | Some(Code::OrderCancelledMeanwhile | Code::OrderRejectedMeanwhile)
        )
}

/// Describes a command's route to the cloud.
pub(crate) fn describe_route(source: &Source, style: &OutputStyle) -> String {
    match source {
        Source::Portal => style.translate(say::way_cloud),
        Source::Kiosk => style.translate(say::way_kiosk),
        Source::Edge(edge) => style.translate(say::way_edge { edge: edge.into() }),
    }
}

/// Adds the lease holder if the acceptance was made elsewhere and passed on.
pub(crate) fn describe_entry_route(entry: &TimelineEntry, style: &OutputStyle) -> String {
    let made = describe_route(&entry.source, style);
    match deciding_edge(entry) {
        Some(holder) => style.translate(say::way_put {
            way: made.into(),
            edge: holder.into(),
        }),
        None => made,
    }
}

/// Includes the operator's reason.
pub(crate) fn describe_right_end(end: &FenceEnd, style: &OutputStyle) -> String {
    let how = style.translate(say::right_ended {
        how: end.how.as_str().into(),
    });
    match &end.why {
        Some(why) => style.format_labelled(&how, &replace_control_chars(why)),
        None => how,
    }
}

/// The lease holder that had to decide an acceptance made elsewhere.
pub(crate) fn deciding_edge(entry: &TimelineEntry) -> Option<&EdgeId> {
    let holder = entry.edge.as_ref()?;
    (entry.source != Source::Edge(holder.clone())).then_some(holder)
}

/// Covers acceptances that match `concerns`; empty if none of them lost.
pub(crate) fn describe_collisions(
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
    lines.extend(describe_earlier_tap(winner, loser, style));
    lines.push(style.translate(say::race_no_mark {
        who: loser_name.into(),
    }));
    lines.join("\n") + "\n"
}

/// Mentions an earlier tap on an offline edge, because that loss feels unfair.
fn describe_earlier_tap(
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
