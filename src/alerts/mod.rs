//! Alert rules: the catalogue, and what is known about alerts elsewhere.

pub mod catalogue;
