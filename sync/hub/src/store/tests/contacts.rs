//! The last contact with an edge, and the status derived from it.

use super::{
    waiting_accepts::{accept, make_north_holder},
    *,
};
use crate::domain::status::CONTACT_STALE_MS;

/// Returns the link, its last change and the last contact, as read for the status.
async fn shown(store: &Store) -> (bool, Option<UnixMillis>, Option<UnixMillis>) {
    let edge = store.list_edges("", 10).await.unwrap().swap_remove(0);
    (edge.link_up, edge.link_since, edge.stored.last_contact_at)
}

#[rstest]
#[tokio::test]
async fn a_contact_counts_for_its_session_and_a_closed_connection_stays_closed(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    let record = async |contact| store.record_contact(contact).await.unwrap();
    let at = |s: i64| NOW.plus_ms(s * 1_000);
    let (old, _) = session(&store).await;
    assert_eq!(shown(&store).await, (true, Some(NOW), Some(NOW)));
    record(contact(old, at(3))).await;
    record(contact(old, at(6))).await;
    assert_eq!(shown(&store).await, (true, Some(NOW), Some(at(6))));

    let closed = EdgeContact {
        closed_at: Some(at(8)),
        ..contact(old, at(7))
    };
    record(closed).await;
    record(contact(old, at(9))).await;
    assert_eq!(shown(&store).await, (false, Some(at(8)), Some(at(7))));

    let (new, _) = session(&store).await;
    assert_eq!(shown(&store).await, (true, Some(NOW), Some(NOW)));
    record(contact(new, at(10))).await;
    record(closed).await;
    assert_eq!(shown(&store).await, (true, Some(NOW), Some(at(10))));
}

#[rstest]
#[tokio::test]
async fn a_holder_is_in_reach_while_its_session_hears_it(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    make_north_holder(&store).await;
    let admit = async |n, now| store.admit_portal_accept(&accept(n), now).await.unwrap();
    let (term, _) = session(&store).await;
    let stale = NOW.plus_ms(CONTACT_STALE_MS);
    assert_eq!(
        admit(1, stale.plus_ms(-1)).await,
        AcceptAdmission::Waits,
        "its Hello is a contact too"
    );
    assert_eq!(admit(2, stale).await, AcceptAdmission::HolderAway);

    store.record_contact(contact(term, LATER)).await.unwrap();
    let stale = LATER.plus_ms(CONTACT_STALE_MS);
    assert_eq!(admit(2, stale.plus_ms(-1)).await, AcceptAdmission::Waits);
    assert_eq!(admit(3, stale).await, AcceptAdmission::HolderAway);

    let closed = EdgeContact {
        closed_at: Some(LATER),
        ..contact(term, LATER)
    };
    store.record_contact(closed).await.unwrap();
    assert_eq!(admit(3, LATER).await, AcceptAdmission::HolderAway);
}
