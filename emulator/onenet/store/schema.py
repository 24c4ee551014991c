"""Tables of the database, as the steps that make each version of the previous one.

Times are POSIX seconds, of data points milliseconds. Columns that hold JSON say so.
"""

from __future__ import annotations

# SQL by version: MIGRATIONS[0] makes version 1 of an empty database. A step that was published is
# never changed; a new one is added.
MIGRATIONS = (
    """
    CREATE TABLE devices (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        imei TEXT NOT NULL UNIQUE,
        imsi TEXT NOT NULL,
        description TEXT NOT NULL,      -- JSON: parameters of its creation and updates
        psk TEXT,                       -- key for DTLS
        created REAL NOT NULL,
        active REAL                     -- when it registered first
    ) STRICT;
    CREATE TABLE keys (
        key TEXT PRIMARY KEY,
        title TEXT,
        permissions TEXT NOT NULL,      -- JSON
        created REAL NOT NULL
    ) STRICT;
    CREATE TABLE registrations (
        endpoint TEXT PRIMARY KEY,
        state TEXT NOT NULL             -- JSON
    ) STRICT;
    CREATE TABLE streams (
        number INTEGER PRIMARY KEY,
        device INTEGER NOT NULL,        -- negative: it was deleted
        id TEXT NOT NULL,               -- such as 3303_0_5700
        created REAL NOT NULL,
        points INTEGER NOT NULL,        -- how many it has, while they are counted
        UNIQUE (device, id)
    ) STRICT;
    CREATE TABLE points (
        stream INTEGER NOT NULL,
        at INTEGER NOT NULL,            -- milliseconds
        number INTEGER NOT NULL,        -- unique in the database, counts upwards
        value TEXT NOT NULL,            -- JSON
        PRIMARY KEY (stream, at, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE commands (
        number INTEGER PRIMARY KEY,     -- order of creation
        uuid TEXT NOT NULL UNIQUE,
        device INTEGER NOT NULL,
        type TEXT NOT NULL,             -- READ, WRITE or EXECUTE
        args TEXT NOT NULL,             -- JSON: query parameters of the call
        content TEXT,                   -- JSON: body of the call
        operation TEXT NOT NULL,        -- JSON: what is sent to the device
        created REAL NOT NULL,
        valid REAL NOT NULL,
        expires REAL NOT NULL,
        retry INTEGER NOT NULL,         -- repetitions that are left
        signs INTEGER NOT NULL,         -- bits: 1 register, 2 update, 4 notify
        state INTEGER NOT NULL,         -- 1 to 8, as the API has them
        sent REAL,
        confirmed REAL,
        status TEXT,                    -- SUCCESS, or how it failed last
        result TEXT                     -- JSON: what a read has found, as the API shows it
    ) STRICT;
    CREATE INDEX commands_by_device ON commands (device, created, number);
    CREATE INDEX open_commands ON commands (state) WHERE state IN (1, 3);
    CREATE TABLE triggers (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        content TEXT NOT NULL,          -- JSON: title, url, type, threshold, what it names
        watches TEXT NOT NULL,          -- JSON: its streams, as pairs of device (or null) and id
        created REAL NOT NULL,
        since REAL NOT NULL,            -- when its condition was set
        fired REAL NOT NULL             -- of type frozen: silences that ended by then have fired
    ) STRICT;
    CREATE TABLE messages (             -- that wait for their POST
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        target TEXT NOT NULL,           -- push, or trigger:<id>
        content TEXT NOT NULL,          -- JSON
        created REAL NOT NULL
    ) STRICT;
    CREATE INDEX messages_by_target ON messages (target, number);
    CREATE TABLE settings (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL             -- JSON
    ) STRICT, WITHOUT ROWID;
    """,
    """
    ALTER TABLE streams ADD COLUMN
        about TEXT;                     -- JSON: unit, symbol and tags, if it was created by a call
    """,
    """
    CREATE TABLE reports (              -- acknowledged, of which points are still to be taken
        number INTEGER PRIMARY KEY,     -- order in which they came
        device INTEGER NOT NULL,
        points TEXT NOT NULL,           -- JSON: [[stream, milliseconds, value], ...]
        created REAL NOT NULL
    ) STRICT;
    """,
)
