//! SDK actions.
