-- What a VM has in bridge mode; it stays until the VM is deleted.
CREATE TABLE lease(
  vm TEXT PRIMARY KEY REFERENCES vm(id) ON DELETE CASCADE,
  slot INTEGER NOT NULL UNIQUE,
  tap TEXT NOT NULL,
  nat INTEGER NOT NULL,
  network TEXT NOT NULL,
  egress TEXT NOT NULL
) STRICT;

-- What the daemon decided once about the host's network.
CREATE TABLE network(
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- Numbers of named networks; none is used twice.
CREATE TABLE named_network(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE
) STRICT;
