//! A job whose photos a tablet uploads until its edge has all of them.

use std::net::SocketAddr;

use process::client::Client;
use support::files::name_photo;
use wire::{Code, CommandBody, CommandId, Hash, OrderId};

use super::{PhotoTablet, START, have_of};
use crate::world::id;

/// A started job with its pictures, as its tablet keeps it until the cloud has them.
pub(super) struct Job {
    pub order: u128,
    pub command: u128,
    pub pictures: Vec<Vec<u8>>,
}

/// A picture at a job, as the cloud stages it.
pub(super) type PhotoKey = (CommandId, Hash);

/// Why an upload ended before all photos were at the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UploadEnd {
    Disconnected,
    /// The person reads this code.
    Refused(Code),
}

impl Job {
    pub(super) fn new(order: u128, pictures: Vec<Vec<u8>>) -> Self {
        Self {
            order,
            command: START + order,
            pictures,
        }
    }

    pub(super) fn start_order(&self) -> CommandBody {
        let photos = self.pictures.iter().map(|picture| name_photo(picture));
        CommandBody::StartOrder {
            order_id: OrderId(id(self.order)),
            start_code: None,
            photos: photos.collect(),
        }
    }

    pub(super) fn tablets(&self, http: SocketAddr, token: &str) -> Vec<PhotoTablet> {
        // One connection for all of them: it breaks after a number of bytes.
        let client = Client::new();
        let tablet = |picture: &Vec<u8>| PhotoTablet {
            client: client.clone(),
            ..PhotoTablet::of_command(self.command, http, token, picture.clone())
        };
        self.pictures.iter().map(tablet).collect()
    }

    pub(super) fn name(&self, picture: &[u8]) -> PhotoKey {
        (CommandId(id(self.command)), name_photo(picture).hash)
    }

    /// Uploads what the edge lacks. `keep` gets the bytes of each photo that it confirms.
    pub(super) async fn upload_all(
        &self,
        tablets: &[PhotoTablet],
        mut keep: impl FnMut(PhotoKey, usize),
    ) -> Result<(), UploadEnd> {
        for tablet in tablets {
            let mut answer = tablet.find_standing().await;
            let mut sent_from = None;
            loop {
                match answer.ok_or(UploadEnd::Disconnected)? {
                    Ok(standing) => {
                        let have = have_of(&standing);
                        keep(self.name(&tablet.picture), have);
                        if standing["state"] == "stored" {
                            break;
                        }
                        assert!(sent_from < Some(have), "no progress: {standing}");
                        sent_from = Some(have);
                        answer = tablet.send_next_part(have).await;
                    }
                    // The restored edge has never heard of the command.
                    Err(Code::PhotoNotNamed) => {
                        let start = self.start_order();
                        let sending = tablet.send_command(self.command, &start);
                        let reply = sending.await.ok_or(UploadEnd::Disconnected)?;
                        if reply["verdict"] == "not_taken" {
                            let code = serde_json::from_value(reply["code"].clone());
                            return Err(UploadEnd::Refused(code.unwrap()));
                        }
                        answer = tablet.find_standing().await;
                    }
                    Err(code) => return Err(UploadEnd::Refused(code)),
                }
            }
        }
        Ok(())
    }
}
