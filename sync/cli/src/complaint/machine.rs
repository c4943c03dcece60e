//! What concerns the machine that an edge runs on.

use wire::{EdgeStatus, Language};

use super::{Complaint, Kind, complaint};
use crate::age;

pub(super) fn disk_low(edge: &EdgeStatus, language: Language) -> Complaint {
    let (name, mib) = (edge.edge.as_str(), edge.disk_free_bytes.unwrap_or_default() >> 20);
    match language {
        Language::English => complaint(
            Kind::DiskLow,
            name,
            format!(
                "its disk has {mib} MiB left; once it is full the edge refuses whatever is new, and loses \
                 nothing that it has taken"
            ),
            "make room on the disk that holds its data folder, or move the folder to a larger one",
        ),
        Language::Chinese => complaint(
            Kind::DiskLow,
            name,
            format!("其磁盘仅剩 {mib} MiB；写满后该节点将拒绝新的操作，但不会丢失已接收的操作"),
            "在其数据目录所在磁盘上腾出空间，或将该目录移到更大的磁盘",
        ),
    }
}

pub(super) fn clock_wrong(edge: &EdgeStatus, language: Language) -> Complaint {
    let (name, error_ms) = (edge.edge.as_str(), edge.clock_error_ms.unwrap_or_default());
    let by = age::duration(error_ms.abs());
    match (error_ms > 0, language) {
        (ahead, Language::English) => complaint(
            Kind::ClockWrong,
            name,
            format!(
                "its clock is {by} {}: it judges by it whether a sign-in still stands, and people see \
                 its times",
                if ahead { "ahead" } else { "behind" }
            ),
            "set the machine's clock, and let it be kept by NTP",
        ),
        (ahead, Language::Chinese) => complaint(
            Kind::ClockWrong,
            name,
            format!(
                "其时钟{} {by}：该节点据此判断登录是否有效，人们看到的也是它的时间",
                if ahead { "快了" } else { "慢了" }
            ),
            "校准该机器的时钟，并用 NTP 保持同步",
        ),
    }
}
