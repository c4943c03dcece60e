//! A part is away while everything else is up.

use std::time::Duration;

use http::{StatusCode, header};
use process::{clock::Clock, parts::CloudPart};
use serde_json::{Value, json};
use stack::{Part, probe};
use support::{Api, Draws, eventually};
use wire::Role;

use super::{
    SOON,
    scene::{Answer, Scene, Told},
    shuffled,
};

/// A refusal needs no other part and comes in milliseconds; a hanging part would take the gateway's
/// twenty seconds.
const AT_ONCE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy)]
enum Ending {
    AskedToStop,
    Killed,
}

pub(super) async fn one_after_the_other(scene: &Scene, draws: &mut Draws) {
    let api = Api::new(scene.stack.layout().gateway_url());
    let customer = api.newcomer(Role::Customer).await.unwrap().token;
    let half = CloudPart::ALL.len() / 2;
    let endings = [vec![Ending::AskedToStop; half], vec![Ending::Killed; half]].concat();
    let endings = shuffled(&endings, draws);
    for (part, ending) in shuffled(CloudPart::ALL, draws).into_iter().zip(endings) {
        println!("{part}: {ending:?}");
        match ending {
            Ending::AskedToStop => scene.ask_to_stop(part).await,
            Ending::Killed => scene.stack.kill9(Part::Alone(part)).await.unwrap(),
        }
        assert!(!probe::accepts(scene.port(part)).await, "{part}");
        if part == CloudPart::Gateway {
            scene
                .every_part_tells(|other| told_without(part, other))
                .await;
        } else {
            is_refused_in_its_name(scene, part, &customer).await;
            the_gateway_misses(scene, part).await;
            scene
                .every_part_tells(|other| told_without(part, other))
                .await;
            // By now the gateway does not even try to call it.
            is_refused_in_its_name(scene, part, &customer).await;
            for other in CloudPart::ALL.iter().filter(|other| **other != part) {
                answers(scene, *other, &customer).await;
            }
        }
        scene.stack.restart(Part::Alone(part)).await.unwrap();
        scene.every_part_tells(|_| Told::READY).await;
        eventually("strangers hear that all is there", SOON, async || {
            let public = strangers_hear(scene).await;
            (public == (StatusCode::OK, json!({"status": "ready"}))).then_some(())
        })
        .await;
        for part in CloudPart::ALL {
            answers(scene, *part, &customer).await;
        }
    }
}

/// A part is ready without the others; only the gateway depends on them.
fn told_without(away: CloudPart, part: CloudPart) -> Told {
    match part {
        _ if part == away => Told::Dead,
        CloudPart::Gateway => Told::lack_of([away.name()]),
        _ => Told::READY,
    }
}

/// Reports the part as missing from the first answer on.
async fn the_gateway_misses(scene: &Scene, part: CloudPart) {
    let Told::Lacks(missing) = scene.told(CloudPart::Gateway).await else {
        panic!("the gateway is dead without {part}")
    };
    assert!(
        missing.iter().any(|name| name == part.name()),
        "{part}: {missing:?}"
    );
    let nothing_more = (
        StatusCode::SERVICE_UNAVAILABLE,
        json!({"status": "not_ready"}),
    );
    assert_eq!(strangers_hear(scene).await, nothing_more, "{part}");
}

/// The gateway's readiness at its public port.
async fn strangers_hear(scene: &Scene) -> (StatusCode, Value) {
    let answer = scene
        .ask(scene.port(CloudPart::Gateway), "/health/ready", None)
        .await;
    let answer = answer.expect("the gateway answers");
    (answer.status, answer.body)
}

async fn is_refused_in_its_name(scene: &Scene, part: CloudPart, token: &str) {
    let clock = Clock::system();
    let asked = clock.elapsed();
    let refused = through_the_gateway(scene, part, token).await;
    let took = clock.elapsed() - asked;
    let Answer {
        status,
        headers,
        body,
    } = refused;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{part}: {body}");
    assert_eq!(
        headers[header::CONTENT_TYPE],
        "application/problem+json",
        "{part}"
    );
    assert_eq!(body["code"], "unavailable", "{part}: {body}");
    assert_eq!(body["part"], part.name(), "{body}");
    assert!(headers.contains_key(header::RETRY_AFTER), "{part}");
    assert!(took < AT_ONCE, "{part}: {took:?}");
}

async fn answers(scene: &Scene, part: CloudPart, token: &str) {
    let answer = through_the_gateway(scene, part, token).await;
    // The edges call the hub, too. After an outage the circuit breaker lets one trial call through
    // and rejects the others.
    if part == CloudPart::Hub && answer.status == StatusCode::SERVICE_UNAVAILABLE {
        eventually("the hub answers", SOON, async || {
            let again = through_the_gateway(scene, part, token).await;
            (again.status == StatusCode::OK).then_some(())
        })
        .await;
        return;
    }
    assert_eq!(answer.status, StatusCode::OK, "{part}: {}", answer.body);
}

async fn through_the_gateway(scene: &Scene, part: CloudPart, token: &str) -> Answer {
    let path = match part {
        CloudPart::Auth => "/api/v1/auth/sessions",
        CloudPart::User => "/api/v1/users/me/profile",
        CloudPart::Order => "/api/v1/orders",
        CloudPart::Payment => "/api/v1/payments/methods",
        CloudPart::Review => "/api/v1/users/me/reviews",
        CloudPart::Notification => "/api/v1/notifications",
        CloudPart::Hub => "/api/v1/edges/north-1/key",
        CloudPart::Gateway => "/openapi.json",
    };
    let answer = scene
        .ask(scene.port(CloudPart::Gateway), path, Some(token))
        .await;
    answer.unwrap_or_else(|| panic!("{path} got no answer"))
}
