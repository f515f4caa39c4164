-- Collections of two more kinds; SQLite changes no constraint in place.
CREATE TABLE collections_of_more_kinds (
    tenant_id INTEGER NOT NULL,
    collection_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'resource', 'team', 'calendar', 'time_off')),
    epoch INTEGER NOT NULL,
    change INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, collection_id)
) STRICT;
INSERT INTO collections_of_more_kinds SELECT tenant_id, collection_id, kind, epoch, change, changed_at FROM collections;
DROP TABLE collections;
ALTER TABLE collections_of_more_kinds RENAME TO collections;

-- What the person a booking's object belongs to added to it for themselves: content lines, kept when the booking changes.
ALTER TABLE objects ADD COLUMN personal TEXT;
CREATE INDEX objects_by_change ON objects (tenant_id, collection_id, change);

-- Passwords for one client each. Only a keyed hash of each is here.
CREATE TABLE app_passwords (
    tenant_id INTEGER NOT NULL,
    password_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    secret_hash BLOB NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER,
    PRIMARY KEY (tenant_id, password_id)
) STRICT;
CREATE INDEX app_passwords_by_person ON app_passwords (tenant_id, person_id);

-- Collections that people write into: their own calendars, and their time off. name is a segment of the URL.
CREATE TABLE calendars (
    tenant_id INTEGER NOT NULL,
    collection_id BLOB NOT NULL,
    owner_id BLOB NOT NULL,
    name TEXT NOT NULL,
    components TEXT NOT NULL,
    opaque INTEGER NOT NULL,
    timezone TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, collection_id),
    UNIQUE (tenant_id, owner_id, name)
) STRICT;

-- Calendar object resources as clients wrote them. A deleted one keeps its row, without its text, so that who asks for
-- changes hears of it. first_start and last_end bound all its instances; without a bound they are the least and the
-- greatest integer. Where exact is set they are the one instance.
CREATE TABLE calendar_objects (
    tenant_id INTEGER NOT NULL,
    collection_id BLOB NOT NULL,
    name TEXT NOT NULL,
    uid TEXT NOT NULL,
    component TEXT NOT NULL,
    etag TEXT NOT NULL,
    body TEXT NOT NULL,
    first_start INTEGER NOT NULL,
    last_end INTEGER NOT NULL,
    busy INTEGER NOT NULL,
    exact INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, collection_id, name)
) STRICT;
CREATE UNIQUE INDEX calendar_objects_by_uid ON calendar_objects (tenant_id, collection_id, uid) WHERE NOT deleted;
CREATE INDEX calendar_objects_by_change ON calendar_objects (tenant_id, collection_id, change);
CREATE INDEX calendar_objects_by_end ON calendar_objects (tenant_id, collection_id, last_end);

-- Properties that clients set (RFC 4918 §4.2), each person's own. resource_id is a collection's id, or one derived from
-- a person's for their principal, home and inbox; member is an object's name, or empty. value is its element as XML.
CREATE TABLE dav_properties (
    tenant_id INTEGER NOT NULL,
    resource_id BLOB NOT NULL,
    member TEXT NOT NULL,
    person_id BLOB NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (tenant_id, resource_id, member, person_id, namespace, name)
) STRICT;

-- Whom a person lets read, or also write, their calendars (calendar-proxy groups).
CREATE TABLE delegates (
    tenant_id INTEGER NOT NULL,
    owner_id BLOB NOT NULL,
    delegate_id BLOB NOT NULL,
    may_write INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, delegate_id)
) STRICT;
CREATE INDEX delegates_by_delegate ON delegates (tenant_id, delegate_id);
