//! The flat areas of `$box`, `$center` and `$polygon`.

/// An area of the plane, its edge included.
#[derive(Debug, Clone, PartialEq)]
pub enum Area {
    Box { low: [f64; 2], high: [f64; 2] },
    Circle { center: [f64; 2], radius: f64 },
    Polygon(Vec<[f64; 2]>),
}

impl Area {
    pub fn contains(&self, point: [f64; 2]) -> bool {
        let [x, y] = point;
        match self {
            Area::Box { low: [left, bottom], high: [right, top] } => {
                (left..=right).contains(&&x) && (bottom..=top).contains(&&y)
            }
            Area::Circle { center: [a, b], radius } => (x - a).hypot(y - b) <= *radius,
            Area::Polygon(corners) => {
                let edges = corners.iter().zip(corners.iter().cycle().skip(1));
                edges.clone().any(|(a, b)| is_between(*a, *b, point))
                    || edges.filter(|(a, b)| is_left_of(point, **a, **b)).count() % 2 == 1
            }
        }
    }
}

/// Whether a point lies on the straight between two.
fn is_between([ax, ay]: [f64; 2], [bx, by]: [f64; 2], [x, y]: [f64; 2]) -> bool {
    let in_line = (bx - ax) * (y - ay) == (by - ay) * (x - ax);
    let within = |a: f64, b: f64, it: f64| a.min(b) <= it && it <= a.max(b);
    in_line && within(ax, bx, x) && within(ay, by, y)
}

/// Whether a line from a point to the right crosses an edge.
fn is_left_of([x, y]: [f64; 2], [ax, ay]: [f64; 2], [bx, by]: [f64; 2]) -> bool {
    (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax
}
