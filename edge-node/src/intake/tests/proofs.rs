//! Commands under a grant that is bound to a tablet's key.

use support::DeviceSigner;

use super::*;
use crate::tests::device;

#[tokio::test]
async fn a_command_under_a_copied_grant_is_refused_even_with_its_receipt() {
    let edge = Edge::new().await;
    let tablet = DeviceSigner::new();
    let grant = edge.people.bound_grant(&device("t-1"), &tablet);
    let authenticator = &edge.intake.context.authenticator;
    let prove = || tablet.present(&grant, &authenticator.issue_nonce().nonce);
    let copied = edge.send(&frame(101, &grant, &accept(1))).await;
    assert_eq!(
        (copied.verdict, copied.code),
        (Verdict::NotTaken, Some(Code::ProofRequired))
    );
    let taken = edge.send(&frame(101, &prove(), &accept(1))).await;
    assert_eq!(taken.verdict, Verdict::Provisional);
    let again = edge.send(&frame(102, &prove(), &accept(2))).await;
    assert_eq!(again.verdict, Verdict::Provisional);
    assert_eq!(
        logged_tokens(&edge).await,
        std::slice::from_ref(&grant),
        "the hub gets the grant alone, and once"
    );

    let with_receipt = |token: &str| {
        let mut body: Value = serde_json::from_slice(&frame(101, token, &accept(1))).unwrap();
        body["receipt"] = json!(taken.receipt);
        body.to_string().into_bytes()
    };
    let thief = edge.send(&with_receipt(&grant)).await;
    assert_eq!(thief.code, Some(Code::ProofRequired));
    assert_eq!((thief.order, thief.receipt), (None, None));
    let owner = edge.send(&with_receipt(&prove())).await;
    assert_eq!(owner.receipt, taken.receipt);
}

async fn logged_tokens(edge: &Edge) -> Vec<String> {
    let all = OpRange {
        from: 1,
        ops_max: 99,
        bytes_max: 1 << 20,
        first_whatever_size: true,
    };
    let logged = edge.store.load_ops(all).await.unwrap().ops;
    let tokens = logged
        .iter()
        .filter_map(|bytes| match Op::from_bytes(bytes) {
            Ok(Op::Token { token }) => Some(token),
            _ => None,
        });
    tokens.collect()
}
