//! Attacks on real processes at default limits. Each is named after the attacker's wish, and is green when
//! the wish is not granted.

mod board;
mod deployment;
mod devices;
mod files;
mod frames;
mod harvest;
mod limits;
mod link;
mod lockout;
mod newcomers;
mod slots;
mod stolen;
mod tokens;
