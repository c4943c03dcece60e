//! Owns what is said of a report that is not as it should be: the problem, and the next step.
//! Invariant: there is a complaint exactly where `wire::StatusReport::complaints` finds one, so the
//! exit code of `status` and every other reader of the report agree on what healthy means.

use serde::Serialize;
use wire::{
    ChecksumState, EdgeStatus, GateState, Language, LeftBehind, LinkState, QuarantineStatus,
    QuarantineWhy, RegionStatus, StatusReport, UnixMillis,
};

use crate::age;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Complaint {
    /// A stable word for scripts.
    pub kind: Kind,
    /// The region or the edge.
    pub about: String,
    pub problem: String,
    pub next_step: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    GateClosed,
    NoEdge,
    NeverConnected,
    LinkDown,
    OrdersDiffer,
    Unsettled,
    OpsStopped,
    OpsHeld,
    OpsParked,
    NeedsOperator,
    Twin,
    Restored,
    Cloned,
    Contradicted,
    GrantDiffers,
    LeftBehind,
}

/// Everything that is not as it should be; empty when all is well.
pub fn all(report: &StatusReport, language: Language) -> Vec<Complaint> {
    report.regions.iter().flat_map(|region| of_region(region, report.now, language)).collect()
}

fn of_region(region: &RegionStatus, now: UnixMillis, language: Language) -> Vec<Complaint> {
    let name = region.region.as_str();
    let contradicted = region.contradicted_lately(now).then(|| contradicted(region, language));
    let closed = (region.gate == GateState::Closed).then(|| gate_closed(name, language));
    let empty = region.edges.is_empty().then(|| no_edge(name, language));
    let edges = region.edges.iter().flat_map(|edge| {
        of_log(edge, language).into_iter().chain(of_edge(edge, region.gate, language))
    });
    closed.into_iter().chain(contradicted).chain(empty).chain(edges).collect()
}

fn of_edge(edge: &EdgeStatus, gate: GateState, language: Language) -> Option<Complaint> {
    match (edge.link, edge.checksum) {
        (LinkState::Never, _) => Some(never_connected(edge, language)),
        (LinkState::Down, _) => Some(link_down(edge, gate, language)),
        (LinkState::Up, ChecksumState::Mismatch) => Some(orders_differ(edge, language)),
        _ if edge.unsettled_since.is_some() => Some(unsettled(edge, language)),
        _ if edge.stopped > 0 => Some(ops_stopped(edge, language)),
        _ if edge.held > 0 => Some(ops_held(edge, language)),
        _ if edge.parked > 0 => Some(ops_parked(edge, language)),
        _ => None,
    }
}

/// What concerns its log itself, whatever else is wrong.
fn of_log(edge: &EdgeStatus, language: Language) -> Vec<Complaint> {
    let stopped = edge.needs_operator_at.map(|_| needs_operator(edge, language));
    let twin = edge.twin_seen_at.map(|_| twin(edge, language));
    let quarantine = edge.quarantine.map(|quarantine| restored(edge, quarantine, language));
    let unproven = edge.unproven.map(|fence| grant_differs(edge, fence, language));
    let left = edge.left_behind.iter().map(|left| left_behind(edge, *left, language));
    stopped.into_iter().chain(twin).chain(quarantine).chain(unproven).chain(left).collect()
}

fn complaint(
    kind: Kind,
    about: &str,
    problem: impl Into<String>,
    next_step: impl Into<String>,
) -> Complaint {
    Complaint {
        kind,
        about: about.to_owned(),
        problem: problem.into(),
        next_step: next_step.into(),
    }
}

fn left_behind(edge: &EdgeStatus, left: LeftBehind, language: Language) -> Complaint {
    let LeftBehind { epoch, commands } = left;
    match language {
        Language::English => complaint(
            Kind::LeftBehind,
            edge.edge.as_str(),
            format!("left behind in epoch {epoch}: {commands} commands without an outcome"),
            "start the machine again: it brings them back, and so does the tablet of each",
        ),
        Language::Chinese => complaint(
            Kind::LeftBehind,
            edge.edge.as_str(),
            format!("第 {epoch} 代留下 {commands} 条尚无结果的操作"),
            "重新启动该机器：它会带回这些操作，各平板也会重新发送",
        ),
    }
}

fn gate_closed(region: &str, language: Language) -> Complaint {
    let heal = format!("`holdfast link heal {region}`");
    match language {
        Language::English => complaint(
            Kind::GateClosed,
            region,
            "the gate is closed: its edges work on by themselves and cannot reach the cloud",
            format!("{heal} opens it"),
        ),
        Language::Chinese => complaint(
            Kind::GateClosed,
            region,
            "闸口已关闭：该区域的节点独立运行，无法连接云端",
            format!("运行 {heal} 打开闸口"),
        ),
    }
}

fn contradicted(region: &RegionStatus, language: Language) -> Complaint {
    let name = region.region.as_str();
    let times = region.repairs.unwrap_or_default().contradictions;
    match language {
        Language::English => complaint(
            Kind::Contradicted,
            name,
            format!(
                "the order service and the hub said different things of an order ({times} so far): of \
                 one version the order service's content counts, and what it does not know stays"
            ),
            "find the order in the hub's log: it was written twice, or the order service was put back \
             to an earlier state",
        ),
        Language::Chinese => complaint(
            Kind::Contradicted,
            name,
            format!(
                "订单服务与中枢对订单的说法不一致（累计 {times} 次）：同一版本以订单服务为准，订单服务没有的予以保留"
            ),
            "在中枢日志中找到该订单：它被重复写入，或订单服务被恢复到较早的状态",
        ),
    }
}

fn grant_differs(edge: &EdgeStatus, fence: u64, language: Language) -> Complaint {
    let name = edge.edge.as_str();
    match language {
        Language::English => complaint(
            Kind::GrantDiffers,
            name,
            format!(
                "it holds the region's right to assign under fence {fence}, and its view did not \
                 agree with the grant: it answers provisionally"
            ),
            "nothing to do: the region is put right and it is granted a new fence within a minute or two",
        ),
        Language::Chinese => complaint(
            Kind::GrantDiffers,
            name,
            format!("它持有该区域的派单权（栅栏号 {fence}），但其视图与授权不一致：只作临时答复"),
            "无需操作：该区域会被修复，并在一两分钟内获得新的栅栏号",
        ),
    }
}

fn no_edge(region: &str, language: Language) -> Complaint {
    let enrol = format!("`holdfast enrol {region} NAME`");
    match language {
        Language::English => complaint(
            Kind::NoEdge,
            region,
            "no edge is enrolled: this region has nothing to work on with when the network fails",
            format!("{enrol} makes an enrolment code and says how to start holdfast-edge with it"),
        ),
        Language::Chinese => complaint(
            Kind::NoEdge,
            region,
            "没有登记任何边缘节点：网络中断时该区域无法继续工作",
            format!("运行 {enrol} 生成登记码，并按提示启动 holdfast-edge"),
        ),
    }
}

fn never_connected(edge: &EdgeStatus, language: Language) -> Complaint {
    let name = edge.edge.as_str();
    match language {
        Language::English => complaint(
            Kind::NeverConnected,
            name,
            "it is enrolled and has never been heard of",
            "start holdfast-edge there, and check the gateway_url it was given",
        ),
        Language::Chinese => complaint(
            Kind::NeverConnected,
            name,
            "已登记但从未连接",
            "在该处启动 holdfast-edge，并检查其 gateway_url",
        ),
    }
}

fn link_down(edge: &EdgeStatus, gate: GateState, language: Language) -> Complaint {
    let name = edge.edge.as_str();
    let closed = gate == GateState::Closed;
    match language {
        Language::English => complaint(
            Kind::LinkDown,
            name,
            "the link is down; what is done there waits at the edge and is not lost",
            if closed {
                "open the region's gate, then it reconnects by itself"
            } else {
                "check the edge and its network; `holdfast-edge report` there tells its own state"
            },
        ),
        Language::Chinese => complaint(
            Kind::LinkDown,
            name,
            "链路已断开；该处的操作保存在节点上，不会丢失",
            if closed {
                "打开该区域的闸口后会自动重连"
            } else {
                "检查该节点及其网络；在该处运行 `holdfast-edge report` 可查看其自身状态"
            },
        ),
    }
}

fn orders_differ(edge: &EdgeStatus, language: Language) -> Complaint {
    let name = edge.edge.as_str();
    match language {
        Language::English => complaint(
            Kind::OrdersDiffer,
            name,
            "its orders differ from the cloud's at the same point of the feed",
            "keep its data folder and logs, and report it: repairs come from the cloud, which is right",
        ),
        Language::Chinese => complaint(
            Kind::OrdersDiffer,
            name,
            "在同一同步点上，该节点的订单与云端不一致",
            "保留其数据目录和日志并上报：以云端为准进行修复",
        ),
    }
}

/// Nothing is on its way and yet it does not agree: either the edge cannot read on, or an outcome has
/// told it of a change that the feed never brought.
fn unsettled(edge: &EdgeStatus, language: Language) -> Complaint {
    let (name, behind) = (edge.edge.as_str(), edge.lag_down_changes);
    let since = edge.unsettled_since.map(age::moment).unwrap_or_default();
    match (behind, language) {
        (0, Language::English) => complaint(
            Kind::Unsettled,
            name,
            format!(
                "since {since} an outcome has told it of a change that its region's feed has not brought"
            ),
            "an event has not come from the order service to the hub: look for `hub_feed` among the \
             dead letters, and for unsent rows in the order service's outbox",
        ),
        (0, Language::Chinese) => complaint(
            Kind::Unsettled,
            name,
            format!("自 {since} 起，该节点从结果得知一项变更，而区域同步流始终没有带来"),
            "有事件未从订单服务到达中枢：检查死信队列中的 `hub_feed`，以及订单服务发件箱中未发送的行",
        ),
        (_, Language::English) => complaint(
            Kind::Unsettled,
            name,
            format!(
                "since {since} it has not read {behind} changes of its region's feed, and nothing moves"
            ),
            "`holdfast link cut` and `heal` of its region begin its session anew; if it stays, keep its log \
             and report it",
        ),
        (_, Language::Chinese) => complaint(
            Kind::Unsettled,
            name,
            format!("自 {since} 起有 {behind} 项区域变更未被读取，且没有任何进展"),
            "对其区域依次运行 `holdfast link cut` 和 `heal` 以重建会话；若仍如此，保留其日志并上报",
        ),
    }
}

fn ops_stopped(edge: &EdgeStatus, language: Language) -> Complaint {
    let (name, count) = (edge.edge.as_str(), edge.stopped);
    let queue = format!("`holdfast queue {name}`");
    match language {
        Language::English => complaint(
            Kind::OpsStopped,
            name,
            format!(
                "{count} of its operations made a cloud service fail, and wait for an operator"
            ),
            format!("{queue} names them and how to hand them in again"),
        ),
        Language::Chinese => complaint(
            Kind::OpsStopped,
            name,
            format!("有 {count} 个操作导致云端服务失败，等待人工处理"),
            format!("运行 {queue} 查看这些操作以及如何重新提交"),
        ),
    }
}

fn ops_held(edge: &EdgeStatus, language: Language) -> Complaint {
    let (name, count) = (edge.edge.as_str(), edge.held);
    let queue = format!("`holdfast queue {name}`");
    match language {
        Language::English => complaint(
            Kind::OpsHeld,
            name,
            format!("{count} of its operations wait for the edge that holds the region"),
            format!("reconnect that edge; {queue} names each and what else can be done"),
        ),
        Language::Chinese => complaint(
            Kind::OpsHeld,
            name,
            format!("有 {count} 个操作在等待持有该区域派单权的节点"),
            format!("恢复该节点；运行 {queue} 查看每个操作及其他办法"),
        ),
    }
}

fn ops_parked(edge: &EdgeStatus, language: Language) -> Complaint {
    let (name, count) = (edge.edge.as_str(), edge.parked);
    match language {
        Language::English => complaint(
            Kind::OpsParked,
            name,
            format!("{count} of its operations wait for a cloud service that does not answer"),
            "check the order service: GET /health/ready there names what is missing",
        ),
        Language::Chinese => complaint(
            Kind::OpsParked,
            name,
            format!("有 {count} 个操作在等待未响应的云端服务"),
            "检查订单服务：其 GET /health/ready 会列出缺失的依赖",
        ),
    }
}

fn needs_operator(edge: &EdgeStatus, language: Language) -> Complaint {
    let name = edge.edge.as_str();
    let readmit = format!("`holdfast readmit {name}`");
    match language {
        Language::English => complaint(
            Kind::NeedsOperator,
            name,
            "it was restored three times in a day and is not let in again; it works on by itself, \
             provisionally",
            format!("find out what restores it, then {readmit} lets it in"),
        ),
        Language::Chinese => complaint(
            Kind::NeedsOperator,
            name,
            "该节点一天内被恢复三次，已不再放行；它仍在本地以临时方式工作",
            format!("查明恢复原因后，运行 {readmit} 放行"),
        ),
    }
}

fn twin(edge: &EdgeStatus, language: Language) -> Complaint {
    let name = edge.edge.as_str();
    match language {
        Language::English => complaint(
            Kind::Twin,
            name,
            "a second instance of it calls, a copy of its machine; the copy is refused and what was \
             done there waits in it",
            "stop the copy; then either throw it away, or `holdfast enrol REGION NAME` gives it a name \
             of its own and says how to start it",
        ),
        Language::Chinese => complaint(
            Kind::Twin,
            name,
            "该节点有第二个实例（机器副本）在连接；副本已被拒绝，其中的操作仍保留在副本里",
            "停止副本；弃用它，或运行 `holdfast enrol REGION NAME` 为其取新名称，并按提示启动",
        ),
    }
}

fn restored(edge: &EdgeStatus, quarantine: QuarantineStatus, language: Language) -> Complaint {
    let name = edge.edge.as_str();
    let (epoch, at) = (edge.epoch, age::moment(quarantine.at));
    let (kind, en, zh) = match quarantine.why {
        QuarantineWhy::EdgeRestored => (Kind::Restored, "restored from a copy", "从备份恢复"),
        QuarantineWhy::EdgeCloned => {
            (Kind::Cloned, "run twice from one copy", "以同一副本运行了两次")
        }
    };
    let noted = format!("`holdfast readmit {name}`");
    match language {
        Language::English => complaint(
            kind,
            name,
            format!(
                "it was {en}: since {at} it runs in epoch {epoch}; what the cloud had of it is back, \
                 its rights to assign were taken back"
            ),
            format!(
                "find out who restored it; let the tablets near it connect once, for what only they \
                 have; where it assigned, grant the region again (`holdfast lease set`); {noted} notes it"
            ),
        ),
        Language::Chinese => complaint(
            kind,
            name,
            format!(
                "该节点被{zh}：自 {at} 起运行于第 {epoch} 代；云端已有的操作已归还，其派单权已收回"
            ),
            format!(
                "查明由谁恢复；让附近的平板连接一次以补回仅存于平板的操作；需要时用 `holdfast lease set` 重新授予派单权；{noted} 表示已知悉"
            ),
        ),
    }
}
