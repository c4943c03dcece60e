//! Describes routes as OpenAPI 3.1, from their handlers' types.
//!
//! Invariant: a service lists its public routes once, in a function over `RouteTable`. Its router
//! and its document both come from it, so their routes match. A route that changes something takes
//! an `Idempotency-Key`, or gives a reason not to.

mod document;
mod handler;

use axum::{
    Router,
    handler::Handler,
    routing::{MethodFilter, on},
};
use http::Method;
use wire::Code;

pub use document::{ApiDocument, RouteDescription};
pub use handler::{DescribedHandler, RouteAnswer, RouteInput};

pub trait RouteTable<S>: Sized {
    /// Adds a route with its summary and refusal codes. The document adds the codes of extractors
    /// and of the gateway.
    #[must_use]
    fn add_route<H, T, A>(
        self,
        method: Method,
        path: &'static str,
        about: &'static str,
        codes: &'static [Code],
        handler: H,
    ) -> Self
    where
        H: Handler<T, S> + DescribedHandler<A>,
        T: 'static;

    /// Adds a route that changes something but takes no `Idempotency-Key`; the reason completes the
    /// sentence "A repeat".
    #[must_use]
    fn add_unkeyed_route<H, T, A>(
        self,
        why: &'static str,
        method: Method,
        path: &'static str,
        about: &'static str,
        codes: &'static [Code],
        handler: H,
    ) -> Self
    where
        H: Handler<T, S> + DescribedHandler<A>,
        T: 'static;
}

impl<S: Clone + Send + Sync + 'static> RouteTable<S> for Router<S> {
    fn add_route<H, T, A>(
        self,
        method: Method,
        path: &'static str,
        _: &'static str,
        _: &'static [Code],
        handler: H,
    ) -> Self
    where
        H: Handler<T, S> + DescribedHandler<A>,
        T: 'static,
    {
        let filter =
            MethodFilter::try_from(method).expect("the method of a route is a standard one");
        self.route(path, on(filter, handler))
    }

    fn add_unkeyed_route<H, T, A>(
        self,
        _: &'static str,
        method: Method,
        path: &'static str,
        about: &'static str,
        codes: &'static [Code],
        handler: H,
    ) -> Self
    where
        H: Handler<T, S> + DescribedHandler<A>,
        T: 'static,
    {
        self.add_route(method, path, about, codes, handler)
    }
}

impl<S> RouteTable<S> for ApiDocument {
    fn add_route<H, T, A>(
        self,
        method: Method,
        path: &'static str,
        about: &'static str,
        codes: &'static [Code],
        handler: H,
    ) -> Self
    where
        H: Handler<T, S> + DescribedHandler<A>,
        T: 'static,
    {
        let changes = !method.is_safe();
        let document = self.with_handler_route(&method, path, about, codes, handler);
        document.with_route_details(&method, path, |route| {
            if changes {
                route.takes_key();
            }
        })
    }

    fn add_unkeyed_route<H, T, A>(
        self,
        why: &'static str,
        method: Method,
        path: &'static str,
        about: &'static str,
        codes: &'static [Code],
        handler: H,
    ) -> Self
    where
        H: Handler<T, S> + DescribedHandler<A>,
        T: 'static,
    {
        let document = self.with_handler_route(&method, path, about, codes, handler);
        document.with_route_details(&method, path, |route| route.takes_no_key(why))
    }
}

impl ApiDocument {
    fn with_handler_route<H, T, S, A>(
        self,
        method: &Method,
        path: &'static str,
        about: &'static str,
        codes: &[Code],
        _: H,
    ) -> Self
    where
        H: Handler<T, S> + DescribedHandler<A>,
        T: 'static,
    {
        let name = std::any::type_name::<H>()
            .rsplit("::")
            .next()
            .unwrap_or_default();
        self.with_described_route(name, method, path, about, |route| {
            route.add_refusal_codes(codes);
            H::describe_route(route);
        })
    }
}
