//! Cells: the sphere as the six faces of a cube, each divided into four again and again. A cell's name is its face and then
//! a digit a division, so that the cells inside a cell are those whose names begin with its name.

use std::f64::consts::{FRAC_PI_4, PI};

use super::piece::{Piece, Ring};
use super::sphere::{TOLERANCE, Vector};

/// The divisions of the cells of points: about ten metres.
const LEVELS: u32 = 20;

/// A part of the sphere between four great circles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    face: u8,
    level: u32,
    /// Column and row on the face, of `2^level`.
    at: [u32; 2],
}

impl Cell {
    /// Returns the six cells that are everything.
    pub fn faces() -> impl Iterator<Item = Self> {
        (0..6).map(|face| Cell { face, level: 0, at: [0, 0] })
    }

    /// Returns the smallest cell around a place.
    pub fn of(place: Vector) -> Self {
        let Vector([x, y, z]) = place;
        let (face, depth, u, v) = match [x.abs(), y.abs(), z.abs()] {
            [a, b, c] if a >= b && a >= c => (u8::from(x < 0.0), a, y, z),
            [_, b, c] if b >= c => (2 + u8::from(y < 0.0), b, x, z),
            [_, _, c] => (4 + u8::from(z < 0.0), c, x, y),
        };
        let size = f64::from(1u32 << LEVELS);
        // Equal angles rather than equal lengths, so that cells are of about the same size.
        let part = |it: f64| ((it / depth).atan() / FRAC_PI_4 + 1.0) / 2.0 * size;
        let clamp = |it: f64| it.clamp(0.0, size - 1.0) as u32;
        Cell { face, level: LEVELS, at: [clamp(part(u)), clamp(part(v))] }
    }

    pub fn is_smallest(self) -> bool {
        self.level == LEVELS
    }

    /// Returns the cells one division down.
    pub fn children(self) -> impl Iterator<Item = Self> {
        let [column, row] = self.at.map(|it| it * 2);
        let at = [[column, row], [column, row + 1], [column + 1, row], [column + 1, row + 1]];
        at.into_iter().map(move |at| Cell { level: self.level + 1, at, ..self })
    }

    /// Returns the cells around it, the nearest first.
    pub fn parents(self) -> impl Iterator<Item = Self> {
        (1..=self.level).map(move |up| Cell {
            level: self.level - up,
            at: self.at.map(|it| it >> up),
            ..self
        })
    }

    pub fn name(self) -> String {
        let [column, row] = self.at;
        let digit = |level: u32| {
            let bit = |it: u32| it >> level & 1;
            char::from(b'0' + (bit(column) << 1 | bit(row)) as u8)
        };
        std::iter::once(char::from(b'0' + self.face)).chain((0..self.level).rev().map(digit)).collect()
    }

    /// Returns the cell as a polygon.
    pub fn quad(self) -> Piece {
        let [column, row] = self.at;
        let corners =
            [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(right, up)| self.corner(column + right, row + up));
        Piece::Polygon { outer: Ring::new(corners.to_vec()), holes: Vec::new() }
    }

    /// Returns an angle that nothing in the cell is nearer than.
    pub fn distance(self, place: Vector) -> f64 {
        (self.quad().distance(place) - TOLERANCE).max(0.0)
    }

    fn corner(self, column: u32, row: u32) -> Vector {
        let size = f64::from(1u32 << self.level);
        let part = |it: u32| ((f64::from(it) / size * 2.0 - 1.0) * FRAC_PI_4).tan();
        let (u, v) = (part(column), part(row));
        let depth = if self.face.is_multiple_of(2) { 1.0 } else { -1.0 };
        Vector::towards(match self.face / 2 {
            0 => [depth, u, v],
            1 => [u, depth, v],
            _ => [u, v, depth],
        })
    }
}

/// Divides the cells that touch something as long as there are not too many.
pub fn cover(most: usize, touches: &dyn Fn(Cell) -> bool) -> Vec<Cell> {
    let mut cells: Vec<_> = Cell::faces().filter(|it| touches(*it)).collect();
    while cells.iter().all(|it| !it.is_smallest()) {
        let divided: Vec<_> = cells.iter().flat_map(|it| it.children()).filter(|it| touches(*it)).collect();
        if divided.is_empty() || divided.len() > most {
            break;
        }
        cells = divided;
    }
    cells
}

/// Returns cells that cover everything within an angle of a place.
pub fn cover_cap(most: usize, center: Vector, radius: f64) -> Vec<Cell> {
    cover(most, &|cell| radius >= PI || cell.distance(center) <= radius)
}
