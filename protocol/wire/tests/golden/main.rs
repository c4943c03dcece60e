//! The encodings of this protocol version, byte for byte. Logs, receipts and peers rely on them, so
//! a difference breaks compatibility. Never update a vector to fit.
//!
//! `HOLDFAST_GOLDEN=write` only adds vectors that the file lacks.

#![allow(clippy::unwrap_used)]

mod frames;
mod messages;
mod photos;
mod samples;
mod words;

use std::collections::BTreeMap;

use frames::*;
use messages::frames_of_message_photos;
use photos::*;
use samples::*;
use serde::Serialize;
use wire::*;
use words::words;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/v1.json");

/// The name of each encoding, with its bytes in hexadecimal or its JSON.
#[derive(Default)]
struct Vectors(BTreeMap<String, String>);

impl Vectors {
    fn collect_all() -> BTreeMap<String, String> {
        let mut vectors = Self::default();
        vectors.add_commands();
        vectors.add_ops();
        vectors.add_frames();
        vectors.add_rare_frames();
        vectors.add_receipts();
        vectors.add_snapshots();
        vectors.add_assignments();
        vectors.add_signed_texts();
        vectors.add_losses();
        vectors.add_batch_ops();
        vectors.add_orders();
        vectors.0
    }

    fn add_text(&mut self, name: &str, text: impl ToString) {
        self.0.insert(name.to_owned(), text.to_string());
    }

    fn add_bytes(&mut self, name: &str, bytes: &[u8]) {
        self.add_text(name, hex::encode(bytes));
    }

    fn add_cbor(&mut self, name: &str, value: &impl minicbor::Encode<()>) {
        self.add_bytes(name, &minicbor::to_vec(value).unwrap());
    }

    fn add_json(&mut self, name: &str, value: impl Serialize) {
        self.add_text(name, serde_json::to_value(value).unwrap());
    }

    fn add_op(&mut self, name: &str, op: &Op) {
        let bytes = op.to_bytes();
        assert_eq!(Op::from_bytes(&bytes).unwrap(), *op, "{name} reads back");
        self.add_bytes(name, &bytes);
    }

    fn add_frame(&mut self, name: &str, frame: &Frame) {
        let bytes = frame.to_bytes();
        assert_eq!(
            Frame::from_bytes(&bytes).unwrap(),
            *frame,
            "{name} reads back"
        );
        self.add_bytes(name, &bytes);
    }

    fn add_commands(&mut self) {
        for body in bodies() {
            self.add_text(&format!("command_hash/{}", body.name()), body.hash());
            self.add_json(&format!("command_json/{}", body.name()), &body);
        }
        let with_code = start_with_code();
        self.add_text("command_hash/start_order with code", with_code.hash());
        self.add_json("command_json/start_order with code", &with_code);
        let proven = complete_with_evidence();
        self.add_text("command_hash/complete_order with evidence", proven.hash());
        self.add_json("command_json/complete_order with evidence", &proven);
        self.add_bytes(
            "command/complete_order with evidence",
            &minicbor::to_vec(&proven).unwrap(),
        );
        for (name, body) in [
            ("publish_order with photos", publish_with_photos()),
            ("start_order with photo", start_with_photo()),
            ("complete_order with photos", complete_with_photos()),
            ("send_message with photo", message_with_photo()),
            ("report_incident of more work", report_of_more_work()),
            ("answer_incident that declines", answer_to_more_work()),
        ] {
            self.add_text(&format!("command_hash/{name}"), body.hash());
            self.add_json(&format!("command_json/{name}"), &body);
            self.add_bytes(
                &format!("command/{name}"),
                &minicbor::to_vec(&body).unwrap(),
            );
        }
    }

    fn add_ops(&mut self) {
        let mut chain = ChainHead::start(&edge());
        for (name, op) in ops() {
            self.add_op(&format!("op/{name}"), &op);
            chain = chain.append_op(&op.to_bytes());
            self.add_text(&format!("chain/{name}"), chain.hash);
        }
        let renewed = ChainHead::start_renewed_epoch(&edge(), 2, 3, chain.hash);
        self.add_text("chain/renewed", renewed.hash);
        self.add_op("op/relogged", &relogged());
        self.add_op("op/firm", &firm());
        self.add_op("op/cut off", &cut_off());
        for (name, bytes) in words() {
            self.add_bytes(&format!("word/{name}"), &bytes);
        }
    }

    fn add_frames(&mut self) {
        for frame in frames() {
            self.add_frame(&format!("frame/{}", frame.kind()), &frame);
        }
    }

    /// Frames with fields that are seldom set.
    fn add_rare_frames(&mut self) {
        let rare = with_an_image()
            .into_iter()
            .chain(with_packed_ops())
            .chain(with_what_few_say())
            .chain(certificate_refusals())
            .chain(of_photos())
            .chain(frames_of_message_photos());
        for (name, frame) in rare {
            self.add_frame(name, &frame);
        }
        for frame in frames() {
            match frame {
                Frame::Hello(hello) => self.add_suspect_hello(hello),
                Frame::Welcome(welcome) => self.add_photos_welcome(welcome),
                Frame::Quarantine(quarantine) => self.add_partial_quarantine(quarantine),
                Frame::Ack(ack) => self.add_acks_of_troubled_edges(ack),
                _ => {}
            }
        }
        for (name, change) in changes_about_people() {
            self.add_cbor(name, &change);
        }
    }

    fn add_suspect_hello(&mut self, hello: Hello) {
        let settled = Some(ChainHead {
            seq: 40,
            hash: Hash::digest_bytes(b"40"),
        });
        let suspect = Frame::Hello(Hello {
            suspect: true,
            settled,
            twin: Some(true),
            ..hello
        });
        self.add_frame("hello/suspect", &suspect);
    }

    fn add_photos_welcome(&mut self, welcome: Welcome) {
        let photos = Some(true);
        self.add_frame(
            "welcome/photos",
            &Frame::Welcome(Welcome { photos, ..welcome }),
        );
    }

    fn add_partial_quarantine(&mut self, quarantine: Quarantine) {
        let part = Some(TailPart {
            index: 1,
            epoch: 1,
            first_seq: 41,
            first_hash: Hash::digest_bytes(b"41"),
            more: true,
        });
        let tail = Frame::Quarantine(Quarantine { part, ..quarantine });
        self.add_frame("quarantine/part", &tail);
    }

    fn add_acks_of_troubled_edges(&mut self, ack: Ack) {
        let wrong_clock = Frame::Ack(Ack {
            clock_error_ms: Some(-8_000),
            ..ack.clone()
        });
        self.add_frame("ack/wrong clock", &wrong_clock);
        let newcomers = Frame::Ack(Ack {
            newcomers_waiting: Some(3),
            ..ack.clone()
        });
        self.add_frame("ack/newcomers", &newcomers);
        let full = Frame::Ack(Ack {
            disk: Some(DiskUse {
                level: DiskLevel::Shed,
                used_percent: 91,
            }),
            photos_waiting: Some(7),
            ..ack
        });
        self.add_frame("ack/full disk", &full);
    }

    fn add_receipts(&mut self) {
        let receipt = Receipt {
            edge: edge(),
            epoch: 1,
            seq: 42,
            hash: Hash::digest_bytes(b"42"),
            command_id: CommandId(id(9)),
            verdict: Verdict::Provisional,
            fence: None,
            sig: "ignored".into(),
            user_id: None,
            body: None,
        };
        self.add_bytes("receipt/signed", &receipt.signed_bytes());
        let named = Receipt {
            user_id: Some(UserId(id(3))),
            ..receipt
        };
        self.add_bytes("receipt/signed with person", &named.signed_bytes());
        let whole = Receipt {
            body: Some(Hash::digest_bytes(b"body")),
            ..named
        };
        self.add_bytes("receipt/signed with person and body", &whole.signed_bytes());
    }

    fn add_snapshots(&mut self) {
        let next = Some(SnapshotCursor {
            kind: 0,
            entity: [7; 16],
        });
        let part = SnapshotPart {
            changes: vec![FeedChange::Assignment(assignment())],
            next,
        };
        let bytes = part.to_bytes();
        assert_eq!(
            SnapshotPart::from_bytes(&bytes).unwrap(),
            part,
            "it reads back"
        );
        self.add_bytes("snapshot/part", &bytes);
        let start = snapshot_start(link_session(), 1, 22);
        self.add_text("snapshot/hash", snapshot_hash(start, b"chunk"));
    }

    fn add_assignments(&mut self) {
        self.add_assignment("", assignment());
        self.add_assignment(" paid afterwards", assignment_paid_afterwards());
        self.add_assignment(" in good standing", assignment_in_good_standing());
    }

    fn add_assignment(&mut self, variant: &str, assignment: RegionAssignment) {
        let down = Frame::Down(ChangesFrame {
            link_session: link_session(),
            from: 22,
            to: 23,
            changes: vec![FeedChange::Assignment(assignment.clone())],
        });
        self.add_frame(&format!("change/assignment{variant}"), &down);
        let event = AssignmentEvent {
            region: Region::North,
            assignment,
        };
        self.add_json(&format!("event/region_assigned{variant}"), event);
    }

    fn add_signed_texts(&mut self) {
        let seal = SealPayload {
            edge: &edge(),
            challenge: Challenge([0x33; 32]),
            nonce: HubNonce([0x22; 16]),
            number: 7,
            frame: &[0x82, 0x18, 0x19, 0xa0],
        };
        self.add_bytes("sealed/signed", &seal.signed_bytes());
        let enrolment = enrolment_bytes(&edge(), Region::North, &[0x44; 32], "{\"keys\":[]}");
        self.add_bytes("enrolment/signed", &enrolment);
        let at = UnixMillis(1_764_000_000_000);
        self.add_bytes("hub time/signed", &hub_time_bytes(&edge(), "a.b.c", at));
        let former = former_keys_bytes(&edge(), &[0x44; 32], &[[0x66; 32], [0x77; 32]]);
        self.add_bytes("enrolment/former_keys", &former);
        let code = enrolment_code([0x55; 15], &HubKey([0x11; 32]));
        self.add_text("enrolment/code", code);
    }

    fn add_losses(&mut self) {
        let end = FenceEnd {
            at: UnixMillis(1_764_000_000_009),
            how: FenceEnding::TakenBack,
            by: Some(UserId(id(7))),
            why: Some("the node is lost".into()),
        };
        let taken_back = Lost {
            taken_back: Some(end),
            ..outcome().lost.unwrap()
        };
        self.add_cbor("lost/taken_back", &taken_back);
        let by_rule = Lost {
            race_rule: Some(RaceRule::FirstInLog),
            status: Some(OrderStatus::Accepted),
            promise_ended: Some(FenceEnding::TakenBack),
            ..taken_back
        };
        self.add_cbor("lost/rule", &by_rule);
    }

    fn add_batch_ops(&mut self) {
        self.add_json("batch/command", batch_op());
        let mut relogged = batch_op();
        if let BatchBody::Command { evidence, .. } = &mut relogged.body {
            evidence.relogged = Some(FirstAnswer {
                edge: edge(),
                epoch: 1,
                verdict: Verdict::Firm,
                fence: Some(5),
                why: None,
            });
        }
        self.add_json("batch/relogged", relogged);
        let mut linked = batch_op();
        if let BatchBody::Command { evidence, .. } = &mut linked.body {
            evidence.cut_off = Some(false);
        }
        self.add_json("batch/linked", linked);
    }

    fn add_orders(&mut self) {
        let digest = open_digest([(OrderId(id(1)), 3), (OrderId(id(4)), 1)]);
        self.add_text("open_digest", digest);
        self.add_json("order/json", order());
        self.add_text("order/digest", order().compute_digest());
        self.add_json("order/with start code", order_with_start_code());
        self.add_text(
            "order/digest with start code",
            order_with_start_code().compute_digest(),
        );
        self.add_json("order/offered", offered_order());
        self.add_text("order/digest offered", offered_order().compute_digest());
        self.add_json("order/offered to you", order_offered_to_you());
        self.add_json("outcome/json", outcome());
    }
}

fn batch_op() -> BatchOp {
    BatchOp {
        seq: 42,
        hash: Hash::digest_bytes(b"42"),
        body: batch_body(),
    }
}

#[test]
fn encodings_are_those_of_the_golden_file() {
    let now = Vectors::collect_all();
    let text = std::fs::read_to_string(FILE).unwrap_or_else(|_| "{}".into());
    let mut golden: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
    for (name, expected) in &golden {
        assert_eq!(
            now.get(name),
            Some(expected),
            "the encoding of {name} has changed"
        );
    }
    if std::env::var_os("HOLDFAST_GOLDEN").is_some_and(|wish| wish == "write") {
        golden.extend(now);
        std::fs::write(FILE, serde_json::to_string_pretty(&golden).unwrap() + "\n").unwrap();
        return;
    }
    let missing: Vec<_> = now
        .keys()
        .filter(|name| !golden.contains_key(*name))
        .collect();
    assert!(
        missing.is_empty(),
        "not in the golden file, run `cargo xtask golden`: {missing:?}"
    );
}

#[test]
fn every_kind_of_frame_has_a_golden_vector() {
    let mut kinds: Vec<_> = frames().iter().map(Frame::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 22);
}
