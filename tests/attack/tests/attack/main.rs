//! Attacks on real processes at default limits. Each test is named after the attacker's goal, and
//! passes if the attacker fails.

mod addresses;
mod board;
mod bodies;
mod deployment;
mod descriptors;
mod devices;
mod disks;
mod earlier;
mod elsewhere;
mod enrolment;
mod files;
mod firm;
mod floods;
mod frames;
mod harvest;
mod ids;
mod limits;
mod link;
mod lockout;
mod matrix;
mod newcomers;
mod passwords;
mod phones;
mod photos;
mod profiles;
mod requests;
mod seats;
mod services;
mod slots;
mod stolen;
mod tokens;
mod topics;
mod unverified;
mod uploads;
