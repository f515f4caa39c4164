//! How domain types lie in columns that both databases have.

use compact_str::CompactString;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::pg::PgValue;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteValue;
use sha2::{Digest, Sha256};

use crate::time::{Civil, Instant};

/// A business. Every row belongs to one, every key starts with it, every query names it.
///
/// It is the first 63 bits of the SHA-256 of the business's slug: so the primary key of `tenants` keeps slugs
/// unique, and any instance knows from a URL alone where the rows of a business are.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = BigInt)]
pub struct TenantId(i64);

impl TenantId {
    /// Owner of rows that belong to the installation itself, e.g. the version of its time zone data.
    pub const INSTALLATION: Self = Self(0);

    /// The business whose slug this is.
    #[must_use]
    pub fn of_slug(slug: &str) -> Self {
        let hash = Sha256::digest(slug.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        Self((i64::from_be_bytes(first) & i64::MAX).max(1))
    }

    /// As eight bytes, for tokens that name their business.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// From those eight bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(i64::from_be_bytes(bytes))
    }
}

macro_rules! as_integer {
    ($type:ty, $to:expr, $from:expr) => {
        impl ToSql<BigInt, diesel::sqlite::Sqlite> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::sqlite::Sqlite>) -> serialize::Result {
                out.set_value($to(*self));
                Ok(serialize::IsNull::No)
            }
        }
        impl ToSql<BigInt, diesel::pg::Pg> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::pg::Pg>) -> serialize::Result {
                <i64 as ToSql<BigInt, diesel::pg::Pg>>::to_sql(&$to(*self), &mut out.reborrow())
            }
        }
        impl<DB: Backend> FromSql<BigInt, DB> for $type
        where
            i64: FromSql<BigInt, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                Ok($from(i64::from_sql(value)?))
            }
        }
    };
}

as_integer!(TenantId, |t: TenantId| t.0, TenantId);
as_integer!(Instant, Instant::unix, Instant::from_unix);

/// A time on somebody's clocks, kept as `YYYY-MM-DDTHH:MM:SS`, which also sorts.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = Text)]
pub struct Local(pub Civil);

impl std::fmt::Display for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (d, t) = (self.0.date(), self.0.time());
        write!(f, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", d.year(), d.month(), d.day(), t.hour(), t.minute(), t.second())
    }
}

/// Text columns of a type that has `Display` and a parser.
macro_rules! as_text {
    ($type:ty, $parse:expr) => {
        impl ToSql<Text, diesel::sqlite::Sqlite> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::sqlite::Sqlite>) -> serialize::Result {
                out.set_value(self.to_string());
                Ok(serialize::IsNull::No)
            }
        }
        impl ToSql<Text, diesel::pg::Pg> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::pg::Pg>) -> serialize::Result {
                use std::io::Write;
                write!(out, "{self}")?;
                Ok(serialize::IsNull::No)
            }
        }
        impl<DB: Backend> FromSql<Text, DB> for $type
        where
            String: FromSql<Text, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let text = String::from_sql(value)?;
                $parse(text.as_str())
                    .ok_or_else(|| format!("unexpected {} in the database: {text:?}", stringify!($type)).into())
            }
        }
    };
}

as_text!(Local, |text: &str| crate::time::parse_civil(text).ok().map(Local));

/// An enum whose values are words in the database and in JSON.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
            utoipa::ToSchema, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value a word stands for.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        as_text!($name, $name::from_word);
    };
}

words! {
    /// What a person may read and do.
    Role {
        /// Sees and changes everything of the business.
        Manager = "manager",
        /// Serves bookings.
        Staff = "staff",
        /// Is served.
        Customer = "customer",
    }
}

words! {
    /// What a token may do with the API.
    Scope {
        /// Reads everything of its business.
        Read = "read",
        /// Also makes and changes bookings, blocks and customers.
        Write = "write",
        /// Also changes staff, resources, services, working hours and feeds.
        Admin = "admin",
    }
}

words! {
    /// What a resource is.
    ResourceKind {
        /// A place.
        Room = "room",
        /// Something driven.
        Vehicle = "vehicle",
        /// Something used.
        Equipment = "equipment",
        /// Something lent or sold.
        Product = "product",
    }
}

words! {
    /// What a booking is about (B5).
    BookingKind {
        /// Somebody is served at a time.
        Appointment = "appointment",
        /// Something is lent, often for days.
        Rental = "rental",
        /// Something is repaired or looked after.
        Maintenance = "maintenance",
        /// Something is brought: a stop of a route.
        Delivery = "delivery",
        /// A seat in a class that several people attend.
        Class = "class",
    }
}

words! {
    /// Where a booking is in its life (B6).
    BookingStatus {
        /// Asked for, not yet confirmed; it keeps its time.
        Tentative = "tentative",
        /// It takes place.
        Confirmed = "confirmed",
        /// It took place.
        Completed = "completed",
        /// The customer did not come.
        NoShow = "no_show",
        /// It does not take place.
        Cancelled = "cancelled",
    }
}

words! {
    /// Whom a feed is for (F1).
    FeedKind {
        /// One staff member.
        Staff = "staff",
        /// One customer.
        Customer = "customer",
        /// One resource.
        Resource = "resource",
        /// The whole business.
        Team = "team",
        /// The deliveries of one vehicle or driver, in stop order.
        Route = "route",
        /// The maintenance of one crew, resource or the whole business.
        Maintenance = "maintenance",
        /// When one person or resource is busy, and nothing else.
        Busy = "busy",
    }
}

words! {
    /// Whose view a collection is.
    CollectionKind {
        /// A staff member's or a customer's.
        Person = "person",
        /// A resource's.
        Resource = "resource",
        /// The whole business's.
        Team = "team",
        /// One that a person made for themselves.
        Calendar = "calendar",
        /// A person's time off.
        TimeOff = "time_off",
    }
}

words! {
    /// What serves a service.
    ProviderKind {
        /// A staff member.
        Staff = "staff",
        /// A resource.
        Resource = "resource",
    }
}

words! {
    /// Why time is blocked (A2).
    BlockKind {
        /// Somebody's leave.
        TimeOff = "time_off",
        /// A public holiday, or a day on which the business is closed.
        Holiday = "holiday",
        /// Something is being repaired or cleaned.
        Maintenance = "maintenance",
        /// Any other reason.
        Block = "block",
    }
}

words! {
    /// Where an order is in its life (B7).
    OrderStatus {
        /// Nothing is booked yet.
        Pending = "pending",
        /// Every item is booked.
        Confirmed = "confirmed",
        /// Nothing is booked any more.
        Cancelled = "cancelled",
    }
}

/// A text that is mostly short, such as a name or a tag, and then lies in its row: long lists have several in each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, diesel::deserialize::FromSqlRow)]
pub struct Short(CompactString);

impl std::ops::Deref for Short {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self)
    }
}

impl From<String> for Short {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Short {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl FromSql<Text, diesel::sqlite::Sqlite> for Short {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(value.read_text().into()))
    }
}

impl FromSql<Text, diesel::pg::Pg> for Short {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(CompactString::from_utf8(value.as_bytes())?))
    }
}
