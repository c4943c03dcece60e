//! Other people's orders, addresses and jobs.
