//! The REST API.

mod matrix;
