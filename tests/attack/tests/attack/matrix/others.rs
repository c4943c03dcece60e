//! Other people's real ids, in every path, query and form that takes one.

use std::collections::BTreeSet;

use attack::{AttackedPlatform, HttpAnswer, Somebody};
use futures::{StreamExt, future::join_all, stream};
use serde_json::Value;
use tokio::sync::OnceCell;
use wire::Role;

use super::{
    AT_ONCE,
    belongings::{Household, PRIVATE, Thing, version},
    described::{DescribedRoute, Description},
    told,
};

/// Below one person's limits: calls to one route in a minute, and to all routes together.
const CALLS_OF_ONE: usize = 80;
const ALL_OF_ONE: usize = 500;

/// A route that answers a stranger about another person's resource. No answer shows private data.
struct Exception {
    route: &'static str,
    /// The resources this applies to; empty for any id.
    things: &'static [&'static str],
    status: u16,
    why: &'static str,
}

const fn open(
    route: &'static str,
    things: &'static [&'static str],
    status: u16,
    why: &'static str,
) -> Exception {
    Exception {
        route,
        things,
        status,
        why,
    }
}

const TAKEN: [&str; 4] = [
    "an order that is taken",
    "an order that is complete",
    "an order that is reviewed",
    "an order whose review is hidden",
];
const SHOWN: &str = "a verified provider shows it to customers";
const NO_ORDER: &str = "it is no id of an order";
const PUBLIC_REVIEW: &str = "a customer chooses a provider by it";

/// The test fails if one of them is unused.
#[rustfmt::skip]
const OPEN_BY_DESIGN: &[Exception] = &[
    open("GET /api/v1/providers/{id}/profile", &["a provider"], 200, SHOWN),
    open("GET /api/v1/files/{id}", &["a provider's photo", "a picture of work"], 200, SHOWN),
    open("POST /api/v1/files/{id}/link", &["a provider's photo", "a picture of work"], 200, SHOWN),
    open("GET /api/v1/providers/{id}/reviews", &[], 200, PUBLIC_REVIEW),
    open("GET /api/v1/providers/{id}/rating", &[], 200, PUBLIC_REVIEW),
    open("GET /api/v1/reviews/{id}", &["a review"], 200, PUBLIC_REVIEW),
    open("GET /api/v1/reviews/{id}/images/{image}", &["a review", "its picture"], 200, PUBLIC_REVIEW),
    open("PUT /api/v1/reviews/{id}/helpful", &["a review"], 200, "every reader may vote"),
    open("DELETE /api/v1/reviews/{id}/helpful", &["a review"], 200, "and take the vote back"),
    open("POST /api/v1/reviews/{id}/report", &["a review"], 200, "every reader may report"),
    open("POST /api/v1/orders/{id}/accept", &TAKEN, 400, "he hears that another was quicker"),
    open("PUT /api/v1/orders/{id}/status", &TAKEN, 400, "the same, of an accept by this route"),
    open("PUT /api/v1/orders/{id}/status", &[], 422, "the role brings no order to that status"),
    open("POST /api/v1/orders/{id}/incidents", &[], 422, "a report of more work names its price"),
    open("PUT /api/v1/payments/methods/{method}", &[], 422, "it is no way to pay"),
    open("GET /api/v1/payments", &["the code of an order"], 422, NO_ORDER),
    open("GET /api/v1/refunds", &["the code of an order"], 422, NO_ORDER),
    open("GET /api/v1/payments", &["a message to a customer"], 422, NO_ORDER),
    open("GET /api/v1/refunds", &["a message to a customer"], 422, NO_ORDER),
];

/// Path segments whose ids belong to no person.
const OF_NOBODY: &[(&str, &str)] = &[
    (
        "callbacks",
        "the name of a way to pay, which calls without a person",
    ),
    ("oidc", "the name of a service at which people sign in"),
    ("edges", "the name of a machine"),
    ("pages", "help, terms or privacy, which anybody reads"),
    ("photos", "the hash of bytes; its order is of a person"),
    (
        "methods",
        "the adapter's word for a way to pay, the same for everybody who keeps it",
    ),
];

/// Kinds with routes for admins only.
const OF_ADMINS: &[&str] = &[
    "asks",
    "assignments",
    "cancel-fees",
    "cases",
    "commands",
    "letters",
    "money-cases",
    "ops",
    "passkeys",
    "platform-fees",
    "queue",
    "regions",
    "roles",
];

pub(super) struct Scene {
    pub victims: Household,
    pub thieves: Household,
    pub routes: Vec<DescribedRoute>,
}

pub(super) async fn scene(platform: &AttackedPlatform) -> &'static Scene {
    static SCENE: OnceCell<Scene> = OnceCell::const_new();
    SCENE
        .get_or_init(async || {
            let routes = Description::of(platform).await.routes();
            let (victims, thieves) = tokio::join!(Household::of(platform), Household::of(platform));
            Scene {
                victims,
                thieves,
                routes,
            }
        })
        .await
}

#[tokio::test]
async fn a_person_uses_somebody_elses_ids_on_every_route_that_takes_one() {
    let platform = AttackedPlatform::shared().await;
    let Scene {
        victims, routes, ..
    } = scene(platform).await;
    every_kind_is_there(routes, victims);
    let mut before = everything(routes, victims).await;
    let mut rounds = Vec::new();
    for role in [Role::Customer, Role::Provider] {
        let theirs = routes
            .iter()
            .filter(|route| route.takes_ids() && !route.is_edges);
        rounds.extend(shared_out(platform, role, theirs, victims).await);
    }
    let answers = stream::iter(rounds)
        .map(Round::answers)
        .buffer_unordered(AT_ONCE)
        .concat()
        .await;
    let mut faults = Vec::new();
    let mut used = BTreeSet::new();
    for Tried {
        role,
        route,
        things,
        answer,
    } in &answers
    {
        let names: Vec<_> = things.iter().map(|thing| thing.name).collect();
        let is_private = PRIVATE.iter().any(|word| answer.text().contains(word));
        let exception = exception(route, &names, answer.status);
        used.extend(
            exception
                .iter()
                .flat_map(|n| names.iter().map(move |name| (*n, *name))),
        );
        let is_refused = matches!(answer.status, 403 | 404) || exception.is_some();
        if is_private || !is_refused {
            let who = format!("a {} about {names:?}", role.as_str());
            faults.push(told(route, &who, answer));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for (
        n,
        Exception {
            route,
            things,
            status,
            why,
        },
    ) in OPEN_BY_DESIGN.iter().enumerate()
    {
        let is_used = |name| used.contains(&(n, name));
        let any = used.iter().any(|(at, _)| *at == n);
        let all = things.iter().all(|name| is_used(*name));
        assert!(
            any && all,
            "no longer open, so no exception: {route} {things:?} {status} {why}"
        );
    }
    let mut after = everything(routes, victims).await;
    without_later_lines(&mut after, &mut before);
    assert_eq!(after, before, "nobody else has changed it");
    assert!(answers.len() > 3_000, "{}", answers.len());
    are_real(routes, victims).await;
}

/// Every kind of id in a path is either a real resource here, or belongs to no person.
fn every_kind_is_there(routes: &[DescribedRoute], victims: &Household) {
    let kinds_of = |is_it: fn(&DescribedRoute) -> bool| -> BTreeSet<&str> {
        routes
            .iter()
            .filter(|route| is_it(route))
            .flat_map(DescribedRoute::kinds)
            .collect()
    };
    let all = kinds_of(|_| true);
    let of_admins = kinds_of(|route| route.roles == [Role::Admin]);
    let of_others = kinds_of(|route| route.roles != [Role::Admin]);
    for kind in OF_ADMINS {
        assert!(
            of_admins.contains(kind) && !of_others.contains(kind),
            "`{kind}` is for admins"
        );
    }
    let real = victims.things.iter().map(|thing| thing.kind);
    let of_nobody = OF_NOBODY.iter().map(|(kind, _)| *kind);
    let named: Vec<_> = real
        .clone()
        .chain(of_nobody)
        .chain(OF_ADMINS.iter().copied())
        .collect();
    let known: BTreeSet<_> = named.iter().copied().collect();
    assert_eq!(
        known, all,
        "every kind of id is made, or said to be nobody's"
    );
    let made: BTreeSet<_> = real.collect();
    assert_eq!(
        known.len(),
        made.len() + OF_NOBODY.len() + OF_ADMINS.len(),
        "in one list each"
    );
}

/// The owner reaches each resource by a route for its kind, which proves that the id exists.
async fn are_real(routes: &[DescribedRoute], victims: &Household) {
    for thing in &victims.things {
        let takes = |route: &&DescribedRoute| {
            route.kinds() == [thing.kind] && route.roles.contains(&thing.owner)
        };
        let (reads, changes): (Vec<_>, Vec<_>) = routes
            .iter()
            .filter(takes)
            .partition(|route| route.method == "GET");
        // Reads change nothing, so they come first.
        let mut is_found = false;
        for call in reads
            .iter()
            .chain(&changes)
            .flat_map(|route| route.sound_calls(&[&thing.id]))
        {
            let answer = victims
                .owner(thing.owner)
                .ask(call)
                .await
                .expect("an answer");
            is_found = !matches!(answer.status, 401 | 403 | 404);
            if is_found {
                break;
            }
        }
        let is_elsewhere = FOUND_ELSEWHERE.iter().any(|(kind, _)| *kind == thing.kind);
        assert!(is_found != is_elsewhere, "{thing:?}");
    }
}

/// The owner has no route with only such an id.
const FOUND_ELSEWHERE: &[(&str, &str)] = &[
    ("refunds", "its customer finds it by its order"),
    ("images", "read with their review"),
    ("incidents", "read in the order's history"),
    ("messages", "read with those of their order"),
    ("time-proposal", "read with its order"),
    ("track", "read with the secret of its receipt"),
];

fn exception(route: &DescribedRoute, names: &[&str], status: u16) -> Option<usize> {
    let named = format!("{} {}", route.method, route.path);
    OPEN_BY_DESIGN.iter().position(|one| {
        let is_it = one.things.is_empty() || names.iter().all(|name| one.things.contains(name));
        one.route == named && one.status == status && is_it
    })
}

struct Tried<'a> {
    role: Role,
    route: &'a DescribedRoute,
    things: Places<'a>,
    answer: HttpAnswer,
}

/// Resources for the placeholders of one path.
type Places<'a> = Vec<&'a Thing>;

struct Round<'a> {
    stranger: Somebody,
    route: &'a DescribedRoute,
    tries: Vec<Places<'a>>,
}

/// Distributes the calls over new people, so that they stay below the rate limits.
async fn shared_out<'a>(
    platform: &AttackedPlatform,
    role: Role,
    routes: impl Iterator<Item = &'a DescribedRoute>,
    victims: &'a Household,
) -> Vec<Round<'a>> {
    let mut person = 0;
    let mut count = 0;
    let mut shares = Vec::new();
    for route in routes {
        let of_each = route.bodies.len().max(1);
        let tries = tries(role, route, victims);
        for (n, few) in tries.chunks(CALLS_OF_ONE / of_each).enumerate() {
            count += few.len() * of_each;
            if n > 0 || count > ALL_OF_ONE {
                (person, count) = (person + 1, few.len() * of_each);
            }
            shares.push((person, route, few.to_vec()));
        }
    }
    let people = (0..=person).map(async |_| match role {
        // An unverified provider would be refused before the ownership check.
        Role::Provider => platform.provider().await,
        Role::Customer | Role::Admin => platform.somebody(role).await,
    });
    let people = join_all(people).await;
    let round = |(person, route, tries): (usize, _, _)| Round {
        stranger: people[person].clone(),
        route,
        tries,
    };
    shares.into_iter().map(round).collect()
}

/// Combinations of resources for the route's placeholders. A route for this role also gets ids of
/// every other kind.
fn tries<'a>(role: Role, route: &DescribedRoute, victims: &'a Household) -> Vec<Places<'a>> {
    let mut tries: Vec<Places> = vec![Vec::new()];
    for kind in route.kinds() {
        let of_kind = || victims.things.iter().filter(|thing| thing.kind == kind);
        let longer = tries.iter().flat_map(|begun| {
            of_kind().map(|thing| begun.iter().copied().chain([thing]).collect())
        });
        tries = longer.collect();
    }
    tries.retain(|things| !things.is_empty());
    if route.roles.contains(&role) || route.is_public {
        // One id may appear twice, for example for a customer and a user.
        let mut known: BTreeSet<_> = tries.iter().flatten().map(|thing| &thing.id).collect();
        let others = victims
            .things
            .iter()
            .filter(|thing| known.insert(&thing.id));
        let others: Vec<_> = others.map(|thing| vec![thing]).collect();
        tries.extend(others);
    }
    tries
}

impl<'a> Round<'a> {
    async fn answers(self) -> Vec<Tried<'a>> {
        let Self {
            stranger,
            route,
            tries,
        } = self;
        // A stale version would be refused first.
        let of_own = route.clone().of_version(&version(&stranger).await);
        let mut tried = Vec::new();
        for things in tries {
            let words: Vec<_> = things.iter().map(|thing| thing.id.as_str()).collect();
            for call in of_own.sound_calls(&words) {
                let answer = stranger.ask(call).await.expect("an answer");
                let role = stranger.person.role;
                let things = things.clone();
                tried.push(Tried {
                    role,
                    route,
                    things,
                    answer,
                });
            }
        }
        tried
    }
}

/// Everything both read on routes without an id, except data that others may change.
async fn everything(routes: &[DescribedRoute], home: &Household) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for role in [Role::Customer, Role::Provider] {
        let reads = |route: &&DescribedRoute| {
            route.method == "GET"
                && !route.is_edges
                && !route.takes_ids()
                && route.roles.contains(&role)
                && route.path != EVERYBODYS
        };
        for route in routes.iter().filter(reads) {
            let answer = home
                .owner(role)
                .ask(route.sound_call(""))
                .await
                .expect("an answer");
            let mut answer = answer.json();
            without_votes(&mut answer);
            all.push((route.path.clone(), answer));
        }
    }
    all
}

/// Orders that any provider may take.
const EVERYBODYS: &str = "/api/v1/orders/available";

/// Inboxes may receive later notifications about their work, which push as many of the oldest off a
/// full page.
fn without_later_lines(after: &mut [(String, Value)], before: &mut [(String, Value)]) {
    for ((path, after), (_, before)) in after.iter_mut().zip(before) {
        if path == "/api/v1/notifications" {
            let lines_before = before["items"].as_array_mut().expect("lines");
            let known: Vec<_> = lines_before.iter().map(|line| line["id"].clone()).collect();
            let oldest = lines_before.last().map(created_at);
            let lines_after = after["items"].as_array_mut().expect("lines");
            let is_later =
                |line: &&Value| !known.contains(&line["id"]) && Some(created_at(line)) >= oldest;
            let later = lines_after.iter().filter(is_later).count();
            lines_after.retain(|line| known.contains(&line["id"]));
            let missing = known.len() - lines_after.len();
            assert!(missing <= later, "{missing} lines of an inbox are gone");
            lines_before.truncate(lines_after.len());
            after["unread"] = before["unread"].clone();
            if later > 0 {
                after["next"] = before["next"].clone();
            }
        }
    }
}

/// Times of one form sort as texts.
fn created_at(line: &Value) -> String {
    line["created_at"].as_str().expect("a time").to_owned()
}

/// Every reader may vote.
fn without_votes(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_votes),
        Value::Object(members) => {
            members.remove("helpful_count");
            members.values_mut().for_each(without_votes);
        }
        _ => {}
    }
}
