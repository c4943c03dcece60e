//! The order service over HTTP: permissions, responses, and repeats answered like the first.

mod acting;
mod assigning;
mod calendar;
mod cancelling;
mod cases;
mod evidence;
mod export;
mod fees;
mod filters;
mod firm_answers;
mod funds;
mod hub;
mod incidents;
mod job_photos;
mod matrix;
mod messages;
mod photos;
mod reading;
mod repeating;
mod running;
mod service;
mod start_codes;
mod time_proposals;
mod time_races;
mod tracking;
