package dev.banger.guest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;

/** What a guest is told about itself: sections, each in the order it was added. */
public final class GuestConfiguration {
  private static final int MAC_BYTES = 6;
  private static final int MACHINE_ID_DIGITS = 32;

  /** The number of random bytes that {@link Builder#entropy} takes. */
  public static final int ENTROPY_BYTES = 32;

  /** What a disk is for. */
  public enum Role {
    BASE(1),
    /** The writable layer over BASE. */
    UPPER(2),
    WORK(3),
    MODULES(4),
    OTHER(5);

    private final int number;

    Role(int number) {
      this.number = number;
    }
  }

  /**
   * A disk, found by the UUID of its ext4.
   *
   * @param zeroed behind its file system it reads as zeros
   */
  public record Disk(
      Role role, UUID uuid, String mountPoint, boolean readOnly, boolean discard, boolean zeroed) {
    public Disk(Role role, UUID uuid, String mountPoint, boolean readOnly, boolean discard) {
      this(role, uuid, mountPoint, readOnly, discard, false);
    }

    private void write(WireWriter out) {
      out.u8(role.number)
          .u32(16)
          .i64(uuid.getMostSignificantBits())
          .i64(uuid.getLeastSignificantBits())
          .path(mountPoint)
          .u8((readOnly ? 1 : 0) | (discard ? 2 : 0) | (zeroed ? 4 : 0));
    }
  }

  /**
   * A directory below the work disk's root, bound to {@code target}.
   *
   * @param fill whether it begins with what the image has at target
   */
  public record Bind(String source, String target, boolean fill) {
    private void write(WireWriter out) {
      out.path(source).path(target).u8(fill ? 1 : 0);
    }
  }

  /** {@code via} empty: on the link. */
  public record Route(String destination, String via, long metric) {
    private void write(WireWriter out) {
      out.name(destination).name(via).u32(metric);
    }
  }

  /** A network interface, found by its MAC; {@code addresses} in CIDR; mtu 0: the default. */
  public record Nic(String mac, List<String> addresses, List<Route> routes, int mtu) {
    public Nic {
      if (HexFormat.ofDelimiter(":").parseHex(mac).length != MAC_BYTES) {
        throw new IllegalArgumentException("not a MAC: " + mac);
      }
      addresses = List.copyOf(addresses);
      routes = List.copyOf(routes);
    }

    private void write(WireWriter out) {
      out.bytes(HexFormat.ofDelimiter(":").parseHex(mac))
          .list(addresses, WireWriter::name)
          .list(routes, (o, route) -> route.write(o))
          .u16(mtu);
    }
  }

  /** A line of /etc/hosts. */
  public record HostEntry(String address, String names) {
    private void write(WireWriter out) {
      out.name(address).string(names);
    }
  }

  /** A file; {@code owner} is {@code uid:gid} or a user's name, empty for root. */
  public record GuestFile(String path, int mode, String owner, ByteBuffer content) {
    public GuestFile {
      content = content.asReadOnlyBuffer();
    }

    /** One that holds text. */
    public static GuestFile text(String path, int mode, String owner, String text) {
      return new GuestFile(path, mode, owner, ByteBuffer.wrap(text.getBytes(UTF_8)));
    }

    private void write(WireWriter out) {
      byte[] bytes = new byte[content.remaining()];
      content.duplicate().get(bytes);
      out.path(path).u32(mode).name(owner).bytes(bytes);
    }
  }

  /** A user, added when missing. */
  public record User(
      String name, long uid, long gid, String home, String shell, List<String> groups) {
    public User {
      groups = List.copyOf(groups);
    }

    private void write(WireWriter out) {
      out.name(name).u32(uid).u32(gid).path(home).path(shell).list(groups, WireWriter::name);
    }
  }

  /**
   * A file that the host keeps in the guest until it says otherwise.
   *
   * @param path absolute, or below the user's home
   * @param quiet nothing is said when the guest has a file of its own there
   */
  public record SyncedFile(String path, int mode, boolean quiet, ByteBuffer content) {
    public SyncedFile {
      content = content.asReadOnlyBuffer();
    }

    private void write(WireWriter out) {
      byte[] bytes = new byte[content.remaining()];
      content.duplicate().get(bytes);
      out.path(path).u32(mode).u8(quiet ? 1 : 0).bytes(bytes);
    }

    /** What is in it is nobody's business. */
    @Override
    public String toString() {
      return path;
    }
  }

  private record Section(SectionTag tag, Consumer<WireWriter> body) {}

  private final List<Section> sections;

  private GuestConfiguration(List<Section> sections) {
    this.sections = List.copyOf(sections);
  }

  public static Builder builder() {
    return new Builder();
  }

  void write(WireWriter out) {
    out.list(
        sections,
        (o, section) -> {
          WireWriter body = new WireWriter();
          section.body().accept(body);
          o.u16(section.tag().tag()).nested(body);
        });
  }

  /** Collects sections; one that is added twice is sent twice, the later one counts. */
  public static final class Builder {
    private final List<Section> sections = new ArrayList<>();

    private Builder() {}

    private Builder add(SectionTag tag, Consumer<WireWriter> body) {
      sections.add(new Section(tag, body));
      return this;
    }

    private <T> Builder addList(SectionTag tag, List<T> items, WireWriter.Encoder<T> encoder) {
      List<T> copy = List.copyOf(items);
      return add(tag, out -> out.list(copy, encoder));
    }

    public Builder hostname(String name) {
      return add(SectionTag.HOSTNAME, out -> out.name(name));
    }

    /** 32 hexadecimal digits. */
    public Builder machineId(String id) {
      if (id.length() != MACHINE_ID_DIGITS
          || !id.toLowerCase(Locale.ROOT).chars().allMatch(c -> Character.digit(c, 16) >= 0)) {
        throw new IllegalArgumentException("not 32 hexadecimal digits: " + id);
      }
      return add(SectionTag.MACHINE_ID, out -> out.name(id));
    }

    public Builder clock(Instant now) {
      return add(SectionTag.CLOCK, out -> out.i64(unixNanos(now)));
    }

    /** {@value #ENTROPY_BYTES} random bytes that nobody else knows. */
    public Builder entropy(byte[] random) {
      if (random.length != ENTROPY_BYTES) {
        throw new IllegalArgumentException(random.length + " bytes of entropy");
      }
      byte[] copy = random.clone();
      return add(SectionTag.ENTROPY, out -> out.bytes(copy));
    }

    public Builder init(InitMode mode) {
      return add(SectionTag.INIT, out -> out.u8(mode.number()));
    }

    public Builder disks(List<Disk> disks) {
      return addList(SectionTag.DISKS, disks, (out, disk) -> disk.write(out));
    }

    public Builder binds(List<Bind> binds) {
      return addList(SectionTag.BINDS, binds, (out, bind) -> bind.write(out));
    }

    public Builder nics(List<Nic> nics) {
      return addList(SectionTag.NICS, nics, (out, nic) -> nic.write(out));
    }

    public Builder dns(List<String> servers, List<String> search) {
      List<String> serversCopy = List.copyOf(servers);
      List<String> searchCopy = List.copyOf(search);
      return add(
          SectionTag.DNS,
          out -> out.list(serversCopy, WireWriter::name).list(searchCopy, WireWriter::name));
    }

    public Builder hosts(List<HostEntry> entries) {
      return addList(SectionTag.HOSTS, entries, (out, entry) -> entry.write(out));
    }

    public Builder files(List<GuestFile> files) {
      return addList(SectionTag.FILES, files, (out, file) -> file.write(out));
    }

    public Builder users(List<User> users) {
      return addList(SectionTag.USERS, users, (out, user) -> user.write(out));
    }

    /** All that the host keeps for a user: lines of authorized_keys, and files. */
    public Builder synced(String user, List<String> keys, List<SyncedFile> files) {
      List<String> lines = List.copyOf(keys);
      List<SyncedFile> all = List.copyOf(files);
      return add(
          SectionTag.SYNCED,
          out -> out.name(user).strings(lines).list(all, (o, file) -> file.write(o)));
    }

    /** The default environment of execs and of the entrypoint. */
    public Builder environment(Map<String, String> environment) {
      List<String> lines = environmentLines(environment);
      return add(SectionTag.ENVIRONMENT, out -> out.strings(lines));
    }

    /**
     * What runs in mode AGENT; an empty {@code argv}: just wait.
     *
     * @param stopSignal by which it is asked to end
     */
    public Builder entrypoint(List<String> argv, String directory, String user, int stopSignal) {
      List<String> copy = List.copyOf(argv);
      return add(
          SectionTag.ENTRYPOINT,
          out -> out.strings(copy).path(directory).name(user).u8(stopSignal));
    }

    public GuestConfiguration build() {
      return new GuestConfiguration(sections);
    }
  }

  static List<String> environmentLines(Map<String, String> environment) {
    List<String> lines = new ArrayList<>();
    environment.forEach((name, value) -> lines.add(name + "=" + value));
    return List.copyOf(lines);
  }

  static long unixNanos(Instant time) {
    return Duration.between(Instant.EPOCH, time).toNanos();
  }
}
