//! Hostile requests and frames: paths, headers, bodies and encodings.
