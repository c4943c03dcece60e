//! No personal data is in clear text where a disk thief or a log reader would find it: people use
//! the platform with known values, then the test searches every store and log for those values.
//!
//! `docs/decisions/personal-data.md` explains the exclusions: the broker's files, an edge's own
//! file, uploaded files, key files, and the folder that replaces people's phones, which a real
//! platform does not have.

mod calendar;
mod devices;
pub(crate) mod dump;
mod elsewhere;
mod journey;
mod second_factor;

use std::collections::BTreeSet;

use memchr::memmem;
use stack::{Layout, Stack, Stores, Wishes};
use support::{CarelessIssuer, Mailbox, is_deep_run, test_servers};

use dump::Kept;
use journey::Secret;

/// Remaining clear text: the place, the kind and the reason. An entry that no longer applies also
/// fails the test.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

#[tokio::test(flavor = "multi_thread")]
async fn stores_and_logs_say_nothing_personal() {
    for stores in Stores::for_test_run(is_deep_run()) {
        nothing_is_in_the_clear(stores).await;
    }
}

async fn nothing_is_in_the_clear(stores: Stores) {
    let layout = Layout::temporary(stores).unwrap();
    let issuer = CarelessIssuer::start(elsewhere::CLIENT_SECRET);
    let mut mailbox = Mailbox::open().await;
    let mail = ("HOLDFAST__NOTIFICATION__MAIL_URL".to_owned(), mailbox.url());
    let environment = elsewhere::environment(&issuer)
        .into_iter()
        .chain([mail])
        .chain(devices::environment())
        .collect();
    let wishes = Wishes {
        environment,
        ..Wishes::default().on(test_servers())
    };
    let stack = Stack::start(layout, &wishes).await.unwrap();
    let phones = stack.layout().cloud_folder().join("sms");
    let mut secrets = journey::gone(&stack, (&phones, &mut mailbox), &issuer).await;
    secrets.extend(journey::keys(&stack.layout().cloud_folder()));
    let kept = dump::all(&stack).await;
    every_store_is_there(&kept, stores);
    let found = found(&kept, &secrets);
    stack.stop().await.unwrap();
    let known: BTreeSet<_> = EXCEPTIONS
        .iter()
        .map(|(place, what, _)| (*place, *what))
        .collect();
    let found: BTreeSet<_> = found
        .iter()
        .map(|(place, what)| (place.as_str(), *what))
        .collect();
    let leaks: Vec<_> = found.difference(&known).collect();
    assert!(leaks.is_empty(), "in the clear: {leaks:#?}");
    let over: Vec<_> = known.difference(&found).collect();
    assert!(
        over.is_empty(),
        "no longer in the clear, so no exception: {over:#?}"
    );
}

/// Guards against an empty search: the dump must include every place that the journey writes to.
fn every_store_is_there(kept: &[Kept], stores: Stores) {
    let rows = [
        "auth.users.username",
        "auth.sign_in_codes.phone_hash",
        "auth.password_resets.why",
        "auth.address_claims.code_hash",
        "auth.identities.subject_hash",
        "auth.ended_visits.id",
        "auth.role_acts.why",
        "auth.users.closed_why",
        "auth.readmissions.why",
        "auth.readmissions.closed_why",
        "auth.signing_keys.killed_why",
        "auth.second_factors.secret",
        "auth.recovery_codes.code_hash",
        "auth.sign_in_tickets.ticket_hash",
        "auth.passkeys.label",
        "payment.refund_requests.reason",
        "payment.money_acts.reason",
        "order.orders.address",
        "order.order_messages.text",
        "order.message_reports.why",
        "order.calendar_feeds.secret_hash",
        "order.time_proposals.note",
        "order.outbox.event",
        "sync.ops.bytes",
        "sync.feed.bytes",
    ];
    let documents = match stores {
        Stores::Embedded => [
            "user.customer_profiles.body",
            "user.provider_profiles.body",
            "user.files.body",
            "review.reviews.body",
            "review.reports.body",
            "notification.customer_inbox.body",
            "notification.push_devices.body",
            "bus",
            "logs/cloud",
        ],
        Stores::Real => [
            "user.customer_profiles",
            "user.provider_profiles",
            "user.files",
            "review.reviews",
            "review.reports",
            "notification.customer_inbox",
            "notification.push_devices",
            "redis",
            "logs/order",
        ],
    };
    for place in rows.into_iter().chain(documents) {
        let found = kept
            .iter()
            .any(|kept| kept.place == place && !kept.bytes.is_empty());
        let known: BTreeSet<_> = kept.iter().map(|kept| &kept.place).collect();
        assert!(found, "nothing came from {place}: {known:?}");
    }
}

fn found(kept: &[Kept], secrets: &[Secret]) -> BTreeSet<(String, &'static str)> {
    let mut found = BTreeSet::new();
    for kept in kept {
        for Secret { what, value } in secrets {
            assert!(value.len() >= 8, "a value this short is found by chance");
            if memmem::find(&kept.bytes, value).is_some() {
                found.insert((kept.place.clone(), *what));
            }
        }
    }
    found
}

#[test]
fn a_value_in_the_clear_is_found() {
    let kept = |text: &str| Kept {
        place: "order.orders.address".into(),
        bytes: text.into(),
    };
    let secret = Secret {
        what: "address",
        value: b"42 Hidden Orchard Road".to_vec(),
    };
    let hit = found(
        &[kept("x|42 Hidden Orchard Road|y")],
        std::slice::from_ref(&secret),
    );
    assert_eq!(
        hit,
        BTreeSet::from([("order.orders.address".into(), "address")])
    );
    assert!(found(&[kept("42 Hidden Orchar")], &[secret]).is_empty());
}
