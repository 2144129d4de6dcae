//! Directions from the centre of the sphere, and arcs between them. All distances are angles in radians.

/// What counts as the same place: a few micrometres on the earth.
pub const TOLERANCE: f64 = 1e-12;

/// A place on the sphere as a vector of length 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vector(pub [f64; 3]);

impl Vector {
    /// Returns a place by its degrees.
    pub fn of(longitude: f64, latitude: f64) -> Self {
        let (longitude, latitude) = (longitude.to_radians(), latitude.to_radians());
        Vector([latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()])
    }

    /// Returns the place in a direction.
    pub fn towards(direction: [f64; 3]) -> Self {
        let [x, y, z] = direction;
        let length = Vector(direction).length();
        Vector([x / length, y / length, z / length])
    }

    pub fn dot(self, other: Self) -> f64 {
        let (Vector([a, b, c]), Vector([x, y, z])) = (self, other);
        a * x + b * y + c * z
    }

    /// Returns the cross product, which is not of length 1.
    pub fn cross(self, other: Self) -> Self {
        let (Vector([a, b, c]), Vector([x, y, z])) = (self, other);
        Vector([b * z - c * y, c * x - a * z, a * y - b * x])
    }

    fn minus(self, other: Self) -> Self {
        let (Vector([a, b, c]), Vector([x, y, z])) = (self, other);
        Vector([a - x, b - y, c - z])
    }

    pub fn opposite(self) -> Self {
        Vector(self.0.map(|it| -it))
    }

    pub fn angle(self, other: Self) -> f64 {
        self.cross(other).length().atan2(self.dot(other))
    }

    fn length(self) -> f64 {
        self.dot(self).sqrt()
    }
}

/// The shortest way between two places that are not opposite each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arc(pub Vector, pub Vector);

impl Arc {
    pub fn distance(self, place: Vector) -> f64 {
        let Arc(a, b) = self;
        let normal = self.normal();
        let beside = normal.cross(a).dot(place) > 0.0 && b.cross(normal).dot(place) > 0.0;
        if beside {
            place.dot(normal).abs().atan2(place.cross(normal).length())
        } else {
            a.angle(place).min(b.angle(place))
        }
    }

    /// Whether the arcs go through each other. They do not where one only touches the other.
    pub fn crosses(self, other: Self) -> bool {
        let (Arc(a, b), Arc(c, d)) = (self, other);
        let [a, b] = [a, b].map(|it| other.side(it));
        let [c, d] = [c, d].map(|it| self.side(it));
        // The ends of each lie on both sides of the other, and turn the same way: not on opposite sides of the sphere.
        a * b < 0.0 && c * d < 0.0 && c * b > 0.0
    }

    /// On which side of the arc a place lies: 1 for the left, -1 for the right, 0 in line with it.
    fn side(self, place: Vector) -> f64 {
        let normal = self.normal();
        let away = normal.dot(place) / normal.length();
        if away.abs() > TOLERANCE { away.signum() } else { 0.0 }
    }

    /// Twice the cross product, which is exact for short arcs too when it is made of sum and difference.
    fn normal(self) -> Vector {
        let Arc(a, b) = self;
        a.minus(b.opposite()).cross(b.minus(a))
    }

    pub fn middle(self) -> Vector {
        Vector::towards(self.0.minus(self.1.opposite()).0)
    }

    /// Returns the angle under which the arc is seen from a place, positive when it goes around it counter-clockwise.
    pub fn turn(self, from: Vector) -> f64 {
        let [a, b] = [self.0, self.1].map(|it| it.minus(from));
        from.dot(a.cross(b)).atan2(a.dot(b) - a.dot(from) * b.dot(from))
    }
}

/// Returns the area of a triangle, positive when it runs counter-clockwise.
pub fn area(a: Vector, b: Vector, c: Vector) -> f64 {
    let volume = a.dot(b.minus(a).cross(c.minus(a)));
    2.0 * volume.atan2(1.0 + a.dot(b) + b.dot(c) + c.dot(a))
}
