-- Ports of guests on addresses of the host; they go with their VM.
CREATE TABLE publication (
  vm          TEXT NOT NULL REFERENCES vm(id) ON DELETE CASCADE,
  protocol    TEXT NOT NULL CHECK (protocol IN ('tcp', 'udp')),
  address     TEXT NOT NULL,                     -- of the host, in digits
  port        INTEGER NOT NULL,                  -- of the host
  chosen      INTEGER NOT NULL DEFAULT 0,        -- 1: banger chose the port, and may choose another when it is taken
  guest_port  INTEGER NOT NULL,
  PRIMARY KEY (protocol, address, port)
) STRICT;
CREATE INDEX publication_of_vm ON publication(vm);

-- The address of the host's loopback that is one VM's own.
CREATE TABLE loopback_address (
  vm          TEXT PRIMARY KEY REFERENCES vm(id) ON DELETE CASCADE,
  address     TEXT NOT NULL UNIQUE
) STRICT;
