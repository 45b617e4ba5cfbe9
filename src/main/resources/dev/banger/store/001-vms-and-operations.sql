-- Every VM that exists or is being made. `state` is what the last operation left; what is true now is asked of the host.
CREATE TABLE vm (
  id          TEXT PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  state       TEXT NOT NULL CHECK (state IN ('creating', 'stopped', 'failed', 'running', 'deleting')),
  ended       TEXT NOT NULL DEFAULT '',          -- why it last ended; empty: never ran, or somebody asked for it
  image       TEXT NOT NULL DEFAULT '',          -- reference as asked for
  image_id    TEXT NOT NULL DEFAULT '',          -- folder under images/; the row pins it
  kernel      TEXT NOT NULL DEFAULT '',          -- folder under kernels/; the row pins it
  cpus        INTEGER NOT NULL,
  memory      INTEGER NOT NULL,                  -- bytes
  disk        INTEGER NOT NULL,                  -- bytes
  init_mode   TEXT NOT NULL,                     -- auto, system, agent
  one_shot    INTEGER NOT NULL DEFAULT 0,        -- deleted when its command ends, or when the daemon finds it without one
  env         TEXT NOT NULL DEFAULT '',          -- K=V, U+001E between
  owner       TEXT NOT NULL DEFAULT '',          -- the caller's user name, for audit
  uid         INTEGER NOT NULL UNIQUE,           -- the VMM's uid in root mode; never used again
  labels      TEXT NOT NULL DEFAULT '',          -- K=V, U+001E between
  created     INTEGER NOT NULL,                  -- ms since 1970
  started     INTEGER NOT NULL DEFAULT 0,        -- last start; 0 never
  stopped     INTEGER NOT NULL DEFAULT 0         -- last end; 0 never
) STRICT;

-- Long work. A row that says 'running' when a daemon starts was cut off by the end of the last one.
CREATE TABLE operation (
  id          TEXT PRIMARY KEY,
  kind        TEXT NOT NULL,                     -- vm.create, image.pull, ...
  subject     TEXT NOT NULL,                     -- what it works on, for people
  state       TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
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

-- Numbers that only grow.
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
