//! `holdfast login`, `logout` and `token`: a sign-in without `curl`.

use std::{
    io::Write,
    os::unix::fs::PermissionsExt,
    process::{Output, Stdio},
};

use serde_json::Value;

use crate::stage::*;

/// Signs in as admin with the password on stdin.
pub(crate) fn login(platform: &Platform, password: &str, more: &[&str]) -> Output {
    let url = platform.url();
    let line = ["--url", &url, "login", "admin", "--password-stdin"];
    let mut command = platform.command_without_env(&[&line[..], more].concat());
    let piped = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = piped.spawn().unwrap();
    writeln!(running.stdin.take().unwrap(), "{password}").unwrap();
    running.wait_with_output().unwrap()
}

fn alone(platform: &Platform, args: &[&str]) -> Output {
    platform.command_without_env(args).output().unwrap()
}

#[test]
fn a_sign_in_is_kept_for_its_owner_alone_and_renewed_until_the_logout() {
    let platform = Platform::start(report("up", "match"));
    let ran = login(&platform, PASSWORD, &[]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    assert!(
        out(&ran).starts_with("+ admin (admin) is signed in at http://"),
        "{}",
        out(&ran)
    );
    assert!(
        out(&ran).contains("! 3 wrong passwords or codes were tried"),
        "{}",
        out(&ran)
    );
    for secret in [PASSWORD, REFRESH, NEXT_REFRESH, TOKEN] {
        assert!(!out(&ran).contains(secret) && !said(&ran).contains(secret));
    }
    let mut files = std::fs::read_dir(platform.contexts()).unwrap();
    let file = files.next().unwrap().unwrap().path();
    let kept = || std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(kept().contains("an-old-token") && !kept().contains(PASSWORD));

    // The first token ends within minutes, so the next command renews and stores it.
    assert_eq!(code(&alone(&platform, &["status"])), 0);
    assert!(kept().contains(TOKEN) && !kept().contains("an-old-token"));
    assert!(
        kept().contains(NEXT_REFRESH) && !kept().contains(REFRESH),
        "the old one is spent"
    );
    assert_eq!(out(&alone(&platform, &["token"])), format!("{TOKEN}\n"));
    assert_eq!(
        out(&alone(&platform, &["token", "--region", "north"])),
        "for-NORTH\n"
    );

    let ran = alone(&platform, &["logout"]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    assert!(!file.exists());
    assert_eq!(
        code(&alone(&platform, &["status"])),
        2,
        "no platform is known any more"
    );
    let ran = alone(&platform, &["--url", &platform.url(), "logout"]);
    assert_eq!(code(&ran), 0, "twice is once: {}", said(&ran));
}

#[test]
fn a_lost_answer_is_asked_for_again_by_the_same_attempt() {
    let platform = Platform::start(report("up", "match"));
    login(&platform, PASSWORD, &[]);
    let file = std::fs::read_dir(platform.contexts())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let kept = || -> Value { serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap() };
    let keep = |context: &Value| std::fs::write(&file, context.to_string()).unwrap();

    let mut context = kept();
    assert_eq!(context["renewal"].get("attempt"), None);
    context["renewal"]["refresh_token"] = AWAY_REFRESH.into();
    keep(&context);
    // The current token is valid for a few more minutes.
    assert_eq!(code(&alone(&platform, &["token"])), 0);
    let attempt = kept()["renewal"]["attempt"].clone();
    assert!(attempt.is_string(), "kept before it is sent");
    assert_eq!(code(&alone(&platform, &["token"])), 0);
    assert_eq!(kept()["renewal"]["attempt"], attempt);

    let (spent, lost) = SPENT_REFRESH;
    context["renewal"]["refresh_token"] = spent.into();
    context["renewal"]["attempt"] = lost.into();
    keep(&context);
    assert_eq!(code(&alone(&platform, &["status"])), 0);
    let renewal = kept()["renewal"].clone();
    assert_eq!(
        (&renewal["refresh_token"], renewal.get("attempt")),
        (&NEXT_REFRESH.into(), None)
    );
}

#[test]
fn a_second_factor_is_read_on_a_second_line() {
    let platform = Platform::start(report("up", "match"));
    let (password, factor) = GUARDED;
    let ran = login(&platform, &format!("{password}\n000000"), &[]);
    assert_eq!(code(&ran), 4, "{}", said(&ran));
    assert!(said(&ran).contains("The code is wrong."), "{}", said(&ran));
    let ran = login(&platform, &format!("{password}\n{factor}"), &[]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    assert!(out(&ran).starts_with("+ admin (admin) is signed in at http://"));
    for secret in [password, factor] {
        assert!(!out(&ran).contains(secret) && !said(&ran).contains(secret));
    }
    let ran = login(&platform, password, &[]);
    assert_eq!(code(&ran), 2, "there is no code: {}", said(&ran));
}

#[test]
fn a_passkey_alone_leads_to_the_portal() {
    let platform = Platform::start(report("up", "match"));
    let ran = login(&platform, KEYED, &[]);
    assert_eq!(code(&ran), 4, "{}", said(&ran));
    let step = "passkeys work only in a browser: sign in at http://";
    assert!(said(&ran).contains(step), "{}", said(&ran));
}

#[test]
fn a_wrong_password_keeps_nothing() {
    let platform = Platform::start(report("up", "match"));
    let ran = login(&platform, "guessed", &[]);
    assert_eq!((code(&ran), out(&ran).as_str()), (4, ""), "{}", said(&ran));
    assert_eq!(
        said(&ran),
        "holdfast: The user name or the password is wrong.\n"
    );
    assert_eq!(std::fs::read_dir(platform.contexts()).unwrap().count(), 0);
}

#[test]
fn a_sign_in_that_has_ended_says_how_to_begin_another() {
    let platform = Platform::start(report("up", "match"));
    login(&platform, PASSWORD, &[]);
    let file = std::fs::read_dir(platform.contexts())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let revoked = std::fs::read_to_string(&file)
        .unwrap()
        .replace(REFRESH, "revoked");
    std::fs::write(&file, revoked).unwrap();
    let ran = alone(&platform, &["status"]);
    assert_eq!(code(&ran), 4, "{}", said(&ran));
    let login = format!(
        "Next: `holdfast login --url {} USER` signs in again",
        platform.url()
    );
    assert!(
        said(&ran).contains("has ended") && said(&ran).contains(&login),
        "{}",
        said(&ran)
    );
    let ran = alone(&platform, &["logout", "--json"]);
    let value: Value = serde_json::from_str(&out(&ran)).unwrap();
    assert_eq!((code(&ran), &value["gateway"]), (0, &platform.url().into()));
}
