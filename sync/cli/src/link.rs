//! Owns `holdfast link cut|heal`: the gate of one region at the hub.

use serde_json::{Value, json};
use wire::{Language, Region};

use crate::{args::LinkAction, exit::Failure, gateway::Gateway, look::Look};

pub async fn run(gateway: &Gateway, action: LinkAction, region: Region) -> Result<Value, Failure> {
    let gate = match action {
        LinkAction::Cut => "closed",
        LinkAction::Heal => "open",
    };
    gateway.put(&format!("/api/v1/admin/regions/{region}"), &json!({"gate": gate})).await
}

pub fn render(action: LinkAction, region: Region, look: &Look) -> String {
    let sentence = match (action, look.language) {
        (LinkAction::Cut, Language::English) => format!(
            "x {region}: the gate is closed. Its edges go on working by themselves.\n\
             \x20   Next: `holdfast link heal {region}` opens it again"
        ),
        (LinkAction::Heal, Language::English) => format!(
            "+ {region}: the gate is open. Its edges reconnect by themselves within half a minute.\n\
             \x20   Next: `holdfast status` shows when they have caught up"
        ),
        (LinkAction::Cut, Language::Chinese) => format!(
            "x {region}：闸口已关闭，该区域的节点继续独立运行。\n\
             \x20   下一步：运行 `holdfast link heal {region}` 重新打开"
        ),
        (LinkAction::Heal, Language::Chinese) => format!(
            "+ {region}：闸口已打开，该区域的节点将在半分钟内自动重连。\n\
             \x20   下一步：运行 `holdfast status` 查看同步是否完成"
        ),
    };
    format!("{sentence}\n")
}
