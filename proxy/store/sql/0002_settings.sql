-- Migration 2: what was asked for beside the input, and more about each step.
--
-- Rows of facts of version 1 have NULL (or 0) here; the raw records say what they would hold.

ALTER TABLE observations ADD COLUMN agent_config_type VARCHAR;
ALTER TABLE observations ADD COLUMN tool_types VARCHAR;
ALTER TABLE observations ADD COLUMN tool_choice VARCHAR;
ALTER TABLE observations ADD COLUMN response_formats VARCHAR;
ALTER TABLE observations ADD COLUMN thinking_level VARCHAR;
ALTER TABLE observations ADD COLUMN max_output_tokens BIGINT;
ALTER TABLE observations ADD COLUMN is_continuation BOOLEAN;
ALTER TABLE observations ADD COLUMN initial_input_tokens BIGINT;
ALTER TABLE observations ADD COLUMN about_index BIGINT;
ALTER TABLE observations ADD COLUMN about_ref VARCHAR;

ALTER TABLE steps ADD COLUMN error_code VARCHAR;
ALTER TABLE steps ADD COLUMN annotation_count BIGINT;
ALTER TABLE steps ADD COLUMN item_count BIGINT;
ALTER TABLE steps ADD COLUMN variant VARCHAR;
