//! The operator context on a real disk: found, private, and named if damaged.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn context(gateway: &str) -> OperatorContext {
    let renewal = ContextRenewal {
        refresh_token: "secret-token-too".to_owned(),
        expires_at: UnixMillis(1_764_000_000_000),
        attempt: None,
    };
    let renewal = Some(renewal);
    OperatorContext {
        gateway: gateway.to_owned(),
        token: "secret-token".to_owned(),
        renewal,
    }
}

#[test]
fn a_context_is_found_by_its_gateway_and_only_while_it_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let folder = ContextFolder(folder.path().join("deep/er"));
    let one = context("http://127.0.0.1:8080");
    let two = context("https://holdfast.example");
    assert!(matches!(folder.find_only(), Err(ContextError::None)));
    folder.save(&one).unwrap();
    folder.save(&one).unwrap();
    assert_eq!(folder.find_only().unwrap(), one);
    folder.save(&two).unwrap();
    match folder.find_only() {
        Err(ContextError::Several(names)) => assert_eq!(names, [one.gateway.clone(), two.gateway]),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        folder.load("http://127.0.0.1:8080/").unwrap(),
        Some(one.clone())
    );
    folder.remove(&one.gateway).unwrap();
    folder.remove(&one.gateway).unwrap();
    assert_eq!(folder.load(&one.gateway).unwrap(), None);
}

#[test]
fn only_its_owner_can_read_a_context_and_no_log_shows_its_token() {
    let folder = tempfile::tempdir().unwrap();
    let context = context("http://../../etc/passwd");
    let path = ContextFolder(folder.path().to_owned())
        .save(&context)
        .unwrap();
    assert_eq!(path.parent().unwrap(), folder.path());
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(!format!("{context:?}").contains("secret-token"));
}

#[test]
fn a_damaged_context_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let contexts = ContextFolder(folder.path().to_owned());
    let path = contexts.save(&context("http://a")).unwrap();
    fs::write(&path, "{").unwrap();
    let error = contexts.find_only().unwrap_err();
    assert!(
        error.to_string().contains("gateway-http_3a_2f_2fa.json"),
        "{error}"
    );
}
