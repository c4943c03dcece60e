//! The callers, the routes that each one calls, and the routes left out.

use serde_json::{Value, json};

use crate::Result;

/// The server that answers a caller. Lanes run in parallel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerLane {
    Gateway,
    Edge,
}

pub struct RouteCaller {
    pub lane: CallerLane,
    /// `None` calls the public routes; a person calls the routes of their role.
    /// `tests/attack/tests/attack/matrix.rs` calls every route as every wrong caller.
    person: Option<Person>,
    /// Share of the whole run's time.
    percent: u64,
}

struct Person {
    role: &'static str,
    username: &'static str,
    /// Has the same role; signs in again for each route that ends a session.
    leaver: &'static str,
}

/// The lanes take equally long.
pub const CALLERS: [RouteCaller; 7] = [
    RouteCaller {
        lane: CallerLane::Gateway,
        person: None,
        percent: 15,
    },
    RouteCaller {
        lane: CallerLane::Gateway,
        person: Some(CUSTOMER),
        percent: 22,
    },
    RouteCaller {
        lane: CallerLane::Gateway,
        person: Some(PROVIDER),
        percent: 28,
    },
    RouteCaller {
        lane: CallerLane::Edge,
        person: None,
        percent: 14,
    },
    RouteCaller {
        lane: CallerLane::Edge,
        person: Some(CUSTOMER),
        percent: 17,
    },
    RouteCaller {
        lane: CallerLane::Edge,
        person: Some(PROVIDER),
        percent: 17,
    },
    RouteCaller {
        lane: CallerLane::Edge,
        person: Some(ADMIN),
        percent: 17,
    },
];
/// The admin revokes people and disables edges that other callers need.
pub const LAST: RouteCaller = RouteCaller {
    lane: CallerLane::Gateway,
    person: Some(ADMIN),
    percent: 35,
};

/// People of the demo, with profiles, orders and a region.
const CUSTOMER: Person = Person {
    role: "customer",
    username: "customer-north",
    leaver: "customer-south",
};
const PROVIDER: Person = Person {
    role: "provider",
    username: "provider-north",
    leaver: "provider-south",
};
const ADMIN: Person = Person {
    role: "admin",
    username: "admin",
    leaver: "admin-two",
};
const PASSWORD: &str = "holdfast-demo";
pub const REGION: &str = "NORTH";

/// They end the caller's session.
pub const ENDING: [&str; 5] = [
    "POST /api/v1/auth/logout",
    "DELETE /api/v1/session",
    "DELETE /api/v1/auth/sessions/others",
    "DELETE /api/v1/auth/sessions/{id}",
    "DELETE /session",
];

/// Routes left out, with the reason.
const SPARED: [(&str, &str); 3] = [
    ("GET /api/v1/stream", "it never ends"),
    ("GET /link", "it becomes a WebSocket"),
    (
        "POST /api/v1/admin/keys/kill",
        "it ends every session, so later calls would all be refused",
    ),
];

impl RouteCaller {
    pub fn name(&self) -> String {
        let lane = if self.lane == CallerLane::Gateway {
            "gateway"
        } else {
            "edge"
        };
        format!(
            "{lane} {}",
            self.person.as_ref().map_or("nobody", |person| person.role)
        )
    }

    pub fn document(&self) -> &'static str {
        match self.lane {
            CallerLane::Gateway => "cloud/gateway/openapi.json",
            CallerLane::Edge => "edge-node/openapi.json",
        }
    }

    /// Its share of the run, in seconds.
    pub fn seconds(&self, all: u64) -> u64 {
        (all * self.percent / 100).max(1)
    }

    /// The document's routes that this caller calls, such as `GET /api/v1/orders`.
    pub fn routes(&self, document: &Value) -> Result<Vec<String>> {
        let paths = document["paths"]
            .as_object()
            .ok_or("the document has no paths")?;
        let mut routes = Vec::new();
        for (path, methods) in paths {
            let methods = methods
                .as_object()
                .ok_or_else(|| format!("{path} has no methods"))?;
            let named = methods.iter().filter(|(_, route)| self.asks(route));
            routes.extend(named.map(|(method, _)| format!("{} {path}", method.to_uppercase())));
        }
        routes.retain(|route| SPARED.iter().all(|(spared, _)| route != spared));
        if routes.is_empty() {
            Err("there is no route to call".into())
        } else {
            Ok(routes)
        }
    }

    fn asks(&self, route: &Value) -> bool {
        // The gateway's document also describes the routes of edges, for its readers.
        if self.lane == CallerLane::Gateway && route["tags"] == json!(["edge"]) {
            return false;
        }
        let Some(person) = &self.person else {
            return route["security"] == json!([]);
        };
        route["x-roles"]
            .as_array()
            .is_some_and(|roles| roles.contains(&json!(person.role)))
    }

    pub fn form(&self) -> Option<Value> {
        self.person.as_ref().map(|person| form(person.username))
    }

    pub fn leavers_form(&self) -> Value {
        form(
            self.person
                .as_ref()
                .map_or("nobody", |person| person.leaver),
        )
    }

    /// The sign-in answer's field with the token.
    pub fn token_field(&self) -> &'static str {
        match self.lane {
            CallerLane::Gateway => "access_token",
            CallerLane::Edge => "edge_token",
        }
    }
}

fn form(username: &str) -> Value {
    json!({"username": username, "password": PASSWORD, "region": REGION})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        let public = json!({"tags": ["auth"], "security": [], "x-roles": []});
        let order = json!({"tags": ["order"], "security": [{}], "x-roles": ["customer", "admin"]});
        let board = json!({"tags": ["edge"], "security": [{}], "x-roles": ["customer"]});
        json!({"paths": {
            "/api/v1/auth/login": {"post": public}, "/orders": {"get": order, "post": order},
            "/board": {"get": board}, "/api/v1/stream": {"get": order},
        }})
    }

    #[test]
    fn a_caller_asks_the_routes_of_its_role() {
        let asked = |name: &str| {
            let mut all = CALLERS.iter().chain([&LAST]);
            let caller = all.find(|caller| caller.name() == name).unwrap();
            caller.routes(&document())
        };
        assert_eq!(
            asked("gateway nobody"),
            Ok(vec!["POST /api/v1/auth/login".into()])
        );
        assert_eq!(
            asked("gateway customer"),
            Ok(vec!["GET /orders".into(), "POST /orders".into()])
        );
        assert_eq!(
            asked("edge customer").map(|routes| routes.contains(&"GET /board".into())),
            Ok(true)
        );
        assert!(
            asked("gateway provider").is_err(),
            "a run without routes is red"
        );
    }

    #[test]
    fn the_lanes_and_the_last_take_the_whole_time() {
        let of = |lane| CALLERS.iter().filter(move |caller| caller.lane == lane);
        let sum = |lane| of(lane).map(|caller| caller.percent).sum::<u64>();
        assert_eq!(sum(CallerLane::Gateway) + LAST.percent, 100);
        assert_eq!(sum(CallerLane::Edge), sum(CallerLane::Gateway));
        assert_eq!(LAST.seconds(1), 1, "no time at all would look green");
    }
}
