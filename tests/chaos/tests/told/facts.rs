//! The possible facts, each with its wording in both languages.

use wire::Language;

/// A fact about an acceptance. Any two have different wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fact {
    Confirmed,
    FirstInCloud,
    FirstInLog,
    Promised,
    Cancelled,
    CancelledMeanwhile,
    TakenBack,
    Restored,
    Cloned,
    Disabled,
    NotTrusted,
    Revoked,
    Withdrawn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Surface {
    Tablet,
    Inbox,
    Conflicts,
    Explain,
    Status,
    Lease,
    Edges,
}

impl Fact {
    pub(super) const ALL: [Self; 13] = [
        Self::Confirmed,
        Self::FirstInCloud,
        Self::FirstInLog,
        Self::Promised,
        Self::Cancelled,
        Self::CancelledMeanwhile,
        Self::TakenBack,
        Self::Restored,
        Self::Cloned,
        Self::Disabled,
        Self::NotTrusted,
        Self::Revoked,
        Self::Withdrawn,
    ];

    /// The wording that identifies only this fact.
    pub(super) fn words(self, surface: Surface, language: Language) -> &'static str {
        let (english, chinese) = match (self, surface) {
            (Self::Confirmed, Surface::Inbox) => ("You have the job", "您已接到"),
            (Self::Confirmed, Surface::Explain) => ("it became accepted", "状态变为已接单"),
            (Self::Confirmed, _) => ("Confirmed.", "已确认。"),
            (Self::FirstInCloud, _) => ("was the first to reach the cloud", "其接单最先到达云端"),
            (Self::FirstInLog, _) => ("stood first in the log of the node", "其接单排在最前"),
            (Self::Promised, _) => ("the region's orders had promised it", "已先承诺给对方"),
            (Self::Cancelled, _) => ("This order has been cancelled.", "订单已取消。"),
            (Self::CancelledMeanwhile, _) => {
                ("was cancelled before this arrived", "在此之前订单已被取消")
            }
            (Self::TakenBack, _) => (
                "an operator took back its right to assign",
                "运营人员收回了它的派单权",
            ),
            (Self::Restored, _) => (
                "the node was restored from an older copy",
                "该节点从旧副本恢复",
            ),
            (Self::Cloned, _) => (
                "two copies of the node were running",
                "该节点有两个副本同时运行",
            ),
            (Self::Disabled, _) => (
                "an operator had disabled the node",
                "节点的承诺不再有效：运营人员已停用该节点",
            ),
            (Self::NotTrusted, _) => (
                "was no longer trusted when it sent it",
                "节点发来此操作时已不受信任",
            ),
            (Self::Revoked, _) => ("This account has been revoked.", "该账号已被停用。"),
            (Self::Withdrawn, Surface::Explain) => ("withdrew from it", "退出该订单"),
            (Self::Withdrawn, _) => ("An administrator withdrew", "管理员已撤回"),
        };
        match language {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }
}
