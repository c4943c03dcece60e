//! Every route with every kind of caller, by the platform's own description of its routes. A new route is
//! attacked as soon as it is described; `tests/contract/tests/openapi.rs` sees that the description names
//! the routes of the gateway's table, and no others.

pub mod described;
mod forged;

use std::collections::{BTreeMap, BTreeSet};

use attack::{AttackedPlatform, HttpAnswer, HttpCall, PASSWORD, Somebody, Station};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use support::files::{pdf, png};
use wire::{OrderId, Region, Role};

use described::{DescribedRoute, Description, NOBODYS};
use forged::{Forgery, forgeries, not_for_the_edge, not_for_the_gateway};

/// Fewer than one person may make of one route in a minute.
const CALLS_OF_ONE: usize = 80;
/// Calls at a time.
const AT_ONCE: usize = 8;
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// The refusals of somebody whose role is another.
const OF_THE_ROLE: [&str; 2] = ["role_forbidden", "providers_only"];

const STREET: &str = "7 Lighthouse Steps";
const PHONE: &str = "+8613900139000";
/// `Somebody::publish` gives it to every order.
const ADDRESS: &str = "1 Harbour Road";

/// Routes that answer a stranger about somebody else's id, with the status and the reason. No answer shows
/// what is private.
const OPEN_BY_DESIGN: [(&str, &str, u16, &str); 6] = [
    ("GET", "/api/v1/providers/{id}/profile", 200, "a customer chooses a provider by it"),
    ("GET", "/api/v1/providers/{id}/reviews", 200, "a customer chooses a provider by them"),
    ("GET", "/api/v1/providers/{id}/rating", 200, "the same"),
    ("POST", "/api/v1/orders/{id}/accept", 400, "a provider hears that another was quicker"),
    ("PUT", "/api/v1/orders/{id}/status", 400, "the same, of an accept by this route"),
    ("PUT", "/api/v1/orders/{id}/status", 422, "the role brings no order to that status"),
];

#[tokio::test]
async fn a_stranger_without_a_good_token_calls_a_route_that_is_not_public() {
    let platform = AttackedPlatform::shared().await;
    let mut routes = Description::of(platform).await.routes();
    routes.retain(|route| !route.is_public);
    let everywhere = forgeries(platform).await;
    let (cloud, edge) = (not_for_the_gateway(platform).await, not_for_the_edge(platform).await);
    // A station for each kind: an address has its limit at each route.
    let mut calls = Vec::new();
    for (n, forgery) in everywhere.iter().chain(&cloud).chain(&edge).enumerate() {
        let station = Station::fresh();
        let fits = |route: &&DescribedRoute| match n.checked_sub(everywhere.len()) {
            None => true,
            Some(place) => route.is_edges == (place >= cloud.len()),
        };
        calls.extend(routes.iter().filter(fits).map(|route| (station, route, forgery)));
    }
    let count = calls.len();
    let opened = stream::iter(calls)
        .map(async |(station, route, forgery)| opens(platform, station, route, forgery).await)
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect::<Vec<String>>();
    let opened = opened.await;
    assert!(opened.is_empty(), "{} of {count}:\n{}", opened.len(), opened.join("\n"));
    assert!(count > 2_000, "every route, and every kind of forgery: {count}");
}

/// The fault, where the answer is anything but a 401 that the route describes.
async fn opens(
    platform: &AttackedPlatform,
    station: Station,
    route: &DescribedRoute,
    forgery: &Forgery,
) -> Option<String> {
    let port = if route.is_edges { platform.edge().http } else { platform.gateway() };
    let call = forgery.on(route.sound_call(NOBODYS));
    let answer = station.ask(port, &call).await.expect("an answer");
    let is_refused = answer.status == 401
        && route.names_code(401, &answer.code())
        && answer.header("www-authenticate") == Some("Bearer");
    (!is_refused).then(|| told(route, &forgery.why, &answer))
}

fn told(route: &DescribedRoute, who: &str, answer: &HttpAnswer) -> String {
    let text: String = answer.text().chars().take(200).collect();
    format!("{} {} with {who}: {} {text}", route.method, route.path, answer.status)
}

#[tokio::test]
async fn a_person_does_what_is_for_another_role() {
    let platform = AttackedPlatform::shared().await;
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
            // It may have been the end of the session.
            if answer.status < 300 && route.method != "GET" {
                person = of_role(platform, role).await;
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

async fn of_role(platform: &AttackedPlatform, role: Role) -> Somebody {
    if role == Role::Admin { platform.admin().await } else { platform.somebody(role).await }
}

/// A route that changes something and was forgotten does not look at the key.
#[tokio::test]
async fn every_change_takes_a_key_or_says_why_it_takes_none() {
    let platform = AttackedPlatform::shared().await;
    let routes = Description::of(platform).await.routes();
    let (mut people, mut faults) = (BTreeMap::new(), Vec::new());
    for role in Role::ALL {
        people.insert(role.as_str(), of_role(platform, role).await);
    }
    for route in routes.iter().filter(|route| route.method != "GET") {
        match (&route.unkeyed, route.takes_key) {
            (Some(why), false) if why.len() >= 10 => continue,
            (None, true) if !route.is_public => {}
            _ => faults.push(format!("{} {}: {:?}", route.method, route.path, route.unkeyed)),
        }
        let Some(&role) = route.roles.first() else { continue };
        // The key is judged first, so that nothing is done.
        let call = route.sound_call(NOBODYS).header("idempotency-key", "x".repeat(256));
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
    for path in routes.iter().map(|route| &route.path).collect::<BTreeSet<_>>() {
        let own = routes.iter().filter(|route| route.path == *path);
        let named: BTreeSet<&str> = own.map(|route| route.method.as_str()).collect();
        for method in METHODS.into_iter().filter(|method| !named.contains(method)) {
            let path =
                path.split('/').map(|part| if part.starts_with('{') { NOBODYS } else { part });
            let path = path.collect::<Vec<_>>().join("/");
            let answer =
                station.ask(platform.gateway(), &HttpCall::new(method, &path)).await.unwrap();
            let allowed = answer.header("allow").unwrap_or_default().split(',').map(str::trim);
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text());
            assert_eq!(allowed.collect::<BTreeSet<_>>(), named, "{method} {path}");
        }
    }
    // Each named thing is there: a path that leads nowhere is no 401.
    for route in routes.iter().filter(|route| route.is_public) {
        let answer = Station::fresh().ask(platform.gateway(), &route.idle_call()).await.unwrap();
        assert!(route.names_status(answer.status), "{}", told(route, "nothing", &answer));
    }
}

#[tokio::test]
async fn a_person_uses_somebody_elses_ids_on_every_route_that_takes_one() {
    let platform = AttackedPlatform::shared().await;
    let routes = Description::of(platform).await.routes();
    let (customer, provider, order) = known_people(platform).await;
    let mut ids = BTreeSet::from([order.to_string()]);
    for victim in [&customer, &provider] {
        ids.extend(ids_of(&routes, victim).await);
    }
    assert!(ids.len() >= 6, "order, address, sessions, lines and people: {ids:?}");
    let before = [everything(&routes, &customer).await, everything(&routes, &provider).await];
    let mut faults = Vec::new();
    for role in [Role::Customer, Role::Provider] {
        let theirs = |route: &&DescribedRoute| {
            route.takes_ids() && !route.is_edges && route.roles.contains(&role)
        };
        for route in routes.iter().filter(theirs) {
            let calls: Vec<_> = ids
                .iter()
                .flat_map(|id| route.sound_calls(id).into_iter().map(move |call| (id, call)))
                .collect();
            for few in calls.chunks(CALLS_OF_ONE) {
                let stranger = platform.somebody(role).await;
                for (id, call) in few {
                    let answer = stranger.ask(call.clone()).await.expect("an answer");
                    if let Some(fault) = shows_or_does_more(route, id, &answer) {
                        faults.push(format!("{}: {fault}", role.as_str()));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let after = [everything(&routes, &customer).await, everything(&routes, &provider).await];
    assert_eq!(after, before, "nobody else has changed it");
}

fn shows_or_does_more(route: &DescribedRoute, id: &str, answer: &HttpAnswer) -> Option<String> {
    let is_open = OPEN_BY_DESIGN.iter().any(|(method, path, status, _)| {
        *method == route.method && *path == route.path && *status == answer.status
    });
    let is_private = [STREET, PHONE, ADDRESS].iter().any(|word| answer.text().contains(word));
    let is_refused = matches!(answer.status, 403 | 404) || is_open;
    (is_private || !is_refused).then(|| told(route, id, answer))
}

/// A customer with a profile and an address, whose order a provider has taken, and both of them.
async fn known_people(platform: &AttackedPlatform) -> (Somebody, Somebody, OrderId) {
    let customer = platform.somebody(Role::Customer).await;
    let provider = platform.provider().await;
    let admin = platform.admin().await;
    // Before the provider hands in more papers, which an admin has not seen.
    let order = customer.publish(Region::North, "Mend the tap").await;
    for (person, action) in [(&admin, "approve"), (&provider, "accept")] {
        let answer = person.act(order, action).await.expect("an answer");
        assert!(answer.status < 300, "{action}: {}", answer.text());
    }
    for person in [&customer, &provider] {
        let own = "/api/v1/users/me/profile";
        let blank = person.done(HttpCall::get(own)).await;
        let form =
            json!({"version": blank["version"], "full_name": "Li Si", "phone_number": PHONE});
        let written = person.done(HttpCall::new("PUT", own).json(&form)).await;
        let address = json!({"version": written["version"], "detail": STREET});
        person.done(HttpCall::post("/api/v1/users/me/addresses").json(&address)).await;
        // Signed in at two places.
        let second = platform.sign_in(person.station, &person.username, PASSWORD).await;
        second.unwrap_or_else(|refusal| panic!("{}", refusal.text()));
    }
    hand_in_files(&customer, &provider).await;
    for person in [&customer, &provider] {
        support::eventually("a line in the inbox", attack::PATIENCE, async || {
            let inbox = person.ask(HttpCall::get("/api/v1/notifications")).await.ok()?.json();
            let about = order.to_string();
            let lines = inbox["items"].as_array()?.clone();
            lines.iter().any(|line| line.to_string().contains(&about)).then_some(())
        })
        .await;
    }
    (customer, provider, order)
}

/// The customer's photo, and a document of the provider's certification.
async fn hand_in_files(customer: &Somebody, provider: &Somebody) {
    let photo = HttpCall::new("PUT", "/api/v1/users/me/photo").body("image/png", png(8, 8));
    customer.done(photo).await;
    let document =
        HttpCall::post("/api/v1/users/me/documents").body("application/pdf", pdf("care"));
    let document = provider.done(document).await["id"].clone();
    let version = provider.done(HttpCall::get("/api/v1/users/me/profile")).await["version"].clone();
    let item = json!({"name": "Care", "number": "7", "issuer": "City", "document": document});
    let certificates = json!({"version": version, "items": [item]});
    let path = "/api/v1/users/me/certifications";
    provider.done(HttpCall::new("PUT", path).json(&certificates)).await;
}

/// All that a person reads on routes without an id.
async fn everything(routes: &[DescribedRoute], person: &Somebody) -> Vec<(String, Value)> {
    let role = person.person.role;
    let reads = |route: &&DescribedRoute| {
        route.method == "GET"
            && !route.is_edges
            && !route.takes_ids()
            && route.roles.contains(&role)
    };
    let mut all = Vec::new();
    for route in routes.iter().filter(reads) {
        let answer = person.ask(route.sound_call("")).await.expect("an answer");
        all.push((route.path.clone(), answer.json()));
    }
    all
}

/// The ids of all that a person reads, of any kind.
async fn ids_of(routes: &[DescribedRoute], person: &Somebody) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for (path, answer) in everything(routes, person).await {
        // What waits for any provider is nobody's own.
        if path != "/api/v1/orders/available" {
            gather(&answer, &mut ids);
        }
    }
    ids
}

fn gather(value: &Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            ids.extend(uuid::Uuid::parse_str(text).ok().map(|id| id.to_string()));
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, ids)),
        Value::Object(members) => members.values().for_each(|member| gather(member, ids)),
        _ => {}
    }
}
