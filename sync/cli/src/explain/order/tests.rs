//! Tests `explain` in both languages, with and without a collision.

use uuid::Uuid;
use wire::{
    Actor, Amount, CommandId, Draft, EdgeId, FenceEnd, Language, OrderId, OrderStatus,
    PaymentStatus, RaceRule, Region, Role, ServiceType, UserId,
};

use super::*;

const START: UnixMillis = UnixMillis(1_764_000_000_000);

fn person(n: u128, role: Role) -> Actor {
    Actor {
        user_id: UserId(Uuid::from_u128(n)),
        role,
    }
}

fn order() -> Order {
    let id = OrderId(Uuid::from_u128(9));
    let price = Amount::from_minor(20_000).unwrap();
    let work = ServiceType::CleaningRepair;
    let draft = Draft::new(
        "Mend the tap 修水龙头",
        work,
        price,
        Region::North,
        "1 Main St",
    );
    let customer = person(1, Role::Customer).user_id;
    Order {
        provider_id: Some(person(2, Role::Provider).user_id),
        status: OrderStatus::Accepted,
        version: 3,
        updated_at: START.plus_ms(60_000),
        ..Order::new_published(id, draft, customer, START, Source::Portal)
    }
}

fn entry(
    actor: Actor,
    action: Option<Action>,
    from: Option<OrderStatus>,
    to: OrderStatus,
    cloud_ms: i64,
) -> TimelineEntry {
    TimelineEntry {
        version: 1,
        action,
        actor,
        from,
        to,
        code: None,
        reason: None,
        hops: Hops {
            cloud_at: Some(START.plus_ms(cloud_ms)),
            ..Hops::default()
        },
        command_id: CommandId(Uuid::nil()),
        source: Source::Portal,
        edge: None,
        epoch: None,
        seq: None,
        verdict: None,
        address_shown: None,
        race_rule: None,
        promise: None,
        payment_status: None,
        evidence: None,
        incident: None,
        incident_answer: None,
        moved_from: None,
        moved_to: None,
        offer: None,
        offered_until: None,
    }
}

/// Provider A won through the cloud while provider B's earlier tap waited at an offline edge.
fn story() -> OrderHistory {
    let open = Some(OrderStatus::Pending);
    let north = EdgeId::new("north-1").unwrap();
    let lost = TimelineEntry {
        code: Some(Code::OrderAlreadyAccepted),
        hops: Hops {
            tapped_at: Some(START.plus_ms(30_000)),
            edge_at: Some(START.plus_ms(30_100)),
            cloud_at: Some(START.plus_ms(252_000)),
        },
        source: Source::Edge(north.clone()),
        edge: Some(north),
        epoch: Some(1),
        seq: Some(12),
        verdict: Some(Verdict::Provisional),
        ..entry(
            person(3, Role::Provider),
            Some(Action::Accept),
            Some(OrderStatus::Accepted),
            OrderStatus::Accepted,
            0,
        )
    };
    OrderHistory {
        order: order(),
        timeline: vec![
            entry(
                person(1, Role::Customer),
                None,
                None,
                OrderStatus::PendingReview,
                0,
            ),
            entry(
                person(7, Role::Admin),
                Some(Action::Approve),
                Some(OrderStatus::PendingReview),
                OrderStatus::Pending,
                10_000,
            ),
            TimelineEntry {
                race_rule: Some(RaceRule::FirstInCloud),
                ..entry(
                    person(2, Role::Provider),
                    Some(Action::Accept),
                    open,
                    OrderStatus::Accepted,
                    60_000,
                )
            },
            lost,
        ],
        pending: Some(0),
    }
}

fn look(language: Language) -> OutputStyle {
    OutputStyle {
        width: Some(80),
        ..OutputStyle::for_pipe(language)
    }
}

#[test]
fn a_collision_is_told_with_winner_rule_and_times() {
    let text = render_history(&story(), &look(Language::English));
    for line in [
        "the customer published it (through the cloud); it became pending review",
        "admin A approved it (through the cloud); it became open for providers",
        "3 + provider A accepted it (through the cloud); it became accepted",
        "4 x provider B tried to accept it (through the edge north-1), without effect: it stayed accepted",
        "2025-11-24 16:00:30.000Z  device: tapped, by the device's own clock",
        "2025-11-24 16:00:30.100Z  edge north-1: stored as op 12 of epoch 1, answered `provisional`",
        "Answer: Order has been accepted by another provider (order_already_accepted)",
        "Who won: provider A (through the cloud).",
        "Why provider B lost (through the edge north-1): Another provider has the order: that acceptance was the first to reach the cloud.",
        "confirmed at 2025-11-24 16:01:00.000Z, the other was decided at 2025-11-24 16:04:12.000Z, 3m 12s",
        "tapped 30s earlier, but it could not reach the cloud then",
        "There is no penalty and no mark for provider B",
        "provider A: 00000000-0000-0000-0000-000000000002",
    ] {
        assert!(text.contains(line), "`{line}` is missing from\n{text}");
    }
}

#[test]
fn a_payment_is_a_success_though_the_order_stays_as_it_was() {
    let mut story = story();
    let accepted = OrderStatus::Accepted;
    let customer = person(1, Role::Customer);
    story.timeline.push(TimelineEntry {
        payment_status: Some(PaymentStatus::Held),
        ..entry(customer, None, Some(accepted), accepted, 300_000)
    });
    let text = render_history(&story, &look(Language::English));
    assert!(text.contains("  5 + the payment is held"), "{text}");
    assert!(text.contains("  4 x provider B tried"), "{text}");
}

#[test]
fn the_erasure_of_texts_is_no_refusal_and_names_no_person() {
    let mut story = story();
    let accepted = OrderStatus::Accepted;
    let platform = Actor {
        user_id: UserId(Uuid::nil()),
        role: Role::Admin,
    };
    story.timeline.push(TimelineEntry {
        code: Some(Code::AuthorDeleted),
        ..entry(platform, None, Some(accepted), accepted, 300_000)
    });
    for (language, words) in [
        (
            Language::English,
            "  5 + the texts were erased because their author deleted their account\n",
        ),
        (
            Language::Chinese,
            "  5 + 作者已注销账号，相关文字已被抹除\n",
        ),
    ] {
        let text = render_history(&story, &look(language));
        assert!(text.contains(words), "{text}");
        assert!(!text.contains("author_deleted"), "{text}");
    }
}

#[test]
fn the_same_story_is_told_in_chinese() {
    let text = render_history(&story(), &look(Language::Chinese));
    for line in [
        "客户发布该订单（通过云端），状态变为待审核",
        "服务商B尝试接受该订单（通过边缘节点 north-1），未生效",
        "胜出：服务商A（通过云端）。",
        "其接单最先到达云端",
        "晚 3m 12s",
    ] {
        assert!(text.contains(line), "`{line}` is missing from\n{text}");
    }
}

#[test]
fn a_story_without_a_collision_names_no_winner() {
    let mut story = story();
    story.timeline.pop();
    assert!(!render_history(&story, &look(Language::English)).contains("Who won"));
}

#[test]
fn an_acceptance_that_met_a_cancelled_order_blames_no_winner() {
    let mut story = story();
    story.timeline.remove(2);
    story.timeline[2].code = Some(Code::OrderCancelled);
    let text = render_history(&story, &look(Language::English));
    assert!(
        text.contains("acceptance had no effect: This order has been cancelled."),
        "{text}"
    );
}

#[test]
fn ops_still_at_an_edge_are_not_passed_over() {
    let english = look(Language::English);
    let text = render_history(
        &OrderHistory {
            pending: Some(3),
            ..story()
        },
        &english,
    );
    assert!(
        text.contains("The edges of NORTH still hold 3 operations"),
        "{text}"
    );
    let silent = OrderHistory {
        pending: None,
        ..story()
    };
    let text = render_history(&silent, &english);
    assert!(
        text.contains("not known whether the edges of NORTH still hold operations"),
        "{text}"
    );
    let text = render_history(&silent, &look(Language::Chinese));
    assert!(text.contains("无法得知 NORTH 的边缘节点"), "{text}");
    assert_eq!(
        history_to_json(&silent, &english)["pending_at_edges"],
        Value::Null
    );
    assert_eq!(history_to_json(&story(), &english)["pending_at_edges"], 0);
}

#[test]
fn a_title_written_by_others_stays_on_its_line() {
    let mut story = story();
    story.order.title = "a\nFAKE\x1b[2J".into();
    let text = render_history(&story, &look(Language::English));
    assert!(
        text.starts_with(&format!("{}  a FAKE [2J  NORTH", story.order.code)),
        "{text}"
    );
}

/// A restored edge had promised the acceptance, which lost to one passed to that edge.
#[test]
fn a_promise_that_did_not_hold_and_the_place_of_a_winner_are_told() {
    let east = |n: u32| EdgeId::new(format!("east-{n}")).unwrap();
    let mut story = story();
    let winner = &mut story.timeline[2];
    winner.source = Source::Edge(east(1));
    (winner.edge, winner.epoch, winner.seq) = (Some(east(2)), Some(2), Some(5));
    (winner.hops.edge_at, winner.race_rule) =
        (Some(START.plus_ms(40_000)), Some(RaceRule::FirstInLog));
    let how = FenceEnding::EdgeRestored;
    let end = Some(FenceEnd {
        at: START.plus_ms(90_000),
        how,
        by: None,
        why: None,
    });
    let loser = &mut story.timeline[3];
    loser.code = Some(Code::HolderRestored);
    (loser.source, loser.edge) = (Source::Edge(east(2)), Some(east(2)));
    (loser.epoch, loser.seq) = (Some(2), Some(9));
    loser.promise = Some(EdgePromise {
        edge: east(2),
        epoch: 1,
        fence: 3,
        why: Some(how),
        end,
    });
    let text = render_history(&story, &look(Language::English));
    let mut from = 0;
    for line in [
        "provider A accepted it (through the edge east-1, decided in the log of east-2)",
        "2025-11-24 16:00:40.000Z  edge east-1: stored, and put to east-2, which held the region",
        "2025-11-24 16:01:00.000Z  cloud: decided as op 5 of epoch 2 of east-2",
        "2025-11-24 16:00:30.100Z  edge east-2: answered `firm` in epoch 1, under fence 3",
        "2025-11-24 16:01:30.000Z  the right of east-2 under fence 3: ended, because the edge was restored",
        "2025-11-24 16:00:30.100Z  edge east-2: stored as op 9 of epoch 2, answered `provisional`",
        "Answer: The node's promise does not hold: the node was restored from an older copy",
        "Who won: provider A (through the edge east-1, decided in the log of east-2).",
        "Why provider B lost (through the edge east-2): The node's promise does not hold: the node was",
        "Another provider has the order: that acceptance stood first in the log of the node",
    ] {
        let at = text[from..].find(line);
        from += at.unwrap_or_else(|| panic!("`{line}` is missing, or out of place, in\n{text}"));
    }
    let text = render_history(&story, &look(Language::Chinese));
    assert!(
        text.contains("因节点从旧副本恢复而终止") && text.contains("在第 1 代依据栅栏号 3"),
        "{text}"
    );
}
