//! Owns `holdfast readmit`: an operator has taken note of an edge that was restored.

use serde_json::Value;
use wire::{EdgeId, Language};

use crate::{exit::Failure, gateway::Gateway, look::Look};

pub async fn run(gateway: &Gateway, edge: &EdgeId) -> Result<Value, Failure> {
    gateway.post(&format!("/api/v1/admin/edges/{edge}/readmit")).await
}

pub fn render(edge: &EdgeId, look: &Look) -> String {
    match look.language {
        Language::English => format!(
            "+ {edge}: noted. It may begin new epochs again; it calls by itself within half a minute.\n\
             \x20   Next: `holdfast status` shows whether it has caught up\n"
        ),
        Language::Chinese => format!(
            "+ {edge}：已知悉，可再次开始新的一代；它会在半分钟内自动连接。\n\
             \x20   下一步：运行 `holdfast status` 查看同步是否完成\n"
        ),
    }
}
