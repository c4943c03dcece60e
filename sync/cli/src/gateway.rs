//! The gateway client: address, sign-in, and sentences for refusals.

use std::time::Duration;

use http::{HeaderValue, Method, Uri, header, uri::Scheme};
use process::{
    client::{Client, ClientError, is_loopback, json_request},
    context::{Context, ContextError, ContextFileError, ContextFolder},
    problem::ProblemBody,
    trust::{TlsConfig, TrustError, trust},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use wire::{Code, StatusReport};

use crate::{
    args::Common,
    cause::cause,
    exit::{ExitKind, Failure, Result},
    login,
    look::{Look, with_step},
    say,
    table::printable,
};

pub struct Gateway {
    pub look: Look,
    pub url: String,
    client: Client,
    token: Option<String>,
    timeout: Duration,
}

#[derive(Deserialize)]
pub struct ListPage<T> {
    pub items: Vec<T>,
    #[serde(default)]
    next: Option<String>,
}

/// Cuts longer lists, because people read them.
const PAGES_MAX: usize = 100;
/// The page size of every list.
const PAGE_MAX: usize = 100;

/// Turns a not-found failure into `None`.
pub fn absent<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(failure) if failure.exit == ExitKind::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

impl Gateway {
    /// Uses the gateway from the command line or the only stored one, with a sign-in.
    pub async fn find(common: &Common, look: Look) -> Result<Self> {
        let (gateway, context) = Self::unsigned(common, look)?;
        let given = std::env::var("HOLDFAST_TOKEN").ok().filter(|token| !token.is_empty());
        let token = match (given, context) {
            (Some(token), _) => token,
            (None, Some(context)) => login::standing_token(&gateway, context).await?,
            (None, None) => {
                let sentence = say::no_sign_in { url: (&gateway.url).into() };
                return Err(Failure::with_step(ExitKind::Authentication, &look, sentence));
            }
        };
        Ok(gateway.signed_in(token))
    }

    /// Returns the gateway without a token, and its stored sign-in.
    pub fn unsigned(common: &Common, look: Look) -> Result<(Self, Option<Context>)> {
        let context = context(common.url.as_deref(), &look)?;
        let known = context.as_ref().map(|known| known.gateway.clone());
        let Some(url) = common.url.clone().or(known) else {
            return Err(Failure::with_step(ExitKind::Usage, &look, say::no_platform));
        };
        if is_open_to_others(&url) {
            if !common.token_in_the_clear {
                let sentence = say::token_in_the_clear { url: (&url).into() };
                return Err(Failure::with_step(ExitKind::Usage, &look, sentence));
            }
            eprintln!("{}", look.say(say::token_is_in_the_clear { url: (&url).into() }));
        }
        trust(&TlsConfig::of_environment()).map_err(|error| untrusted(&error, &look))?;
        let (client, timeout) = (Client::new(), common.timeout_or(10));
        Ok((Self { look, url, client, token: None, timeout }, context))
    }

    pub fn signed_in(self, token: String) -> Self {
        Self { token: Some(token), ..self }
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub async fn status(&self) -> Result<StatusReport> {
        self.get("/api/v1/admin/status").await
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Option<&Value>) -> Result<Value> {
        self.call(Method::POST, path, body).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::PUT, path, Some(body)).await
    }

    /// `path` ends with `?`, or with a query and `&`.
    pub async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>> {
        self.first(path, PAGES_MAX * PAGE_MAX).await
    }

    pub async fn first<T: DeserializeOwned>(&self, path: &str, limit: usize) -> Result<Vec<T>> {
        Ok(self.some(path, limit, None).await?.0)
    }

    /// Loads at most `limit` items after a cursor, and the cursor of the rest, if any.
    pub async fn some<T: DeserializeOwned>(
        &self,
        path: &str,
        limit: usize,
        after: Option<String>,
    ) -> Result<(Vec<T>, Option<String>)> {
        let (mut items, mut next) = (Vec::new(), after);
        for _ in 0..PAGES_MAX {
            let size = (limit - items.len()).min(PAGE_MAX);
            let after = next.map(|cursor| format!("cursor={cursor}&")).unwrap_or_default();
            let mut page: ListPage<T> = self.get(&format!("{path}{after}limit={size}")).await?;
            items.append(&mut page.items);
            next = page.next;
            if next.is_none() || items.len() >= limit {
                break;
            }
        }
        Ok((items, next))
    }

    pub async fn delete(&self, path: &str) -> Result<Value> {
        self.call(Method::DELETE, path, None).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T> {
        let url = format!("{}{path}", self.url);
        let request = json_request(method, &url, self.token.as_deref(), body);
        let mut request = request.map_err(|error| self.failure(path, &error))?;
        // Request the platform's reasons in our language.
        let language = HeaderValue::from_static(self.look.language.tag());
        request.headers_mut().insert(header::ACCEPT_LANGUAGE, language);
        // The client's own timeout is slightly longer, so that this one fires.
        let call = self.client.answer(request, self.timeout + Duration::from_secs(1));
        match tokio::time::timeout(self.timeout, call).await {
            Ok(answer) => answer.map_err(|error| self.failure(path, &error)),
            Err(_) => {
                let seconds = self.timeout.as_secs().into();
                let sentence = say::too_slow { url: (&self.url).into(), seconds };
                Err(Failure::with_step(ExitKind::TimedOut, &self.look, sentence))
            }
        }
    }

    fn failure(&self, path: &str, error: &ClientError) -> Failure {
        match error.status {
            None => {
                let sentence = say::unreachable { url: (&self.url).into(), cause: cause(error) };
                Failure::with_step(ExitKind::Unreachable, &self.look, sentence)
            }
            Some(200..300) => self.unreadable(),
            Some(status) => self.refusal(path, status, error),
        }
    }

    fn refusal(&self, path: &str, status: u16, error: &ClientError) -> Failure {
        let (exit, look) = (ExitKind::of_status(status), &self.look);
        let problem = error.problem.as_deref();
        let code = problem.map(|problem| problem.code);
        let reasons = problem.map(reasons).unwrap_or_default();
        let (sentence, step) = match (code, problem) {
            // Commands replace this with a sentence that names the missing thing.
            (Some(Code::NotFound), _) => {
                let path = path.split('?').next().unwrap_or(path).into();
                let text = look.say(say::nothing_there { url: (&self.url).into(), path });
                let (sentence, step) = with_step(text);
                (sentence, Some(step))
            }
            (Some(Code::Unrecognised), Some(problem)) => (printable(&problem.title), None),
            (Some(code), _) => (code.sentence(look.language).to_owned(), None),
            (None, _) => {
                let foreign =
                    say::foreign_answer { url: (&self.url).into(), status: status.into() };
                let (sentence, step) = with_step(look.say(foreign));
                (sentence, Some(step))
            }
        };
        let retry_after = error.retry_after;
        let failure = Failure { code, retry_after, reasons, ..Failure::new(exit, sentence) };
        let step = step.or_else(|| self.step_after(&failure));
        Failure { next_step: step, ..failure }
    }

    fn step_after(&self, failure: &Failure) -> Option<String> {
        let (look, url) = (&self.look, (&self.url).into());
        let is_locked = failure.code == Some(Code::AccountLocked);
        match (failure.retry_after, failure.exit) {
            (Some(later), _) if failure.is_too_often() || is_locked => {
                Some(look.say(say::try_again { seconds: later.as_secs().into() }))
            }
            (_, ExitKind::Authentication) => match failure.code {
                Some(Code::InvalidCredentials) => None,
                _ => Some(look.say(say::sign_in_anew { url })),
            },
            (_, ExitKind::Unreachable) => Some(look.say(say::see_what_is_missing { url })),
            _ => None,
        }
    }

    /// Reports an unexpected form: another version, or not our gateway.
    pub fn unreadable(&self) -> Failure {
        let sentence = say::unreadable { url: (&self.url).into() };
        Failure::with_step(ExitKind::Failure, &self.look, sentence)
    }
}

/// True if others on the network could read the traffic: no TLS, and not this machine.
fn is_open_to_others(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    uri.scheme() != Some(&Scheme::HTTPS) && !is_loopback(uri.host().unwrap_or_default())
}

/// Loads the operator's sign-in for the named gateway, or the only stored one.
fn context(url: Option<&str>, look: &Look) -> Result<Option<Context>> {
    let contexts = ContextFolder::of_user();
    let found = match url {
        Some(url) => contexts.load(url).map_err(ContextError::from),
        None => contexts.find_only().map(Some),
    };
    match found {
        Ok(context) => Ok(context),
        Err(ContextError::None) => Ok(None),
        Err(ContextError::Several(gateways)) => {
            let sentence = say::several_platforms { gateways: gateways.join(", ").into() };
            Err(Failure::with_step(ExitKind::Usage, look, sentence))
        }
        Err(ContextError::File(error)) => Err(unusable(&error, look)),
    }
}

pub fn unusable(error: &ContextFileError, look: &Look) -> Failure {
    let (path, cause) = (error.path.display().into(), cause(&error.source));
    let sentence = say::sign_in_unusable { path, cause };
    Failure::with_step(ExitKind::Failure, look, sentence)
}

fn untrusted(error: &TrustError, look: &Look) -> Failure {
    match error {
        TrustError::Unreadable { file, source } => {
            let (path, cause) = (file.display().into(), cause(source));
            Failure::with_step(ExitKind::Usage, look, say::roots_unreadable { path, cause })
        }
        TrustError::Unusable { file, .. } => {
            let path = file.display().into();
            Failure::with_step(ExitKind::Usage, look, say::roots_unusable { path })
        }
    }
}

fn reasons(problem: &ProblemBody) -> Vec<String> {
    let fields = problem.errors.iter().map(|error| format!("{}: {}", error.field, error.message));
    let detail = problem.detail.iter().filter(|detail| **detail != problem.title).cloned();
    fields.chain(detail).map(|reason| printable(&reason)).collect()
}
