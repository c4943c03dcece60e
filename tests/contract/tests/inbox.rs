//! The promises of the inbox store, one body for MongoDB and SQLite.

#![allow(clippy::unwrap_used)]

use notification::{
    domain::{Cursor, Line, LineId, PageRequest, Params},
    store::InboxStore,
};
use uuid::Uuid;
use wire::{
    Amount, Code, Currency, EventId, EventType, Lost, NearbyJob, OrderCode, OrderId, Region, Role,
    Source, UnixMillis, UserId,
};

const AT: UnixMillis = UnixMillis(1_764_000_000_000);
const CUSTOMER: UserId = UserId(Uuid::from_u128(1));
const PROVIDER: UserId = UserId(Uuid::from_u128(2));

#[tokio::test]
async fn every_arm_keeps_the_promises_of_an_inbox() {
    for arm in contract::document_stores().await {
        check(InboxStore::new(arm.documents.clone())).await;
    }
}

async fn check(store: InboxStore) {
    assert!(store.check().await.is_err(), "a store that was never migrated is refused");
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
    store.check().await.unwrap();

    a_redelivery_doubles_nothing(&store).await;
    what_was_written_reads_back(&store).await;
    pages_join_without_a_gap_or_a_repeat(&store).await;
    only_its_owner_reads_a_line_and_only_once(&store).await;
    copies_that_race_write_one_line(&store).await;
    many_lines_at_once_pass_over_those_that_are_there(&store).await;
}

async fn a_redelivery_doubles_nothing(store: &InboxStore) {
    let told = line(CUSTOMER, Role::Customer, 1);
    assert!(store.add(id(1), &told).await.unwrap());
    assert!(!store.add(id(2), &told).await.unwrap());
    // The same event concerns two people, each once.
    assert!(store.add(id(3), &line(PROVIDER, Role::Provider, 1)).await.unwrap());
    assert!(!store.add(id(4), &line(PROVIDER, Role::Provider, 1)).await.unwrap());
    assert_eq!(lines(store, all(CUSTOMER, Role::Customer)).await, [id(1)]);
    assert_eq!(store.unread(PROVIDER, Role::Provider).await.unwrap(), 1);
}

async fn what_was_written_reads_back(store: &InboxStore) {
    let user = UserId(Uuid::from_u128(20));
    let mut told = line(user, Role::Provider, 20);
    told.event_type = EventType::OrderAcceptanceLost;
    told.counterpart = Some(CUSTOMER);
    told.params.reason = Some("换一天 \"$set\" {}".into());
    told.params.why = Some(Code::OrderAlreadyAccepted);
    told.params.lost = Some(lost());
    store.add(id(20), &told).await.unwrap();
    let page = store.page(&all(user, Role::Provider)).await.unwrap();
    assert_eq!(page.lines[0].line, told);
    assert_eq!((page.lines[0].id, page.lines[0].read_at), (id(20), None));
}

async fn pages_join_without_a_gap_or_a_repeat(store: &InboxStore) {
    let user = UserId(Uuid::from_u128(30));
    for n in 30..37 {
        // Two at each moment: the id settles the tie.
        let at = AT.plus_ms((n / 2).try_into().unwrap());
        let told = Line { created_at: at, ..line(user, Role::Customer, n) };
        store.add(id(n), &told).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let request = PageRequest { limit: 2, after, ..all(user, Role::Customer) };
        let page = store.page(&request).await.unwrap();
        assert!(page.lines.len() <= 2);
        seen.extend(page.lines.iter().map(|stored| stored.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, (30..37).rev().map(id).collect::<Vec<_>>());
}

async fn only_its_owner_reads_a_line_and_only_once(store: &InboxStore) {
    let user = UserId(Uuid::from_u128(40));
    for n in [40, 41] {
        store.add(id(n), &line(user, Role::Customer, n)).await.unwrap();
    }
    let (first, later) = (AT.plus_ms(10), AT.plus_ms(20));
    assert!(!store.mark_read(CUSTOMER, Role::Customer, id(40), first).await.unwrap());
    assert!(!store.mark_read(user, Role::Customer, id(49), first).await.unwrap());
    assert!(store.mark_read(user, Role::Customer, id(40), first).await.unwrap());
    assert!(store.mark_read(user, Role::Customer, id(40), later).await.unwrap());
    assert_eq!(store.unread(user, Role::Customer).await.unwrap(), 1);

    let unread = PageRequest { unread_only: true, ..all(user, Role::Customer) };
    assert_eq!(lines(store, unread).await, [id(41)]);
    let page = store.page(&all(user, Role::Customer)).await.unwrap();
    let read_at = page.lines.iter().find(|stored| stored.id == id(40)).unwrap().read_at;
    assert_eq!(read_at, Some(first), "the first reading counts");

    // A line read long ago counts as gone, removed or not.
    let since = PageRequest { read_since: first.plus_ms(1), ..all(user, Role::Customer) };
    assert_eq!(lines(store, since).await, [id(41)]);
}

async fn many_lines_at_once_pass_over_those_that_are_there(store: &InboxStore) {
    let user = UserId(Uuid::from_u128(60));
    assert!(store.add(id(60), &line(user, Role::Customer, 60)).await.unwrap());
    let both = |n| [line(user, Role::Customer, n), line(PROVIDER, Role::Provider, n)];
    let lines_of = [60, 61, 61].into_iter().flat_map(both);
    let run: Vec<_> = lines_of.zip(61..).map(|(line, n)| (id(n), line)).collect();
    let fresh = store.add_all(&run).await.unwrap();
    assert_eq!(fresh, [false, true, true, true, false, false]);
    assert_eq!(lines(store, all(user, Role::Customer)).await.len(), 2);
    assert_eq!(store.add_all(&run).await.unwrap(), [false; 6]);
    assert_eq!(store.add_all(&[]).await.unwrap(), [false; 0]);
}

async fn copies_that_race_write_one_line(store: &InboxStore) {
    let told = line(UserId(Uuid::from_u128(50)), Role::Customer, 50);
    let (a, b, c) =
        tokio::join!(store.add(id(51), &told), store.add(id(52), &told), store.add(id(53), &told));
    let wrote = [a.unwrap(), b.unwrap(), c.unwrap()].into_iter().filter(|new| *new).count();
    assert_eq!(wrote, 1);
}

async fn lines(store: &InboxStore, request: PageRequest) -> Vec<LineId> {
    let page = store.page(&request).await.unwrap();
    page.lines.into_iter().map(|stored| stored.id).collect()
}

fn all(user_id: UserId, role: Role) -> PageRequest {
    let read_since = UnixMillis(0);
    PageRequest { user_id, role, unread_only: false, after: None, limit: 100, read_since }
}

fn id(n: u128) -> LineId {
    LineId(Uuid::from_u128(n))
}

fn line(user_id: UserId, role: Role, event: u128) -> Line {
    let order_id = OrderId(Uuid::from_u128(7));
    Line {
        user_id,
        role,
        event_type: EventType::OrderAccepted,
        order_id,
        event_id: EventId(Uuid::from_u128(event)),
        counterpart: None,
        params: Params {
            title: "Mend the tap 修水龙头".into(),
            code: OrderCode::of(Region::North, order_id),
            price: Amount::from_minor(20_000).unwrap(),
            currency: Currency::Cny,
            region: Region::North,
            reason: None,
            why: None,
            lost: None,
        },
        created_at: AT,
    }
}

fn lost() -> Lost {
    let other = OrderId(Uuid::from_u128(10));
    Lost {
        winner_decided_at: Some(AT.plus_ms(5_000)),
        winner_source: Some(Source::Portal),
        tapped_at: Some(AT),
        edge_at: None,
        nearby: vec![NearbyJob {
            order_id: other,
            code: OrderCode::of(Region::North, other),
            title: "Paint a wall".into(),
            price: Amount::from_minor(15_000).unwrap(),
            currency: Currency::Cny,
        }],
        taken_back: None,
    }
}
