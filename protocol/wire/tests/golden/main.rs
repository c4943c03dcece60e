//! The encodings of this protocol version, byte for byte. Logs, receipts and peers rely on them, so
//! a difference breaks compatibility. Never update a vector to fit.
//!
//! `HOLDFAST_GOLDEN=write` only adds vectors that the file lacks.

#![allow(clippy::unwrap_used, clippy::too_many_lines)]

mod frames;
mod samples;
mod words;

use std::collections::BTreeMap;

use frames::*;
use samples::*;
use wire::*;
use words::words;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/v1.json");

/// The name of each encoding, with its bytes in hexadecimal or its JSON.
fn vectors() -> BTreeMap<String, String> {
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let json = |value: serde_json::Value| value.to_string();
    let mut vectors = BTreeMap::new();
    for body in bodies() {
        vectors.insert(
            format!("command_hash/{}", body.name()),
            body.hash().to_string(),
        );
        vectors.insert(
            format!("command_json/{}", body.name()),
            json(serde_json::to_value(&body).unwrap()),
        );
    }
    let mut chain = ChainHead::start(&edge());
    for (name, op) in ops() {
        let bytes = op.to_bytes();
        assert_eq!(Op::from_bytes(&bytes).unwrap(), op, "{name} reads back");
        chain = chain.append_op(&bytes);
        vectors.insert(format!("op/{name}"), hex(&bytes));
        vectors.insert(format!("chain/{name}"), chain.hash.to_string());
    }
    vectors.insert(
        "chain/renewed".into(),
        ChainHead::start_renewed_epoch(&edge(), 2, 3, chain.hash)
            .hash
            .to_string(),
    );
    for frame in frames() {
        let bytes = frame.to_bytes();
        assert_eq!(
            Frame::from_bytes(&bytes).unwrap(),
            frame,
            "{} reads back",
            frame.kind()
        );
        vectors.insert(format!("frame/{}", frame.kind()), hex(&bytes));
    }
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
    vectors.insert("receipt/signed".into(), hex(&receipt.signed_bytes()));
    let named = Receipt {
        user_id: Some(UserId(id(3))),
        ..receipt
    };
    vectors.insert(
        "receipt/signed with person".into(),
        hex(&named.signed_bytes()),
    );
    let whole = Receipt {
        body: Some(Hash::digest_bytes(b"body")),
        ..named
    };
    vectors.insert(
        "receipt/signed with person and body".into(),
        hex(&whole.signed_bytes()),
    );
    let down = Frame::Down(ChangesFrame {
        standing: standing(),
        from: 22,
        to: 23,
        changes: vec![FeedChange::Assignment(assignment())],
    });
    assert_eq!(
        Frame::from_bytes(&down.to_bytes()).unwrap(),
        down,
        "an assignment reads back"
    );
    assert_eq!(
        Op::from_bytes(&relogged().to_bytes()).unwrap(),
        relogged(),
        "it reads back"
    );
    vectors.insert("op/relogged".into(), hex(&relogged().to_bytes()));
    let settled = Some(ChainHead {
        seq: 40,
        hash: Hash::digest_bytes(b"40"),
    });
    let suspect = frames().into_iter().find_map(|frame| match frame {
        Frame::Hello(hello) => Some(Hello {
            suspect: true,
            settled,
            twin: Some(true),
            ..hello
        }),
        _ => None,
    });
    let suspect = Frame::Hello(suspect.unwrap());
    assert_eq!(
        Frame::from_bytes(&suspect.to_bytes()).unwrap(),
        suspect,
        "it reads back"
    );
    vectors.insert("hello/suspect".into(), hex(&suspect.to_bytes()));
    let part = Some(TailPart {
        index: 1,
        epoch: 1,
        first_seq: 41,
        first_hash: Hash::digest_bytes(b"41"),
        more: true,
    });
    let tail = frames().into_iter().find_map(|frame| match frame {
        Frame::Quarantine(frame) => Some(Quarantine { part, ..frame }),
        _ => None,
    });
    let tail = Frame::Quarantine(tail.unwrap());
    assert_eq!(
        Frame::from_bytes(&tail.to_bytes()).unwrap(),
        tail,
        "it reads back"
    );
    vectors.insert("quarantine/part".into(), hex(&tail.to_bytes()));
    assert_eq!(
        Op::from_bytes(&firm().to_bytes()).unwrap(),
        firm(),
        "it reads back"
    );
    vectors.insert("op/firm".into(), hex(&firm().to_bytes()));
    assert_eq!(
        Op::from_bytes(&cut_off().to_bytes()).unwrap(),
        cut_off(),
        "it reads back"
    );
    vectors.insert("op/cut off".into(), hex(&cut_off().to_bytes()));
    vectors.extend(
        words()
            .into_iter()
            .map(|(name, bytes)| (format!("word/{name}"), hex(&bytes))),
    );
    let seldom = with_an_image()
        .into_iter()
        .chain(with_packed_ops())
        .chain(with_what_few_say());
    for (name, frame) in seldom {
        assert_eq!(
            Frame::from_bytes(&frame.to_bytes()).unwrap(),
            frame,
            "it reads back"
        );
        vectors.insert(name.into(), hex(&frame.to_bytes()));
    }
    let acks = frames().into_iter().filter_map(|frame| match frame {
        Frame::Ack(ack) => Some(ack),
        _ => None,
    });
    for ack in acks {
        let wrong_clock = Ack {
            clock_error_ms: Some(-8_000),
            ..ack.clone()
        };
        let newcomers = Ack {
            newcomers_waiting: Some(3),
            ..ack
        };
        for (name, ack) in [("wrong clock", wrong_clock), ("newcomers", newcomers)] {
            let frame = Frame::Ack(ack);
            assert_eq!(
                Frame::from_bytes(&frame.to_bytes()).unwrap(),
                frame,
                "it reads back"
            );
            vectors.insert(format!("ack/{name}"), hex(&frame.to_bytes()));
        }
    }
    let next = Some(SnapshotCursor {
        kind: 0,
        entity: [7; 16],
    });
    let part = SnapshotPart {
        changes: vec![FeedChange::Assignment(assignment())],
        next,
    };
    assert_eq!(
        SnapshotPart::from_bytes(&part.to_bytes()).unwrap(),
        part,
        "it reads back"
    );
    vectors.insert("snapshot/part".into(), hex(&part.to_bytes()));
    for (name, change) in changes_about_people() {
        vectors.insert(name.into(), hex(&minicbor::to_vec(&change).unwrap()));
    }
    let start = snapshot_start(standing(), 1, 22);
    vectors.insert(
        "snapshot/hash".into(),
        snapshot_hash(start, b"chunk").to_string(),
    );
    vectors.insert("change/assignment".into(), hex(&down.to_bytes()));
    let told = AssignmentEvent {
        region: Region::North,
        assignment: assignment(),
    };
    vectors.insert(
        "event/region_assigned".into(),
        json(serde_json::to_value(told).unwrap()),
    );
    let told = AssignmentEvent {
        region: Region::North,
        assignment: assignment_paid_afterwards(),
    };
    vectors.insert(
        "event/region_assigned paid afterwards".into(),
        json(serde_json::to_value(told).unwrap()),
    );
    let afterwards = Frame::Down(ChangesFrame {
        standing: standing(),
        from: 22,
        to: 23,
        changes: vec![FeedChange::Assignment(assignment_paid_afterwards())],
    });
    vectors.insert(
        "change/assignment paid afterwards".into(),
        hex(&afterwards.to_bytes()),
    );
    let assignment = assignment_in_good_standing();
    let wider = Frame::Down(ChangesFrame {
        standing: standing(),
        from: 22,
        to: 23,
        changes: vec![FeedChange::Assignment(assignment.clone())],
    });
    assert_eq!(
        Frame::from_bytes(&wider.to_bytes()).unwrap(),
        wider,
        "it reads back"
    );
    vectors.insert(
        "change/assignment in good standing".into(),
        hex(&wider.to_bytes()),
    );
    let told = AssignmentEvent {
        region: Region::North,
        assignment,
    };
    let told = json(serde_json::to_value(told).unwrap());
    vectors.insert("event/region_assigned in good standing".into(), told);
    let seal = SealPayload {
        edge: &edge(),
        challenge: Challenge([0x33; 32]),
        nonce: HubNonce([0x22; 16]),
        number: 7,
        frame: &[0x82, 0x18, 0x19, 0xa0],
    };
    vectors.insert("sealed/signed".into(), hex(&seal.signed_bytes()));
    let enrolment = enrolment_bytes(&edge(), Region::North, &[0x44; 32], "{\"keys\":[]}");
    vectors.insert("enrolment/signed".into(), hex(&enrolment));
    let at = UnixMillis(1_764_000_000_000);
    vectors.insert(
        "hub time/signed".into(),
        hex(&hub_time_bytes(&edge(), "a.b.c", at)),
    );
    let former = former_keys_bytes(&edge(), &[0x44; 32], &[[0x66; 32], [0x77; 32]]);
    vectors.insert("enrolment/former_keys".into(), hex(&former));
    vectors.insert(
        "enrolment/code".into(),
        enrolment_code([0x55; 15], &HubKey([0x11; 32])),
    );
    let digest = open_digest([(OrderId(id(1)), 3), (OrderId(id(4)), 1)]);
    vectors.insert("open_digest".into(), digest.to_string());
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
    vectors.insert(
        "lost/taken_back".into(),
        hex(&minicbor::to_vec(&taken_back).unwrap()),
    );
    let race_rule = Some(RaceRule::FirstInLog);
    let status = Some(OrderStatus::Accepted);
    let promise_ended = Some(FenceEnding::TakenBack);
    let by_rule = Lost {
        race_rule,
        status,
        promise_ended,
        ..taken_back
    };
    vectors.insert(
        "lost/rule".into(),
        hex(&minicbor::to_vec(&by_rule).unwrap()),
    );
    let revoked = BatchOp {
        seq: 42,
        hash: Hash::digest_bytes(b"42"),
        body: batch_body(),
    };
    vectors.insert(
        "batch/command".into(),
        json(serde_json::to_value(revoked).unwrap()),
    );
    let mut anew = BatchOp {
        seq: 42,
        hash: Hash::digest_bytes(b"42"),
        body: batch_body(),
    };
    if let BatchBody::Command { evidence, .. } = &mut anew.body {
        let verdict = Verdict::Firm;
        let fence = Some(5);
        evidence.relogged = Some(FirstAnswer {
            edge: edge(),
            epoch: 1,
            verdict,
            fence,
            why: None,
        });
    }
    vectors.insert(
        "batch/relogged".into(),
        json(serde_json::to_value(anew).unwrap()),
    );
    let mut linked = BatchOp {
        seq: 42,
        hash: Hash::digest_bytes(b"42"),
        body: batch_body(),
    };
    if let BatchBody::Command { evidence, .. } = &mut linked.body {
        evidence.cut_off = Some(false);
    }
    vectors.insert(
        "batch/linked".into(),
        json(serde_json::to_value(linked).unwrap()),
    );
    vectors.insert(
        "order/json".into(),
        json(serde_json::to_value(order()).unwrap()),
    );
    vectors.insert("order/digest".into(), order().compute_digest().to_string());
    vectors.insert(
        "outcome/json".into(),
        json(serde_json::to_value(outcome()).unwrap()),
    );
    vectors
}

#[test]
fn encodings_are_those_of_the_golden_file() {
    let now = vectors();
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
    assert_eq!(kinds.len(), 16);
}
