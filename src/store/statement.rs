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
                const SQL: &str = $sql;
                let mut text = SQL.split('?');
                out.push_sql(text.next().unwrap_or_default());
                $(
                    out.push_bind_param::<$sql_type, _>(&self.$bind)?;
                    out.push_sql(text.next().unwrap_or_default());
                )*
                Ok(())
            }
        }
    };
}
pub(crate) use statement;
