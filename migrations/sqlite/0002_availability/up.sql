-- When somebody or something works, or the business is open (owner_id 0x00…00). rules is JSON as the API has it:
-- it is only ever read and written whole.
CREATE TABLE working_hours (
    tenant_id INTEGER NOT NULL,
    owner_id BLOB NOT NULL,
    rules TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, owner_id)
) STRICT;

-- Time off, holidays, maintenance and other closed times. Local times and zone are the truth; last_end is the end of
-- the last occurrence, 9223372036854775807 when there is none. exdates are local starts that do not take place.
CREATE TABLE blocks (
    tenant_id INTEGER NOT NULL,
    block_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('time_off', 'holiday', 'maintenance', 'block')),
    summary TEXT,
    start_local TEXT NOT NULL,
    end_local TEXT NOT NULL,
    timezone TEXT NOT NULL,
    all_day INTEGER NOT NULL,
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    last_end INTEGER NOT NULL,
    rrule TEXT,
    exdates TEXT,
    rdates TEXT,
    external_ref TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, block_id),
    UNIQUE (tenant_id, external_ref),
    CHECK (start_at < end_at AND end_at <= last_end)
) STRICT;

-- Whose time a block takes: people and resources, or the whole business (owner_id 0x00…00).
CREATE TABLE block_owners (
    tenant_id INTEGER NOT NULL,
    owner_id BLOB NOT NULL,
    last_end INTEGER NOT NULL,
    block_id BLOB NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, last_end, block_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX block_owners_by_block ON block_owners (tenant_id, block_id);

-- A time kept for somebody who is still deciding. It has allocations of its own, under its id, until it expires.
CREATE TABLE holds (
    tenant_id INTEGER NOT NULL,
    hold_id BLOB NOT NULL,
    service_id BLOB NOT NULL,
    staff_id BLOB,
    resource_ids BLOB NOT NULL,
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    timezone TEXT NOT NULL,
    all_day INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hold_id)
) STRICT;
CREATE INDEX holds_by_expiry ON holds (tenant_id, expires_at);

-- Several items that are booked together or not at all. items is JSON: what was asked for, and after the confirmation
-- the booking of each.
CREATE TABLE orders (
    tenant_id INTEGER NOT NULL,
    order_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'confirmed', 'cancelled')),
    items TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, order_id)
) STRICT;
