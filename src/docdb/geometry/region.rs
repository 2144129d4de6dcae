//! What `$geoWithin` looks inside of.

use std::f64::consts::PI;

use super::cell::{self, Cell};
use super::plane::Area;
use super::shape::Shape;
use super::sphere::{TOLERANCE, Vector};

/// Most cells of one condition.
pub const MOST_CELLS: usize = 32;

/// A part of the sphere or of the plane.
#[derive(Debug, Clone, PartialEq)]
pub enum Region {
    /// Polygons.
    Shape(Shape),
    /// Everything within an angle of a place.
    Cap { center: Vector, radius: f64 },
    /// Holds points only, by their coordinates.
    Plane(Area),
}

impl Region {
    pub fn contains(&self, shape: &Shape) -> bool {
        match self {
            Region::Shape(region) => region.contains(shape),
            // The farthest point of a shape is the nearest to the opposite side.
            Region::Cap { center, radius } => {
                shape.distance(center.opposite()).is_some_and(|it| PI - it <= radius + TOLERANCE)
            }
            Region::Plane(area) => shape.plane.is_some_and(|it| area.contains(it)),
        }
    }

    /// Returns cells that cover the region, when it lies on the sphere.
    pub fn cells(&self) -> Option<Vec<Cell>> {
        match self {
            Region::Shape(shape) => Some(shape.cover(MOST_CELLS)),
            Region::Cap { center, radius } => Some(cell::cover_cap(MOST_CELLS, *center, radius + TOLERANCE)),
            Region::Plane(_) => None,
        }
    }
}
