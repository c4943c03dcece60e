//! What disks and logs give away, and what a restored disk can claim.
