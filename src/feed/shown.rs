//! What a feed shows on one day: everything its bytes depend on, and the validators that follow from it.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::Error;
use super::window::{Day, Options};
use crate::booking::feeds::Detail;
use crate::store::feeds::LiveFeed;
use crate::store::{BookingKind, FeedKind, Id, TenantId};
use crate::time::{Instant, Zone};

/// The form a feed is asked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// `.ics`: events.
    Events,
    /// `.ifb`: one VFREEBUSY.
    FreeBusy,
}

/// Which bookings a feed is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// Those of the whole business.
    Everybody,
    /// Those that one staff member or resource is needed for.
    Provider(Id),
    /// Those of one customer.
    Customer(Id),
    /// Those of one person or resource, the feed does not say which of the three.
    Somebody(Id),
}

/// A feed on a day.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub tenant: TenantId,
    pub feed_id: Id,
    pub feed: LiveFeed,
    pub options: Options,
    pub day: Day,
}

impl Shown {
    /// Reads the feed's options and works out its day.
    ///
    /// # Errors
    /// [`Error::Row`] when the row holds options or a zone that this version cannot read.
    pub fn new(tenant: TenantId, feed_id: Id, feed: LiveFeed, now: Instant) -> Result<Self, Error> {
        let unreadable = |what: String| Error::Row { feed: feed_id, what };
        let options: Options =
            serde_json::from_str(&feed.options).map_err(|e| unreadable(format!("its options: {e}")))?;
        let zone = options.timezone.as_deref().unwrap_or(&feed.tenant_timezone);
        let zone = Zone::parse(zone).map_err(|e| unreadable(format!("its zone: {e}")))?;
        Ok(Self { tenant, feed_id, feed, options, day: Day::of(now, zone) })
    }

    /// Whether the row and the day are still the same.
    pub fn is_same(&self, feed: &LiveFeed, now: Instant) -> bool {
        self.feed == *feed && self.is_today(now)
    }

    /// Whether `now` is on its day.
    pub fn is_today(&self, now: Instant) -> bool {
        self.day.start <= now && now < self.day.end
    }

    /// The entity tag, without quotes: the same on every instance, known without composing anything.
    ///
    /// `salt` stands for the software, whose every version may write other bytes.
    pub fn tag(&self, format: Format, salt: &[u8]) -> String {
        let mut hash = Sha256::new();
        let mut number = |n: i64| hash.update(n.to_be_bytes());
        for n in [self.feed.version, self.feed.epoch, self.feed.change, self.day.start.unix(), format as i64] {
            number(n);
        }
        for part in [
            salt,
            &self.tenant.to_bytes(),
            self.feed_id.as_bytes(),
            self.feed.collection_id.as_bytes(),
            self.day.zone.name().as_bytes(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        HEXLOWER.encode(&hash.finalize()[..16])
    }

    /// When its content last changed: with a booking, with the feed, or because a day passed.
    pub fn modified(&self) -> Instant {
        let rows = self.feed.changed_at.unwrap_or(self.feed.updated_at).max(self.feed.updated_at);
        rows.max(self.day.start)
    }

    /// The kind of booking it is limited to.
    pub fn only(&self) -> Option<BookingKind> {
        match self.feed.kind {
            FeedKind::Route => Some(BookingKind::Delivery),
            FeedKind::Maintenance => Some(BookingKind::Maintenance),
            FeedKind::Staff | FeedKind::Customer | FeedKind::Resource | FeedKind::Team | FeedKind::Busy => None,
        }
    }

    /// Whether nothing but times may be seen.
    pub fn is_busy_only(&self) -> bool {
        self.feed.kind == FeedKind::Busy || self.options.detail == Detail::Busy
    }

    /// Whose bookings it is about.
    pub fn subject(&self) -> Subject {
        match (self.feed.kind, self.feed.subject_id) {
            (FeedKind::Team, _) | (_, None) => Subject::Everybody,
            (FeedKind::Staff | FeedKind::Resource, Some(id)) => Subject::Provider(id),
            (FeedKind::Customer, Some(id)) => Subject::Customer(id),
            (FeedKind::Busy | FeedKind::Route | FeedKind::Maintenance, Some(id)) => Subject::Somebody(id),
        }
    }
}
