//! What the bare loops say to either database. SQLite numbers `$n` by their first appearance, which is in order.

/// What a feed's token opens: the state of the feed and of what it shows.
pub const SUBSCRIPTION: &str = "SELECT t.feed_id, t.revoked_at, b.timezone,
        f.kind, f.collection_id, f.subject_id, f.name, f.options, f.version,
        f.updated_at, c.epoch, c.change, c.changed_at
    FROM feed_tokens t
    JOIN tenants b ON b.tenant_id = t.tenant_id
    LEFT JOIN feeds f ON f.tenant_id = t.tenant_id AND f.feed_id = t.feed_id
    LEFT JOIN collections c ON c.tenant_id = f.tenant_id AND c.collection_id = f.collection_id
    WHERE t.tenant_id = $1 AND t.token_hash = $2";

/// What a feed is written from.
pub const WINDOW: &str = "SELECT timezone, first_start, last_end, component FROM objects
    WHERE tenant_id = $1 AND collection_id = $2 AND last_end > $3 AND first_start < $4
      AND (NOT cancelled OR modified_at >= $5)
    ORDER BY last_end, object_id";

/// `$2` is the identity: address and name.
pub const FIND_CUSTOMER: &str = "SELECT person_id FROM people WHERE tenant_id = $1 AND identity_key = $2";

pub const ADD_CUSTOMER: &str = "INSERT INTO people (tenant_id, person_id, role, name, email, phone, identity_key,
        version, created_at, updated_at)
    VALUES ($1, $2, 'customer', $3, $4, $5, $6, 1, $7, $7)";

pub const ADD_COLLECTION: &str = "INSERT INTO collections (tenant_id, collection_id, kind, epoch, change, changed_at)
    VALUES ($1, $2, 'person', $3, 0, $3)";

pub const ADD_ALLOCATION: &str = "INSERT INTO allocations (tenant_id, booking_id, resource_id, occurrence, unit,
        session, seat, busy_from, busy_until, start_at, end_at)
    VALUES ($1, $2, $3, $4, 0, $2, 0, $4, $5, $4, $6)";

pub const ADD_BOOKING: &str = "INSERT INTO bookings (tenant_id, booking_id, uid, service_id, staff_id, resource_ids,
        customer_id, start_local, end_local, start_at, end_at, last_end, notes, created_at, updated_at,
        sequence, version, status, kind, fold, end_fold, timezone, all_day, buffer_before_minutes, buffer_after_minutes)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13, $13,
        0, 1, 'confirmed', 'appointment', 0, 0, 'Europe/Berlin', FALSE, 0, 15)";

pub const ADD_HISTORY: &str = "INSERT INTO booking_history (tenant_id, booking_id, version, at, actor, action, changes)
    VALUES ($1, $2, 1, $3, 'token:bench', 'created', $4)";

pub const BUMP: &str = "UPDATE collections SET change = change + 1, changed_at = $1
    WHERE tenant_id = $2 AND collection_id = $3 RETURNING change";

pub const ADD_OBJECT: &str = "INSERT INTO objects (tenant_id, collection_id, object_id, uid, first_start, last_end,
        modified_at, change, component, kind, cancelled, timezone)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'appointment', FALSE, 'Europe/Berlin')";
