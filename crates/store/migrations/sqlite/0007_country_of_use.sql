-- In which country an instance is used, if that is known, and how it is, as CBOR.
ALTER TABLE instance ADD COLUMN country_of_use TEXT;
ALTER TABLE instance ADD COLUMN country_told BLOB;
