//! `holdfast keys`: the keys that sign access tokens, their schedule and rotation.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::UnixMillis;

use crate::{
    age,
    args::KeysAction,
    exit::Result,
    find::known,
    gateway::{Gateway, ListPage, absent},
    look::{Look, Tone},
    run::CommandOutput,
    say,
    table::{Cell, TableForm, table},
};

/// Drops MADE, then TRUSTED FROM.
const FORM: TableForm = TableForm { sheds: &[2, 3], ends_with_sentence: false };
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

pub async fn run(gateway: &Gateway, action: Option<&KeysAction>) -> Result<CommandOutput> {
    let answer: Value = match action {
        None => gateway.get(PATH).await?,
        Some(KeysAction::Rotate { why }) => {
            gateway.post(&format!("{PATH}/rotate"), Some(&json!({"reason": why}))).await?
        }
        Some(KeysAction::Kill { kid, why }) => {
            let form = json!({"kid": kid, "reason": why});
            let answer = absent(gateway.post(&format!("{PATH}/kill"), Some(&form)).await)?;
            known(answer, say::unknown_key { kid: kid.into() }, &gateway.look)?
        }
    };
    let page: ListPage<SigningKey> =
        ListPage::deserialize(&answer).map_err(|_| gateway.unreadable())?;
    let present = page.items.iter().find(|key| key.state == "present");
    let present = present.map(|key| key.kid.clone()).unwrap_or_default().into();
    let look = &gateway.look;
    Ok(match action {
        None => CommandOutput::new(look, || answer, || render(&page.items, look)),
        Some(KeysAction::Rotate { .. }) => {
            CommandOutput::done(gateway, answer, say::keys_rotated { present })
        }
        Some(KeysAction::Kill { kid, .. }) => {
            let kid = kid.into();
            CommandOutput::done(gateway, answer, say::keys_killed { kid, present })
        }
    })
}

fn render(keys: &[SigningKey], look: &Look) -> String {
    let rows = keys.iter().map(|key| {
        vec![
            Cell::new(&key.kid),
            state(key, look),
            Cell::new(age::moment(key.made_at)),
            Cell::new(age::moment(key.trusted_from)),
            Cell::new(age::moment(key.signs_from)),
            Cell::or_dash(key.signed_until.map(age::moment)),
        ]
    });
    table(say::keys_columns.plain(look.language), FORM, rows, look)
}

fn state(key: &SigningKey, look: &Look) -> Cell {
    let word = look.say(say::key_state { state: (&key.state).into() });
    match key.state.as_str() {
        "present" => Cell::toned(Tone::Good, format!("* {word}")),
        "killed" => Cell::toned(Tone::Bad, format!("x {word}")),
        "former" => Cell::toned(Tone::Quiet, word),
        _ => Cell::new(word),
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
        let text = render(&keys, &Look::plain(Language::English));
        let lines: Vec<&str> = text.lines().collect();
        let moments =
            "2025-11-01 00:00:00.000Z\t2025-11-02 00:00:00.000Z\t2025-11-03 00:00:00.000Z";
        assert_eq!(lines[1], format!("b2\tnext\t{moments}\t-"));
        assert_eq!(lines[2], format!("a1\tx killed\t{moments}\t2025-11-20 00:00:00.000Z"));
        assert_eq!(lines[3], format!("a0\tof a later version\t{moments}\t-"));
    }
}
