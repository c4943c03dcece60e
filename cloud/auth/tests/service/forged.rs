//! A fake issuer that signs arbitrary tokens, including ones that a real issuer never would.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use auth::IssuerConfig;
use axum::{
    Json, Router,
    extract::{RawForm, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use process::{tasks::Tasks, tokens::bearer_token, web};
use ring::{
    digest,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};

const CLIENT: &str = "holdfast";
const SECRET: &str = "a-secret-of-the-issuer";
const ACCESS: &str = "access-at-the-issuer";

pub(crate) struct ForgedIssuer {
    pub address: String,
    forgery: Arc<Mutex<Forgery>>,
    tasks: Tasks,
}

/// The issuer's answers. Tests change them.
pub(crate) struct Forgery {
    pub header: Value,
    /// Merged over the claims of a valid token; null removes a claim.
    pub claims: Value,
    /// Merged over the userinfo of the person who signed in last.
    pub told: Value,
    /// Merged over the discovery document.
    pub document: Value,
    /// The seed of the signing key, and the published key names with their seeds.
    pub signs_by: u8,
    pub published: Vec<(String, u8)>,
    pub key_reads: u32,
    pub exchanges: u32,
    pub redirects: bool,
    visits: BTreeMap<String, GrantedVisit>,
    latest: String,
}

#[derive(Clone)]
struct GrantedVisit {
    challenge: String,
    nonce: String,
    subject: String,
    now_s: i64,
}

type Shared = State<(String, Arc<Mutex<Forgery>>)>;

impl ForgedIssuer {
    pub(crate) async fn start() -> Self {
        let forgery = Arc::new(Mutex::new(Forgery::honest()));
        let listener = web::bind_listener("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(document))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/me", get(me))
            .with_state((address.clone(), forgery.clone()));
        let tasks = Tasks::new();
        let stop = tasks.stop_token();
        tasks.spawn_once("issuer", async move {
            web::serve_http(listener, routes, web::ConnectionSlots::default(), stop).await;
        });
        Self {
            address,
            forgery,
            tasks,
        }
    }

    pub(crate) fn config(&self, name: &str) -> IssuerConfig {
        IssuerConfig {
            name: name.to_owned(),
            label: format!("The {name}"),
            issuer: self.address.clone(),
            client_id: CLIENT.to_owned(),
            client_secret: SECRET.into(),
        }
    }

    pub(crate) fn forgery(&self) -> MutexGuard<'_, Forgery> {
        self.forgery.lock().unwrap()
    }

    /// Signs a person in at that authorization address, and returns the code.
    pub(crate) fn grant(&self, way: &str, subject: &str, now_s: i64) -> String {
        assert!(way.starts_with(&format!("{}/auth?", self.address)), "{way}");
        assert_eq!(query(way, "response_type"), "code");
        assert_eq!(query(way, "code_challenge_method"), "S256");
        let visit = GrantedVisit {
            challenge: query(way, "code_challenge"),
            nonce: query(way, "nonce"),
            subject: subject.to_owned(),
            now_s,
        };
        let mut forgery = self.forgery();
        let code = format!("code-{}-{}", forgery.visits.len(), visit.nonce);
        forgery.visits.insert(code.clone(), visit);
        code
    }

    pub(crate) async fn stop(&self) {
        self.tasks.shutdown(std::time::Duration::from_secs(5)).await;
    }
}

impl Forgery {
    fn honest() -> Self {
        Self {
            header: json!({ "alg": "EdDSA", "kid": "first" }),
            claims: json!({}),
            told: json!({}),
            document: json!({}),
            signs_by: 1,
            published: vec![("first".to_owned(), 1)],
            key_reads: 0,
            exchanges: 0,
            redirects: false,
            visits: BTreeMap::new(),
            latest: String::new(),
        }
    }

    fn signed(&self, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&self.header), part(claims));
        let signature = pair(self.signs_by).sign(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// A raw value from an address's query.
pub(crate) fn query(address: &str, name: &str) -> String {
    let (_, query) = address.split_once('?').unwrap();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(key, _)| *key == name)
        .unwrap_or_else(|| panic!("{name} in {address}"))
        .1
        .to_owned()
}

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn over(mut value: Value, changes: &Value) -> Value {
    for (name, change) in changes.as_object().unwrap() {
        match change {
            Value::Null => drop(value.as_object_mut().unwrap().remove(name)),
            change => value[name] = change.clone(),
        }
    }
    value
}

async fn document(State((address, forgery)): Shared) -> Response {
    let forgery = forgery.lock().unwrap();
    if forgery.redirects {
        return (StatusCode::FOUND, [(header::LOCATION, "/keys")]).into_response();
    }
    let honest = json!({
        "issuer": address,
        "authorization_endpoint": format!("{address}/auth"),
        "token_endpoint": format!("{address}/token"),
        "jwks_uri": format!("{address}/keys"),
        "userinfo_endpoint": format!("{address}/me"),
    });
    Json(over(honest, &forgery.document)).into_response()
}

async fn keys(State((_, forgery)): Shared) -> Json<Value> {
    let mut forgery = forgery.lock().unwrap();
    forgery.key_reads += 1;
    let keys = forgery.published.iter().map(|(kid, seed)| {
        let x = URL_SAFE_NO_PAD.encode(pair(*seed).public_key());
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": kid, "x": x })
    });
    Json(json!({ "keys": keys.collect::<Vec<_>>() }))
}

async fn token(
    State((address, forgery)): Shared,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Response {
    let form = format!("?{}", String::from_utf8(form.to_vec()).unwrap());
    let refused =
        |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{SECRET}")));
    if headers
        .get(header::AUTHORIZATION)
        .is_none_or(|said| said.as_bytes() != basic.as_bytes())
    {
        return refused("invalid_client");
    }
    let mut forgery = forgery.lock().unwrap();
    forgery.exchanges += 1;
    let Some(visit) = forgery.visits.remove(&query(&form, "code")) else {
        return refused("invalid_grant");
    };
    let verifier = digest::digest(&digest::SHA256, query(&form, "code_verifier").as_bytes());
    if URL_SAFE_NO_PAD.encode(verifier) != visit.challenge {
        return refused("invalid_grant");
    }
    let claims = json!({
        "iss": address, "aud": CLIENT, "sub": visit.subject, "nonce": visit.nonce,
        "iat": visit.now_s, "exp": visit.now_s + 300,
    });
    forgery.latest.clone_from(&visit.subject);
    let id_token = forgery.signed(&over(claims, &forgery.claims));
    let answer = json!({ "access_token": ACCESS, "token_type": "Bearer", "id_token": id_token });
    Json(answer).into_response()
}

async fn me(State((_, forgery)): Shared, headers: HeaderMap) -> Response {
    if bearer_token(&headers) != Some(ACCESS) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let forgery = forgery.lock().unwrap();
    Json(over(json!({ "sub": forgery.latest }), &forgery.told)).into_response()
}
