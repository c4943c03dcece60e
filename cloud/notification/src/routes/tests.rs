//! The inbox over HTTP.

mod arrivals;
mod devices;
mod inbox;
mod preferences;
mod stream;

use axum::{body::Body, response::Response};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use platform::upstream::Upstream;
use process::{clock::Clock, tokens::TokenVerifier};
use serde_json::{Value, json};
use support::Issuer;
use tower::ServiceExt;
use uuid::Uuid;
use wire::{Actor, Event, EventId, EventType, Role, UserId};

use super::*;
use crate::{
    delivery::NotificationDispatcher,
    domain::{Channel, LineId, build_event_lines},
    handlers::stream::InboxStreams,
    store::{InboxStore, PreferencesStore},
    tests::samples::{self, AT, CUSTOMER, PROVIDER},
};

/// The routes over a store that holds the lines of three events.
struct InboxService {
    router: Router,
    service: Service,
    store: InboxStore,
    preferences: PreferencesStore,
    issuer: Issuer,
    clock: Clock,
    _folder: tempfile::TempDir,
}

impl InboxService {
    async fn new() -> Self {
        let (stores, folder) = samples::deliveries(
            samples::no_channels(),
            Upstream::open_later().0,
            &Clock::system(),
        )
        .await;
        let notices = samples::notices(&stores, &folder).await;
        let web_push = Some(samples::web_push(folder.path()));
        let NotificationDispatcher {
            inboxes: store,
            preferences,
            delivery_store: log,
            devices,
            ..
        } = stores;
        let kinds = [
            EventType::OrderCreated,
            EventType::OrderApproved,
            EventType::OrderAccepted,
        ];
        for (place, kind) in (1_u8..).zip(kinds) {
            let event_id = EventId(Uuid::from_u128(place.into()));
            let event = Event {
                id: event_id,
                at: AT.plus_ms(place.into()),
                ..samples::event(kind, &samples::event_body())
            };
            add_lines_of_event(&store, &event).await;
        }
        let issuer = Issuer::new();
        let keys = issuer.keys();
        let clock = Clock::fixed_at(AT.plus_ms(1_000));
        let service_key = testing::service_key();
        let verifier = TokenVerifier {
            service: crate::NAME,
            keys,
            service_key,
            clock: clock.clone(),
        };
        let streams = InboxStreams::new(process::tasks::Tasks::new());
        let channels = vec![Channel::Sms, Channel::Push];
        let service = Service {
            store: store.clone(),
            preferences: preferences.clone(),
            delivery_store: log,
            devices,
            web_push,
            notices,
            channels,
            verifier,
            streams,
        };
        Self {
            router: build_router(&service),
            service,
            store,
            preferences,
            issuer,
            clock,
            _folder: folder,
        }
    }

    fn turn_web_push_off(&mut self) {
        self.service.web_push = None;
        self.router = build_router(&self.service);
    }

    fn token(&self, user: UserId, role: Role) -> String {
        self.issuer.token(
            Actor {
                user_id: user,
                role,
            },
            self.clock.now(),
        )
    }

    async fn ask(&self, method: &str, path: &str, token: Option<&str>, language: &str) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request
            .header("accept-language", language)
            .body(Body::empty())
            .unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// As an admin with only these permissions.
    async fn ask_with_permissions(&self, held: &str, method: &str, path: &str) -> Response {
        let token = self.token(UserId(Uuid::from_u128(90)), Role::Admin);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .header("x-user-permissions", held);
        self.router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    async fn add_lines_of_event(&self, event: &Event) {
        add_lines_of_event(&self.store, event).await;
    }

    /// Adds the admins' line of each event.
    async fn add_admin_lines(&self, events: &[EventType]) {
        for event in events {
            let mut lines = samples::lines(*event);
            lines.retain(|line| line.role == Role::Admin);
            for mut line in lines {
                line.event_id = EventId(Clock::system().new_id());
                self.store
                    .add_line(LineId(Clock::system().new_id()), &line)
                    .await
                    .unwrap();
            }
        }
    }

    async fn list_lines(&self, query: &str, language: &str) -> Value {
        let token = self.token(CUSTOMER, Role::Customer);
        let path = format!("/api/v1/notifications{query}");
        let answer = self.ask("GET", &path, Some(&token), language).await;
        assert_eq!(answer.status(), StatusCode::OK);
        read_body(answer).await
    }
}

fn build_router(service: &Service) -> Router {
    process::web::with_standard_layers(router(service.clone()), crate::NAME)
}

async fn add_lines_of_event(store: &InboxStore, event: &Event) {
    for line in build_event_lines(event, 0).unwrap() {
        store
            .add_line(LineId(Clock::system().new_id()), &line)
            .await
            .unwrap();
    }
}

async fn read_body(answer: Response) -> Value {
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

fn event_types(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect()
}
