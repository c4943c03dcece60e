//! Every action by every kind of person in every state, as requests. The table is made of the
//! machine in `wire` and the readers there; each refusal has its own code, and none is a fault.

use axum::{extract::Request, http::header};
use platform::vals;
use serde_json::json;
use wire::{Action, Actor, Code, Order, OrderId, OrderStatus, PaymentStatus, Role, readable_by};

use super::service::*;
use crate::stage::*;

/// The order's own customer and provider are number 1, strangers number 2.
fn people() -> [Actor; 5] {
    [customer(1), customer(2), provider(1), provider(2), admin()]
}

/// An order of customer 1 in that state. Provider 1 has it, where somebody has.
async fn order_in(service: &Service, status: OrderStatus) -> Order {
    const BRING: &str =
        "UPDATE orders SET status = ?, provider_id = ?, payment_status = ? WHERE id = ?";
    let stage = &service.stage;
    // Without a start, a cancel costs nothing.
    let draft = wire::Draft { service_start_time: None, ..draft() };
    let published = stage.publish(stage.command_id(), customer(1), draft).await;
    let id = published.order.unwrap().id;
    let has_it = status.has_provider().then_some(provider(1).user_id);
    let values = vals![status, has_it, PaymentStatus::Held, id];
    stage.sql.exec(BRING, values).await.unwrap();
    stage.store.order(id).await.unwrap().unwrap()
}

/// The state after the action, or the reason why nothing is done.
fn expected(action: Action, actor: Actor, order: &Order) -> Result<OrderStatus, Code> {
    use OrderStatus::{Cancelled, PendingReview, Rejected};
    let (status, is_accept) = (order.status, action == Action::Accept);
    if !action.roles().contains(&actor.role) {
        return Err(if is_accept { Code::ProvidersOnly } else { Code::RoleForbidden });
    }
    let is_his = match actor.role {
        Role::Admin => true,
        Role::Customer => order.customer_id == actor.user_id,
        Role::Provider => order.provider_id == Some(actor.user_id),
    };
    let is_seen = readable_by(order, actor).is_some();
    // Of an order that was open to all, a provider who comes too late hears where it went.
    let hears = is_accept && !matches!(status, PendingReview | Rejected);
    match (is_his || is_accept, is_seen || hears) {
        (_, false) => return Err(Code::OrderNotFound),
        (false, true) => return Err(Code::NotYours),
        (true, true) => {}
    }
    if is_accept && is_his {
        return Ok(status);
    }
    status.after_by(action, actor.role).ok_or(match (status, action) {
        (Cancelled, _) => Code::OrderCancelled,
        (Rejected, _) => Code::OrderRejected,
        (PendingReview, Action::Accept) => Code::OrderNotApproved,
        (_, Action::Accept) => Code::OrderAlreadyAccepted,
        _ => Code::WrongState,
    })
}

/// The answer is the expected one, and the order is as it says.
async fn check(
    service: &Service,
    id: OrderId,
    before: &Order,
    answer: &Answer,
    told: &str,
    expected: Result<OrderStatus, Code>,
) {
    let after = service.stage.store.order(id).await.unwrap().unwrap();
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
            assert_eq!(seen, (code.status(), code.as_str()), "{told}: {}", answer.body);
            assert!((400..500).contains(&code.status()), "{told}");
            assert_eq!(&after, before, "{told}");
        }
    }
}

#[tokio::test]
async fn each_edge_of_the_machine_is_taken_or_refused_by_its_code() {
    let service = Service::new(Engine::Sqlite).await;
    let (mut taken, mut refused) = (0, 0);
    for status in OrderStatus::ALL {
        for actor in people() {
            for action in Action::ALL.into_iter().filter(|action| *action != Action::Review) {
                let order = order_in(&service, status).await;
                let path = format!("/api/v1/orders/{}/{action}", order.id);
                let answer = service.post(actor, &path, json!({ "reason": "He is ill." })).await;
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
    // Nobody widens the machine unseen: thirteen ways, by all who may go them, and four repeats of
    // an acceptance.
    assert_eq!((taken, taken + refused), (17, 8 * 5 * 7));
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
                    .header(header::AUTHORIZATION, format!("Bearer {}", service.token(actor)));
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

/// There is no route to this action here: the review service alone leads to it.
#[tokio::test]
async fn nobody_reviews_by_the_order_service() {
    let service = Service::new(Engine::Sqlite).await;
    let order = order_in(&service, OrderStatus::Completed).await;
    for actor in people() {
        let answer = service.act(actor, order.id, "review").await;
        assert_eq!(answer.status.as_u16(), 404, "{}", answer.body);
    }
    assert_eq!(service.stage.store.order(order.id).await.unwrap().unwrap(), order);
}
