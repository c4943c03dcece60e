//! The routes' messages, from `texts/`.

texts::include_texts!(say);

pub(super) use say::{public_key_no_key, public_key_weak, since_out_of_range};
