//! Exhausting file descriptors without signing in.

use attack::{AttackedPlatform, HttpCall, Station};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use stack::Part;
use tokio::net::TcpStream;
use wire::Role;

/// The usual file descriptor limit of a service.
const FILES: u64 = 1_024;
const SOCKETS: usize = 1_300;

fn with_few_files(platform: &AttackedPlatform, part: Part) {
    let pid = platform
        .stack
        .child(part)
        .expect("a part")
        .pid()
        .expect("it runs");
    let pid = Pid::from_raw(pid.cast_signed()).expect("a pid");
    let few = Rlimit {
        current: Some(FILES),
        maximum: Some(FILES),
    };
    prlimit(Some(pid), Resource::Nofile, few).expect("a limit");
}

/// Holds as many sockets as the port accepts, without retries.
async fn hold(from: &[Station], port: u16) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for number in 0..SOCKETS {
        if let Ok(stream) = from[number % from.len()].connect(port).await {
            held.push(stream);
        }
    }
    held
}

#[tokio::test]
async fn a_stranger_uses_up_the_file_descriptors() {
    attack::many_files();
    // With embedded stores one process holds the files of all parts, so they run out soonest.
    let platform = AttackedPlatform::on_files().await;
    let customer = platform.somebody(Role::Customer).await;
    let edge = Part::Edge(platform.edge().region);
    for (part, port, path) in [
        (Part::Cloud, platform.gateway(), "/api/v1/orders"),
        (edge, platform.edge().http, "/standing"),
    ] {
        with_few_files(&platform, part);
        let one = hold(&[Station::fresh()], port).await;
        for _ in 0..5 {
            let call = HttpCall::get(path).bearer(&customer.person.token);
            let answer = customer
                .station
                .ask(port, &call)
                .await
                .expect("an honest caller is served");
            assert_eq!(answer.status, 200, "{part}: {}", answer.text());
        }
        drop(one);
        // Many addresses may fill the port for a while; it serves again after they leave.
        let many: Vec<Station> = (0..60).map(|_| Station::fresh()).collect();
        drop(hold(&many, port).await);
        support::eventually("it serves again", attack::PATIENCE, async || {
            let call = HttpCall::get(path).bearer(&customer.person.token);
            let answer = customer.station.ask(port, &call).await.ok()?;
            (answer.status == 200).then_some(())
        })
        .await;
    }
}
