use super::*;

const USER: Field<UserId> = Field::new("user_id");
const AT: Field<UnixMillis> = Field::new("at");
const NEWEST: Index = Index::new("newest", &[USER.ascending_key(), AT.descending_key()]);

#[test]
fn a_changed_index_has_another_name() {
    const OTHERS: [Index; 5] = [
        Index::new("newest", &[USER.ascending_key(), AT.ascending_key()]),
        Index::new("newest", &[AT.descending_key(), USER.ascending_key()]),
        NEWEST.unique(),
        NEWEST.with_expiry(1),
        NEWEST.with_conditions(&[IndexCondition::Present(AT.path())]),
    ];
    for other in OTHERS {
        assert_ne!(other.stored_name(), NEWEST.stored_name(), "{other:?}");
    }
}

#[test]
fn an_index_that_may_miss_its_key_is_refused() {
    const READ: Field<UnixMillis> = Field::optional("read_at");
    const BY_READ: Index = Index::new("read", &[READ.ascending_key()]);
    const FIELDS: &[FieldPath] = &[READ.path()];
    const BARE: CollectionSchema = CollectionSchema {
        fields: FIELDS,
        indexes: &[BY_READ],
    };
    const PRESENT: Index = BY_READ.with_conditions(&[IndexCondition::Present(READ.path())]);
    assert!(BARE.check_declaration().is_err());
    assert!(
        CollectionSchema {
            indexes: &[PRESENT],
            ..BARE
        }
        .check_declaration()
        .is_ok()
    );
    const EXPIRING: Index = BY_READ.with_expiry(1);
    assert!(
        CollectionSchema {
            indexes: &[EXPIRING],
            ..BARE
        }
        .check_declaration()
        .is_ok()
    );
    assert!(
        CollectionSchema {
            indexes: &[NEWEST],
            ..BARE
        }
        .check_declaration()
        .is_err(),
        "undeclared fields"
    );
}

#[test]
fn a_part_of_a_value_overlaps_it_and_a_neighbour_does_not() {
    for (one, other, does) in [
        ("phone", "phone", true),
        ("check.words", "check", true),
        ("check", "check.words", true),
        ("check.state", "check.words", false),
        ("phone", "phones", false),
    ] {
        assert_eq!(paths_overlap(one, other), does, "{one} {other}");
    }
}

#[test]
fn null_is_never_stored_and_a_number_above_the_largest_is_refused() {
    let mut body = serde_json::json!({"a": null, "b": {"c": null, "d": [1, {"e": null}]}});
    normalize_body(&mut body).unwrap();
    assert_eq!(body, serde_json::json!({"b": {"d": [1, {}]}}));
    let mut large = serde_json::json!({"n": [u64::MAX]});
    assert!(normalize_body(&mut large).is_err());
}
