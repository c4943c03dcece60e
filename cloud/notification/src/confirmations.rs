//! Mails a confirmation code to an unconfirmed address, or warns its owner that a new account was
//! registered with it.
//!
//! Invariants: the mail goes only to that address. It reveals nothing about the account except its
//! existence; an owner also sees their account's name. The code is fetched just before sending and
//! never stored; each try fetches a new one, which voids the previous. A new address gets no code
//! until the warning mail to the current address has ended.

use http::Method;
use platform::{
    documents::{Document, DocumentsError},
    upstream::UpstreamError,
};
use process::problem::format_error_chain;
use serde::{Deserialize, Serialize};
use texts::Sentence;
use wire::{Event, EventId, EventType, Language, Role, UnixMillis, UserEvent, UserId};

use crate::{
    channels::{ChannelAddress, ChannelError, MailMessage},
    delivery::{AUTH, FRESH_MS, NotificationDispatcher, final_result, retry_or_give_up},
    domain::{Channel, InboxOwner},
    say,
    store::{DeliveryResult, DeliveryState, NotificationDelivery},
};

const CODES: &str = "/internal/address-codes";
/// The portal page for codes. The code follows the `#`, so no server sees it.
const PAGE: &str = "/confirm-address#";
const SIGN_IN_PAGE: &str = "/sign-in";
const HOUR_MS: i64 = 60 * 60 * 1000;

#[derive(Serialize)]
struct AddressCodeRequest {
    user_id: UserId,
}

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
    /// Plans the confirmation mail for an event that requests a code. Idempotent.
    pub async fn plan_confirmation(
        &self,
        event: &Event,
    ) -> Result<(), platform::consume::HandleError> {
        if !matches!(
            event.kind,
            EventType::UserRegistered
                | EventType::UserConfirmationAsked
                | EventType::UserAddressChangeAsked
        ) {
            return Ok(());
        }
        let UserEvent { user_id, role, .. } = UserEvent::deserialize(&event.body)?;
        let now = self.clock.now();
        // Admins have no personal inbox, so they get no mail.
        let is_wanted = self.outbound.is_on(Channel::Email) && role != Role::Admin;
        if !is_wanted || now.ms_since(event.at) > FRESH_MS {
            return Ok(());
        }
        let owner = InboxOwner { user_id, role };
        let mailing = NotificationDelivery::for_confirmation(owner, event.id, now);
        Ok(self
            .delivery_store
            .add_new_deliveries(&[(self.clock.new_id(), mailing)])
            .await?)
    }

    pub async fn send_confirmation(
        &self,
        due: &Document<NotificationDelivery>,
        now: UnixMillis,
    ) -> Result<DeliveryResult, DocumentsError> {
        let (preferences, version) = self.preferences.load_preferences(due.body.user_id).await?;
        // Without saved preferences the language is unknown, so use all.
        let languages = if version == 0 {
            Language::ALL.to_vec()
        } else {
            vec![preferences.language]
        };
        let token = self.verifier.token_for(AUTH);
        let request = AddressCodeRequest {
            user_id: due.body.user_id,
        };
        let reply: Result<AddressCodeReply, UpstreamError> = self
            .auth
            .call_json(Method::POST, CODES, Some(&token), Some(&request))
            .await;
        let (email, (subject, text), wish) = match reply {
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
            Err(error) => {
                return Ok(retry_or_give_up(
                    &due.body,
                    now,
                    None,
                    format_error_chain(&error),
                ));
            }
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
        let to = ChannelAddress::Mail(email.clone()).to_masked();
        // Each try has a new code, so it needs a new message id: mailboxes drop duplicates.
        let mail = MailMessage {
            id: self.clock.new_id(),
            to: email,
            subject,
            text,
        };
        Ok(
            match self
                .outbound
                .mail
                .send(mail)
                .await
                .map_err(ChannelError::from)
            {
                Ok(()) => final_result(DeliveryState::Sent, to, None),
                Err(error) if error.is_passing() => {
                    retry_or_give_up(&due.body, now, to, error.to_string())
                }
                Err(error) => final_result(DeliveryState::GivenUp, to, Some(error.to_string())),
            },
        )
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

    fn portal_link(&self, page: &str) -> Option<String> {
        let portal = self.portal_url.trim_end_matches('/');
        (!portal.is_empty()).then(|| format!("{portal}{page}"))
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

/// Joins the subjects into one line and the texts with blank lines.
fn join_languages(
    languages: &[Language],
    subject: impl Fn(Language) -> String,
    text: impl Fn(Language) -> [Option<String>; 3],
) -> (String, String) {
    let subjects: Vec<_> = languages
        .iter()
        .map(|language| subject(*language))
        .collect();
    let texts: Vec<_> = languages
        .iter()
        .map(|language| {
            text(*language)
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join("\n")
        })
        .collect();
    (subjects.join(" / "), texts.join("\n\n"))
}
