use std::os::unix::fs::PermissionsExt;

use uuid::Uuid;

use super::*;

fn place() -> SealContext {
    SealContext::of_id("orders.address", Uuid::from_u128(7))
}

#[test]
fn a_sealed_value_hides_what_it_says_and_opens_again() {
    let keys = DataKeys::random();
    let plain = "12 Harbour Road, 555-0147".as_bytes();
    let sealed = keys.seal(&place(), plain);
    assert!(
        !sealed
            .windows(4)
            .any(|part| plain.windows(4).any(|found| found == part))
    );
    assert_ne!(
        sealed,
        keys.seal(&place(), plain),
        "nobody sees that two are alike"
    );
    assert_eq!(keys.open(&place(), sealed).unwrap(), plain);
    let text = keys.seal_text(&place(), "海港路12号");
    assert!(!text.contains("海港"));
    assert_eq!(keys.open_text(&place(), text).unwrap(), "海港路12号");
    assert_eq!(keys.open(&place(), keys.seal(&place(), b"")).unwrap(), b"");
}

#[test]
fn a_value_of_before_opens_as_it_stands() {
    let keys = DataKeys::random();
    for plain in ["", "12 Harbour Road", "{\"a\":1}", "sealed:"] {
        assert_eq!(keys.open_text(&place(), plain.to_owned()).unwrap(), plain);
        assert_eq!(keys.open(&place(), plain.into()).unwrap(), plain.as_bytes());
        assert!(keys.is_stale(plain.as_bytes()) && keys.is_stale_text(plain));
    }
}

#[test]
fn a_value_that_was_moved_changed_or_cut_does_not_open() {
    let keys = DataKeys::random();
    let sealed = keys.seal(&place(), b"12 Harbour Road");
    let broken = SealError::Broken {
        column: "orders.address",
    };
    let other_row = SealContext::of_id("orders.address", Uuid::from_u128(8));
    assert_eq!(keys.open(&other_row, sealed.clone()), Err(broken.clone()));
    let other_column = SealContext::of_id("orders.title", Uuid::from_u128(7));
    assert!(keys.open(&other_column, sealed.clone()).is_err());
    for at in MAGIC.len()..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(
            keys.open(&place(), changed).is_err(),
            "byte {at} is changed"
        );
        assert!(
            keys.open(&place(), sealed[..at].to_vec()).is_err(),
            "cut at byte {at}"
        );
    }
    let text = keys.seal_text(&place(), "12 Harbour Road");
    assert_eq!(
        keys.open_text(&place(), text[..text.len() - 2].to_owned()),
        Err(broken)
    );
    assert!(keys.open_text(&place(), format!("{TEXT_MAGIC}!")).is_err());
}

#[test]
fn two_parts_of_a_key_never_read_as_two_others() {
    let of = |one: &str, two: &str| {
        SealContext::for_row("ops.bytes", one.as_bytes()).with_part(two.as_bytes())
    };
    assert_ne!(of("north-1", "2"), of("north-12", ""));
    assert_ne!(of("ab", "c"), of("a", "bc"));
}

#[test]
fn keys_follow_one_another_in_two_steps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own").join("data.keys");
    let before = DataKeys::load_or_create(&path, true).unwrap();
    let again = DataKeys::load_or_create(&path, true).unwrap();
    let old = before.seal(&place(), b"12 Harbour Road");
    assert_eq!(
        again.open(&place(), old.clone()).unwrap(),
        b"12 Harbour Road"
    );
    let hash = before.hash("users.email", "a@b.c");

    let added = add(&path).unwrap();
    let knows = DataKeys::load(&path, true).unwrap();
    assert!(!knows.is_stale(&old), "the new key does not seal yet");
    assert_eq!(use_newest(&path).unwrap(), added);
    let uses = DataKeys::load(&path, true).unwrap();
    assert!(uses.is_stale(&old));
    let new = uses.seal(&place(), b"12 Harbour Road");
    assert!(!uses.is_stale(&new));
    assert_eq!(uses.open(&place(), old).unwrap(), b"12 Harbour Road");
    assert_eq!(
        knows.open(&place(), new.clone()).unwrap(),
        b"12 Harbour Road"
    );
    let unknown = SealError::UnknownKey {
        column: "orders.address",
        key: added,
    };
    assert_eq!(before.open(&place(), new), Err(unknown));
    assert_eq!(
        uses.hash("users.email", "a@b.c"),
        hash,
        "found under the new key too"
    );
}

#[test]
fn an_old_key_is_taken_out_and_the_one_that_seals_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.keys");
    let old = DataKeys::load_or_create(&path, true).unwrap();
    let sealed = old.seal(&place(), b"12 Harbour Road");
    let [first] = &*list_keys(&path).unwrap() else {
        panic!("one key")
    };
    assert!(matches!(
        remove(&path, first),
        Err(DataKeysError::Seals { .. })
    ));
    assert_eq!(old.seals_by().as_ref(), Some(first));
    add(&path).unwrap();
    let newest = use_newest(&path).unwrap();
    assert_eq!(list_keys(&path).unwrap(), [newest.clone(), first.clone()]);
    assert!(matches!(
        remove(&path, "00000000"),
        Err(DataKeysError::Unknown { .. })
    ));
    remove(&path, first).unwrap();
    assert_eq!(list_keys(&path).unwrap(), [newest]);
    let left = DataKeys::load(&path, true).unwrap();
    assert!(matches!(
        left.open(&place(), sealed),
        Err(SealError::UnknownKey { .. })
    ));
}

#[test]
fn equal_texts_have_one_hash_a_column_and_nobody_else_makes_it() {
    let keys = DataKeys::random();
    assert_eq!(
        keys.hash("users.email", "a@b.c"),
        keys.hash("users.email", "a@b.c")
    );
    assert_ne!(
        keys.hash("users.email", "a@b.c"),
        keys.hash("users.email", "a@b.d")
    );
    assert_ne!(
        keys.hash("users.email", "a@b.c"),
        keys.hash("users.phone", "a@b.c")
    );
    assert_ne!(
        keys.hash("users.email", "a@b.c"),
        DataKeys::random().hash("users.email", "a@b.c")
    );
}

#[test]
fn keys_that_do_not_seal_yet_open_and_hide_no_stranger_behind_a_look() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.keys");
    let sealing = DataKeys::load_or_create(&path, true).unwrap();
    let waiting = DataKeys::load(&path, false).unwrap();
    assert_eq!(waiting.seal(&place(), b"plain"), b"plain");
    assert!(!waiting.is_stale(b"plain"));
    let sealed = sealing.seal(&place(), b"12 Harbour Road");
    assert_eq!(waiting.open(&place(), sealed).unwrap(), b"12 Harbour Road");
    let lookalike = format!("{TEXT_MAGIC}abc");
    for keys in [&sealing, &waiting] {
        let stored = keys.seal_text(&place(), &lookalike);
        assert_eq!(keys.open_text(&place(), stored).unwrap(), lookalike);
        let stored = keys.seal(&place(), &MAGIC);
        assert_eq!(keys.open(&place(), stored).unwrap(), MAGIC);
    }
}

#[test]
fn the_file_is_for_its_owner_alone_and_a_wrong_line_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.keys");
    assert!(matches!(
        DataKeys::load(&path, true),
        Err(DataKeysError::File { .. })
    ));
    DataKeys::load_or_create(&path, true).unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("# mine\n\n{text}seal 3f9a short\n")).unwrap();
    assert!(matches!(
        DataKeys::load(&path, true),
        Err(DataKeysError::Line { line: 5, .. })
    ));
    std::fs::write(&path, text.lines().next().unwrap()).unwrap();
    assert!(matches!(
        DataKeys::load(&path, true),
        Err(DataKeysError::Lacks { .. })
    ));
}
