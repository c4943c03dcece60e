//! Owns the telling of one command's way: tapped, at the edge, received, decided, told; what was said
//! at once and in the end, who won, and what comes next.
//!
//! Invariant: it only retells what hub and order service hold. Where a time is missing, it is left out.

use serde_json::{Value, json};
use wire::{
    CommandAnswer, CommandId, DeviceId, Language, OpCommand, OpOutcome, OpPlace, OpRecord,
    OrderCode, OutcomeKind, StatusReport, UnixMillis, Verdict, WaitingAsk,
};

use crate::{
    age::moment,
    exit::{Exit, Failure},
    explain::{Story, answer, coded},
    find,
    gateway::{Gateway, absent},
    look::{Look, Tone},
    ops,
    people::{People, role_word},
    race,
};

/// All that is known of a command, or of an op that is none.
pub struct Trail {
    report: StatusReport,
    ops: Vec<OpRecord>,
    answers: Vec<CommandAnswer>,
    asks: Vec<WaitingAsk>,
    story: Option<Story>,
}

#[derive(serde::Deserialize)]
struct Answers {
    items: Vec<CommandAnswer>,
}

/// `None` where the hub has no such op, or has it no more.
pub async fn of_op(gateway: &Gateway, place: &OpPlace) -> Result<Option<Trail>, Failure> {
    let Some(op) = op(gateway, place).await? else { return Ok(None) };
    let command = op.command.clone();
    let answers = match &command {
        Some(command) => answers(gateway, command.id).await?,
        None => Vec::new(),
    };
    let own = |answer: &CommandAnswer| {
        command
            .as_ref()
            .is_some_and(|command| answer.user_id.is_none_or(|user| user == command.actor.user_id))
    };
    let answers = answers.into_iter().filter(own).collect();
    gather(gateway, vec![op], answers, Vec::new()).await.map(Some)
}

/// `None` where nobody has heard of the command.
pub async fn of_command(gateway: &Gateway, id: CommandId) -> Result<Option<Trail>, Failure> {
    let answers = answers(gateway, id).await?;
    let mut ops: Vec<OpRecord> =
        gateway.first(&format!("/api/v1/admin/queue?command={id}"), OPS_MAX).await?;
    for place in answers.iter().filter_map(|answer| answer.op.as_ref()) {
        if !ops.iter().any(|op| op.place == *place) {
            ops.extend(op(gateway, place).await?);
        }
    }
    let asks: Vec<WaitingAsk> = gateway.list("/api/v1/admin/asks?limit=200").await?;
    let asks: Vec<WaitingAsk> = asks.into_iter().filter(|ask| ask.command_id == id).collect();
    if ops.is_empty() && answers.is_empty() && asks.is_empty() {
        return Ok(None);
    }
    gather(gateway, ops, answers, asks).await.map(Some)
}

/// One command is logged a few times at most: at edges that it was sent to, and anew.
const OPS_MAX: usize = 20;

async fn gather(
    gateway: &Gateway,
    ops: Vec<OpRecord>,
    answers: Vec<CommandAnswer>,
    asks: Vec<WaitingAsk>,
) -> Result<Trail, Failure> {
    let named = ops.iter().filter_map(|op| op.command.as_ref().map(|command| command.order_id));
    let order = named
        .chain(answers.iter().map(|answer| answer.order_id))
        .chain(asks.iter().filter_map(|ask| ask.order_id))
        .next();
    let story = match order {
        // A publish that nobody has decided has made no order yet.
        Some(order) => absent(find::story(gateway, &order.to_string()).await)?,
        None => None,
    };
    let report = gateway.get("/api/v1/admin/status").await?;
    Ok(Trail { report, ops, answers, asks, story })
}

async fn op(gateway: &Gateway, place: &OpPlace) -> Result<Option<OpRecord>, Failure> {
    absent(gateway.get(&format!("/api/v1/admin/ops/{place}")).await)
}

async fn answers(gateway: &Gateway, id: CommandId) -> Result<Vec<CommandAnswer>, Failure> {
    let Answers { items } = gateway.get(&format!("/api/v1/admin/commands/{id}")).await?;
    Ok(items)
}

pub fn unknown_op(place: &OpPlace, language: Language) -> Failure {
    match language {
        Language::English => Failure::new(Exit::NotFound, format!("the hub has no op {place}"))
            .next_step("it was not received yet, or it is older than the log that is kept; `holdfast edges` shows each edge's cursor"),
        Language::Chinese => Failure::new(Exit::NotFound, format!("中枢没有操作 {place}"))
            .next_step("它可能尚未到达，或已超过日志保留期；运行 `holdfast edges` 查看各节点的接收位置"),
    }
}

pub fn json(trail: &Trail, look: &Look) -> Value {
    let story = trail.story.as_ref();
    json!({
        "ops": trail.ops,
        "answers": trail.answers,
        "asks": trail.asks,
        "order": story.map(|story| &story.order),
        "timeline": story.map(|story| &story.timeline),
        "explanation": render(trail, &Look { colour: false, ..*look }),
    })
}

pub fn render(trail: &Trail, look: &Look) -> String {
    let mut out = String::new();
    for op in &trail.ops {
        out.push_str(&of_one_op(op, trail, look));
    }
    for answer in trail.answers.iter().filter(|answer| answer.op.is_none()) {
        out.push_str(&through_the_cloud(answer, look));
    }
    for ask in &trail.asks {
        out.push_str(&asked(ask, trail, look));
    }
    out.push_str(&collision(trail, look));
    out
}

fn of_one_op(op: &OpRecord, trail: &Trail, look: &Look) -> String {
    let (tone, mark) = ops::state_mark(op.state);
    let state = look.paint(tone, &format!("{mark} {}", ops::state_word(op.state, look)));
    let code = op.command.as_ref().map(|command| format!("  {}", command.order_code));
    let place = look.paint(Tone::Heading, &op.place.to_string());
    let mut out = format!("{place}  {}{}  {state}\n", ops::what(op), code.unwrap_or_default());
    if let Some(command) = &op.command {
        out.push_str(&whose(command, look));
    }
    for (at, text) in hops(op, look) {
        let at = at.map_or_else(|| "-".repeat(24), moment);
        out.push_str(&format!("  {at}  {text}\n"));
    }
    if let Some(OpOutcome { outcome, .. }) = &op.outcome
        && let Some(code) = outcome.code
    {
        out.push_str(&format!("  {}\n", answer(code, look)));
    }
    let next = look.pick("Next: ", "下一步：");
    out.push_str(&format!("  {next}{}\n", ops::next_step(op, &trail.report, look)));
    out
}

fn whose(command: &OpCommand, look: &Look) -> String {
    let (id, user) = (command.id, command.actor.user_id);
    let role = role_word(command.actor.role, look.language);
    let mut out = match look.language {
        Language::English => format!("  command {id} of {role} {user}\n"),
        Language::Chinese => format!("  操作编号 {id}，{role} {user}\n"),
    };
    if let Some(before) = &command.logged_before {
        out.push_str(&match look.language {
            Language::English => format!(
                "  logged first as {}, answered {} there; that epoch was ended\n",
                before.place,
                verdict_word(before.verdict, look)
            ),
            Language::Chinese => format!(
                "  最初记录为 {}，当时答复{}；那一代已终止\n",
                before.place,
                verdict_word(before.verdict, look)
            ),
        });
    }
    out
}

/// Every hop it has passed, and the first that it has not.
fn hops(op: &OpRecord, look: &Look) -> Vec<(Option<UnixMillis>, String)> {
    let mut hops = Vec::new();
    if let Some(command) = &op.command {
        if let Some(at) = command.tapped_at {
            hops.push((Some(at), tapped(command.device.as_ref().map(DeviceId::as_str), look)));
        }
        hops.push((Some(command.edge_at), at_edge(op, command, look)));
    }
    hops.push((Some(op.received_at), look.pick("received by the hub", "中枢已接收").to_owned()));
    match &op.outcome {
        None => hops.push((None, look.pick("not decided", "尚未决定").to_owned())),
        Some(outcome) => {
            hops.push((Some(outcome.outcome.decided_at), decided(outcome, look)));
            hops.push((Some(outcome.stored_at), told(outcome, look).to_owned()));
        }
    }
    hops
}

/// A device need not name itself where it comes over HTTP.
fn tapped(device: Option<&str>, look: &Look) -> String {
    match (device, look.language) {
        (Some(device), Language::English) => {
            format!("tapped on {device}, by the device's own clock")
        }
        (None, Language::English) => "tapped, by the device's own clock".to_owned(),
        (Some(device), Language::Chinese) => format!("在 {device} 上点击（设备自身时钟）"),
        (None, Language::Chinese) => "点击（设备自身时钟）".to_owned(),
    }
}

fn at_edge(op: &OpRecord, command: &OpCommand, look: &Look) -> String {
    let edge = &op.place.edge;
    let verdict = verdict_word(command.verdict, look);
    match (command.fence, command.verdict, look.language) {
        (Some(fence), _, Language::English) => {
            format!("stored at {edge}, answered {verdict} under fence {fence}: final at once")
        }
        (Some(fence), _, Language::Chinese) => {
            format!("存于 {edge}，依据栅栏号 {fence} 答复{verdict}：立即生效")
        }
        (None, Verdict::Firm, Language::English) => format!("stored at {edge}, answered {verdict}"),
        (None, Verdict::Firm, Language::Chinese) => format!("存于 {edge}，答复{verdict}"),
        (None, _, Language::English) => {
            format!("stored at {edge}, answered {verdict}: the cloud decides")
        }
        (None, _, Language::Chinese) => format!("存于 {edge}，答复{verdict}：由云端决定"),
    }
}

pub fn verdict_word<'a>(verdict: Verdict, look: &Look) -> &'a str {
    match verdict {
        Verdict::Firm => look.pick("`firm`", "“确定”"),
        Verdict::Provisional => look.pick("`provisional`", "“暂定”"),
        Verdict::NotTaken => look.pick("`not_taken`", "“未受理”"),
    }
}

fn decided(outcome: &OpOutcome, look: &Look) -> String {
    let kind = match outcome.outcome.kind {
        OutcomeKind::Applied => look.pick("applied", "已生效"),
        OutcomeKind::Duplicate => look.pick(
            "the same command had come before, with that result",
            "同一操作先前已到达，沿用其结果",
        ),
        OutcomeKind::Rejected => look.pick("rejected", "被拒绝"),
    };
    match look.language {
        Language::English => format!("decided by the cloud: {kind}"),
        Language::Chinese => format!("云端决定：{kind}"),
    }
}

/// When an edge acknowledged an outcome nobody writes down; since when it could have it, the hub does.
fn told(outcome: &OpOutcome, look: &Look) -> &'static str {
    match outcome.told {
        Some(true) => {
            look.pick("ready for its edge, which has it by now", "结果可供节点领取，节点已收到")
        }
        Some(false) => look.pick(
            "ready for its edge, which has not acknowledged it yet",
            "结果可供节点领取，节点尚未确认收到",
        ),
        None => look.pick(
            "ready for its edge; its epoch is over, so it is told with the one after it",
            "结果可供节点领取；其所属的一代已终止，随后一代告知",
        ),
    }
}

fn through_the_cloud(answer: &CommandAnswer, look: &Look) -> String {
    let at = moment(answer.decided_at);
    let applied = match answer.applied {
        true => look.paint(Tone::Good, look.pick("+ applied", "+ 已生效")),
        false => look.paint(Tone::Bad, look.pick("x refused", "x 被拒绝")),
    };
    let why = answer.code.map(|code| format!("{}{}", look.colon(), coded(code, look)));
    let why = why.unwrap_or_default();
    let (id, order) = (answer.command_id, answer.order_id);
    match look.language {
        Language::English => {
            format!("command {id} on order {order}, through the cloud\n  {at}  {applied}{why}\n")
        }
        Language::Chinese => {
            format!("操作编号 {id}，订单 {order}，通过云端\n  {at}  {applied}{why}\n")
        }
    }
}

fn asked(ask: &WaitingAsk, trail: &Trail, look: &Look) -> String {
    let (id, region, at) = (ask.command_id, ask.region, moment(ask.taken_at));
    let code = ask.order_code.as_ref().map_or("-", OrderCode::as_str);
    let (tone, mark) = ops::state_mark(ask.state);
    let state = look.paint(tone, &format!("{mark} {}", ops::state_word(ask.state, look)));
    let next = ops::next_step_of_ask(ask, &trail.report, look);
    match look.language {
        Language::English => format!(
            "command {id} on {code}, through the cloud  {state}\n\
             \x20 {at}  taken, and put to the holder of {region}\n\
             \x20 Next: {next}\n"
        ),
        Language::Chinese => format!(
            "操作编号 {id}，订单 {code}，通过云端  {state}\n\
             \x20 {at}  已受理，正在询问 {region} 的持有节点\n\
             \x20 下一步：{next}\n"
        ),
    }
}

/// Who won, where this command lost, and where to read the whole story.
fn collision(trail: &Trail, look: &Look) -> String {
    let Some(story) = &trail.story else { return String::new() };
    let people = People::of(&story.order, &story.timeline, look.language);
    let named = trail.ops.iter().filter_map(|op| op.command.as_ref().map(|command| command.id));
    let ids: Vec<CommandId> = named.chain(trail.answers.iter().map(|a| a.command_id)).collect();
    let mut out =
        race::tell(&story.timeline, &people, look, |entry| ids.contains(&entry.command_id));
    let code = &story.order.code;
    out.push_str(&match look.language {
        Language::English => format!("The whole order: `holdfast explain {code}`\n"),
        Language::Chinese => format!("订单全貌：`holdfast explain {code}`\n"),
    });
    out
}
