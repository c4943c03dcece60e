//! Limits on phone codes: in total, per address, and by country.

use std::{num::NonZeroU32, time::Duration};

use auth::Config;
use axum::http::StatusCode;
use platform::sms::CountryCode;
use serde_json::{Value, json};
use support::eventually;

use crate::{
    codes::{PHONE, Scene, not, refused, token},
    common::{Answer, Engine},
};

const LONG: Duration = Duration::from_secs(30);

/// Uses up this hour's total of codes.
async fn spend_codes_of_all(scene: &Scene) {
    for _ in 0..Config::default().codes_per_hour.get() {
        scene
            .auth
            .cache
            .increment("codes", Duration::from_secs(3600))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn strangers_use_up_the_codes_of_all_and_a_number_with_an_account_still_gets_its_own() {
    let scene = Scene::new(Engine::Sqlite).await;
    let known = PHONE;
    let unknown = "+8613800138999";
    scene.customer("lisi", known).await;
    spend_codes_of_all(&scene).await;
    let sent = || {
        scene
            .messages()
            .into_iter()
            .map(|(to, _)| to)
            .collect::<Vec<_>>()
    };
    let before = sent().len();

    // Both numbers get the same answers, also to a wrong code.
    let asked_unknown = scene.ask(unknown).await;
    let asked_known = scene.ask(known).await;
    refused(&asked_known, StatusCode::TOO_MANY_REQUESTS, "rate_limited");
    assert_eq!(asked_known.body["expires_in"], 300);
    let plain = |answer: &Answer| {
        let mut body = answer.body.clone();
        body["trace"] = Value::Null;
        (answer.status, body)
    };
    assert_eq!(plain(&asked_known), plain(&asked_unknown));
    let come = || (sent().len() > before).then_some(());
    eventually("the code of the account", LONG, async || come()).await;
    let (_, text) = scene.messages().pop().unwrap();
    let code = text
        .split(|c: char| !c.is_ascii_digit())
        .find(|word| word.len() == 6)
        .unwrap();
    let tried_known = scene.enter(known, &not(code)).await;
    let tried_unknown = scene.enter(unknown, &not(code)).await;
    refused(&tried_known, StatusCode::UNAUTHORIZED, "code_wrong");
    assert_eq!(plain(&tried_known), plain(&tried_unknown));

    let entered = scene.enter(known, code).await;
    token(&entered);
    assert_eq!(entered.body["username"], "lisi");
    assert_eq!(sent()[before..], [known], "the stranger's number got none");
}

#[tokio::test]
async fn codes_to_numbers_with_an_account_have_a_bound_too() {
    let alter = |config| Config {
        codes_for_accounts_per_hour: NonZeroU32::MIN,
        ..config
    };
    let scene = Scene::with(Engine::Sqlite, alter).await;
    for (name, phone) in [("lisi", PHONE), ("zhao", "+8613800138001")] {
        scene.customer(name, phone).await;
    }
    spend_codes_of_all(&scene).await;
    let before = scene.messages().len();
    scene.ask(PHONE).await;
    eventually("the code of the first", LONG, async || {
        (scene.messages().len() > before).then_some(())
    })
    .await;
    scene.ask("+8613800138001").await;
    scene.auth.tasks_end().await;
    assert_eq!(scene.messages().len(), before + 1);
}

#[tokio::test]
async fn an_ipv6_site_is_one_address_for_codes() {
    let alter = |config| Config {
        codes_per_address_per_hour: NonZeroU32::new(3).unwrap(),
        ..config
    };
    let scene = Scene::with(Engine::Sqlite, alter).await;
    let mut answers = Vec::new();
    for n in 1..=4 {
        let from = format!("2001:db8:7:{n}::1");
        let form = json!({ "phone": format!("+861380013800{n}") });
        answers.push(scene.auth.post_from(&from, "codes", form).await);
    }
    let last = answers.pop().unwrap();
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    refused(&last, StatusCode::TOO_MANY_REQUESTS, "rate_limited");
    let form = json!({ "phone": "+8613800138009" });
    let elsewhere = scene.auth.post_from("2001:db8:8:1::1", "codes", form).await;
    assert_eq!(elsewhere.status, StatusCode::OK, "another site");
}

#[tokio::test]
async fn codes_go_to_ordinary_phones_of_the_countries_that_the_operator_serves() {
    let country = |code: &str| CountryCode::try_from(code.to_owned()).unwrap();
    let scene = Scene::new(Engine::Sqlite).await;
    for phone in [
        "+881612345678",
        "+870773123456",
        "+97912345678",
        "+19005550123",
        "+4915123456789",
        "+8613491234567",
    ] {
        let answer = scene.ask(phone).await;
        refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, "invalid_input");
        assert!(answer.text.contains("+86"), "{}", answer.text);
    }
    assert_eq!(scene.messages().len(), 0);
    // The refused requests did not count against the number.
    assert_eq!(scene.ask(PHONE).await.status, StatusCode::OK);

    let served = vec![country("86"), country("49")];
    let alter = |config| Config {
        phone_countries: served.clone(),
        ..config
    };
    let scene = Scene::with(Engine::Sqlite, alter).await;
    assert_eq!(scene.ask("+4915123456789").await.status, StatusCode::OK);
    let abroad = scene.ask("+12025550123").await;
    assert!(abroad.text.contains("+86, +49"), "{}", abroad.text);
}
