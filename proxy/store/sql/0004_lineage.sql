-- Migration 4: what a turn has to send again, and steps that can be known again by themselves.
--
-- Rows of facts of version 3 have NULL here.

ALTER TABLE observations ADD COLUMN settings_sent VARCHAR;
ALTER TABLE steps ADD COLUMN step_mac VARCHAR;
