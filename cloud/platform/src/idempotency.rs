//! Makes changes idempotent: a request repeated under the same `Idempotency-Key` runs once and gets
//! the first response again.
//!
//! Invariants: a request claims its key before it works, so only one runs under a person's key at a
//! time. Only a success is stored: a refusal changed nothing, and the caller may correct the
//! request under the same key. The work continues if the caller hangs up. Stored responses are
//! sealed.
//!
//! If a process dies between the change and the response, its claim expires and a repeat does the
//! work again. So every such route must tolerate its own repeat: by a version, a state, or an id
//! derived from the content.

mod stored_response;

use std::{
    collections::HashSet,
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, HttpBody, to_bytes},
    extract::{FromRequestParts, MatchedPath, Request},
    response::{IntoResponse, Response},
    routing::{Route, future::RouteFuture},
};
use futures::{
    FutureExt,
    future::{BoxFuture, Either},
};
use http::Method;
use process::{
    clock::Clock,
    idempotency::{IDEMPOTENCY_KEY, key_of},
    openapi::ApiDocument,
    problem::{Problem, format_error_chain, log_fault},
    tasks::Tasks,
    tokens::{Claims, TokenVerifier},
    trace::{self, RequestTrace},
};
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};
use tower::{Layer, Service, ServiceExt};
use tracing::Instrument;
use uuid::Uuid;
use wire::Code;

use crate::{
    ledger::{
        Database,
        store::idempotency_keys::{ClaimOutcome, IdempotencyKey, KeyClaim, ResponseStore},
    },
    service::ServiceContext,
};
use stored_response::{
    BodyHasher, RequestFingerprint, ResponseSeal, StoredResponse, StoredResponseHead, head_of,
};

/// A longer response is not stored, so its repeat runs again.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// A claim expires this long after its last renewal; replica clocks may differ by less.
const CLAIM_MS: i64 = 8_000;
const RENEWED: Duration = Duration::from_secs(2);
/// How long a repeat waits for the first response before it gets `unavailable`: longer than the
/// claim of a dead process, shorter than the gateway's timeout.
const PATIENCE: Duration = Duration::from_secs(12);
const LOOK: Duration = Duration::from_millis(15);
const LOOK_MAX: Duration = Duration::from_millis(250);

type CallerCheck = Arc<dyn Fn(Claims) -> BoxFuture<'static, Result<(), Problem>> + Send + Sync>;

/// A service's stored responses and key claims.
#[derive(Clone)]
pub struct IdempotencyStore {
    store: ResponseStore,
    seal: Arc<ResponseSeal>,
    verifier: TokenVerifier,
    tasks: Tasks,
    clock: Clock,
    admits: CallerCheck,
}

/// The result of waiting for a key: the right to work, or the stored response.
enum KeyOutcome {
    Work(Uuid),
    Answered(StoredResponse),
}

impl IdempotencyStore {
    /// `database` holds the service's outbox.
    pub fn new(
        context: &ServiceContext,
        service: &'static str,
        database: impl Into<Database>,
    ) -> Self {
        Self::with_verifier(context.verifier_for(service), &context.tasks, database)
    }

    /// For a service that verifies tokens with its own keys.
    pub fn with_verifier(
        verifier: TokenVerifier,
        tasks: &Tasks,
        database: impl Into<Database>,
    ) -> Self {
        let database = database.into();
        let seal = ResponseSeal::from_keys(database.data_keys(), &verifier.service_key);
        Self {
            store: ResponseStore(database),
            seal: Arc::new(seal),
            clock: verifier.clock.clone(),
            verifier,
            tasks: tasks.clone(),
            admits: Arc::new(|_| Box::pin(async { Ok(()) })),
        }
    }

    /// Adds a check of the caller, which runs before a stored response is returned.
    #[must_use]
    pub fn with_caller_check<W>(self, admits: impl Fn(Claims) -> W + Send + Sync + 'static) -> Self
    where
        W: Future<Output = Result<(), Problem>> + Send + 'static,
    {
        Self {
            admits: Arc::new(move |claims| Box::pin(admits(claims))),
            ..self
        }
    }

    /// Wraps the routes marked as idempotent in the document.
    pub fn wrap_routes(self, routes: Router, document: &ApiDocument) -> Router {
        routes.route_layer(IdempotencyLayer::new(self, document.kept_routes()))
    }

    async fn serve_request(self, request: Request, route: Route) -> Result<Response, Problem> {
        let (parts, body) = request.into_parts();
        let caller = self.verifier.verify_caller(&parts.headers)?;
        let person = caller.actor.user_id;
        let place = IdempotencyKey {
            person,
            key: key_of(&parts.headers, person)?,
        };
        let head = head_of(&parts, caller.actor.role);
        (self.admits)(caller.claims).await?;
        match self.wait_for_key(place).await? {
            KeyOutcome::Answered(answer) => {
                check_same(&answer.head.request, &head, body).await?;
                Ok(answer.into_http_response())
            }
            KeyOutcome::Work(holder) => {
                let work = ClaimedRequest {
                    answers: self,
                    idempotency_key: place,
                    holder,
                    head,
                };
                work.run_detached(Request::from_parts(parts, body), route)
                    .await
            }
        }
    }

    /// Waits until the key is free or has a response.
    async fn wait_for_key(&self, idempotency_key: IdempotencyKey) -> Result<KeyOutcome, Problem> {
        let turn = timeout(PATIENCE, self.poll_until_claimed(idempotency_key)).await;
        turn.unwrap_or_else(|_| Err(Problem::new(Code::Unavailable).retry_after(1)))
    }

    async fn poll_until_claimed(
        &self,
        idempotency_key: IdempotencyKey,
    ) -> Result<KeyOutcome, Problem> {
        let holder = self.clock.new_id();
        let mut pause = LOOK;
        loop {
            let now = self.clock.now();
            let claim = KeyClaim {
                holder,
                until: now.plus_ms(CLAIM_MS),
            };
            match self.store.claim_key(idempotency_key, claim, now).await? {
                ClaimOutcome::Claimed => return Ok(KeyOutcome::Work(holder)),
                ClaimOutcome::Answered(sealed) => {
                    let opened = self.seal.open(idempotency_key, &sealed);
                    match opened
                        .map_err(|error| log_fault("Could not decrypt a stored response", error))?
                    {
                        Some(answer) => return Ok(KeyOutcome::Answered(answer)),
                        None => self.store.delete_response(idempotency_key, sealed).await?,
                    }
                }
                ClaimOutcome::Working => {}
            }
            sleep(pause).await;
            pause = (pause * 2).min(LOOK_MAX);
        }
    }
}

async fn check_same(before: &RequestFingerprint, head: &str, body: Body) -> Result<(), Problem> {
    if before.head != head {
        return Err(Problem::new(Code::CommandIdReused));
    }
    if before.body.is_none() {
        return Ok(());
    }
    let own = BodyHasher::read(body)
        .await
        .map_err(|_| Problem::new(Code::MalformedBody))?;
    if before.body == own {
        Ok(())
    } else {
        Err(Problem::new(Code::CommandIdReused))
    }
}

/// A change that runs under a claimed key.
struct ClaimedRequest {
    answers: IdempotencyStore,
    idempotency_key: IdempotencyKey,
    holder: Uuid,
    head: String,
}

impl ClaimedRequest {
    /// Runs in a separate task, so that it survives a caller who hangs up; a repeat gets the
    /// response.
    async fn run_detached(self, request: Request, route: Route) -> Result<Response, Problem> {
        let (mut parts, body) = request.into_parts();
        let Ok(RequestTrace(trace)) = RequestTrace::from_request_parts(&mut parts, &()).await;
        let request = Request::from_parts(parts, body);
        let (told, heard) = oneshot::channel();
        let tasks = self.answers.tasks.clone();
        let work = async move {
            let answer = self.run_handler(request, route).await;
            // The send fails if the caller hung up.
            let _ = told.send(answer);
        };
        let work = trace::run_in_trace(trace, work).instrument(tracing::Span::current());
        tasks.spawn_once("keyed-change", work);
        // The process is stopping or the work panicked; the claim expires.
        heard
            .await
            .map_err(|_| Problem::new(Code::Unavailable).retry_after(1))
    }

    async fn run_handler(self, request: Request, route: Route) -> Response {
        let (parts, body) = request.into_parts();
        let (hash, body) = BodyHasher::wrap_body(body);
        let request = Request::from_parts(parts, body);
        let work = route
            .oneshot(request)
            .map(|answer| answer.unwrap_or_else(|never| match never {}));
        match self.while_claimed(work).await {
            Some(response) => self.store_or_give_up(response, &hash).await,
            None => Problem::new(Code::Unavailable)
                .retry_after(1)
                .into_response(),
        }
    }

    /// Does the work while renewing its claim. `None`: another request took the claim, and the work
    /// was dropped.
    ///
    /// Both are polled together. The renewal needs the database's only writer, and the work may
    /// hold that writer or be next in line: if the work were not polled meanwhile, each would wait
    /// for the other.
    async fn while_claimed(&self, work: impl Future<Output = Response>) -> Option<Response> {
        tokio::select! {
            biased;
            response = work => Some(response),
            () = self.renew_claim() => None,
        }
    }

    /// Renews the claim until another request takes it.
    async fn renew_claim(&self) {
        let IdempotencyStore { store, clock, .. } = &self.answers;
        loop {
            sleep(RENEWED).await;
            let until = clock.now().plus_ms(CLAIM_MS);
            match store
                .renew_claim(
                    self.idempotency_key,
                    KeyClaim {
                        holder: self.holder,
                        until,
                    },
                )
                .await
            {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(
                    cause = format_error_chain(&error),
                    "Could not renew the claim on an idempotency key"
                ),
            }
        }
    }

    async fn store_or_give_up(&self, response: Response, hash: &BodyHasher) -> Response {
        let known_size = response.body().size_hint().exact();
        let fits = known_size.is_some_and(|size| size <= ANSWER_BYTES_MAX);
        if !response.status().is_success() || !fits {
            self.give_up_claim().await;
            return response;
        }
        let (parts, body) = response.into_parts();
        let body = match to_bytes(body, usize::MAX).await {
            Ok(body) => body,
            Err(error) => {
                return log_fault("Could not read the response of a handler", error)
                    .into_response();
            }
        };
        let request = RequestFingerprint {
            head: self.head.clone(),
            body: hash.hash_if_complete(),
        };
        let head = StoredResponseHead::from_response(request, parts.status, &parts.headers);
        self.store_response(&StoredResponse {
            head,
            body: body.to_vec(),
        })
        .await;
        Response::from_parts(parts, Body::from(body))
    }

    /// The caller gets the response either way. If it cannot be stored, a repeat runs again.
    async fn store_response(&self, answer: &StoredResponse) {
        let IdempotencyStore { store, seal, .. } = &self.answers;
        let sealed = match seal.seal_response(self.idempotency_key, answer) {
            Ok(sealed) => sealed,
            Err(error) => {
                return tracing::error!(%error, "Could not write a response as JSON; a repeat of the request runs again");
            }
        };
        match store
            .store_response(self.idempotency_key, self.holder, sealed)
            .await
        {
            Ok(true) => {}
            Ok(false) => tracing::warn!(
                "The claim on an idempotency key expired before its response was stored"
            ),
            Err(error) => {
                tracing::warn!(
                    cause = format_error_chain(&error),
                    "Could not store a response; a repeat of the request runs again"
                )
            }
        }
    }

    async fn give_up_claim(&self) {
        if let Err(error) = self
            .answers
            .store
            .give_up_claim(self.idempotency_key, self.holder)
            .await
        {
            tracing::warn!(
                cause = format_error_chain(&error),
                "Could not give up the claim on an idempotency key; it expires by itself"
            );
        }
    }
}

/// Clones share the state.
#[derive(Clone)]
pub struct IdempotencyLayer(Arc<Inner>);

struct Inner {
    answers: IdempotencyStore,
    routes: HashSet<(Method, &'static str)>,
}

#[derive(Clone)]
pub struct IdempotencyService {
    keyed: IdempotencyLayer,
    route: Route,
}

impl IdempotencyLayer {
    pub fn new(answers: IdempotencyStore, routes: HashSet<(Method, &'static str)>) -> Self {
        Self(Arc::new(Inner { answers, routes }))
    }

    fn applies_to(&self, request: &Request) -> bool {
        let Some(path) = request.extensions().get::<MatchedPath>() else {
            return false;
        };
        if !request.headers().contains_key(IDEMPOTENCY_KEY) {
            return false;
        }
        let mut routes = self.0.routes.iter();
        routes.any(|(method, known)| request.method() == method && path.as_str() == *known)
    }
}

impl Layer<Route> for IdempotencyLayer {
    type Service = IdempotencyService;

    fn layer(&self, route: Route) -> IdempotencyService {
        IdempotencyService {
            keyed: self.clone(),
            route,
        }
    }
}

impl Service<Request> for IdempotencyService {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<RouteFuture<Infallible>, BoxFuture<'static, Result<Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        <Route as Service<Request>>::poll_ready(&mut self.route, context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if !self.keyed.applies_to(&request) {
            return Either::Left(self.route.call(request));
        }
        let answer = self
            .keyed
            .0
            .answers
            .clone()
            .serve_request(request, self.route.clone());
        let answer = answer.map(|answer| Ok(answer.unwrap_or_else(IntoResponse::into_response)));
        Either::Right(answer.boxed())
    }
}
