-- What a VM's supervisor goes by. Durations and times are in ms, times since 1970; 0: none.
ALTER TABLE vm ADD COLUMN restart     TEXT NOT NULL DEFAULT 'no';       -- no, on-failure, on-failure:N, always
ALTER TABLE vm ADD COLUMN ttl         INTEGER NOT NULL DEFAULT 0;       -- lifetime as asked for
ALTER TABLE vm ADD COLUMN expires     INTEGER NOT NULL DEFAULT 0;       -- when it is over: the VM is deleted then
ALTER TABLE vm ADD COLUMN idle_stop   INTEGER NOT NULL DEFAULT 0;       -- stopped when nobody used it for so long
ALTER TABLE vm ADD COLUMN asked       INTEGER NOT NULL DEFAULT 0;       -- 1: a user stopped it, and no policy starts it
ALTER TABLE vm ADD COLUMN boot_id     TEXT NOT NULL DEFAULT '';         -- the host's boot in which it was last started
ALTER TABLE vm ADD COLUMN restarts    INTEGER NOT NULL DEFAULT 0;       -- by its policy, since a user last started it
ALTER TABLE vm ADD COLUMN restarted   INTEGER NOT NULL DEFAULT 0;       -- the last of them
ALTER TABLE vm ADD COLUMN restart_pause INTEGER NOT NULL DEFAULT 0;     -- the pause before the last one, or the next
ALTER TABLE vm ADD COLUMN restart_due INTEGER NOT NULL DEFAULT 0;       -- when the next one comes

-- Everything that happened to VMs, the newest some thousand. A number is never used again.
CREATE TABLE event (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT, -- the cursor
  time        INTEGER NOT NULL,
  vm          TEXT NOT NULL,                     -- id; the VM may be gone
  name        TEXT NOT NULL,                     -- its name at that time
  kind        TEXT NOT NULL,                     -- docs/rpc.md lists them
  from_state  TEXT NOT NULL DEFAULT '',          -- empty: the state is the same
  to_state    TEXT NOT NULL DEFAULT '',
  reason      TEXT NOT NULL DEFAULT '',          -- why, for people
  detail      TEXT NOT NULL DEFAULT ''           -- more, as K=V words where programs read it
) STRICT;
