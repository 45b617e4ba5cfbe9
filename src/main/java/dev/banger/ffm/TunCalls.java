package dev.banger.ffm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Tap devices (the kernel's documentation, "Universal TUN/TAP device driver"). */
public final class TunCalls {
  private static final Path DEVICE = Path.of("/dev/net/tun");
  private static final long TUNSETIFF = 0x400454caL;
  private static final long TUNSETPERSIST = 0x400454cbL;
  private static final long TUNSETOWNER = 0x400454ccL;

  /** IFF_TAP, IFF_NO_PI and IFF_VNET_HDR: as VMMs attach to it. */
  private static final int FLAGS = 0x0002 | 0x1000 | 0x4000;

  private static final int REQUEST_SIZE = 40;
  private static final int NAME_SIZE = 16;

  private TunCalls() {}

  /**
   * Makes a tap device that stays, or takes one that is there and that nobody is attached to.
   *
   * @param owner the uid that may attach to it, besides root
   */
  public static void create(String name, int owner) throws SystemCallException {
    byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
    if (bytes.length >= NAME_SIZE) {
      throw new IllegalArgumentException("not the name of a network interface: " + name);
    }
    int device = FileCalls.open(DEVICE, FileCalls.O_RDWR);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment request = arena.allocate(REQUEST_SIZE, 8);
      MemorySegment.copy(bytes, 0, request, JAVA_BYTE, 0, bytes.length);
      request.set(JAVA_SHORT, NAME_SIZE, (short) FLAGS);
      FileCalls.ioctl("TUNSETIFF", device, TUNSETIFF, request.address());
      FileCalls.ioctl("TUNSETOWNER", device, TUNSETOWNER, owner);
      FileCalls.ioctl("TUNSETPERSIST", device, TUNSETPERSIST, 1);
    } finally {
      ProcessCalls.close(device);
    }
  }
}
