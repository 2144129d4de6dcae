//! Management actions, a file per family.
