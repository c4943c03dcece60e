//! Owns the way to the gateway: which one, as whom, and what its refusals mean to an operator.

use std::time::Duration;

use http::Method;
use process::{
    client::{Client, ClientError},
    context::{Context, ContextError},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wire::{Code, Language};

use crate::{
    args::Common,
    exit::{Exit, Failure},
};

pub struct Gateway {
    client: Client,
    url: String,
    token: String,
    timeout: Duration,
    language: Language,
}

/// What a list answers with.
#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    #[serde(default)]
    next: Option<String>,
}

/// A list that has no end after that many pages is cut: it is shown to a person.
const PAGES_MAX: usize = 100;
/// What every list gives at once.
const PAGE_MAX: usize = 100;

/// Something that may well not be there.
pub fn absent<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(failure) if failure.exit == Exit::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

impl Gateway {
    /// The one named, or the one platform that was started here.
    pub fn find(common: &Common, language: Language) -> Result<Self, Failure> {
        let context = context(common.url.as_deref(), language)?;
        let url =
            common.url.clone().or_else(|| context.as_ref().map(|known| known.gateway.clone()));
        let Some(url) = url else { return Err(no_platform(language)) };
        let given = std::env::var("HOLDFAST_TOKEN").ok().filter(|token| !token.is_empty());
        let Some(token) = given.or_else(|| context.map(|known| known.token)) else {
            return Err(no_sign_in(&url, language));
        };
        let timeout = common.request_timeout();
        Ok(Self { client: Client::new(), url, token, timeout, language })
    }

    pub fn language(&self) -> Language {
        self.language
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.call(Method::GET, path, None::<&()>).await
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.call(Method::POST, path, None::<&()>).await
    }

    pub async fn send<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        self.call(Method::PUT, path, Some(body)).await
    }

    /// Every item of a list, page by page; `path` already has a query.
    pub async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Failure> {
        let mut items = Vec::new();
        let mut page: Page<T> = self.get(path).await?;
        for _ in 1..PAGES_MAX {
            items.append(&mut page.items);
            let Some(next) = page.next.take() else { break };
            page = self.get(&format!("{path}&cursor={next}")).await?;
        }
        items.append(&mut page.items);
        Ok(items)
    }

    /// At most `limit` items of a list; `path` has its `?` and perhaps a query.
    pub async fn first<T: DeserializeOwned>(
        &self,
        path: &str,
        limit: usize,
    ) -> Result<Vec<T>, Failure> {
        Ok(self.some(path, limit).await?.0)
    }

    /// At most `limit` items of a list, and the cursor of what comes after them, if anything does.
    pub async fn some<T: DeserializeOwned>(
        &self,
        path: &str,
        limit: usize,
    ) -> Result<(Vec<T>, Option<String>), Failure> {
        let (mut items, mut next) = (Vec::new(), None::<String>);
        for _ in 0..PAGES_MAX {
            let size = (limit - items.len()).min(PAGE_MAX);
            // A list takes one cursor: that of the page before replaces the one asked from.
            let (list, query) = path.split_once('?').unwrap_or((path, ""));
            let kept = query.split('&').filter(|part| !part.is_empty());
            let kept = kept.filter(|part| next.is_none() || !part.starts_with("cursor="));
            let from = next.as_ref().map(|cursor| format!("cursor={cursor}"));
            let size = format!("limit={size}");
            let query: Vec<&str> = kept.chain(from.as_deref()).chain([size.as_str()]).collect();
            let mut page: Page<T> = self.get(&format!("{list}?{}", query.join("&"))).await?;
            items.append(&mut page.items);
            next = page.next;
            if next.is_none() || items.len() >= limit {
                break;
            }
        }
        Ok((items, next))
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, Failure> {
        let url = format!("{}{path}", self.url);
        // The client's own limit stands a little later: this one is the one that is reported.
        let spare = self.timeout + Duration::from_secs(1);
        let call = self.client.json(method, &url, Some(&self.token), body, spare);
        match tokio::time::timeout(self.timeout, call).await {
            Ok(answer) => answer.map_err(|error| self.failure(&error)),
            Err(_) => Err(self.too_slow()),
        }
    }

    fn failure(&self, error: &ClientError) -> Failure {
        match error.status {
            None => self.unreachable(error),
            Some(200..300) => self.unreadable(error),
            Some(status) => self.refusal(status, error),
        }
    }

    fn refusal(&self, status: u16, error: &ClientError) -> Failure {
        let exit = Exit::of_status(status);
        let said = error.problem.as_ref().map(|problem| match problem.code {
            Code::Unrecognised => problem.title.clone(),
            code => code.sentence(self.language).to_owned(),
        });
        let failure = Failure::new(exit, said.unwrap_or_else(|| format!("HTTP {status}")));
        let code = error.problem.as_ref().map(|problem| problem.code);
        let failure = Failure { code, retry_after: error.retry_after, ..failure };
        let later = failure.retry_after.filter(|_| failure.is_too_often());
        if let Some(later) = later.map(|later| later.as_secs()) {
            return failure.next_step(match self.language {
                Language::English => format!("try again in {later} s"),
                Language::Chinese => format!("请在 {later} 秒后重试"),
            });
        }
        match (exit, self.language) {
            (Exit::Authentication, _) => failure.next_step(get_a_token(&self.url, self.language)),
            (Exit::Unreachable, Language::English) => {
                failure.next_step(format!("{}/health/ready names what is missing", self.url))
            }
            (Exit::Unreachable, Language::Chinese) => {
                failure.next_step(format!("{}/health/ready 会列出缺失的依赖", self.url))
            }
            _ => failure,
        }
    }

    fn unreachable(&self, error: &ClientError) -> Failure {
        let cause = process::problem::chain(error);
        match self.language {
            Language::English => {
                Failure::new(Exit::Unreachable, format!("cannot reach {}: {cause}", self.url))
                    .next_step("check that the platform runs and that --url names its gateway")
            }
            Language::Chinese => {
                Failure::new(Exit::Unreachable, format!("无法连接 {}：{cause}", self.url))
                    .next_step("确认平台正在运行，且 --url 是其网关地址")
            }
        }
    }

    fn too_slow(&self) -> Failure {
        let seconds = self.timeout.as_secs();
        match self.language {
            Language::English => Failure::new(
                Exit::TimedOut,
                format!("{} did not answer within {seconds} s", self.url),
            )
            .next_step("try again, or allow more with --timeout"),
            Language::Chinese => {
                Failure::new(Exit::TimedOut, format!("{} 在 {seconds} 秒内未响应", self.url))
                    .next_step("请重试，或用 --timeout 放宽时限")
            }
        }
    }

    /// An answer that is not of the expected form: another version, or not our gateway at all.
    pub fn unreadable(&self, error: &(dyn std::error::Error + 'static)) -> Failure {
        let cause = process::problem::chain(error);
        match self.language {
            Language::English => {
                Failure::new(Exit::Failure, format!("{} answered strangely: {cause}", self.url))
                    .next_step("check that --url names a Holdfast gateway of this version")
            }
            Language::Chinese => {
                Failure::new(Exit::Failure, format!("{} 的回应无法识别：{cause}", self.url))
                    .next_step("确认 --url 指向相同版本的 Holdfast 网关")
            }
        }
    }
}

/// The operator's sign-in: that of the named gateway, or the only one there is.
fn context(url: Option<&str>, language: Language) -> Result<Option<Context>, Failure> {
    let found = match url {
        Some(url) => Context::load(url),
        None => Context::find_only().map(Some),
    };
    match found {
        Ok(context) => Ok(context),
        Err(ContextError::None) => Ok(None),
        Err(ContextError::Several(gateways)) => Err(several(&gateways, language)),
        Err(error @ ContextError::File { .. }) => {
            Err(Failure::new(Exit::Failure, process::problem::chain(&error)))
        }
    }
}

fn no_platform(language: Language) -> Failure {
    match language {
        Language::English => Failure::new(Exit::Usage, "no running platform is known here")
            .next_step(
                "start one with `cargo xtask up`, or name a gateway with --url or HOLDFAST_URL",
            ),
        Language::Chinese => Failure::new(Exit::Usage, "本机没有已知的运行中平台")
            .next_step("运行 `cargo xtask up` 启动，或用 --url 或 HOLDFAST_URL 指定网关"),
    }
}

fn several(gateways: &[String], language: Language) -> Failure {
    let list = gateways.join(", ");
    match language {
        Language::English => {
            Failure::new(Exit::Usage, format!("several platforms run here: {list}"))
                .next_step("name one with --url or HOLDFAST_URL")
        }
        Language::Chinese => Failure::new(Exit::Usage, format!("本机有多个平台在运行：{list}"))
            .next_step("用 --url 或 HOLDFAST_URL 指定其中一个"),
    }
}

fn no_sign_in(url: &str, language: Language) -> Failure {
    let sentence = match language {
        Language::English => format!("no operator sign-in is known for {url}"),
        Language::Chinese => format!("没有 {url} 的运营人员登录信息"),
    };
    Failure::new(Exit::Authentication, sentence).next_step(get_a_token(url, language))
}

/// This command signs nobody in: `up` leaves a sign-in for it, and else an admin gets a token.
fn get_a_token(url: &str, language: Language) -> String {
    let login = format!("POST {}/api/v1/auth/login", url.trim_end_matches('/'));
    match language {
        Language::English => {
            format!("get a new access token of an admin from {login}, and set HOLDFAST_TOKEN to it")
        }
        Language::Chinese => {
            format!("以管理员身份通过 {login} 获取新的访问令牌，并将 HOLDFAST_TOKEN 设为该令牌")
        }
    }
}
