-- A log that a server of Hallway 1.0.0 has written, before there were read marks: Ada, Bob and a guest called Gus.
CREATE TABLE about (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO about VALUES('history','ac001a41b5a79fab');
INSERT INTO about VALUES('indexed',6);
CREATE TABLE addresses (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    keeps INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    token BLOB
);
INSERT INTO addresses VALUES(0,'#everyone','#everyone',1,0,NULL);
INSERT INTO addresses VALUES(1,'ada','Ada',1,3,X'755C99ACD0A40412B30C4229907C0A400703F5622A1200A7232422069441C654');
INSERT INTO addresses VALUES(2,'bob','Bob',1,6,X'DC0E6A0E202FAEFDB6BE04484E03384282DEB3070EF407406DFB304DEA81DA65');
INSERT INTO addresses VALUES(3,'gus','Gus',0,5,NULL);
CREATE TABLE bans (key TEXT PRIMARY KEY, name TEXT NOT NULL, place TEXT) WITHOUT ROWID;
CREATE TABLE log (
    seq INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    sender INTEGER NOT NULL REFERENCES addresses,
    recipient INTEGER NOT NULL REFERENCES addresses,
    id TEXT NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (sender, id)
);
INSERT INTO log VALUES(1,1795280995231,1,0,'Ada-1','hello to all');
INSERT INTO log VALUES(2,1795280995232,1,2,'Ada-2','psst');
INSERT INTO log VALUES(3,1795280995235,2,1,'Bob-3','psst yourself');
INSERT INTO log VALUES(4,1795280995240,2,1,'Bob-4','are you gone?');
INSERT INTO log VALUES(5,1795280995241,2,0,'Bob-5','to all again');
INSERT INTO log VALUES(6,1795280995249,3,2,'nc-db0be7b49aa2-1','hi from a guest');
CREATE INDEX private ON log (recipient, sender, seq) WHERE recipient <> 0;
UPDATE about SET value = 0 WHERE key = 'indexed'; -- the index of its words is left out here
PRAGMA user_version = 2;
