//! Read routes: single reviews with their pictures, lists, search, and ratings.

use axum::{extract::State, response::Response};
use platform::{
    documents::{DocumentPage, IndexQuery},
    files,
};
use process::{
    problem::{ItemList, Json, Page, Path, Problem, Query, TimeCursor},
    tokens::Caller,
};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{Actor, Code, FileId, OrderId, Permission, ReviewId, Role, UserId};

use super::{RatingView, ReviewView, can_see_order, is_visible_to};
use crate::{
    actions::Service,
    domain::{Review, SEARCH_CHARS_MAX, SearchQuery},
    say,
    store::{self, FoundReviews, ReviewCursor, ReviewSearch, ReviewSort},
};

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct WordsQuery {
    /// At most 100 characters. Finds reviews that contain all of these words.
    q: String,
    /// Limits the search to one provider.
    provider_id: Option<UserId>,
}

/// The sort order: `newest` by default.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ReviewSortQuery {
    sort: Option<ReviewSort>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PicturePlace {
    id: ReviewId,
    image: FileId,
}

pub(crate) async fn show(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<ReviewId>,
) -> Result<Json<ReviewView>, Problem> {
    let actor = caller.as_reader(Permission::READ_REVIEWS);
    let review = load_visible_review(&service, actor, id).await?;
    Ok(Json(ReviewView::from_review(
        id,
        review,
        actor,
        service.edit_within_ms,
    )))
}

/// Returns the review if the caller may see it. A hidden one gets the same answer as a missing one.
pub(crate) async fn load_visible_review(
    service: &Service,
    actor: Actor,
    id: ReviewId,
) -> Result<Review, Problem> {
    let found = service.store.get(id).await?;
    let found = found.filter(|review| is_visible_to(review, actor));
    found.ok_or_else(|| Code::NotFound.into())
}

pub(crate) async fn show_picture(
    State(service): State<Service>,
    caller: Caller,
    Path(PicturePlace { id, image }): Path<PicturePlace>,
) -> Result<Response, Problem> {
    let actor = caller.as_reader(Permission::READ_REVIEWS);
    let review = load_visible_review(&service, actor, id).await?;
    let named = review
        .images
        .contains(&image)
        .then_some(image)
        .ok_or(Code::NotFound)?;
    let file = service.register.get(named).await?.ok_or(Code::NotFound)?;
    let body = service.register.read(&file).await?;
    Ok(files::file_response(&file, body))
}

pub(crate) async fn of_order(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<ReviewView>, Problem> {
    let actor = caller.as_reader(Permission::READ_REVIEWS);
    let found = service.store.find_by_order(id).await?;
    // Other people may not learn which order the review belongs to.
    let found = found.filter(|(_, r)| is_visible_to(r, actor) && can_see_order(r, actor));
    let (id, review) = found.ok_or(Code::NotFound)?;
    Ok(Json(ReviewView::from_review(
        id,
        review,
        actor,
        service.edit_within_ms,
    )))
}

pub(crate) async fn about_provider(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<UserId>,
    Query(ReviewSortQuery { sort }): Query<ReviewSortQuery>,
    page: Page<ReviewCursor>,
) -> Result<ItemList<ReviewView>, Problem> {
    let actor = caller.as_reader(Permission::READ_REVIEWS);
    let sort = sort.unwrap_or(ReviewSort::Newest);
    let after = page.after.unwrap_or(ReviewCursor::at_start(sort));
    if after.sort != sort {
        return Err(Problem::wrong_field("cursor", say::cursor_of_other_order));
    }
    let find = store::sorted_provider_reviews_query(id, after, page.limit);
    let page = service.store.page_reviews(find).await?;
    let last = page.documents.last().filter(|_| page.next.is_some());
    let next = last.map(|last| ReviewCursor::after_review(sort, last).to_string());
    Ok(to_item_list(&service, actor, page, next))
}

pub(crate) async fn mine(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    page: Page<TimeCursor>,
) -> Result<ItemList<ReviewView>, Problem> {
    let user = actor.user_id;
    let after = page.after;
    let limit = page.limit;
    let find = match actor.role {
        Role::Provider => store::provider_reviews_query(user, after, limit),
        Role::Customer | Role::Admin => store::customer_reviews_query(user, after, limit),
    };
    list_reviews(&service, actor, find).await
}

pub(crate) async fn rating(
    State(service): State<Service>,
    _: Caller,
    Path(id): Path<UserId>,
) -> Result<Json<RatingView>, Problem> {
    Ok(Json(RatingView::from_rating(
        id,
        &service.store.load_rating(id).await?,
    )))
}

pub(crate) async fn search(
    State(service): State<Service>,
    caller: Caller,
    Query(WordsQuery { q, provider_id }): Query<WordsQuery>,
    page: Page<TimeCursor>,
) -> Result<ItemList<ReviewView>, Problem> {
    let actor = caller.as_reader(Permission::READ_REVIEWS);
    let query = SearchQuery::parse_text(&q).filter(|_| q.chars().count() <= SEARCH_CHARS_MAX);
    let query = query.ok_or_else(|| Problem::wrong_field("q", say::words_needed))?;
    let after = page.after;
    let limit = page.limit;
    let search = ReviewSearch {
        query,
        provider: provider_id,
        after,
        limit,
    };
    let FoundReviews { documents, next } = service.store.search_reviews(search).await?;
    let items = documents.into_iter().map(|found| {
        ReviewView::from_review(
            ReviewId(found.id),
            found.body,
            actor,
            service.edit_within_ms,
        )
    });
    Ok(ItemList {
        items: items.collect(),
        next: next.map(|next| next.to_string()),
    })
}

async fn list_reviews(
    service: &Service,
    actor: Actor,
    query: IndexQuery,
) -> Result<ItemList<ReviewView>, Problem> {
    let page = service.store.page_reviews(query).await?;
    let next = next_cursor(&page);
    Ok(to_item_list(service, actor, page, next))
}

fn to_item_list(
    service: &Service,
    actor: Actor,
    page: DocumentPage<Review>,
    next: Option<String>,
) -> ItemList<ReviewView> {
    let items = page.documents.into_iter().map(|found| {
        ReviewView::from_review(
            ReviewId(found.id),
            found.body,
            actor,
            service.edit_within_ms,
        )
    });
    ItemList {
        items: items.collect(),
        next,
    }
}

pub(crate) fn next_cursor(page: &DocumentPage<Review>) -> Option<String> {
    let last = page.documents.last().filter(|_| page.next.is_some())?;
    Some(
        TimeCursor {
            at: last.body.created_at,
            id: last.id,
        }
        .to_string(),
    )
}
