use crate::store::Id;

/// A row as it is after a change, and what else must know of it.
#[derive(Debug, Clone)]
pub struct Saved<T> {
    /// The row.
    pub row: T,
    /// The collections whose content or feeds changed with it, for caches of this process.
    pub touched: Vec<Id>,
}

impl<T> Saved<T> {
    /// A row whose change nothing else shows.
    pub fn alone(row: T) -> Self {
        Self { row, touched: Vec::new() }
    }
}
