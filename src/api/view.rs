//! What all views share.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{RefOr, schema};

use crate::booking::Error;
use crate::store;
use crate::time::Zone;

/// An id in JSON: the usual hyphenated text, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Id(pub(super) store::Id);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let text = String::deserialize(reader)?;
        text.parse().map(Self).map_err(|wrong| serde::de::Error::custom(format!("it {wrong}")))
    }
}

impl From<store::Id> for Id {
    fn from(id: store::Id) -> Self {
        Self(id)
    }
}

impl utoipa::PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        let uuid = SchemaFormat::KnownFormat(KnownFormat::Uuid);
        ObjectBuilder::new()
            .schema_type(schema::SchemaType::Type(Type::String))
            .format(Some(uuid))
            .description(Some("The name of a thing: a UUID, version 7."))
            .into()
    }
}

impl utoipa::ToSchema for Id {}

/// Ids as the use cases take them.
pub(super) fn plain(ids: Vec<Id>) -> Vec<store::Id> {
    ids.into_iter().map(|Id(id)| id).collect()
}

/// Ids as views show them.
pub(super) fn ids(ids: &[store::Id]) -> Vec<Id> {
    ids.iter().copied().map(Id).collect()
}

/// A zone that a row names.
pub(super) fn stored_zone(name: &str) -> Result<Zone, Error> {
    Zone::parse(name).map_err(|unknown| corrupt(unknown).into())
}

/// A column that does not hold what it was given.
pub(super) fn corrupt(error: impl std::error::Error + Send + Sync + 'static) -> store::Error {
    store::Error::Db(diesel::result::Error::DeserializationError(Box::new(error)))
}
