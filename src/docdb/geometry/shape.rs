//! What one geometry of a document or of a query covers.

use std::collections::HashMap;

use super::cell::{self, Cell};
use super::piece::{Piece, Ring};
use super::sphere::{Arc, Vector};

/// Points, lines and polygons seen as one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shape {
    /// Empty for a legacy pair that is no longitude and latitude: it lies in the plane only.
    pub(super) pieces: Vec<Piece>,
    /// The coordinates as written, when the shape is one point.
    pub(super) plane: Option<[f64; 2]>,
}

/// Most cells that a stored shape has keys for.
const MOST_KEYS: usize = 12;

impl Shape {
    /// Returns the angle to the nearest point.
    pub fn distance(&self, place: Vector) -> Option<f64> {
        self.pieces.iter().map(|it| it.distance(place)).reduce(f64::min)
    }

    /// Whether the shapes have a point in common.
    pub fn meets(&self, other: &Shape) -> bool {
        self.pieces.iter().any(|it| other.pieces.iter().any(|other| it.meets(other)))
    }

    /// Whether every piece of another shape lies in one polygon of this.
    pub fn contains(&self, other: &Shape) -> bool {
        let held = |piece: &Piece| self.pieces.iter().any(|it| it.contains(piece));
        !other.pieces.is_empty() && other.pieces.iter().all(held)
    }

    pub fn is_area(&self) -> bool {
        self.pieces.iter().all(|it| matches!(it, Piece::Polygon { .. }))
    }

    /// Returns the place, when the shape is one point.
    pub fn point(&self) -> Option<Vector> {
        match self.pieces.as_slice() {
            [Piece::Point(point)] => Some(*point),
            _ => None,
        }
    }

    /// Returns the cells a stored shape is found by.
    pub fn keys(&self) -> Vec<Cell> {
        match self.point() {
            Some(point) => vec![Cell::of(point)],
            None => self.cover(MOST_KEYS),
        }
    }

    /// Returns cells that cover the shape, at most `most` where that is enough.
    pub fn cover(&self, most: usize) -> Vec<Cell> {
        cell::cover(most, &|cell| {
            let quad = cell.quad();
            self.pieces.iter().any(|it| it.meets(&quad))
        })
    }

    /// Says what is wrong with lines and polygons; checking all pairs of edges is too dear for every reading.
    pub fn check(&self) -> Result<(), String> {
        if self.pieces.is_empty() {
            let [longitude, latitude] = self.plane.unwrap_or_default();
            return Err(out_of_bounds(longitude, latitude));
        }
        self.pieces.iter().try_for_each(check_piece)
    }
}

pub(super) fn out_of_bounds(longitude: f64, latitude: f64) -> String {
    format!("longitude/latitude is out of bounds, lng: {longitude} lat: {latitude}")
}

fn check_piece(piece: &Piece) -> Result<(), String> {
    match piece {
        Piece::Point(_) => Ok(()),
        Piece::Line(line) => {
            let arcs = line.iter().zip(line.iter().skip(1)).map(|(a, b)| Arc(*a, *b));
            check_arcs(&arcs.collect::<Vec<_>>())
        }
        Piece::Polygon { outer, holes } => {
            check_ring(outer)?;
            for (at, hole) in holes.iter().enumerate() {
                check_ring(hole)?;
                check_hole(outer, hole, holes.get(..at).unwrap_or_default())?;
            }
            Ok(())
        }
    }
}

fn check_arcs(arcs: &[Arc]) -> Result<(), String> {
    match arcs.iter().position(|Arc(a, b)| a.angle(b.opposite()) < 1e-14) {
        Some(at) => Err(format!("Vertices {at} and {} are antipodal", at + 1)),
        None => Ok(()),
    }
}

fn check_ring(ring: &Ring) -> Result<(), String> {
    let mut first_seen = HashMap::new();
    for (at, corner) in ring.corners().iter().enumerate() {
        if let Some(before) = first_seen.insert(corner.0.map(f64::to_bits), at) {
            return Err(format!("Duplicate vertices: {before} and {at}"));
        }
    }
    let edges: Vec<_> = ring.edges().collect();
    check_arcs(&edges)?;
    for (at, edge) in edges.iter().enumerate() {
        if let Some(other) = edges.iter().skip(at + 2).position(|it| edge.crosses(*it)) {
            return Err(format!("Edges {at} and {} cross", at + 2 + other));
        }
    }
    Ok(())
}

fn check_hole(outer: &Ring, hole: &Ring, others: &[Ring]) -> Result<(), String> {
    let filled = |ring: &Ring| Piece::Polygon { outer: ring.clone(), holes: Vec::new() };
    if !filled(outer).contains(&filled(hole)) {
        return Err(
            "Secondary loops not contained by first exterior loop - secondary loops must be holes".into()
        );
    }
    let crosses = |it: &Ring| it.edges().any(|edge| hole.edges().any(|other| edge.crosses(other)));
    if others.iter().any(crosses) { Err("Polygon isn't valid: its holes cross".into()) } else { Ok(()) }
}
