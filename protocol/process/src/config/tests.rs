//! Precedence of the sources, and the errors for bad ones.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use super::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Order {
    bind: String,
    sql_url: SecretUrl,
    password: Secret,
    limit: u32,
    dry: bool,
    region: Option<String>,
    names: Vec<String>,
    inner: Inner,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Inner {
    wait_ms: u64,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8003".into(),
            sql_url: "mysql://order:default-pw@db/order_db".into(),
            password: "default-secret".into(),
            limit: 20,
            dry: false,
            region: None,
            names: vec!["a".into()],
            inner: Inner { wait_ms: 5 },
        }
    }
}

fn read(file: &str, env: &[(&str, &str)], set: &[&str]) -> Result<Order, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("holdfast.toml");
    std::fs::write(&path, file).unwrap();
    let set = set.iter().map(|&text| text.to_owned()).collect();
    let environment = env
        .iter()
        .map(|&(name, text)| (name.into(), text.into()))
        .collect();
    load(
        "order",
        &ConfigSources {
            file: Some(path),
            environment,
            set,
        },
    )
}

#[test]
fn without_sources_the_defaults_stand_secrets_included() {
    assert_eq!(read("", &[], &[]).unwrap(), Order::default());
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = "[order]\nbind = 'file'\nlimit = 1\nregion = 'file'\n[auth]\nbind = 'other'";
    let env = [
        ("HOLDFAST__ORDER__LIMIT", "2"),
        ("HOLDFAST__ORDER__REGION", "env"),
        ("HOLDFAST__ORDER__INNER__WAIT_MS", "7"),
        ("HOLDFAST__AUTH__UNKNOWN", "not ours"),
        ("HOLDFAST_DEFECT", "not configuration"),
    ];
    let order = read(
        file,
        &env,
        &["order.region=flag", "order.region=later", "auth.x=y"],
    )
    .unwrap();
    assert_eq!((order.bind.as_str(), order.limit), ("file", 2));
    assert_eq!(
        (order.region.as_deref(), order.inner.wait_ms),
        (Some("later"), 7)
    );
    assert_eq!(order.names, ["a"]);
}

#[test]
fn a_text_stays_what_it_is_and_other_kinds_are_converted() {
    let env = [
        ("HOLDFAST__ORDER__PASSWORD", "1e5"),
        ("HOLDFAST__ORDER__DRY", "true"),
        ("HOLDFAST__ORDER__NAMES", "['b', 'c']"),
    ];
    let flags = ["order.sql_url=sqlite:x.db?a=b", "order.bind=[::1]:8080"];
    let order = read("", &env, &flags).unwrap();
    assert_eq!(order.bind, "[::1]:8080");
    assert_eq!((order.password.reveal(), order.dry), ("1e5", true));
    assert_eq!(order.names, ["b", "c"]);
    assert_eq!(order.sql_url.reveal(), "sqlite:x.db?a=b");
}

#[test]
fn what_is_wrong_is_said_with_its_key_and_without_its_value() {
    let cases: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("order.sql_ulr", ["order.sql_ulr=hunter2"].as_slice()),
        ("order.limit", &["order.limit=hunter2"]),
        ("order.inner.wait", &["order.inner.wait=hunter2"]),
        ("order.inner.wait_ms", &["order.inner.wait_ms=-hunter2"]),
        ("order.names", &["order.names=[hunter2"]),
    ]);
    for (key, set) in cases {
        let error = read("", &[], set).unwrap_err().to_string();
        assert!(error.contains(&format!("`{key}`")), "{key}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let error = read("[order]\nlimt = 3", &[], &[]).unwrap_err().to_string();
    assert!(error.contains("order.limt"), "{error}");
}

#[test]
fn a_broken_file_is_named_with_its_line_but_not_its_text() {
    let error = read("[order]\nlimit = 1\npassword = 'hunter2", &[], &[])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("holdfast.toml") && error.contains("line 3"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
    let file = Some(PathBuf::from("/nowhere/holdfast.toml"));
    let missing = ConfigSources {
        file,
        ..ConfigSources::default()
    };
    let error = load::<Order>("order", &missing).unwrap_err();
    assert!(matches!(error, ConfigError::File { .. }), "{error}");
}

#[test]
fn a_flag_that_sets_nothing_is_refused_without_showing_its_value() {
    for bad in ["order", "order=hunter2", ".=hunter2", "order.=hunter2"] {
        let error = read("", &[], &[bad]).unwrap_err().to_string();
        assert!(
            error.contains("section.key=value") && !error.contains("hunter2"),
            "{error}"
        );
    }
}

#[test]
fn printed_configuration_shows_no_secret() {
    let text = render_masked_section("order", &Order::default());
    assert!(text.starts_with("[order]"), "{text}");
    assert!(text.contains("mysql://order:***@db/order_db"), "{text}");
    assert!(
        !text.contains("default-pw") && !text.contains("default-secret"),
        "{text}"
    );
    let section: toml::Table = toml::from_str(&text).unwrap();
    assert_eq!(section["order"]["limit"].as_integer(), Some(20));
}

#[test]
fn a_section_of_no_part_is_refused_whatever_it_stands_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("holdfast.toml");
    let check = |file: &str, env: &str, set: &str| {
        std::fs::write(&path, file).unwrap();
        let file = Some(path.clone());
        let environment = vec![(env.into(), "1".into())];
        let sources = ConfigSources {
            file,
            environment,
            set: vec![set.to_owned()],
        };
        check_sections(&sources).map_err(|error| error.to_string())
    };
    let file = "[order]\nx = 1";
    let env = "HOLDFAST__AUTH__X";
    let set = "order.x=1";
    check(file, env, set).unwrap();
    for (file, env, set) in [
        ("[odrer]", env, set),
        (file, "HOLDFAST__ODRER__X", set),
        (file, env, "odrer.x=1"),
    ] {
        let error = check(file, env, set).unwrap_err();
        assert!(
            error.contains("`odrer`") && error.contains("auth, user, order"),
            "{error}"
        );
    }
}
