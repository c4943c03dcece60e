//! Mails that carry a code: to confirm an address, or to set a new password.
//!
//! Invariants: the code is fetched just before sending and never stored; each try fetches a new
//! one, which voids the previous. Admins have no personal inbox, so they get no such mail.

use http::Method;
use platform::{consume::HandleError, documents::DocumentsError, upstream::UpstreamError};
use process::problem::format_error_chain;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wire::{Event, EventType, Language, Role, UnixMillis, UserEvent, UserId};

use crate::{
    channels::{ChannelAddress, ChannelError, MailMessage},
    delivery::{AUTH, FRESH_MS, NotificationDispatcher, final_result, retry_or_give_up},
    domain::{Channel, InboxOwner},
    store::{DeliveryResult, DeliveryState, NotificationDelivery},
};

#[derive(Serialize)]
struct CodeRequest {
    user_id: UserId,
}

pub(crate) struct CodeMail {
    pub to: String,
    pub subject: String,
    pub text: String,
}

impl NotificationDispatcher {
    /// Plans the mail for an event that requests a code. Idempotent.
    pub async fn plan_code_mail(&self, event: &Event) -> Result<(), HandleError> {
        let plan = match event.kind {
            EventType::UserRegistered
            | EventType::UserConfirmationAsked
            | EventType::UserAddressChangeAsked => NotificationDelivery::for_confirmation,
            EventType::UserPasswordCodeAsked => NotificationDelivery::for_password_code,
            _ => return Ok(()),
        };
        let UserEvent { user_id, role, .. } = UserEvent::deserialize(&event.body)?;
        let now = self.clock.now();
        let is_wanted = self.outbound.is_on(Channel::Email) && role != Role::Admin;
        if !is_wanted || now.ms_since(event.at) > FRESH_MS {
            return Ok(());
        }
        let mailing = plan(InboxOwner { user_id, role }, event.id, now);
        Ok(self
            .delivery_store
            .add_new_deliveries(&[(self.clock.new_id(), mailing)])
            .await?)
    }

    pub(crate) async fn languages_of(&self, user: UserId) -> Result<Vec<Language>, DocumentsError> {
        let (preferences, version) = self.preferences.load_preferences(user).await?;
        // Without saved preferences the language is unknown, so use all.
        Ok(if version == 0 {
            Language::ALL.to_vec()
        } else {
            vec![preferences.language]
        })
    }

    /// Asks auth for the code of a person.
    pub(crate) async fn fetch_code<T: DeserializeOwned>(
        &self,
        path: &str,
        user_id: UserId,
    ) -> Result<T, UpstreamError> {
        let token = self.verifier.token_for(AUTH);
        let request = CodeRequest { user_id };
        self.auth
            .call_json(Method::POST, path, Some(&token), Some(&request))
            .await
    }

    pub(crate) async fn send_code_mail(
        &self,
        delivery: &NotificationDelivery,
        CodeMail { to, subject, text }: CodeMail,
        now: UnixMillis,
    ) -> DeliveryResult {
        let masked = ChannelAddress::Mail(to.clone()).to_masked();
        // Each try has a new code, so it needs a new message id: mailboxes drop duplicates.
        let mail = MailMessage {
            id: self.clock.new_id(),
            to,
            subject,
            text,
        };
        match self
            .outbound
            .mail
            .send(mail)
            .await
            .map_err(ChannelError::from)
        {
            Ok(()) => final_result(DeliveryState::Sent, masked, None),
            Err(error) if error.is_passing() => {
                retry_or_give_up(delivery, now, masked, error.to_string())
            }
            Err(error) => final_result(DeliveryState::GivenUp, masked, Some(error.to_string())),
        }
    }

    /// `None` if the portal's address is not configured.
    pub(crate) fn portal_link(&self, page: &str) -> Option<String> {
        let portal = self.portal_url.trim_end_matches('/');
        (!portal.is_empty()).then(|| format!("{portal}{page}"))
    }
}

pub(crate) fn retry_later(
    delivery: &NotificationDelivery,
    now: UnixMillis,
    error: &UpstreamError,
) -> DeliveryResult {
    retry_or_give_up(delivery, now, None, format_error_chain(error))
}

/// Joins the subjects into one line and the texts with blank lines.
pub(crate) fn join_languages(
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
