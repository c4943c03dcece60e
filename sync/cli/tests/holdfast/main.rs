//! Runs the real binary, as a person or script would, against canned answers.

#![allow(clippy::unwrap_used)]

mod conflicts;
mod enrol;
mod explain;
mod login;
mod promises;
mod queue;
mod schema;
mod stage;
mod trace;
mod wait;

use serde_json::{Value, json};
use stage::{COMMAND, ORDER, PERSON, Platform, code, order_code, out, report, said};

#[test]
fn a_healthy_platform_exits_0() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["status"]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    let rows = out(&ran);
    assert!(rows.starts_with("REGION\tEDGE\tGATE\tLINK\t"), "{rows}");
    assert!(
        rows.contains("NORTH\tnorth-1\topen\t+ up 3m 12s\t0\t0 / 0\t= match\t"),
        "{rows}"
    );
    assert!(said(&ran).contains("All is well"));
}

#[test]
fn warnings_of_status_stay_out_of_standard_output() {
    let platform = Platform::start(report("down", "unknown"));
    for args in [["status"].as_slice(), &["status", "--width", "100"]] {
        let ran = platform.holdfast(args);
        assert!(
            out(&ran).contains("north-1") && !out(&ran).contains("! north-1"),
            "{}",
            out(&ran)
        );
        assert!(
            said(&ran).contains("! north-1: the link is down"),
            "{}",
            said(&ran)
        );
    }
}

#[test]
fn a_degraded_platform_exits_3_and_says_what_to_do() {
    let platform = Platform::start(report("down", "unknown"));
    let ran = platform.holdfast(&["status"]);
    assert_eq!(code(&ran), 3);
    assert!(
        said(&ran).contains("! north-1: the link is down"),
        "{}",
        said(&ran)
    );
    assert!(
        said(&ran).contains("Next: check the edge and its network"),
        "{}",
        said(&ran)
    );

    let ran = platform.holdfast(&["status", "--json"]);
    assert_eq!(code(&ran), 3);
    let value: Value = serde_json::from_str(&out(&ran)).unwrap();
    assert_eq!(value["healthy"], false);
    assert_eq!(value["complaints"][0]["kind"], "link_down");
    assert_eq!(value["regions"][0]["edges"][0]["edge"], "north-1");
    assert_eq!(said(&ran), "");
}

#[test]
fn the_flag_and_the_environment_choose_the_language() {
    let platform = Platform::start(report("down", "unknown"));
    for chinese in ["zh-CN", "zh", "zh-cn"] {
        let ran = platform.holdfast(&["status", "--lang", chinese]);
        assert!(out(&ran).starts_with("区域\t节点\t闸口\t"), "{}", out(&ran));
    }
    let ran = platform.holdfast(&["status", "--lang", "zh"]);
    assert!(said(&ran).contains("链路已断开"), "{}", said(&ran));
    let ran = platform
        .command(&["status"])
        .env("LC_ALL", "zh_CN.UTF-8")
        .output()
        .unwrap();
    assert!(said(&ran).contains("链路已断开"), "{}", said(&ran));
}

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    let platform = Platform::start(report("up", "match"));
    let token = |args: &[&str]| {
        platform
            .command(args)
            .env("HOLDFAST_TOKEN", "wrong")
            .output()
    };
    let ran = token(&["status"]).unwrap();
    assert_eq!(code(&ran), 4);
    let login = format!(
        "Next: `holdfast login --url {} USER` signs an admin in",
        platform.url()
    );
    assert!(said(&ran).contains(&login), "{}", said(&ran));
    assert_eq!(code(&platform.holdfast(&["explain", "N-000000"])), 5);
    assert_eq!(code(&platform.holdfast(&["explain", "S-000000"])), 6);
    assert_eq!(code(&platform.holdfast(&["explain", "NOPE"])), 5);
    assert_eq!(
        code(&platform.holdfast(&["wait", "--for", "order=NOPE:accepted"])),
        2
    );
    assert_eq!(code(&platform.holdfast(&["link", "cut", "NOWHERE"])), 2);
    assert_eq!(code(&platform.holdfast(&["frobnicate"])), 2);
    assert_eq!(
        code(&platform.holdfast(&["--url", "127.0.0.1:1", "status"])),
        7
    );
    let ran = platform.holdfast(&["--url", "notaurl", "status"]);
    assert_eq!(code(&ran), 2);
    assert!(
        said(&ran).contains("--url") && said(&ran).contains("such as http://"),
        "{}",
        said(&ran)
    );
    assert_eq!(
        code(&platform.holdfast(&["--timeout", "1", "link", "cut", "EAST"])),
        8
    );
    assert_eq!(code(&platform.holdfast(&["link", "cut", "WEST"])), 1);
    assert_eq!(code(&platform.holdfast(&["--help"])), 0);
}

#[test]
fn a_token_goes_over_plain_http_to_this_machine_alone() {
    let platform = Platform::start(report("up", "match"));
    for url in [
        "http://gateway.invalid",
        "http://127.0.0.1@gateway.invalid:8080",
        "http://10.0.0.1:1",
    ] {
        let ran = platform.holdfast(&["--url", url, "status"]);
        assert_eq!(code(&ran), 2, "{url}: {}", said(&ran));
        assert!(
            said(&ran).contains("unprotected") && said(&ran).contains("https://"),
            "{}",
            said(&ran)
        );
    }
    let insists = [
        "--token-in-the-clear",
        "--url",
        "http://gateway.invalid",
        "status",
    ];
    let ran = platform.holdfast(&insists);
    assert_eq!(code(&ran), 7, "{}", said(&ran));
    assert!(
        said(&ran).contains("WARNING: the sign-in goes to"),
        "{}",
        said(&ran)
    );
    for url in [
        "http://localhost:1",
        "http://[::1]:1",
        "https://gateway.invalid",
    ] {
        let ran = platform.holdfast(&["--url", url, "status"]);
        assert_eq!(code(&ran), 7, "{url}: {}", said(&ran));
        assert!(!said(&ran).contains("WARNING"), "{}", said(&ran));
    }
}

#[test]
fn a_refusal_names_the_field_and_the_reason_and_what_there_is_not() {
    let platform = Platform::start(report("up", "match"));
    let withdraw = |lang| {
        let args = ["withdraw", COMMAND, "--why", "", "--lang", lang];
        said(&platform.holdfast(&args))
    };
    let text = withdraw("en");
    let expected = "holdfast: Some fields need correcting.\n  ! reason: Give a reason.\n";
    assert_eq!(text, expected);
    // The test gateway only has English.
    assert!(
        withdraw("zh").contains("  ! reason: "),
        "{}",
        withdraw("zh")
    );
    let ran = platform.holdfast(&["withdraw", COMMAND, "--why", "", "--json"]);
    let value: Value = serde_json::from_str(&said(&ran)).unwrap();
    assert_eq!(value["error"]["reasons"][0], "reason: Give a reason.");

    for (args, words) in [
        (
            ["readmit", "north-9"].as_slice(),
            "no edge north-9 is enrolled",
        ),
        (
            &["queue", "retry", "north-1", "99"],
            "no undecided op north-1/1/99 is at the hub",
        ),
        (&["queue", "retry", COMMAND], "waits at the hub"),
    ] {
        let ran = platform.holdfast(args);
        assert_eq!(code(&ran), 5, "{}", said(&ran));
        assert!(
            said(&ran).contains(words) && said(&ran).contains("Next: "),
            "{}",
            said(&ran)
        );
    }
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let platform = Platform::start(report("up", "match"));
    for args in [
        ["status"].as_slice(),
        &["status", "--json"],
        &["--help"],
        &["help", "wait"],
    ] {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let ran = platform.command(args).stdout(full).output().unwrap();
        assert_eq!(code(&ran), 1, "{args:?}: {}", said(&ran));
        assert!(
            said(&ran).contains("could not be written"),
            "{args:?}: {}",
            said(&ran)
        );
    }
}

#[test]
fn a_failure_in_json_leaves_standard_output_empty() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["explain", "N-000000", "--json"]);
    assert_eq!(out(&ran), "");
    let value: Value = serde_json::from_str(&said(&ran)).unwrap();
    assert_eq!(value["error"]["kind"], "not_found");
    assert_eq!(value["error"]["exit"], 5);
}

#[test]
fn a_gate_is_closed_and_opened_by_name() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["link", "cut", "north"]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    assert!(
        out(&ran).starts_with("+ NORTH: the gate is closed"),
        "{}",
        out(&ran)
    );
    let ran = platform.holdfast(&["link", "heal", "NORTH", "--json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&out(&ran)).unwrap()["gate"],
        "open"
    );
}

#[test]
fn a_right_is_granted_to_an_edges_epoch_and_taken_back_with_a_reason() {
    let platform = Platform::start(report("up", "match"));
    let set = |edge| {
        platform.holdfast(&[
            "lease",
            "set",
            "north",
            "--policy",
            "exclusive",
            "--holder",
            edge,
        ])
    };
    let ran = set("north-1");
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    assert_eq!(
        out(&ran),
        "NORTH: exclusive, held by north-1 (epoch 1, fence 1)\n"
    );
    let ran = set("north-9");
    assert_eq!(code(&ran), 5, "{}", said(&ran));
    assert!(
        said(&ran).contains("`holdfast edges` lists them"),
        "{}",
        said(&ran)
    );
    let ran = platform.holdfast(&["lease", "show", "NORTH", "--lang", "zh-CN"]);
    assert!(out(&ran).contains("没有节点持有该区域"), "{}", out(&ran));
    assert_eq!(
        code(&platform.holdfast(&["lease", "take-back", "MID"])),
        2,
        "it takes a reason"
    );
    let ran = platform.holdfast(&["lease", "take-back", "MID", "--why", "it burnt", "--json"]);
    let value: Value = serde_json::from_str(&out(&ran)).unwrap();
    assert_eq!(value["fences"][0]["end"]["why"], "it burnt");
}

#[test]
fn an_act_that_finds_nothing_to_do_says_so() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["lease", "take-back", "NORTH", "--why", "it burnt"]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    assert!(
        out(&ran).contains("there was nothing to take back"),
        "{}",
        out(&ran)
    );
    let readmit = |edge| out(&platform.holdfast(&["readmit", edge]));
    assert!(
        readmit("north-1").contains("there was nothing to note"),
        "{}",
        readmit("north-1")
    );
    assert!(
        readmit("north-3").starts_with("+ north-3: noted."),
        "{}",
        readmit("north-3")
    );
}

#[test]
fn an_edge_that_is_out_of_service_is_called_that() {
    let platform = Platform::start(report("up", "match"));
    let rotate = |edge| out(&platform.holdfast(&["edges", "rotate", edge]));
    assert!(
        rotate("north-1").contains("Its old key counts until then."),
        "{}",
        rotate("north-1")
    );
    let disabled = rotate("north-4");
    assert!(disabled.contains("its old key stays refused"), "{disabled}");
    assert!(!disabled.contains("counts until then"), "{disabled}");
    let set = [
        "lease",
        "set",
        "NORTH",
        "--policy",
        "exclusive",
        "--holder",
        "north-4",
    ];
    let ran = platform.holdfast(&set);
    assert_eq!(code(&ran), 6, "{}", said(&ran));
    assert!(
        said(&ran).contains("north-4 is out of service"),
        "{}",
        said(&ran)
    );
    assert!(
        said(&ran).contains("`holdfast edges rekey north-4`"),
        "{}",
        said(&ran)
    );
}

#[test]
fn jobs_are_withdrawn_from_a_person_by_user_name() {
    let platform = Platform::start(report("up", "match"));
    let withdraw = |name| platform.holdfast(&["withdraw", name, "--why", "Fraud"]);
    for name in ["lee", "Lee", PERSON] {
        let ran = withdraw(name);
        assert_eq!(code(&ran), 0, "{name}: {}", said(&ran));
        assert_eq!(out(&ran), "+ N-7F3K9Q is open again\n");
    }
    for name in ["le", "nobody", "lee&role=3", ""] {
        let ran = withdraw(name);
        assert_eq!(code(&ran), 5, "{name}: {}", said(&ran));
        assert!(
            said(&ran).contains("there is no provider"),
            "{}",
            said(&ran)
        );
    }
}

#[test]
fn help_comes_in_the_language_that_is_named_behind_it() {
    let platform = Platform::start(report("up", "match"));
    for args in [
        ["help", "--lang", "zh"].as_slice(),
        &["help", "wait", "--lang=zh-CN"],
        &["--lang", "zh", "help"],
    ] {
        let ran = platform.holdfast(args);
        assert_eq!(code(&ran), 0, "{args:?}: {}", said(&ran));
        assert!(out(&ran).contains("用法："), "{args:?}: {}", out(&ran));
    }
}

#[test]
fn an_order_is_explained_by_its_id_and_by_its_code() {
    let platform = Platform::start(report("up", "match"));
    for asked in [ORDER.to_owned(), order_code().to_string().to_lowercase()] {
        let ran = platform.holdfast(&["explain", &asked]);
        assert_eq!(code(&ran), 0, "{}", said(&ran));
        for part in [
            "provider A accepted it (through the cloud)",
            "Who won: provider A (through the cloud).",
            "Why provider B lost (through the edge north-1)",
        ] {
            assert!(
                out(&ran).contains(part),
                "`{part}` is missing from\n{}",
                out(&ran)
            );
        }
    }
    let ran = platform.holdfast(&["explain", ORDER, "--json"]);
    let value: Value = serde_json::from_str(&out(&ran)).unwrap();
    assert_eq!(value["timeline"].as_array().map(Vec::len), Some(2));
    assert!(
        value["explanation"]
            .as_str()
            .is_some_and(|text| text.contains("Who won"))
    );
    assert_eq!(value["edge_keys"], json!({ "north-1": "a-key" }));
}

#[test]
fn edges_are_listed() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["edges"]);
    assert!(
        out(&ran).starts_with("EDGE\tREGION\tLINK\tEPOCH\t"),
        "{}",
        out(&ran)
    );
    let names: Vec<_> = out(&ran)
        .lines()
        .skip(1)
        .map(|line| line[..7].to_owned())
        .collect();
    // The others are on a second page.
    assert_eq!(
        names,
        ["north-1", "north-2", "north-3", "north-4", "north-5"]
    );
}

#[test]
fn the_sign_in_that_up_wrote_is_found_and_never_guessed() {
    let platform = Platform::start(report("up", "match"));
    let alone = |args: &[&str]| platform.command_without_env(args).output().unwrap();
    let ran = alone(&["status"]);
    assert_eq!(code(&ran), 2, "{}", said(&ran));
    assert!(
        said(&ran).contains("no running platform is known here"),
        "{}",
        said(&ran)
    );

    platform.write_context(&platform.url());
    assert_eq!(code(&alone(&["status"])), 0);
    assert_eq!(code(&alone(&["--url", &platform.url(), "status"])), 0);
    // A gateway never sees another gateway's token.
    let ran = alone(&["--url", "http://127.0.0.1:9", "status"]);
    assert_eq!(code(&ran), 4, "{}", said(&ran));

    platform.write_context("http://127.0.0.1:9");
    let ran = alone(&["status"]);
    assert_eq!(code(&ran), 2, "{}", said(&ran));
    assert!(
        said(&ran).contains("several platforms are known here"),
        "{}",
        said(&ran)
    );
}
