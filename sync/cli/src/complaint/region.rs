//! What concerns a region as a whole.

use wire::{Language, RegionStatus};

use super::{Complaint, Kind, complaint};
use crate::age::some;

pub(super) fn gate_closed(region: &str, language: Language) -> Complaint {
    let heal = format!("`holdfast link heal {region}`");
    match language {
        Language::English => complaint(
            Kind::GateClosed,
            region,
            "the gate is closed; its edges work on by themselves and cannot reach the cloud",
            format!("{heal} opens it"),
        ),
        Language::Chinese => complaint(
            Kind::GateClosed,
            region,
            "闸口已关闭，该区域的节点独立运行，无法连接云端",
            format!("运行 {heal} 打开闸口"),
        ),
    }
}

pub(super) fn contradicted(region: &RegionStatus, language: Language) -> Complaint {
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

pub(super) fn asks_stopped(region: &RegionStatus, language: Language) -> Complaint {
    let (name, count) = (region.region.as_str(), region.asks_stopped);
    let queue = "`holdfast queue`";
    match language {
        Language::English => complaint(
            Kind::AsksStopped,
            name,
            format!(
                "{} made at the portal could not be decided, and an operator has to see to it",
                some(count, "accept", "accepts")
            ),
            format!("{queue} names each and how to hand it in again"),
        ),
        Language::Chinese => complaint(
            Kind::AsksStopped,
            name,
            format!("在门户提交的 {count} 个接单未能作出决定，等待人工处理"),
            format!("运行 {queue} 查看这些接单以及如何重新提交"),
        ),
    }
}

pub(super) fn no_edge(region: &str, language: Language) -> Complaint {
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
