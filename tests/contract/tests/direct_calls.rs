//! Each service, called without the gateway, refuses the callers that its table of routes refuses.

use axum::{
    Router,
    body::{Body, to_bytes},
};
use http::{Method, Request, header};
use platform::{
    ServiceContext,
    service::{DataPlace, PartConfig},
    upstream::Upstream,
};
use process::{
    clock::Clock,
    openapi::ApiDocument,
    parts::CloudPart,
    routes::{Audience, PermissionRule, PublicRoute},
    tokens::USER_PERMISSIONS,
};
use serde_json::{Value, json};
use tower::ServiceExt;
use wire::{Code, Role};

const PASSWORD: &str = "correct horse battery staple 7";

macro_rules! open_services {
    ($(
        $part:ident $service:ident $port:literal $offset:literal $store:ident $database:tt
        { $($peer:ident: $asked:ident),* }, $about:literal;
    )+) => {
        /// A new service in this folder, whose peers are away.
        async fn open_service(
            part: CloudPart,
            place: &DataPlace,
            context: &ServiceContext,
        ) -> Router {
            match part {
                $(CloudPart::$part => {
                    let config = $service::Config::default_for_part(part, place);
                    $service::migrate(&config).await.unwrap();
                    let peers = $service::Peers { $($peer: Upstream::open_later().0),* };
                    $service::open(config, context.for_part(), peers).await.unwrap()
                })+
                CloudPart::Gateway => unreachable!("the gateway is not a service"),
            }
        }

        fn api_document(part: CloudPart) -> ApiDocument {
            match part {
                $(CloudPart::$part => $service::api_document(),)+
                CloudPart::Gateway => unreachable!("the gateway is not a service"),
            }
        }
    };
}
process::services!(open_services);

/// All services in one folder, each with its own router, and one person of each role.
struct Services {
    place: DataPlace,
    context: ServiceContext,
    auth: Router,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: u16,
    body: Value,
}

impl Services {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = DataPlace {
            data: Some(folder.path().to_owned()),
        };
        let context = testing::ground(folder.path(), &Clock::system()).await;
        let auth = open_service(CloudPart::Auth, &place, &context).await;
        let request = Request::get("/.well-known/jwks.json").body(Body::empty());
        let jwks = auth.clone().oneshot(request.unwrap()).await.unwrap();
        let jwks = to_bytes(jwks.into_body(), 1 << 20).await.unwrap();
        let jwks = std::str::from_utf8(&jwks).unwrap();
        context.keys.replace_key_set(jwks).unwrap();
        Self {
            place,
            context,
            auth,
            _folder: folder,
        }
    }

    async fn router(&self, part: CloudPart) -> Router {
        if part == CloudPart::Auth {
            return self.auth.clone();
        }
        open_service(part, &self.place, &self.context).await
    }

    /// The access token of a new person.
    async fn token(&self, role: Role) -> String {
        let name = format!("{role}-one");
        if role == Role::Admin {
            let config = auth::Config::default_for_part(CloudPart::Auth, &self.place);
            let keys = testing::data_keys();
            let made = auth::bootstrap_admin(&config, &keys, &name, PASSWORD.to_owned());
            made.await.unwrap();
        } else {
            let form = json!({
                "username": name, "password": PASSWORD, "role": role,
                "email": format!("{name}@example.org"),
            });
            let answer = self.post("/api/v1/auth/register", &form).await;
            assert_eq!(answer.status, 201, "{}", answer.body);
        }
        let form = json!({ "username": name, "password": PASSWORD });
        let answer = self.post("/api/v1/auth/login", &form).await;
        answer.body["access_token"].as_str().unwrap().to_owned()
    }

    async fn post(&self, path: &str, form: &Value) -> Answer {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(form.to_string())).unwrap();
        send(&self.auth, request).await
    }
}

async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), 1 << 22).await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Answer { status, body }
}

/// A call of the route with a body that its handler would refuse.
async fn call(router: &Router, route: &PublicRoute, headers: &[(&str, &str)]) -> Answer {
    let words = route.path.split('/');
    let words = words.map(|word| if word.starts_with('{') { "0193" } else { word });
    let path = words.collect::<Vec<_>>().join("/");
    let mut request = Request::builder().method(route.method.clone()).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if route.method == Method::GET {
        ""
    } else {
        "no form"
    };
    send(router, request.body(Body::from(body)).unwrap()).await
}

fn assert_refused(answer: &Answer, code: Code, route: &PublicRoute, caller: &str) {
    let expected = (code.status(), Value::from(code.as_str()));
    let answered = (answer.status, answer.body["code"].clone());
    assert_eq!(
        answered, expected,
        "{caller}: {} {}",
        route.method, route.path
    );
}

#[tokio::test]
async fn each_protected_route_of_each_service_refuses_the_wrong_caller() {
    let services = Services::open().await;
    let mut people = Vec::new();
    for role in Role::ALL {
        people.push((role, format!("Bearer {}", services.token(role).await)));
    }
    let mut refused = 0;
    for part in CloudPart::behind_the_gateway() {
        let router = services.router(part).await;
        for route in api_document(part).public_routes {
            if !route.audience.requires_person() {
                continue;
            }
            let answer = call(&router, &route, &[]).await;
            assert_refused(&answer, Code::InvalidToken, &route, "no token");
            refused += 1;
            for (role, token) in &people {
                if let Audience::Roles(roles, code) = route.audience
                    && !roles.contains(role)
                {
                    let answer = call(&router, &route, &[("authorization", token)]).await;
                    assert_refused(&answer, code, &route, role.as_str());
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 300, "{refused}");
    services.context.tasks.shutdown(contract::LIMIT).await;
}

/// Auth reads an admin's permissions from auth_db; `cloud/auth/tests/service/roles.rs` tests that.
#[tokio::test]
async fn a_service_refuses_an_admin_whose_role_the_gateway_narrowed() {
    let services = Services::open().await;
    let token = format!("Bearer {}", services.token(Role::Admin).await);
    let header = USER_PERMISSIONS;
    let narrowed = [("authorization", token.as_str()), (header.as_str(), "")];
    let mut refused = 0;
    for part in CloudPart::behind_the_gateway().filter(|part| *part != CloudPart::Auth) {
        let router = services.router(part).await;
        for route in api_document(part).public_routes {
            let is_for_admins = route.audience.check_role(Role::Admin).is_ok();
            if let (true, PermissionRule::All(_) | PermissionRule::AnyOf(_)) =
                (is_for_admins, route.permission)
            {
                let answer = call(&router, &route, &narrowed).await;
                assert_refused(&answer, Code::PermissionMissing, &route, "a narrowed admin");
                refused += 1;
            }
        }
    }
    assert!(refused > 60, "{refused}");
    services.context.tasks.shutdown(contract::LIMIT).await;
}
