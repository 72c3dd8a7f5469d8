//! Rates at which clients may send: token buckets in integers, with the time as an argument.

mod bucket;
mod buckets;

pub(crate) use buckets::{Buckets, Load, Wait};
