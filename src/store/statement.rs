//! Hand-written SQL that both databases prepare once and keep.
//!
//! diesel does not cache UPDATE, `ON CONFLICT DO UPDATE` or `sql_query`: each costs a parse, on PostgreSQL a round
//! trip. For the few hottest statements this macro makes a query of a text with `?` for each bind value.
//!
//! An INSERT of a row with optional columns is cached only where `treat_none_as_default_value = false` makes its text
//! the same for every row. And a row is found by its key with `get_result`, not `first`: that adds `LIMIT ?`, and
//! SQLite plans a statement anew whenever a value is bound to its limit.

/// Declares a cached statement: name, SQL with `?`, bind values with their SQL types, and what a row is.
macro_rules! statement {
    ($(#[$meta:meta])* $name:ident($($bind:ident: $type:ty as $sql_type:ty),* $(,)?) -> $row:ty, $sql:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        struct $name { $($bind: $type),* }

        impl diesel::query_builder::QueryId for $name {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::query_builder::Query for $name {
            type SqlType = $row;
        }

        impl<Conn> diesel::RunQueryDsl<Conn> for $name {}

        impl<DB> diesel::query_builder::QueryFragment<DB> for $name
        where
            DB: diesel::backend::Backend $(+ diesel::sql_types::HasSqlType<$sql_type>)*,
            $($type: diesel::serialize::ToSql<$sql_type, DB>,)*
        {
            fn walk_ast<'b>(&'b self, mut out: diesel::query_builder::AstPass<'_, 'b, DB>) -> diesel::QueryResult<()> {
                const BINDS: &[&str] = &[$(stringify!($bind)),*];
                const PARTS: [&str; BINDS.len() + 1] = $crate::store::statement::parts($sql);
                let mut parts = PARTS.iter();
                out.push_sql(parts.next().copied().unwrap_or_default());
                $(
                    out.push_bind_param::<$sql_type, _>(&self.$bind)?;
                    out.push_sql(parts.next().copied().unwrap_or_default());
                )*
                Ok(())
            }
        }
    };
}
pub(crate) use statement;

/// What is around the question marks of a statement, split when it is compiled: it is walked several times in each use.
pub(super) const fn parts<const N: usize>(sql: &'static str) -> [&'static str; N] {
    let mut parts = [""; N];
    let mut rest = sql;
    let mut next = 0;
    while next < N {
        let mut end = 0;
        while end < rest.len() && rest.as_bytes()[end] != b'?' {
            end += 1;
        }
        let (part, after) = rest.split_at(end);
        parts[next] = part;
        next += 1;
        assert!(after.is_empty() == (next == N), "as many question marks as bind values");
        rest = if after.is_empty() { after } else { after.split_at(1).1 };
    }
    parts
}
