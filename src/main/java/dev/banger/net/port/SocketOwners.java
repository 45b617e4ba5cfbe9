package dev.banger.net.port;

import dev.banger.store.PublicationRow.Protocol;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Who has a port of this host, as far as this user may see it. */
public final class SocketOwners {
  private static final String LISTENS = "0A";
  private static final int LOCAL = 1;
  private static final int STATE = 3;
  private static final int INODE = 9;
  private static final int COLUMNS = 10;
  private static final int WORD_BYTES = 4;

  private final Path proc;

  SocketOwners(Path proc) {
    this.proc = proc;
  }

  /** Of this host. */
  public static SocketOwners ofHost() {
    return new SocketOwners(Path.of("/proc"));
  }

  /** A process with a socket. */
  public record Owner(long pid, String program) {
    @Override
    public String toString() {
      return program + " (pid " + pid + ")";
    }
  }

  /** The processes whose sockets are in the way of one with this address. */
  public List<Owner> of(Protocol protocol, InetAddress address, int port) {
    Set<String> links = new HashSet<>();
    for (String table : List.of(protocol.toString(), protocol + "6")) {
      for (String line : lines(proc.resolve("net").resolve(table))) {
        inode(line.strip().split("\\s+"), protocol, address, port)
            .ifPresent(inode -> links.add("socket:[" + inode + "]"));
      }
    }
    return links.isEmpty() ? List.of() : owners(links);
  }

  private static List<String> lines(Path table) {
    try {
      List<String> lines = Files.readAllLines(table);
      return lines.subList(Math.min(1, lines.size()), lines.size());
    } catch (IOException e) {
      return List.of(); // a host without IPv6 has no such table
    }
  }

  private static Optional<String> inode(
      String[] columns, Protocol protocol, InetAddress address, int port) {
    if (columns.length < COLUMNS || (protocol == Protocol.TCP && !columns[STATE].equals(LISTENS))) {
      return Optional.empty();
    }
    String[] local = columns[LOCAL].split(":", 2);
    boolean same = Integer.parseInt(local[1], 16) == port && isInTheWay(address(local[0]), address);
    return same ? Optional.of(columns[INODE]) : Optional.empty();
  }

  private static boolean isInTheWay(InetAddress theirs, InetAddress ours) {
    return theirs.equals(ours) || covers(theirs, ours) || covers(ours, theirs);
  }

  private static boolean covers(InetAddress one, InetAddress other) {
    return one.isAnyLocalAddress()
        && !(one instanceof Inet4Address && !(other instanceof Inet4Address));
  }

  /** Words of 32 bits, each in this machine's order of bytes. */
  private static InetAddress address(String hex) {
    byte[] words = HexFormat.of().parseHex(hex);
    byte[] bytes = new byte[words.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = words[(i / WORD_BYTES + 1) * WORD_BYTES - 1 - i % WORD_BYTES];
    }
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("the kernel shows an address of " + bytes.length, e);
    }
  }

  private List<Owner> owners(Set<String> links) {
    List<Owner> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(proc, "[0-9]*")) {
      for (Path process : all) {
        if (hasOneOf(process, links)) {
          found.add(new Owner(Long.parseLong(process.getFileName().toString()), name(process)));
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      return found; // what is known is said
    }
    return found;
  }

  private static boolean hasOneOf(Path process, Set<String> links) {
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
      for (Path descriptor : descriptors) {
        if (leadsToOneOf(descriptor, links)) {
          return true;
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      return false; // it has ended, or is another user's
    }
    return false;
  }

  private static boolean leadsToOneOf(Path descriptor, Set<String> links) {
    try {
      return links.contains(Files.readSymbolicLink(descriptor).toString());
    } catch (IOException e) {
      return false; // it was closed meanwhile
    }
  }

  private static String name(Path process) {
    try {
      return Files.readString(process.resolve("comm")).strip();
    } catch (IOException e) {
      return "a process";
    }
  }
}
