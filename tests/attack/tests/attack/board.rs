//! The board as a lever: many cheap questions that cost the edge much.
