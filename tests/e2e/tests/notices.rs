//! Notifications on a running platform: matched providers get an approved order with the reasons, a
//! live stream delivers it and resumes after a cut, and admins learn of waiting orders.

use std::time::Duration;

use http::Method;
use process::{
    client::Client,
    sse::{EventReader, id_in},
};
use serde_json::{Value, json};
use stack::{Layout, Stack, Stores, Wishes};
use support::{Api, Person, eventually};
use wire::{Region, Role};

const SOON: Duration = Duration::from_secs(60);
const INBOX: &str = "/api/v1/notifications";
const PROFILE: &str = "/api/v1/users/me/profile";

/// A verified provider who works in that region.
async fn provider_in(api: &Api, admin: &Person, region: Region) -> Person {
    let provider = api.provider(admin).await.unwrap();
    let own: Value = api
        .call(Method::GET, PROFILE, Some(&provider), None)
        .await
        .unwrap();
    let types = wire::ServiceType::ALL;
    let form = json!({
        "version": own["version"], "full_name": "Li Si", "phone_number": "+8613800138000",
        "service_areas": [region], "service_categories": types,
    });
    let _: Value = api
        .call(Method::PUT, PROFILE, Some(&provider), Some(form))
        .await
        .unwrap();
    provider
}

async fn stream(gateway: &str, person: &Person, place: Option<&str>) -> EventReader {
    let mut request = http::Request::get(format!("{gateway}/api/v1/stream"))
        .header("authorization", format!("Bearer {}", person.token));
    if let Some(place) = place {
        request = request.header("last-event-id", place);
    }
    let response = Client::new()
        .send_request(request.body(String::new().into()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 200);
    EventReader::new(response.into_body())
}

/// Reads up to a notice of that kind. Returns its data and its event id.
async fn notice(reader: &mut EventReader, kind: &str) -> (Value, String) {
    let reading = async {
        loop {
            let message = reader.next().await.expect("the stream goes on");
            let text = std::str::from_utf8(&message).unwrap();
            let Some(data) = text
                .split_once("event: notice\ndata: ")
                .map(|(_, data)| data)
            else {
                continue;
            };
            let data: Value = serde_json::from_str(data.trim()).unwrap();
            if data["type"] == kind {
                return (data, id_in(&message).unwrap().to_owned());
            }
        }
    };
    tokio::time::timeout(SOON, reading)
        .await
        .expect("the notice comes")
}

async fn lines_of(api: &Api, person: &Person, kind: &str) -> Vec<Value> {
    let path = format!("{INBOX}?limit=100");
    let page: Value = api
        .call(Method::GET, &path, Some(person), None)
        .await
        .unwrap();
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .filter(|item| item["type"] == kind)
        .cloned()
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_reaches_the_matched_providers_live_and_with_its_reasons() {
    let layout = Layout::temporary(Stores::Embedded).unwrap();
    let stack = Stack::start(layout, &Wishes::default()).await.unwrap();
    let gateway = stack.layout().gateway_url();
    let api = Api::new(&gateway);
    let admin = stack.admin_sign_in();
    let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
    let customer = api.newcomer(Role::Customer).await.unwrap();
    let matched = provider_in(&api, &admin, Region::North).await;
    let elsewhere = provider_in(&api, &admin, Region::South).await;
    assert_eq!(
        lines_of(&api, &matched, "profile.verified").await[0]["order_id"],
        Value::Null
    );

    let mut live = stream(&gateway, &matched, None).await;
    let first = api
        .publish_approved(&customer, &admin, Region::North, "Mend the tap")
        .await
        .unwrap();
    let (data, place) = notice(&mut live, "order.approved").await;
    assert_eq!(data["order_id"], json!(first));
    drop(live);

    // Another order is approved while the stream is closed. The page resumes from its last event id
    // and receives the notice.
    let second = api
        .publish_approved(&customer, &admin, Region::North, "Paint a wall")
        .await
        .unwrap();
    eventually("both are in the inbox", SOON, async || {
        (lines_of(&api, &matched, "order.approved").await.len() == 2).then_some(())
    })
    .await;
    let mut live = stream(&gateway, &matched, Some(&place)).await;
    loop {
        let (data, _) = notice(&mut live, "order.approved").await;
        // A notice of the last seconds may arrive twice.
        if data["order_id"] == json!(second) {
            break;
        }
        assert_eq!(data["order_id"], json!(first));
    }

    let lines = lines_of(&api, &matched, "order.approved").await;
    for line in &lines {
        assert_eq!(
            line["match_reasons"],
            json!(["serves_the_area", "does_this_work", "verified"])
        );
        assert!(
            line["content"].as_str().unwrap().contains("Why you: "),
            "{line}"
        );
    }
    assert!(
        lines_of(&api, &elsewhere, "order.approved")
            .await
            .is_empty()
    );
    assert_eq!(lines_of(&api, &admin, "order.created").await.len(), 2);
    stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_hears_that_the_provider_withdrew_and_a_person_what_an_admin_writes() {
    let layout = Layout::temporary(Stores::Embedded).unwrap().with_one_edge();
    let stack = Stack::start(layout, &Wishes::default()).await.unwrap();
    let api = Api::new(stack.layout().gateway_url());
    let admin = stack.admin_sign_in();
    let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
    let customer = api.newcomer(Role::Customer).await.unwrap();
    let provider = provider_in(&api, &admin, Region::North).await;

    let order = api
        .publish(&customer, Region::North, "Mend the tap")
        .await
        .unwrap()
        .order_id;
    for (person, action) in [
        (&admin, "approve"),
        (&provider, "accept"),
        (&provider, "withdraw"),
    ] {
        api.act(person, order, action).await.unwrap();
    }
    let told = eventually("the customer hears of it", SOON, async || {
        lines_of(&api, &customer, "order.status_changed")
            .await
            .pop()
    })
    .await;
    assert_eq!(
        (&told["title"], &told["order_id"]),
        (&json!("Your order is open again"), &json!(order))
    );

    // The sources' spelling of the path.
    let path = "/api/notifications/email";
    let words = json!({
        "user_id": customer.user_id, "title": "The lift is broken", "content": "Please ring the bell.",
    });
    let write = async |person: &Person, words: &Value| {
        let written = api
            .call::<Value>(Method::POST, path, Some(person), Some(words.clone()))
            .await;
        written.map_err(|error| error.to_string())
    };
    write(&admin, &words).await.unwrap();
    let page: Value = api
        .call(Method::GET, INBOX, Some(&customer), None)
        .await
        .unwrap();
    assert_eq!(
        (&page["items"][0]["type"], &page["items"][0]["title"]),
        (&Value::Null, &words["title"])
    );
    assert!(write(&provider, &words).await.is_err(), "it is for admins");
    let mut to_nobody = words;
    to_nobody["user_id"] = json!(order);
    assert!(
        write(&admin, &to_nobody).await.is_err(),
        "nobody is called so"
    );
    stack.stop().await.unwrap();
}
