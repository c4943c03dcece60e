//! The private servers answer, and leave nothing behind when their holder is killed.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::{Child, Command},
    thread,
    time::Duration,
};

use stack::{servers::Addresses, temporary};

const PROGRAM: &str = env!("CARGO_BIN_EXE_holdfast-stack");

#[test]
fn servers_are_gone_when_their_holder_was_killed() {
    let (mut holder, addresses, folder) = held();
    let ports = ports(&addresses);
    let pids = pids_below(holder.id());
    assert!(ports.len() == 7 && pids.len() >= 7, "{ports:?} {pids:?}");
    assert!(ports.iter().all(|port| answers(*port)), "{addresses:?}");
    holder.kill().unwrap();
    holder.wait().unwrap();
    until(|| !pids.iter().any(|pid| is_alive(*pid)) && !ports.iter().any(|port| answers(*port)));
    until(|| !folder.join("ready.json").exists());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_server_that_is_not_installed_is_named_with_its_package() {
    let folder = temporary::folder().unwrap();
    let output = Command::new(PROGRAM)
        .args(["servers", "--ready-file"])
        .arg(folder.join("ready.json"))
        .env("HOLDFAST_MONGOD", "/no/such/mongod")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("/no/such/mongod"),
        "{said}"
    );
    let said = stack::binaries::debian("no-such-server", "some-package")
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("`no-such-server` is missing") && said.contains("some-package"),
        "{said}"
    );
    fs::remove_dir_all(folder).unwrap();
}

/// Servers under a separate holder, not this test run's.
fn held() -> (Child, Addresses, std::path::PathBuf) {
    let folder = temporary::folder().unwrap();
    let ready_file = folder.join("ready.json");
    let mut holder = Command::new(PROGRAM);
    let holder = holder
        .args(["servers", "--ready-file"])
        .arg(&ready_file)
        .spawn()
        .unwrap();
    until(|| ready_file.exists());
    let addresses = serde_json::from_slice(&fs::read(&ready_file).unwrap()).unwrap();
    (holder, addresses, folder)
}

fn ports(addresses: &Addresses) -> Vec<u16> {
    let all = serde_json::to_value(addresses).unwrap();
    let all = all.as_object().unwrap().values();
    all.map(|url| {
        url.as_str()
            .unwrap()
            .rsplit_once(':')
            .unwrap()
            .1
            .parse()
            .unwrap()
    })
    .collect()
}

fn pids_below(root: u32) -> Vec<u32> {
    let everyone = fs::read_dir("/proc").unwrap().flatten();
    let everyone = everyone.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let everyone: Vec<u32> = everyone.collect();
    let mut below = Vec::new();
    let mut fresh = vec![root];
    while let Some(parent) = fresh.pop() {
        let children = everyone
            .iter()
            .filter(|pid| parent_of(**pid) == Some(parent));
        fresh.extend(children.clone());
        below.extend(children);
    }
    below
}

fn stat(pid: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    Some(
        stat.rsplit_once(')')?
            .1
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
    )
}

fn parent_of(pid: u32) -> Option<u32> {
    stat(pid)?.get(1)?.parse().ok()
}

fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|stat| stat[0] != "Z")
}

fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn until(mut so: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if so() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("it did not become so within a minute");
}
