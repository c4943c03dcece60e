//! Verifies receipts with the commands of `docs/tablet.md`, unchanged.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::{Value, json};
use tokio::{process::Command, time::timeout};

use super::page::block;
use crate::world::{PATIENCE, id};

/// The fields that the signature covers.
const COVERED_FIELDS: [&str; 8] = [
    "edge",
    "epoch",
    "seq",
    "hash",
    "command_id",
    "verdict",
    "user_id",
    "body",
];

pub(super) struct ReceiptVerifier {
    folder: tempfile::TempDir,
    edge: String,
    gateway: String,
    authority: PathBuf,
}

impl ReceiptVerifier {
    /// With the URLs of edge and gateway, and the authority of their certificates.
    pub(super) fn new(edge: String, gateway: String, authority: &Path) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            edge,
            gateway,
            authority: authority.to_owned(),
        }
    }

    /// Gets the key in both ways of the page. Without the receipt the first does not know the edge.
    pub(super) async fn get_key(&self, receipt: &Value) {
        self.write_receipt(receipt);
        let mut keys = Vec::new();
        for marker in ["<!-- receipt-key -->", "<!-- receipt-key-of-the-edge -->"] {
            let output = self.run_block(marker).await;
            assert!(output.status.success(), "{marker}: {output:?}");
            keys.push(self.take_key());
        }
        assert_eq!(keys[0].trim_end(), keys[1].trim_end());
        std::fs::write(self.folder.path().join("edge.pem"), &keys[0]).unwrap();
    }

    /// Removes the file, so the next block must write it.
    fn take_key(&self) -> String {
        let file = self.folder.path().join("edge.pem");
        let key = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(file).unwrap();
        key
    }

    /// False if OpenSSL says that the signature is wrong; fails for every other reason.
    pub(super) async fn is_genuine(&self, receipt: &Value) -> bool {
        self.write_receipt(receipt);
        let output = self.run_block("<!-- receipt -->").await;
        let said = String::from_utf8(output.stdout.clone()).unwrap();
        let is_genuine = output.status.success();
        let expected = if is_genuine {
            "Signature Verified Successfully"
        } else {
            "Signature Verification Failure"
        };
        assert_eq!(said.trim(), expected, "{receipt}: {output:?}");
        is_genuine
    }

    /// Changes each field of a genuine receipt, and adds and omits one.
    pub(super) async fn check_that_changes_are_found(&self, receipt: &Value) {
        let names = receipt.as_object().unwrap().keys();
        for name in names.filter(|name| *name != "sig") {
            assert!(COVERED_FIELDS.contains(&name.as_str()), "{name}");
        }
        let mut all_changed = COVERED_FIELDS
            .map(|name| change_field(receipt, name))
            .to_vec();
        let mut with_fence = receipt.clone();
        with_fence["fence"] = json!(1);
        all_changed.push(with_fence);
        let mut without_body = receipt.clone();
        without_body.as_object_mut().unwrap().remove("body");
        all_changed.push(without_body);
        for changed in all_changed {
            assert!(!self.is_genuine(&changed).await, "{changed}");
        }
    }

    fn write_receipt(&self, receipt: &Value) {
        let file = self.folder.path().join("receipt.json");
        std::fs::write(file, receipt.to_string()).unwrap();
    }

    async fn run_block(&self, marker: &str) -> Output {
        let running = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &block(marker, "```bash\n")])
            .current_dir(self.folder.path())
            .env("EDGE", &self.edge)
            .env("GATEWAY", &self.gateway)
            .env("CURL_CA_BUNDLE", &self.authority)
            .kill_on_drop(true)
            .output();
        timeout(PATIENCE, running).await.unwrap().unwrap()
    }
}

fn change_field(receipt: &Value, name: &str) -> Value {
    let other = match name {
        "edge" => json!("north-2"),
        "epoch" | "seq" => json!(receipt[name].as_u64().unwrap() + 1),
        "hash" | "body" => json!("0".repeat(64)),
        "verdict" => json!("firm"),
        _ => json!(id(999)),
    };
    let mut changed = receipt.clone();
    changed[name] = other;
    assert_ne!(changed, *receipt);
    changed
}
