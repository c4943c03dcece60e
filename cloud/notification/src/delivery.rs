//! Sends news out of the inboxes: plans a delivery for each line that a person wants on another
//! channel, and sends the due ones.
//!
//! Invariants: lines are planned before their event is acknowledged, so none is lost. Tries are
//! bounded; then a delivery is given up with its reason. Quiet hours hold back everything except
//! urgent news, digests and codes. News never goes to an unconfirmed email address. An
//! outage of one channel delays no other. Addresses are fetched when needed and never stored, apart
//! from the browsers that take pushes.

mod devices;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use http::Method;
use platform::{
    documents::{Document, DocumentsError},
    upstream::{Upstream, UpstreamError},
};
use process::{clock::Clock, problem::format_error_chain, tasks::Tasks, tokens::TokenVerifier};
use serde::{Deserialize, Serialize};
use texts::Sentence;
use wire::{EventId, Language, Permission, Role, UnixMillis, UserId};

use crate::{
    channels::{ChannelAddress, Contact, OutboundChannels, RenderedMessage},
    domain::{self, Channel, DeliveryPreferences, InboxLine, InboxOwner, LineText, NoticeKind},
    say,
    store::{
        DeliveryResult, DeliveryState, DeliveryStore, DeviceStore, InboxStore,
        NotificationDelivery, PreferencesStore,
    },
};

/// Older news stays in the inbox only, even if events are replayed.
pub(crate) const FRESH_MS: i64 = 24 * 60 * 60 * 1000;
const ATTEMPTS_MAX: i64 = 8;
const PAUSE_MIN_MS: i64 = 15_000;
const PAUSE_MAX_MS: i64 = 60 * 60 * 1000;
/// The poll interval.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Deliveries per poll; the next poll takes the rest.
const BATCH: usize = 50;
/// Lines quoted in a digest; its title gives the total.
const DIGEST_LINES_MAX: usize = 20;
pub(crate) const AUTH: &str = "auth";
const CONTACT: &str = "/internal/contact";
const PERMISSIONS: &str = "/internal/permissions";

/// Clones share state.
#[derive(Clone)]
pub struct NotificationDispatcher {
    pub inboxes: InboxStore,
    pub preferences: PreferencesStore,
    pub delivery_store: DeliveryStore,
    pub devices: DeviceStore,
    pub outbound: OutboundChannels,
    /// The portal's address for links in mails, or empty.
    pub portal_url: String,
    pub auth: Upstream,
    pub verifier: TokenVerifier,
    pub clock: Clock,
}

#[derive(Serialize)]
struct ContactLookup {
    user_id: UserId,
}

/// Auth's answer about a person, which may name permissions of a newer version.
#[derive(Deserialize)]
struct HeldPermissions {
    permissions: Vec<String>,
}

impl NotificationDispatcher {
    /// Plans the deliveries of these lines. Idempotent.
    pub async fn plan_deliveries(
        &self,
        lines: impl Iterator<Item = &InboxLine>,
    ) -> Result<(), DocumentsError> {
        let now = self.clock.now();
        let on = self.outbound.enabled_channels();
        if on.is_empty() {
            return Ok(());
        }
        let mut known: BTreeMap<UserId, DeliveryPreferences> = BTreeMap::new();
        let mut planned = Vec::new();
        for line in lines {
            if now.ms_since(line.created_at) > FRESH_MS {
                continue;
            }
            // The admins' shared inbox has no address.
            if line.role == Role::Admin {
                planned.extend(self.list_alarm_deliveries(line, &on, now).await?);
                continue;
            }
            let preferences = match known.entry(line.user_id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    new.insert(self.preferences.load_preferences(line.user_id).await?.0)
                }
            };
            planned.extend(on.iter().filter_map(|channel| {
                delivery_for_line(line, line.owner(), preferences, *channel, now)
            }));
        }
        let planned: Vec<_> = planned
            .into_iter()
            .map(|delivery| (self.clock.new_id(), delivery))
            .collect();
        self.delivery_store.add_new_deliveries(&planned).await
    }

    /// The deliveries of an admins' line: only alarms leave their inbox, to each admin who wants them.
    async fn list_alarm_deliveries(
        &self,
        line: &InboxLine,
        channels: &[Channel],
        now: UnixMillis,
    ) -> Result<Vec<NotificationDelivery>, DocumentsError> {
        if line.notice_kind() != NoticeKind::Alarms {
            return Ok(Vec::new());
        }
        let mut planned = Vec::new();
        for reader in self.preferences.find_alarm_readers().await? {
            let owner = InboxOwner {
                user_id: reader.user_id,
                role: Role::Admin,
            };
            planned.extend(channels.iter().filter_map(|channel| {
                delivery_for_line(line, owner, &reader.preferences, *channel, now)
            }));
        }
        Ok(planned)
    }

    /// Plans a delivery on one channel, regardless of the person's preferences. Idempotent.
    pub async fn plan_delivery_on_channel(
        &self,
        line: &InboxLine,
        channel: Channel,
    ) -> Result<(), DocumentsError> {
        let now = self.clock.now();
        if !self.can_send_by(channel, line.role) || now.ms_since(line.created_at) > FRESH_MS {
            return Ok(());
        }
        let planned = NotificationDelivery::for_line(
            line.owner(),
            line.notice_kind(),
            line.event_type,
            line.event_id,
            channel,
            now,
        );
        self.delivery_store
            .add_new_deliveries(&[(self.clock.new_id(), planned)])
            .await
    }

    pub fn can_send_by(&self, channel: Channel, role: Role) -> bool {
        self.outbound.is_on(channel) && channel.can_reach(role)
    }

    /// Fetches an account's contact data from auth.
    pub async fn fetch_contact(&self, user_id: UserId) -> Result<Contact, UpstreamError> {
        let token = self.verifier.token_for(AUTH);
        let question = ContactLookup { user_id };
        self.auth
            .call_json(Method::POST, CONTACT, Some(&token), Some(&question))
            .await
    }

    /// Asks auth whether an admin may still read alarms.
    async fn may_read_alarms(&self, user_id: UserId) -> Result<bool, UpstreamError> {
        let token = self.verifier.token_for(AUTH);
        let question = ContactLookup { user_id };
        let held: HeldPermissions = self
            .auth
            .call_json(Method::POST, PERMISSIONS, Some(&token), Some(&question))
            .await?;
        Ok(held
            .permissions
            .iter()
            .any(|permission| permission == Permission::ReadPlatform.as_str()))
    }

    /// Starts one task per enabled channel that sends due deliveries until shutdown.
    pub fn start(&self, tasks: &Tasks) {
        for channel in self.outbound.enabled_channels() {
            let deliveries = self.clone();
            let stop = tasks.stop_token();
            tasks.spawn("deliveries", async move {
                loop {
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(POLL_INTERVAL) => {}
                    }
                    if let Err(error) = deliveries.send_due_deliveries(channel).await {
                        tracing::warn!(%channel, cause = format_error_chain(&error), "Could not send due deliveries: their store failed; the next run retries");
                    }
                }
            });
        }
    }

    /// A failed delivery does not block the others.
    pub async fn send_due_deliveries(&self, channel: Channel) -> Result<(), DocumentsError> {
        let now = self.clock.now();
        for due in self
            .delivery_store
            .find_due_deliveries(channel, now, BATCH)
            .await?
        {
            if !self.delivery_store.claim_delivery(&due, now).await? {
                continue;
            }
            let settled = self.attempt_delivery(&due, now).await?;
            self.delivery_store.record_result(due.id, &settled).await?;
            let state = settled.state;
            tracing::info!(
                user.id = %due.body.user_id, delivery.id = %due.id, why = settled.why,
                "Attempted a delivery by {channel}: {state}"
            );
        }
        Ok(())
    }

    async fn attempt_delivery(
        &self,
        due: &Document<NotificationDelivery>,
        now: UnixMillis,
    ) -> Result<DeliveryResult, DocumentsError> {
        let delivery = &due.body;
        if delivery.confirms {
            return self.send_confirmation(due, now).await;
        }
        if delivery.sets_password {
            return self.send_password_code(due, now).await;
        }
        let (preferences, _) = self.preferences.load_preferences(delivery.user_id).await?;
        let kind = delivery.kind.unwrap_or(NoticeKind::Orders);
        let may = preferences.earliest_send_time(kind, now);
        // Digests are due at the hour the person chose, regardless of quiet hours.
        if delivery.kind.is_some() && may > now {
            return Ok(DeliveryResult {
                was_tried: false,
                ..waiting_result(may, None)
            });
        }
        let said = match delivery.event_id {
            Some(event) => {
                self.build_line_message(delivery.inbox(), kind, event, &preferences)
                    .await?
            }
            None => self.build_digest_message(delivery, &preferences).await?,
        };
        let Some(said) = said else {
            return Ok(final_result(
                DeliveryState::Dropped,
                None,
                Some("it was read before".into()),
            ));
        };
        self.send_to_contact(due, said, now).await
    }

    async fn send_to_contact(
        &self,
        due: &Document<NotificationDelivery>,
        said: RenderedMessage,
        now: UnixMillis,
    ) -> Result<DeliveryResult, DocumentsError> {
        let contact = match self.fetch_contact(due.body.user_id).await {
            Ok(contact) => contact,
            Err(error) => {
                let why = format_error_chain(&error);
                return Ok(retry_or_give_up(&due.body, now, None, why));
            }
        };
        if due.body.role == Role::Admin {
            match self.may_read_alarms(due.body.user_id).await {
                Ok(true) => {}
                Ok(false) => {
                    let why = "the admin may not read alarms any more".to_owned();
                    return Ok(final_result(DeliveryState::Dropped, None, Some(why)));
                }
                Err(error) => {
                    let why = format_error_chain(&error);
                    return Ok(retry_or_give_up(&due.body, now, None, why));
                }
            }
        }
        let is_unconfirmed = contact.is_unconfirmed;
        let Some(address) = contact.into_address(due.body.channel, due.body.user_id) else {
            let why = match due.body.channel {
                Channel::Email if is_unconfirmed => "nobody has confirmed the address",
                _ => "the account has no address, or is closed",
            };
            let why = why.to_owned();
            return Ok(final_result(DeliveryState::Dropped, None, Some(why)));
        };
        if let (ChannelAddress::Devices(_), Some(web_push)) = (&address, &self.outbound.web_push) {
            return self.send_to_devices(web_push, due, &said, now).await;
        }
        let to = address.to_masked();
        Ok(match self.outbound.send(due.id, address, said).await {
            Ok(()) => final_result(DeliveryState::Sent, to, None),
            Err(error) if error.is_passing() => {
                retry_or_give_up(&due.body, now, to, error.to_string())
            }
            Err(error) => final_result(DeliveryState::GivenUp, to, Some(error.to_string())),
        })
    }

    /// `None` if the line has been read or deleted. Account news goes out even if read: a stolen
    /// session must not suppress the owner's warning.
    async fn build_line_message(
        &self,
        owner: InboxOwner,
        kind: NoticeKind,
        event: EventId,
        preferences: &DeliveryPreferences,
    ) -> Result<Option<RenderedMessage>, DocumentsError> {
        let found = self.inboxes.find_line_of_event(owner, event).await?;
        let unread = found.filter(|stored| stored.read_at.is_none() || kind.is_urgent());
        Ok(unread.map(|stored| {
            let said = domain::render_line_text(preferences.reader_locale(), &stored.line);
            let brief = domain::render_brief_text(preferences.language, &stored.line, &said.title);
            let path = domain::find_portal_path(&stored.line);
            assemble_message(preferences.language, said, brief, path)
        }))
    }

    /// The unread lines in one message; `None` without any.
    async fn build_digest_message(
        &self,
        delivery: &NotificationDelivery,
        preferences: &DeliveryPreferences,
    ) -> Result<Option<RenderedMessage>, DocumentsError> {
        let owner = delivery.owner();
        let unread = self.inboxes.count_unread(owner.user_id, owner.role).await?;
        let lines = self
            .inboxes
            .find_newest_unread(owner, DIGEST_LINES_MAX)
            .await?;
        if lines.is_empty() {
            return Ok(None);
        }
        let language = preferences.language;
        let written = lines.iter().map(|stored| {
            let said = domain::render_line_text(preferences.reader_locale(), &stored.line);
            format!("{}\n{}", said.title, said.content)
        });
        let text = written.collect::<Vec<_>>().join("\n\n");
        let title = say::digest_title { unread }.render_in(language);
        let brief = LineText {
            title: title.clone(),
            content: domain::render_inbox_hint(language),
        };
        Ok(Some(assemble_message(
            language,
            LineText {
                title,
                content: text,
            },
            brief,
            domain::INBOX_PATH.to_owned(),
        )))
    }
}

fn assemble_message(
    language: Language,
    whole: LineText,
    brief: LineText,
    path: String,
) -> RenderedMessage {
    let text_message = domain::render_text_message(language, &brief);
    RenderedMessage {
        whole,
        brief,
        text_message,
        path,
    }
}

fn delivery_for_line(
    line: &InboxLine,
    owner: InboxOwner,
    preferences: &DeliveryPreferences,
    channel: Channel,
    now: UnixMillis,
) -> Option<NotificationDelivery> {
    let kind = line.notice_kind();
    if !channel.can_reach(owner.role) || !preferences.wants_channel(kind, channel) {
        return None;
    }
    Some(
        match preferences
            .next_digest_at(now)
            .filter(|_| kind.may_wait_for_digest())
        {
            Some(at) => NotificationDelivery::for_digest(owner, channel, at, now),
            None => NotificationDelivery::for_line(
                owner,
                kind,
                line.event_type,
                line.event_id,
                channel,
                now,
            ),
        },
    )
}

pub(crate) fn final_result(
    state: DeliveryState,
    to: Option<String>,
    why: Option<String>,
) -> DeliveryResult {
    DeliveryResult {
        state,
        due_at: None,
        was_tried: true,
        to,
        why,
    }
}

fn waiting_result(until: UnixMillis, why: Option<String>) -> DeliveryResult {
    let state = DeliveryState::Waiting;
    DeliveryResult {
        state,
        due_at: Some(until),
        was_tried: true,
        to: None,
        why,
    }
}

/// Retries with exponential backoff, or gives up after `ATTEMPTS_MAX` tries.
pub(crate) fn retry_or_give_up(
    delivery: &NotificationDelivery,
    now: UnixMillis,
    to: Option<String>,
    why: String,
) -> DeliveryResult {
    let attempts = delivery.attempts + 1;
    if attempts >= ATTEMPTS_MAX {
        return final_result(DeliveryState::GivenUp, to, Some(why));
    }
    let doublings = u32::try_from(attempts - 1).unwrap_or_default().min(16);
    let pause = (PAUSE_MIN_MS << doublings).min(PAUSE_MAX_MS);
    DeliveryResult {
        to,
        ..waiting_result(now.plus_ms(pause), Some(why))
    }
}

#[cfg(test)]
mod tests;
