use serde::{Deserialize, Serialize};

use crate::booking::{Error, Faults, input};
use crate::store::feeds::Feed;
use crate::store::{self, FeedKind};

/// How much of a booking a feed shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    /// All that its reader's role may see.
    Full,
    /// When somebody or something is busy, and nothing else.
    Busy,
}

/// The options of a feed as somebody gives them.
#[derive(Debug, Clone, Default)]
pub struct NewFeedOptions {
    /// Days shown that are over, 0 to 3650; none: 90.
    pub past_days: Option<i64>,
    /// Days shown that are ahead, 1 to 3650; none: 365.
    pub future_days: Option<i64>,
    /// None: what the kind of feed is for.
    pub detail: Option<Detail>,
    /// IANA zone that readers are told to show times in.
    pub timezone: Option<String>,
}

/// The options of a feed, every one with its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = FeedOptions)]
pub struct FeedOptions {
    /// Days shown that are over.
    pub past_days: i32,
    /// Days shown that are ahead.
    pub future_days: i32,
    /// How much of a booking is shown.
    pub detail: Detail,
    /// IANA zone that readers are told to show times in; none: the subject's or the business's.
    pub timezone: Option<String>,
}

impl NewFeedOptions {
    /// Bounds and defaults applied; only to be used when no fault was noted.
    pub(super) fn checked(&self, kind: FeedKind, faults: &mut Faults) -> FeedOptions {
        let usual = if kind == FeedKind::Busy { Detail::Busy } else { Detail::Full };
        let detail = self.detail.unwrap_or(usual);
        if kind == FeedKind::Busy && detail == Detail::Full {
            faults.add("/options/detail", "must be busy for a busy feed, or left out");
        }
        let past = input::number(self.past_days.unwrap_or(90), 0..=3650);
        let future = input::number(self.future_days.unwrap_or(365), 1..=3650);
        FeedOptions {
            past_days: faults.take("/options/past_days", past),
            future_days: faults.take("/options/future_days", future),
            detail,
            timezone: faults.take("/options/timezone", input::zone_name(self.timezone.as_deref())),
        }
    }
}

impl FeedOptions {
    /// The options of a stored feed.
    ///
    /// # Errors
    /// [`Error::Store`] when the column holds something else.
    pub fn of(feed: &Feed) -> Result<Self, Error> {
        serde_json::from_str(&feed.options)
            .map_err(|e| store::Error::Db(diesel::result::Error::DeserializationError(Box::new(e))).into())
    }

    pub(super) fn to_column(&self) -> Result<String, Error> {
        serde_json::to_string(self)
            .map_err(|e| store::Error::Db(diesel::result::Error::SerializationError(Box::new(e))).into())
    }
}
