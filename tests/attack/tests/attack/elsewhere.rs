//! Sign-ins at other services: by a caught answer, in the account of the attacker, and into an account with the same address.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
};

use attack::{AttackedPlatform, HttpAnswer, HttpCall, Station};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use stack::Stores;
use tokio::sync::OnceCell;
use wire::Role;

const CLIENT: &str = "holdfast";
const BACK: &str = "http://127.0.0.1:1/sign-in/back";

/// A visit as its browser knows it.
struct Visit {
    ticket: String,
    state: String,
    nonce: String,
}

/// The platform, whose people may sign in at an issuer that signs for whoever asks.
async fn platform() -> &'static AttackedPlatform {
    static PLATFORM: OnceCell<AttackedPlatform> = OnceCell::const_new();
    PLATFORM
        .get_or_init(async || {
            let issuer = careless_issuer();
            let oidc = format!(
                r#"[{{ name = "careless", label = "Careless", issuer = "{issuer}", client_id = "{CLIENT}" }}]"#
            );
            let environment =
                [("HOLDFAST__AUTH__OIDC_RETURN", BACK), ("HOLDFAST__AUTH__OIDC", oidc.as_str())];
            AttackedPlatform::with(Stores::Real, &environment).await
        })
        .await
}

async fn begin(platform: &AttackedPlatform, from: Station) -> Visit {
    let call = HttpCall::post("/api/v1/auth/oidc/careless/begin").json(&json!({}));
    visit(&from.ask(platform.gateway(), &call).await.expect("an answer"))
}

fn visit(begun: &HttpAnswer) -> Visit {
    assert_eq!(begun.status, 200, "{}", begun.text());
    let body: Value = serde_json::from_slice(&begun.body).expect("an answer");
    let address = body["address"].as_str().expect("an address");
    let word = |name: &str| {
        let (_, rest) = address.split_once(&format!("{name}=")).expect(name);
        rest.split('&').next().unwrap_or_default().to_owned()
    };
    let ticket = body["ticket"].as_str().expect("a ticket").to_owned();
    Visit { ticket, state: word("state"), nonce: word("nonce") }
}

/// The issuer's code: what it is to say of whom. It forgets everything else, PKCE too.
fn code(visit: &Visit, subject: &str, email: &str) -> String {
    let claims = json!({
        "nonce": visit.nonce, "sub": subject, "email": email, "email_verified": true,
    });
    URL_SAFE_NO_PAD.encode(claims.to_string())
}

async fn finish(
    platform: &AttackedPlatform,
    from: Station,
    (ticket, state): (&Visit, &Visit),
    code: &str,
) -> HttpAnswer {
    let form = json!({ "ticket": ticket.ticket, "state": state.state, "code": code });
    let call = HttpCall::post("/api/v1/auth/oidc/sign-in").json(&form);
    from.ask(platform.gateway(), &call).await.expect("an answer")
}

#[tokio::test]
async fn another_persons_browser_finishes_a_sign_in() {
    let platform = platform().await;
    let (victim, thief) = (Station::fresh(), Station::fresh());
    let (own, other) = (begin(platform, victim).await, begin(platform, thief).await);
    let caught = code(&own, "the-victim", "victim@elsewhere.example");
    // He has caught the address of the way back, but not the ticket.
    let answer = finish(platform, thief, (&other, &own), &caught).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "visit_over"));
    // He puts the code into a visit of his own: the token answers another one.
    let answer = finish(platform, thief, (&other, &other), &caught).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "identity_refused"));
    // He leads the victim's browser to the end of a visit of his own, to have it work in his account.
    let other = begin(platform, thief).await;
    let his = code(&other, "the-thief", "thief@elsewhere.example");
    let answer = finish(platform, victim, (&own, &other), &his).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "visit_over"));
    let form = json!({ "ticket": other.ticket, "state": other.state, "code": his });
    let page = HttpCall::post("/api/v1/session/oidc").json(&form);
    let page = page.header("origin", "http://evil.example");
    let answer = victim.ask(platform.gateway(), &page).await.expect("an answer");
    assert_eq!((answer.status, answer.code().as_str()), (403, "foreign_page"));
    let answer = finish(platform, victim, (&own, &own), &caught).await;
    assert_eq!(answer.status, 200, "the victim comes back: {}", answer.text());
    let answer = finish(platform, victim, (&own, &own), &caught).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "visit_over"), "once");
}

#[tokio::test]
async fn somebody_takes_an_account_over_by_its_address_at_another_service() {
    let platform = platform().await;
    let victim = platform.somebody(Role::Provider).await;
    // As the platform's people are registered here.
    let email = format!("{}@example.org", victim.username);
    let thief = Station::fresh();
    let own = begin(platform, thief).await;
    let answer = finish(platform, thief, (&own, &own), &code(&own, "a-thief", &email)).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "user_exists"), "{}", answer.text());
    // With the victim's token, and without the password.
    for guess in ["", "a-guess-of-the-thief"] {
        let call = HttpCall::post("/api/v1/auth/oidc/careless/link");
        let call = call.bearer(&victim.person.token).json(&json!({ "password": guess }));
        let answer = thief.ask(platform.gateway(), &call).await.expect("an answer");
        assert_eq!((answer.status, answer.code().as_str()), (401, "invalid_credentials"));
    }
    let call = HttpCall::post("/api/v1/auth/identities").bearer(&victim.person.token);
    let own = begin(platform, thief).await;
    let code = code(&own, "a-thief", "thief@elsewhere.example");
    let form = json!({ "ticket": own.ticket, "state": own.state, "code": code });
    let answer = thief.ask(platform.gateway(), &call.json(&form)).await.expect("an answer");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (409, "visit_over"),
        "a visit to sign in links nothing"
    );
}

/// An issuer on a thread of its own, which says of anybody whatever the code asks for.
fn careless_issuer() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let own = address.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _gone = answer(&own, stream);
        }
    });
    address
}

fn answer(address: &str, mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(bytes) = line.strip_prefix("content-length:") {
            length = bytes.trim().parse().unwrap_or_default();
        }
    }
    let mut form = vec![0; length];
    reader.read_exact(&mut form)?;
    let body = said(address, &first, &String::from_utf8_lossy(&form)).to_string();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn said(address: &str, first: &str, form: &str) -> Value {
    let key = Ed25519KeyPair::from_seed_unchecked(&[5; 32]).expect("a key");
    if first.starts_with("GET /keys") {
        let x = URL_SAFE_NO_PAD.encode(key.public_key());
        return json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x }] });
    }
    let Some((_, code)) = form.split_once("code=") else {
        return json!({
            "issuer": address, "authorization_endpoint": format!("{address}/enter"),
            "token_endpoint": format!("{address}/token"), "jwks_uri": format!("{address}/keys"),
        });
    };
    let claims = URL_SAFE_NO_PAD.decode(code.split('&').next().unwrap_or_default());
    let mut claims: Value = serde_json::from_slice(&claims.unwrap_or_default()).unwrap_or_default();
    let now = process::clock::Clock::system().now().0 / 1000;
    claims["iss"] = json!(address);
    claims["aud"] = json!(CLIENT);
    claims["iat"] = json!(now);
    claims["exp"] = json!(now + 300);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({ "alg": "EdDSA", "kid": "k" })), part(&claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(text.as_bytes()));
    json!({ "access_token": "a", "token_type": "Bearer", "id_token": format!("{text}.{signature}") })
}
