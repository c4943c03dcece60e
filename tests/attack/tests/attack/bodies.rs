//! Bodies that no honest caller sends, to every route that changes data, generated from the
//! platform's own description. A new route is attacked as soon as it is described.

mod slow;

use std::collections::BTreeMap;

use attack::{AttackedPlatform, HttpAnswer, HttpCall, Somebody, Station};
use process::{clock::Clock, parts::CloudPart};
use serde_json::{Value, json};
use stack::Part;
use support::is_deep_run;
use wire::{Region, Role};

use crate::matrix::described::{DescribedRoute, Description, NOBODYS};

/// Longer than any text a form accepts, yet within the body limit.
const LONG: usize = 200_000;
const TOO_LARGE: usize = 300_000;
/// Allowed growth after hundreds of such bodies, some of 300 kB, once the caches are full.
const GROWTH_KB_MAX: u64 = 32 * 1024;
/// Texts with a meaning in SQL, document queries, templates, shells or pages.
const LADEN: [&str; 8] = [
    "'; DROP TABLE users; --",
    "\" OR \"\"=\"",
    "{\"$gt\": \"\"}",
    "{{7*7}} ${7*7} { $name } <%= 7*7 %>",
    "${jndi:ldap://127.0.0.1/a}",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "$(touch /tmp/x) `id` | cat",
    "..\\..\\..\\etc\\passwd",
];
/// Not printable, and each store treats them differently.
const UNPRINTABLE: [&str; 4] = ["a\u{0}b", "a\u{1b}[31mb", "a\u{7f}b", "a\u{202e}b"];
/// The sample amount of money. Such fields accept numbers, too.
const AMOUNT: &str = "200.00";

/// Callers of every role. They sign in again if a call ended their session.
struct Callers<'a> {
    platform: &'a AttackedPlatform,
    people: BTreeMap<&'static str, Somebody>,
}

impl Callers<'_> {
    /// Sends a call as a person with the route's role.
    async fn ask(&mut self, route: &DescribedRoute, call: HttpCall) -> Option<HttpAnswer> {
        let platform = self.platform;
        let port = if route.is_edges {
            platform.edge().http
        } else {
            platform.gateway()
        };
        let Some(&role) = route.roles.first().filter(|_| !route.is_public) else {
            // A fresh station: the per-address limit is not the target here.
            return Station::fresh().ask(port, &call).await.ok();
        };
        let person = self.of(role).await;
        let token = if route.is_edges {
            &person.edge_token
        } else {
            &person.person.token
        };
        let answer = person
            .station
            .ask(port, &call.clone().bearer(token))
            .await
            .ok()?;
        if answer.status != 401 || answer.code() == "invalid_credentials" || route.is_edges {
            return Some(answer);
        }
        self.people.remove(role.as_str());
        let person = self.of(role).await;
        person.ask(call).await.ok()
    }

    async fn of(&mut self, role: Role) -> Somebody {
        if let Some(known) = self.people.get(role.as_str()) {
            return known.clone();
        }
        let person = match role {
            Role::Admin => self.platform.admin().await,
            Role::Customer | Role::Provider => self.platform.somebody(role).await,
        };
        self.people.insert(role.as_str(), person.clone());
        person
    }
}

fn changes(routes: Vec<DescribedRoute>) -> Vec<DescribedRoute> {
    let changes: Vec<_> = routes
        .into_iter()
        .filter(|route| route.method != "GET")
        .collect();
    assert!(
        changes.len() > 60,
        "every route that changes something: {}",
        changes.len()
    );
    changes
}

fn told(route: &DescribedRoute, what: &str, answer: &HttpAnswer) -> String {
    let text: String = answer.text().chars().take(300).collect();
    format!(
        "{} {} with {what}: {} {text}",
        route.method, route.path, answer.status
    )
}

/// A problem that the description lists.
fn is_refusal(route: &DescribedRoute, answer: &HttpAnswer) -> bool {
    (400..500).contains(&answer.status)
        && answer.header("content-type") == Some("application/problem+json")
        && route.names_code(answer.status, &answer.code())
}

fn peaks_kb(platform: &AttackedPlatform) -> BTreeMap<Part, u64> {
    let cloud = CloudPart::ALL.iter().map(|part| Part::Alone(*part));
    let peak = |part: Part| {
        let pid = platform
            .stack
            .child(part)
            .expect("a part")
            .pid()
            .expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .expect("its peak");
        let peak = line
            .split_whitespace()
            .nth(1)
            .expect("a number")
            .parse()
            .expect("a number");
        (part, peak)
    };
    cloud
        .chain([Part::Edge(platform.edge().region)])
        .map(peak)
        .collect()
}

/// Memory that grows with the bodies still grows in the last round; earlier rounds fill the caches.
const ROUNDS: usize = 3;

/// Other runs than a deep one send each kind of body to every third route.
const ROUTES_APART: usize = 3;

/// A deep run sends every kind of body to every route in each round, so each kind can be seen to
/// take memory. In other runs, every route gets a third of the kinds, in one of the rounds.
fn is_sent_in(round: usize, route: usize, nth: usize) -> bool {
    is_deep_run() || (route + nth) % (ROUNDS * ROUTES_APART) == round
}

/// A lower bound of the bodies of all rounds: fewer mean that the description lists hardly any
/// forms.
fn expected_count(in_deep_run: usize) -> usize {
    if is_deep_run() {
        in_deep_run
    } else {
        in_deep_run / (ROUNDS * ROUTES_APART)
    }
}

/// Each route that takes a form, with the number of the round and its own.
fn in_rounds(routes: &[DescribedRoute]) -> impl Iterator<Item = (usize, usize, &DescribedRoute)> {
    let forms = || routes.iter().filter(|route| !route.bodies.is_empty());
    (0..ROUNDS).flat_map(move |round| forms().enumerate().map(move |(n, route)| (round, n, route)))
}

/// Bodies that are not a JSON object of any form.
fn shapeless() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    const JSON: &str = "application/json";
    let deep = |open: &str, close: &str| {
        format!("{{\"a\":{}1{}}}", open.repeat(20_000), close.repeat(20_000)).into_bytes()
    };
    vec![
        ("nothing that ends", JSON, b"{\"title\": \"a".to_vec()),
        ("lists in lists", JSON, deep("[", "]")),
        ("objects in objects", JSON, deep("{\"a\":", "}")),
        ("a list", JSON, b"[]".to_vec()),
        ("a text", JSON, b"\"text\"".to_vec()),
        ("nothing at all", JSON, b"null".to_vec()),
        ("a number beyond all", JSON, b"1e999999".to_vec()),
        ("two documents", JSON, b"{}{}".to_vec()),
        (
            "bytes that are no text",
            JSON,
            b"{\"a\": \"\xff\xfe\"}".to_vec(),
        ),
        ("half a surrogate", JSON, br#"{"a": "\ud800"}"#.to_vec()),
        ("NUL bytes", JSON, vec![0; 1_000]),
        ("a NUL behind it", JSON, b"{}\0".to_vec()),
        (
            "two bytes a letter",
            JSON,
            "\u{feff}{}"
                .encode_utf16()
                .flat_map(u16::to_be_bytes)
                .collect(),
        ),
        (
            "another type",
            "text/xml",
            b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>".to_vec(),
        ),
        (
            "a form",
            "application/x-www-form-urlencoded",
            b"username=admin".to_vec(),
        ),
        (
            "a form of parts",
            "multipart/form-data; boundary=x",
            b"--x\r\n\r\n--x--".to_vec(),
        ),
    ]
}

#[tokio::test]
async fn a_body_that_is_no_form_breaks_a_route_or_is_taken() {
    let platform = AttackedPlatform::for_many_calls().await;
    let routes = changes(Description::of(&platform).await.routes());
    let mut callers = Callers {
        platform: &platform,
        people: BTreeMap::new(),
    };
    let bomb = include_bytes!("bomb.gz").to_vec();
    let mut faults = Vec::new();
    let mut count = 0;
    let mut before = None;
    for (round, n, route) in in_rounds(&routes) {
        if round == ROUNDS - 1 {
            before.get_or_insert_with(|| peaks_kb(&platform));
        }
        let blank = || blank(&platform, route);
        let mut calls: Vec<_> = shapeless()
            .into_iter()
            .map(|(what, kind, body)| (what, blank().body(kind, body)))
            .collect();
        let zipped = blank().header("content-encoding", "gzip");
        calls.push(("a bomb", zipped.body("application/json", bomb.clone())));
        for (nth, (what, call)) in calls.into_iter().enumerate() {
            let is_always_sent = what == "a bomb";
            if !is_always_sent && !is_sent_in(round, n, nth) {
                continue;
            }
            count += 1;
            let Some(answer) = callers.ask(route, call).await else {
                faults.push(format!(
                    "{} {} with {what}: no answer",
                    route.method, route.path
                ));
                continue;
            };
            if !is_refusal(route, &answer) {
                faults.push(told(route, what, &answer));
            }
        }
        // Above every form's limit: the connection may end before the answer is read.
        let large = vec![b' '; TOO_LARGE];
        let answer = callers
            .ask(route, blank().body("application/json", large))
            .await;
        if let Some(answer) = answer.filter(|answer| answer.status != 413) {
            faults.push(told(route, "too much", &answer));
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {count}:\n{}",
        faults.len(),
        faults.join("\n")
    );
    assert!(count > expected_count(1_500), "{count}");
    stands(&platform, before.expect("two rounds")).await;
}

/// Values of types that the field does not take.
fn of_other_kinds(sample: &Value) -> Vec<(&'static str, Value)> {
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let all = [
        ("a number", json!(7)),
        ("a number beyond all", json!(1e300)),
        ("a text", json!("text")),
        ("yes", json!(true)),
        ("a list", json!([7, "text"])),
        ("an object", json!({"$ne": null})),
        ("lists in lists", deep),
    ];
    let is_other = |value: &Value| match sample {
        Value::Null | Value::Bool(_) => !value.is_boolean(),
        Value::Number(_) => !value.is_number() || value.is_f64(),
        Value::String(_) => !value.is_string(),
        Value::Array(_) => true,
        Value::Object(_) => !value.is_object(),
    };
    all.into_iter()
        .filter(|(_, value)| is_other(value))
        .collect()
}

fn texts_for(sample: &Value) -> Vec<(&'static str, Value)> {
    if !sample.is_string() {
        return Vec::new();
    }
    let laden = LADEN.map(|text| ("a laden text", json!(text)));
    let unprintable = UNPRINTABLE.map(|text| ("an unprintable text", json!(text)));
    let long = [("a long text", json!("a".repeat(LONG)))];
    laden.into_iter().chain(unprintable).chain(long).collect()
}

#[tokio::test]
async fn a_field_of_another_kind_is_taken_or_refused_without_its_name() {
    let values = |route: &DescribedRoute, field: &str, sample: &Value| {
        // A page sends its device in a cookie.
        let of_page = route.path.starts_with("/api/v1/session") && field == "device";
        let mut values = if of_page {
            Vec::new()
        } else {
            of_other_kinds(sample)
        };
        values.retain(|(_, value)| *value != json!(7) || sample != AMOUNT);
        values
    };
    in_every_field(values, |route, field, _, answer| {
        let is_named = named(answer).iter().any(|name| is_of(name, field));
        // A token of the wrong type counts as missing.
        let is_token = field == "token" && answer.status == 401;
        is_refusal(route, answer) && (is_named || is_token)
    })
    .await;
}

#[tokio::test]
async fn a_text_that_somebody_would_run_breaks_a_route() {
    let values = |_: &DescribedRoute, _: &str, sample: &Value| texts_for(sample);
    in_every_field(values, |route, _, what, answer| {
        // Text that is harmless as text is accepted.
        let is_taken = what == "a laden text" && answer.status < 300;
        is_taken || is_refusal(route, answer)
    })
    .await;
}

/// Puts each value into its field of an otherwise valid form, and collects the wrong answers.
async fn in_every_field(
    values: impl Fn(&DescribedRoute, &str, &Value) -> Vec<(&'static str, Value)>,
    is_right: impl Fn(&DescribedRoute, &str, &str, &HttpAnswer) -> bool,
) {
    let platform = AttackedPlatform::for_many_calls().await;
    let routes = changes(Description::of(&platform).await.routes());
    let mut callers = Callers {
        platform: &platform,
        people: BTreeMap::new(),
    };
    let mut faults = Vec::new();
    let mut count = 0;
    let mut before = None;
    for (round, n, route) in in_rounds(&routes) {
        let Some(sound) = route.bodies.first() else {
            continue;
        };
        if round == ROUNDS - 1 {
            before.get_or_insert_with(|| peaks_kb(&platform));
        }
        for (field, sample) in &route.fields {
            for (nth, (what, value)) in values(route, field, sample).into_iter().enumerate() {
                if !is_sent_in(round, n, nth) {
                    continue;
                }
                let call = with_field(&mut callers, route, sound, field, value).await;
                count += 1;
                let answer = callers.ask(route, call).await.expect("an answer");
                if !is_right(route, field, what, &answer) {
                    faults.push(told(route, &format!("{what} as `{field}`"), &answer));
                }
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {count}:\n{}",
        faults.len(),
        faults.join("\n")
    );
    assert!(count > expected_count(1_000), "{count}");
    stands(&platform, before.expect("two rounds")).await;
}

/// The valid body with another value in one field. A command carries its token in the body.
async fn with_field(
    callers: &mut Callers<'_>,
    route: &DescribedRoute,
    sound: &Value,
    field: &str,
    value: Value,
) -> HttpCall {
    let mut body = sound.clone();
    if route.is_edges
        && let Some(&role) = route.roles.first()
    {
        body["token"] = json!(callers.of(role).await.edge_token);
    }
    body[field] = value;
    blank(callers.platform, route).json(&body)
}

/// A call without a body. Its path names resources that could exist; sign-ins come from our own
/// page.
fn blank(platform: &AttackedPlatform, route: &DescribedRoute) -> HttpCall {
    let path = ["{region}", "{name}", "{number}", "roles/{id}", "cases/{id}"]
        .into_iter()
        .zip(["SOUTH", "order_queue", "1", "roles/99", "cases/99"])
        .fold(route.path.clone(), |path, (place, there)| {
            path.replace(place, there)
        });
    let path = path
        .split('/')
        .map(|part| if part.starts_with('{') { NOBODYS } else { part });
    let mut call = HttpCall::new(&route.method, &path.collect::<Vec<_>>().join("/"));
    if route.needs_key {
        // Reusing the previous key with another body would be refused.
        call = call.header("idempotency-key", Clock::system().new_id().to_string());
    }
    match route.is_edges {
        true => call,
        false => call.header("origin", format!("http://127.0.0.1:{}", platform.gateway())),
    }
}

fn named(answer: &HttpAnswer) -> Vec<String> {
    let errors = answer.json()["errors"].clone();
    let names = errors
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|error| error["field"].as_str());
    names.map(str::to_owned).collect()
}

/// The field itself, or a place within it.
fn is_of(name: &str, field: &str) -> bool {
    let rest = name.strip_prefix(field);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Asserts that the platform still serves an honest person and its memory has not grown.
async fn stands(platform: &AttackedPlatform, before: BTreeMap<Part, u64>) {
    let customer = platform.somebody(Role::Customer).await;
    customer.publish(Region::North, "All is well").await;
    for (part, now) in peaks_kb(platform) {
        let before = before[&part];
        let grown = now.saturating_sub(before);
        println!("{part} grew by {grown} kB from {before} kB");
        assert!(grown < GROWTH_KB_MAX, "{part} grew by {grown} kB");
    }
}
