//! The gateway of text messages: `POST` of `{"id", "to", "text"}` as JSON, with the secret as bearer and the id as
//! `Idempotency-Key`. Any status of 200 to 299 takes the message; its body is not read.

use std::{fs, path::Path, time::Duration};

use http::{HeaderValue, Method, StatusCode};
use process::{
    client::{Client, is_guarded, json_request},
    config::Secret,
    idempotency::IDEMPOTENCY_KEY,
    problem::chain,
    trust::Authorities,
};
use serde::Serialize;
use uuid::Uuid;

use super::{SmsAddressError, SmsError, SmsMessage};

/// Of one try.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);
/// Between one try and the next. Behind the last, the message is given up.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1_500)];
const SECRET_BYTES_MAX: usize = 4_096;

pub struct SmsGateway {
    client: Client,
    url: String,
    secret: Secret,
}

#[derive(Serialize)]
struct Handed<'a> {
    id: Uuid,
    to: &'a str,
    text: &'a str,
}

impl SmsGateway {
    pub(super) fn open(
        url: &str,
        secret: &Path,
        authorities: &Authorities,
    ) -> Result<Self, SmsAddressError> {
        if !is_guarded(url) {
            return Err(SmsAddressError::Form);
        }
        let read = fs::read_to_string(secret);
        let read =
            read.map_err(|source| SmsAddressError::Secret { file: secret.to_owned(), source })?;
        let text = read.trim();
        let is_sound = (1..=SECRET_BYTES_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_sound {
            return Err(SmsAddressError::NoSecret(secret.to_owned()));
        }
        let client = Client::with_tls((*authorities.client()).clone());
        Ok(Self { client, url: url.to_owned(), secret: text.into() })
    }

    pub(super) async fn send(&self, message: &SmsMessage) -> Result<(), SmsError> {
        for pause in PAUSES {
            match self.hand_over(message).await {
                Err(SmsError::Away(why)) => {
                    tracing::debug!(why, "A text message is handed over again");
                    tokio::time::sleep(pause).await;
                }
                done => return done,
            }
        }
        self.hand_over(message).await
    }

    async fn hand_over(&self, message: &SmsMessage) -> Result<(), SmsError> {
        let body = Handed { id: message.id, to: message.to.as_str(), text: &message.text };
        let request =
            json_request(Method::POST, &self.url, Some(self.secret.reveal()), Some(&body));
        let mut request = request.map_err(|error| SmsError::Away(chain(&error)))?;
        if let Ok(key) = HeaderValue::from_str(&message.id.to_string()) {
            request.headers_mut().insert(IDEMPOTENCY_KEY, key);
        }
        let answer = tokio::time::timeout(ANSWER_WITHIN, self.client.request(request)).await;
        let status = match answer {
            Ok(Ok(response)) => response.status(),
            Ok(Err(error)) => return Err(SmsError::Away(chain(&error))),
            Err(_) => return Err(SmsError::Away("no answer in time".to_owned())),
        };
        if status.is_success() {
            return Ok(());
        }
        if is_passing(status) {
            return Err(SmsError::Away(format!("it answered {}", status.as_u16())));
        }
        Err(SmsError::Refused(status.as_u16()))
    }
}

fn is_passing(status: StatusCode) -> bool {
    let asks_to_wait = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    status.is_server_error() || asks_to_wait.contains(&status)
}
