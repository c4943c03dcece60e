use super::*;

#[test]
fn a_username_is_short_plain_and_lower_case() {
    for good in ["bob", "li.si", "a_b-c9", &"x".repeat(100)] {
        assert!(Username::new(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "ab",
        "Bob",
        "a b",
        "张三丰",
        "a@b",
        "a/b",
        "abc\n",
        &"x".repeat(101),
    ] {
        assert_eq!(
            Username::new(bad).map_err(|e| e.field),
            Err("username".into()),
            "{bad:?}"
        );
    }
    assert_eq!(Username::parse_typed(" Bob "), Username::new("bob").ok());
    assert_eq!(Username::parse_typed("no such\0name"), None);
}

#[test]
fn an_email_is_plausible_and_kept_in_lower_case() {
    assert_eq!(
        Email::new(" A.B+c@Example.COM ").unwrap().as_str(),
        "a.b+c@example.com"
    );
    assert!(Email::new("张三@例子.中国").is_ok());
    let of = |bytes: usize| format!("{}@{}.example.org", "x".repeat(64), "y".repeat(bytes - 77));
    assert_eq!(of(254).len(), 254);
    assert!(Email::new(&of(254)).is_ok());
    for bad in [
        "",
        "a",
        "@b.c",
        "a@",
        "a@b",
        "a@b..c",
        "\"x\"@b.c",
        "x\\y@b.c",
        "a@.c",
        "a@b.c.",
        "a b@c.d",
        "a@b@c.d",
        "a\u{0}@b.c",
        "a@-b.c",
        "a@b.c\r\nBcc: x@y.z",
        &format!("{}@b.c", "x".repeat(65)),
        &format!("a@{}.c", "x".repeat(254)),
        &of(255),
    ] {
        assert_eq!(
            Email::new(bad).map_err(|e| e.field),
            Err("email".into()),
            "{bad:?}"
        );
    }
}

#[test]
fn a_masked_address_shows_one_letter_of_its_owner() {
    assert_eq!(mask_email("li.si@example.com"), "l***@example.com");
    assert_eq!(mask_email("张三@例子.中国"), "张***@例子.中国");
    assert_eq!(mask_email("no address"), "***");
}

#[test]
fn a_password_is_counted_in_characters() {
    for (text, fits) in [
        ("123456789", false),
        ("1234567890", true),
        ("密码密码密码密码密", false),
        ("密码密码密码密码密码", true),
        (&"x".repeat(200), true),
        (&"x".repeat(201), false),
    ] {
        assert_eq!(Password::new(text.to_owned()).is_ok(), fits, "{text}");
    }
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let wrong = NewAccount::new("A", "b", "c".to_owned(), Role::Customer).unwrap_err();
    let fields: Vec<_> = wrong.iter().map(|e| e.field.as_str()).collect();
    assert_eq!(fields, ["username", "email", "password"]);
}

#[test]
fn secrets_do_not_print() {
    let account = NewAccount::new(
        "bob",
        "bob@example.com",
        "hunter2hunter2".to_owned(),
        Role::Customer,
    );
    let printed = format!("{account:?}");
    assert!(
        !printed.contains("hunter2") && !printed.contains("example.com"),
        "{printed}"
    );
}

#[test]
fn a_name_from_elsewhere_is_made_legal() {
    for (words, tail, name) in [
        (&["Li.Si"][..], None, "li.si"),
        (&["lisi@example.com"], None, "lisi"),
        (&["李四", "Li Si"], None, "li.si"),
        (&["ab", "", "-_."], None, "person"),
        (&[], Some("7f3k"), "person-7f3k"),
        (&["lisi"], Some("7f3k"), "lisi-7f3k"),
        (&["a\u{0}b<c>\r\nd"], None, "abc..d"),
    ] {
        let made = derive_username(words.iter().copied(), tail).unwrap();
        assert_eq!(made.as_str(), name, "{words:?}");
    }
    let long = "x".repeat(100);
    assert_eq!(
        derive_username([long.as_str()], Some("7f3k"))
            .unwrap()
            .as_str()
            .len(),
        40
    );
}

#[test]
fn a_role_of_ones_own_has_a_name_and_work_of_an_admin() {
    let drafted = |name, permissions: &[Permission]| RoleDraft::new(name, "", permissions.to_vec());
    let twice = [
        Permission::ReadPeople,
        Permission::ApproveOrders,
        Permission::ReadPeople,
    ];
    let draft = drafted(" Desk ", &twice).unwrap();
    assert_eq!(draft.name, "Desk");
    assert_eq!(
        draft.permissions,
        [Permission::ApproveOrders, Permission::ReadPeople]
    );
    for (name, permissions, wrong) in [
        ("D", &[Permission::ReadPeople][..], "name"),
        ("Desk", &[], "permissions"),
        (
            "Desk",
            &[Permission::ReadPeople, Permission::PublishOrders],
            "permissions",
        ),
    ] {
        let errors = drafted(name, permissions).unwrap_err();
        assert_eq!(
            errors.iter().map(|e| e.field.as_str()).collect::<Vec<_>>(),
            [wrong]
        );
    }
}

#[test]
fn nobody_hands_out_what_they_do_not_hold() {
    let held = [Permission::ManageRoles, Permission::ReadPeople];
    assert_eq!(check_permissions_held(&held, &held[1..]), Ok(()));
    let refused = check_permissions_held(&held, &[Permission::ReadPeople, Permission::ManageKeys]);
    assert_eq!(refused, Err(RoleRefusal::Beyond(Permission::ManageKeys)));
}
