//! Event scripts in, insights and lists out.

mod golden;
mod laws;
mod lists;
mod script;
mod waiting;
