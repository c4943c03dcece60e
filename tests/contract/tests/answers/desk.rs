//! A service whose routes take an `Idempotency-Key`.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use http::{Method, StatusCode, header};
use platform::{Database, documents::Documents, idempotency::IdempotencyStore};
use process::{
    clock::Clock,
    openapi::{ApiDocument, RouteTable},
    problem::{Json, MaybeJson, Problem},
    routes::{POST, PUT, direct},
    tasks::Tasks,
    tokens::{Caller, Claims, ServiceKey, Signer, TokenKeys, TokenKind, TokenVerifier},
};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower::ServiceExt;
use uuid::Uuid;
use wire::{Code, Role, SessionId, UserId};

/// A service with one change that counts its executions.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) database: Database,
    pub(super) verifier: TokenVerifier,
    tasks: Tasks,
    signer: Arc<Signer>,
    pub(super) changes: Changes,
}

#[derive(Clone, axum::extract::FromRef)]
pub(super) struct Changes {
    verifier: TokenVerifier,
    #[from_ref(skip)]
    database: Database,
    #[from_ref(skip)]
    made: Arc<AtomicUsize>,
    #[from_ref(skip)]
    pub(super) begun: Arc<Notify>,
    /// A change with `"wait"` pauses until this fires.
    #[from_ref(skip)]
    pub(super) go_on: Arc<Notify>,
}

impl Changes {
    /// Holds a transaction open until the test releases it.
    async fn write_slowly(&self) {
        let Database::Sql(sql) = &self.database else {
            panic!("it writes on tables")
        };
        let sql = sql.clone();
        platform::transact!(sql, tx => {
            tx.exec("DELETE FROM answers WHERE at < ?", platform::vals![0_i64]).await?;
            self.begun.notify_one();
            self.go_on.notified().await;
            Ok::<_, platform::StoreError>(())
        })
        .unwrap();
    }
}

async fn change(
    State(changes): State<Changes>,
    caller: Caller,
    Json(form): Json<Value>,
) -> Result<process::problem::CreatedJson<Value>, Problem> {
    if form["refuse"] == true {
        return Err(Problem::new(Code::WrongState));
    }
    if form["write"] == true {
        changes.write_slowly().await;
    }
    let number = changes.made.fetch_add(1, SeqCst) + 1;
    changes.begun.notify_one();
    if form["wait"] == true {
        changes.go_on.notified().await;
    } else {
        // Yield, so concurrent requests really overlap.
        tokio::task::yield_now().await;
    }
    let answer = json!({ "number": number, "of": caller.actor.user_id, "phone": form["phone"] });
    Ok(process::problem::CreatedJson(answer))
}

async fn touch(
    State(changes): State<Changes>,
    _: Caller,
    _: MaybeJson<Value>,
) -> Result<StatusCode, Problem> {
    changes.made.fetch_add(1, SeqCst);
    Ok(StatusCode::NO_CONTENT)
}

fn table<T: RouteTable<Changes>>(to: T) -> T {
    to.add_direct_route(direct(POST, "/changes/{id}"), "Change", &[], change)
        .add_direct_route(direct(PUT, "/touched"), "Touch", &[], touch)
        .add_direct_route(
            direct(POST, "/unkeyed").without_key("is another"),
            "Touch, too",
            &[],
            touch,
        )
}

impl Desk {
    pub(super) fn new(database: Database) -> Self {
        let signer = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
        let keys = TokenKeys::empty();
        keys.replace_key_set(&signer.jwks()).unwrap();
        let service_key = ServiceKey::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
        // MongoDB expires documents by its clock, so this one starts at the real time.
        let clock = Clock::fixed_at(Clock::system().now());
        let verifier = TokenVerifier {
            service: "desk",
            keys,
            service_key,
            clock,
        };
        let changes = Changes {
            verifier: verifier.clone(),
            database: database.clone(),
            made: Arc::default(),
            begun: Arc::default(),
            go_on: Arc::default(),
        };
        let signer = Arc::new(signer);
        Self {
            database,
            verifier,
            tasks: Tasks::new(),
            signer,
            changes,
        }
    }

    pub(super) async fn of(documents: &Documents) -> Self {
        documents.migrate().await.unwrap();
        documents.check_schema().await.unwrap();
        Self::new(documents.into())
    }

    /// The routes of a replica that runs on these tasks.
    pub(super) fn replica(&self, tasks: &Tasks) -> Router {
        let routes = table(Router::new()).with_state(self.changes.clone());
        let answers =
            IdempotencyStore::with_verifier(self.verifier.clone(), tasks, self.database.clone());
        answers.wrap_routes(routes, &table(ApiDocument::for_part("desk")))
    }

    pub(super) fn token(&self, person: u128, role: Role) -> String {
        self.signer.sign_claims(&Claims {
            iss: "holdfast".into(),
            sub: UserId(Uuid::from_u128(person)),
            role,
            jti: SessionId(Uuid::from_u128(8)),
            iat: 0,
            exp: self.verifier.clock.now().0 / 1000 + 600,
            kind: TokenKind::Access,
            device: None,
            region: None,
            command: None,
            verified: false,
            mark_version: 0,
            binding: None,
        })
    }

    pub(super) fn request(
        &self,
        (method, path): (Method, &str),
        person: u128,
        key: &str,
    ) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.token(person, Role::Customer)),
            )
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", key)
    }

    pub(super) async fn post(&self, person: u128, key: &str, form: Value) -> (StatusCode, Value) {
        let request = self.request((Method::POST, "/changes/1"), person, key);
        self.told(request.body(Body::from(form.to_string())).unwrap())
            .await
    }

    pub(super) async fn told(&self, request: Request) -> (StatusCode, Value) {
        read(self.replica(&self.tasks).oneshot(request).await.unwrap()).await
    }

    pub(super) fn made(&self) -> usize {
        self.changes.made.load(SeqCst)
    }
}

pub(super) async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}
