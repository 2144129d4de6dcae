//! Preferred numbers: the series to which `$bucketAuto` rounds its boundaries.

use crate::docdb::{Error, Result};

/// A series of numbers, continued upward and downward by factors.
#[derive(Debug)]
pub(super) enum Granularity {
    /// One decade, ascending.
    Decade(Vec<f64>),
    PowersOfTwo,
}

/// The Renard series (ISO 3), the first E series (IEC 60063) and 1-2-5. The longer E series follow a formula.
const SERIES: &[(&str, &[u16])] = &[
    ("1-2-5", &[10, 20, 50]),
    ("R5", &[10, 16, 25, 40, 63]),
    ("R10", &[100, 125, 160, 200, 250, 315, 400, 500, 630, 800]),
    (
        "R20",
        &[100, 112, 125, 140, 160, 180, 200, 224, 250, 280, 315, 355, 400, 450, 500, 560, 630, 710, 800, 900],
    ),
    (
        "R40",
        &[
            100, 106, 112, 118, 125, 132, 140, 150, 160, 170, 180, 190, 200, 212, 224, 236, 250, 265, 280,
            300, 315, 335, 355, 375, 400, 425, 450, 475, 500, 530, 560, 600, 630, 670, 710, 750, 800, 850,
            900, 950,
        ],
    ),
    (
        "R80",
        &[
            103, 109, 115, 122, 128, 136, 145, 155, 165, 175, 185, 195, 206, 218, 230, 243, 258, 272, 290,
            307, 325, 345, 365, 387, 412, 437, 462, 487, 515, 545, 575, 615, 650, 690, 730, 775, 825, 875,
            925, 975,
        ],
    ),
    ("E6", &[10, 15, 22, 33, 47, 68]),
    ("E12", &[10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82]),
    (
        "E24",
        &[10, 11, 12, 13, 15, 16, 18, 20, 22, 24, 27, 30, 33, 36, 39, 43, 47, 51, 56, 62, 68, 75, 82, 91],
    ),
];

impl Granularity {
    /// Finds a series by its name.
    ///
    /// # Errors
    /// There is none of this name (40257).
    pub(super) fn parse(name: &str) -> Result<Self> {
        if name == "POWERSOF2" {
            return Ok(Self::PowersOfTwo);
        }
        if let Some((_, numbers)) = SERIES.iter().find(|(it, _)| *it == name) {
            return Ok(Self::Decade(numbers.iter().map(|it| f64::from(*it)).collect()));
        }
        match name {
            "E48" => Ok(Self::e_series(48)),
            "E96" => Ok(Self::e_series(96)),
            "E192" => Ok(Self::e_series(192)),
            _ => Err(Error::invalid(40257, format!("unknown `granularity` of `$bucketAuto`: {name}"))),
        }
    }

    fn e_series(length: u16) -> Self {
        let number = |step: u16| (100.0 * 10_f64.powf(f64::from(step) / f64::from(length))).round();
        // The standard has 9.20 where the formula gives 9.19.
        let corrected = |it: f64| if it == 919.0 { 920.0 } else { it };
        Self::Decade((0..length).map(number).map(corrected).collect())
    }

    /// Returns the smallest number of the series above a number that is not negative; zero stays zero.
    pub(super) fn above(&self, number: f64) -> f64 {
        match self {
            _ if number == 0.0 || !number.is_finite() => number,
            Self::PowersOfTwo => (number.log2().floor() + 1.0).exp2(),
            Self::Decade(series) => {
                let scale = scale(series, number);
                let candidates = series.iter().chain(series.first()).zip(0..);
                let ends =
                    candidates.map(|(it, at)| it * if at == series.len() { scale * 10.0 } else { scale });
                ends.filter(|it| *it > number).fold(f64::INFINITY, f64::min)
            }
        }
    }

    /// Returns the greatest number of the series below a number that is not negative; zero stays zero.
    pub(super) fn below(&self, number: f64) -> f64 {
        match self {
            _ if number == 0.0 || !number.is_finite() => number,
            Self::PowersOfTwo => (number.log2().ceil() - 1.0).exp2(),
            Self::Decade(series) => {
                let scale = scale(series, number);
                let lower = series.last().map(|it| it * scale / 10.0);
                let here = series.iter().map(|it| it * scale);
                here.chain(lower).filter(|it| *it < number).fold(0.0, f64::max)
            }
        }
    }
}

/// Returns the power of ten that puts a number at or above the first of a series, and below ten times that.
fn scale(series: &[f64], number: f64) -> f64 {
    let first = series.first().copied().unwrap_or(1.0);
    let mut scale = 1.0;
    while number >= first * scale * 10.0 {
        scale *= 10.0;
    }
    while number < first * scale {
        scale /= 10.0;
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_the_neighbours_in_the_series() {
        for (name, number, below, above) in [
            ("R5", 40.0, 25.0, 63.0),
            ("R5", 70.0, 63.0, 100.0),
            ("R5", 10.0, 6.3, 16.0),
            ("1-2-5", 0.7, 0.5, 1.0),
            ("R80", 100.0, 97.5, 103.0),
            ("E192", 915.0, 909.0, 920.0),
            ("E24", 1.0, 0.91, 1.1),
            ("POWERSOF2", 10.0, 8.0, 16.0),
            ("POWERSOF2", 8.0, 4.0, 16.0),
            ("R10", 0.0, 0.0, 0.0),
        ] {
            let series = Granularity::parse(name).expect("a series");
            let close = |left: f64, right: f64| (left - right).abs() <= 1e-9 * right.abs();
            assert!(close(series.below(number), below), "{name}: {} below {number}", series.below(number));
            assert!(close(series.above(number), above), "{name}: {} above {number}", series.above(number));
        }
        assert!(Granularity::parse("R6").is_err());
    }
}
