//! Every route with every kind of caller, generated from the platform's description of its routes.
//! A new route is attacked as soon as it is described; `tests/contract/tests/openapi.rs` checks
//! that the description lists exactly the routes of the gateway's table.

mod belongings;
mod browsers;
pub(crate) mod described;
mod forged;
mod forms;
mod others;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use attack::{AttackedPlatform, HttpAnswer, HttpCall, Somebody, Station};
use futures::{StreamExt, stream};
use support::is_deep_run;
use wire::Role;

use described::{DescribedRoute, Description, NOBODYS};
use forged::{Forgery, forgeries, not_for_the_edge, not_for_the_gateway};

/// Concurrent calls.
const AT_ONCE: usize = 8;
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// Refusal codes for a caller of the wrong role.
const OF_THE_ROLE: [&str; 2] = ["role_forbidden", "providers_only"];

#[tokio::test]
async fn a_stranger_without_a_good_token_calls_a_route_that_is_not_public() {
    let platform = AttackedPlatform::shared().await;
    let mut routes = Description::of(platform).await.routes();
    routes.retain(|route| !route.is_public);
    let everywhere = forgeries(platform).await;
    let cloud = not_for_the_gateway(platform).await;
    let edge = not_for_the_edge(platform).await;
    // One station per kind of forgery, because each address has a limit per route.
    let mut calls = Vec::new();
    for (n, forgery) in everywhere.iter().chain(&cloud).chain(&edge).enumerate() {
        let station = Station::fresh();
        let fits = |route: &&DescribedRoute| match n.checked_sub(everywhere.len()) {
            None => true,
            Some(place) => route.is_edges == (place >= cloud.len()),
        };
        let sent = routes.iter().filter(fits).skip(n % forgeries_apart());
        let sent = sent.step_by(forgeries_apart());
        calls.extend(sent.map(|route| (station, route, forgery)));
    }
    let count = calls.len();
    let opened = stream::iter(calls)
        .map(async |(station, route, forgery)| opens(platform, station, route, forgery).await)
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect::<Vec<String>>();
    let opened = opened.await;
    assert!(
        opened.is_empty(),
        "{} of {count}:\n{}",
        opened.len(),
        opened.join("\n")
    );
    assert!(
        count > 2_000 / forgeries_apart(),
        "every route, and every kind of forgery: {count}"
    );
}

/// A deep run sends every kind of forgery to every route. In other runs each route gets a third of
/// the kinds, and each kind goes to a third of the routes.
fn forgeries_apart() -> usize {
    if is_deep_run() { 1 } else { 3 }
}

/// Returns a fault unless the answer is a 401 that the route describes.
async fn opens(
    platform: &AttackedPlatform,
    station: Station,
    route: &DescribedRoute,
    forgery: &Forgery,
) -> Option<String> {
    let port = if route.is_edges {
        platform.edge().http
    } else {
        platform.gateway()
    };
    let call = forgery.on(route.sound_call(NOBODYS));
    let answer = station.ask(port, &call).await.expect("an answer");
    let is_refused = answer.status == 401
        && route.names_code(401, &answer.code())
        && answer.header("www-authenticate") == Some("Bearer");
    (!is_refused).then(|| told(route, &forgery.why, &answer))
}

fn told(route: &DescribedRoute, who: &str, answer: &HttpAnswer) -> String {
    let text: String = answer.text().chars().take(200).collect();
    format!(
        "{} {} with {who}: {} {text}",
        route.method, route.path, answer.status
    )
}

#[tokio::test]
async fn a_person_does_what_is_for_another_role() {
    // One of the calls ends the admin's other sessions, which tests on the shared platform use.
    let platform = &AttackedPlatform::fresh().await;
    let mut routes = Description::of(platform).await.routes();
    routes.retain(|route| !route.is_public && !route.is_edges);
    let mut faults = Vec::new();
    for role in Role::ALL {
        let mut person = of_role(platform, role).await;
        for route in &routes {
            let answer = person.ask(route.idle_call()).await.expect("an answer");
            let code = answer.code();
            let speaks_of_role = OF_THE_ROLE.contains(&code.as_str());
            let is_right = match (route.roles.as_slice(), route.roles.contains(&role)) {
                ([], _) => answer.status == 401,
                (_, false) => {
                    answer.status == 403 && speaks_of_role && route.names_code(403, &code)
                }
                (_, true) => {
                    answer.status != 401 && !speaks_of_role && route.names_status(answer.status)
                }
            };
            if !is_right {
                faults.push(told(route, role.as_str(), &answer));
            }
            // The call may have ended the session.
            if answer.status < 300 && route.method != "GET" {
                person = of_role(platform, role).await;
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

async fn of_role(platform: &AttackedPlatform, role: Role) -> Somebody {
    if role == Role::Admin {
        platform.admin().await
    } else {
        platform.somebody(role).await
    }
}

/// A changing route that forgot about idempotency keys does not look at the header.
#[tokio::test]
async fn every_change_takes_a_key_or_says_why_it_takes_none() {
    let platform = AttackedPlatform::shared().await;
    let routes = Description::of(platform).await.routes();
    let mut people = BTreeMap::new();
    let mut faults = Vec::new();
    for role in Role::ALL {
        people.insert(role.as_str(), of_role(platform, role).await);
    }
    for route in routes.iter().filter(|route| route.method != "GET") {
        match (&route.unkeyed, route.takes_key) {
            (Some(why), false) if why.len() >= 10 => continue,
            (None, true) if !route.is_public => {}
            _ => faults.push(format!(
                "{} {}: {:?}",
                route.method, route.path, route.unkeyed
            )),
        }
        let Some(&role) = route.roles.first() else {
            continue;
        };
        // The key is checked first, so the call has no effect.
        let call = route
            .sound_call(NOBODYS)
            .header("idempotency-key", "x".repeat(256));
        let answer = people[role.as_str()].ask(call).await.expect("an answer");
        let names_key = answer.text().contains("Idempotency-Key");
        if answer.status != 422 || !names_key || !route.names_code(422, "invalid_input") {
            faults.push(told(route, "a key that is too long", &answer));
        }
    }
    let keyed = routes.iter().filter(|route| route.takes_key).count();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(keyed > 35, "{keyed}");
}

#[tokio::test]
async fn somebody_asks_by_a_method_that_no_description_names() {
    let platform = AttackedPlatform::shared().await;
    let mut routes = Description::of(platform).await.routes();
    routes.retain(|route| !route.is_edges);
    let station = Station::fresh();
    for path in routes
        .iter()
        .map(|route| &route.path)
        .collect::<BTreeSet<_>>()
    {
        let own = routes.iter().filter(|route| route.path == *path);
        let named: BTreeSet<&str> = own.map(|route| route.method.as_str()).collect();
        for method in METHODS.into_iter().filter(|method| !named.contains(method)) {
            let path = path
                .split('/')
                .map(|part| if part.starts_with('{') { NOBODYS } else { part });
            let path = path.collect::<Vec<_>>().join("/");
            let answer = station
                .ask(platform.gateway(), &HttpCall::new(method, &path))
                .await
                .unwrap();
            let allowed = answer
                .header("allow")
                .unwrap_or_default()
                .split(',')
                .map(str::trim);
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text());
            assert_eq!(allowed.collect::<BTreeSet<_>>(), named, "{method} {path}");
        }
    }
    // Each described public route exists and answers with a described status.
    for route in routes.iter().filter(|route| route.is_public) {
        let answer = Station::fresh()
            .ask(platform.gateway(), &route.idle_call())
            .await
            .unwrap();
        assert!(
            route.names_status(answer.status),
            "{}",
            told(route, "nothing", &answer)
        );
    }
}
