//! Explains an order: its timeline in plain language with each hop, a collision's winner, and why
//! the others lost.
//!
//! Invariant: uses only the timeline; omits missing times.

use serde_json::{Value, json};
use wire::{
    Action, Code, EdgeId, EdgePromise, FenceEnd, FenceEnding, Hops, Order, Sentence, Source,
    TimelineEntry, UnixMillis, Verdict,
};

use crate::{
    age::moment,
    look::{Look, Tone},
    people::Cast,
    race, say,
    table::printable,
};

pub struct OrderStory {
    pub order: Order,
    pub timeline: Vec<TimelineEntry>,
    /// Ops at the region's edges that the cloud has not decided, according to the hub. `None` if
    /// the hub does not answer.
    pub pending: Option<u64>,
}

pub fn json(story: &OrderStory, look: &Look) -> Value {
    json!({
        "order": story.order,
        "timeline": story.timeline,
        "pending_at_edges": story.pending,
        "explanation": render(story, look),
    })
}

pub fn render(story: &OrderStory, look: &Look) -> String {
    let cast = Cast::of(&story.order, &story.timeline, look);
    let mut out = heading(&story.order, look);
    for (index, entry) in story.timeline.iter().enumerate() {
        out.push('\n');
        out.push_str(&step(index + 1, entry, &cast, look));
    }
    let races = race::tell(&story.timeline, &cast, look, |_| true);
    if !races.is_empty() {
        out.push('\n');
        out.push_str(&races);
    }
    out.push('\n');
    out.push_str(&footing(story, &cast, look));
    out
}

fn heading(order: &Order, look: &Look) -> String {
    let Order { id, code, location, price, .. } = order;
    let title = look.paint(Tone::Heading, &printable(&order.title));
    let (status, version) = (order.status.into(), order.version.into());
    let state = look.say(say::explain_state { status, version });
    let currency = order.currency.as_str();
    format!("{code}  {title}  {location}  {price} {currency}\n{id}  {state}\n")
}

fn step(number: usize, entry: &TimelineEntry, cast: &Cast, look: &Look) -> String {
    let (tone, mark) = if is_refused(entry) { (Tone::Bad, "x") } else { (Tone::Good, "+") };
    let sentence = sentence(entry, cast, look);
    let mut out = format!("{number:>3} {} {sentence}\n", look.paint(tone, mark));
    let mut line = |text: &str| out.push_str(&format!("      {text}\n"));
    for (at, what) in hops(entry, look) {
        line(&format!("{}  {what}", moment(at)));
    }
    if let Some(reason) = &entry.reason {
        line(&look.say(say::explain_reason { reason: printable(reason).into() }));
    }
    if let Some(code) = entry.code {
        line(&answer(code, look));
    }
    out
}

/// Describes the final answer with its stable code.
pub fn answer(code: Code, look: &Look) -> String {
    look.say(say::answer { answer: coded(code, look).into() })
}

pub fn coded(code: Code, look: &Look) -> String {
    let sentence = code.sentence(look.language).into();
    look.say(say::coded { sentence, code: code.into() })
}

/// True if the entry changed the order's status; failed attempts are on the timeline too.
pub fn changed(entry: &TimelineEntry) -> bool {
    entry.from != Some(entry.to)
}

/// A successful payment also leaves the status unchanged; only a refusal has a code.
fn is_refused(entry: &TimelineEntry) -> bool {
    !changed(entry) && entry.code.is_some()
}

fn sentence(entry: &TimelineEntry, cast: &Cast, look: &Look) -> String {
    if let Some(status) = entry.payment_status {
        return look.say(say::explain_payment { status: status.as_str().into() });
    }
    let (who, way) = (cast.name(entry.actor).into(), way_of(entry, look).into());
    let action = entry.action.map_or("publish", Action::as_str).into();
    let state = look.say(say::order_status { status: entry.to.into() }).into();
    match is_refused(entry) {
        true => look.say(say::explain_tried { who, way, action, state }),
        false => look.say(say::explain_did { who, way, action, state }),
    }
}

/// Describes a command's route to the cloud.
pub fn way(source: &Source, look: &Look) -> String {
    match source {
        Source::Portal => look.say(say::way_cloud),
        Source::Kiosk => look.say(say::way_kiosk),
        Source::Edge(edge) => look.say(say::way_edge { edge: edge.into() }),
    }
}

/// Adds the lease holder if the acceptance was made elsewhere and passed on.
pub fn way_of(entry: &TimelineEntry, look: &Look) -> String {
    let made = way(&entry.source, look);
    match holder(entry) {
        Some(holder) => look.say(say::way_put { way: made.into(), edge: holder.into() }),
        None => made,
    }
}

/// Includes the operator's reason.
pub fn right_ended(end: &FenceEnd, look: &Look) -> String {
    let how = look.say(say::right_ended { how: end.how.as_str().into() });
    match &end.why {
        Some(why) => look.labelled(&how, &printable(why)),
        None => how,
    }
}

/// The lease holder that had to decide an acceptance made elsewhere.
fn holder(entry: &TimelineEntry) -> Option<&EdgeId> {
    let holder = entry.edge.as_ref()?;
    (entry.source != Source::Edge(holder.clone())).then_some(holder)
}

fn hops(entry: &TimelineEntry, look: &Look) -> Vec<(UnixMillis, String)> {
    let Hops { tapped_at, edge_at, cloud_at } = entry.hops;
    let tapped = tapped_at.map(|at| (at, look.say(say::explain_tapped)));
    let stored = edge_at.map(|at| (at, stored(entry, look)));
    let put = cloud_at.filter(|_| edge_at.is_none()).zip(holder(entry));
    let put = put.map(|(at, holder)| (at, look.say(say::explain_put { holder: holder.into() })));
    let decided = cloud_at.map(|at| (at, decided(entry, look)));
    let first = promise(entry, look);
    tapped.into_iter().chain(first).chain(stored).chain(put).chain(decided).collect()
}

/// Lists an earlier firm answer and the end of its right. Empty if this entry's answer is that
/// promise and was kept.
fn promise(entry: &TimelineEntry, look: &Look) -> Vec<(UnixMillis, String)> {
    let Some(promise) = &entry.promise else { return Vec::new() };
    let EdgePromise { edge, epoch, fence, end, .. } = promise;
    let is_here = entry.edge.as_ref() == Some(edge) && entry.epoch == Some(*epoch);
    if is_here && promise.broken().is_none() {
        return Vec::new();
    }
    let (of, under) = (|| edge.into(), || (*fence).into());
    let promised = say::explain_promised { edge: of(), epoch: (*epoch).into(), fence: under() };
    let answered = entry.hops.edge_at.filter(|_| !is_here).map(|at| (at, look.say(promised)));
    let ended = end.as_ref().map(|end| {
        let words = right_ended(end, look).into();
        (end.at, look.say(say::explain_right_ended { edge: of(), fence: under(), end: words }))
    });
    let broken = promise.broken().filter(|_| end.is_none()).and_then(FenceEnding::broken_promise);
    let broken = entry.hops.edge_at.zip(broken).map(|(at, code)| (at, code.to(look.language)));
    answered.into_iter().chain(ended).chain(broken).collect()
}

fn decided(entry: &TimelineEntry, look: &Look) -> String {
    match (holder(entry), entry.epoch, entry.seq) {
        (Some(edge), Some(epoch), Some(seq)) => look.say(say::explain_decided_in_log {
            edge: edge.into(),
            epoch: epoch.into(),
            seq: seq.into(),
        }),
        _ => look.say(say::explain_decided),
    }
}

fn stored(entry: &TimelineEntry, look: &Look) -> String {
    if let (Source::Edge(edge), Some(holder)) = (&entry.source, holder(entry)) {
        return look.say(say::explain_taken { edge: edge.into(), holder: holder.into() });
    }
    let edge = entry.edge.as_ref().map_or("?", |edge| edge.as_str()).into();
    let verdict = entry.verdict.map_or("other", Verdict::as_str).into();
    let answered = look.say(say::explain_verdict { verdict }).into();
    match (entry.epoch, entry.seq) {
        (Some(epoch), Some(seq)) => {
            let (epoch, seq) = (epoch.into(), seq.into());
            look.say(say::explain_stored { edge, seq, epoch, answered })
        }
        _ => look.say(say::explain_answered { edge, answered }),
    }
}

fn footing(story: &OrderStory, cast: &Cast, look: &Look) -> String {
    let mut out = look.say(say::explain_people) + "\n";
    for (name, id) in cast.list() {
        out.push_str(&format!("  {}\n", look.labelled(&name, &id.to_string())));
    }
    let region = story.order.location.into();
    let rest = match story.pending {
        Some(0) => return out,
        Some(count) => look.say(say::explain_pending { region, count }),
        None => look.say(say::explain_pending_unknown { region }),
    };
    out.push_str(&format!("\n{rest}\n"));
    out
}

pub fn is_lost_acceptance(entry: &TimelineEntry) -> bool {
    entry.action == Some(Action::Accept)
        && !changed(entry)
        && !matches!(
            entry.code,
            None | Some(Code::OrderCancelledMeanwhile | Code::OrderRejectedMeanwhile)
        )
}

#[cfg(test)]
mod tests;
