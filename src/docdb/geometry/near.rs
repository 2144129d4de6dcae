//! Nearness to a place: `$near`, `$nearSphere` and `$geoNear`.

use super::EARTH_RADIUS;
use super::parse::stored;
use super::shape::Shape;
use super::sphere::Vector;
use crate::docdb::value::path::{FieldPath, Leaf};
use crate::docdb::value::view::{Fields, View};

/// A place, and how far from it to look.
#[derive(Debug, Clone, PartialEq)]
pub struct Near {
    pub center: Vector,
    /// In the query's unit, both included.
    pub nearest: f64,
    pub farthest: f64,
    /// How many units make a radian: the earth's radius for metres.
    pub scale: f64,
}

impl Near {
    /// Looks at all distances.
    pub fn new(center: Vector, metres: bool) -> Self {
        let scale = if metres { EARTH_RADIUS } else { 1.0 };
        Near { center, nearest: 0.0, farthest: f64::INFINITY, scale }
    }

    /// Returns the distance of a document in the query's unit, and the geometry at a path that is so near. `None` where
    /// there is no geometry.
    pub fn closest<'a>(&self, path: &FieldPath, document: Fields<'a>) -> Option<(f64, View<'a>)> {
        let mut closest: Option<(f64, View<'a>)> = None;
        path.any(document, Leaf::Elements, &mut |reached| {
            let distance = reached.value.and_then(|it| self.distance(&stored(it).ok()?));
            if let (Some(value), Some(distance)) = (reached.value, distance)
                && closest.is_none_or(|(it, _)| distance < it)
            {
                closest = Some((distance, value));
            }
            false
        });
        closest
    }

    /// Whether a distance is among those looked for.
    pub fn accepts(&self, distance: f64) -> bool {
        (self.nearest..=self.farthest).contains(&distance)
    }

    /// Returns the distance of a shape in the query's unit.
    pub fn distance(&self, shape: &Shape) -> Option<f64> {
        shape.distance(self.center).map(|it| it * self.scale)
    }
}
