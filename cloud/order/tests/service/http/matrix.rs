//! Every action by every role in every state, over HTTP. The expected results come from the state
//! machine and read rules in `wire`; each refusal has its own code, and none is a fault.

use axum::{extract::Request, http::header};
use platform::vals;
use serde_json::json;
use wire::{
    Action, Actor, Code, Order, OrderId, OrderStatus, PaymentStatus, Role, order_visible_to,
};

use super::service::*;
use crate::stage::*;

/// Number 1 owns the order as customer or provider; number 2 is a stranger.
fn people() -> [Actor; 5] {
    [customer(1), customer(2), provider(1), provider(2), admin()]
}

/// An order of customer 1 in that state, with provider 1 if the state has a provider.
async fn order_in(service: &Service, status: OrderStatus) -> Order {
    const BRING: &str =
        "UPDATE orders SET status = ?, provider_id = ?, payment_status = ? WHERE id = ?";
    let stage = &service.stage;
    // Without a start, a cancel is free.
    let draft = wire::Draft {
        service_start_time: None,
        ..draft()
    };
    let published = stage.publish(stage.command_id(), customer(1), draft).await;
    let id = published.order.unwrap().id;
    let has_it = status.has_provider().then_some(provider(1).user_id);
    let values = vals![status, has_it, PaymentStatus::Held, id];
    stage.sql.exec(BRING, values).await.unwrap();
    stage.store.find_order(id).await.unwrap().unwrap()
}

/// The state after the action, or the refusal.
fn expected(action: Action, actor: Actor, order: &Order) -> Result<OrderStatus, Code> {
    use OrderStatus::{Cancelled, PendingReview, Rejected};
    let status = order.status;
    let is_accept = action == Action::Accept;
    if !action.allowed_roles().contains(&actor.role) {
        return Err(if is_accept {
            Code::ProvidersOnly
        } else {
            Code::RoleForbidden
        });
    }
    let is_his = match actor.role {
        Role::Admin => true,
        Role::Customer => order.customer_id == actor.user_id,
        Role::Provider => order.provider_id == Some(actor.user_id),
    };
    let is_seen = order_visible_to(order, actor).is_some();
    // A provider who is too late for an open order learns where it went.
    let hears = is_accept && !matches!(status, PendingReview | Rejected);
    match (is_his || is_accept, is_seen || hears) {
        (_, false) => return Err(Code::OrderNotFound),
        (false, true) => return Err(Code::NotYours),
        (true, true) => {}
    }
    if is_accept && is_his {
        return Ok(status);
    }
    status
        .next_status_by_role(action, actor.role)
        .ok_or(match (status, action) {
            (Cancelled, _) => Code::OrderCancelled,
            (Rejected, _) => Code::OrderRejected,
            (PendingReview, Action::Accept) => Code::OrderNotApproved,
            (_, Action::Accept) => Code::OrderAlreadyAccepted,
            _ => Code::WrongState,
        })
}

async fn check(
    service: &Service,
    id: OrderId,
    before: &Order,
    answer: &Answer,
    told: &str,
    expected: Result<OrderStatus, Code>,
) {
    let after = service.stage.store.find_order(id).await.unwrap().unwrap();
    match expected {
        Ok(to) => {
            assert_eq!(answer.status.as_u16(), 200, "{told}: {}", answer.body);
            assert_eq!(
                (answer.body["status"].as_str(), after.status),
                (Some(to.as_str()), to),
                "{told}"
            );
        }
        Err(code) => {
            let seen = (answer.status.as_u16(), answer.code());
            assert_eq!(
                seen,
                (code.status(), code.as_str()),
                "{told}: {}",
                answer.body
            );
            assert!((400..500).contains(&code.status()), "{told}");
            assert_eq!(&after, before, "{told}");
        }
    }
}

#[tokio::test]
async fn each_edge_of_the_machine_is_taken_or_refused_by_its_code() {
    let service = Service::new(Engine::Sqlite).await;
    let mut taken = 0;
    let mut refused = 0;
    for status in OrderStatus::ALL {
        for actor in people() {
            for action in Action::ALL
                .into_iter()
                .filter(|action| *action != Action::Review && !action.keeps_status())
            {
                let order = order_in(&service, status).await;
                let path = format!("/api/v1/orders/{}/{action}", order.id);
                let answer = service
                    .post(actor, &path, json!({ "reason": "He is ill." }))
                    .await;
                let expected = expected(action, actor, &order);
                if expected.is_ok() {
                    taken += 1
                } else {
                    refused += 1
                }
                let told = format!("{action} by {actor:?} on {status}");
                check(&service, order.id, &order, &answer, &told, expected).await;
            }
        }
    }
    // Guards against unnoticed new transitions: fifteen, counted per allowed role, and four
    // repeated acceptances.
    assert_eq!((taken, taken + refused), (19, 8 * 5 * 7));
}

#[tokio::test]
async fn a_target_status_is_reached_by_the_same_edges_and_no_others() {
    let service = Service::new(Engine::Sqlite).await;
    for status in OrderStatus::ALL {
        for actor in people() {
            for target in OrderStatus::ALL {
                let order = order_in(&service, status).await;
                let request = Request::builder()
                    .method("PUT")
                    .uri(format!("/api/v1/orders/{}/status", order.id))
                    .header(
                        header::AUTHORIZATION,
                        format!("Bearer {}", service.token(actor)),
                    );
                let body = json!({ "status": target, "reason": "He is ill." });
                let answer = service.send(request, Some(body)).await;
                let action = match (target, actor.role) {
                    (OrderStatus::Pending, Role::Provider) => Some(Action::Withdraw),
                    (OrderStatus::Pending, _) => Some(Action::Approve),
                    (OrderStatus::Rejected, _) => Some(Action::Reject),
                    (OrderStatus::Accepted, _) => Some(Action::Accept),
                    (OrderStatus::InProgress, _) => Some(Action::Start),
                    (OrderStatus::Completed, _) => Some(Action::Complete),
                    (OrderStatus::Cancelled, _) => Some(Action::Cancel),
                    (OrderStatus::PendingReview | OrderStatus::Reviewed, _) => None,
                };
                let expected = match action {
                    Some(action) => expected(action, actor, &order),
                    None => Err(Code::InvalidInput),
                };
                let told = format!("{status} to {target} by {actor:?}");
                check(&service, order.id, &order, &answer, &told, expected).await;
            }
        }
    }
}

/// No route leads to this action: only the review service performs it.
#[tokio::test]
async fn nobody_reviews_by_the_order_service() {
    let service = Service::new(Engine::Sqlite).await;
    let order = order_in(&service, OrderStatus::Completed).await;
    for actor in people() {
        let answer = service.act(actor, order.id, "review").await;
        assert_eq!(answer.status.as_u16(), 404, "{}", answer.body);
    }
    assert_eq!(
        service
            .stage
            .store
            .find_order(order.id)
            .await
            .unwrap()
            .unwrap(),
        order
    );
}
