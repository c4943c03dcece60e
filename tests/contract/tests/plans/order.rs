//! The statements on orders: one order from publication to its end, every list, and a series.

mod series;

use custody::OrderVersionsQuery;
use order::{
    Config,
    store::{
        AcceptanceRules, CaseUpdateResult, ChunkResult, FirmAnswerQuery, OrderListCursor,
        OrderListQuery, OrderSort, PhotoName, PhotoPurpose, PhotoVerdict, Publication, Store,
        TrackingSecret,
    },
};
use platform::{Database, files::FileKind, inbox, outbox, sql::Sql};
use process::clock::Clock;
use rules::{Attempt, Origin};
use support::Engine;
use uuid::Uuid;
use wire::{
    Actor, Amount, BatchBody, BatchOp, CaseState, Command, CommandBody, CommandEvidence, CommandId,
    Draft, EdgeId, EventId, Hash, OpDecision, OpsBatch, Order, OrderId, OrderRangeQuery,
    OrderStatus, PhotoChunkDelivery, PhotoRef, Region, Role, ServiceHours, ServiceType,
    ShareLimits, UnixMillis, UserId, Verdict, WorkEvidence,
};

use series::publish_and_erase;

use crate::{
    NOW, SqliteStep, all, fill,
    messages::{message_photos, messages_after_marks},
    recorder, scans_of, without_scans,
};

const FILLED: &[&str] = &[
    "orders",
    "order_timeline",
    "commands",
    "case_items",
    "provider_acts",
    "provider_locks",
    "provider_marks",
    "order_photos",
    "photo_chunks",
    "calendar_feeds",
    "order_messages",
    "message_reports",
    "message_blocks",
    "time_proposals",
    "erasures",
    "series",
    "series_orders",
    "outbox",
    "inbox",
];

/// The number of public list filters; the test tries every combination.
const FILTERS: u32 = 8;

/// Filters independent of the sort: prices, the end of a period, and codes.
const OF_NO_SORT: u32 = 1 << 3 | 1 << 4 | 1 << 6 | 1 << 7;

/// A cursor behind the other rows, which match no filter and must not be read.
fn behind_all(sort: OrderSort) -> OrderListCursor {
    let (key, id) = match sort {
        OrderSort::Newest => (NOW.0, Uuid::nil()),
        OrderSort::PriceHigh => (0, Uuid::nil()),
        OrderSort::Oldest | OrderSort::PriceLow | OrderSort::Start => (i64::MAX, Uuid::max()),
    };
    OrderListCursor { sort, key, id }
}

pub(crate) async fn uses_indexes(engine: Engine) {
    let recorder = recorder::installed();
    let folder = tempfile::tempdir().unwrap();
    let url = engine.address(folder.path(), "order");
    let migrate = async |url: &str| {
        let config = Config {
            sql_url: url.into(),
            ..Config::default()
        };
        order::migrate(&config).await.unwrap();
    };
    let name = if engine == Engine::MariaDb {
        "order_plans_mariadb"
    } else {
        "order_plans_sqlite"
    };
    let sql = testing::database(name, &url, migrate).await;
    if engine == Engine::MariaDb {
        for table in FILLED {
            fill(&sql, table).await;
        }
    }
    run(&sql).await;
    let seen = without_scans(&sql, engine, recorder, FILLED).await;
    assert!(seen > 400, "only {seen} statements were seen");
    let whole = "SELECT id FROM orders WHERE source = ? AND version = ?";
    assert_eq!(
        scans_of(&sql, engine, whole).await.len(),
        1,
        "a scan would be seen"
    );
    if engine == Engine::Sqlite {
        begins_in_the_history(&sql, recorder).await;
    }
}

/// The firm answers of a region are searched in a part of the history, not among all orders there.
async fn begins_in_the_history(sql: &Sql, recorder: &recorder::Recorder) {
    let statements = recorder.statements().into_iter();
    let mut of_region = statements.filter(|text| text.contains("AND orders.location = ?"));
    let text = of_region.next().expect("the list of a region was read");
    let steps: Vec<SqliteStep> = all(sql, format!("EXPLAIN QUERY PLAN {text}")).await;
    let first = "SEARCH order_timeline USING INTEGER PRIMARY KEY";
    assert!(steps[0].0.starts_with(first), "{}", steps[0].0);
}

fn message(order_id: OrderId) -> CommandBody {
    CommandBody::SendMessage {
        order_id,
        text: "I come at 2.".into(),
        photo: Some(PhotoRef {
            hash: Hash::ZERO,
            bytes: 2_000,
        }),
    }
}

async fn run(sql: &Sql) {
    let clock = Clock::fixed_at(NOW);
    let rules = AcceptanceRules {
        limits: ShareLimits::default(),
        open_orders: 100,
        verified_only: false,
    };
    let store = Store::new(sql.clone(), clock.clone(), rules);
    let order = published(&store, &clock).await;
    let order_id = order.id;
    for (role, body) in [
        (Role::Admin, CommandBody::ApproveOrder { order_id }),
        (Role::Provider, CommandBody::AcceptOrder { order_id }),
        (
            Role::Provider,
            CommandBody::WithdrawAcceptance {
                order_id,
                reason: None,
            },
        ),
        (Role::Provider, CommandBody::AcceptOrder { order_id }),
        (Role::Provider, message(order_id)),
        (Role::Customer, message(order_id)),
    ] {
        let command = command(&clock, body);
        let id = command.id;
        decided(&store, role, command).await;
        assert_eq!(store.list_distrusted(&[id]).await.unwrap(), 1);
    }
    let cancel = CommandBody::CancelOrder {
        order_id,
        reason: None,
        fee: None,
    };
    photos(&store, &clock, order_id).await;
    let provider = Actor {
        user_id: user(2),
        role: Role::Provider,
    };
    message_photos(&store, order_id, provider).await;
    lists(&store).await;
    reads(&store, &order).await;
    calendars(&store).await;
    desks(&store).await;
    decided(&store, Role::Customer, command(&clock, cancel)).await;
    traces(sql, order_id).await;
    erasures(&store, order_id).await;
    publish_and_erase(&store, &clock).await;
}

/// An operator's trace of the order.
async fn traces(sql: &Sql, order: OrderId) {
    let database = Database::from(sql);
    let found = outbox::find_order_events(&database, order, 100).await;
    let events: Vec<EventId> = found.unwrap().iter().map(|one| one.event.id).collect();
    assert_eq!(events.len(), 8, "of each change and message");
    let receipts = inbox::find_receipts(&database, "order_people", &events).await;
    assert_eq!(receipts.unwrap(), []);
}

/// The texts of both people's order, from the first request to the end of the work.
async fn erasures(store: &Store, order_id: OrderId) {
    for person in [user(2), user(1)] {
        store.start_erasure(person, NOW).await.unwrap();
        let due = store.list_due_erasures(1).await.unwrap();
        let mut due = due.into_iter().find(|one| one.person == person).unwrap();
        let orders = store.list_orders_to_erase(&due, 20).await.unwrap();
        assert_eq!(orders, [order_id]);
        for is_repeat in [false, true] {
            due.is_repeat = is_repeat;
            store.erase_order_texts(order_id, &due).await.unwrap();
        }
        let photos = store.list_erased_photos(order_id, Uuid::nil(), 20).await;
        photos.unwrap();
        store.pass_order(&mut due, order_id, false).await.unwrap();
        assert_eq!(store.list_orders_to_erase(&due, 20).await.unwrap(), []);
        assert!(store.finish_erasure(&due).await.unwrap());
    }
    let is_used = store
        .is_photo_file_used(user(2), PhotoPurpose::Work, Hash::ZERO)
        .await;
    assert!(!is_used.unwrap());
}

/// Every list, behind its last row.
async fn lists(store: &Store) {
    for chosen in 0..1_u32 << FILTERS {
        let has = |filter: u32| chosen & (1 << filter) != 0;
        let price = Amount::from_minor(100).unwrap();
        let narrowed = OrderListQuery {
            region: has(0).then_some(Region::North),
            status: has(1).then_some(OrderStatus::Pending),
            service_type: has(2).then_some(ServiceType::Other),
            price_min: has(3).then_some(price),
            price_max: has(4).then_some(price),
            from: has(5).then_some(NOW),
            until: has(6).then_some(NOW),
            code: has(7).then(|| wire::OrderCode::parse("N-7F3K9Q").unwrap()),
            ..OrderListQuery::default()
        };
        let of_customer = OrderListQuery {
            customer: Some(user(1)),
            ..narrowed.clone()
        };
        let of_provider = OrderListQuery {
            provider: Some(user(2)),
            ..narrowed.clone()
        };
        for list in [narrowed, of_customer, of_provider] {
            store.exceeds_export(&list).await.unwrap();
            for sort in OrderSort::ALL {
                let is_usual = sort == OrderSort::Newest;
                // The list of all orders lacks this sort.
                let is_offered = sort != OrderSort::Start
                    || list.status.is_some()
                    || list.customer.or(list.provider).is_some();
                if is_usual || (is_offered && chosen & OF_NO_SORT == 0) {
                    store.list(&list, 20, behind_all(sort)).await.unwrap();
                }
            }
        }
    }
}

async fn reads(store: &Store, order: &Order) {
    store.find_order(order.id).await.unwrap();
    store.read_timeline(order.id).await.unwrap();
    store.count_open_orders(user(1)).await.unwrap();
    let hours = ServiceHours {
        start: NOW,
        end: NOW.plus_ms(1),
    };
    let providers = [user(1), user(2)].into();
    store.list_booked(&providers, hours).await.unwrap();
    store.list_order_times(NOW).await.unwrap();
    let secret = TrackingSecret::Derived(store.tracking_secret(order.id));
    assert!(
        store
            .find_tracked(&order.code, &secret)
            .await
            .unwrap()
            .is_some()
    );
    store.tracked_steps(order.id).await.unwrap();
    store.load_cancel_basis(order.id).await.unwrap();
    store.order_and_terms(order.id).await.unwrap();
    store
        .known_orders(&OrderVersionsQuery::Named(vec![order.id]))
        .await
        .unwrap();
    store
        .known_orders(&OrderVersionsQuery::Changed {
            since: UnixMillis(i64::MAX),
            after: None,
        })
        .await
        .unwrap();
    let region = Region::North;
    let range = OrderRangeQuery {
        region,
        after: None,
        until: None,
        orders_max: 9,
        marks: true,
    };
    store.digest_range(&range).await.unwrap();
    store.orders_by_id(&[order.id]).await.unwrap();
    messages_after_marks(store, order.id).await;
}

/// A feed with its secret, and the jobs of a customer and a provider.
async fn calendars(store: &Store) {
    let owner = actor(Role::Provider);
    for _ in 0..2 {
        store.make_calendar_feed(owner).await.unwrap();
    }
    store.find_calendar_feed(owner.user_id).await.unwrap();
    assert_eq!(store.find_calendar_owner("x").await.unwrap(), None);
    for role in [Role::Customer, Role::Provider] {
        store.list_calendar_jobs(actor(role)).await.unwrap();
    }
    store.end_calendar_feed(owner.user_id).await.unwrap();
}

/// A photo from its name in the history of the order until it is kept.
async fn photos(store: &Store, clock: &Clock, order_id: OrderId) {
    let photo = PhotoRef {
        hash: Hash::ZERO,
        bytes: 2_000,
    };
    let evidence = Some(WorkEvidence {
        photos: vec![photo],
        ..WorkEvidence::default()
    });
    // The edge's early completion is refused, and stays in the history.
    let body = CommandBody::CompleteOrder {
        order_id,
        note: None,
        evidence,
    };
    let command = command(clock, body);
    let command_id = command.id;
    let attempt = rules::submissions_from_batch(batch_of(command));
    store.decide_all(&attempt).await.unwrap();
    let chunk = PhotoChunkDelivery {
        edge: EdgeId::new("north-1").unwrap(),
        order_id,
        command_id,
        photo,
        offset: 0,
        body: vec![7; 2_000],
    };
    let ChunkResult::Whole(whole) = store.stage_photo_chunk(&chunk).await.unwrap() else {
        panic!("the photo is not whole")
    };
    store.read_staged_photo(whole.id).await.unwrap();
    for verdict in [PhotoVerdict::Damaged, PhotoVerdict::Kept(FileKind::Png)] {
        store.settle_photo(whole.id, verdict).await.unwrap();
    }
    let name = PhotoName {
        order_id,
        command_id,
        photo,
    };
    let owner = whole.owner;
    let purpose = store.find_photo_purpose(&name, owner).await.unwrap();
    assert_eq!(purpose, PhotoPurpose::Work);
    let other = PhotoName {
        command_id: CommandId(clock.new_id()),
        ..name
    };
    let kind = FileKind::Jpeg;
    let sent = store.record_sent_photo(other, owner, purpose, kind).await;
    sent.unwrap();
    assert_eq!(store.list_order_photos(order_id).await.unwrap().len(), 1);
    assert_eq!(store.remove_unfinished_photos(20).await.unwrap(), 0);
}

/// An edge's log with this command, which it answered firm.
fn batch_of(command: Command) -> OpsBatch {
    let evidence = CommandEvidence {
        verdict: Verdict::Firm,
        fence: Some(1),
        received_at: NOW,
        policy_version: None,
        rules_version: None,
        revocations_version: None,
        revoked_version: None,
        relogged: None,
        made_at: None,
        distrusted: false,
        mark: None,
        cut_off: None,
    };
    let body = BatchBody::Command {
        command,
        actor: Some(actor(Role::Provider)),
        evidence,
    };
    OpsBatch {
        edge: EdgeId::new("north-1").unwrap(),
        region: Region::North,
        epoch: 1,
        ops: vec![BatchOp {
            seq: 1,
            hash: Hash::ZERO,
            body,
        }],
    }
}

async fn desks(store: &Store) {
    let newest = store.list_cases(None, None, 1).await.unwrap()[0].id;
    for state in [Some(CaseState::Open), Some(CaseState::Closed)] {
        assert_eq!(store.list_cases(state, Some(1), 20).await.unwrap(), []);
    }
    store.find_case(newest).await.unwrap();
    store.take_case(newest, user(9)).await.unwrap();
    let closed = store.close_case(newest, user(9), "Done.").await.unwrap();
    assert!(matches!(closed, CaseUpdateResult::Done(_)));
    store.lost_acceptances(None, 20).await.unwrap();
    firm_answers(store).await;
    store.list_answers(CommandId(Uuid::nil())).await.unwrap();
    store.list_provider_jobs(user(2), 20).await.unwrap();
    let since = store.stale_since(1);
    store
        .find_stale(OrderStatus::Pending, since, 20)
        .await
        .unwrap();
}

/// The list of firm answers with every filter, and without any.
async fn firm_answers(store: &Store) {
    let filtered = FirmAnswerQuery {
        region: Some(Region::North),
        edge: EdgeId::new("north-1").ok(),
        from: Some(NOW),
        until: Some(NOW.plus_ms(1)),
    };
    for query in [filtered, FirmAnswerQuery::default()] {
        let (answers, _) = store.list_firm_answers(&query, None, 20).await.unwrap();
        assert_eq!(answers.len(), 1);
    }
}

async fn published(store: &Store, clock: &Clock) -> Order {
    let publication = publication(CommandId(clock.new_id()), draft());
    order_of(store.publish_order(publication).await.unwrap())
}

fn draft() -> Draft {
    let price = Amount::from_minor(20_000).unwrap();
    Draft::new(
        "Fix a tap",
        ServiceType::CleaningRepair,
        price,
        Region::North,
        "1 Lake Road",
    )
}

fn publication(command_id: CommandId, draft: Draft) -> Publication {
    Publication {
        command_id,
        actor: actor(Role::Customer),
        draft,
        wants_start_code: false,
        trace: None,
    }
}

fn order_of(decision: OpDecision) -> Order {
    match decision {
        OpDecision::Decided(outcome) => outcome.order.unwrap(),
        held => panic!("{held:?}"),
    }
}

async fn decided(store: &Store, role: Role, command: Command) {
    let attempt = Attempt {
        command,
        actor: Some(actor(role)),
        verification: None,
        origin: Origin::Portal,
    };
    match store.decide_one(attempt).await.unwrap() {
        OpDecision::Decided(outcome) => assert!(outcome.has_succeeded(), "{outcome:?}"),
        held => panic!("{held:?}"),
    }
}

fn command(clock: &Clock, body: CommandBody) -> Command {
    let id = CommandId(clock.new_id());
    Command {
        id,
        body,
        device: None,
        device_seq: None,
        tapped_at: None,
        trace: None,
    }
}

fn actor(role: Role) -> Actor {
    let n = match role {
        Role::Customer => 1,
        Role::Provider => 2,
        Role::Admin => 9,
    };
    Actor {
        user_id: user(n),
        role,
    }
}

fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}
