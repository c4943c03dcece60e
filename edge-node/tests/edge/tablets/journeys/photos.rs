//! Photos of the clients' commands: hashed by `sha256sum`, and uploaded in parts by curl.

use std::path::Path;

use serde_json::{Value, json};
use support::files::png;
use tokio::{process::Command, time::timeout};

use super::shop::ShopTablet;
use crate::world::{PATIENCE, until};

/// The largest part of an upload, by the document's description.
const PART_BYTES_MAX: usize = 262_144;
/// The sides of a picture that leaves in two parts, and of one that leaves in one.
pub(super) const WORK_PICTURE: [u32; 2] = [400, 300];
pub(super) const JOB_PICTURE: [u32; 2] = [200, 100];

/// A photo on the tablet's disk.
pub(super) struct StoredPhoto {
    /// Its hash and size, as a command names it.
    pub name: Value,
    bytes: Vec<u8>,
}

impl StoredPhoto {
    pub(super) async fn take(folder: &Path, sides: [u32; 2]) -> Self {
        let [width, height] = sides;
        let bytes = png(width, height);
        let file = folder.join("photo.png");
        std::fs::write(&file, &bytes).unwrap();
        let hash = hash_with_sha256sum(&file).await;
        Self {
            name: json!({ "hash": hash, "bytes": bytes.len() }),
            bytes,
        }
    }
}

async fn hash_with_sha256sum(file: &Path) -> String {
    let output = Command::new("sha256sum").arg(file).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let line = String::from_utf8(output.stdout).unwrap();
    let (hash, _) = line.split_once(' ').unwrap();
    hash.to_owned()
}

/// A photo that the edge has whole, with the command that names it.
pub(super) struct UploadedPhoto {
    command_id: Value,
    photo: StoredPhoto,
}

impl UploadedPhoto {
    fn path(&self) -> String {
        path_of_photo(&self.command_id, &self.photo)
    }
}

fn path_of_photo(command_id: &Value, photo: &StoredPhoto) -> String {
    let command_id = command_id.as_str().unwrap();
    let hash = photo.name["hash"].as_str().unwrap();
    format!("/photos/{command_id}/{hash}")
}

impl ShopTablet<'_> {
    pub(super) async fn take_photo(&self, sides: [u32; 2]) -> StoredPhoto {
        StoredPhoto::take(self.shop.folder(), sides).await
    }

    /// Sends part after part until the edge has the whole photo. Each part begins where the edge
    /// says, as after a pause.
    pub(super) async fn upload_photo(&mut self, command_id: &Value, photo: StoredPhoto) {
        let path = path_of_photo(command_id, &photo);
        let uploading = async {
            loop {
                let standing = self.ask_for_photo(&path).await;
                let answer = self.send_next_part(&path, &standing, &photo.bytes).await;
                if answer["state"] == "stored" {
                    return;
                }
                assert_eq!(answer["state"], "partial", "{answer}");
            }
        };
        timeout(PATIENCE, uploading).await.unwrap();
        self.uploaded.push(UploadedPhoto {
            command_id: command_id.clone(),
            photo,
        });
    }

    async fn ask_for_photo(&self, path: &str) -> Value {
        self.call_with_curl(path, &[]).await
    }

    async fn send_next_part(&self, path: &str, standing: &Value, photo: &[u8]) -> Value {
        let have = usize::try_from(standing["have"].as_u64().unwrap()).unwrap();
        let end = photo.len().min(have + PART_BYTES_MAX);
        let file = self.shop.folder().join("part");
        std::fs::write(&file, &photo[have..end]).unwrap();
        let part = format!("@{}", file.display());
        let request = [
            "--request",
            "PUT",
            "--header",
            "content-type: application/octet-stream",
            "--data-binary",
            &part,
        ];
        self.call_with_curl(&format!("{path}?offset={have}"), &request)
            .await
    }

    /// The JSON of the answer. Fails if the edge refuses.
    async fn call_with_curl(&self, path: &str, request: &[&str]) -> Value {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--fail-with-body"])
            .args(["--oauth2-bearer", &self.token, "--cacert"])
            .arg(self.shop.authority())
            .args(request)
            .arg(self.shop.url(path))
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{path}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Learns from the edge that the cloud has each photo, which is then there byte by byte.
    pub(super) async fn await_photos_in_cloud(&self) {
        for uploaded in &self.uploaded {
            let path = uploaded.path();
            until("the photo is sent", || async {
                let standing = self.ask_for_photo(&path).await;
                (standing["state"] == "sent").then_some(())
            })
            .await;
            let command_id = serde_json::from_value(uploaded.command_id.clone()).unwrap();
            let hash = serde_json::from_value(uploaded.photo.name["hash"].clone()).unwrap();
            let in_cloud = self.shop.cloud.staged_photo(command_id, hash);
            assert!(in_cloud == uploaded.photo.bytes, "{path}");
        }
    }
}
