//! An edge's files, read by a neighbour or restored by a thief.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use attack::{AttackedPlatform, HttpCall};
use process::clock::Clock;
use serde_json::{Value, json};
use stack::Part;
use uuid::Uuid;
use wire::{Region, Role};

const REGION: Region = Region::North;

/// Paths below that users other than the owner can access.
fn open_to_others(path: &Path, found: &mut Vec<String>) {
    let meta = fs::symlink_metadata(path).expect("a file");
    if meta.permissions().mode() & 0o077 != 0 {
        found.push(format!(
            "{} {:o}",
            path.display(),
            meta.permissions().mode() & 0o777
        ));
    }
    if meta.is_dir() {
        for entry in fs::read_dir(path).expect("a folder") {
            open_to_others(&entry.expect("an entry").path(), found);
        }
    }
}

#[tokio::test]
async fn a_neighbour_on_the_machine_reads_the_files_of_an_edge() {
    let platform = AttackedPlatform::shared().await;
    let data = platform.stack.layout().edge_folder(platform.edge());
    let mut found = Vec::new();
    open_to_others(&data, &mut found);
    assert!(found.is_empty(), "others may touch {found:?}");
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp")
        .arg("-a")
        .arg(from)
        .arg(to)
        .status()
        .expect("a copy");
    assert!(done.success());
}

#[tokio::test]
async fn a_receipt_carries_another_body_after_a_restore() {
    // The files belong to the edge, which has no other stores.
    let platform = AttackedPlatform::on_files().await;
    let customer = platform.somebody(Role::Customer).await;
    let clock = Clock::system();
    let id = clock.new_id();
    let mine = clock.new_id();
    let others = clock.new_id();
    platform.stack.cut(REGION).await.unwrap();
    let order = json!({
        "title": "A", "description": "b", "service_type": "cleaning_repair", "price": "1.00",
        "location": REGION, "address": "Nowhere",
    });
    let publish = |order_id: Uuid, receipt: Value| {
        let frame = json!({
            "v": 1, "id": id, "device_seq": 1, "tapped_at": clock.now(), "receipt": receipt,
            "token": customer.edge_token,
            "body": {"type": "publish_order", "order_id": order_id, "order": order},
        });
        let call = HttpCall::post("/commands").json(&frame);
        let station = customer.station;
        let port = platform.edge().http;
        async move { station.ask(port, &call).await.unwrap().json() }
    };
    let data = platform.stack.layout().edge_folder(platform.edge());
    let part = Part::Edge(REGION);
    let kept = data.with_extension("kept");
    platform.stack.terminate(part).await.unwrap();
    copy(&data, &kept);
    platform.stack.restart(part).await.unwrap();
    let reply = publish(mine, Value::Null).await;
    assert_eq!(reply["hop"], json!("stored"), "{reply}");
    let receipt = reply["receipt"].clone();
    platform.stack.kill9(part).await.unwrap();
    fs::remove_dir_all(&data).unwrap();
    fs::rename(&kept, &data).unwrap();
    platform.stack.restart(part).await.unwrap();
    let other = publish(others, receipt.clone()).await;
    assert_eq!(other["code"], json!("command_id_reused"), "{other}");
    let own = publish(mine, receipt).await;
    assert_eq!(
        own["hop"],
        json!("stored"),
        "the honest repeat is taken: {own}"
    );
}
