//! An OpenID Connect issuer that signs whatever claims the code contains. It ignores everything
//! else, even PKCE, except the client secret.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use process::clock::Clock;
use serde_json::{Value, json};

use super::Issuer;

/// Runs on a separate thread until the process ends. Cloning shares it.
#[derive(Clone)]
pub struct CarelessIssuer(Arc<Inner>);

struct Inner {
    address: String,
    client_secret: String,
    signer: Issuer,
    id_tokens: Mutex<Vec<String>>,
}

/// The parts of a request that are used here.
struct Asked {
    path: String,
    authorization: String,
    form: String,
}

impl CarelessIssuer {
    pub const CLIENT: &str = "holdfast";
    pub const ACCESS_TOKEN: &str = "a-token-for-what-is-elsewhere";

    /// With a secret it answers only clients that send it.
    ///
    /// # Panics
    /// If the machine has no free port.
    pub fn start(client_secret: &str) -> Self {
        let bound = TcpListener::bind("127.0.0.1:0").and_then(|l| Ok((l.local_addr()?, l)));
        let (at, listener) = bound.unwrap_or_else(|error| panic!("no port: {error}"));
        let own = Self(Arc::new(Inner {
            address: format!("http://{at}"),
            client_secret: client_secret.to_owned(),
            signer: Issuer::new(),
            id_tokens: Mutex::default(),
        }));
        let issuer = own.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _gone = issuer.answer(stream);
            }
        });
        own
    }

    /// The environment of a platform that offers sign-in through this issuer, under that name.
    pub fn environment(&self, name: &str, back: &str) -> [(String, String); 2] {
        let Inner {
            address,
            client_secret,
            ..
        } = &*self.0;
        let client = Self::CLIENT;
        let oidc = format!(
            r#"[{{ name = "{name}", label = "Careless", issuer = "{address}", client_id = "{client}", client_secret = "{client_secret}" }}]"#
        );
        [
            ("HOLDFAST__AUTH__OIDC", oidc),
            ("HOLDFAST__AUTH__OIDC_RETURN", back.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
    }

    /// The authorization code for a sign-in of that person.
    pub fn code(nonce: &str, subject: &str, email: &str) -> String {
        let claims =
            json!({ "nonce": nonce, "sub": subject, "email": email, "email_verified": true });
        URL_SAFE_NO_PAD.encode(claims.to_string())
    }

    /// The client's credentials as sent in the `Authorization` header.
    pub fn basic(&self) -> String {
        STANDARD.encode(format!("{}:{}", Self::CLIENT, self.0.client_secret))
    }

    pub fn id_tokens(&self) -> Vec<String> {
        self.0
            .id_tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let asked = Asked::read(&stream)?;
        let (status, body) = self.said(&asked);
        let body = body.to_string();
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    }

    fn said(&self, asked: &Asked) -> (&'static str, Value) {
        let Inner {
            address,
            client_secret,
            signer,
            id_tokens,
        } = &*self.0;
        if asked.path == "/keys" {
            let keys = serde_json::from_str(&signer.signer.jwks());
            return ("200 OK", keys.unwrap_or_default());
        }
        let Some((_, code)) = asked.form.split_once("code=") else {
            let metadata = json!({
                "issuer": address, "authorization_endpoint": format!("{address}/enter"),
                "token_endpoint": format!("{address}/token"), "jwks_uri": format!("{address}/keys"),
            });
            return ("200 OK", metadata);
        };
        if !client_secret.is_empty() && asked.authorization != format!("Basic {}", self.basic()) {
            return ("401 Unauthorized", json!({ "error": "invalid_client" }));
        }
        let claims = URL_SAFE_NO_PAD.decode(code.split('&').next().unwrap_or_default());
        let mut claims: Value =
            serde_json::from_slice(&claims.unwrap_or_default()).unwrap_or_default();
        let now = Clock::system().now().0 / 1000;
        claims["iss"] = json!(address);
        claims["aud"] = json!(Self::CLIENT);
        claims["iat"] = json!(now);
        claims["exp"] = json!(now + 300);
        let token = signer.signer.sign_claims(&claims);
        id_tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(token.clone());
        let access_token = Self::ACCESS_TOKEN;
        let given =
            json!({ "access_token": access_token, "token_type": "Bearer", "id_token": token });
        ("200 OK", given)
    }
}

impl Asked {
    fn read(stream: &TcpStream) -> std::io::Result<Self> {
        let mut reader = BufReader::new(stream);
        let mut first = String::new();
        let mut authorization = String::new();
        let mut length = 0;
        reader.read_line(&mut first)?;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim().split_once(':') else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap_or_default(),
                "authorization" => authorization = value.trim().to_owned(),
                _ => {}
            }
        }
        let mut form = vec![0; length];
        reader.read_exact(&mut form)?;
        let form = String::from_utf8_lossy(&form).into_owned();
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        Ok(Self {
            path,
            authorization,
            form,
        })
    }
}
