//! Mails a code to a person who forgot their password, with their user name, which they may have
//! forgotten too.
//!
//! Invariant: the mail goes only to the account's confirmed address.

use platform::{
    documents::{Document, DocumentsError},
    upstream::UpstreamError,
};
use serde::Deserialize;
use texts::Sentence;
use wire::{Language, UnixMillis};

use crate::{
    code_mails::{CodeMail, join_languages, retry_later},
    delivery::{NotificationDispatcher, final_result},
    say,
    store::{DeliveryResult, DeliveryState, NotificationDelivery},
};

const CODES: &str = "/internal/password-codes";
/// The portal page for codes. Name and code follow the `#`, so no server sees them.
const PAGE: &str = "/sign-in/forgot#";
const MINUTE_MS: i64 = 60 * 1000;

/// Auth's reply: all `null` if the account gets no code by mail.
#[derive(Deserialize)]
struct PasswordCodeReply {
    email: Option<String>,
    username: Option<String>,
    code: Option<String>,
    expires_at: Option<UnixMillis>,
}

impl NotificationDispatcher {
    pub async fn send_password_code(
        &self,
        due: &Document<NotificationDelivery>,
        now: UnixMillis,
    ) -> Result<DeliveryResult, DocumentsError> {
        let languages = self.languages_of(due.body.user_id).await?;
        let reply: Result<PasswordCodeReply, UpstreamError> =
            self.fetch_code(CODES, due.body.user_id).await;
        let (to, username, code, expires_at) = match reply {
            Ok(PasswordCodeReply {
                email: Some(email),
                username: Some(username),
                code: Some(code),
                expires_at: Some(expires_at),
            }) => (email, username, code, expires_at),
            Ok(_) => {
                let why = "nobody has confirmed the address, or an admin's code is valid";
                return Ok(final_result(DeliveryState::Dropped, None, Some(why.into())));
            }
            Err(error) => return Ok(retry_later(&due.body, now, &error)),
        };
        let minutes = u64::try_from(expires_at.ms_since(now) / MINUTE_MS).unwrap_or_default();
        // Neither a user name nor a code has a letter that a link must escape.
        let link = self.portal_link(&format!("{PAGE}{username}:{code}"));
        let (subject, text) = join_languages(
            &languages,
            |language| say::password_subject.render_in(language),
            |language| render_paragraphs(language, &username, &code, minutes, link.as_deref()),
        );
        let mail = CodeMail { to, subject, text };
        Ok(self.send_code_mail(&due.body, mail, now).await)
    }
}

fn render_paragraphs(
    language: Language,
    username: &str,
    code: &str,
    minutes: u64,
    link: Option<&str>,
) -> [Option<String>; 3] {
    let code = say::password_code {
        name: username.into(),
        code: code.into(),
        minutes: minutes.into(),
    }
    .render_in(language);
    let set = link.map(|link| say::password_link { link: link.into() }.render_in(language));
    let not_you = say::password_not_you.render_in(language);
    [Some(code), set, Some(not_you)]
}
