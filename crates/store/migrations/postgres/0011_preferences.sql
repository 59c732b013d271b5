-- How a person wants pages shown: the theme, and how dates are written.
ALTER TABLE person ADD COLUMN theme BIGINT NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN dates BIGINT NOT NULL DEFAULT 0;
