//! Fixed samples of everything that a log contains or an owner receives.

use uuid::Uuid;
use wire::*;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0192_f5d4_0000_7000_8000_0000_0000_0000 + n)
}

pub(crate) fn edge() -> EdgeId {
    EdgeId::new("north-1").unwrap()
}

pub(crate) fn link_session() -> LinkSessionId {
    LinkSessionId {
        term: 7,
        nonce: BootNonce([0xab; 16]),
    }
}

pub(crate) fn draft() -> Draft {
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
        start_code: None,
        photos: Vec::new(),
    }
}

pub(crate) fn order() -> Order {
    let at = UnixMillis(1_764_000_000_001);
    let source = Source::Edge(edge());
    Order {
        provider_id: Some(UserId(id(3))),
        status: OrderStatus::Accepted,
        version: 3,
        updated_at: UnixMillis(1_764_000_000_002),
        ..Order::new_published(OrderId(id(1)), draft(), UserId(id(2)), at, source)
    }
}

pub(crate) fn order_with_start_code() -> Order {
    Order {
        start_code: Some(StartCodeCheck::new(Hash::digest_bytes(b"407193"))),
        ..order()
    }
}

pub(crate) fn offered_order() -> Order {
    let offer = JobOffer::new(
        vec![UserId(id(3)), UserId(id(5))],
        UnixMillis(1_764_000_900_000),
    );
    Order {
        provider_id: None,
        status: OrderStatus::Pending,
        offer: Some(offer),
        ..order()
    }
}

/// As the provider reads it to whom it is offered.
pub(crate) fn order_offered_to_you() -> Order {
    let reader = Actor {
        user_id: UserId(id(3)),
        role: Role::Provider,
    };
    order_visible_to(&offered_order(), reader).unwrap()
}

pub(crate) fn start_with_code() -> CommandBody {
    CommandBody::StartOrder {
        order_id: OrderId(id(1)),
        start_code: Some(StartCode::from_number(407_193)),
        photos: Vec::new(),
    }
}

pub(crate) fn complete_with_evidence() -> CommandBody {
    let checklist = vec![
        ChecklistAnswer {
            key: "place_clean".into(),
            done: true,
        },
        ChecklistAnswer {
            key: "parts_replaced".into(),
            done: false,
        },
    ];
    let evidence = WorkEvidence {
        checklist,
        signed_by: Some("陈".into()),
        strokes: vec![vec![StrokePoint(30, 140), StrokePoint(31, 141)]],
        photos: Vec::new(),
    };
    CommandBody::CompleteOrder {
        order_id: OrderId(id(1)),
        note: None,
        evidence: Some(evidence),
    }
}

pub(crate) fn photo(name: &[u8]) -> PhotoRef {
    PhotoRef {
        hash: Hash::digest_bytes(name),
        bytes: 312_406,
    }
}

pub(crate) fn publish_with_photos() -> CommandBody {
    CommandBody::PublishOrder {
        order_id: OrderId(id(1)),
        order: Draft {
            photos: vec![photo(b"job"), photo(b"detail")],
            ..draft()
        },
    }
}

pub(crate) fn start_with_photo() -> CommandBody {
    CommandBody::StartOrder {
        order_id: OrderId(id(1)),
        start_code: None,
        photos: vec![photo(b"before")],
    }
}

pub(crate) fn message_with_photo() -> CommandBody {
    CommandBody::SendMessage {
        order_id: OrderId(id(1)),
        text: String::new(),
        photo: Some(photo(b"valve")),
    }
}

pub(crate) fn complete_with_photos() -> CommandBody {
    let evidence = WorkEvidence {
        photos: vec![photo(b"after"), photo(b"closer")],
        ..WorkEvidence::default()
    };
    CommandBody::CompleteOrder {
        order_id: OrderId(id(1)),
        note: None,
        evidence: Some(evidence),
    }
}

pub(crate) fn report_of_more_work() -> CommandBody {
    CommandBody::ReportIncident {
        order_id: OrderId(id(1)),
        kind: IncidentKind::MoreWork,
        note: Some("The valve is worn 阀门磨损".into()),
        extra_price: Some("80.00".parse().unwrap()),
    }
}

pub(crate) fn answer_to_more_work() -> CommandBody {
    CommandBody::AnswerIncident {
        order_id: OrderId(id(1)),
        incident: CommandId(id(8)),
        agreed: false,
    }
}

pub(crate) fn bodies() -> Vec<CommandBody> {
    let order_id = OrderId(id(1));
    vec![
        CommandBody::PublishOrder {
            order_id,
            order: draft(),
        },
        CommandBody::ApproveOrder { order_id },
        CommandBody::RejectOrder {
            order_id,
            reason: "no address".into(),
        },
        CommandBody::AcceptOrder { order_id },
        CommandBody::WithdrawAcceptance {
            order_id,
            reason: None,
        },
        CommandBody::StartOrder {
            order_id,
            start_code: None,
            photos: Vec::new(),
        },
        CommandBody::CompleteOrder {
            order_id,
            note: None,
            evidence: None,
        },
        CommandBody::CancelOrder {
            order_id,
            reason: Some("found another".into()),
            fee: None,
        },
        CommandBody::SubmitReview {
            order_id,
            rating: 5,
            comment: "好".into(),
        },
        CommandBody::ReportIncident {
            order_id,
            kind: IncidentKind::RunningLate,
            note: None,
            extra_price: None,
        },
        CommandBody::AnswerIncident {
            order_id,
            incident: CommandId(id(8)),
            agreed: true,
        },
        CommandBody::RescheduleOrder {
            order_id,
            proposal: ProposalId(id(11)),
        },
        CommandBody::SendMessage {
            order_id,
            text: "The gate is open. 门开着。".to_owned(),
            photo: None,
        },
    ]
}

pub(crate) fn command() -> Command {
    Command {
        id: CommandId(id(9)),
        body: CommandBody::AcceptOrder {
            order_id: OrderId(id(1)),
        },
        device: Some(DeviceId::new("tablet-7").unwrap()),
        device_seq: Some(12),
        tapped_at: Some(UnixMillis(1_764_000_000_003)),
        trace: None,
    }
}

pub(crate) fn ops() -> Vec<(&'static str, Op)> {
    let command = CommandOp {
        command: command(),
        token_seq: 2,
        actor: Actor {
            user_id: UserId(id(3)),
            role: Role::Provider,
        },
        verdict: Verdict::Provisional,
        fence: None,
        received_at: UnixMillis(1_764_000_000_004),
        policy_version: Some(1),
        rules_version: None,
        revocations_version: Some(4),
        relogged: None,
        cut_off: None,
    };
    vec![
        (
            "boot",
            Op::Boot {
                nonce: BootNonce([0xab; 16]),
                at: UnixMillis(1_764_000_000_000),
            },
        ),
        (
            "token",
            Op::Token {
                token: "aaa.bbb.ccc".into(),
            },
        ),
        ("command", Op::Command(command)),
        ("lease_released", Op::LeaseReleased { fence: 5 }),
    ]
}

pub(crate) fn relogged() -> Op {
    let relogged = EarlierReceipt {
        edge: edge(),
        epoch: 1,
        at: ChainHead {
            seq: 42,
            hash: Hash::digest_bytes(b"42"),
        },
        verdict: Verdict::Firm,
        fence: Some(5),
        why: QuarantineWhy::EdgeRestored,
    };
    match ops().into_iter().nth(2).unwrap().1 {
        Op::Command(op) => Op::Command(CommandOp {
            relogged: Some(relogged),
            ..op
        }),
        other => other,
    }
}

/// A command that an edge took while it was cut off.
pub(crate) fn cut_off() -> Op {
    match ops().into_iter().nth(2).unwrap().1 {
        Op::Command(op) => Op::Command(CommandOp {
            cut_off: Some(true),
            ..op
        }),
        other => other,
    }
}

/// The holder's firm answer, with everything it was judged by.
pub(crate) fn firm() -> Op {
    match ops().into_iter().nth(2).unwrap().1 {
        Op::Command(op) => Op::Command(CommandOp {
            command: Command {
                trace: Some(TRACE.into()),
                ..op.command
            },
            verdict: Verdict::Firm,
            fence: Some(5),
            policy_version: Some(3),
            rules_version: Some(2),
            ..op
        }),
        other => other,
    }
}

pub(crate) fn outcome() -> Outcome {
    let lost = Lost {
        winner_decided_at: Some(UnixMillis(1_764_000_000_005)),
        winner_source: Some(Source::Portal),
        tapped_at: Some(UnixMillis(1_764_000_000_003)),
        edge_at: Some(UnixMillis(1_764_000_000_004)),
        nearby: vec![NearbyJob {
            order_id: OrderId(id(4)),
            code: OrderCode::from_order_id(Region::North, OrderId(id(4))),
            title: "Paint a fence".into(),
            price: "80.50".parse().unwrap(),
            currency: Currency::Cny,
        }],
        taken_back: None,
        race_rule: None,
        status: None,
        promise_ended: None,
    };
    Outcome {
        lost: Some(lost),
        ..Outcome::new_rejected(
            Code::OrderAlreadyAccepted,
            Some(order()),
            UnixMillis(1_764_000_000_006),
        )
    }
}

pub(crate) fn assignment() -> RegionAssignment {
    RegionAssignment {
        policy_version: 3,
        policy: Policy::Exclusive,
        holder: Some(edge()),
        epoch: 1,
        fence: 5,
        release_asked: false,
        digest: Some(Hash::digest_bytes(b"open")),
        rules_version: 2,
        rules: OfflineRules {
            unpaid_start: true,
            approval: Some(ApprovalRule {
                price_max: "300.00".parse().unwrap(),
                currency: Currency::Cny,
                service_types: vec![ServiceType::CleaningRepair, ServiceType::Other],
            }),
            address_at_start: false,
            approval_in_good_standing: None,
            unpaid_start_max: None,
            paid_afterwards: Vec::new(),
        },
    }
}

/// The same, with a wider rule for customers in good standing.
pub(crate) fn assignment_in_good_standing() -> RegionAssignment {
    let mut assignment = assignment();
    let price_max = "500.00".parse().unwrap();
    let narrow = assignment.rules.approval.clone().unwrap();
    assignment.rules.approval_in_good_standing = Some(ApprovalRule {
        price_max,
        ..narrow
    });
    assignment
}

/// A region where small jobs may begin unpaid, and one kind of work is always paid for afterwards.
pub(crate) fn assignment_paid_afterwards() -> RegionAssignment {
    let mut assignment = assignment();
    let price_max = "80.00".parse().unwrap();
    assignment.rules.unpaid_start = false;
    assignment.rules.unpaid_start_max = Some(PriceCap {
        price_max,
        currency: Currency::Cny,
    });
    assignment.rules.paid_afterwards = vec![ServiceType::ItTechnology];
    assignment
}

pub(crate) fn batch_body() -> BatchBody {
    BatchBody::Command {
        command: command(),
        actor: Some(Actor {
            user_id: UserId(id(3)),
            role: Role::Provider,
        }),
        evidence: CommandEvidence {
            verdict: Verdict::Firm,
            fence: Some(5),
            received_at: UnixMillis(1_764_000_000_004),
            policy_version: Some(3),
            rules_version: Some(2),
            revocations_version: Some(4),
            revoked_version: Some(6),
            relogged: None,
            made_at: None,
            distrusted: false,
            mark: None,
            cut_off: None,
        },
    }
}
