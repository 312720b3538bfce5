CREATE TABLE IF NOT EXISTS product (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, price INTEGER NOT NULL);
INSERT OR IGNORE INTO product (name, price) VALUES ('lamp', 4900), ('chair', 12900);
PRAGMA user_version = 3;
