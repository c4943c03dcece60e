//! One frame of each kind, and variants with optional fields.

use minicbor::bytes::ByteVec;
use wire::*;

use crate::{messages::message_frames, photos::photo_frames, samples::*};

pub(crate) fn frames() -> Vec<Frame> {
    let mut frames = session_frames();
    frames.extend(traffic_frames());
    frames.extend(incident_frames());
    frames.extend(certificate_frames());
    frames.extend(photo_frames());
    frames.extend(message_frames());
    frames
}

const NONCE: BootNonce = BootNonce([0xab; 16]);

fn session_frames() -> Vec<Frame> {
    let limits = LinkLimits {
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
            nonce: NONCE,
            last_seq: 42,
            last_hash: Hash::digest_bytes(b"42"),
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
            codecs: None,
            challenge: None,
            pinned: None,
            plain_line: None,
            plain_listeners: None,
        }),
        Frame::Welcome(Welcome {
            protocol: 1,
            link_session: link_session(),
            cursor: 40,
            cursor_hash: Hash::digest_bytes(b"40"),
            feed_generation: 1,
            limits,
            cloud_now: UnixMillis(1_764_000_000_007),
            snapshot: None,
            codec: None,
            photos: None,
            messages: None,
        }),
    ]
}

fn traffic_frames() -> Vec<Frame> {
    vec![
        Frame::Up(OpsFrame {
            link_session: link_session(),
            epoch: 1,
            first_seq: 41,
            prev_hash: Hash::digest_bytes(b"40"),
            hash: Hash::digest_bytes(b"42"),
            ops: vec![ByteVec::from(vec![1, 2]), ByteVec::from(vec![3])],
            packed: None,
        }),
        Frame::Outcomes(OutcomesFrame {
            link_session: link_session(),
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
        Frame::Down(ChangesFrame {
            link_session: link_session(),
            from: 17,
            to: 22,
            changes: feed_changes(),
        }),
        Frame::Ack(Ack {
            link_session: link_session(),
            outcome_cursor: 41,
            feed_cursor: 22,
            digest: Hash::digest_bytes(b"view"),
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
            clock_error_ms: None,
            newcomers_waiting: None,
            disk: None,
            photos_waiting: None,
        }),
        Frame::Credit(Credit {
            link_session: link_session(),
            cursor: 42,
            ops: 100,
            bytes: 1000,
            feed_seq: None,
        }),
        Frame::Ask(ForwardedAcceptFrame {
            link_session: link_session(),
            command: command(),
            token: "aaa.bbb.ccc".into(),
            actor: Actor {
                user_id: UserId(id(3)),
                role: Role::Provider,
            },
            taken_at: UnixMillis(1_764_000_000_002),
        }),
        Frame::Snapshot(SnapshotChunk {
            link_session: link_session(),
            feed_generation: 1,
            feed_seq: 22,
            index: 0,
            count: 2,
            hash: Hash::digest_bytes(b"chunk"),
            body: ByteVec::from(b"chunk".to_vec()),
        }),
    ]
}

fn feed_changes() -> Vec<FeedChange> {
    vec![
        FeedChange::Order(order()),
        FeedChange::OrderGone {
            order_id: OrderId(id(1)),
            version: 4,
        },
        FeedChange::Keys {
            version: 2,
            jwks: "{\"keys\":[]}".into(),
        },
        FeedChange::Policy {
            version: 3,
            policy: Policy::Exclusive,
        },
        FeedChange::Revoked {
            version: 4,
            sessions: vec![SessionId(id(5))],
            users: vec![UserId(id(6))],
            person: None,
            verification: None,
        },
    ]
}

fn incident_frames() -> Vec<Frame> {
    vec![
        Frame::Quarantine(Quarantine {
            old_epoch: 1,
            old_nonce: NONCE,
            new_epoch: 2,
            grant: 3,
            last_accepted: Hash::digest_bytes(b"40"),
            why: QuarantineWhy::EdgeRestored,
            tail: vec![ByteVec::from(vec![9])],
            part: None,
        }),
        Frame::Resend(ResendRequest {
            link_session: link_session(),
            from: 41,
        }),
        Frame::Refused(SessionRefusal {
            code: Code::GateClosed,
            detail: "NORTH".into(),
        }),
        Frame::Held(HeldNotice {
            link_session: link_session(),
            seq: 42,
            reason: HeldReason::Region,
        }),
        Frame::Probe(Probe {
            link_session: link_session(),
            number: 7,
        }),
        Frame::Alive(ProbeReply {
            link_session: link_session(),
            number: 7,
        }),
        Frame::Sealed(SealedFrame {
            number: 0,
            frame: vec![0x82, 0x18, 0x19, 0xa0].into(),
            signature: vec![0x5c; 64].into(),
            opening: Some(HubHandshake {
                key: HubKey([0x11; 32]),
                nonce: HubNonce([0x22; 16]),
            }),
        }),
    ]
}

fn certificate_frames() -> Vec<Frame> {
    vec![
        Frame::CertificateRequest(CertificateRequest {
            link_session: link_session(),
            csr: vec![0x30, 0x01, 0x02].into(),
        }),
        Frame::CertificateReply(CertificateReply {
            link_session: link_session(),
            answer: CertificateAnswer::Issued {
                chain: vec![vec![0x30, 0x03].into(), vec![0x30, 0x04].into()],
                ca: vec![0x30, 0x05].into(),
            },
        }),
    ]
}

/// The refusals of a certificate, with and without a name.
pub(crate) fn certificate_refusals() -> [(&'static str, Frame); 2] {
    let refuse = |code, name| {
        Frame::CertificateReply(CertificateReply {
            link_session: link_session(),
            answer: CertificateAnswer::Refused { code, name },
        })
    };
    [
        (
            "certificate/name",
            refuse(Code::CertificateNameRefused, Some("shop.example".into())),
        ),
        (
            "certificate/request",
            refuse(Code::CertificateRequestInvalid, None),
        ),
    ]
}

/// The frames with fields for packed ops.
pub(crate) fn with_packed_ops() -> Vec<(&'static str, Frame)> {
    let ops: Vec<_> = ops().into_iter().map(|(_, op)| op.to_bytes()).collect();
    // Arbitrary bytes survive as well, and repeated ops are coded as repetitions.
    let ops = ops
        .iter()
        .cloned()
        .chain([vec![], vec![0xff, 1], b"text".to_vec()])
        .chain(ops.clone());
    let ops: Vec<ByteVec> = ops.map(Into::into).collect();
    let with = |frame| match frame {
        Frame::Hello(hello) => {
            let codecs = Some(vec![CODEC_PACKED]);
            Some(("hello/codecs", Frame::Hello(Hello { codecs, ..hello })))
        }
        Frame::Welcome(welcome) => {
            let codec = Some(CODEC_PACKED);
            Some((
                "welcome/codec",
                Frame::Welcome(Welcome { codec, ..welcome }),
            ))
        }
        Frame::Up(up) => {
            let up = OpsFrame {
                ops: ops.clone(),
                ..up
            };
            let packed = up.clone().into_packed();
            assert!(packed.ops.is_empty() && packed.op_count() == up.op_count());
            assert_eq!(packed.clone().into_unpacked(1_000, 1 << 20), Ok(up));
            Some(("up/packed", Frame::Up(packed)))
        }
        _ => None,
    };
    frames().into_iter().filter_map(with).collect()
}

/// The frames with rarely used fields.
pub(crate) fn with_what_few_say() -> Vec<(&'static str, Frame)> {
    let with = |frame| match frame {
        Frame::Credit(credit) => Some((
            "credit/feed_seq",
            Frame::Credit(Credit {
                feed_seq: Some(22),
                ..credit
            }),
        )),
        Frame::Hello(hello) => {
            let challenge = Some(Challenge([0x33; 32]));
            let pinned = Some(true);
            let plain_line = Some(true);
            let hello = Hello {
                challenge,
                pinned,
                plain_line,
                ..hello
            };
            Some(("hello/challenge", Frame::Hello(hello)))
        }
        Frame::Sealed(sealed) => {
            let sealed = SealedFrame {
                number: 7,
                opening: None,
                ..sealed
            };
            Some(("sealed/later", Frame::Sealed(sealed)))
        }
        Frame::Held(held) => {
            let reason = HeldReason::NeedsOperator;
            Some((
                "held/needs_operator",
                Frame::Held(HeldNotice { reason, ..held }),
            ))
        }
        Frame::Outcomes(frame) => Some(("outcomes/told", Frame::Outcomes(with_repeats(frame)))),
        _ => None,
    };
    let mut told: Vec<_> = frames().into_iter().filter_map(with).collect();
    told.push(("hello/plain_listeners", hello_of_plain_tablets()));
    told
}

fn hello_of_plain_tablets() -> Frame {
    let mut frames = frames().into_iter();
    let hello = frames.find_map(|frame| match frame {
        Frame::Hello(hello) => Some(hello),
        _ => None,
    });
    Frame::Hello(Hello {
        plain_listeners: Some(true),
        ..hello.expect("Hello is one of the frames")
    })
}

/// Outcomes without a command id or an order, and of a command that came twice.
fn with_repeats(frame: OutcomesFrame) -> OutcomesFrame {
    let first = Some(FirstResult {
        applied: false,
        code: Some(Code::OrderAlreadyAccepted),
    });
    let duplicate = Outcome {
        kind: OutcomeKind::Duplicate,
        first,
        ..outcome()
    };
    let noted = Outcome {
        code: Some(Code::OrderCancelledMeanwhile),
        ..Outcome::new_applied(order(), UnixMillis(1_764_000_000_006))
    };
    let without_order = Outcome {
        order: None,
        ..noted.clone()
    };
    let again = Some(CommandId(id(8)));
    let outcomes = vec![
        number_outcome(41, None, without_order),
        number_outcome(42, again, duplicate),
        number_outcome(43, again, noted),
    ];
    OutcomesFrame {
        to: 43,
        outcomes,
        ..frame
    }
}

fn number_outcome(number: u64, command_id: Option<CommandId>, outcome: Outcome) -> NumberedOutcome {
    NumberedOutcome {
        number,
        seq: number,
        command_id,
        outcome,
    }
}

/// The frames with fields for a snapshot.
pub(crate) fn with_an_image() -> Vec<(&'static str, Frame)> {
    let staged = Some(StagedSnapshot {
        feed_generation: 1,
        feed_seq: 22,
        chunks: 3,
        hash: Hash::digest_bytes(b"chunk"),
        next: SnapshotCursor {
            kind: 0,
            entity: [7; 16],
        },
    });
    let with = |frame| match frame {
        Frame::Hello(hello) => {
            let snapshots = Some(true);
            let staged = staged.clone();
            Some((
                "hello/staged",
                Frame::Hello(Hello {
                    snapshots,
                    staged,
                    ..hello
                }),
            ))
        }
        Frame::Welcome(welcome) => {
            let snapshot = Some(22);
            Some((
                "welcome/snapshot",
                Frame::Welcome(Welcome {
                    snapshot,
                    ..welcome
                }),
            ))
        }
        Frame::Ack(ack) => {
            let staged = staged.clone();
            let snapshot = Some(Hash::digest_bytes(b"last"));
            let unproven = Some(4);
            let assignment = Some(assignment().compute_digest());
            let ack = Ack {
                staged,
                snapshot,
                unproven,
                assignment,
                ..ack
            };
            Some(("ack/staged", Frame::Ack(ack)))
        }
        _ => None,
    };
    frames().into_iter().filter_map(with).collect()
}

/// A person is revoked, with the time, and readmitted; a provider is verified.
pub(crate) fn changes_about_people() -> [(&'static str, FeedChange); 3] {
    let user = UserId(id(6));
    let at = UnixMillis(1_764_000_000_000);
    let told = |users, person| {
        let sessions = Vec::new();
        let person = Some(person);
        FeedChange::Revoked {
            version: 5,
            sessions,
            users,
            person,
            verification: None,
        }
    };
    let sessions = Vec::new();
    let users = Vec::new();
    let mark = Some(ProviderVerification {
        user,
        version: 7,
        verified: true,
    });
    let marked = FeedChange::Revoked {
        version: 6,
        sessions,
        users,
        person: None,
        verification: mark,
    };
    let readmitted = RevocationStatus::from_readmission(user, at.plus_ms(5_000));
    [
        (
            "change/revoked_person",
            told(vec![user], RevocationStatus::from_revocation(user, at)),
        ),
        ("change/readmitted", told(Vec::new(), readmitted)),
        ("change/marked", marked),
    ]
}
