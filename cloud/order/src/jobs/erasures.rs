//! Erases what deleted people wrote in orders, order by order, with the photos.
//!
//! Invariant: an order counts as gone through only once its texts are erased and its files removed,
//! so a crash at any step leaves nothing behind.

use platform::files::{Files, FilesError};
use process::problem::format_error_chain;
use wire::{OrderId, UserId};

use crate::store::{DueErasure, OrderErasure, Store, StoreError};

/// People of a run, and orders of each; the next run continues.
const PEOPLE_MAX: usize = 100;
const ORDERS_MAX: usize = 1_000;

const ORDERS_BATCH: usize = 100;

#[derive(Debug, thiserror::Error)]
enum EraseError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("could not remove the photo of an erased order")]
    Files(#[from] FilesError),
}

/// Goes on with each person whose turn has come. Returns the number of orders whose texts it
/// erased. If one person's texts cannot be erased, the others' still are.
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
            let is_changed = erase_order(store, files, *order, due.person).await?;
            erased += usize::from(is_changed);
            store.pass_order(due, *order).await?;
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
            "A deleted person has an open order; its texts stay until it is closed"
        );
    }
    Ok(())
}

/// Returns true if the order had texts to erase.
async fn erase_order(
    store: &Store,
    files: &Files,
    order: OrderId,
    person: UserId,
) -> Result<bool, EraseError> {
    let erasure = store.erase_order_texts(order, person).await?;
    // Also if nothing changed: a crash may have left files, or a restored backup brought them back.
    for photo in store.list_erased_photos(order).await? {
        let purpose = store.find_photo_purpose(&photo.name, photo.owner).await?;
        let key = purpose.build_file_key(photo.owner, photo.name.photo.hash);
        files.remove(&key).await?;
    }
    Ok(erasure == OrderErasure::Erased)
}
