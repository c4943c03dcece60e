//! Describes routes as OpenAPI 3.1, from their handlers' parameters and results.
//!
//! Invariant: a service lists its public routes once, in a function over `RouteTable`, with their
//! callers. Its router, its document and the gateway's table come from it, so their routes match. A
//! route that changes something takes an `Idempotency-Key`, or gives a reason not to.

mod document;

use std::net::SocketAddr;

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, Request, State},
    handler::Handler,
    response::Response,
    routing::{MethodFilter, on},
};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use serde_json::json;
use utoipa::ToSchema;
use wire::Code;

use crate::{
    idempotency::Idempotency,
    problem::{CreatedJson, ItemList, Json, MaybeJson, Page, Path, Query},
    routes::{DirectRoute, ErasedHandler, GuardedHandler, PublicRoute, RouteGuard},
    tokens::{AdminCaller, Caller},
    trace::RequestTrace,
};

pub use document::{ApiDocument, RouteDescription};

pub trait RouteTable<S>: Sized {
    /// Adds a route that clients reach through the gateway, with its summary and refusal codes. The
    /// router admits only the callers that the route declares. The document adds the codes of
    /// extractors.
    #[must_use]
    fn add_public_route<H, T, A>(
        self,
        route: PublicRoute,
        about: &'static str,
        codes: &'static [Code],
        handler: H,
    ) -> Self
    where
        H: Handler<T, S> + DescribedHandler<A>,
        T: 'static,
        S: RouteGuard;

    /// Adds a route that the gateway does not serve.
    #[must_use]
    fn add_direct_route<H, T, A>(
        self,
        route: DirectRoute,
        about: &'static str,
        codes: &'static [Code],
        handler: H,
    ) -> Self
    where
        H: Handler<T, S> + DescribedHandler<A>,
        T: 'static;
}

impl<S: Clone + Send + Sync + 'static> RouteTable<S> for Router<S> {
    fn add_public_route<H, T, A>(
        self,
        route: PublicRoute,
        _: &'static str,
        _: &'static [Code],
        handler: H,
    ) -> Self
    where
        H: Handler<T, S> + DescribedHandler<A>,
        T: 'static,
        S: RouteGuard,
    {
        let handler = GuardedHandler::new(&route, handler);
        self.route(route.path, on(method_filter(route.method), handler))
    }

    fn add_direct_route<H, T, A>(
        self,
        route: DirectRoute,
        _: &'static str,
        _: &'static [Code],
        handler: H,
    ) -> Self
    where
        H: Handler<T, S> + DescribedHandler<A>,
        T: 'static,
    {
        let handler = ErasedHandler::new(handler);
        self.route(route.path, on(method_filter(route.method), handler))
    }
}

fn method_filter(method: Method) -> MethodFilter {
    MethodFilter::try_from(method).expect("the method of a route is a standard one")
}

impl<S> RouteTable<S> for ApiDocument {
    fn add_public_route<H, T, A>(
        mut self,
        route: PublicRoute,
        about: &'static str,
        codes: &'static [Code],
        handler: H,
    ) -> Self
    where
        H: Handler<T, S> + DescribedHandler<A>,
        T: 'static,
        S: RouteGuard,
    {
        self.public_routes.push(route.clone());
        let described = DirectRoute {
            method: route.method,
            path: route.path,
            unkeyed_because: route.unkeyed_because,
        };
        self.add_direct_route(described, about, codes, handler)
    }

    fn add_direct_route<H, T, A>(
        self,
        route: DirectRoute,
        about: &'static str,
        codes: &'static [Code],
        _: H,
    ) -> Self
    where
        H: Handler<T, S> + DescribedHandler<A>,
        T: 'static,
    {
        let DirectRoute {
            method,
            path,
            unkeyed_because,
        } = route;
        let name = std::any::type_name::<H>()
            .rsplit("::")
            .next()
            .unwrap_or_default();
        self.with_described_route(name, &method, path, about, |description| {
            description.add_refusal_codes(codes);
            H::describe_route(description);
            match unkeyed_because {
                Some(because) => description.takes_no_key(because),
                None if method.is_safe() => {}
                None => description.takes_key(),
            }
        })
    }
}

/// A handler that describes its route. `A` is the tuple of its parameters; it keeps the
/// implementations for different numbers of parameters apart.
pub trait DescribedHandler<A> {
    fn describe_route(route: &mut RouteDescription);
}

/// A handler's parameter, which may add to the route's description. Most add nothing: the gateway
/// describes the allowed callers.
pub trait RouteInput {
    fn describe_route(_: &mut RouteDescription) {}
}

/// A handler's result, which describes the route's answer.
pub trait RouteAnswer {
    fn describe_route(route: &mut RouteDescription);
}

macro_rules! described_handlers {
    ($($input:ident)*) => {
        impl<F, R, O, $($input),*> DescribedHandler<($($input,)*)> for F
        where
            F: Fn($($input),*) -> R,
            R: Future<Output = O>,
            O: RouteAnswer,
            $($input: RouteInput,)*
        {
            fn describe_route(route: &mut RouteDescription) {
                $($input::describe_route(route);)*
                O::describe_route(route);
            }
        }
    };
}

described_handlers!(A);

described_handlers!(A B);

described_handlers!(A B C);

described_handlers!(A B C D);

described_handlers!(A B C D E);

described_handlers!(A B C D E G);

impl<S> RouteInput for State<S> {}

impl RouteInput for Bytes {}

impl RouteInput for ConnectInfo<SocketAddr> {}

impl RouteInput for HeaderMap {}

impl RouteInput for Request {}

impl RouteInput for RequestTrace {}

impl RouteInput for Caller {}

impl RouteInput for AdminCaller {}

impl<T, E> RouteInput for Result<T, E> {}

impl RouteInput for Idempotency {
    fn describe_route(route: &mut RouteDescription) {
        route.heeds_key();
    }
}

impl<T: ToSchema> RouteInput for Json<T> {
    fn describe_route(route: &mut RouteDescription) {
        let schema = route.schema::<T>();
        route.takes_json(schema, true);
    }
}

impl<T: ToSchema> RouteInput for MaybeJson<T> {
    fn describe_route(route: &mut RouteDescription) {
        let schema = route.schema::<T>();
        route.takes_json(schema, false);
    }
}

impl<T: ToSchema> RouteInput for Query<T> {
    fn describe_route(route: &mut RouteDescription) {
        route.add_parameter_fields::<T>("query");
        route.add_refusal_codes(&[Code::InvalidInput]);
    }
}

impl<T: ToSchema> RouteInput for Path<T> {
    fn describe_route(route: &mut RouteDescription) {
        route.add_parameter_fields::<T>("path");
        route.add_refusal_codes(&[Code::NotFound]);
    }
}

impl<C, const USUAL: usize, const MAX: usize> RouteInput for Page<C, USUAL, MAX> {
    fn describe_route(route: &mut RouteDescription) {
        let limit = json!({ "type": "integer", "minimum": 1, "maximum": MAX, "default": USUAL });
        route.add_parameter(
            "query",
            "limit",
            false,
            limit,
            "The most items of the page.",
        );
        let about = "The `next` of the page before.";
        route.add_parameter("query", "cursor", false, json!({ "type": "string" }), about);
        route.add_refusal_codes(&[Code::InvalidInput]);
    }
}

impl<T: RouteAnswer, E> RouteAnswer for Result<T, E> {
    fn describe_route(route: &mut RouteDescription) {
        T::describe_route(route);
    }
}

impl<T: ToSchema> RouteAnswer for Json<T> {
    fn describe_route(route: &mut RouteDescription) {
        route.answers_json::<T>(StatusCode::OK);
    }
}

impl<T: ToSchema> RouteAnswer for ItemList<T> {
    fn describe_route(route: &mut RouteDescription) {
        // utoipa names the items of a generic type but omits their schema.
        route.schema::<T>();
        route.answers_json::<Self>(StatusCode::OK);
    }
}

impl<T: ToSchema> RouteAnswer for CreatedJson<T> {
    fn describe_route(route: &mut RouteDescription) {
        route.answers_json::<T>(StatusCode::CREATED);
    }
}

/// An answer with one extra header.
impl<T: RouteAnswer> RouteAnswer for ([(HeaderName, String); 1], T) {
    fn describe_route(route: &mut RouteDescription) {
        T::describe_route(route);
    }
}

/// A bare status only reports success.
impl RouteAnswer for StatusCode {
    fn describe_route(route: &mut RouteDescription) {
        route.answers_nothing(Self::NO_CONTENT, "Done.");
    }
}

/// The route's summary describes an answer other than JSON.
impl RouteAnswer for Response {
    fn describe_route(route: &mut RouteDescription) {
        route.answers_nothing(StatusCode::OK, "As the summary says.");
    }
}
