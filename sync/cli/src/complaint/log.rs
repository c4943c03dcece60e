//! What concerns an edge's log: ops that wait, and a log that is not the one it was.

use wire::{EdgeStatus, Language, LeftBehind, QuarantineStatus, QuarantineWhy};

use super::{Complaint, Kind, complaint};
use crate::age::{self, some};

pub(super) fn ops_stopped(edge: &EdgeStatus, language: Language) -> Complaint {
    let (name, count) = (edge.edge.as_str(), edge.stopped);
    let queue = format!("`holdfast queue {name}`");
    match language {
        Language::English => complaint(
            Kind::OpsStopped,
            name,
            format!(
                "{count} of its operations made a cloud service fail, and {} for an operator",
                wait(count)
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

pub(super) fn ops_held(edge: &EdgeStatus, language: Language) -> Complaint {
    let (name, count) = (edge.edge.as_str(), edge.held);
    let queue = format!("`holdfast queue {name}`");
    match language {
        Language::English => complaint(
            Kind::OpsHeld,
            name,
            format!("{count} of its operations {} for the edge that holds the region", wait(count)),
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

pub(super) fn ops_parked(edge: &EdgeStatus, language: Language) -> Complaint {
    let (name, count) = (edge.edge.as_str(), edge.parked);
    match language {
        Language::English => complaint(
            Kind::OpsParked,
            name,
            format!(
                "{count} of its operations {} for a cloud service that does not answer",
                wait(count)
            ),
            "check the order service, and auth for the keys of people's tokens: GET /health/ready at each names \
             what is missing",
        ),
        Language::Chinese => complaint(
            Kind::OpsParked,
            name,
            format!("有 {count} 个操作在等待未响应的云端服务"),
            "检查订单服务，以及提供令牌密钥的认证服务：各自的 GET /health/ready 会列出缺失的依赖",
        ),
    }
}

pub(super) fn needs_operator(edge: &EdgeStatus, language: Language) -> Complaint {
    let name = edge.edge.as_str();
    let readmit = format!("`holdfast readmit {name}`");
    match language {
        Language::English => complaint(
            Kind::NeedsOperator,
            name,
            "it has had three new epochs in a day and needs a fourth, so it is not let in; it works on \
             by itself, provisionally",
            format!("find out what restores it, then {readmit} lets it in"),
        ),
        Language::Chinese => complaint(
            Kind::NeedsOperator,
            name,
            "该节点一天内已换代三次，现需第四次，因此不予放行；它仍在本地以临时方式工作",
            format!("查明恢复原因后，运行 {readmit} 放行"),
        ),
    }
}

pub(super) fn twin(edge: &EdgeStatus, language: Language) -> Complaint {
    let name = edge.edge.as_str();
    match language {
        Language::English => complaint(
            Kind::Twin,
            name,
            "a second instance of it calls, a copy of its machine; the copy is refused and what was \
             done there waits in it",
            "stop the copy; then either throw it away, or `holdfast enrol REGION NAME` gives it a name \
             of its own: start it with the command that prints, but with HOLDFAST__EDGE__DATA as the \
             folder that it has now, for what was done there is in that",
        ),
        Language::Chinese => complaint(
            Kind::Twin,
            name,
            "该节点有第二个实例（机器副本）在连接；副本已被拒绝，其中的操作仍保留在副本里",
            "停止副本；弃用它，或运行 `holdfast enrol REGION NAME` 为其取新名称：用所提示的命令启动，但 \
             HOLDFAST__EDGE__DATA 须改为副本现有的数据目录，其中的操作保存在那里",
        ),
    }
}

pub(super) fn restored(
    edge: &EdgeStatus,
    quarantine: QuarantineStatus,
    language: Language,
) -> Complaint {
    let name = edge.edge.as_str();
    let (epoch, at) = (edge.epoch, age::moment(quarantine.at));
    let (kind, en, zh) = match quarantine.why {
        QuarantineWhy::EdgeRestored => (Kind::Restored, "restored from a copy", "被从备份恢复"),
        QuarantineWhy::EdgeCloned => {
            (Kind::Cloned, "run twice from one copy", "的同一副本被运行了两次")
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
                "该节点{zh}：自 {at} 起运行于第 {epoch} 代；云端已有的操作已归还，其派单权已收回"
            ),
            format!(
                "查明由谁恢复；让附近的平板连接一次以补回仅存于平板的操作；需要时用 `holdfast lease set` 重新授予派单权；{noted} 表示已知悉"
            ),
        ),
    }
}

pub(super) fn left_behind(edge: &EdgeStatus, left: LeftBehind, language: Language) -> Complaint {
    let LeftBehind { epoch, commands } = left;
    match language {
        Language::English => complaint(
            Kind::LeftBehind,
            edge.edge.as_str(),
            format!(
                "left behind in epoch {epoch}: {} without an outcome",
                some(commands, "command", "commands")
            ),
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

fn wait(count: u64) -> &'static str {
    if count == 1 { "waits" } else { "wait" }
}
