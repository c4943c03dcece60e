//! Everything that a stranger may present instead of a token.

use attack::{AttackedPlatform, HttpCall, PASSWORD, Somebody, Station};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::{
    clock::Clock,
    parts::CloudPart,
    tokens::{Claims, Signer, TokenKind},
};
use ring::{hmac, signature::Ed25519KeyPair};
use serde_json::{Value, json};
use wire::{CommandId, Region, Role};

use super::described::NOBODYS;

/// Invalid credentials, and the reason.
pub(super) struct Forgery {
    pub why: String,
    headers: Vec<(String, String)>,
}

impl Forgery {
    pub(super) fn on(&self, call: HttpCall) -> HttpCall {
        self.headers
            .iter()
            .fold(call, |call, (name, value)| call.header(name, value.clone()))
    }

    fn new(why: impl Into<String>, headers: &[(&str, &str)]) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self {
            why: why.into(),
            headers: headers.collect(),
        }
    }

    fn token(why: impl Into<String>, token: &str) -> Self {
        Self::new(why, &[("authorization", &format!("Bearer {token}"))])
    }
}

/// The platform's key, stolen, and a key of the thief's.
struct Forger {
    genuine: Ed25519KeyPair,
    foreign: Ed25519KeyPair,
    /// As the platform publishes it.
    jwk: Value,
}

/// For every non-public route, at the gateway and the edge.
pub(super) async fn forgeries(platform: &AttackedPlatform) -> Vec<Forgery> {
    let admin = platform.admin().await;
    let sound = decoded(admin.person.token.split('.').nth(1).expect("claims"));
    let forger = Forger::at(platform, &sound).await;
    let mut all = without_a_token(&admin);
    all.extend(forger.wrongly_signed(&sound));
    all.extend(forger.wrongly_claimed(&sound));
    all.extend(ended_sessions(platform, &admin).await);
    all
}

/// Valid tokens that are not for the gateway.
pub(super) async fn not_for_the_gateway(platform: &AttackedPlatform) -> Vec<Forgery> {
    let admin = platform.admin().await;
    let key = platform.stack.layout().cloud_folder().join("auth.key");
    let signer = Signer::load(&key).expect("auth's key");
    let sound: Claims = serde_json::from_value(decoded(
        admin.person.token.split('.').nth(1).expect("claims"),
    ))
    .expect("claims");
    let edge = |kind| Claims {
        kind,
        region: Some(Region::North),
        ..sound.clone()
    };
    let command = Some(CommandId(NOBODYS.parse().expect("an id")));
    let service = platform.service_key(CloudPart::Gateway);
    vec![
        Forgery::token("an edge's token", &admin.edge_token),
        Forgery::token(
            "a device's grant",
            &signer.sign_claims(&edge(TokenKind::DeviceGrant)),
        ),
        Forgery::token(
            "a command's",
            &signer.sign_claims(&Claims {
                command,
                ..edge(TokenKind::Edge)
            }),
        ),
        Forgery::token(
            "a refresh token",
            &signer.sign_claims(&Claims {
                kind: TokenKind::Refresh,
                ..sound.clone()
            }),
        ),
        Forgery::token(
            "access with a region",
            &signer.sign_claims(&edge(TokenKind::Access)),
        ),
        Forgery::token(
            "a service's",
            &service.issue_token("gateway", "order", &Clock::system()),
        ),
    ]
}

/// Valid tokens that are not for an edge of NORTH.
pub(super) async fn not_for_the_edge(platform: &AttackedPlatform) -> Vec<Forgery> {
    let provider = platform.provider().await;
    let elsewhere = provider.edge_token_of(Region::South).await;
    vec![
        Forgery::token("a token for the cloud", &provider.person.token),
        Forgery::token("a token for another region", &elsewhere),
    ]
}

fn without_a_token(admin: &Somebody) -> Vec<Forgery> {
    let token = admin.person.token.as_str();
    let bearer = format!("Bearer {token}");
    let id = admin.person.user_id.to_string();
    let mut all = vec![
        Forgery::new("nothing", &[]),
        Forgery::new(
            "the word of a gateway",
            &[("x-user-id", &id), ("x-user-role", "admin")],
        ),
        Forgery::new(
            "another scheme",
            &[("authorization", &format!("Basic {token}"))],
        ),
        Forgery::new("no scheme", &[("authorization", token)]),
        Forgery::new(
            "two tokens",
            &[("authorization", &bearer), ("authorization", &bearer)],
        ),
        Forgery::new(
            "a bare token as a cookie",
            &[("cookie", &format!("holdfast={token}"))],
        ),
        Forgery::token("two words", &format!("{token} {token}")),
    ];
    for malformed in [
        "",
        "x",
        "..",
        "a.b.c",
        "e30.e30.",
        "null",
        "undefined",
        "%00",
    ] {
        all.push(Forgery::token(format!("`{malformed}`"), malformed));
    }
    all.push(Forgery::token("a very long one", &"a".repeat(5_000)));
    all.push(Forgery::token("a shortened one", &token[..token.len() - 4]));
    all
}

async fn ended_sessions(platform: &AttackedPlatform, admin: &Somebody) -> Vec<Forgery> {
    let out = platform.provider().await;
    let closed = platform.somebody(Role::Customer).await;
    out.done(HttpCall::post("/api/v1/auth/logout")).await;
    let revoke = HttpCall::post(&format!(
        "/api/v1/admin/users/{}/revoke",
        closed.person.user_id
    ));
    admin
        .done(revoke.json(&json!({"reason": "they asked for it"})))
        .await;
    let changed = platform.somebody(Role::Customer).await;
    let form = json!({"old_password": PASSWORD, "new_password": "another-horse-battery"});
    let before = platform
        .sign_in(changed.station, &changed.username, PASSWORD)
        .await;
    changed
        .done(HttpCall::post("/api/v1/auth/password").json(&form))
        .await;
    let before = before.unwrap_or_else(|refusal| panic!("{}", refusal.text()));
    vec![
        Forgery::token("signed out", &out.person.token),
        Forgery::token("a closed account's", &closed.person.token),
        Forgery::token("from before another password", &before.person.token),
    ]
}

impl Forger {
    /// Loads the stolen key and checks it: a token signed with it opens the gateway.
    async fn at(platform: &AttackedPlatform, sound: &Value) -> Self {
        let file = platform.stack.layout().cloud_folder().join("auth.key");
        let pair = |der: &[u8]| Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).expect("a key");
        let genuine = pair(&std::fs::read(&file).expect("auth's key"));
        let published = Signer::load(&file).expect("auth's key").jwks();
        let jwk = serde_json::from_str::<Value>(&published).expect("keys")["keys"][0].clone();
        let head = json!({"alg": "EdDSA", "typ": "JWT", "kid": jwk["kid"]});
        let call = HttpCall::get("/api/v1/session").bearer(&signed(&genuine, &head, sound));
        let answer = Station::fresh()
            .ask(platform.gateway(), &call)
            .await
            .expect("an answer");
        assert_eq!(answer.status, 200, "by auth's own key: {}", answer.text());
        Self {
            genuine,
            foreign: pair(&Signer::generate_pkcs8()),
            jwk,
        }
    }

    fn wrongly_signed(&self, claims: &Value) -> Vec<Forgery> {
        let kid = &self.jwk["kid"];
        let head = json!({"alg": "EdDSA", "typ": "JWT", "kid": kid});
        let genuine = signed(&self.genuine, &head, claims);
        let signature = genuine.rsplit('.').next().unwrap_or_default();
        let mut all = vec![Forgery::token(
            "another key by the same name",
            &signed(&self.foreign, &head, claims),
        )];
        for alg in ["none", "None", "NONE", "nOnE", ""] {
            let unsigned = unsigned(&json!({"alg": alg, "typ": "JWT", "kid": kid}), claims);
            all.push(Forgery::token(
                format!("alg {alg}"),
                &format!("{unsigned}."),
            ));
            all.push(Forgery::token(
                format!("alg {alg}, signed"),
                &format!("{unsigned}.{signature}"),
            ));
        }
        let public = self.jwk["x"].as_str().expect("an Ed25519 key");
        for secret in [
            public.as_bytes().to_vec(),
            URL_SAFE_NO_PAD.decode(public).expect("base64"),
        ] {
            let text = unsigned(&json!({"alg": "HS256", "typ": "JWT", "kid": kid}), claims);
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), text.as_bytes());
            let tag = URL_SAFE_NO_PAD.encode(tag.as_ref());
            all.push(Forgery::token(
                "HS256 by the public key",
                &format!("{text}.{tag}"),
            ));
        }
        let own = URL_SAFE_NO_PAD.encode(ring::signature::KeyPair::public_key(&self.foreign));
        for head in [
            json!({"alg": "EdDSA", "typ": "JWT"}),
            json!({"alg": "EdDSA", "typ": "JWT", "kid": ""}),
            json!({"alg": "EdDSA", "typ": "JWT", "kid": "../../../../dev/null"}),
            json!({"alg": "EdDSA", "typ": "JWT", "kid": "' OR '1'='1"}),
            json!({"alg": "EdDSA", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": own}}),
            json!({"alg": "EdDSA", "kid": kid, "jku": "http://127.0.0.1:9/jwks.json"}),
        ] {
            all.push(Forgery::token(
                head.to_string(),
                &signed(&self.foreign, &head, claims),
            ));
        }
        all
    }

    /// Signed with the platform's key, yet not a person's valid token.
    fn wrongly_claimed(&self, sound: &Value) -> Vec<Forgery> {
        let head = json!({"alg": "EdDSA", "typ": "JWT", "kid": self.jwk["kid"]});
        let iat = sound["iat"].as_i64().expect("a time");
        let mut all = Vec::new();
        for claim in ["iss", "sub", "role", "jti", "iat", "exp", "kind"] {
            let mut claims = sound.clone();
            claims.as_object_mut().expect("claims").remove(claim);
            all.push(Forgery::token(
                format!("without {claim}"),
                &signed(&self.genuine, &head, &claims),
            ));
        }
        for (claim, value) in [
            ("exp", json!(iat - 1)),
            ("exp", json!(iat.to_string())),
            ("exp", json!(-1)),
            ("role", json!("root")),
            ("role", json!(["customer", "admin"])),
            ("kind", json!("root")),
            ("sub", json!("admin")),
            ("jti", json!("' OR '1'='1")),
        ] {
            let mut claims = sound.clone();
            claims[claim] = value.clone();
            let why = format!("{claim} is {value}");
            all.push(Forgery::token(why, &signed(&self.genuine, &head, &claims)));
        }
        all
    }
}

fn signed(pair: &Ed25519KeyPair, head: &Value, claims: &Value) -> String {
    let text = unsigned(head, claims);
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(text.as_bytes()).as_ref());
    format!("{text}.{signature}")
}

fn unsigned(head: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(head), part(claims))
}

fn decoded(part: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}
