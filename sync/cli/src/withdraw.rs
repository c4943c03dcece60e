//! `holdfast withdraw`: reopens all jobs of one provider, with a reason on record.

use serde::Deserialize;
use serde_json::{Value, json};
use texts::Sentence;
use wire::{UserId, WithdrawnJob, WithdrawnJobs};

use crate::{
    gateway::{Gateway, none_if_not_found, require_found},
    layout::replace_control_chars,
    output::{CommandOutput, Result},
    say,
    style::OutputStyle,
};

#[derive(Deserialize)]
struct ListedPerson {
    user_id: UserId,
    username: String,
}

/// `name` is a user name or an id.
pub(crate) async fn withdraw_jobs(
    gateway: &Gateway,
    name: &str,
    why: &str,
) -> Result<CommandOutput> {
    let style = &gateway.style;
    let person = require_found(
        find_person(gateway, name).await?,
        unknown_person(name),
        style,
    )?;
    let path = format!("/api/v1/admin/providers/{person}/withdrawals");
    let answer = none_if_not_found(
        gateway
            .post_json(&path, Some(&json!({"reason": why})))
            .await,
    )?;
    let answer: Value = require_found(answer, unknown_person(name), style)?;
    let done = WithdrawnJobs::deserialize(&answer).map_err(|_| gateway.unreadable_failure())?;
    Ok(CommandOutput::new(
        style,
        || answer,
        || render_withdrawal(&done, style),
    ))
}

fn unknown_person(name: &str) -> impl Sentence {
    say::unknown_person {
        person: replace_control_chars(name).into(),
    }
}

async fn find_person(gateway: &Gateway, name: &str) -> Result<Option<UserId>> {
    if let Ok(id) = name.parse() {
        return Ok(Some(id));
    }
    // As at sign-in: ignores case and allows no other characters.
    let name = name.trim().to_ascii_lowercase();
    if name.is_empty() || !name.bytes().all(is_name_byte) {
        return Ok(None);
    }
    // Names with this prefix come in order, so an exact match is first.
    let path = format!("/api/v1/admin/users?search={name}&");
    let people: Vec<ListedPerson> = gateway.list_first(&path, 1).await?;
    let found = people.into_iter().find(|person| person.username == name);
    Ok(found.map(|person| person.user_id))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
}

fn render_withdrawal(done: &WithdrawnJobs, style: &OutputStyle) -> String {
    let WithdrawnJobs { items, more } = done;
    let mut lines: Vec<String> = items.iter().map(|job| describe_job(job, style)).collect();
    if items.is_empty() {
        lines.push(style.translate(say::withdraw_none));
    }
    if *more {
        lines.push(style.translate(say::withdraw_more));
    }
    lines.join("\n") + "\n"
}

fn describe_job(job: &WithdrawnJob, style: &OutputStyle) -> String {
    let order = match &job.order_code {
        Some(code) => code.to_string(),
        None => job.order_id.to_string(),
    };
    let order = order.into();
    match job.code {
        None => style.translate(say::withdraw_done { order }),
        Some(code) => style.translate(say::withdraw_not {
            order,
            why: code.sentence_in(style.language).into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use wire::{Code, Language, OrderCode, OrderId, Region};

    use super::*;

    #[test]
    fn each_job_is_named_with_what_became_of_it() {
        let job = |n, code| {
            let order_id = OrderId(uuid::Uuid::from_u128(n));
            WithdrawnJob {
                order_id,
                order_code: Some(OrderCode::from_order_id(Region::North, order_id)),
                code,
            }
        };
        let items = vec![job(1, None), job(2, Some(Code::WrongState))];
        let style = OutputStyle::for_pipe(Language::English);
        let text = render_withdrawal(&WithdrawnJobs { items, more: true }, &style);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.contains("does not allow this"), "{text}");
        let none = render_withdrawal(
            &WithdrawnJobs {
                items: Vec::new(),
                more: false,
            },
            &style,
        );
        assert_eq!(none.lines().count(), 1, "{none}");
    }
}
