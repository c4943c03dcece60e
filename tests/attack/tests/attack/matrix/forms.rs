//! Other people's real ids in forms and queries. The same form succeeds with the sender's own ids,
//! so the id must be the reason for the refusal.

use std::collections::BTreeSet;

use attack::{AttackedPlatform, HttpAnswer, HttpCall};
use serde_json::{Value, json};
use wire::Role;

use super::{
    belongings::{Household, PRICE, PRIVATE, version},
    described::NOBODYS,
    others::{Scene, scene},
};

/// An id field, and a form that is otherwise the sender's own.
struct Form {
    route: &'static str,
    field: &'static str,
    sender: Role,
    /// The resource behind the id.
    thing: &'static str,
    expected: Expected,
    call: Box<dyn Fn(&str) -> HttpCall>,
}

#[derive(Clone, Copy, PartialEq)]
enum Expected {
    /// 403 or 404.
    Refused,
    /// 422 at this field, with exactly the text for an unknown id; the form holds several ids.
    Unknown(&'static str),
    /// Public data.
    Public,
}

/// Id fields that belong to no person, with the reason.
const OF_NOBODY: &[(&str, &str, &str)] = &[
    (
        "POST /api/v1/auth/refresh",
        "attempt",
        "its sender makes it up for one request",
    ),
    (
        "POST /commands",
        "id",
        "its sender makes it up for one command",
    ),
    (
        "POST /commands",
        "body.order_id",
        "an edge takes it down and the cloud refuses it: `firm.rs`, and `who_may_what.rs` of the order's rules",
    ),
    (
        "POST /commands",
        "body.incident",
        "only the cloud takes an answer to a report; an edge knows no such command",
    ),
    (
        "POST /commands",
        "body.proposal",
        "only the cloud takes an agreement to another time; an edge knows no such command",
    ),
    ("POST /commands", "receipt.command_id", "signed by an edge"),
    ("POST /commands", "receipt.user_id", "signed by an edge"),
    ("POST /commands", "seen.command_id", "signed by an edge"),
    ("POST /commands", "seen.user_id", "signed by an edge"),
];

#[tokio::test]
async fn a_person_names_somebody_elses_ids_in_forms_and_queries() {
    let platform = AttackedPlatform::shared().await;
    let Scene {
        victims,
        thieves,
        routes,
    } = scene(platform).await;
    let forms = forms(thieves).await;
    let fields = routes
        .iter()
        .filter(|route| route.roles != [Role::Admin])
        .flat_map(|route| {
            let named = format!("{} {}", route.method, route.path);
            route
                .id_fields
                .iter()
                .map(move |field| (named.clone(), field.clone()))
        });
    let named = forms.iter().map(|form| (form.route, form.field));
    let named = named.chain(OF_NOBODY.iter().map(|(route, field, _)| (*route, *field)));
    let named: BTreeSet<_> = named
        .map(|(route, field)| (route.into(), field.into()))
        .collect();
    assert_eq!(
        named,
        fields.collect(),
        "every field for an id is tried, or said to be nobody's"
    );

    let mut faults = Vec::new();
    for form in &forms {
        let sender = thieves.owner(form.sender);
        let asked = async |id: &str| sender.ask((form.call)(id)).await.expect("an answer");
        let others = asked(victims.id(form.thing)).await;
        let is_right = match form.expected {
            Expected::Refused => matches!(others.status, 403 | 404),
            Expected::Public => others.status == 200,
            Expected::Unknown(place) => {
                let errors = errors(&others);
                let is_at_place = errors[0]["field"] == json!(place);
                others.status == 422 && is_at_place && errors == self::errors(&asked(NOBODYS).await)
            }
        };
        if !is_right || PRIVATE.iter().any(|word| others.text().contains(word)) {
            let text = others.text();
            faults.push(format!(
                "{} {}: {} {text}",
                form.route, form.field, others.status
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let mut sent = BTreeSet::new();
    for form in &forms {
        let call = (form.call)(thieves.id(form.thing));
        // Two fields of one form may yield the same call.
        if sent.insert(format!("{call:?}")) {
            thieves.owner(form.sender).done(call).await;
        }
    }
}

fn errors(answer: &HttpAnswer) -> Value {
    answer.json()["errors"].clone()
}

async fn forms(own: &Household) -> Vec<Form> {
    let mut forms = about_money();
    forms.extend(reviews(own).await);
    let papers = version(&own.provider).await;
    forms.push(Form {
        route: "PUT /api/v1/users/me/certifications",
        field: "items[].document",
        sender: Role::Provider,
        thing: "a certificate",
        expected: Expected::Unknown("items[0].document"),
        call: Box::new(move |id| {
            let item = json!({"name": "Care", "number": "7", "issuer": "City", "document": id});
            let form = json!({"version": papers, "items": [item]});
            HttpCall::new("PUT", "/api/v1/users/me/certifications").json(&form)
        }),
    });
    forms
}

fn of_customer(
    (route, field): (&'static str, &'static str),
    thing: &'static str,
    expected: Expected,
    call: impl Fn(&str) -> HttpCall + 'static,
) -> Form {
    Form {
        route,
        field,
        sender: Role::Customer,
        thing,
        expected,
        call: Box::new(call),
    }
}

fn about_money() -> Vec<Form> {
    let refused = |place, thing, call: fn(&str) -> HttpCall| {
        of_customer(place, thing, Expected::Refused, call)
    };
    vec![
        refused(
            ("POST /api/v1/payments", "order_id"),
            "an order that is taken",
            |id| {
                let form = json!({"order_id": id, "amount": PRICE});
                HttpCall::post("/api/v1/payments").json(&form)
            },
        ),
        refused(
            ("POST /api/v1/refunds", "order_id"),
            "an order that is reviewed",
            |id| {
                let form = json!({"order_id": id, "amount": "1.00", "reason": "as agreed"});
                HttpCall::post("/api/v1/refunds").json(&form)
            },
        ),
        refused(("POST /api/v1/refunds", "payment_id"), "a payment", |id| {
            let form = json!({"payment_id": id, "amount": "2.00", "reason": "as agreed"});
            HttpCall::post("/api/v1/refunds").json(&form)
        }),
        refused(
            ("GET /api/v1/payments", "?order_id"),
            "an order that is complete",
            |id| HttpCall::get(&format!("/api/v1/payments?order_id={id}")),
        ),
        refused(
            ("GET /api/v1/refunds", "?order_id"),
            "an order that is complete",
            |id| HttpCall::get(&format!("/api/v1/refunds?order_id={id}")),
        ),
    ]
}

async fn reviews(own: &Household) -> Vec<Form> {
    let order = own.id("an order that is complete").to_owned();
    let picture = own.id("a picture in no review").to_owned();
    let review = format!("/api/v1/reviews/{}", own.id("a review"));
    let read = own.customer.done(HttpCall::get(&review)).await["version"].clone();
    let form = |order: &str, picture: &str| {
        let form = json!({"order_id": order, "rating": 5, "images": [picture]});
        HttpCall::post("/api/v1/reviews").json(&form)
    };
    let unknown = Expected::Unknown("images[0]");
    let reviews = "POST /api/v1/reviews";
    let one = "PUT /api/v1/reviews/{id}";
    vec![
        of_customer(
            (reviews, "order_id"),
            "an order that is complete",
            Expected::Refused,
            move |id| form(id, &picture),
        ),
        of_customer(
            (reviews, "images[]"),
            "a picture in no review",
            unknown,
            move |id| form(&order, id),
        ),
        of_customer((one, "images[]"), "its picture", unknown, move |id| {
            let form = json!({"version": read, "rating": 3, "images": [id]});
            HttpCall::new("PUT", &review).json(&form)
        }),
        of_customer(
            ("GET /api/v1/reviews/search", "?provider_id"),
            "a provider",
            Expected::Public,
            |id| HttpCall::get(&format!("/api/v1/reviews/search?q=tidy&provider_id={id}")),
        ),
    ]
}
