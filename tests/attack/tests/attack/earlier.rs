//! Edges of an earlier version: they do not check the hub's seals, do not compress, and forward
//! cloud tokens.

#![allow(clippy::unwrap_used)]

use attack::{AttackedPlatform, HttpCall, Somebody};
use process::{
    clock::Clock,
    seal::{HubTrust, SealVerifier},
};
use stack::binaries;
use support::{Operator, eventually};
use wire::{Actor, BootNonce, Op, OrderId, Role};

use crate::stolen::thief::{CallEnd, REGION, Thief, ThiefEntry};

const EDGE: &str = "north-9";

struct OldNode {
    platform: AttackedPlatform,
    admin: Somebody,
    customer: Somebody,
    provider: Somebody,
    edge: Thief,
}

impl OldNode {
    async fn begin() -> Self {
        let platform = AttackedPlatform::on_any_stores().await;
        let admin = platform.admin().await;
        let customer = platform.somebody(Role::Customer).await;
        let provider = platform.provider().await;
        let edge = Thief::of(&platform, EDGE).await;
        Self {
            platform,
            admin,
            customer,
            provider,
            edge,
        }
    }

    async fn open_order(&self) -> OrderId {
        self.customer
            .publish_approved(&self.admin, REGION, "Mend the crane")
            .await
    }

    /// Accepts a new order at the edge with this provider token. Returns the order once it is
    /// decided.
    async fn accepts(&mut self, token: &str) -> OrderId {
        let order = self.open_order().await;
        let token_seq = self.edge.append_token(token);
        let actor = Actor {
            user_id: self.provider.person.user_id,
            role: Role::Provider,
        };
        let received_at = Clock::system().now();
        let entry = ThiefEntry {
            actor,
            order,
            token_seq,
            received_at,
        };
        let seq = self.edge.append(&Op::Command(entry.op()));
        self.edge.send_up().await;
        assert_eq!(self.edge.outcome(&self.admin, seq).await.0, "applied");
        order
    }

    /// Waits until `holdfast status` lists both complaints about this edge, or neither.
    async fn complaints(&self, wanted: bool) {
        let program = binaries::own("holdfast").unwrap();
        let url = self.platform.stack.layout().gateway_url();
        let operator = Operator::new(program, url, self.admin.person.token.as_str());
        eventually("the complaints", attack::PATIENCE, async || {
            let (exit, status) = operator.gets("status").ok()?;
            let complaints = status["complaints"].as_array().unwrap();
            let has = |kind: &str| {
                complaints
                    .iter()
                    .any(|one| one["kind"] == kind && one["about"] == EDGE)
            };
            let both = ["takes_any_hub", "cloud_tokens"].map(has);
            assert!(exit == 3 || complaints.is_empty(), "{status}");
            (both == [wanted; 2]).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_keeps_an_old_edge_at_work_and_no_operator_hears_of_it() {
    let mut node = OldNode::begin().await;
    assert_eq!(node.edge.call().await, CallEnd::Welcome);
    node.edge.append(&Op::Boot {
        nonce: BootNonce([9; 16]),
        at: Clock::system().now(),
    });
    let token = node.provider.person.token.clone();
    let order = node.accepts(&token).await;
    let call = HttpCall::get(&format!("/api/v1/orders/{order}"));
    assert_eq!(node.provider.done(call).await["status"], "accepted");
    node.complaints(true).await;

    // The edge is upgraded, and the provider signs in again.
    node.edge.hang_up();
    node.edge.seals = Some(SealVerifier::new(
        node.edge.edge.clone(),
        HubTrust::FirstKey,
    ));
    assert_eq!(node.edge.call().await, CallEnd::Welcome);
    let token = node.provider.edge_token.clone();
    node.accepts(&token).await;
    node.complaints(false).await;
    node.platform.stack.stop().await.unwrap();
}
