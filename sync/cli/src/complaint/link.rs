//! What concerns an edge's link and its view of the region.

use wire::{EdgeStatus, GateState, Language};

use super::{Complaint, Kind, complaint};
use crate::age::{self, some};

pub(super) fn never_connected(edge: &EdgeStatus, language: Language) -> Complaint {
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

pub(super) fn link_down(edge: &EdgeStatus, gate: GateState, language: Language) -> Complaint {
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
                "check the edge and its network; `holdfast-edge --set edge.data=FOLDER report` there \
                 tells its own state"
            },
        ),
        Language::Chinese => complaint(
            Kind::LinkDown,
            name,
            "链路已断开；该处的操作保存在节点上，不会丢失",
            if closed {
                "打开该区域的闸口后会自动重连"
            } else {
                "检查该节点及其网络；在该处运行 `holdfast-edge --set edge.data=FOLDER report` 可查看其自身状态"
            },
        ),
    }
}

pub(super) fn orders_differ(edge: &EdgeStatus, language: Language) -> Complaint {
    let name = edge.edge.as_str();
    match language {
        Language::English => complaint(
            Kind::OrdersDiffer,
            name,
            "its orders differ from the cloud's at the same point of the feed",
            "nothing to do at first: the hub sends it an image of its region by itself; where it still \
             differs after ten minutes, keep its data folder and logs, and report it",
        ),
        Language::Chinese => complaint(
            Kind::OrdersDiffer,
            name,
            "在同一同步点上，该节点的订单与云端不一致",
            "暂时无需操作：中枢会自动向其发送区域快照；若十分钟后仍不一致，保留其数据目录和日志并上报",
        ),
    }
}

/// Nothing is on its way and yet it does not agree: either the edge cannot read on, or an outcome has
/// told it of a change that the feed never brought.
pub(super) fn unsettled(edge: &EdgeStatus, language: Language) -> Complaint {
    let (name, behind) = (edge.edge.as_str(), edge.lag_down_changes);
    let since = edge.unsettled_since.map(age::moment).unwrap_or_default();
    match (behind, language) {
        (0, Language::English) => complaint(
            Kind::Unsettled,
            name,
            format!(
                "since {since} an outcome has told it of a change that its region's feed has not brought"
            ),
            "an event has not come from the order service to the hub: at the hub's /metrics \
             holdfast_bus_dead_letters{queue=\"hub_feed\"} counts dead letters, at the order service's \
             holdfast_outbox_unsent{service=\"order\"} unsent events; a cloud in one process has both \
             at the gateway's",
        ),
        (0, Language::Chinese) => complaint(
            Kind::Unsettled,
            name,
            format!("自 {since} 起，该节点从结果得知一项变更，而区域同步流始终没有带来"),
            "有事件未从订单服务到达中枢：查看中枢 /metrics 中的死信数 \
             holdfast_bus_dead_letters{queue=\"hub_feed\"}，以及订单服务 /metrics 中的未发送事件数 \
             holdfast_outbox_unsent{service=\"order\"}；单进程云端的这两项都在网关的 /metrics 中",
        ),
        (_, Language::English) => complaint(
            Kind::Unsettled,
            name,
            format!(
                "since {since} it has not read {} of its region's feed, and nothing moves",
                some(behind, "change", "changes")
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

pub(super) fn grant_differs(edge: &EdgeStatus, fence: u64, language: Language) -> Complaint {
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
