//! The only room that prints, colours, asks or draws progress.
