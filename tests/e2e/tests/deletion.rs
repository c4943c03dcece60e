//! A customer and a provider leave words in every place, delete their accounts one after the other,
//! and nothing of what they wrote or who they were is left in any store, file or log.
//!
//! `docs/decisions/personal-data.md` tells what stays, and when the raw copies end.

mod journey;
mod people;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use memchr::memmem;
use stack::{Layout, Stack, Stores, Wishes};
use support::{Api, eventually, test_servers};
use wire::Region;

use crate::at_rest::dump::{self, Kept};
use people::{Leaver, Mark};

/// Raw copies that end by themselves: the place, and when.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("order.outbox.event", "30 days after it was sent"),
    ("review._sent", "30 days after it was sent"),
    ("payment.answers.answer", "two days after the request"),
    ("sync.ops.bytes", "35 days after the edge sent it"),
    ("sync.outcomes.bytes", "35 days after the edge got it"),
    ("edge.log.bytes", "35 days after the op was logged"),
];

const GONE_WITHIN: Duration = Duration::from_secs(180);
/// A search reads every store, file and log, and the jobs run every five seconds.
const BETWEEN_SEARCHES: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_deleted_people_is_left() {
    let layout = Layout::temporary(Stores::Real).unwrap().with_one_edge();
    let stack = Stack::start(layout, &wishes()).await.unwrap();
    let api = Api::new(stack.layout().gateway_url());
    let [customer, provider] = journey::play(&stack, &api).await;
    let found = search(&stack, &[&customer, &provider]).await;
    every_mark_was_stored(&found, &[&customer, &provider]);

    for leaver in [&provider, &customer] {
        people::delete_account(&api, leaver).await;
    }
    let leavers = [&customer, &provider];
    let erased = async || {
        let found = search(&stack, &leavers).await;
        let left = list_leaks(&found);
        if !left.is_empty() {
            println!("not erased yet: {left:#?}");
            tokio::time::sleep(BETWEEN_SEARCHES).await;
        }
        left.is_empty().then_some(found)
    };
    let found = eventually("every text is erased", GONE_WITHIN, erased).await;
    let raw: BTreeSet<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
    let known: BTreeSet<&str> = EXCEPTIONS.iter().map(|(place, _)| *place).collect();
    let over: Vec<_> = known.difference(&raw).collect();
    assert!(
        over.is_empty(),
        "nothing is there, so no exception: {over:?}"
    );
    stack.stop().await.unwrap();
}

/// Stores texts as they are, deletes without a delay, and runs each job every few seconds.
fn wishes() -> Wishes {
    let mut wishes = Wishes::that_settle_soon().on(test_servers());
    let settings = [
        ("HOLDFAST__PLATFORM__SEAL", "false"),
        ("HOLDFAST__AUTH__DELETION_DAYS", "0"),
        ("HOLDFAST__ORDER__VERIFIED_PROVIDERS_ONLY", "false"),
        ("HOLDFAST__EDGE__VERIFIED_PROVIDERS_ONLY", "false"),
        ("HOLDFAST_JOBS_AT", "*/5 * * * * *"),
    ];
    let push = people::push_environment();
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    wishes.environment.extend(settings);
    wishes.environment.extend(push);
    wishes
}

/// A mark that was found, and where.
type Finding = (String, &'static str);

async fn search(stack: &Stack, leavers: &[&Leaver]) -> BTreeSet<Finding> {
    let mut kept = dump::all(stack).await;
    let place = stack.layout().edge(Region::North);
    let edge = stack.layout().edge_folder(place).join("db/edge.db");
    kept.extend(dump::tables(&format!("sqlite:{}", edge.display()), "edge").await);
    kept.push(file_names(&stack.layout().cloud_folder()));
    let marks = leavers.iter().flat_map(|leaver| &leaver.marks);
    let mut found = BTreeSet::new();
    for Mark { what, value } in marks {
        assert!(value.len() >= 8, "a mark this short is found by chance");
        for Kept { place, bytes } in &kept {
            if memmem::find(bytes, value.as_bytes()).is_some() {
                found.insert((place.clone(), *what));
            }
        }
    }
    found
}

/// Every path below the folder: files are named by the hash of their content.
fn file_names(folder: &Path) -> Kept {
    let mut names = Vec::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                names.push(path.display().to_string());
            }
        }
    }
    Kept {
        place: "files".into(),
        bytes: names.join("\n").into_bytes(),
    }
}

fn every_mark_was_stored(found: &BTreeSet<Finding>, leavers: &[&Leaver]) {
    let places = |what: &str| {
        let of_mark = found.iter().filter(|(_, other)| *other == what);
        of_mark.map(|(place, _)| place.as_str()).collect::<Vec<_>>()
    };
    for leaver in leavers {
        for Mark { what, .. } in &leaver.marks {
            let places = places(what);
            let is_only_raw = places.iter().all(|place| is_raw_copy(place));
            assert!(!is_only_raw, "`{what}` was only in {places:?}");
        }
    }
    assert!(
        places("title").contains(&"edge.orders.bytes"),
        "the edge has the order"
    );
}

fn list_leaks(found: &BTreeSet<Finding>) -> Vec<&Finding> {
    found
        .iter()
        .filter(|(place, _)| !is_raw_copy(place))
        .collect()
}

fn is_raw_copy(place: &str) -> bool {
    EXCEPTIONS.iter().any(|(known, _)| *known == place)
}
