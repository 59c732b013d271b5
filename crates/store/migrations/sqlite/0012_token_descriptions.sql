-- ID tokens are found by a part of their description, whatever the case. Other letters than English
-- ones of the tokens that are there are folded when a token is written next.
ALTER TABLE token ADD COLUMN description_folded TEXT NOT NULL DEFAULT '';
UPDATE token SET description_folded = lower(description);
