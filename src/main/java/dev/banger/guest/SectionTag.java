package dev.banger.guest;

/** The sections of a configuration, as the table of guest/PROTOCOL.md numbers them. */
enum SectionTag {
  HOSTNAME(1),
  MACHINE_ID(2),
  CLOCK(3),
  ENTROPY(4),
  INIT(5),
  DISKS(6),
  BINDS(7),
  NICS(8),
  DNS(9),
  HOSTS(10),
  FILES(11),
  USERS(12),
  ENVIRONMENT(15),
  ENTRYPOINT(16),
  SYNCED(17);

  private final int tag;

  SectionTag(int tag) {
    this.tag = tag;
  }

  int tag() {
    return tag;
  }
}
