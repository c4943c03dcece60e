//! Every part signs in at every server as its production user. The demo's story works with these
//! rights, and one part's credentials open no other part's data.

use std::{process::Command, time::Duration};

use mongodb::bson::{Document, doc};
use platform::{
    bus::{Bus, topology},
    cache::Cache,
};
use process::{
    clock::Clock,
    parts::{CloudPart, StoreKind},
};
use redis::ErrorKind;
use serde_json::json;
use stack::{Layout, PartUsers, Stack, Stores, Wishes, binaries, ready};
use tokio::task::spawn_blocking;
use wire::{Event, EventId, EventType, UnixMillis};

/// MongoDB's error code for a missing right.
const UNAUTHORIZED: i32 = 13;

#[tokio::test(flavor = "multi_thread")]
async fn the_story_needs_no_more_than_the_users_of_the_parts_and_none_opens_what_is_anothers() {
    let layout = Layout::temporary(Stores::Real).unwrap().with_one_edge();
    let wishes = Wishes {
        own_users: true,
        ..Wishes::that_settle_soon()
    };
    let stack = Stack::start(layout, &wishes).await.unwrap();
    // Migrates as before a newer version's start: now every schema exists.
    stack.migrate().await.unwrap();

    let path = stack.layout().folder.join("users-ready.json");
    ready::write(&path, &stack.ready_file()).unwrap();
    let demo = binaries::own("holdfast-demo").unwrap();
    let played = spawn_blocking(move || Command::new(demo).arg("--ready-file").arg(path).output());
    let played = played.await.unwrap().unwrap();
    let said = [played.stdout, played.stderr]
        .map(|text| String::from_utf8(text).unwrap())
        .concat();
    assert!(played.status.success(), "{said}");

    let users = stack.users();
    for part in CloudPart::ALL {
        reads_no_documents_of_another(users, *part).await;
        reads_the_cache_as_it_may(users, *part).await;
        takes_no_event_of_another_and_tells_none(users, *part).await;
    }
    stack.stop().await.unwrap();
}

async fn reads_no_documents_of_another(users: &PartUsers, part: CloudPart) {
    let Some(url) = users.url(part, "DOCUMENTS_URL") else {
        assert!(
            !matches!(part.store(), StoreKind::Documents(_)),
            "{part} has no user"
        );
        return;
    };
    let client = mongodb::Client::with_uri_str(url).await.unwrap();
    for (of, database) in CloudPart::ALL.iter().filter_map(|of| match of.store() {
        StoreKind::Documents(name) => Some((*of, name)),
        _ => None,
    }) {
        let read = client.database(database).collection::<Document>("secrets");
        let read = read.find_one(doc! {}).await;
        if of == part {
            read.unwrap();
            continue;
        }
        let refused = read.expect_err("another part's documents");
        let mongodb::error::ErrorKind::Command(error) = *refused.kind else {
            panic!("{refused}")
        };
        assert_eq!(error.code, UNAUTHORIZED, "{part} reads {database}: {error}");
    }
}

/// The gateway and auth share sessions and limits. Cached values of user and notification are
/// sealed.
async fn reads_the_cache_as_it_may(users: &PartUsers, part: CloudPart) {
    let client = redis::Client::open(users.url(part, "CACHE_URL").unwrap()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut ask = async |words: &[&str]| {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        let answer: redis::RedisResult<redis::Value> = command.query_async(&mut connection).await;
        answer.map(drop).map_err(|error| error.kind())
    };
    let denied = Err(ErrorKind::Server(redis::ServerErrorKind::NoPerm));
    let is_shared = matches!(part, CloudPart::Gateway | CloudPart::Auth);
    assert_eq!(ask(&["PING"]).await, Ok(()), "{part}");
    let expected = if is_shared { Ok(()) } else { denied };
    assert_eq!(
        ask(&["GET", "session:of-somebody"]).await,
        expected,
        "{part}"
    );
    for owner in [CloudPart::User, CloudPart::Notification] {
        let expected = if is_shared || part == owner {
            Ok(())
        } else {
            denied
        };
        let key = format!("{owner}:of-somebody");
        assert_eq!(ask(&["GET", &key]).await, expected, "{part}");
    }
    // Tests the commands that the parts really send, which differ from console input.
    let cache = Cache::open(users.url(part, "CACHE_URL").unwrap()).unwrap();
    for owner in [CloudPart::User, CloudPart::Notification] {
        let key = format!("{owner}:of-a-test");
        let written = cache.set(&key, "word", Duration::from_secs(5)).await;
        assert_eq!(
            written.is_ok(),
            is_shared || part == owner,
            "{part} {key}: {written:?}"
        );
        let read = cache.get(&key).await;
        assert_eq!(
            read.is_ok(),
            is_shared || part == owner,
            "{part} {key}: {read:?}"
        );
    }
    for of_nobody in [
        &["CONFIG", "GET", "*"][..],
        &["FLUSHALL"],
        &["ACL", "LIST"],
        &["KEYS", "*"],
    ] {
        assert_eq!(ask(of_nobody).await, denied, "{part} {of_nobody:?}");
    }
}

/// The story has already shown the part's own publishing and consuming.
async fn takes_no_event_of_another_and_tells_none(users: &PartUsers, part: CloudPart) {
    let bus = Bus::open(users.url(part, "BUS_URL").unwrap())
        .await
        .unwrap();
    for (of, queue) in topology::QUEUES {
        let bound = bus.bind_queue(queue).await;
        assert_eq!(
            bound.is_ok(),
            *of == part,
            "{part} binds {}: {bound:?}",
            queue.name
        );
    }
    for kind in EventType::ALL {
        if topology::publishing_part(kind.exchange()) != part {
            let id = EventId(Clock::system().new_id());
            let event = Event::new(id, kind, UnixMillis(0), "", &json!({})).unwrap();
            let published = bus.publish(&event).await;
            assert!(published.is_err(), "{part} publishes {kind}");
        }
    }
}
