//! The route table: a person's own inbox, identified only by the token, and writing notices.

use axum::{
    Router,
    routing::{get, post},
};
use process::{
    openapi::RouteTable,
    routes::{ANY, DELETE, GET, POST, PUT, admin, narrowed, route},
};
use wire::{Code, Permission};

use crate::handlers::{
    Service, arrivals, deliveries, devices, inbox, notices, preferences, stream,
};

pub(crate) fn router(service: Service) -> Router {
    let own = Router::new()
        .route("/internal/stream", get(stream::open_inbox_stream))
        .route("/internal/notices", post(notices::notify_for_service))
        .route("/internal/arrivals", post(arrivals::list_arrivals));
    add_public_routes(own).with_state(service)
}

#[rustfmt::skip]
pub(crate) fn add_public_routes<T: RouteTable<Service>>(to: T) -> T {
    use Permission::{ReadPeople, ReadPlatform, RevokePeople};
    to
        .add_public_route(narrowed(GET, "/api/v1/notifications"),
            "Read your inbox in the language of `Accept-Language`, newest first", &[], inbox::list)
        .add_public_route(narrowed(PUT, "/api/v1/notifications/{id}/read"),
            "Mark a notification as read", &[Code::NotFound], inbox::read)
        .add_public_route(narrowed(GET, "/api/v1/notifications/preferences"),
            "Show which notifications are sent to you outside the inbox, by which channel, and \
             when",
            &[], preferences::show)
        .add_public_route(narrowed(PUT, "/api/v1/notifications/preferences"),
            "Replace these preferences, based on the version that you read",
            &[Code::StaleVersion], preferences::write)
        .add_public_route(route(GET, "/api/v1/push", ANY),
            "Show whether pushes go to browsers, and the key that a browser subscribes with",
            &[], devices::show_push)
        .add_public_route(route(GET, "/api/v1/push/devices", ANY),
            "List your browsers that take pushes, the one used last first", &[], devices::list_push_devices)
        .add_public_route(route(POST, "/api/v1/push/devices", ANY),
            "Register this browser for pushes, or renew it; of more than ten the one unused for \
             longest ends",
            &[Code::PushOff], devices::register_push_device)
        .add_public_route(route(DELETE, "/api/v1/push/devices/{id}", ANY),
            "End pushes to one of your browsers", &[Code::NotFound], devices::end_push_device)
        .add_public_route(admin(GET, "/api/v1/admin/deliveries", &[ReadPlatform]),
            "List deliveries of notifications, sent and failed, newest first", &[], deliveries::log)
        .add_public_route(admin(GET, "/api/v1/admin/notices", &[ReadPeople]),
            "List notices from admins and services, newest first", &[], notices::notice_record)
        .add_public_route(admin(POST, "/api/v1/admin/notices/email", &[RevokePeople]),
            "Send a notice to one person, in the inbox and by e-mail to a confirmed address \
             (audited)",
            &[Code::NotFound, Code::RateLimited], notices::notify_by_email)
        .add_public_route(admin(POST, "/api/v1/admin/notices/sms", &[RevokePeople]),
            "Send a notice to one person in the inbox, and announce it by text message (audited)",
            &[Code::NotFound, Code::RateLimited], notices::notify_by_sms)
}

#[cfg(test)]
mod tests;
