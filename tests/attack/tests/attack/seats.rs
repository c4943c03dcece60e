//! Limits on event streams, and rate limits evaded with a claimed address.

use attack::{AttackedPlatform, HttpCall, Somebody, Station};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use wire::Role;

/// Opens a person's event stream. Returns the status.
async fn news(platform: &AttackedPlatform, who: &Somebody, from: Station) -> (String, TcpStream) {
    let mut stream = from
        .connect(platform.gateway())
        .await
        .expect("a connection");
    let head = format!(
        "GET /api/v1/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         accept: text/event-stream\r\n\r\n",
        who.person.token
    );
    stream.write_all(head.as_bytes()).await.expect("a request");
    let mut start = vec![0; 12];
    let read = timeout(attack::PATIENCE, stream.read_exact(&mut start)).await;
    read.expect("an answer in time").expect("an answer");
    (String::from_utf8_lossy(&start[9..]).into_owned(), stream)
}

#[tokio::test]
async fn one_person_takes_every_seat_of_the_news() {
    let platform = AttackedPlatform::shared().await;
    let [greedy, honest] = [
        platform.somebody(Role::Customer).await,
        platform.somebody(Role::Customer).await,
    ];
    let mut held = Vec::new();
    let mut refused = 0;
    for _ in 0..40 {
        let (status, stream) = news(platform, &greedy, Station::fresh()).await;
        refused += usize::from(status == "429");
        held.push(stream);
    }
    assert!(refused >= 30, "one person holds {} seats", 40 - refused);
    let (status, _) = news(platform, &honest, honest.station).await;
    assert_eq!(status, "200", "another person has a seat");
    let orders = greedy.ask(HttpCall::get("/api/v1/orders")).await.unwrap();
    assert_eq!(orders.status, 200);
}

#[tokio::test]
async fn a_caller_gets_a_new_limit_by_naming_another_address() {
    let platform = AttackedPlatform::shared().await;
    let caller = Station::fresh();
    let body = json!({"token": "x"});
    let mut limited = 0;
    // More than two minutes' allowance, so that a minute's rollover cannot hide the limit.
    for number in 0..700 {
        let claimed = format!("10.{}.{}.7", number / 250, number % 250);
        let call = HttpCall::post("/api/v1/auth/verify-token")
            .json(&body)
            .header("x-forwarded-for", claimed.clone())
            .header("x-real-ip", claimed.clone())
            .header("forwarded", format!("for={claimed}"));
        let answer = caller.ask(platform.gateway(), &call).await.unwrap();
        limited += usize::from(answer.status == 429);
    }
    assert!(limited > 0, "700 requests of one address went through");
    let other = Station::fresh();
    let call = HttpCall::post("/api/v1/auth/verify-token").json(&body);
    let answer = other.ask(platform.gateway(), &call).await.unwrap();
    assert_eq!(
        answer.status,
        401,
        "another address is not refused for it: {}",
        answer.text()
    );
}
