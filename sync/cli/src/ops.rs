//! Owns the words for an op, and for an accept of the portal that waits: what it is, where it stands, and
//! what comes next.

use wire::{
    Language, LinkState, OpKind, OpRecord, OpState, Region, RegionStatus, StatusReport, UnixMillis,
    WaitingAsk,
};

use crate::look::{Look, Tone};

/// What an op is, such as `accept_order`; the words of a command are those of its type.
pub fn what(op: &OpRecord) -> &str {
    match (&op.command, op.kind) {
        (Some(command), _) => &command.name,
        (None, kind) => kind.as_str(),
    }
}

pub fn state_word(state: OpState, look: &Look) -> &'static str {
    match state {
        OpState::Received => look.pick("received", "已接收"),
        OpState::HeldRegion => look.pick("held by its region", "因派单权挂起"),
        OpState::NeedsOperator => look.pick("needs an operator", "需要人工处理"),
        OpState::Parked => look.pick("parked", "等待服务恢复"),
        OpState::Decided => look.pick("decided", "已决定"),
        OpState::LeftBehind => look.pick("left behind", "遗留"),
        OpState::Unrecognised => look.pick("of a newer version", "来自更新的版本"),
    }
}

/// The state as a shape and a word.
pub fn state_mark(state: OpState) -> (Tone, &'static str) {
    match state {
        OpState::Decided => (Tone::Good, "+"),
        OpState::Received => (Tone::Plain, "~"),
        OpState::HeldRegion | OpState::Parked | OpState::Unrecognised => (Tone::Doubtful, "~"),
        OpState::NeedsOperator | OpState::LeftBehind => (Tone::Bad, "!"),
    }
}

/// A turn that has not come by then is not only a matter of waiting.
const TURN_MS_MAX: i64 = 60_000;

/// What happens to it next, and what an operator can do for it.
pub fn next_step(op: &OpRecord, report: &StatusReport, look: &Look) -> String {
    match op.state {
        OpState::Received => received(report.now.since(op.received_at), look).to_owned(),
        OpState::HeldRegion => held(op.region, report, look),
        OpState::NeedsOperator => needs_operator(op, look),
        OpState::Parked => look
            .pick(
                "check the order service, and auth for the keys of people's tokens: GET /health/ready \
                 at each names what is missing",
                "检查订单服务，以及提供令牌密钥的认证服务：各自的 GET /health/ready 会列出缺失的依赖",
            )
            .to_owned(),
        OpState::Decided => decided(op, look).to_owned(),
        OpState::LeftBehind => left_behind(op, look),
        OpState::Unrecognised => look
            .pick("use a `holdfast` of the hub's version", "请使用与中枢同版本的 `holdfast`")
            .to_owned(),
    }
}

fn received<'a>(age_ms: i64, look: &Look) -> &'a str {
    if age_ms <= TURN_MS_MAX {
        return look.pick("nothing to do: its turn comes by itself", "无需操作：将自动处理");
    }
    look.pick(
        "it stands behind others of its log, or the hub is busy; if it stays, see the hub's log",
        "它排在同一日志的其他操作之后，或中枢繁忙；若长时间不变，请查看中枢日志",
    )
}

fn held(region: Region, report: &StatusReport, look: &Look) -> String {
    let here = report.regions.iter().find(|status| status.region == region);
    let Some((holder, up)) = here.and_then(holder) else {
        return look
            .pick(
                "nothing to do: nobody holds the region any more, it is handed in again in seconds",
                "无需操作：该区域已无持有节点，数秒内会重新提交",
            )
            .to_owned();
    };
    match (up, look.language) {
        (true, Language::English) => {
            format!("nothing to do: {holder} holds {region} and is asked; its log decides")
        }
        (true, Language::Chinese) => {
            format!("无需操作：{holder} 持有 {region} 的派单权，已向其询问，以其日志为准")
        }
        (false, Language::English) => format!(
            "reconnect {holder}, which holds {region}; or `holdfast lease take-back {region} --why TEXT`"
        ),
        (false, Language::Chinese) => format!(
            "恢复持有 {region} 派单权的 {holder}；或运行 `holdfast lease take-back {region} --why TEXT`"
        ),
    }
}

fn holder(region: &RegionStatus) -> Option<(&str, bool)> {
    let holder = region.holder.as_ref()?;
    let edge = region.edges.iter().find(|edge| edge.edge == *holder);
    Some((holder.as_str(), edge.is_some_and(|edge| edge.link == LinkState::Up)))
}

fn needs_operator(op: &OpRecord, look: &Look) -> String {
    let (place, times) = (&op.place, op.failures);
    let retry = format!("`holdfast queue retry {} {}`", place.edge, place.seq);
    match look.language {
        Language::English => format!(
            "its owner failed on it alone {times} times: see the order service's log for {place}, \
             then {retry}"
        ),
        Language::Chinese => {
            format!(
                "服务单独处理它时失败 {times} 次：在订单服务日志中查找 {place}，然后运行 {retry}"
            )
        }
    }
}

/// As `next_step`, of an accept of the portal that waits.
pub fn next_step_of_ask(ask: &WaitingAsk, report: &StatusReport, look: &Look) -> String {
    if ask.state != OpState::NeedsOperator {
        return held(ask.region, report, look);
    }
    let (id, times) = (ask.command_id, ask.failures);
    let retry = format!("`holdfast queue retry {id}`");
    match (ask.order_id, look.language) {
        (Some(_), Language::English) => format!(
            "the order service failed on it alone {times} times: see its log for {id}, then {retry}"
        ),
        (Some(_), Language::Chinese) => format!(
            "订单服务单独处理它时失败 {times} 次：在订单服务日志中查找 {id}，然后运行 {retry}"
        ),
        (None, Language::English) => {
            format!("the hub cannot read it: run the version of the hub that took it, then {retry}")
        }
        (None, Language::Chinese) => {
            format!("中枢无法读取它：换用受理它时的中枢版本，然后运行 {retry}")
        }
    }
}

fn decided<'a>(op: &OpRecord, look: &Look) -> &'a str {
    match op.outcome.as_ref().and_then(|outcome| outcome.told) {
        Some(false) => look.pick(
            "nothing to do: its edge hears of it once the link is up",
            "无需操作：链路连通后节点会收到结果",
        ),
        Some(true) | None => look.pick("nothing to do", "无需操作"),
    }
}

fn left_behind(op: &OpRecord, look: &Look) -> String {
    match (&op.again, op.kind, look.language) {
        (Some(place), _, Language::English) => {
            format!("nothing to do: the same command is op {place} by now")
        }
        (Some(place), _, Language::Chinese) => format!("无需操作：同一操作现为 {place}"),
        (None, OpKind::Command, Language::English) => format!(
            "its edge logs it anew once it is linked, or its tablet sends it again; \
             `holdfast explain {}` tells when",
            op.place
        ),
        (None, OpKind::Command, Language::Chinese) => format!(
            "链路连通后节点会重新记录，或由平板重新发送；运行 `holdfast explain {}` 查看进展",
            op.place
        ),
        (None, _, _) => {
            look.pick("nothing to do: its epoch is over", "无需操作：其所属的一代已终止").to_owned()
        }
    }
}

/// How long it has stood at the hub.
pub fn age_ms(op: &OpRecord, now: UnixMillis) -> i64 {
    now.since(op.received_at).max(0)
}
