//! A person's calls to the gateway, for tests and the demo.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, Method, header};
use process::{
    client::{Client, ClientError, json_request},
    clock::Clock,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use wire::{
    CommandId, EdgeGrant, Order, OrderId, Region, Role, StatusReport, TimelineEntry, UserId,
};

use crate::{eventually, samples::order_form};

const TIMEOUT: Duration = Duration::from_secs(20);

/// A signed-in person.
#[derive(Debug, Clone)]
pub struct Person {
    pub user_id: UserId,
    pub role: Role,
    pub token: String,
}

#[derive(Debug, Clone, Deserialize)]
struct SignedIn {
    access_token: String,
    user_id: UserId,
    role: Role,
}

/// The answer of a successful order route.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Done {
    pub order_id: OrderId,
    pub status: wire::OrderStatus,
    pub message: String,
    pub order: Order,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct InboxLine {
    pub event_id: wire::EventId,
    #[serde(rename = "type")]
    pub kind: String,
    /// `None` for news about the person alone.
    pub order_id: Option<OrderId>,
    pub title: String,
    pub content: String,
}

#[derive(Debug, Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Api {
    gateway: String,
    client: Client,
}

impl Api {
    pub fn new(gateway: impl Into<String>) -> Self {
        Self {
            gateway: gateway.into(),
            client: Client::new(),
        }
    }

    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    pub async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        person: Option<&Person>,
        body: Option<Value>,
    ) -> Result<T, ClientError> {
        let url = format!("{}{path}", self.gateway);
        let bearer = person.map(|person| person.token.as_str());
        self.client
            .send_json(method, &url, bearer, body.as_ref(), TIMEOUT)
            .await
    }

    /// Sends a change that requires an `Idempotency-Key`, with a fresh one.
    pub async fn post_keyed<T: DeserializeOwned>(
        &self,
        path: &str,
        person: &Person,
        body: Value,
    ) -> Result<T, ClientError> {
        let url = format!("{}{path}", self.gateway);
        let key = CommandId(Clock::system().new_id());
        self.client
            .send_command(key, &url, &person.token, Some(&body), TIMEOUT)
            .await
    }

    /// Registers and signs in a new person of that role. A provider is not verified.
    pub async fn newcomer(&self, role: Role) -> Result<Person, ClientError> {
        self.register(role).await.map(|(_, person)| person)
    }

    async fn register(&self, role: Role) -> Result<(String, Person), ClientError> {
        let tail = process::random::secret_text(9)
            .to_lowercase()
            .replace(['_', '-'], "x");
        let username = format!("{}-{tail}", role.as_str());
        let body = json!({
            "username": username, "email": format!("{username}@example.org"),
            "password": PASSWORD, "role": role.as_str(),
        });
        self.call::<Value>(Method::POST, "/api/v1/auth/register", None, Some(body))
            .await?;
        let person = self.sign_in(&username, PASSWORD).await?;
        Ok((username, person))
    }

    /// A new provider verified by that admin, signed in with the mark.
    pub async fn provider(&self, admin: &Person) -> Result<Person, ClientError> {
        let (username, provider) = self.register(Role::Provider).await?;
        self.verify(admin, &provider).await?;
        self.sign_in(&username, PASSWORD).await
    }

    /// Gives a provider a name and a certification, and has the admin verify both. Later tokens
    /// carry the mark.
    pub async fn verify(&self, admin: &Person, provider: &Person) -> Result<(), ClientError> {
        let put = async |path: &str, form: Value| -> Result<Value, ClientError> {
            self.call(Method::PUT, path, Some(provider), Some(form))
                .await
        };
        let blank: Value = self
            .call(Method::GET, PROFILE, Some(provider), None)
            .await?;
        let named = json!({
            "version": blank["version"], "full_name": "Li Si", "phone_number": "+8613800138000",
        });
        let named = put(PROFILE, named).await?;
        let items = json!([{"name": "Electrician", "number": "E-7", "issuer": "City of Light"}]);
        let form = json!({"version": named["version"], "items": items});
        put("/api/v1/users/me/certifications", form).await?;
        let path = "/api/v1/users/me/verification";
        let waits: Value = self.call(Method::POST, path, Some(provider), None).await?;
        let decision = json!({"version": waits["version"], "reason": "seen in person"});
        let path = format!("/api/v1/admin/providers/{}/verify", provider.user_id);
        let _: Value = self
            .call(Method::POST, &path, Some(admin), Some(decision))
            .await?;
        eventually(
            "auth has heard of the verification",
            MARKED_WITHIN,
            async || {
                let at_edges = self.at_edges(provider, Region::North).await.ok()?;
                tells_verified(&at_edges.token).then_some(())
            },
        )
        .await;
        Ok(())
    }

    pub async fn sign_in(&self, username: &str, password: &str) -> Result<Person, ClientError> {
        let body = json!({"username": username, "password": password});
        let signed: SignedIn = self
            .call(Method::POST, "/api/v1/auth/login", None, Some(body))
            .await?;
        Ok(Person {
            user_id: signed.user_id,
            role: signed.role,
            token: signed.access_token,
        })
    }

    /// The same person with a token for the edges of that region, which the gateway refuses.
    pub async fn at_edges(&self, person: &Person, region: Region) -> Result<Person, ClientError> {
        let body = json!({"region": region});
        let path = "/api/v1/auth/edge-token";
        let grant: EdgeGrant = self
            .call(Method::POST, path, Some(person), Some(body))
            .await?;
        Ok(Person {
            token: grant.edge_token,
            ..person.clone()
        })
    }

    pub async fn publish(
        &self,
        customer: &Person,
        region: Region,
        title: &str,
    ) -> Result<Done, ClientError> {
        let form = order_form(region, title);
        self.call(Method::POST, "/api/v1/orders", Some(customer), Some(form))
            .await
    }

    /// Publishes an order, which the admin approves.
    pub async fn publish_approved(
        &self,
        customer: &Person,
        admin: &Person,
        region: Region,
        title: &str,
    ) -> Result<OrderId, ClientError> {
        let order = self.publish(customer, region, title).await?.order_id;
        self.act(admin, order, "approve").await?;
        Ok(order)
    }

    /// `approve`, `accept`, `start`, ... on an order.
    pub async fn act(
        &self,
        person: &Person,
        order: OrderId,
        action: &str,
    ) -> Result<Done, ClientError> {
        let path = format!("/api/v1/orders/{order}/{action}");
        self.call(Method::POST, &path, Some(person), None).await
    }

    /// Like [`Self::act`] as a command, which is done once however often it is sent.
    pub async fn command<T: DeserializeOwned>(
        &self,
        id: CommandId,
        person: &Person,
        order: OrderId,
        action: &str,
        body: Option<&Value>,
    ) -> Result<T, ClientError> {
        let url = format!("{}/api/v1/orders/{order}/{action}", self.gateway);
        self.client
            .send_command(id, &url, &person.token, body, TIMEOUT)
            .await
    }

    /// A request with an idempotency key, done once however often it is sent.
    pub async fn keyed<T: DeserializeOwned>(
        &self,
        key: CommandId,
        person: &Person,
        path: &str,
        body: &Value,
    ) -> Result<T, ClientError> {
        let url = format!("{}{path}", self.gateway);
        self.client
            .send_command(key, &url, &person.token, Some(body), TIMEOUT)
            .await
    }

    pub async fn order(&self, person: &Person, order: OrderId) -> Result<Order, ClientError> {
        self.call(
            Method::GET,
            &format!("/api/v1/orders/{order}"),
            Some(person),
            None,
        )
        .await
    }

    pub async fn timeline(
        &self,
        person: &Person,
        order: OrderId,
    ) -> Result<Vec<TimelineEntry>, ClientError> {
        let path = format!("/api/v1/orders/{order}/timeline");
        let page: Page<TimelineEntry> = self.call(Method::GET, &path, Some(person), None).await?;
        Ok(page.items)
    }

    /// The person's whole inbox, newest first, at most `INBOX_MAX` lines.
    pub async fn inbox(&self, person: &Person) -> Result<Vec<InboxLine>, ClientError> {
        let mut lines = Vec::new();
        let mut after = String::new();
        while lines.len() < INBOX_MAX {
            let path = format!("/api/v1/notifications?limit=100{after}");
            let page: Page<InboxLine> = self.call(Method::GET, &path, Some(person), None).await?;
            lines.extend(page.items);
            match page.next {
                Some(next) => after = format!("&cursor={next}"),
                None => break,
            }
        }
        Ok(lines)
    }

    /// The newest lines of the inbox in that language.
    pub async fn inbox_in(
        &self,
        person: &Person,
        language: &'static str,
    ) -> Result<Vec<InboxLine>, ClientError> {
        let url = format!("{}/api/v1/notifications?limit=100", self.gateway);
        let mut request = json_request(Method::GET, &url, Some(&person.token), None::<&()>)?;
        let language = HeaderValue::from_static(language);
        request
            .headers_mut()
            .insert(header::ACCEPT_LANGUAGE, language);
        let page: Page<InboxLine> = self.client.send_prepared(request, TIMEOUT).await?;
        Ok(page.items)
    }

    pub async fn status(&self, admin: &Person) -> Result<StatusReport, ClientError> {
        self.call(Method::GET, "/api/v1/admin/status", Some(admin), None)
            .await
    }

    /// Closes or opens a region's gate.
    pub async fn gate(
        &self,
        admin: &Person,
        region: Region,
        open: bool,
    ) -> Result<(), ClientError> {
        let body = json!({"gate": if open { "open" } else { "closed" }});
        let path = format!("/api/v1/admin/regions/{region}");
        self.call::<Value>(Method::PUT, &path, Some(admin), Some(body))
            .await
            .map(drop)
    }
}

/// Good enough for short-lived test people.
const PASSWORD: &str = "correct-horse-battery";
const INBOX_MAX: usize = 10_000;
const PROFILE: &str = "/api/v1/users/me/profile";
const MARKED_WITHIN: Duration = Duration::from_secs(60);

/// Reads the claim of a token without verifying it.
pub fn tells_verified(token: &str) -> bool {
    let claims = token.split('.').nth(1).unwrap_or_default();
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap_or_default();
    serde_json::from_slice::<Value>(&claims).is_ok_and(|claims| claims["verified"] == true)
}
