-- A database in which version 1 has kept something of each kind. It is never changed: later
-- versions are tested with it.
BEGIN TRANSACTION;
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
INSERT INTO "commands" VALUES(1,'0eca8020-bc64-503d-9c0d-0bad16dfb092',500000001,'READ','{"imei":"867726030000001","obj_id":3303,"obj_inst_id":0,"res_id":5700,"valid_time":"2015-12-01T17:10:00","expired_time":"2030-12-01T18:00:00","retry":3,"trigger_msg":7}',NULL,'{"read":"/3303/0/5700"}',1448960785.535,1448961000.0,1922349600.0,3,7,1,NULL,NULL,NULL,NULL);
CREATE TABLE devices (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        imei TEXT NOT NULL UNIQUE,
        imsi TEXT NOT NULL,
        description TEXT NOT NULL,      -- JSON: parameters of its creation and updates
        psk TEXT,                       -- key for DTLS
        created REAL NOT NULL,
        active REAL                     -- when it registered first
    ) STRICT;
INSERT INTO "devices" VALUES(500000001,'867726030000001','460040000000001','{"title": "a device", "imei": "867726030000001", "imsi": "460040000000001", "desc": null, "tags": [], "location": null, "private": true, "observed": true, "other": null, "auth": null, "psk": null, "chip": null}',NULL,1448960783.535,1448960783.535);
CREATE TABLE keys (
        key TEXT PRIMARY KEY,
        title TEXT,
        permissions TEXT NOT NULL,      -- JSON
        created REAL NOT NULL
    ) STRICT;
INSERT INTO "keys" VALUES('TpNEcasKN4uBalh12UeDUQt2Cff=','a key','[{"access_methods": ["get"], "resources": [{"dev_id": "500000001"}]}]',1448960784.535);
CREATE TABLE messages (             -- that wait for their POST
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        target TEXT NOT NULL,           -- push, or trigger:<id>
        content TEXT NOT NULL,          -- JSON
        created REAL NOT NULL
    ) STRICT;
INSERT INTO "messages" VALUES(1,'trigger:1','{"trigger":{"id":1,"threshold":20,"type":">"},"current_data":[{"dev_id":"500000001","ds_id":"3303_0_5700","ds_uuid":"a9f1e27a-dd71-5ce4-820e-852f1a84252e","at":"2015-12-01T09:06:25.535000Z","value":21.5}]}',1448960785.535);
INSERT INTO "messages" VALUES(2,'push','{"at":1448960785535,"imei":"867726030000001","type":1,"ds_id":"3303_0_5700","value":21.5,"dev_id":500000001}',1448960785.535);
CREATE TABLE points (
        stream INTEGER NOT NULL,
        at INTEGER NOT NULL,            -- milliseconds
        number INTEGER NOT NULL,        -- unique in the database, counts upwards
        value TEXT NOT NULL,            -- JSON
        PRIMARY KEY (stream, at, number)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "points" VALUES(1,1448960785535,1,'21.5');
CREATE TABLE registrations (
        endpoint TEXT PRIMARY KEY,
        state TEXT NOT NULL             -- JSON
    ) STRICT;
INSERT INTO "registrations" VALUES('867726030000001;460040000000001','{"number": 0, "location": ["rd", "867726030000001"], "address": "100.64.0.1:56830", "lifetime": 86400, "objects": ["/3303/0"], "root": [], "accept_tlv": false, "queue": false, "last_seen": 1448960783.535, "expires": 1449047183.535, "resources": {"3303": ["/3303", "/3303/0/5700"]}, "observations": {"/3303/0": "4a58b791"}}');
CREATE TABLE settings (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL             -- JSON
    ) STRICT, WITHOUT ROWID;
INSERT INTO "settings" VALUES('push','{"url": "http://127.0.0.1:9/push", "token": "abcdefg", "aes_key": null, "pad": 16, "batch_seconds": null, "batch_count": null}');
INSERT INTO "settings" VALUES('starts','0');
CREATE TABLE streams (
        number INTEGER PRIMARY KEY,
        device INTEGER NOT NULL,        -- negative: it was deleted
        id TEXT NOT NULL,               -- such as 3303_0_5700
        created REAL NOT NULL,
        points INTEGER NOT NULL,        -- how many it has, while they are counted
        UNIQUE (device, id)
    ) STRICT;
INSERT INTO "streams" VALUES(1,500000001,'3303_0_5700',1448960785.535,0);
CREATE TABLE triggers (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        content TEXT NOT NULL,          -- JSON: title, url, type, threshold, what it names
        watches TEXT NOT NULL,          -- JSON: its streams, as pairs of device (or null) and id
        created REAL NOT NULL,
        since REAL NOT NULL,            -- when its condition was set
        fired REAL NOT NULL             -- of type frozen: silences that ended by then have fired
    ) STRICT;
INSERT INTO "triggers" VALUES(1,'{"title": "too warm", "url": "http://127.0.0.1:9/alarm", "kind": ">", "threshold": 20, "ds_id": "3303_0_5700", "dev_ids": null, "ds_uuids": null}','[[null, "3303_0_5700"]]',1448960784.535,1448960784.535,1448960784.535);
CREATE INDEX commands_by_device ON commands (device, created, number);
CREATE INDEX open_commands ON commands (state) WHERE state IN (1, 3);
CREATE INDEX messages_by_target ON messages (target, number);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('devices',500000001);
INSERT INTO "sqlite_sequence" VALUES('triggers',1);
INSERT INTO "sqlite_sequence" VALUES('messages',2);
COMMIT;
PRAGMA user_version = 1;
