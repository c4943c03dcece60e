//! The gateway client: address, calls, lists, and sentences for refusals.

use std::time::Duration;

use http::{HeaderValue, Method, Uri, header, uri::Scheme};
use process::{
    client::{Client, ClientError, is_loopback, json_request},
    context::{ContextError, ContextFileError, ContextFolder, OperatorContext},
    problem::ProblemBody,
    trust::{TlsConfig, TrustError, trust_authorities},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use texts::Sentence;
use wire::{Code, StatusReport};

use crate::{
    layout::replace_control_chars,
    output::{CommandFailure, ExitKind, Result, describe_cause},
    say,
    style::{OutputStyle, split_next_step},
    values::GlobalArgs,
};

pub(crate) struct Gateway {
    pub style: OutputStyle,
    pub url: String,
    client: Client,
    token: Option<String>,
    timeout: Duration,
}

#[derive(Deserialize)]
pub(crate) struct ListPage<T> {
    pub items: Vec<T>,
    #[serde(default)]
    next: Option<String>,
}

/// Cuts longer lists, because people read them.
const PAGES_MAX: usize = 100;

/// The page size of every list.
const PAGE_MAX: usize = 100;

/// Turns a not-found failure into `None`.
pub(crate) fn none_if_not_found<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(failure) if failure.exit == ExitKind::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

pub(crate) fn require_found<T>(
    found: Option<T>,
    unknown: impl Sentence,
    style: &OutputStyle,
) -> Result<T> {
    found.ok_or_else(|| CommandFailure::from_sentence(ExitKind::NotFound, style, unknown))
}

impl Gateway {
    /// Returns the gateway without a token, and its stored sign-in.
    pub(crate) fn open_unsigned(
        global_args: &GlobalArgs,
        style: OutputStyle,
    ) -> Result<(Self, Option<OperatorContext>)> {
        let context = load_context(global_args.url.as_deref(), &style)?;
        let known = context.as_ref().map(|known| known.gateway.clone());
        let Some(url) = global_args.url.clone().or(known) else {
            return Err(CommandFailure::from_sentence(
                ExitKind::Usage,
                &style,
                say::no_platform,
            ));
        };
        if is_open_to_others(&url) {
            if !global_args.token_in_the_clear {
                let sentence = say::token_in_the_clear { url: (&url).into() };
                return Err(CommandFailure::from_sentence(
                    ExitKind::Usage,
                    &style,
                    sentence,
                ));
            }
            eprintln!(
                "{}",
                style.translate(say::token_is_in_the_clear { url: (&url).into() })
            );
        }
        trust_authorities(&TlsConfig::from_environment())
            .map_err(|error| trust_failure(&error, &style))?;
        let client = Client::new();
        let timeout = global_args.timeout_or(10);
        Ok((
            Self {
                style,
                url,
                client,
                token: None,
                timeout,
            },
            context,
        ))
    }

    pub(crate) fn with_token(self, token: String) -> Self {
        Self {
            token: Some(token),
            ..self
        }
    }

    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub(crate) async fn fetch_status(&self) -> Result<StatusReport> {
        self.get("/api/v1/admin/status").await
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: Option<&Value>) -> Result<Value> {
        self.call(Method::POST, path, body).await
    }

    pub(crate) async fn put_json(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::PUT, path, Some(body)).await
    }

    /// `path` ends with `?`, or with a query and `&`.
    pub(crate) async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>> {
        self.list_first(path, PAGES_MAX * PAGE_MAX).await
    }

    pub(crate) async fn list_first<T: DeserializeOwned>(
        &self,
        path: &str,
        limit: usize,
    ) -> Result<Vec<T>> {
        Ok(self.list_after_cursor(path, limit, None).await?.0)
    }

    /// Loads at most `limit` items after a cursor, and the cursor of the rest, if any.
    pub(crate) async fn list_after_cursor<T: DeserializeOwned>(
        &self,
        path: &str,
        limit: usize,
        after: Option<String>,
    ) -> Result<(Vec<T>, Option<String>)> {
        let mut items = Vec::new();
        let mut next = after;
        for _ in 0..PAGES_MAX {
            let size = (limit - items.len()).min(PAGE_MAX);
            let after = next
                .map(|cursor| format!("cursor={cursor}&"))
                .unwrap_or_default();
            let mut page: ListPage<T> = self.get(&format!("{path}{after}limit={size}")).await?;
            items.append(&mut page.items);
            next = page.next;
            if next.is_none() || items.len() >= limit {
                break;
            }
        }
        Ok((items, next))
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Value> {
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
        let mut request = request.map_err(|error| self.failure_from_error(path, &error))?;
        // Request the platform's reasons in our language.
        let language = HeaderValue::from_static(self.style.language.tag());
        request
            .headers_mut()
            .insert(header::ACCEPT_LANGUAGE, language);
        // The client's own timeout is slightly longer, so that this one fires.
        let call = self
            .client
            .send_prepared(request, self.timeout + Duration::from_secs(1));
        match tokio::time::timeout(self.timeout, call).await {
            Ok(answer) => answer.map_err(|error| self.failure_from_error(path, &error)),
            Err(_) => {
                let seconds = self.timeout.as_secs().into();
                let sentence = say::too_slow {
                    url: (&self.url).into(),
                    seconds,
                };
                Err(CommandFailure::from_sentence(
                    ExitKind::TimedOut,
                    &self.style,
                    sentence,
                ))
            }
        }
    }

    fn failure_from_error(&self, path: &str, error: &ClientError) -> CommandFailure {
        match error.status {
            None => {
                let sentence = say::unreachable {
                    url: (&self.url).into(),
                    cause: describe_cause(error),
                };
                CommandFailure::from_sentence(ExitKind::Unreachable, &self.style, sentence)
            }
            Some(200..300) => self.unreadable_failure(),
            Some(status) => self.failure_from_refusal(path, status, error),
        }
    }

    fn failure_from_refusal(&self, path: &str, status: u16, error: &ClientError) -> CommandFailure {
        let exit = ExitKind::from_http_status(status);
        let style = &self.style;
        let problem = error.problem.as_deref();
        let code = problem.map(|problem| problem.code);
        let reasons = problem.map(list_reasons).unwrap_or_default();
        let (sentence, step) = match (code, problem) {
            // Commands replace this with a sentence that names the missing thing.
            (Some(Code::NotFound), _) => {
                let path = path.split('?').next().unwrap_or(path).into();
                let text = style.translate(say::nothing_there {
                    url: (&self.url).into(),
                    path,
                });
                let (sentence, step) = split_next_step(text);
                (sentence, Some(step))
            }
            (Some(Code::Unrecognised), Some(problem)) => {
                (replace_control_chars(&problem.title), None)
            }
            (Some(code), _) => (code.sentence_in(style.language).to_owned(), None),
            (None, _) => {
                let foreign = say::foreign_answer {
                    url: (&self.url).into(),
                    status: status.into(),
                };
                let (sentence, step) = split_next_step(style.translate(foreign));
                (sentence, Some(step))
            }
        };
        let retry_after = error.retry_after;
        let extensions = problem.map(|problem| &problem.extensions);
        let takes_code = extensions.is_some_and(|told| takes_factor_code(told.get("ways")));
        let ticket = extensions.and_then(|told| told.get("ticket")?.as_str());
        let ticket = ticket.filter(|_| takes_code);
        let failure = CommandFailure {
            code,
            retry_after,
            reasons,
            ticket: ticket.map(Box::from),
            ..CommandFailure::new(exit, sentence)
        };
        let step = step.or_else(|| self.suggest_next_step(&failure));
        CommandFailure {
            next_step: step,
            ..failure
        }
    }

    fn suggest_next_step(&self, failure: &CommandFailure) -> Option<String> {
        let style = &self.style;
        let url = (&self.url).into();
        let is_locked = failure.code == Some(Code::AccountLocked);
        match (failure.retry_after, failure.exit) {
            (Some(later), _) if failure.is_rate_limited() || is_locked => {
                Some(style.translate(say::try_again {
                    seconds: later.as_secs().into(),
                }))
            }
            (_, ExitKind::Authentication) => match failure.code {
                Some(Code::InvalidCredentials | Code::CodeWrong) => None,
                Some(Code::SecondFactorSetupRequired) => {
                    Some(style.translate(say::set_up_in_portal { url }))
                }
                Some(Code::SecondFactorRequired) => {
                    Some(style.translate(say::codes_in_portal { url }))
                }
                _ => Some(style.translate(say::sign_in_anew { url })),
            },
            (_, ExitKind::Unreachable) => Some(style.translate(say::see_what_is_missing { url })),
            _ => None,
        }
    }

    /// Reports an unexpected form: another version, or not our gateway.
    pub(crate) fn unreadable_failure(&self) -> CommandFailure {
        let sentence = say::unreadable {
            url: (&self.url).into(),
        };
        CommandFailure::from_sentence(ExitKind::Failure, &self.style, sentence)
    }
}

/// True if others on the network could read the traffic: no TLS, and not this machine.
fn is_open_to_others(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    uri.scheme() != Some(&Scheme::HTTPS) && !is_loopback(uri.host().unwrap_or_default())
}

/// Loads the operator's sign-in for the named gateway, or the only stored one.
fn load_context(url: Option<&str>, style: &OutputStyle) -> Result<Option<OperatorContext>> {
    let contexts = ContextFolder::for_user();
    let found = match url {
        Some(url) => contexts.load(url).map_err(ContextError::from),
        None => contexts.find_only().map(Some),
    };
    match found {
        Ok(context) => Ok(context),
        Err(ContextError::None) => Ok(None),
        Err(ContextError::Several(gateways)) => {
            let sentence = say::several_platforms {
                gateways: gateways.join(", ").into(),
            };
            Err(CommandFailure::from_sentence(
                ExitKind::Usage,
                style,
                sentence,
            ))
        }
        Err(ContextError::File(error)) => Err(context_file_failure(&error, style)),
    }
}

pub(crate) fn context_file_failure(
    error: &ContextFileError,
    style: &OutputStyle,
) -> CommandFailure {
    let path = error.path.display().into();
    let cause = describe_cause(&error.source);
    let sentence = say::sign_in_unusable { path, cause };
    CommandFailure::from_sentence(ExitKind::Failure, style, sentence)
}

fn trust_failure(error: &TrustError, style: &OutputStyle) -> CommandFailure {
    match error {
        TrustError::Unreadable { file, source } => {
            let path = file.display().into();
            let cause = describe_cause(source);
            CommandFailure::from_sentence(
                ExitKind::Usage,
                style,
                say::roots_unreadable { path, cause },
            )
        }
        TrustError::Unusable { file, .. } => {
            let path = file.display().into();
            CommandFailure::from_sentence(ExitKind::Usage, style, say::roots_unusable { path })
        }
    }
}

fn list_reasons(problem: &ProblemBody) -> Box<[String]> {
    let fields = problem
        .errors
        .iter()
        .map(|error| format!("{}: {}", error.field, error.message));
    let detail = problem
        .detail
        .iter()
        .filter(|detail| **detail != problem.title)
        .cloned();
    fields
        .chain(detail)
        .map(|reason| replace_control_chars(&reason))
        .collect()
}
/// Returns false if the account's second factor is a passkey alone, which only a browser can use.
/// Older platforms tell no ways and know only codes.
fn takes_factor_code(ways: Option<&serde_json::Value>) -> bool {
    let ways = ways.and_then(serde_json::Value::as_array);
    ways.is_none_or(|ways| ways.iter().any(|way| way != "passkey"))
}
