-- Steps that leave something on the host (docs/state-dir.md): those being taken, and those not yet undone.
CREATE TABLE journal (
  id          INTEGER PRIMARY KEY AUTOINCREMENT, -- undone from the newest to the oldest
  kind        TEXT NOT NULL,                     -- StepKind
  owner       TEXT NOT NULL,                     -- a VM's id, or what else one thread at a time works on
  operands    TEXT NOT NULL,                     -- what its undoer must know, one a line
  operation   TEXT NOT NULL DEFAULT '',          -- on whose behalf; empty: none
  done        INTEGER NOT NULL DEFAULT 0,        -- 0: it may have been taken, in part or in whole
  begun       INTEGER NOT NULL,                  -- ms since 1970
  tries       INTEGER NOT NULL DEFAULT 0,        -- how often its undoing has failed
  error       TEXT NOT NULL DEFAULT ''           -- why it last did
) STRICT;

-- An operation may have been interrupted by the end of its daemon.
CREATE TABLE operation_with_interrupted (
  id          TEXT PRIMARY KEY,
  kind        TEXT NOT NULL,                     -- vm.create, image.pull, ...
  subject     TEXT NOT NULL,                     -- what it works on, for people
  state       TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled', 'interrupted')),
  key         TEXT UNIQUE,                       -- idempotency key of its begin
  begun       INTEGER NOT NULL,
  ended       INTEGER NOT NULL DEFAULT 0,
  stages      TEXT NOT NULL DEFAULT '',          -- name=millis, one a line
  error_code  TEXT NOT NULL DEFAULT '',
  error       TEXT NOT NULL DEFAULT '',
  error_cause TEXT NOT NULL DEFAULT '',
  error_hint  TEXT NOT NULL DEFAULT '',
  result      TEXT NOT NULL DEFAULT ''
) STRICT;
INSERT INTO operation_with_interrupted SELECT id, kind, subject, state, key, begun, ended, stages, error_code, error, error_cause, error_hint, result FROM operation;
DROP TABLE operation;
ALTER TABLE operation_with_interrupted RENAME TO operation;
