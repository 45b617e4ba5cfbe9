-- What becomes of packets that a VM's list does not name: enforce, audit or learn.
ALTER TABLE lease ADD COLUMN egress_mode TEXT NOT NULL DEFAULT 'enforce';

-- What the name server told a VM whose list names domains, or that is watched.
CREATE TABLE answer(
  vm TEXT NOT NULL REFERENCES vm(id) ON DELETE CASCADE,
  address TEXT NOT NULL,                         -- in digits
  name TEXT NOT NULL,                            -- that the VM asked for
  until INTEGER NOT NULL,                        -- milliseconds since 1970; as long as new connections may use it
  PRIMARY KEY(vm, address, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_by_age ON answer(vm, until);
