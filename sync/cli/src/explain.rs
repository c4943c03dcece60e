//! Owns `holdfast explain`: an order's timeline in plain words: who did what, when at each hop, who
//! won, and why a loser lost.
//!
//! Invariant: it only retells what the timeline holds. Where a time is missing, it is left out.

use wire::{
    Action, Code, Hops, Language, Order, OrderStatus, Source, TimelineEntry, UnixMillis, Verdict,
};

use crate::{
    age::{moment, some},
    look::{Look, Tone},
    people::People,
    race,
    table::printable,
};

/// What is known of an order, gathered before it is told.
pub struct Story {
    pub order: Order,
    pub timeline: Vec<TimelineEntry>,
    /// Ops that stand at the region's edges and that the cloud has not decided, by the hub's word.
    pub pending: u64,
}

pub fn render(story: &Story, look: &Look) -> String {
    let people = People::of(&story.order, &story.timeline, look.language);
    let mut out = heading(&story.order, look);
    for (index, entry) in story.timeline.iter().enumerate() {
        out.push('\n');
        out.push_str(&step(index + 1, entry, &people, look));
    }
    let races = race::tell(&story.timeline, &people, look, |_| true);
    if !races.is_empty() {
        out.push('\n');
        out.push_str(&races);
    }
    out.push('\n');
    out.push_str(&footing(story, &people, look));
    out
}

fn heading(order: &Order, look: &Look) -> String {
    let title = look.paint(Tone::Heading, &printable(&order.title));
    let line = format!(
        "{}  {title}  {}  {} {}\n",
        order.code,
        order.location,
        order.price,
        order.currency.as_str()
    );
    let state = match look.language {
        Language::English => format!("now {}, version {}", order.status, order.version),
        Language::Chinese => {
            format!(
                "当前状态 {}（{}），版本 {}",
                status_word(order.status, look),
                order.status,
                order.version
            )
        }
    };
    format!("{line}{}  {state}\n", order.id)
}

fn step(number: usize, entry: &TimelineEntry, people: &People, look: &Look) -> String {
    let mark = if changed(entry) { "+" } else { "x" };
    let tone = if changed(entry) { Tone::Good } else { Tone::Bad };
    let mut out =
        format!("{number:>3} {} {}\n", look.paint(tone, mark), sentence(entry, people, look));
    for (place, at, what) in hops(entry, look) {
        out.push_str(&format!("      {}  {place}{}{what}\n", moment(at), look.colon()));
    }
    if let Some(reason) = &entry.reason {
        let label = look.pick("Reason given: ", "理由：");
        out.push_str(&format!("      {label}{}\n", printable(reason)));
    }
    if let Some(code) = entry.code {
        out.push_str(&format!("      {}\n", answer(code, look)));
    }
    out
}

/// What was said in the end, with the code that programs know it by.
pub fn answer(code: Code, look: &Look) -> String {
    format!("{}{}", look.pick("Answer: ", "答复："), coded(code, look))
}

pub fn coded(code: Code, look: &Look) -> String {
    match look.language {
        Language::English => format!("{} ({code})", code.sentence(look.language)),
        Language::Chinese => format!("{}（{code}）", code.sentence(look.language)),
    }
}

/// Whether the entry moved the order; an attempt that lost is on the timeline too.
pub fn changed(entry: &TimelineEntry) -> bool {
    entry.from != Some(entry.to)
}

fn sentence(entry: &TimelineEntry, people: &People, look: &Look) -> String {
    let who = people.name(entry.actor);
    let source = way(&entry.source, look);
    let done = changed(entry);
    let did = verb(entry.action, done, look);
    let state = status_word(entry.to, look);
    match (look.language, done) {
        (Language::English, true) => format!("{who} {did} it ({source}); it became {state}"),
        (Language::English, false) => {
            format!("{who} {did} it ({source}), without effect: it stayed {state}")
        }
        (Language::Chinese, true) => format!("{who}{did}该订单（{source}），状态变为{state}"),
        (Language::Chinese, false) => {
            format!("{who}{did}该订单（{source}），未生效，状态仍为{state}")
        }
    }
}

fn verb(action: Option<Action>, done: bool, look: &Look) -> String {
    let (did, tried, chinese) = match action {
        None => ("published", "publish", "发布"),
        Some(Action::Approve) => ("approved", "approve", "批准"),
        Some(Action::Reject) => ("rejected", "reject", "驳回"),
        Some(Action::Accept) => ("accepted", "accept", "接受"),
        Some(Action::Withdraw) => ("withdrew from", "withdraw from", "退出"),
        Some(Action::Start) => ("started", "start", "开始"),
        Some(Action::Complete) => ("completed", "complete", "完成"),
        Some(Action::Cancel) => ("cancelled", "cancel", "取消"),
        Some(Action::Review) => ("reviewed", "review", "评价"),
    };
    match (done, look.language) {
        (true, Language::English) => did.to_owned(),
        (false, Language::English) => format!("tried to {tried}"),
        (true, Language::Chinese) => chinese.to_owned(),
        (false, Language::Chinese) => format!("尝试{chinese}"),
    }
}

pub fn status_word(status: OrderStatus, look: &Look) -> &'static str {
    let (english, chinese) = match status {
        OrderStatus::PendingReview => ("pending review", "待审核"),
        OrderStatus::Pending => ("open for providers", "待接单"),
        OrderStatus::Accepted => ("accepted", "已接单"),
        OrderStatus::InProgress => ("in progress", "进行中"),
        OrderStatus::Completed => ("completed", "已完成"),
        OrderStatus::Reviewed => ("reviewed", "已评价"),
        OrderStatus::Cancelled => ("cancelled", "已取消"),
        OrderStatus::Rejected => ("rejected", "已驳回"),
    };
    look.pick(english, chinese)
}

/// The way a command took to the cloud.
pub fn way(source: &Source, look: &Look) -> String {
    match source {
        Source::Portal => look.pick("through the cloud", "通过云端").to_owned(),
        Source::Kiosk => look.pick("at a kiosk", "通过自助终端").to_owned(),
        Source::Edge(edge) => match look.language {
            Language::English => format!("through the edge {edge}"),
            Language::Chinese => format!("通过边缘节点 {edge}"),
        },
    }
}

fn hops(entry: &TimelineEntry, look: &Look) -> Vec<(String, UnixMillis, String)> {
    let Hops { tapped_at, edge_at, cloud_at } = entry.hops;
    let tapped = tapped_at.map(|at| {
        let what = look.pick("tapped, by the device's own clock", "点击（设备自身时钟）");
        (look.pick("device", "设备").to_owned(), at, what.to_owned())
    });
    let stored = edge_at.map(|at| (at_edge(entry, look), at, stored(entry, look)));
    let decided = cloud_at.map(|at| {
        let what = look.pick("decided", "作出决定").to_owned();
        (look.pick("cloud", "云端").to_owned(), at, what)
    });
    [tapped, stored, decided].into_iter().flatten().collect()
}

fn at_edge(entry: &TimelineEntry, look: &Look) -> String {
    let name = entry.edge.as_ref().map_or("?", |edge| edge.as_str());
    match look.language {
        Language::English => format!("edge {name}"),
        Language::Chinese => format!("边缘节点 {name}"),
    }
}

fn stored(entry: &TimelineEntry, look: &Look) -> String {
    let verdict = match entry.verdict {
        Some(Verdict::Firm) => look.pick("answered `firm`: final at once", "答复“确定”：立即生效"),
        Some(Verdict::Provisional) => {
            look.pick("answered `provisional`: the cloud decides", "答复“暂定”：由云端决定")
        }
        Some(Verdict::NotTaken) | None => look.pick("answered", "已答复"),
    };
    match (entry.epoch, entry.seq, look.language) {
        (Some(epoch), Some(seq), Language::English) => {
            format!("stored as op {seq} of epoch {epoch}, {verdict}")
        }
        (Some(epoch), Some(seq), Language::Chinese) => {
            format!("存为第 {epoch} 代第 {seq} 个操作，{verdict}")
        }
        _ => verdict.to_owned(),
    }
}

fn footing(story: &Story, people: &People, look: &Look) -> String {
    let mut out = format!("{}\n", look.pick("Who is who", "人员对照"));
    for (name, id) in people.list() {
        out.push_str(&format!("  {name}{}{id}\n", look.colon()));
    }
    if let pending @ 1.. = story.pending {
        let region = story.order.location;
        out.push_str(&match look.language {
            Language::English => {
                let pending = some(pending, "operation", "operations");
                format!(
                    "\n! The edges of {region} still hold {pending} that the cloud has not decided; this \
                     story may grow.\n"
                )
            }
            Language::Chinese => format!(
                "\n! {region} 的边缘节点仍有 {pending} 个操作未经云端决定，记录可能还会增加。\n"
            ),
        });
    }
    out
}

/// Whether this entry is an acceptance that lost to another.
pub fn is_lost_acceptance(entry: &TimelineEntry) -> bool {
    entry.action == Some(Action::Accept)
        && !changed(entry)
        && !matches!(
            entry.code,
            None | Some(Code::OrderCancelledMeanwhile | Code::OrderRejectedMeanwhile)
        )
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
