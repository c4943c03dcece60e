//! Limits turned against the people they protect.
