//! The lock after wrong passwords, aimed at somebody else.
