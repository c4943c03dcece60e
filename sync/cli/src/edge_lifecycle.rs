//! An edge from its first code to its retirement: `holdfast enrol`, `edges disable`, `rekey`,
//! `rotate`, `retire` and `record`, and `readmit` after a restore.

use std::net::IpAddr;

use clap::Subcommand;
use http::Uri;
use process::{clock::Clock, qr::QrCode};
use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Code, EdgeId, Language, Region, UnixMillis, UserId};

use crate::{
    edges,
    gateway::{Gateway, ListPage, none_if_not_found, require_found},
    layout::{NarrowTableRules, TableCell, render_table},
    output::{CommandOutput, Result},
    say,
    style::{self, OutputStyle, TextTone},
    values::{self, PastMoment},
};

#[derive(Debug, Subcommand)]
pub enum EnrolAction {
    Withdraw { edge: EdgeId },
}

#[derive(Debug, Subcommand)]
pub enum EdgesAction {
    Disable {
        edge: EdgeId,
        #[arg(long, value_name = "MOMENT", value_parser = values::moment_parser(Language::English))]
        since: PastMoment,
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    Rekey {
        edge: EdgeId,
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
    Rotate {
        edge: EdgeId,
    },
    Retire {
        edge: EdgeId,
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    Record {
        edge: EdgeId,
    },
    Ca,
}

#[derive(Deserialize)]
struct EnrolmentInvitation {
    code: String,
    expires_at: UnixMillis,
}

/// Returns the hub's answer with the command for the edge's machine.
pub(crate) async fn enrol_edge(
    gateway: &Gateway,
    region: Region,
    edge_id: &EdgeId,
) -> Result<CommandOutput> {
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
        || {
            let package = render_package_command(gateway, region, edge_id, &code);
            render_invitation(
                gateway,
                edge_id,
                expires_at,
                &command,
                &package,
                voids_earlier_code,
            )
        },
    ))
}

fn render_invitation(
    gateway: &Gateway,
    edge_id: &EdgeId,
    expires_at: UnixMillis,
    command: &[String],
    package: &str,
    voids_earlier_code: bool,
) -> String {
    let style = &gateway.style;
    let invited = style.translate(say::enrol_invited {
        name: edge_id.into(),
        until: style::format_moment(expires_at).into(),
    });
    let voided = match voids_earlier_code {
        true => format!("  {}\n", style.translate(say::enrol_voids_code)),
        false => String::new(),
    };
    let next = style.format_next_step(say::enrol_next.text_in(style.language));
    let command = join_command(command, style);
    let warning = if is_only_here(&gateway.url) {
        format!("  {}\n", style.translate(say::enrol_only_here))
    } else if gateway.url.starts_with("http://") {
        format!("  {}\n", style.translate(say::enrol_plain_line))
    } else {
        String::new()
    };
    let page = render_trust_page(edge_id, style);
    format!("{invited}\n\n{command}\n\n{package}\n\n{voided}{warning}{page}    {next}\n")
}

/// For a machine with the Debian package, which asks for the code.
fn render_package_command(
    gateway: &Gateway,
    region: Region,
    edge_id: &EdgeId,
    code: &str,
) -> String {
    let style = &gateway.style;
    let told = style.translate(say::enrol_package { code: code.into() });
    let command = [
        format!("sudo holdfast-box set-up {edge_id} {region}"),
        gateway.url.clone(),
    ];
    format!("{told}\n\n{}", join_command(&command, style))
}

/// A terminal breaks long lines anywhere; a backslash lets the shell continue them.
fn join_command(words: &[String], style: &OutputStyle) -> String {
    words.join(if style.width.is_some() { " \\\n" } else { " " })
}

/// The address of the edge's page in the clear, and on a terminal its QR code: a tablet beside the
/// operator scans it.
fn render_trust_page(edge_id: &EdgeId, style: &OutputStyle) -> String {
    let address = format!("http://{edge_id}.local/trust");
    let told = style.translate(say::enrol_trust_page {
        address: address.as_str().into(),
    });
    let lines = match QrCode::encode(&address) {
        // Without colour the code might come out inverted.
        Some(code) if style.colour => code.to_terminal(),
        Some(_) | None => return format!("  {told}\n"),
    };
    let lines = lines.iter();
    let image: String = lines
        .map(|line| format!("  {}\n", style.paint(TextTone::WhiteOnBlack, line)))
        .collect();
    format!("  {told}\n\n{image}\n")
}

/// Forgets an unused code and its edge.
pub(crate) async fn withdraw_code(gateway: &Gateway, edge: &EdgeId) -> Result<CommandOutput> {
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
        &gateway.style,
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
        "HOLDFAST__EDGE__HTTP_BIND=0.0.0.0:8443".to_owned(),
        "HOLDFAST__EDGE__MQTT_BIND=0.0.0.0:8883".to_owned(),
        "HOLDFAST__EDGE__TRUST_BIND=0.0.0.0:80".to_owned(),
        "holdfast-edge".to_owned(),
    ]
}

/// The last column is the operator's own text. Drops BY first.
const FORM: NarrowTableRules = NarrowTableRules {
    sheds: &[3],
    ends_with_sentence: true,
};

#[derive(Deserialize)]
struct DisabledEdge {
    cases: u64,
    settled: bool,
    undecided: u64,
    not_received: u64,
}

#[derive(Deserialize)]
struct NewKeyCode {
    code: String,
    expires_at: UnixMillis,
}

#[derive(Deserialize)]
struct EdgeActItem {
    at: UnixMillis,
    act: String,
    made_by: UserId,
    since: Option<UnixMillis>,
    why: Option<String>,
}

pub(crate) async fn run_edges_action(
    gateway: &Gateway,
    action: &EdgesAction,
) -> Result<CommandOutput> {
    match action {
        EdgesAction::Disable { edge, since, why } => {
            let since = since.resolve_at(Clock::system().now());
            let form = json!({"since": since, "why": why});
            let (answer, done) = take_out_of_service(gateway, edge, "disabling", &form).await?;
            let DisabledEdge {
                cases,
                settled,
                undecided,
                ..
            } = done;
            let edge = edge.into();
            let since = style::format_moment(since).into();
            let settled = if settled { "yes" } else { "no" }.into();
            let sentence = say::edge_is_disabled {
                edge,
                since,
                cases,
                undecided,
                settled,
            };
            Ok(CommandOutput::from_answer(&gateway.style, answer, sentence))
        }
        EdgesAction::Retire { edge, why } => {
            let form = json!({"why": why});
            let (answer, done) = take_out_of_service(gateway, edge, "retirement", &form).await?;
            let undecided = done.undecided;
            let not_received = done.not_received;
            let sentence = say::edge_is_retired {
                edge: edge.into(),
                undecided,
                not_received,
            };
            Ok(CommandOutput::from_answer(&gateway.style, answer, sentence))
        }
        EdgesAction::Rekey { edge, why } => {
            issue_key_code(gateway, edge, false, why.as_deref()).await
        }
        EdgesAction::Rotate { edge } => issue_key_code(gateway, edge, true, None).await,
        EdgesAction::Record { edge } => show_record(gateway, edge).await,
        EdgesAction::Ca => edges::show_ca(gateway).await,
    }
}

async fn take_out_of_service(
    gateway: &Gateway,
    edge: &EdgeId,
    act: &str,
    form: &Value,
) -> Result<(Value, DisabledEdge)> {
    let answer = none_if_not_found(
        gateway
            .post_json(&format!("/api/v1/admin/edges/{edge}/{act}"), Some(form))
            .await,
    )?;
    let answer = require_found(
        answer,
        say::edge_not_in_service { edge: edge.into() },
        &gateway.style,
    )?;
    let done = DisabledEdge::deserialize(&answer).map_err(|_| gateway.unreadable_failure())?;
    Ok((answer, done))
}

/// The operator restarts the edge with the new code.
async fn issue_key_code(
    gateway: &Gateway,
    edge: &EdgeId,
    keep_old: bool,
    why: Option<&str>,
) -> Result<CommandOutput> {
    let before = edges::find_edge(gateway, edge).await?;
    let is_disabled = before
        .as_ref()
        .is_some_and(|item| item.disabled_at.is_some());
    let form = json!({"keep_old": keep_old, "why": why});
    let answer = none_if_not_found(
        gateway
            .post_json(&format!("/api/v1/admin/edges/{edge}/key"), Some(&form))
            .await,
    )?;
    let answer = require_found(
        answer,
        say::unknown_edge { edge: edge.into() },
        &gateway.style,
    )?;
    let NewKeyCode { code, expires_at } =
        NewKeyCode::deserialize(&answer).map_err(|_| gateway.unreadable_failure())?;
    let old_key = match (is_disabled, keep_old) {
        (true, _) => "disabled",
        (false, true) => "kept",
        (false, false) => "refused",
    };
    let style = &gateway.style;
    let told = style.translate(say::edge_gets_a_key {
        edge: edge.into(),
        until: style::format_moment(expires_at).into(),
        old: old_key.into(),
    });
    let next = style.format_next_step(say::edge_key_next.text_in(style.language));
    let package = match before {
        Some(item) => render_package_command(gateway, item.region, edge, &code) + "\n\n",
        None => String::new(),
    };
    let text = format!("{told}\n\nHOLDFAST__EDGE__ENROLMENT_CODE={code}\n\n{package}    {next}\n");
    Ok(CommandOutput::new(style, || answer.clone(), || text))
}

async fn show_record(gateway: &Gateway, edge: &EdgeId) -> Result<CommandOutput> {
    let answer: Value = gateway
        .get(&format!("/api/v1/admin/edges/{edge}/acts"))
        .await?;
    let page: ListPage<EdgeActItem> =
        ListPage::deserialize(&answer).map_err(|_| gateway.unreadable_failure())?;
    Ok(CommandOutput::new(
        &gateway.style,
        || answer.clone(),
        || render_acts(&page.items, &gateway.style),
    ))
}

fn render_acts(acts: &[EdgeActItem], style: &OutputStyle) -> String {
    if acts.is_empty() {
        return style.translate(say::edge_record_none) + "\n";
    }
    let rows = acts.iter().map(|act| {
        vec![
            TableCell::new(style::format_moment(act.at)),
            TableCell::new(style.translate(say::edge_act {
                act: (&act.act).into(),
            })),
            TableCell::or_dash(act.since.map(style::format_moment)),
            TableCell::new(act.made_by),
            TableCell::or_dash(act.why.as_ref()),
        ]
    });
    render_table(
        say::edge_record_columns.text_in(style.language),
        FORM,
        rows,
        style,
    )
}

/// Records that an operator noted the restored edge.
pub(crate) async fn readmit_edge(gateway: &Gateway, edge: &EdgeId) -> Result<CommandOutput> {
    let before = edges::find_edge(gateway, edge).await?;
    let answer = gateway
        .post_json(&format!("/api/v1/admin/edges/{edge}/readmit"), None)
        .await;
    let unknown = say::unknown_edge { edge: edge.into() };
    let answer = require_found(none_if_not_found(answer)?, unknown, &gateway.style)?;
    let was_well = before.is_some_and(|item| {
        item.status.quarantine.is_none() && item.status.needs_operator_at.is_none()
    });
    let edge = edge.into();
    Ok(match was_well {
        true => {
            CommandOutput::from_answer(&gateway.style, answer, say::readmitted_nothing { edge })
        }
        false => CommandOutput::from_answer(&gateway.style, answer, say::readmitted { edge }),
    })
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
