//! Erases the texts of deleted people in orders, order by order, with the photos.
//!
//! Invariant: the job passes an order only once its texts are erased and its files removed, so a
//! crash at any step leaves nothing behind.

use platform::files::{Files, FilesError};
use process::problem::format_error_chain;
use uuid::Uuid;
use wire::OrderId;

use crate::store::{DueErasure, OrderErasure, Store, StoreError};

/// People of a run, and orders of each; the next run continues.
const PEOPLE_MAX: usize = 100;
const ORDERS_MAX: usize = 1_000;

const ORDERS_BATCH: usize = 100;
const PHOTOS_BATCH: usize = 200;

#[derive(Debug, thiserror::Error)]
enum EraseError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("could not remove the photo of an erased order")]
    Files(#[from] FilesError),
}

/// Continues with each person who is due. Returns the number of orders erased. If one person's
/// texts cannot be erased, the others' still are.
pub async fn erase_due_texts(store: &Store, files: &Files) -> Result<usize, StoreError> {
    let mut erased = 0;
    for mut due in store.list_due_erasures(PEOPLE_MAX).await? {
        let person = due.person;
        match erase_texts_of(store, files, &mut due).await {
            Ok(orders) => erased += orders,
            Err(error) => tracing::error!(
                user.id = %person, cause = format_error_chain(&error),
                "Could not erase the texts of a deleted person; trying again in a minute"
            ),
        }
    }
    Ok(erased)
}

async fn erase_texts_of(
    store: &Store,
    files: &Files,
    due: &mut DueErasure,
) -> Result<usize, EraseError> {
    let mut erased = 0;
    for _ in 0..ORDERS_MAX / ORDERS_BATCH {
        let orders = store.list_orders_to_erase(due, ORDERS_BATCH).await?;
        for order in &orders {
            let erasure = erase_order(store, files, *order, due).await;
            erased += usize::from(matches!(erasure, Ok(OrderErasure::Erased)));
            let is_left = matches!(erasure, Ok(OrderErasure::Open) | Err(_));
            if let Err(error) = erasure {
                tracing::error!(
                    order.id = %order, user.id = %due.person, cause = format_error_chain(&error),
                    "Could not erase the texts of an order; trying again in an hour"
                );
            }
            store.pass_order(due, *order, is_left).await?;
        }
        if orders.len() < ORDERS_BATCH {
            report_end(store, due).await?;
            break;
        }
    }
    Ok(erased)
}

async fn report_end(store: &Store, due: &DueErasure) -> Result<(), StoreError> {
    let person = due.person;
    if store.finish_erasure(due).await? {
        tracing::info!(user.id = %person, "Erased the texts of a deleted person");
    } else {
        tracing::info!(
            user.id = %person,
            "A deleted person has orders that are open or failed; their texts stay for now"
        );
    }
    Ok(())
}

async fn erase_order(
    store: &Store,
    files: &Files,
    order: OrderId,
    due: &DueErasure,
) -> Result<OrderErasure, EraseError> {
    let erasure = store.erase_order_texts(order, due).await?;
    // Also if nothing changed: a crash may have left files, or a restored backup brought them back.
    let mut after = Uuid::nil();
    loop {
        let photos = store.list_erased_photos(order, after, PHOTOS_BATCH).await?;
        for photo in &photos {
            let purpose = store.find_photo_purpose(&photo.name, photo.owner).await?;
            let key = purpose.build_file_key(photo.owner, photo.name.photo.hash);
            files.remove(&key).await?;
        }
        match photos.last() {
            Some(last) if photos.len() == PHOTOS_BATCH => after = last.id,
            _ => return Ok(erasure),
        }
    }
}
