//! Query predicates: parsed once, then matched against raw documents.
