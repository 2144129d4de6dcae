//! Geometry on a sphere: shapes as GeoJSON or legacy pairs write them, what lies within, meets or is near what, and the
//! cells by which a `2dsphere` index finds shapes. Edges are great-circle arcs, as MongoDB's are.

mod cell;
mod near;
mod parse;
mod piece;
mod plane;
mod region;
mod shape;
mod sphere;

#[cfg(test)]
mod tests;

pub use cell::Cell;
pub use near::Near;
pub use parse::{geo_json, position, stored};
pub use plane::Area;
pub use region::{MOST_CELLS, Region};
pub use shape::Shape;

/// Metres, as MongoDB has it.
pub const EARTH_RADIUS: f64 = 6_378_100.0;
