//! Owns `holdfast enrol`: a one-time code for a new edge, and the command that uses it on its machine.

use std::net::IpAddr;

use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};
use wire::{EdgeId, Language, Region, UnixMillis};

use crate::{age, exit::Failure, gateway::Gateway, look::Look};

#[derive(Deserialize)]
struct Invited {
    code: String,
    expires_at: UnixMillis,
}

/// The hub's answer, with the command to run.
pub async fn run(gateway: &Gateway, region: Region, name: &EdgeId) -> Result<Value, Failure> {
    let asked = json!({"edge": name, "region": region});
    let mut answer: Value = gateway.send("/api/v1/admin/edges", &asked).await?;
    let Invited { code, .. } =
        Invited::deserialize(&answer).map_err(|error| gateway.unreadable(&error))?;
    answer["command"] = json!(command(gateway.url(), region, name, &code));
    answer["only_on_this_machine"] = json!(is_only_here(gateway.url()));
    Ok(answer)
}

/// Whether nobody reaches that address from another machine.
fn is_only_here(gateway: &str) -> bool {
    let uri = gateway.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

/// The code goes through the environment: what stands on a command line is seen by everybody there.
/// Tablets are other machines, so the edge listens on every address of its own.
fn command(gateway: &str, region: Region, name: &EdgeId, code: &str) -> String {
    [
        format!("HOLDFAST__EDGE__ENROLMENT_CODE={code}"),
        format!("HOLDFAST__EDGE__NAME={name}"),
        format!("HOLDFAST__EDGE__REGION={region}"),
        format!("HOLDFAST__EDGE__GATEWAY_URL={gateway}"),
        format!("HOLDFAST__EDGE__DATA=/var/lib/holdfast/{name}"),
        "HOLDFAST__EDGE__HTTP_BIND=0.0.0.0:8100".to_owned(),
        "HOLDFAST__EDGE__MQTT_BIND=0.0.0.0:8101".to_owned(),
        "HOLDFAST__EDGE__WS_BIND=0.0.0.0:8102".to_owned(),
        "holdfast-edge".to_owned(),
    ]
    .join(" ")
}

fn only_here<'a>(look: &Look) -> &'a str {
    look.pick(
        "  ! That GATEWAY_URL is known to this machine only: for an edge on another one, put in the \
         address under which it reaches the gateway.\n",
        "  ! 上面的 GATEWAY_URL 仅在本机有效：若节点在另一台机器上，请改为从那里可访问的网关地址。\n",
    )
}

pub fn render(answer: &Value, name: &EdgeId, look: &Look) -> serde_json::Result<String> {
    let Invited { expires_at, .. } = Invited::deserialize(answer)?;
    let until = age::moment(expires_at);
    let command = answer["command"].as_str().unwrap_or_default();
    let warning = if answer["only_on_this_machine"] == true { only_here(look) } else { "" };
    Ok(match look.language {
        Language::English => format!(
            "+ {name} may enrol once, until {until}. The code is shown only now.\n\
             \x20   Run this on the new machine:\n\n{command}\n\n{warning}\
             \x20   Next: `holdfast wait --for links-up` ends when it is connected. From then on it needs \
             no code.\n"
        ),
        Language::Chinese => format!(
            "+ {name} 可登记一次，有效期至 {until}。登记码仅此时显示。\n\
             \x20   在新机器上运行：\n\n{command}\n\n{warning}\
             \x20   下一步：`holdfast wait --for links-up` 会在其连通时结束；此后不再需要登记码。\n"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_this_machine_alone_is_known_as_one() {
        for here in
            ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:8080", "http://0.0.0.0:1"]
        {
            assert!(is_only_here(here), "{here}");
        }
        for elsewhere in ["http://10.0.0.5:8080", "https://holdfast.example", "http://gateway:8080"]
        {
            assert!(!is_only_here(elsewhere), "{elsewhere}");
        }
    }
}
