//! Lists in pages: `?limit=&cursor=` → `{"items":[…],"next_cursor":…}`.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use crate::store::Id;
use crate::time::Instant;

/// A page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Page<T> {
    /// The page's entries.
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// What lists without filters can be asked.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    /// Entries of a page, 1 to 200.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<String>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// How many entries a page has.
pub(super) fn limit(text: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = text else { return Ok(50) };
    let digits = !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|limit| digits && (1..=200).contains(limit))
        .ok_or_else(|| Problem::bad_parameter("limit", "must be a number from 1 to 200"))
}

/// The lists; a cursor of one is no cursor of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Staff = 1,
    Customers = 2,
    Resources = 3,
    Services = 4,
    Feeds = 5,
    Bookings = 6,
    Blocks = 7,
    Orders = 8,
}

/// Where a page ends.
pub(super) trait Position: Sized {
    fn to_bytes(&self) -> Vec<u8>;
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

impl Position for Id {
    fn to_bytes(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_bytes)
    }
}

impl Position for (Instant, Id) {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.0.unix().to_be_bytes().to_vec();
        bytes.extend_from_slice(self.1.as_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (start, id) = bytes.split_at_checked(8)?;
        let start = Instant::from_unix(i64::from_be_bytes(start.try_into().ok()?));
        Some((start, Position::from_bytes(id)?))
    }
}

/// A page of at most `limit` rows: `of` reads the given number of rows after a position.
#[derive(Debug, Clone)]
pub(super) struct Reader<P> {
    list: List,
    limit: usize,
    after: Option<P>,
}

impl<P: Position + Clone> Reader<P> {
    /// From the query's parameters.
    pub(super) fn new(list: List, size: Option<&str>, cursor: Option<&str>) -> Result<Self, Problem> {
        let after = cursor
            .map(|text| {
                let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
                let (tag, position) = bytes.split_first()?;
                if *tag == list as u8 { P::from_bytes(position) } else { None }
            })
            .map(|position| {
                position.ok_or_else(|| Problem::bad_parameter("cursor", "must be the next_cursor of this list"))
            })
            .transpose()?;
        Ok(Self { list, limit: limit(size)?, after })
    }

    /// Reads a page. `rows` is asked for one row more than the page has, to know whether there is another page.
    pub(super) fn read<R, E>(
        &self,
        rows: impl FnOnce(Option<P>, i64) -> Result<Vec<R>, E>,
        position: impl Fn(&R) -> P,
    ) -> Result<(Vec<R>, Option<String>), E> {
        let mut found = rows(self.after.clone(), self.limit as i64 + 1)?;
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let next = found.last().filter(|_| more).map(|last| {
            let mut bytes = vec![self.list as u8];
            bytes.extend(position(last).to_bytes());
            BASE64URL_NOPAD.encode(&bytes)
        });
        Ok((found, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        assert_eq!(limit(None).unwrap(), 50);
        assert_eq!(limit(Some("200")).unwrap(), 200);
        for bad in ["0", "201", "-1", "+5", "1e2", "", " 5", "99999999999999999999", "0.1", "٥"] {
            assert!(limit(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cursor_goes_round_and_belongs_to_one_list() {
        let ids: Vec<Id> = (0..3).map(|_| Id::new()).collect();
        let first = Reader::<Id>::new(List::Staff, Some("2"), None).unwrap();
        let (rows, next) = first.read(|_, n| Ok::<_, ()>(ids[..n as usize].to_vec()), |id| *id).unwrap();
        assert_eq!(rows, ids[..2]);
        let next = next.unwrap();
        let second = Reader::<Id>::new(List::Staff, Some("2"), Some(&next)).unwrap();
        assert_eq!(second.after, Some(ids[1]));
        assert_eq!(second.read(|_, _| Ok::<_, ()>(vec![ids[2]]), |id| *id).unwrap().1, None);
        assert!(Reader::<Id>::new(List::Customers, None, Some(&next)).is_err());
        assert!(Reader::<(Instant, Id)>::new(List::Staff, None, Some(&next)).is_err());
        for bad in ["", "!", "AAAA", "../..", "'"] {
            assert!(Reader::<Id>::new(List::Staff, None, Some(bad)).is_err(), "{bad}");
        }
    }
}
