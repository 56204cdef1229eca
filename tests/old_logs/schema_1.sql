-- A log as Hallway made it before names had owners.
CREATE TABLE about (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE addresses (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    keeps INTEGER NOT NULL,
    delivered INTEGER NOT NULL
);
INSERT INTO addresses VALUES (0, '#everyone', '#everyone', 1, 0);
CREATE TABLE log (
    seq INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    sender INTEGER NOT NULL REFERENCES addresses,
    recipient INTEGER NOT NULL REFERENCES addresses,
    id TEXT NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (sender, id)
);
CREATE INDEX private ON log (recipient, sender, seq) WHERE recipient <> 0;
INSERT INTO about VALUES ('history', 'cafe'), ('indexed', 0);
INSERT INTO addresses VALUES (1, 'ada', 'Ada', 1, 0), (2, 'bob', 'Bob', 1, 1);
INSERT INTO log VALUES (1, 1700000000000, 1, 0, 'a', 'to all'), (2, 1700000000000, 1, 2, 'b', 'to Bob');
PRAGMA user_version = 1;
