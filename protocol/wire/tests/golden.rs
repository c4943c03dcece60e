//! The encodings of this protocol version, byte for byte. Logs, receipts and peers of other versions
//! rely on them, so a difference here is a break of compatibility and not a test to be updated.
//!
//! `HOLDFAST_GOLDEN=write` adds vectors that do not stand in the file yet; it never changes one.

#![allow(clippy::unwrap_used, clippy::too_many_lines)]

use std::collections::BTreeMap;

use minicbor::bytes::ByteVec;
use uuid::Uuid;
use wire::*;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/v1.json");

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0192_f5d4_0000_7000_8000_0000_0000_0000 + n)
}

fn edge() -> EdgeId {
    EdgeId::new("north-1").unwrap()
}

fn standing() -> Standing {
    Standing { term: 7, nonce: BootNonce([0xab; 16]) }
}

fn draft() -> Draft {
    Draft {
        title: "Leaking tap 水龙头漏水".into(),
        description: String::new(),
        service_type: ServiceType::CleaningRepair,
        price: "200.00".parse().unwrap(),
        currency: Currency::Cny,
        location: Region::North,
        address: "1 Harbour Road".into(),
        service_start_time: Some(UnixMillis(1_764_000_000_000)),
        service_end_time: None,
    }
}

fn order() -> Order {
    let (at, source) = (UnixMillis(1_764_000_000_001), Source::Edge(edge()));
    Order {
        provider_id: Some(UserId(id(3))),
        status: OrderStatus::Accepted,
        version: 3,
        updated_at: UnixMillis(1_764_000_000_002),
        ..Order::published(OrderId(id(1)), draft(), UserId(id(2)), at, source)
    }
}

fn bodies() -> Vec<CommandBody> {
    let order_id = OrderId(id(1));
    vec![
        CommandBody::PublishOrder { order_id, order: draft() },
        CommandBody::ApproveOrder { order_id },
        CommandBody::RejectOrder { order_id, reason: "no address".into() },
        CommandBody::AcceptOrder { order_id },
        CommandBody::WithdrawAcceptance { order_id, reason: None },
        CommandBody::StartOrder { order_id },
        CommandBody::CompleteOrder { order_id },
        CommandBody::CancelOrder { order_id, reason: Some("found another".into()) },
        CommandBody::SubmitReview { order_id, rating: 5, comment: "好".into() },
    ]
}

fn command() -> Command {
    Command {
        id: CommandId(id(9)),
        body: CommandBody::AcceptOrder { order_id: OrderId(id(1)) },
        device: Some(DeviceId::new("tablet-7").unwrap()),
        device_seq: Some(12),
        tapped_at: Some(UnixMillis(1_764_000_000_003)),
        trace: None,
    }
}

fn ops() -> Vec<(&'static str, Op)> {
    let command = CommandOp {
        command: command(),
        token_seq: 2,
        actor: Actor { user_id: UserId(id(3)), role: Role::Provider },
        verdict: Verdict::Provisional,
        fence: None,
        received_at: UnixMillis(1_764_000_000_004),
        policy_version: Some(1),
        rules_version: None,
        revocations_version: Some(4),
        relogged: None,
    };
    vec![
        ("boot", Op::Boot { nonce: BootNonce([0xab; 16]), at: UnixMillis(1_764_000_000_000) }),
        ("token", Op::Token { token: "aaa.bbb.ccc".into() }),
        ("command", Op::Command(command)),
        ("lease_released", Op::LeaseReleased { fence: 5 }),
    ]
}

fn relogged() -> Op {
    let relogged = Relogged {
        edge: edge(),
        epoch: 1,
        at: Chain { seq: 42, hash: Hash::of(b"42") },
        verdict: Verdict::Firm,
        fence: Some(5),
        why: QuarantineWhy::EdgeRestored,
    };
    match ops().into_iter().nth(2).unwrap().1 {
        Op::Command(op) => Op::Command(CommandOp { relogged: Some(relogged), ..op }),
        other => other,
    }
}

fn outcome() -> Outcome {
    let lost = Lost {
        winner_decided_at: Some(UnixMillis(1_764_000_000_005)),
        winner_source: Some(Source::Portal),
        tapped_at: Some(UnixMillis(1_764_000_000_003)),
        edge_at: Some(UnixMillis(1_764_000_000_004)),
        nearby: vec![NearbyJob {
            order_id: OrderId(id(4)),
            code: OrderCode::of(Region::North, OrderId(id(4))),
            title: "Paint a fence".into(),
            price: "80.50".parse().unwrap(),
            currency: Currency::Cny,
        }],
        taken_back: None,
    };
    Outcome {
        lost: Some(lost),
        ..Outcome::rejected(
            Code::OrderAlreadyAccepted,
            Some(order()),
            UnixMillis(1_764_000_000_006),
        )
    }
}

fn frames() -> Vec<Frame> {
    let nonce = BootNonce([0xab; 16]);
    let limits = Limits {
        batch_ops_max: 5000,
        batch_bytes_max: 1 << 20,
        credit_ops: 10_000,
        credit_bytes: 1 << 22,
    };
    vec![
        Frame::Hello(Hello {
            protocol_min: 1,
            protocol_max: 1,
            edge: edge(),
            region: Region::North,
            epoch: 1,
            nonce,
            last_seq: 42,
            last_hash: Hash::of(b"42"),
            suspect: false,
            feed_generation: 1,
            feed_cursor: 17,
            outcome_cursor: 40,
            codec: 0,
            version: "0.1.0".into(),
            settled: None,
            twin: None,
            snapshots: None,
            staged: None,
        }),
        Frame::Welcome(Welcome {
            protocol: 1,
            standing: standing(),
            cursor: 40,
            cursor_hash: Hash::of(b"40"),
            feed_generation: 1,
            limits,
            cloud_now: UnixMillis(1_764_000_000_007),
            snapshot: None,
        }),
        Frame::Up(Up {
            standing: standing(),
            epoch: 1,
            first_seq: 41,
            prev_hash: Hash::of(b"40"),
            hash: Hash::of(b"42"),
            ops: vec![ByteVec::from(vec![1, 2]), ByteVec::from(vec![3])],
        }),
        Frame::Outcomes(OutcomesFrame {
            standing: standing(),
            epoch: 1,
            from: 40,
            to: 41,
            outcomes: vec![NumberedOutcome {
                number: 41,
                seq: 41,
                command_id: Some(CommandId(id(9))),
                outcome: outcome(),
            }],
        }),
        Frame::Down(Down {
            standing: standing(),
            from: 17,
            to: 22,
            changes: vec![
                Change::Order(order()),
                Change::OrderGone { order_id: OrderId(id(1)), version: 4 },
                Change::Keys { version: 2, jwks: "{\"keys\":[]}".into() },
                Change::Policy { version: 3, policy: Policy::Exclusive },
                Change::Revoked {
                    version: 4,
                    sessions: vec![SessionId(id(5))],
                    users: vec![UserId(id(6))],
                },
            ],
        }),
        Frame::Ack(Ack {
            standing: standing(),
            outcome_cursor: 41,
            feed_cursor: 22,
            digest: Hash::of(b"view"),
            ahead: 1,
            pending: 2,
            oldest_pending_at: Some(UnixMillis(1_764_000_000_004)),
            edge_now: UnixMillis(1_764_000_000_008),
            disk_free_bytes: Some(1 << 30),
            last_seq: 42,
            staged: None,
            snapshot: None,
            unproven: None,
            assignment: None,
        }),
        Frame::Credit(Credit {
            standing: standing(),
            cursor: 42,
            ops: 100,
            bytes: 1000,
            feed_seq: None,
        }),
        Frame::Ask(Ask {
            standing: standing(),
            command: command(),
            token: "aaa.bbb.ccc".into(),
            actor: Actor { user_id: UserId(id(3)), role: Role::Provider },
            taken_at: UnixMillis(1_764_000_000_002),
        }),
        Frame::Snapshot(SnapshotChunk {
            standing: standing(),
            feed_generation: 1,
            feed_seq: 22,
            index: 0,
            count: 2,
            hash: Hash::of(b"chunk"),
            body: ByteVec::from(b"chunk".to_vec()),
        }),
        Frame::Quarantine(Quarantine {
            old_epoch: 1,
            old_nonce: nonce,
            new_epoch: 2,
            grant: 3,
            last_accepted: Hash::of(b"40"),
            why: QuarantineWhy::EdgeRestored,
            tail: vec![ByteVec::from(vec![9])],
            part: None,
        }),
        Frame::Resend(Resend { standing: standing(), from: 41 }),
        Frame::Refused(Refused { code: Code::GateClosed, detail: "NORTH".into() }),
        Frame::Held(HeldNotice { standing: standing(), seq: 42, reason: HeldReason::Region }),
        Frame::Probe(Probe { standing: standing(), number: 7 }),
        Frame::Alive(Alive { standing: standing(), number: 7 }),
    ]
}

fn assignment() -> RegionAssignment {
    RegionAssignment {
        policy_version: 3,
        policy: Policy::Exclusive,
        holder: Some(edge()),
        epoch: 1,
        fence: 5,
        release_asked: false,
        digest: Some(Hash::of(b"open")),
        rules_version: 2,
        rules: OfflineRules {
            unpaid_start: true,
            approval: Some(ApprovalRule {
                price_max: "300.00".parse().unwrap(),
                currency: Currency::Cny,
                service_types: vec![ServiceType::CleaningRepair, ServiceType::Other],
            }),
        },
    }
}

fn batch_body() -> BatchBody {
    BatchBody::Command {
        command: command(),
        actor: Some(Actor { user_id: UserId(id(3)), role: Role::Provider }),
        verdict: Verdict::Firm,
        fence: Some(5),
        received_at: UnixMillis(1_764_000_000_004),
        policy_version: Some(3),
        rules_version: Some(2),
        revocations_version: Some(4),
        revoked_version: Some(6),
        relogged: None,
    }
}

/// A name for each encoding, with its bytes in hexadecimal or its JSON.
fn vectors() -> BTreeMap<String, String> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let json = |value: serde_json::Value| value.to_string();
    let mut vectors = BTreeMap::new();
    for body in bodies() {
        vectors.insert(format!("command_hash/{}", body.name()), body.hash().to_string());
        vectors.insert(
            format!("command_json/{}", body.name()),
            json(serde_json::to_value(&body).unwrap()),
        );
    }
    let mut chain = Chain::start(&edge());
    for (name, op) in ops() {
        let bytes = op.to_bytes();
        assert_eq!(Op::from_bytes(&bytes).unwrap(), op, "{name} reads back");
        chain = chain.then(&bytes);
        vectors.insert(format!("op/{name}"), hex(&bytes));
        vectors.insert(format!("chain/{name}"), chain.hash.to_string());
    }
    vectors
        .insert("chain/renewed".into(), Chain::renewed(&edge(), 2, 3, chain.hash).hash.to_string());
    for frame in frames() {
        let bytes = frame.to_bytes();
        assert_eq!(Frame::from_bytes(&bytes).unwrap(), frame, "{} reads back", frame.kind());
        vectors.insert(format!("frame/{}", frame.kind()), hex(&bytes));
    }
    let receipt = Receipt {
        edge: edge(),
        epoch: 1,
        seq: 42,
        hash: Hash::of(b"42"),
        command_id: CommandId(id(9)),
        verdict: Verdict::Provisional,
        fence: None,
        sig: "ignored".into(),
        user_id: None,
    };
    vectors.insert("receipt/signed".into(), hex(&receipt.signed_bytes()));
    let named = Receipt { user_id: Some(UserId(id(3))), ..receipt };
    vectors.insert("receipt/signed with person".into(), hex(&named.signed_bytes()));
    let down = Frame::Down(Down {
        standing: standing(),
        from: 22,
        to: 23,
        changes: vec![Change::Assignment(assignment())],
    });
    assert_eq!(Frame::from_bytes(&down.to_bytes()).unwrap(), down, "an assignment reads back");
    assert_eq!(Op::from_bytes(&relogged().to_bytes()).unwrap(), relogged(), "it reads back");
    vectors.insert("op/relogged".into(), hex(&relogged().to_bytes()));
    let settled = Some(Chain { seq: 40, hash: Hash::of(b"40") });
    let suspect = frames().into_iter().find_map(|frame| match frame {
        Frame::Hello(hello) => Some(Hello { suspect: true, settled, twin: Some(true), ..hello }),
        _ => None,
    });
    let suspect = Frame::Hello(suspect.unwrap());
    assert_eq!(Frame::from_bytes(&suspect.to_bytes()).unwrap(), suspect, "it reads back");
    vectors.insert("hello/suspect".into(), hex(&suspect.to_bytes()));
    let part = Some(TailPart {
        index: 1,
        epoch: 1,
        first_seq: 41,
        first_hash: Hash::of(b"41"),
        more: true,
    });
    let tail = frames().into_iter().find_map(|frame| match frame {
        Frame::Quarantine(frame) => Some(Quarantine { part, ..frame }),
        _ => None,
    });
    let tail = Frame::Quarantine(tail.unwrap());
    assert_eq!(Frame::from_bytes(&tail.to_bytes()).unwrap(), tail, "it reads back");
    vectors.insert("quarantine/part".into(), hex(&tail.to_bytes()));
    for (name, frame) in with_an_image() {
        assert_eq!(Frame::from_bytes(&frame.to_bytes()).unwrap(), frame, "it reads back");
        vectors.insert(name.into(), hex(&frame.to_bytes()));
    }
    let next = Some(SnapshotPlace { kind: 0, entity: [7; 16] });
    let part = SnapshotPart { changes: vec![Change::Assignment(assignment())], next };
    assert_eq!(SnapshotPart::from_bytes(&part.to_bytes()).unwrap(), part, "it reads back");
    vectors.insert("snapshot/part".into(), hex(&part.to_bytes()));
    let start = snapshot_start(standing(), 1, 22);
    vectors.insert("snapshot/hash".into(), snapshot_hash(start, b"chunk").to_string());
    vectors.insert("change/assignment".into(), hex(&down.to_bytes()));
    let told = AssignmentEvent { region: Region::North, assignment: assignment() };
    vectors.insert("event/region_assigned".into(), json(serde_json::to_value(told).unwrap()));
    let digest = open_digest([(OrderId(id(1)), 3), (OrderId(id(4)), 1)]);
    vectors.insert("open_digest".into(), digest.to_string());
    let end = FenceEnd {
        at: UnixMillis(1_764_000_000_009),
        how: FenceEnding::TakenBack,
        by: Some(UserId(id(7))),
        why: Some("the node is lost".into()),
    };
    let taken_back = Lost { taken_back: Some(end), ..outcome().lost.unwrap() };
    vectors.insert("lost/taken_back".into(), hex(&minicbor::to_vec(&taken_back).unwrap()));
    let revoked = BatchOp { seq: 42, hash: Hash::of(b"42"), body: batch_body() };
    vectors.insert("batch/command".into(), json(serde_json::to_value(revoked).unwrap()));
    let mut anew = BatchOp { seq: 42, hash: Hash::of(b"42"), body: batch_body() };
    if let BatchBody::Command { relogged, .. } = &mut anew.body {
        let (verdict, fence) = (Verdict::Firm, Some(5));
        *relogged = Some(FirstAnswer { edge: edge(), epoch: 1, verdict, fence });
    }
    vectors.insert("batch/relogged".into(), json(serde_json::to_value(anew).unwrap()));
    vectors.insert("order/json".into(), json(serde_json::to_value(order()).unwrap()));
    vectors.insert("order/digest".into(), order().digest().to_string());
    vectors.insert("outcome/json".into(), json(serde_json::to_value(outcome()).unwrap()));
    vectors
}

/// The frames with what they say of an image.
fn with_an_image() -> Vec<(&'static str, Frame)> {
    let staged = Some(Staged {
        feed_generation: 1,
        feed_seq: 22,
        chunks: 3,
        hash: Hash::of(b"chunk"),
        next: SnapshotPlace { kind: 0, entity: [7; 16] },
    });
    let with = |frame| match frame {
        Frame::Hello(hello) => {
            let (snapshots, staged) = (Some(true), staged.clone());
            Some(("hello/staged", Frame::Hello(Hello { snapshots, staged, ..hello })))
        }
        Frame::Welcome(welcome) => {
            let snapshot = Some(22);
            Some(("welcome/snapshot", Frame::Welcome(Welcome { snapshot, ..welcome })))
        }
        Frame::Ack(ack) => {
            let (staged, snapshot) = (staged.clone(), Some(Hash::of(b"last")));
            let (unproven, assignment) = (Some(4), Some(assignment().digest()));
            let ack = Ack { staged, snapshot, unproven, assignment, ..ack };
            Some(("ack/staged", Frame::Ack(ack)))
        }
        _ => None,
    };
    frames().into_iter().filter_map(with).collect()
}

#[test]
fn encodings_are_those_of_the_golden_file() {
    let now = vectors();
    let text = std::fs::read_to_string(FILE).unwrap_or_else(|_| "{}".into());
    let mut golden: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
    for (name, expected) in &golden {
        assert_eq!(now.get(name), Some(expected), "the encoding of {name} has changed");
    }
    if std::env::var_os("HOLDFAST_GOLDEN").is_some_and(|wish| wish == "write") {
        golden.extend(now);
        std::fs::write(FILE, serde_json::to_string_pretty(&golden).unwrap() + "\n").unwrap();
        return;
    }
    let missing: Vec<_> = now.keys().filter(|name| !golden.contains_key(*name)).collect();
    assert!(missing.is_empty(), "not in the golden file, run `cargo xtask golden`: {missing:?}");
}

#[test]
fn every_kind_of_frame_has_a_golden_vector() {
    let mut kinds: Vec<_> = frames().iter().map(Frame::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 15);
}
