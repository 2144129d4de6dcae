//! A connected part of a shape: a point, a line, or a polygon with holes.

use std::f64::consts::PI;

use super::sphere::{Arc, TOLERANCE, Vector, area};

/// A part of a shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    Point(Vector),
    /// Two places or more.
    Line(Vec<Vector>),
    Polygon {
        outer: Ring,
        holes: Vec<Ring>,
    },
}

/// A closed line, around the smaller of the two areas it divides the sphere into.
#[derive(Debug, Clone, PartialEq)]
pub struct Ring(Vec<Vector>);

impl Ring {
    /// Takes the corners in order, the first one only once.
    pub fn new(mut corners: Vec<Vector>) -> Self {
        let signed: f64 = match corners.split_first() {
            Some((first, rest)) => rest.windows(2).map(|it| fan(*first, it)).sum(),
            None => 0.0,
        };
        if signed < 0.0 {
            corners.reverse();
        }
        Ring(corners)
    }

    pub fn corners(&self) -> &[Vector] {
        &self.0
    }

    pub fn edges(&self) -> impl Iterator<Item = Arc> + Clone {
        let next = self.0.iter().cycle().skip(1);
        self.0.iter().zip(next).map(|(a, b)| Arc(*a, *b))
    }

    /// Whether a place that is not on the ring lies inside.
    pub fn surrounds(&self, place: Vector) -> bool {
        self.edges().map(|it| it.turn(place)).sum::<f64>() > PI
    }
}

fn fan(first: Vector, edge: &[Vector]) -> f64 {
    match edge {
        [a, b] => area(first, *a, *b),
        _ => 0.0,
    }
}

impl Piece {
    /// Returns how far a place is from the nearest point of the piece.
    pub fn distance(&self, place: Vector) -> f64 {
        match self {
            Piece::Point(point) => point.angle(place),
            Piece::Polygon { .. } if self.surrounds(place) => 0.0,
            _ => self.edges().map(|it| it.distance(place)).fold(PI, f64::min),
        }
    }

    /// Whether a place belongs to the piece; its edges do.
    pub fn holds(&self, place: Vector) -> bool {
        self.distance(place) <= TOLERANCE
    }

    /// Whether the pieces have a point in common.
    pub fn meets(&self, other: &Self) -> bool {
        self.corners().any(|it| other.holds(it))
            || other.corners().any(|it| self.holds(it))
            || self.crosses(other)
    }

    /// Whether all of another piece belongs to this polygon.
    pub fn contains(&self, other: &Self) -> bool {
        let Piece::Polygon { holes, .. } = self else { return false };
        other.corners().all(|it| self.holds(it))
            && !self.crosses(other)
            // Between two corners on the boundary an edge can still leave the polygon.
            && other.edges().all(|it| self.holds(it.middle()))
            && !holes.iter().any(|it| other.encloses(it))
    }

    pub fn corners(&self) -> Box<dyn Iterator<Item = Vector> + '_> {
        match self {
            Piece::Point(point) => Box::new(std::iter::once(*point)),
            Piece::Line(line) => Box::new(line.iter().copied()),
            Piece::Polygon { .. } => Box::new(self.rings().flat_map(|it| it.corners().iter().copied())),
        }
    }

    fn edges(&self) -> Box<dyn Iterator<Item = Arc> + '_> {
        match self {
            Piece::Point(_) => Box::new(std::iter::empty()),
            Piece::Line(line) => Box::new(line.iter().zip(line.iter().skip(1)).map(|(a, b)| Arc(*a, *b))),
            Piece::Polygon { .. } => Box::new(self.rings().flat_map(Ring::edges)),
        }
    }

    fn rings(&self) -> impl Iterator<Item = &Ring> {
        let (outer, holes) = match self {
            Piece::Polygon { outer, holes } => (Some(outer), holes.as_slice()),
            Piece::Point(_) | Piece::Line(_) => (None, [].as_slice()),
        };
        outer.into_iter().chain(holes)
    }

    fn crosses(&self, other: &Self) -> bool {
        self.edges().any(|edge| other.edges().any(|it| edge.crosses(it)))
    }

    /// Whether a place that is on no edge lies inside the polygon.
    fn surrounds(&self, place: Vector) -> bool {
        let Piece::Polygon { outer, holes } = self else { return false };
        outer.surrounds(place) && !holes.iter().any(|it| it.surrounds(place))
    }

    /// Whether a ring that does not cross the polygon's edges lies in its interior.
    fn encloses(&self, ring: &Ring) -> bool {
        let mut places = ring.corners().iter().copied().chain(ring.edges().map(Arc::middle));
        let inside =
            |it: Vector| self.surrounds(it) && self.edges().all(|edge| edge.distance(it) > TOLERANCE);
        places.any(inside)
    }
}
