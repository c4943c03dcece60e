//! Enrolment codes: each registers one key, once, even if it is used and replaced at once.

use platform::vals;

use super::*;
use crate::store::edges::code_expires_at;

#[rstest]
#[tokio::test]
async fn a_code_registers_one_key_and_answers_it_again(#[values(false, true)] mysql: bool) {
    let store = database(mysql).await;
    let old = Hash::digest_bytes(b"old");
    let new = Hash::digest_bytes(b"new");
    let invite = |code| store.invite_edge(&NORTH, Region::North, code, admin(), NOW);
    assert_eq!(store.find_link_key(&north()).await.unwrap(), None);
    let until = code_expires_at(NOW);
    assert_eq!(invite(old).await.unwrap(), InvitationResult::Until(until));
    assert_eq!(invite(new).await.unwrap(), InvitationResult::Until(until));
    assert_eq!(
        store.enrol_edge(old, KEY, NOW).await.unwrap(),
        EnrolmentResult::CodeInvalid,
        "replaced"
    );
    assert_eq!(
        store.enrol_edge(new, KEY, until).await.unwrap(),
        EnrolmentResult::CodeInvalid,
        "expired"
    );

    let edge = EnrolmentResult::Edge {
        edge: north(),
        region: Region::North,
    };
    assert_eq!(store.enrol_edge(new, KEY, NOW).await.unwrap(), edge);
    assert_eq!(
        store.enrol_edge(new, KEY, NOW).await.unwrap(),
        edge,
        "its answer was lost"
    );
    assert_eq!(
        store.enrol_edge(new, [5; 32], NOW).await.unwrap(),
        EnrolmentResult::CodeInvalid
    );
    assert_eq!(invite(old).await.unwrap(), InvitationResult::Exists);
    let key = store.find_link_key(&north()).await.unwrap().unwrap();
    assert_eq!((key.region, key.public_key), (Region::North, KEY));
    assert_eq!(store.drop_expired_codes(until).await.unwrap(), 1);
}

#[rstest]
#[tokio::test]
async fn a_code_is_withdrawn_with_its_edge_until_it_is_used(#[values(false, true)] mysql: bool) {
    let store = database(mysql).await;
    let code = Hash::digest_bytes(b"code");
    let invite = || store.invite_edge(&NORTH, Region::North, code, admin(), NOW);
    let until = async || store.list_edges("", 10).await.unwrap()[0].code_expires_at;
    let withdraw = || store.withdraw_invitation(&NORTH);
    assert_eq!(withdraw().await.unwrap(), WithdrawalResult::Unknown);
    invite().await.unwrap();
    assert_eq!(until().await, Some(code_expires_at(NOW)));
    assert_eq!(withdraw().await.unwrap(), WithdrawalResult::Withdrawn);
    assert_eq!(store.list_edges("", 10).await.unwrap(), []);
    assert_eq!(
        store.enrol_edge(code, KEY, NOW).await.unwrap(),
        EnrolmentResult::CodeInvalid
    );

    invite().await.unwrap();
    store.enrol_edge(code, KEY, NOW).await.unwrap();
    assert_eq!(withdraw().await.unwrap(), WithdrawalResult::Enrolled);
    assert_eq!(until().await, None);
    let again = store.enrol_edge(code, KEY, NOW).await.unwrap();
    assert_eq!(
        again,
        EnrolmentResult::Edge {
            edge: north(),
            region: Region::North
        }
    );
}

/// By then the other transaction has read the rows, even if it waits for the row that `tx` locks.
const LOOKED: std::time::Duration = std::time::Duration::from_millis(300);

#[tokio::test]
async fn a_code_that_is_replaced_while_it_is_used_registers_nobody() {
    let store = database(true).await;
    let old = Hash::digest_bytes(b"old");
    let new = Hash::digest_bytes(b"new");
    let invite = |code| store.invite_edge(&NORTH, Region::North, code, admin(), NOW);
    invite(old).await.unwrap();
    let mut tx = store.sql().begin_transaction().await.unwrap();
    tx.exec("DELETE FROM enrolment_codes", vals![])
        .await
        .unwrap();
    let replacing = async {
        tokio::time::sleep(LOOKED).await;
        tx.commit().await.unwrap();
    };
    let (enrolled, ()) = tokio::join!(store.enrol_edge(old, KEY, NOW), replacing);
    assert_eq!(enrolled.unwrap(), EnrolmentResult::CodeInvalid);
    assert_eq!(store.find_link_key(&north()).await.unwrap(), None);
    assert!(matches!(
        invite(new).await.unwrap(),
        InvitationResult::Until(_)
    ));
    assert!(matches!(
        store.enrol_edge(new, KEY, NOW).await.unwrap(),
        EnrolmentResult::Edge { .. }
    ));
}

#[tokio::test]
async fn an_edge_that_registers_while_it_is_invited_anew_gets_no_code_and_stays_where_it_is() {
    let store = database(true).await;
    store
        .invite_edge(
            &NORTH,
            Region::North,
            Hash::digest_bytes(b"old"),
            admin(),
            NOW,
        )
        .await
        .unwrap();
    let mut tx = store.sql().begin_transaction().await.unwrap();
    const REGISTERED: &str = "UPDATE edges SET public_key = ?, enrolled_at = ?";
    tx.exec(REGISTERED, vals![KEY, NOW]).await.unwrap();
    let registering = async {
        tokio::time::sleep(LOOKED).await;
        tx.commit().await.unwrap();
    };
    let inviting = store.invite_edge(
        &NORTH,
        Region::South,
        Hash::digest_bytes(b"new"),
        admin(),
        NOW,
    );
    let (invited, ()) = tokio::join!(inviting, registering);
    assert_eq!(invited.unwrap(), InvitationResult::Exists);
    let kept = store
        .enrol_edge(Hash::digest_bytes(b"old"), KEY, NOW)
        .await
        .unwrap();
    assert_eq!(
        kept,
        EnrolmentResult::Edge {
            edge: north(),
            region: Region::North
        },
        "its code stands"
    );
}
