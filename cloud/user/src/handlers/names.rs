//! The names of people by their ids, for desks where an admin sees many people at once.

use std::collections::BTreeSet;

use axum::extract::State;
use process::problem::{Json, Problem, Query};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::UserId;

use super::Service;

const PEOPLE_MAX: usize = 50;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamesQuery {
    /// The ids of at most fifty people, separated by commas.
    #[schema(value_type = String)]
    ids: PeopleIds,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct PeopleIds(BTreeSet<UserId>);

#[derive(Debug, thiserror::Error)]
enum PeopleIdsError {
    #[error("at most {PEOPLE_MAX} ids")]
    TooMany,
    #[error("ids separated by commas")]
    NotAnId,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonName {
    user_id: UserId,
    /// Empty for a deleted person.
    full_name: String,
    /// The person deleted their account.
    deleted: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonNames {
    /// Without the people who have entered no name.
    items: Vec<PersonName>,
}

pub(crate) async fn list_names(
    State(service): State<Service>,
    Query(query): Query<NamesQuery>,
) -> Result<Json<PersonNames>, Problem> {
    let mut items = Vec::new();
    for user_id in query.ids.0 {
        let found = service.store.find_person(user_id).await?;
        let told = found.filter(|person| person.is_deleted || !person.full_name.is_empty());
        items.extend(told.map(|person| PersonName {
            user_id,
            full_name: person.full_name,
            deleted: person.is_deleted,
        }));
    }
    Ok(Json(PersonNames { items }))
}

impl TryFrom<String> for PeopleIds {
    type Error = PeopleIdsError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let ids = text.split(',').map(str::parse);
        let ids: Vec<UserId> = ids
            .take(PEOPLE_MAX + 1)
            .collect::<Result<_, _>>()
            .map_err(|_| PeopleIdsError::NotAnId)?;
        if ids.len() > PEOPLE_MAX {
            return Err(PeopleIdsError::TooMany);
        }
        Ok(Self(ids.into_iter().collect()))
    }
}
