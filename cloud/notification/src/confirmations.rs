//! Mails a confirmation code to an unconfirmed address, or warns its owner that a new account was
//! registered with it.
//!
//! Invariants: the mail goes only to that address. It reveals nothing about the account except its
//! existence; an owner also sees their account's name. A new address gets no code until the warning
//! mail to the current address has ended.

use platform::{
    documents::{Document, DocumentsError},
    upstream::UpstreamError,
};
use serde::Deserialize;
use texts::Sentence;
use wire::{EventId, Language, UnixMillis};

use crate::{
    code_mails::{CodeMail, join_languages, retry_later},
    delivery::{NotificationDispatcher, final_result, retry_or_give_up},
    say,
    store::{DeliveryResult, DeliveryState, NotificationDelivery},
};

const CODES: &str = "/internal/address-codes";
/// The portal page for codes. The code follows the `#`, so no server sees it.
const PAGE: &str = "/confirm-address#";
const SIGN_IN_PAGE: &str = "/sign-in";
const HOUR_MS: i64 = 60 * 60 * 1000;

/// Auth's reply: all `null` if no address awaits confirmation.
#[derive(Deserialize)]
struct AddressCodeReply {
    email: Option<String>,
    code: Option<String>,
    expires_at: Option<UnixMillis>,
    /// The account that already owns the address. Excludes a code.
    #[serde(default)]
    owner: Option<String>,
    /// The event that requested another address.
    wish: Option<EventId>,
}

impl NotificationDispatcher {
    pub async fn send_confirmation(
        &self,
        due: &Document<NotificationDelivery>,
        now: UnixMillis,
    ) -> Result<DeliveryResult, DocumentsError> {
        let languages = self.languages_of(due.body.user_id).await?;
        let reply: Result<AddressCodeReply, UpstreamError> =
            self.fetch_code(CODES, due.body.user_id).await;
        let (to, (subject, text), wish) = match reply {
            Ok(AddressCodeReply {
                email: Some(email),
                owner: Some(owner),
                ..
            }) => (email, self.render_owner_mail(&languages, &owner), None),
            Ok(AddressCodeReply {
                email: Some(email),
                code: Some(code),
                expires_at: Some(at),
                wish,
                ..
            }) => (
                email,
                self.render_code_mail(&languages, &code, at.ms_since(now)),
                wish,
            ),
            Ok(_) => {
                let why = "nothing waits to be confirmed".to_owned();
                return Ok(final_result(DeliveryState::Dropped, None, Some(why)));
            }
            Err(error) => return Ok(retry_later(&due.body, now, &error)),
        };
        if let Some(wish) = wish
            && !self
                .delivery_store
                .has_mail_ended(due.body.user_id, wish)
                .await?
        {
            // If the new address were confirmed first, it would get the warning.
            let why = "the address in force has not been warned yet".to_owned();
            return Ok(retry_or_give_up(&due.body, now, None, why));
        }
        let mail = CodeMail { to, subject, text };
        Ok(self.send_code_mail(&due.body, mail, now).await)
    }

    /// Subject and text for an owner whose address was used for a new account.
    fn render_owner_mail(&self, languages: &[Language], owner: &str) -> (String, String) {
        let link = self.portal_link(SIGN_IN_PAGE);
        join_languages(
            languages,
            |language| say::known_subject.render_in(language),
            |language| render_owner_paragraphs(language, owner, link.as_deref()),
        )
    }

    /// Subject and text of a code mail, in each language.
    fn render_code_mail(
        &self,
        languages: &[Language],
        code: &str,
        left_ms: i64,
    ) -> (String, String) {
        let hours = u64::try_from(left_ms / HOUR_MS).unwrap_or_default();
        let link = self.portal_link(&format!("{PAGE}{code}"));
        join_languages(
            languages,
            |language| say::confirm_subject.render_in(language),
            |language| render_code_paragraphs(language, code, hours, link.as_deref()),
        )
    }
}

fn render_owner_paragraphs(
    language: Language,
    owner: &str,
    link: Option<&str>,
) -> [Option<String>; 3] {
    let known = say::known_owner { name: owner.into() }.render_in(language);
    let sign_in = link.map(|link| say::known_sign_in { link: link.into() }.render_in(language));
    let not_you = say::known_not_you.render_in(language);
    [Some(known), sign_in, Some(not_you)]
}

fn render_code_paragraphs(
    language: Language,
    code: &str,
    hours: u64,
    link: Option<&str>,
) -> [Option<String>; 3] {
    let confirm = say::confirm_code {
        code: code.into(),
        hours: hours.into(),
    }
    .render_in(language);
    let open = link.map(|link| say::confirm_link { link: link.into() }.render_in(language));
    let not_you = say::confirm_not_you.render_in(language);
    [Some(confirm), open, Some(not_you)]
}
