//! Sums and deviations; what is not a number is passed over.

use bson::Bson;

use super::{Accumulate, Table};
use crate::docdb::Result;
use crate::docdb::aggregate::expression::Value;
use crate::docdb::aggregate::expressions::number::{Number, Sum};

pub(super) const TABLE: Table = &[
    ("$avg", || Box::new(Mean::default())),
    ("$count", || Box::new(Total::default())),
    ("$stdDevPop", || Box::new(Deviation::new(0))),
    ("$stdDevSamp", || Box::new(Deviation::new(1))),
    ("$sum", || Box::new(Total::default())),
];

fn number(value: &Value) -> Option<Number> {
    value.as_ref().and_then(Number::of)
}

#[derive(Default)]
struct Total(Sum);

impl Accumulate for Total {
    fn add(&mut self, value: Value) -> Result<()> {
        number(&value).into_iter().for_each(|it| self.0.add(it));
        Ok(())
    }

    fn finish(self: Box<Self>) -> Bson {
        self.0.total()
    }
}

#[derive(Default)]
struct Mean(Sum);

impl Accumulate for Mean {
    fn add(&mut self, value: Value) -> Result<()> {
        number(&value).into_iter().for_each(|it| self.0.add(it));
        Ok(())
    }

    fn finish(self: Box<Self>) -> Bson {
        self.0.mean().unwrap_or(Bson::Null)
    }
}

/// A standard deviation by Welford's method.
struct Deviation {
    /// 1 for a sample, which has one degree of freedom less.
    less: u32,
    count: u32,
    mean: f64,
    squares: f64,
}

impl Deviation {
    fn new(less: u32) -> Self {
        Self { less, count: 0, mean: 0.0, squares: 0.0 }
    }
}

impl Accumulate for Deviation {
    fn add(&mut self, value: Value) -> Result<()> {
        let Some(number) = number(&value) else { return Ok(()) };
        let number = number.as_f64();
        self.count += 1;
        let from_old = number - self.mean;
        self.mean += from_old / f64::from(self.count);
        self.squares += from_old * (number - self.mean);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Bson {
        match self.count > self.less {
            true => Bson::Double((self.squares / f64::from(self.count - self.less)).sqrt()),
            false => Bson::Null,
        }
    }
}
