-- Migration 5: what the events of a stream call a step.
--
-- Rows of facts of version 4 have NULL here.

ALTER TABLE steps ADD COLUMN stream_index BIGINT;
