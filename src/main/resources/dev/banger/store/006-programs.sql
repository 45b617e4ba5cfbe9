-- What a VM was made to run in place of its image's own program; it goes with its VM.
CREATE TABLE program (
  vm          TEXT PRIMARY KEY REFERENCES vm(id) ON DELETE CASCADE,
  directory   TEXT NOT NULL,
  user        TEXT NOT NULL
) STRICT;

CREATE TABLE program_word (
  vm          TEXT NOT NULL REFERENCES program(vm) ON DELETE CASCADE,
  position    INTEGER NOT NULL,
  word        TEXT NOT NULL,
  PRIMARY KEY (vm, position)
) STRICT;
