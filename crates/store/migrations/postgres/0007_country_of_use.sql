-- In which country an instance is used, if that is known, and how it is, as CBOR.
ALTER TABLE instance ADD COLUMN country_of_use TEXT COLLATE "C";
ALTER TABLE instance ADD COLUMN country_told BYTEA;
