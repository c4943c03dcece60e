//! People use the platform with values that occur nowhere else.

use std::{path::Path, time::Duration};

use axum::body::Body;
use http::{Method, Request};
use process::{client::Client, clock::Clock};
use serde_json::{Value, json};
use stack::Stack;
use support::{
    Api, CarelessIssuer, Mailbox, Mqtt, Person, Place, Tablet, address_code_in, eventually,
    files::pdf, samples::order_form,
};
use wire::{CommandBody, OrderId, Region, Role, Verdict};

use super::{calendar, devices, elsewhere, second_factor};

pub(super) struct Secret {
    pub what: &'static str,
    pub value: Vec<u8>,
}

const SOON: Duration = Duration::from_secs(60);
const PASSWORD: &str = "lantern-orchard-kettle-9";
const OTHER_EMAIL: &str = "violet.harbour@lantern.example.org";
const PHONE: &str = "+8613912340987";
const NAME: &str = "Zhang Verborgen";
const HOME: &str = "77 Quiet Lantern Lane";
const PLACE_OF_WORK: &str = "42 Hidden Orchard Road";
const TITLE: &str = "Mend the violet kettle";
const WORDS: &str = "the key lies under the blue pot";
const REASON: &str = "my aunt Wilhelmina fell ill";
const REVIEW: &str = "a marvellous violet afternoon";
const REPLY: &str = "the orchard thanks you kindly";
const TIME_NOTE: &str = "Ottilie has her hip operation that day";
const MESSAGE: &str = "ring twice, Balthasar is hard of hearing";
const COMPLAINT: &str = "he calls me an old parsnip";
const REPORT: &str = "this names my cousin Ludmilla";
const ASKED_BACK: &str = "my violin drowned in the suds";
const GIVEN: &str = "her uncle Casimir lost his hat";
const FORGOTTEN: &str = "his daughter Philomena rang us up";
const SEEN: &str = "his nephew Bartholomew vouched";
const NEW_PASSWORD: &str = "kettle-violet-lantern-7";
const NUMBER: &str = "LANTERN-4711-88";
const PAPER: &str = "born beneath the violet lantern";

/// Plays the whole journey. Returns all values that must stay secret.
pub(super) async fn gone(
    stack: &Stack,
    (phones, mailbox): (&Path, &mut Mailbox),
    issuer: &CarelessIssuer,
) -> Vec<Secret> {
    let api = Api::new(stack.layout().gateway_url());
    let admin_name = stack.admin_sign_in();
    let signed = api
        .sign_in(&admin_name.username, &admin_name.password)
        .await;
    let admin = signed.unwrap();
    let (customer, renewal) = newcomer(&api, Role::Customer).await;
    let (provider, _) = newcomer(&api, Role::Provider).await;
    introduce(&api, &customer).await;
    introduce(&api, &provider).await;
    api.verify(&admin, &provider).await.unwrap();
    let edge_token = work_at_an_edge(stack, &api, (&admin, &customer, &provider)).await;
    change_of_mind(&api, &admin, &customer).await;
    review_of_work(&api, (&admin, &customer, &provider)).await;
    let message = sign_in_by_phone(&api, phones).await;
    // This follows the provider's work, because no admin has reviewed these papers yet.
    let handed_in = certify(&api, &provider).await;
    let decision = json!({ "version": handed_in["version"], "reason": SEEN });
    let path = format!("/api/v1/admin/providers/{}/verify", provider.user_id);
    let _: Value = api
        .call(Method::POST, &path, Some(&admin), Some(decision))
        .await
        .unwrap();
    let grant = tablet_of(&api, &provider).await;
    let browser = devices::register_browser(&api, &customer).await;
    let calendar = calendar::read_orders(&api, &customer).await;
    let mut codes = Vec::from(forgotten_password(&api, &admin, &customer).await);
    codes.push(another_address(&api, mailbox).await);
    let secret = |what, value: &str| Secret {
        what,
        value: value.as_bytes().to_vec(),
    };
    let mut secrets = vec![
        secret("e-mail", &email(Role::Customer)),
        secret("e-mail", &email(Role::Provider)),
        secret("e-mail", OTHER_EMAIL),
        secret("password", PASSWORD),
        secret("phone", PHONE),
        // Without the country code, as people type it.
        secret("phone", &PHONE[3..]),
        secret("code", &message),
        secret("name", NAME),
        secret("address", HOME),
        secret("address", PLACE_OF_WORK),
        secret("words", TITLE),
        secret("words", WORDS),
        secret("words", REASON),
        secret("words", REVIEW),
        // In the search index, too.
        secret("words", "marvellous"),
        secret("words", "afternoon"),
        secret("words", REPLY),
        secret("words", MESSAGE),
        secret("words", TIME_NOTE),
        secret("words", COMPLAINT),
        secret("words", REPORT),
        secret("words", ASKED_BACK),
        secret("words", GIVEN),
        secret("words", FORGOTTEN),
        secret("words", SEEN),
        secret("password", NEW_PASSWORD),
        secret("certificate", NUMBER),
        secret("certificate", PAPER),
        secret("token", &grant),
        secret("address of a calendar", &calendar),
        secret("token", &customer.token),
        secret("token", &provider.token),
        secret("token", &edge_token),
        secret("token", &renewal),
    ];
    for code in codes {
        // With and without the dashes: as an admin reads it out, and as a person types it.
        secrets.push(secret("code", &code));
        secrets.push(secret("code", &code.replace('-', "")));
    }
    secrets.extend(browser);
    secrets.extend(elsewhere::gone(&api, &admin, issuer).await);
    secrets.extend(second_factor::gone(&api, &admin, &admin_name).await);
    secrets
}

/// The keys in the platform's key files, as bytes and as text.
pub(super) fn keys(folder: &Path) -> Vec<Secret> {
    let mut keys = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension().and_then(|ending| ending.to_str()) {
                _ if path.is_dir() => folders.push(path),
                // The last 32 bytes are the private key or, behind it, its public half.
                Some("key") => keys.push(std::fs::read(path).unwrap()),
                Some("keys") => {
                    let text = std::fs::read_to_string(path).unwrap();
                    let secrets = text.lines().filter_map(|line| line.split(' ').next_back());
                    keys.extend(secrets.map(|secret| secret.as_bytes().to_vec()));
                }
                _ => {}
            }
        }
    }
    assert!(keys.len() > 3, "the files of keys are there");
    keys.into_iter()
        .map(|value| Secret { what: "key", value })
        .collect()
}

fn username(role: Role) -> String {
    format!("rest-{}", role.as_str())
}

fn email(role: Role) -> String {
    format!("quiet.{}@lantern.example.org", role.as_str())
}

/// Registers and signs in a person. Returns the refresh token, too.
async fn newcomer(api: &Api, role: Role) -> (Person, String) {
    let username = username(role);
    let form = json!({
        "username": username, "email": email(role), "password": PASSWORD, "role": role.as_str(),
    });
    let _: Value = api
        .call(Method::POST, "/api/v1/auth/register", None, Some(form))
        .await
        .unwrap();
    let form = json!({"username": username, "password": PASSWORD, "refresh": true});
    let signed: Value = api
        .call(Method::POST, "/api/v1/auth/login", None, Some(form))
        .await
        .unwrap();
    let renewal = signed["refresh_token"].as_str().unwrap().to_owned();
    (api.sign_in(&username, PASSWORD).await.unwrap(), renewal)
}

async fn introduce(api: &Api, person: &Person) {
    let me = "/api/v1/users/me";
    let shown: Value = api
        .call(Method::GET, &format!("{me}/profile"), Some(person), None)
        .await
        .unwrap();
    let form = json!({
        "version": shown["version"], "full_name": NAME, "phone_number": PHONE, "bio": WORDS,
    });
    let shown: Value = api
        .call(
            Method::PUT,
            &format!("{me}/profile"),
            Some(person),
            Some(form),
        )
        .await
        .unwrap();
    let form = json!({
        "version": shown["version"], "detail": HOME, "recipient_name": NAME, "phone_number": PHONE,
    });
    let _: Value = api
        .call(
            Method::POST,
            &format!("{me}/addresses"),
            Some(person),
            Some(form),
        )
        .await
        .unwrap();
}

/// Signs in with an unlinked number, which creates a customer. Returns the text with its code.
async fn sign_in_by_phone(api: &Api, phones: &Path) -> String {
    let post = async |path: &str, form: Value| -> Value {
        let path = format!("/api/v1/auth/{path}");
        api.call(Method::POST, &path, None, Some(form))
            .await
            .unwrap()
    };
    post("codes", json!({ "phone": PHONE[3..] })).await;
    let file = std::fs::read_dir(phones)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let message: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(message["to"], PHONE);
    let text = message["text"].as_str().unwrap();
    let at = text.find(|c: char| c.is_ascii_digit()).unwrap();
    let entered = post(
        "codes/sign-in",
        json!({ "phone": PHONE, "code": text[at..at + 6] }),
    )
    .await;
    assert_eq!(entered["role"], "customer");
    // Another code stays unused during the search.
    post("codes", json!({ "phone": PHONE })).await;
    text[at..at + 14].to_owned()
}

async fn publish(api: &Api, customer: &Person) -> OrderId {
    let mut form = order_form(Region::North, TITLE);
    form["description"] = json!(WORDS);
    form["address"] = json!(PLACE_OF_WORK);
    let done: support::Done = api
        .call(Method::POST, "/api/v1/orders", Some(customer), Some(form))
        .await
        .unwrap();
    done.order_id
}

/// An acceptance through edge, hub, feed, events and inbox. Returns the provider's edge token.
async fn work_at_an_edge(
    stack: &Stack,
    api: &Api,
    (admin, customer, provider): (&Person, &Person, &Person),
) -> String {
    let order = publish(api, customer).await;
    api.act(admin, order, "approve").await.unwrap();
    let north = stack.layout().edge(Region::North);
    let place = Place {
        region: Region::North,
        edge: north.edge.parse().unwrap(),
        host: "127.0.0.1".into(),
        port: north.mqtt,
    };
    let at_edge = api.at_edges(provider, Region::North).await.unwrap();
    let tablet = Tablet::new(place, "quiet-tablet", &at_edge, Mqtt::V5);
    eventually(
        "the edge knows the order and takes the acceptance",
        SOON,
        async || {
            let accept = CommandBody::AcceptOrder { order_id: order };
            let reply = tablet.tap(accept, SOON).await.ok()?;
            (reply.verdict != Verdict::NotTaken).then_some(())
        },
    )
    .await;
    eventually("the acceptance is told", SOON, async || {
        let lines = api.inbox(customer).await.ok()?;
        lines
            .iter()
            .any(|line| line.kind == "order.accepted")
            .then_some(())
    })
    .await;
    // The order is unpaid, so the cloud refuses its completion, and the work was in vain.
    let complete = CommandBody::CompleteOrder {
        order_id: order,
        note: None,
        evidence: None,
    };
    let reply = tablet.tap(complete, SOON).await.unwrap();
    assert_ne!(reply.verdict, Verdict::NotTaken, "{reply:?}");
    tablet.stop().await;
    let path = format!("/api/v1/admin/orders/{order}/compensation");
    let given = json!({ "provider_id": provider.user_id, "amount": "1.00", "reason": GIVEN });
    eventually("the work in vain is compensated", SOON, async || {
        api.post_keyed::<()>(&path, admin, given.clone()).await.ok()
    })
    .await;
    at_edge.token
}

/// Adds a certification with its document. Returns the profile, which then awaits another review.
async fn certify(api: &Api, provider: &Person) -> Value {
    let me = format!("{}/api/v1/users/me", api.gateway());
    let paper = Request::post(format!("{me}/documents"))
        .header("authorization", format!("Bearer {}", provider.token))
        .header("content-type", "application/pdf")
        .body(Body::from(pdf(PAPER)));
    let handed: Value = Client::new()
        .send_prepared(paper.unwrap(), SOON)
        .await
        .unwrap();
    let profile = "/api/v1/users/me/profile";
    let shown: Value = api
        .call(Method::GET, profile, Some(provider), None)
        .await
        .unwrap();
    let item = json!({
        "name": "Lamps", "number": NUMBER, "issuer": "City of Light", "document": handed["id"],
    });
    let form = json!({ "version": shown["version"], "items": [item] });
    let path = "/api/v1/users/me/certifications";
    api.call(Method::PUT, path, Some(provider), Some(form))
        .await
        .unwrap()
}

/// Returns a tablet's grant, which works offline for days.
async fn tablet_of(api: &Api, provider: &Person) -> String {
    let form = json!({ "region": Region::North, "device": "the-quiet-tablet" });
    let path = "/api/v1/auth/device-grants";
    let grant: Value = api
        .call(Method::POST, path, Some(provider), Some(form))
        .await
        .unwrap();
    grant["edge_token"].as_str().unwrap().to_owned()
}

/// Returns two password-reset codes: one used, one unused.
async fn forgotten_password(api: &Api, admin: &Person, person: &Person) -> [String; 2] {
    let issue = async || {
        let path = format!("/api/v1/admin/users/{}/password-reset", person.user_id);
        let form = json!({ "reason": FORGOTTEN });
        let issued: Value = api
            .call(Method::POST, &path, Some(admin), Some(form))
            .await
            .unwrap();
        issued["code"].as_str().unwrap().to_owned()
    };
    let used = issue().await;
    let username = username(person.role);
    let form = json!({ "username": username, "code": used, "new_password": NEW_PASSWORD });
    let path = "/api/v1/auth/password-reset";
    let () = api
        .call(Method::POST, path, None, Some(form))
        .await
        .unwrap();
    api.sign_in(&username, NEW_PASSWORD).await.unwrap();
    [used, issue().await]
}

/// Requests a change of the customer's address. Returns the unused code.
async fn another_address(api: &Api, mailbox: &mut Mailbox) -> String {
    let customer = api
        .sign_in(&username(Role::Customer), NEW_PASSWORD)
        .await
        .unwrap();
    let form = json!({ "email": OTHER_EMAIL, "password": NEW_PASSWORD });
    let path = "/api/v1/auth/address";
    let _: Value = api
        .call(Method::PUT, path, Some(&customer), Some(form))
        .await
        .unwrap();
    address_code_in(&mailbox.next_to(OTHER_EMAIL, SOON).await)
}

async fn change_of_mind(api: &Api, admin: &Person, customer: &Person) {
    let order = publish(api, customer).await;
    api.act(admin, order, "approve").await.unwrap();
    let path = format!("/api/v1/orders/{order}/cancel");
    let reason = json!({ "reason": REASON });
    let _: Value = api
        .call(Method::POST, &path, Some(customer), Some(reason))
        .await
        .unwrap();
}

async fn review_of_work(api: &Api, (admin, customer, provider): (&Person, &Person, &Person)) {
    let order = publish(api, customer).await;
    api.act(admin, order, "approve").await.unwrap();
    api.act(provider, order, "accept").await.unwrap();
    time_proposal(api, admin, customer, provider).await;
    messages(api, order, (customer, provider)).await;
    let call = async |method: Method, path: &str, person: &Person, body: Value| -> Value {
        api.call(method, path, Some(person), Some(body))
            .await
            .unwrap()
    };
    let form = json!({ "order_id": order, "amount": "200.00" });
    call(Method::POST, "/api/v1/payments", customer, form).await;
    eventually("the work begins", SOON, async || {
        api.act(provider, order, "start").await.ok()
    })
    .await;
    let form = json!({ "order_id": order, "amount": "50.00", "reason": ASKED_BACK });
    call(Method::POST, "/api/v1/refunds", customer, form).await;
    api.act(provider, order, "complete").await.unwrap();
    let form = json!({ "order_id": order, "rating": 2, "comment": REVIEW });
    let review = call(Method::POST, "/api/v1/reviews", customer, form).await;
    let path = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
    call(
        Method::PUT,
        &format!("{path}/reply"),
        provider,
        json!({ "text": REPLY }),
    )
    .await;
    call(
        Method::POST,
        &format!("{path}/report"),
        provider,
        json!({ "reason": REPORT }),
    )
    .await;
    let decision = json!({ "version": 2, "reason": REASON });
    call(Method::POST, &format!("{path}/hide"), admin, decision).await;
}

/// The provider proposes another time for a job, and the customer does not answer.
async fn time_proposal(api: &Api, admin: &Person, customer: &Person, provider: &Person) {
    let order = publish(api, customer).await;
    api.act(admin, order, "approve").await.unwrap();
    api.act(provider, order, "accept").await.unwrap();
    let path = format!("/api/v1/orders/{order}/time-proposal");
    let start = Clock::system().now().plus_ms(86_400_000);
    let form = json!({ "service_start_time": start, "note": TIME_NOTE });
    let _: Value = api
        .call(Method::POST, &path, Some(provider), Some(form))
        .await
        .unwrap();
}

/// The customer writes to the provider, who reports it.
async fn messages(api: &Api, order: OrderId, (customer, provider): (&Person, &Person)) {
    let path = format!("/api/v1/orders/{order}/messages");
    let sent: Value = api
        .call(
            Method::POST,
            &path,
            Some(customer),
            Some(json!({ "text": MESSAGE })),
        )
        .await
        .unwrap();
    let report = format!("{path}/{}/report", sent["number"]);
    let _: Value = api
        .call(
            Method::POST,
            &report,
            Some(provider),
            Some(json!({ "reason": COMPLAINT })),
        )
        .await
        .unwrap();
}
