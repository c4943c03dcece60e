//! The sentences of the routes, as `texts/` has them.

texts::include_texts!(say);

pub(super) use say::{public_key_no_key, public_key_weak, since_out_of_range};
