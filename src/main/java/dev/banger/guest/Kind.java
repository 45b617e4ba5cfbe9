package dev.banger.guest;

/** The kinds of messages, as the tables of guest/PROTOCOL.md number them. */
enum Kind {
  OK(0x0001),
  ERROR(0x0002),
  DATA(0x0003),
  INCOMING(0x0004),
  INFO(0x0100),
  CONFIGURE(0x0101),
  APPLY(0x0102),
  IDENTITY(0x0103),
  SET_CLOCK(0x0104),
  STATS(0x0105),
  PORTS(0x0106),
  SYNC(0x0107),
  POWER(0x0108),
  FREEZE(0x0109),
  THAW(0x010A),
  GROW(0x010B),
  TRIM(0x010C),
  EXEC_START(0x0200),
  EXEC_OUTPUT(0x0201),
  EXEC_INPUT(0x0202),
  EXEC_WAIT(0x0203),
  EXEC_SIGNAL(0x0204),
  EXEC_RESIZE(0x0205),
  EXEC_FORGET(0x0206),
  EXEC_LIST(0x0207),
  COPY_IN(0x0300),
  COPY_OUT(0x0301),
  STAT(0x0302),
  SFTP(0x0310),
  CONNECT(0x0400),
  LISTEN(0x0401),
  DATAGRAMS(0x0402);

  private static final int MAX_LENGTH = 1 << 20;
  private static final int MAX_CONFIGURATION_LENGTH = 4 << 20;

  private final int code;

  Kind(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }

  /** The limit of kind and body together. */
  int maxLength() {
    return this == CONFIGURE || this == APPLY ? MAX_CONFIGURATION_LENGTH : MAX_LENGTH;
  }
}
