//! Accepts that wait at the portal.

use wire::{Actor, Command, CommandBody, CommandId, PortalAccept, Role};

use super::*;

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn an_accept_that_this_version_cannot_read_hides_no_other(#[case] mysql: bool) {
    const ADD: &str = "UPDATE asks SET command = X'FF' WHERE command_id = ?";
    const HOLDER: &str = "UPDATE regions SET holder = ?, holder_epoch = 1 WHERE region = 'NORTH'";
    let store = database(mysql).await;
    enrolled(&store).await;
    let (term, _) = session(&store).await;
    store.contact(&north(), term, NOW).await.unwrap();
    store.sql().exec(HOLDER, platform::vals![&north()]).await.unwrap();
    let user_id = UserId(Uuid::from_u128(5));
    for n in 1..=3 {
        let command = Command {
            id: CommandId(Uuid::from_u128(n)),
            body: CommandBody::AcceptOrder { order_id: OrderId(Uuid::from_u128(n)) },
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: None,
        };
        let actor = Actor { user_id, role: Role::Provider };
        let accept = PortalAccept { region: Region::North, command, actor, token: "t".into() };
        assert_eq!(store.ask(&accept, NOW).await.unwrap(), Asked::Waits);
    }
    let id = |n| CommandId(Uuid::from_u128(n));
    store.sql().exec(ADD, platform::vals![id(2)]).await.unwrap();
    let first = (CommandId(Uuid::nil()), UserId(Uuid::nil()));
    let waiting = store.waiting_accepts(first, 10).await.unwrap();
    let read: Vec<_> = waiting.iter().map(|((id, _), accept)| (*id, accept.is_some())).collect();
    assert_eq!(read, [(id(1), true), (id(2), false), (id(3), true)]);
    let put = store.asks_for(Region::North, &north(), 1, 10).await.unwrap();
    assert!(put.iter().map(|accept| accept.command.id).eq([id(1), id(3)]));
}
