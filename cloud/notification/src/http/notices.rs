//! Writes notices: admins by e-mail or text message besides the inbox, services by the person's
//! preferences.

use axum::extract::State;
use process::{
    idempotency::Idempotency,
    problem::{Json, Page, Problem, TimeCursor},
    tokens::{AdminCaller, ServiceCaller},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{FieldError, OrderId, Role, TextRule, UnixMillis, UserId, check_text};

use super::Service;
use crate::{
    domain::{Channel, NoticeKind, NoticeParams},
    notices::{NoticeAuthor, NoticeDraft},
    store::{Notice, NoticeId},
};

const TITLE: TextRule = TextRule {
    chars_min: 1,
    chars_max: 120,
    lines: false,
};
const CONTENT: TextRule = TextRule {
    chars_min: 1,
    chars_max: 2_000,
    lines: true,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeForm {
    /// A customer or a provider; admins have no personal inbox.
    user_id: UserId,
    #[schema(max_length = 120)]
    title: String,
    #[schema(max_length = 2000)]
    content: String,
}

/// A notice from another service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceNoticeForm {
    /// The service's idempotency key.
    id: Uuid,
    user_id: UserId,
    kind: NoticeKind,
    title: String,
    content: String,
    /// The order that the line links to. The service guarantees that the person may read it.
    order_id: Option<OrderId>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeItem {
    id: NoticeId,
    /// `admin:` and the admin's id, or `service:` and the service's name.
    author: String,
    user_id: UserId,
    role: Role,
    kind: NoticeKind,
    #[schema(required)]
    order_id: Option<OrderId>,
    title: String,
    content: String,
    /// The channel besides the inbox. `null` for a service's notice, which follows the person's
    /// preferences, and if the channel is off or does not reach this role.
    #[schema(required)]
    channel: Option<Channel>,
    created_at: UnixMillis,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeList {
    items: Vec<NoticeItem>,
    #[schema(required)]
    next: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct WrittenNotice {
    id: NoticeId,
}

pub async fn notify_by_email(
    State(service): State<Service>,
    admin: AdminCaller,
    idempotency: Idempotency,
    Json(form): Json<NoticeForm>,
) -> Result<Json<NoticeItem>, Problem> {
    write_admin_notice(&service, admin, idempotency, form, Channel::Email).await
}

pub async fn notify_by_sms(
    State(service): State<Service>,
    admin: AdminCaller,
    idempotency: Idempotency,
    Json(form): Json<NoticeForm>,
) -> Result<Json<NoticeItem>, Problem> {
    write_admin_notice(&service, admin, idempotency, form, Channel::Sms).await
}

async fn write_admin_notice(
    service: &Service,
    AdminCaller(caller): AdminCaller,
    Idempotency { command_id, .. }: Idempotency,
    NoticeForm {
        user_id,
        title,
        content,
    }: NoticeForm,
    channel: Channel,
) -> Result<Json<NoticeItem>, Problem> {
    let draft = NoticeDraft {
        author: NoticeAuthor::Admin(caller.actor.user_id),
        key: command_id.0,
        to: user_id,
        order_id: None,
        words: check_notice_text(NoticeKind::Account, &title, &content)?,
        channel: Some(channel),
    };
    let (id, notice) = service.notices.write_notice(draft).await?;
    Ok(Json(to_notice_item(id, notice)))
}

pub async fn notify_for_service(
    State(service): State<Service>,
    ServiceCaller(from): ServiceCaller,
    Json(form): Json<ServiceNoticeForm>,
) -> Result<Json<WrittenNotice>, Problem> {
    let ServiceNoticeForm {
        id,
        user_id,
        kind,
        title,
        content,
        order_id,
    } = form;
    let draft = NoticeDraft {
        author: NoticeAuthor::Service(from),
        key: id,
        to: user_id,
        order_id,
        words: check_notice_text(kind, &title, &content)?,
        channel: None,
    };
    let (id, _) = service.notices.write_notice(draft).await?;
    Ok(Json(WrittenNotice { id }))
}

pub async fn notice_record(
    State(service): State<Service>,
    _: AdminCaller,
    page: Page<TimeCursor>,
) -> Result<Json<NoticeList>, Problem> {
    let found = service
        .notices
        .store
        .read_page(page.after, page.limit)
        .await?;
    let items = found
        .items
        .into_iter()
        .map(|(id, notice)| to_notice_item(id, notice))
        .collect();
    Ok(Json(NoticeList {
        items,
        next: found.next.map(|next| next.to_string()),
    }))
}

fn check_notice_text(
    notice: NoticeKind,
    title: &str,
    content: &str,
) -> Result<NoticeParams, FieldError> {
    let title = check_text("title", title, TITLE)?;
    let content = check_text("content", content, CONTENT)?;
    Ok(NoticeParams {
        notice,
        title,
        content,
    })
}

fn to_notice_item(id: NoticeId, notice: Notice) -> NoticeItem {
    let Notice {
        author,
        user_id,
        role,
        order_id,
        words,
        channel,
        created_at,
        ..
    } = notice;
    let NoticeParams {
        notice: kind,
        title,
        content,
    } = words;
    NoticeItem {
        id,
        author,
        user_id,
        role,
        kind,
        order_id,
        title,
        content,
        channel,
        created_at,
    }
}

#[cfg(test)]
mod tests;
