//! Email addresses on a running platform with a mail server: registration mails a code, and
//! notifications follow once the code is confirmed.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use stack::{Layout, Stack, Stores, Wishes};
use support::{Api, Mailbox, Person, address_code_in, eventually};
use wire::Region;

const SOON: Duration = Duration::from_secs(60);
const PASSWORD: &str = "lantern-orchard-kettle-9";
const ADDRESS: &str = "/api/v1/auth/address";
const FIRST: &str = "zhang.san@example.org";
const SECOND: &str = "zhang@second.example.org";

async fn own(api: &Api, person: &Person) -> Value {
    api.call(Method::GET, ADDRESS, Some(person), None)
        .await
        .unwrap()
}

async fn confirm(api: &Api, person: &Person, code: &str) -> Value {
    let form = Some(json!({ "code": code }));
    api.call(
        Method::POST,
        &format!("{ADDRESS}/confirm"),
        Some(person),
        form,
    )
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn news_is_mailed_to_the_address_that_its_owner_has_confirmed_and_to_no_other() {
    let mut mailbox = Mailbox::open().await;
    let stack = start_with_mail_server(&mailbox).await;
    let api = Api::new(stack.layout().gateway_url());
    let form = json!({
        "username": "zhang.san", "email": FIRST, "password": PASSWORD, "role": "customer",
    });
    let _: Value = api
        .call(Method::POST, "/api/v1/auth/register", None, Some(form))
        .await
        .unwrap();
    let customer = api.sign_in("zhang.san", PASSWORD).await.unwrap();
    let first = mailbox.next_to(FIRST, SOON).await;
    let code = address_code_in(&first);
    assert!(
        first.contains(&format!(
            "https://portal.example.org/confirm-address#{code}"
        )),
        "{first}"
    );

    // Earlier notifications stay in the inbox, and the delivery log gives the reason.
    let admin = stack.admin_sign_in();
    let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
    api.publish(&customer, Region::North, "Mend the tap")
        .await
        .unwrap();
    let dropped = eventually("it is dropped", SOON, async || {
        let path = "/api/v1/admin/deliveries?state=dropped";
        let log: Value = api.call(Method::GET, path, Some(&admin), None).await.ok()?;
        log["items"]
            .as_array()?
            .iter()
            .find(|item| item["type"] == "order.created")
            .cloned()
    });
    let dropped = dropped.await;
    assert_eq!(
        (&dropped["why"], &dropped["to"]),
        (&json!("nobody has confirmed the address"), &Value::Null)
    );
    assert_eq!(mailbox.here(), None);

    let known = json!({ "email": FIRST, "is_confirmed": true, "pending": null });
    assert_eq!(confirm(&api, &customer, &code).await, known);
    api.publish(&customer, Region::North, "Paint a wall")
        .await
        .unwrap();
    assert!(mailbox.next_to(FIRST, SOON).await.contains("Paint a wall"));

    let code = change_address(&api, &customer, &mut mailbox).await;
    assert_eq!(own(&api, &customer).await["email"], FIRST);
    assert_eq!(confirm(&api, &customer, &code).await["email"], SECOND);
    api.publish(&customer, Region::North, "Sweep the yard")
        .await
        .unwrap();
    assert!(
        mailbox
            .next_to(SECOND, SOON)
            .await
            .contains("Sweep the yard")
    );
    stack.stop().await.unwrap();
}

async fn start_with_mail_server(mailbox: &Mailbox) -> Stack {
    let environment = [
        ("HOLDFAST__NOTIFICATION__MAIL_URL", mailbox.url()),
        (
            "HOLDFAST__NOTIFICATION__PORTAL_URL",
            "https://portal.example.org".to_owned(),
        ),
    ];
    let environment = environment
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    let layout = Layout::temporary(Stores::Embedded).unwrap().with_one_edge();
    let wishes = Wishes {
        environment,
        ..Wishes::default()
    };
    Stack::start(layout, &wishes).await.unwrap()
}

/// A new address gets a code, which is returned. The current address gets a warning, and still
/// gets notifications until the code is confirmed.
async fn change_address(api: &Api, customer: &Person, mailbox: &mut Mailbox) -> String {
    let form = Some(json!({ "email": SECOND, "password": PASSWORD }));
    let asked: Value = api
        .call(Method::PUT, ADDRESS, Some(customer), form)
        .await
        .unwrap();
    assert_eq!(asked["pending"], SECOND);
    let mut mails = Vec::new();
    for _ in 0..2 {
        let mail = tokio::time::timeout(SOON, mailbox.next())
            .await
            .expect("a mail comes");
        mails.push(mail);
    }
    mails.sort_by_key(|mail| mail.contains(SECOND));
    assert!(
        mails[0].contains(FIRST) && mails[0].contains("Another e-mail address"),
        "{mails:?}"
    );
    address_code_in(&mails[1])
}
