//! Values: the total order across types, field paths, sizes, Extended JSON.
