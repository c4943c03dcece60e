//! `holdfast keys`: the keys that sign access tokens, their schedule and rotation.

use clap::Subcommand;
use serde::Deserialize;
use serde_json::{Value, json};
use wire::UnixMillis;

use crate::{
    gateway::{Gateway, ListPage, none_if_not_found, require_found},
    layout::{NarrowTableRules, TableCell, render_table},
    output::{CommandOutput, Result},
    say,
    style::{self, OutputStyle, TextTone},
};

#[derive(Debug, Subcommand)]
pub enum KeysAction {
    Rotate {
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    Kill {
        #[arg(value_name = "KEY")]
        kid: String,
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
}

/// Drops MADE, then TRUSTED FROM.
const FORM: NarrowTableRules = NarrowTableRules {
    sheds: &[2, 3],
    ends_with_sentence: false,
};

const PATH: &str = "/api/v1/admin/keys";

#[derive(Deserialize)]
struct SigningKey {
    kid: String,
    state: String,
    made_at: UnixMillis,
    trusted_from: UnixMillis,
    signs_from: UnixMillis,
    signed_until: Option<UnixMillis>,
}

pub(crate) async fn run_keys_action(
    gateway: &Gateway,
    action: Option<&KeysAction>,
) -> Result<CommandOutput> {
    let answer: Value = match action {
        None => gateway.get(PATH).await?,
        Some(KeysAction::Rotate { why }) => {
            gateway
                .post_json(&format!("{PATH}/rotate"), Some(&json!({"reason": why})))
                .await?
        }
        Some(KeysAction::Kill { kid, why }) => {
            let form = json!({"kid": kid, "reason": why});
            let answer = none_if_not_found(
                gateway
                    .post_json(&format!("{PATH}/kill"), Some(&form))
                    .await,
            )?;
            require_found(answer, say::unknown_key { kid: kid.into() }, &gateway.style)?
        }
    };
    let page: ListPage<SigningKey> =
        ListPage::deserialize(&answer).map_err(|_| gateway.unreadable_failure())?;
    let present = page.items.iter().find(|key| key.state == "present");
    let present = present
        .map(|key| key.kid.clone())
        .unwrap_or_default()
        .into();
    let style = &gateway.style;
    Ok(match action {
        None => CommandOutput::new(style, || answer, || render_keys(&page.items, style)),
        Some(KeysAction::Rotate { .. }) => {
            CommandOutput::from_answer(&gateway.style, answer, say::keys_rotated { present })
        }
        Some(KeysAction::Kill { kid, .. }) => {
            let kid = kid.into();
            CommandOutput::from_answer(&gateway.style, answer, say::keys_killed { kid, present })
        }
    })
}

fn render_keys(keys: &[SigningKey], style: &OutputStyle) -> String {
    let rows = keys.iter().map(|key| {
        vec![
            TableCell::new(&key.kid),
            state_cell(key, style),
            TableCell::new(style::format_moment(key.made_at)),
            TableCell::new(style::format_moment(key.trusted_from)),
            TableCell::new(style::format_moment(key.signs_from)),
            TableCell::or_dash(key.signed_until.map(style::format_moment)),
        ]
    });
    render_table(say::keys_columns.text_in(style.language), FORM, rows, style)
}

fn state_cell(key: &SigningKey, style: &OutputStyle) -> TableCell {
    let word = style.translate(say::key_state {
        state: (&key.state).into(),
    });
    match key.state.as_str() {
        "present" => TableCell::with_tone(TextTone::Good, format!("* {word}")),
        "killed" => TableCell::with_tone(TextTone::Bad, format!("x {word}")),
        "former" => TableCell::with_tone(TextTone::Quiet, word),
        _ => TableCell::new(word),
    }
}

#[cfg(test)]
mod tests {
    use wire::Language;

    use super::*;

    #[test]
    fn each_key_is_named_with_its_state_and_its_moments() {
        let key = |kid: &str, state: &str, until: Option<&str>| {
            serde_json::from_value(json!({
                "kid": kid, "state": state, "made_at": "2025-11-01T00:00:00Z",
                "trusted_from": "2025-11-02T00:00:00Z", "signs_from": "2025-11-03T00:00:00Z",
                "signed_until": until,
            }))
            .unwrap()
        };
        let keys = [
            key("b2", "next", None),
            key("a1", "killed", Some("2025-11-20T00:00:00Z")),
            key("a0", "of a later version", None),
        ];
        let text = render_keys(&keys, &OutputStyle::for_pipe(Language::English));
        let lines: Vec<&str> = text.lines().collect();
        let moments =
            "2025-11-01 00:00:00.000Z\t2025-11-02 00:00:00.000Z\t2025-11-03 00:00:00.000Z";
        assert_eq!(lines[1], format!("b2\tnext\t{moments}\t-"));
        assert_eq!(
            lines[2],
            format!("a1\tx killed\t{moments}\t2025-11-20 00:00:00.000Z")
        );
        assert_eq!(lines[3], format!("a0\tof a later version\t{moments}\t-"));
    }
}
