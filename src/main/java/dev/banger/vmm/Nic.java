package dev.banger.vmm;

import dev.banger.model.ByteSize;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A network card of a VM.
 *
 * @param mac six lower-case hex bytes with colons
 * @param rate bytes a second at most, each way; empty: as fast as the host can
 */
public record Nic(String mac, Link link, Optional<ByteSize> rate) {
  private static final Pattern MAC = Pattern.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}");
  private static final Pattern INTERFACE = Pattern.compile("[A-Za-z0-9._-]{1,15}");

  /** What the card is connected to. */
  public sealed interface Link {}

  /** The VMM's own network: no right on the host is needed. */
  public record UserNetwork() implements Link {}

  /** A tap device that exists and belongs to the VMM's user. */
  public record Tap(String name) implements Link {
    public Tap {
      if (!INTERFACE.matcher(name).matches()) {
        throw new IllegalArgumentException("not the name of a network interface: " + name);
      }
    }
  }

  /**
   * A program that runs as long as the VMM and carries its frames over a stream socket, each with
   * its length before it (32 bits, big-endian).
   *
   * @param program its absolute path
   * @param arguments the socket's descriptor follows them
   */
  public record Carrier(Path program, List<String> arguments) implements Link {
    public Carrier {
      arguments = List.copyOf(arguments);
    }
  }

  public Nic {
    if (!MAC.matcher(mac).matches()) {
      throw new IllegalArgumentException("not a MAC address: " + mac);
    }
  }

  private Nic(byte[] mac, Link link) {
    this(HexFormat.ofDelimiter(":").formatHex(mac), link, Optional.empty());
  }

  public Nic withRate(Optional<ByteSize> bytesPerSecond) {
    return new Nic(mac, link, bytesPerSecond);
  }

  public static Nic user(byte[] mac) {
    return new Nic(mac, new UserNetwork());
  }

  public static Nic tap(byte[] mac, String name) {
    return new Nic(mac, new Tap(name));
  }

  public static Nic carried(byte[] mac, Path program, List<String> arguments) {
    return new Nic(mac, new Carrier(program, arguments));
  }
}
