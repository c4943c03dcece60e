//! `holdfast enrol`: issues a one-time code with the command that uses it, and withdraws codes.

use std::net::IpAddr;

use http::Uri;
use serde::Deserialize;
use serde_json::json;
use wire::{Code, EdgeId, Region, UnixMillis};

use crate::{
    age, edges,
    exit::Result,
    find::require_found,
    gateway::{Gateway, none_if_not_found},
    run::CommandOutput,
    say,
};

#[derive(Deserialize)]
struct EnrolmentInvitation {
    code: String,
    expires_at: UnixMillis,
}

/// Returns the hub's answer with the command for the edge's machine.
pub async fn run(gateway: &Gateway, region: Region, edge_id: &EdgeId) -> Result<CommandOutput> {
    let before = edges::find_edge(gateway, edge_id).await?;
    let voids_earlier_code = before.is_some_and(|item| item.code_expires_at.is_some());
    let body = json!({"edge": edge_id, "region": region});
    let mut answer = gateway
        .post_json("/api/v1/admin/edges", Some(&body))
        .await
        .map_err(|failure| {
            let exists = say::enrol_exists {
                name: edge_id.into(),
            };
            match failure.code {
                Some(Code::EdgeExists) => failure.with_sentence(&gateway.style, exists),
                _ => failure,
            }
        })?;
    let EnrolmentInvitation { code, expires_at } =
        EnrolmentInvitation::deserialize(&answer).map_err(|_| gateway.unreadable_failure())?;
    let command = build_edge_command(&gateway.url, region, edge_id, &code);
    answer["command"] = json!(command.join(" "));
    answer["only_on_this_machine"] = json!(is_only_here(&gateway.url));
    answer["voids_earlier_code"] = json!(voids_earlier_code);
    Ok(CommandOutput::new(
        &gateway.style,
        || answer,
        || render_invitation(gateway, edge_id, expires_at, &command, voids_earlier_code),
    ))
}

fn render_invitation(
    gateway: &Gateway,
    edge_id: &EdgeId,
    expires_at: UnixMillis,
    command: &[String],
    voids_earlier_code: bool,
) -> String {
    let look = &gateway.style;
    let invited = look.translate(say::enrol_invited {
        name: edge_id.into(),
        until: age::format_moment(expires_at).into(),
    });
    let voided = match voids_earlier_code {
        true => format!("  {}\n", look.translate(say::enrol_voids_code)),
        false => String::new(),
    };
    let next = look.format_next_step(say::enrol_next.text_in(look.language));
    // A terminal breaks long lines anywhere; a backslash lets the shell continue them.
    let between = if look.width.is_some() { " \\\n" } else { " " };
    let command = command.join(between);
    let warning = if is_only_here(&gateway.url) {
        format!("  {}\n", look.translate(say::enrol_only_here))
    } else if gateway.url.starts_with("http://") {
        format!("  {}\n", look.translate(say::enrol_plain_line))
    } else {
        String::new()
    };
    format!("{invited}\n\n{command}\n\n{voided}{warning}    {next}\n")
}

/// Forgets an unused code and its edge.
pub async fn withdraw_code(gateway: &Gateway, edge: &EdgeId) -> Result<CommandOutput> {
    let answer = none_if_not_found(
        gateway
            .delete(&format!("/api/v1/admin/edges/{edge}/code"))
            .await,
    )?;
    let answer = require_found(
        answer,
        say::unknown_edge { edge: edge.into() },
        &gateway.style,
    )?;
    Ok(CommandOutput::from_answer(
        gateway,
        answer,
        say::code_withdrawn { edge: edge.into() },
    ))
}

/// True if the address works only on this machine.
fn is_only_here(gateway: &str) -> bool {
    let uri = gateway.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

/// Passes the code through the environment: every user of a machine can read its command lines.
/// Tablets are other machines, so the edge listens on all addresses.
fn build_edge_command(gateway: &str, region: Region, edge_id: &EdgeId, code: &str) -> Vec<String> {
    vec![
        format!("HOLDFAST__EDGE__ENROLMENT_CODE={code}"),
        format!("HOLDFAST__EDGE__NAME={edge_id}"),
        format!("HOLDFAST__EDGE__REGION={region}"),
        format!("HOLDFAST__EDGE__GATEWAY_URL={gateway}"),
        format!("HOLDFAST__EDGE__DATA=/var/lib/holdfast/{edge_id}"),
        "HOLDFAST__EDGE__HTTP_BIND=0.0.0.0:8100".to_owned(),
        "HOLDFAST__EDGE__MQTT_BIND=0.0.0.0:8101".to_owned(),
        "HOLDFAST__EDGE__WS_BIND=0.0.0.0:8102".to_owned(),
        "holdfast-edge".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_this_machine_alone_is_known_as_one() {
        for here in [
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://[::1]:8080",
            "http://0.0.0.0:1",
        ] {
            assert!(is_only_here(here), "{here}");
        }
        for elsewhere in [
            "http://10.0.0.5:8080",
            "https://holdfast.example",
            "http://gateway:8080",
        ] {
            assert!(!is_only_here(elsewhere), "{elsewhere}");
        }
    }
}
