-- The event as it was received. `event` may be mended; a late copy of what was mended is known by this.
ALTER TABLE dead_letter ADD COLUMN received text;
