//! Update operators: parse, check, apply.
