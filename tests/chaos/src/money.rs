//! Money rounds: many orders are paid, worked on, cancelled and refunded at once, while a part, a
//! server or the adapter dies. Afterwards the books, the adapter's own records, the orders and the
//! inboxes must match the answers people got (`told`), to the cent.

mod books;
mod inboxes;
mod plan;
mod scene;
mod tale;
mod told;

pub use books::Books;
pub use plan::{MoneyRound, MoneyVictim, Tale, TalePlan};
pub use scene::MoneyScene;
pub use tale::PlayedRound;
pub use told::ToldTale;
